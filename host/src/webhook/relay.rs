//! Takes what is due, has it tried, writes down what came of it.
//!
//! Two lanes, first tries and later ones, each with its own slots, so that a backlog of failing
//! callbacks does not hold up new ones. A slot is taken by the claim and free once the attempt is
//! written down. Attempts that end within a few milliseconds are written down together: the store then
//! needs one commit for all of them, and the next claim takes as many at once.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{Config, delivery};
use crate::{
    clock::Clock,
    egress::Egress,
    store::{DeliveryClaim, RecordedAttempt, Store, Verdict},
};

/// How often the store is asked though nothing called: other processes write to it too.
const POLL: Duration = Duration::from_secs(1);
/// How long the first finished attempt waits for others, and how many are written down together.
const GATHER: Duration = Duration::from_millis(3);
const GATHER_AT_MOST: usize = 256;
/// How often writing attempts down is tried before their leases are left to run out, and the first pause
/// between two tries, which doubles.
const RECORD_TRIES: u32 = 6;
const RECORD_PAUSE: Duration = Duration::from_millis(100);

/// Delivers callbacks until it is told to stop.
pub struct Relay {
    store: Arc<dyn Store>,
    egress: Egress,
    config: Config,
    clock: Clock,
    wake: Arc<Notify>,
    observer: Arc<Observer>,
}

