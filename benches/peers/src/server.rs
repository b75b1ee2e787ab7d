//! KMS, of which only its answers are there, on a loopback port.

use std::convert::Infallible;
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::ciphertexts;

/// Begins to answer, on a thread of its own, until the program ends; returns where.
pub(crate) fn start() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let runtime = Builder::new_current_thread().enable_io().build().unwrap();
    thread::spawn(move || {
        LocalSet::new().block_on(&runtime, async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                tokio::task::spawn_local(
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)),
                );
            }
        });
    });
    url
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let target = request.headers().get("x-amz-target").cloned();
    // A connection is kept only if what came by it was read.
    let _read = request.into_body().collect().await;
    let body = ciphertexts::answer(target.as_ref().and_then(|target| target.to_str().ok()));
    let answer = Response::builder().header("content-type", "application/x-amz-json-1.1");
    Ok(answer.body(Full::new(Bytes::from(body))).unwrap())
}
