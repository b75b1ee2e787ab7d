//! The world in place of the SDK's HTTP client.

use std::io;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::{FutureExt, StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;

use crate::exchange::What;
use crate::protocol::Reply;
use crate::world::World;

/// Returns an HTTP client whose every request goes to `world`.
pub(crate) fn client(world: &World) -> SharedHttpClient {
    let world = world.clone();
    http_client_fn(move |settings, _| {
        SharedHttpConnector::new(Connector { world: world.clone(), read_timeout: settings.read_timeout() })
    })
}

#[derive(Clone, Debug)]
struct Connector {
    world: World,
    read_timeout: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move { this.send(request).await })
    }
}

impl Connector {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
        let delivery = self.world.receive(&parts, &body, true);
        let patience = self.read_timeout.unwrap_or(Duration::MAX);
        if !delivery.after.is_zero() {
            self.world.clock().sleep(delivery.after.min(patience)).await;
        }
        match delivery.what {
            _ if delivery.after > patience => Err(timed_out()),
            What::Refused => Err(unconnected(io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused"))),
            What::Reply(reply) => response(&reply, SdkBody::from(reply.body.clone())),
            What::Reset => Err(ConnectorError::io(reset().into())),
            What::TimedOut => Err(timed_out()),
            What::Truncated(reply) => response(&reply, SdkBody::from_body_1_x(StreamBody::new(cut_short(&reply.body)))),
        }
    }
}

/// Returns the first half of a body, and then an error.
pub(crate) fn cut_short(
    body: &Bytes,
) -> impl stream::Stream<Item = Result<Frame<Bytes>, io::Error>> + Send + Sync + use<> {
    let half = body.slice(..body.len() / 2);
    let error = io::Error::new(io::ErrorKind::UnexpectedEof, "end of file before message length reached");
    // The pause lets a server send the half before it hears of the error.
    let error = stream::once(tokio::task::yield_now().map(|()| Err(error)));
    stream::iter([Ok(Frame::data(half))]).chain(error)
}

fn response(reply: &Reply, body: SdkBody) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(reply.status).map_err(|error| ConnectorError::other(error.into(), None))?;
    let mut response = HttpResponse::new(status, body);
    for (name, value) in &reply.headers {
        response.headers_mut().append(*name, value.clone());
    }
    Ok(response)
}

/// What a client meets where nobody is, in the words of hyper-util.
#[derive(Debug, thiserror::Error)]
#[error("client error (Connect)")]
struct Unconnected(#[source] io::Error);

/// Says that there was no connection, so that nothing was sent.
pub(crate) fn unconnected(error: io::Error) -> ConnectorError {
    ConnectorError::io(Unconnected(error).into()).never_connected()
}

fn reset() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer")
}

pub(crate) fn timed_out() -> ConnectorError {
    ConnectorError::timeout(io::Error::new(io::ErrorKind::TimedOut, "no answer in time").into())
}
