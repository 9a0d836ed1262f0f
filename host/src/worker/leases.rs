//! The jobs that this worker holds, and the sign of life that keeps them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::store::{Heartbeat, Store};

/// Why a run ends before its work does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Somebody else has the job, or it is final: nothing may be written any more.
    Lost,
    /// The caller called it off.
    Cancelled,
    /// The server stops.
    Draining,
}

/// Tells a run to end. Clones tell the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop {
    token: CancellationToken,
    reason: Arc<OnceLock<Reason>>,
}

impl Stop {
    /// Ends the run; the first reason stays.
    pub(super) fn stop(&self, reason: Reason) {
        let _ = self.reason.set(reason);
        self.token.cancel();
    }

    /// Why, if it was told to end.
    pub(super) fn reason(&self) -> Option<Reason> {
        self.reason.get().copied()
    }

    /// Returns when it is told to end.
    pub(super) async fn stopped(&self) -> Reason {
        self.token.cancelled().await;
        self.reason().unwrap_or(Reason::Lost)
    }
}

/// The leases of this worker.
#[derive(Clone, Debug, Default)]
pub(super) struct Leases {
    held: Arc<Mutex<HashMap<Uuid, (Uuid, Stop)>>>,
}

/// A lease of this worker; forgotten when dropped.
#[derive(Debug)]
pub(super) struct Lease {
    id: Uuid,
    pub(super) token: Uuid,
    pub(super) stop: Stop,
    leases: Leases,
}

impl Leases {
    pub(super) fn hold(&self, id: Uuid, token: Uuid) -> Lease {
        let stop = Stop::default();
        self.lock().insert(id, (token, stop.clone()));
        Lease { id, token, stop, leases: self.clone() }
    }

    /// Ends the run of one job, if it is here.
    pub(super) fn stop(&self, id: Uuid, reason: Reason) {
        if let Some((_, stop)) = self.lock().get(&id) {
            stop.stop(reason);
        }
    }

    /// Ends all runs.
    pub(super) fn stop_all(&self, reason: Reason) {
        for (_, stop) in self.lock().values() {
            stop.stop(reason);
        }
    }

    /// Gives a sign of life for all leases in one call, again and again. Does not return.
    ///
    /// While the store does not answer, leases count as lost once they have run out.
    pub(super) async fn keep(&self, store: &dyn Store, every: Duration, lease: Duration) {
        let mut answered = Instant::now();
        loop {
            tokio::time::sleep(every).await;
            let held: Vec<(Uuid, Uuid)> = self.lock().iter().map(|(id, (token, _))| (*id, *token)).collect();
            if held.is_empty() {
                answered = Instant::now();
                continue;
            }
            let asked = Instant::now();
            match store.heartbeat(&held, lease).await {
                Ok(answers) => {
                    answered = asked;
                    for ((id, token), answer) in held.into_iter().zip(answers) {
                        self.heed(id, token, answer);
                    }
                }
                Err(error) => {
                    tracing::warn!(leases = held.len(), "cannot prolong the leases of running jobs: {error}");
                    if answered.elapsed() > lease {
                        self.stop_all(Reason::Lost);
                    }
                }
            }
        }
    }

    fn heed(&self, id: Uuid, token: Uuid, answer: Heartbeat) {
        let reason = match answer {
            Heartbeat::Held => return,
            Heartbeat::CancelRequested => Reason::Cancelled,
            Heartbeat::Lost => Reason::Lost,
        };
        if let Some((held, stop)) = self.lock().get(&id)
            && *held == token
        {
            stop.stop(reason);
        }
    }

    /// The map is whole after every operation, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, (Uuid, Stop)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut held = self.leases.lock();
        // The same job may have been claimed anew meanwhile.
        if held.get(&self.id).is_some_and(|(token, _)| *token == self.token) {
            held.remove(&self.id);
        }
    }
}
