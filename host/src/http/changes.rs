//! Wakes those who wait for a job: a hint only, the row in the store is the truth.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use uuid::Uuid;

type Waiters = Arc<Mutex<HashMap<Uuid, watch::Sender<()>>>>;

/// The hub between workers, who change jobs, and requests that wait for them. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    waiters: Waiters,
}

impl Changes {
    /// Nobody waits.
    pub fn new() -> Changes {
        Changes::default()
    }

    /// A job's row was changed: wakes everybody who waits for it.
    pub fn changed(&self, job: Uuid) {
        if let Some(sender) = lock(&self.waiters).get(&job) {
            sender.send_replace(());
        }
    }

    /// Waits for changes of a job from now on.
    pub fn subscribe(&self, job: Uuid) -> Subscription {
        let mut waiters = lock(&self.waiters);
        let receiver = waiters.entry(job).or_insert_with(|| watch::Sender::new(())).subscribe();
        Subscription { job, receiver, waiters: Arc::clone(&self.waiters) }
    }
}

/// One who waits; forgotten when dropped.
#[derive(Debug)]
pub struct Subscription {
    job: Uuid,
    receiver: watch::Receiver<()>,
    waiters: Waiters,
}

impl Subscription {
    /// Returns after the next change, at once when there was one since the last call.
    pub async fn changed(&mut self) {
        // The sender lives as long as this subscription.
        let _ = self.receiver.changed().await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut waiters = lock(&self.waiters);
        if waiters.get(&self.job).is_some_and(|sender| sender.receiver_count() <= 1) {
            waiters.remove(&self.job);
        }
    }
}

/// The map is whole after every operation, so a panic elsewhere does not spoil it.
fn lock(waiters: &Waiters) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<()>>> {
    waiters.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn only_those_who_wait_for_the_job_wake_and_nobody_is_remembered() {
        let changes = Changes::new();
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (mut first, mut again, mut other) =
            (changes.subscribe(one), changes.subscribe(one), changes.subscribe(two));
        changes.changed(one);
        first.changed().await;
        again.changed().await;
        assert!(tokio::time::timeout(Duration::from_millis(20), other.changed()).await.is_err());
        drop(first);
        changes.changed(one);
        again.changed().await;
        drop((again, other));
        assert!(lock(&changes.waiters).is_empty());
    }
}
