//! Brings connections to the router: bounded in number, with a time for request heads, drained at the end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Bytes, HttpBody},
    http::Request,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The longest time for the head of a request; also how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Request streams of one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;

/// The largest head of a request in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// How connections are treated.
#[derive(Clone, Debug)]
pub struct Connections {
    /// How many at the same time; more wait in the listener's backlog.
    at_most: u32,
    /// How long a client may take nothing of an answer.
    write_timeout: Duration,
    /// Cancelled when no more are accepted.
    stop: CancellationToken,
    /// How long requests under way then have to end.
    drain: Duration,
}

impl Connections {
    /// As in the settings, until `stop` is cancelled.
    pub fn new(config: &super::Config, stop: CancellationToken, drain: Duration) -> Connections {
        let write_timeout = Duration::from_secs(config.write_timeout_s);
        Connections { at_most: config.max_connections, write_timeout, stop, drain }
    }
}

/// Serves until it is told to stop, then lets the requests that are under way end.
pub async fn serve(listener: TcpListener, router: Router, connections: Connections) {
    let Connections { at_most, write_timeout, stop, drain } = connections;
    let slots = Arc::new(Semaphore::new(at_most as usize));
    let connections = TaskTracker::new();
    loop {
        let slot = tokio::select! {
            slot = Arc::clone(&slots).acquire_owned() => slot,
            () = stop.cancelled() => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file handles, mostly: others have to close first.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            connection(stream, Peer(peer), write_timeout, router, stop).await;
            drop(slot);
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(drain, connections.wait()).await.is_err() {
        tracing::warn!(open = connections.len(), "connections are still open after the time to drain");
    }
}

/// Who is at the other end of the connection: an extension of every request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The router, for requests of one connection.
#[derive(Clone)]
struct WithPeer {
    router: Router,
    peer: Peer,
}

impl<B> tower::Service<Request<B>> for WithPeer
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = axum::response::Response;
    type Error = std::convert::Infallible;
    type Future = <Router as tower::Service<Request<B>>>::Future;

    fn poll_ready(&mut self, context: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        tower::Service::<Request<B>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.router.call(request)
    }
}

async fn connection(stream: TcpStream, peer: Peer, write_timeout: Duration, router: Router, stop: CancellationToken) {
    // Answers are small and written at once: do not wait for more.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(write_timeout));
    let stream = Box::pin(stream);
    let service = TowerToHyperService::new(WithPeer { router, peer });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(MAX_HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD_BYTES as u32)
        .keep_alive_interval(HEAD_TIMEOUT)
        .keep_alive_timeout(HEAD_TIMEOUT);
    let served = builder.serve_connection(TokioIo::new(stream), service);
    let mut served = std::pin::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
