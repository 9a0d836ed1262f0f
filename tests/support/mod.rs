//! What the tests share: the server as a process, origins of pictures, receivers of callbacks.

mod origin;
mod pictures;
pub(crate) mod place;
mod proxy;
mod receiver;
mod server;
pub(crate) mod tools;

pub(crate) use origin::{Origin, Served};
pub(crate) use pictures::{jpeg, photo, png, written as pictures_written};
pub(crate) use proxy::{Lose, Proxy};
pub(crate) use receiver::{Answer, Receiver};
pub(crate) use server::{KEY, SECRET, Server, ServerBuilder};

use std::time::{Duration, Instant};

/// Polls until `check` answers something, for at most `limit`; panics with `what` otherwise.
pub(crate) async fn eventually<T, F>(what: &str, limit: Duration, mut check: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = check().await {
            return found;
        }
        assert!(Instant::now() < end, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