/// Is told of every attempt, for the metrics page: `delivered`, `retry` or `dead`, and how long it took.
pub type Observer = dyn Fn(&'static str, Duration) + Send + Sync;

/// An attempt that is over, with its slot.
struct Done {
    recorded: RecordedAttempt,
    is_retry: bool,
    slot: OwnedSemaphorePermit,
}

/// One of the two kinds of slots.
struct Lane {
    retries: bool,
    slots: Arc<Semaphore>,
    /// Called when slots became free or something may have become due.
    call: Arc<Notify>,
}

impl Relay {
    /// Makes a relay; nothing happens before [`Relay::run`].
    pub fn new(store: Arc<dyn Store>, egress: Egress, config: Config, clock: Clock) -> Relay {
        Relay { store, egress, config, clock, wake: Arc::new(Notify::new()), observer: Arc::new(|_, _| {}) }
    }

    /// Tells `observer` of every attempt.
    pub fn observed(self, observer: Arc<Observer>) -> Relay {
        Relay { observer, ..self }
    }

    /// What to call (`notify_one`) after a commit that made deliveries.
    pub fn wake(&self) -> Arc<Notify> {
        self.wake.clone()
    }

    /// Delivers until `shutdown`, then claims nothing more, finishes the attempts under way (at most the
    /// timeout of a policy) and returns. Dropped earlier, it breaks them off, and their leases run out.
    pub async fn run(&self, shutdown: CancellationToken) {
        let lane = |retries: bool, slots: u32, call: Arc<Notify>| Lane {
            retries,
            slots: Arc::new(Semaphore::new(slots.max(1) as usize)),
            call,
        };
        let first = lane(false, self.config.max_in_flight, self.wake.clone());
        let later = lane(true, self.config.max_retries_in_flight, Arc::new(Notify::new()));
        let (done, finished) = mpsc::unbounded_channel();
        tokio::join!(
            self.work(&first, done.clone(), &shutdown),
            self.work(&later, done, &shutdown),
            self.record(finished, &first.call, &later.call),
            self.reap(&shutdown),
        );
    }

    /// Claims for one lane whenever it has free slots and something may be due.
    async fn work(&self, lane: &Lane, done: mpsc::UnboundedSender<Done>, shutdown: &CancellationToken) {
        let mut attempts = JoinSet::new();
        while !shutdown.is_cancelled() {
            while attempts.try_join_next().is_some() {}
            let mut wait = POLL;
            let free = lane.slots.available_permits();
            if free > 0 {
                match self.claim(lane, free, &done, &mut attempts).await {
                    // As much as was asked for: there is likely more, and a freed slot calls.
                    Ok(claimed) if claimed == free => {}
                    Ok(_) => wait = self.until_due().await,
                    Err(error) => {
                        tracing::error!(error = error.to_string(), "cannot claim deliveries");
                    }
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = lane.call.notified() => {}
                () = sleep(wait) => {}
            }
        }
        while attempts.join_next().await.is_some() {}
    }

    async fn claim(
        &self,
        lane: &Lane,
        free: usize,
        done: &mpsc::UnboundedSender<Done>,
        attempts: &mut JoinSet<()>,
    ) -> Result<usize, crate::store::Error> {
        let claim = DeliveryClaim {
            limit: free as u32,
            lease: Duration::from_secs(self.config.lease_s),
            retries: lane.retries,
            per_receiver: self.config.per_receiver,
            per_account: self.config.per_account,
        };
        let claimed = self.store.claim_deliveries(claim).await?;
        let count = claimed.len();
        for delivery in claimed {
            // This lane alone takes slots, and the claim was for no more than were free.
            let Ok(slot) = lane.slots.clone().try_acquire_owned() else { break };
            let (egress, clock, done) = (self.egress.clone(), self.clock.clone(), done.clone());
            let observer = self.observer.clone();
            let (max_answer_bytes, is_retry) = (self.config.max_answer_bytes, lane.retries);
            let keys = self.config.aws.clone();
            attempts.spawn(async move {
                let recorded = delivery::attempt(&egress, delivery, max_answer_bytes, &keys, &clock).await;
                let verdict = match recorded.verdict {
                    Verdict::Delivered => "delivered",
                    Verdict::Retry(_) => "retry",
                    Verdict::Dead => "dead",
                };
                observer(verdict, recorded.attempt.elapsed);
                // The other end is there as long as the lane is.
                let _ = done.send(Done { recorded, is_retry, slot });
            });
        }
        Ok(count)
    }

    /// How long nothing will be due, at most the poll. What is due already and was not claimed waits for
    /// something under way, which calls when it is written down.
    async fn until_due(&self) -> Duration {
        match self.store.next_due().await {
            Ok(next) => match next.delivery.map(|due| due.duration_since(self.clock.now())) {
                // A moment later, so that the store's clock has reached it too.
                Some(Ok(wait)) if !wait.is_zero() => POLL.min(wait + Duration::from_millis(1)),
                _ => POLL,
            },
            Err(error) => {
                tracing::error!(error = error.to_string(), "cannot tell when the next delivery is due");
                POLL
            }
        }
    }

    /// Writes finished attempts down, together, until both lanes have ended.
    async fn record(&self, mut finished: mpsc::UnboundedReceiver<Done>, first: &Notify, later: &Notify) {
        while let Some(earliest) = finished.recv().await {
            let until = Instant::now() + GATHER;
            let mut batch = vec![earliest];
            while batch.len() < GATHER_AT_MOST {
                match timeout_at(until, finished.recv()).await {
                    Ok(Some(done)) => batch.push(done),
                    Ok(None) | Err(_) => break,
                }
            }
            let of_retries = batch.iter().any(|done| done.is_retry);
            let (attempts, slots): (Vec<_>, Vec<_>) = batch.into_iter().map(|done| (done.recorded, done.slot)).unzip();
            self.write_down(attempts).await;
            drop(slots);
            // The first lane always: the next of an order key may be free to go.
            first.notify_one();
            if of_retries {
                later.notify_one();
            }
        }
    }

    async fn write_down(&self, attempts: Vec<RecordedAttempt>) {
        for try_number in 1..=RECORD_TRIES {
            // A repeated write finds the leases of the first one gone and changes nothing.
            match self.store.record_attempts(attempts.clone()).await {
                Ok(()) => return,
                Err(error) => {
                    let error = error.to_string();
                    tracing::error!(error, try_number, count = attempts.len(), "cannot write attempts down");
                }
            }
            if try_number < RECORD_TRIES {
                sleep(RECORD_PAUSE * 2u32.pow(try_number - 1)).await;
            }
        }
        // The deliveries are tried again once their leases have run out: twice rather than never.
        for lost in attempts {
            tracing::error!(delivery = %lost.id, "an attempt was not written down and will be repeated");
        }
    }

    /// Returns deliveries of relays that died.
    async fn reap(&self, shutdown: &CancellationToken) {
        let pause = Duration::from_secs((self.config.lease_s / 6).max(1));
        let mut next = Instant::now();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = sleep_until(next) => {}
            }
            next = Instant::now() + pause;
            match self.store.reap_deliveries().await {
                Ok(0) => {}
                Ok(count) => {
                    tracing::warn!(count, "deliveries whose lease ran out are due again");
                    self.wake.notify_one();
                }
                Err(error) => tracing::error!(error = error.to_string(), "cannot reap deliveries"),
            }
        }
    }
}
