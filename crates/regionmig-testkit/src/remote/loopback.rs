//! The SDK's HTTP client for a world in another process: HTTP/1.1 on a loopback port, connections kept.

use std::fmt;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::future::{self, Either};
use http::Request;
use http::header::HOST;
use http::uri::{PathAndQuery, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::link::time;
use crate::clock::VirtualClock;
use crate::connector::{timed_out, unconnected};
use crate::face::{NOW, PROGRAM, REQUEST};

/// Returns an HTTP client whose every request goes to `url`, from the program of that name.
pub(super) fn client(url: &str, name: &str, clock: &VirtualClock) -> SharedHttpClient {
    let address = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/');
    let (address, name, clock, idle) = (Arc::from(address), Arc::from(name), clock.clone(), Arc::default());
    let loopback = Loopback { address, name, clock, idle, read_timeout: None };
    http_client_fn(move |settings, _| {
        SharedHttpConnector::new(Loopback { read_timeout: settings.read_timeout(), ..loopback.clone() })
    })
}

#[derive(Clone, Debug)]
struct Loopback {
    address: Arc<str>,
    name: Arc<str>,
    clock: VirtualClock,
    idle: Arc<Mutex<Vec<Connection>>>,
    read_timeout: Option<Duration>,
}

/// A connection, and what moves its bytes: only while it is in use, so that nothing runs beside the program.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    bytes: Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>,
}

impl HttpConnector for Loopback {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move { this.send(request).await })
    }
}

impl Loopback {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let under_way = self.clock.request();
        let request = self.addressed(request, under_way.id).await?;
        let exchange = pin!(self.exchange(request));
        let answered = match self.read_timeout {
            None => exchange.await,
            Some(patience) => match future::select(exchange, pin!(self.clock.sleep(patience))).await {
                Either::Left((answered, _)) => answered,
                Either::Right(_) => Err(timed_out()),
            },
        };
        if let Ok(response) = &answered
            && let Some(now) = response.headers().get(NOW).and_then(time)
        {
            self.clock.arrive(now);
        }
        answered
    }

    /// Makes the request one that is sent on a connection of its host, and says whose it is.
    async fn addressed(&self, request: Request<SdkBody>, id: u64) -> Result<Request<Full<Bytes>>, ConnectorError> {
        let (mut parts, body) = request.into_parts();
        let invalid = |error: http::Error| ConnectorError::user(error.into());
        let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        parts.uri = Uri::try_from(path).map_err(|error| invalid(error.into()))?;
        for (header, value) in [(HOST.as_str(), &*self.address), (PROGRAM, &self.name), (REQUEST, &id.to_string())] {
            let value = value.try_into().map_err(|error: http::header::InvalidHeaderValue| invalid(error.into()))?;
            parts.headers.insert(header, value);
        }
        let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
        Ok(Request::from_parts(parts, Full::new(body)))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<HttpResponse, ConnectorError> {
        let mut connection = self.connection().await?;
        let (parts, body) = connection.exchange(request).await.map_err(|error| ConnectorError::io(error.into()))?;
        if !connection.sender.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        let response = http::Response::from_parts(parts, SdkBody::from(body));
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }

    async fn connection(&self) -> Result<Connection, ConnectorError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(connection) = idle {
            return Ok(connection);
        }
        let stream = TcpStream::connect(&*self.address).await.map_err(unconnected)?;
        let nodelay = stream.set_nodelay(true);
        nodelay.map_err(|error: io::Error| ConnectorError::io(error.into()))?;
        let made = handshake(TokioIo::new(stream)).await;
        let (sender, bytes) = made.map_err(|error| ConnectorError::io(error.into()))?;
        Ok(Connection { sender, bytes: Box::pin(bytes) })
    }
}

impl Connection {
    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<(http::response::Parts, Bytes)> {
        let Self { sender, bytes } = self;
        let exchange = pin!(async {
            sender.ready().await?;
            let (parts, body) = sender.send_request(request).await?.into_parts();
            Ok((parts, body.collect().await?.to_bytes()))
        });
        match future::select(exchange, bytes).await {
            Either::Left((answered, _)) => answered,
            // What had arrived by then counts.
            Either::Right((_ended, exchange)) => exchange.await,
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
