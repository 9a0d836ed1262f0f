//! What nodes tell each other, so that work does not wait for the next look: hints only.
//!
//! A command says after its commit what others may want to know. What comes together within a few milliseconds goes out
//! as one `NOTIFY`, on a connection of its own time: inside the transaction it would make all commits of the
//! cluster wait for each other. A hint that is lost costs the time until the next look, at most a second.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{Executor, PgPool, postgres::PgListener, postgres::PgPoolOptions};
use tokio::{
    sync::{Notify, broadcast},
    time::timeout,
};
use uuid::Uuid;

use super::{
    hosts::Hosts,
    session::{PATIENCE, answered},
};
use crate::store::Hint;

/// How long hints are gathered.
const GATHER: Duration = Duration::from_millis(10);

/// Hints in one message at most: PostgreSQL takes 8000 bytes.
const MESSAGE: usize = 150;

/// Hints that one who listens may be behind; then it misses some.
const BEHIND: usize = 4096;

/// The pause before listening is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// A connection on which nothing was heard for so long is tried.
const QUIET: Duration = Duration::from_secs(30);

const CHANNEL: &str = "safelight";

/// What was not told yet, and who wants to know what others tell.
pub(super) struct Hints {
    /// Names this node in messages: what it tells it knows already.
    node: String,
    waiting: Mutex<BTreeSet<Hint>>,
    more: Notify,
    heard: broadcast::Sender<Hint>,
}

impl Hints {
    pub(super) fn new() -> Hints {
        Hints {
            node: Uuid::new_v4().simple().to_string(),
            waiting: Mutex::default(),
            more: Notify::new(),
            heard: broadcast::Sender::new(BEHIND),
        }
    }

    /// What other nodes tell from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Hint> {
        self.heard.subscribe()
    }

    /// Tells others soon.
    pub(super) fn tell(&self, hints: BTreeSet<Hint>) {
        if !hints.is_empty() {
            self.waiting().extend(hints);
            self.more.notify_one();
        }
    }

    /// Every operation leaves the set whole, so a panic elsewhere does not spoil it.
    fn waiting(&self) -> MutexGuard<'_, BTreeSet<Hint>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what is to be told, until it is aborted.
    pub(super) async fn send(&self, pool: PgPool) {
        loop {
            self.more.notified().await;
            tokio::time::sleep(GATHER).await;
            let hints: Vec<Hint> = std::mem::take(&mut *self.waiting()).into_iter().collect();
            for part in hints.chunks(MESSAGE) {
                let message = write(&self.node, part);
                let sent = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(message).execute(&pool);
                if let Err(error) = answered(PATIENCE, sent).await {
                    tracing::debug!(%error, "hints for other nodes are lost");
                }
            }
        }
    }

    /// Hears what others tell, until it is aborted. When the primary is another one, listens there.
    pub(super) async fn listen(&self, pool: PgPool, hosts: &Hosts) {
        loop {
            tokio::select! {
                heard = self.hear(&pool) => {
                    if let Err(error) = heard {
                        tracing::debug!(%error, "does not hear other nodes, listening again");
                    }
                }
                () = hosts.changed() => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn hear(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        // A connection that is not among those that commands wait for.
        let own = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let own = own.connect_with((*pool.connect_options()).clone()).await?;
        let mut listener = PgListener::connect_with(&own).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        loop {
            match timeout(QUIET, listener.try_recv()).await {
                Ok(Ok(Some(told))) => {
                    for hint in read(&self.node, told.payload()) {
                        // Nobody may want to know.
                        let _ = self.heard.send(hint);
                    }
                }
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(error)) => return Err(error),
                // Others have nothing to tell, or the connection leads nowhere any more.
                Err(_) => _ = answered(PATIENCE, listener.execute("SELECT 1")).await?,
            }
        }
    }
}

/// `NODE j d c<id> x<id>...`
fn write(node: &str, hints: &[Hint]) -> String {
    let mut message = node.to_owned();
    for hint in hints {
        message.push(' ');
        match hint {
            Hint::JobsDue => message.push('j'),
            Hint::DeliveriesDue => message.push('d'),
            Hint::Changed(id) => message.push_str(&format!("c{}", id.simple())),
            Hint::CancelRequested(id) => message.push_str(&format!("x{}", id.simple())),
        }
    }
    message
}

/// The hints of a message of another node. What is not understood comes from a newer one, and is passed over.
fn read(node: &str, message: &str) -> Vec<Hint> {
    let mut words = message.split(' ');
    if words.next() == Some(node) {
        return Vec::new();
    }
    words
        .filter_map(|word| match word.split_at_checked(1)? {
            ("j", "") => Some(Hint::JobsDue),
            ("d", "") => Some(Hint::DeliveriesDue),
            ("c", id) => Uuid::try_parse(id).ok().map(Hint::Changed),
            ("x", id) => Uuid::try_parse(id).ok().map(Hint::CancelRequested),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written_except_by_its_node() {
        let id = Uuid::from_u128(7);
        let hints = [Hint::JobsDue, Hint::DeliveriesDue, Hint::Changed(id), Hint::CancelRequested(id)];
        assert_eq!(read("other", &write("node", &hints)), hints);
        assert!(read("node", &write("node", &hints)).is_empty());
        assert!(read("other", "node q cx c z17").is_empty());
        let most = write(&Uuid::new_v4().simple().to_string(), &vec![Hint::Changed(id); MESSAGE]);
        assert!(most.len() < 8000, "{}", most.len());
    }
}
