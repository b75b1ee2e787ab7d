//! The world on a loopback port, for programs that are not Rust, or run in other processes.

mod programs;

pub(crate) use programs::{NOW, PROGRAM, REQUEST};

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::pin::pin;
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use futures::future::{Either, select};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};

use crate::connector::cut_short;
use crate::exchange::What;
use crate::face::programs::{Programs, nanoseconds};
use crate::protocol::Reply;
use crate::world::World;

/// Asks to be told, in the same word, when every other connection is closed.
const END: &[u8] = b"end\n";
/// The largest request that is read: 64 MiB.
const LARGEST: usize = 64 << 20;

/// A world's loopback port. Closed when dropped.
///
/// Any SDK with this endpoint URL talks to the world, by HTTP/1.1 without TLS. The access key says which account: `AKIA`, the
/// account's twelve digits and `WRLD`, or the digits alone; the secret may be anything. The service and the region are those
/// of the signature, whose time is not checked: such programs live by the machine's clock, not by the world's. Those that are
/// to live by the world's connect as [`RemoteWorld`](crate::RemoteWorld).
#[derive(Debug)]
pub struct Face {
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub url: String,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl World {
    /// Opens a loopback port to this world, served by a thread of its own.
    ///
    /// # Errors
    ///
    /// Fails if no port or no thread can be had.
    pub fn serve(&self) -> io::Result<Face> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let (stop, stopped) = oneshot::channel();
        let world = self.clone();
        let serve = move || runtime.block_on(serve(world, listener, stopped));
        let thread = thread::Builder::new().name("world".to_owned()).spawn(serve)?;
        Ok(Face { url, stop: Some(stop), thread: Some(thread) })
    }
}

impl Face {
    /// Returns once every connection that was made before is closed, and all that came by it was answered: so that, after a
    /// program was killed, nothing of it is still on its way. Blocks; for ever, if one stays open.
    ///
    /// # Errors
    ///
    /// Fails if the port is not served any more.
    pub fn drained(&self) -> io::Result<()> {
        let mut stream = std::net::TcpStream::connect(self.url.trim_start_matches("http://"))?;
        stream.write_all(END)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        if answer == END { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

impl Drop for Face {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that has died has nothing more to close.
            let _died = thread.join();
        }
    }
}

/// Serves connections until the other end of `stopped` is dropped.
async fn serve(world: World, listener: TcpListener, stopped: oneshot::Receiver<Infallible>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let programs = Programs::default();
    let open = watch::Sender::new(0);
    let mut connections = FuturesUnordered::new();
    let mut stopped = stopped.fuse();
    loop {
        let next = pin!(async {
            match connections.is_empty() {
                true => pending().await,
                false => connections.next().await,
            }
        });
        let accepted = pin!(listener.accept());
        match select(&mut stopped, select(accepted, next)).await {
            Either::Left(_) => return,
            Either::Right((Either::Left((Ok((stream, _)), _)), _)) => {
                connections.push(connection(&world, &programs, Open::new(&open), stream));
            }
            Either::Right(_) => {}
        }
    }
}

/// A connection that is counted until this is dropped.
struct Open<'a>(&'a watch::Sender<usize>);

impl<'a> Open<'a> {
    fn new(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|open| *open += 1);
        Self(count)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

/// Serves one connection. How it ended is the client's to know.
async fn connection(world: &World, programs: &Programs, open: Open<'_>, mut stream: TcpStream) {
    // No method of HTTP begins with a small letter.
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(1) if first[0] == END[0] => {
            let mut others = open.0.subscribe();
            drop(open);
            // Read, since a stream that is closed unread takes back what was written.
            let _asked = stream.read_exact(&mut [0; END.len()]).await;
            let _closed = others.wait_for(|open| *open == 0).await.is_ok();
            let _told = stream.write_all(END).await;
        }
        Ok(1) if first[0].is_ascii_lowercase() => {
            let _ended = programs.attend(world, stream).await;
        }
        Ok(1) => {
            let service = service_fn(|request| answer(world, programs, request));
            let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        }
        _ => {}
    }
}

/// Answers one request; an error breaks the connection.
async fn answer(
    world: &World,
    programs: &Programs,
    request: Request<Incoming>,
) -> io::Result<Response<BoxBody<Bytes, io::Error>>> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LARGEST).collect().await.map_err(io::Error::other)?.to_bytes();
    let lives_by_the_clock = parts.headers.contains_key(PROGRAM);
    let delivery = world.receive(&parts, &body, lives_by_the_clock);
    if !delivery.after.is_zero() {
        let mut sleep = pin!(world.clock().sleep_awaited(delivery.after));
        let asleep = programs.asleep(&world.clock(), &parts);
        sleep.as_mut().await;
        // Before time goes on: the program is about to be answered.
        drop(asleep);
    }
    let (mut reply, is_whole) = match delivery.what {
        What::Reply(reply) => (reply, true),
        What::Truncated(reply) => (reply, false),
        What::Refused | What::Reset | What::TimedOut => return Err(io::ErrorKind::ConnectionReset.into()),
    };
    if lives_by_the_clock {
        reply.headers.push((NOW, nanoseconds(world.clock().now())));
    }
    response(reply, is_whole).map_err(io::Error::other)
}

fn response(reply: Reply, is_whole: bool) -> http::Result<Response<BoxBody<Bytes, io::Error>>> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    match is_whole {
        true => response.body(Full::new(reply.body).map_err(|never| match never {}).boxed()),
        false => response
            .header("content-length", reply.body.len())
            .body(BodyExt::boxed(StreamBody::new(cut_short(&reply.body)))),
    }
}
