//! The part of a walk that is about deliveries.

use super::*;

/// What the store should know of a delivery.
#[derive(Clone, Debug)]
struct Model {
    row: Uuid,
    delivery: NewDelivery,
    state: DeliveryState,
    attempts: u32,
    next_at: SystemTime,
    lease: Option<(Uuid, SystemTime)>,
    replay_of: Option<Uuid>,
}

impl Model {
    /// Where it is among those of its order key.
    fn place(&self) -> (Uuid, i64, &str) {
        (self.delivery.order_key, self.delivery.sequence, &self.delivery.kind)
    }
}

/// All deliveries of a walk, and the order keys that they share.
pub(super) struct Owed {
    known: Vec<Model>,
    keys: [Uuid; 4],
}

impl Owed {
    pub(super) fn new() -> Owed {
        Owed { known: Vec::new(), keys: std::array::from_fn(|_| new_id()) }
    }

    pub(super) fn count(&self, state: DeliveryState) -> u64 {
        self.known.iter().filter(|one| one.state == state).count() as u64
    }

    /// Those that may be claimed: due, not claimed, and the first of their order key that is owed still.
    fn claimable(&self, retries: bool, now: SystemTime) -> Vec<Uuid> {
        let pending = || self.known.iter().filter(|one| one.state == DeliveryState::Pending);
        pending()
            .filter(|one| one.lease.is_none() && one.next_at <= now && (one.attempts > 0) == retries)
            .filter(|one| !pending().any(|other| is_before(other, one)))
            .map(|one| one.row)
            .collect()
    }

    fn of(&mut self, row: Uuid) -> &mut Model {
        self.known.iter_mut().find(|one| one.row == row).expect("the walk made it")
    }

    pub(super) async fn compare(&self, subject: &Subject, place: &str) {
        for one in &self.known {
            let found = subject.store.delivery(&one.delivery.account, one.row).await.unwrap();
            let found = found.unwrap_or_else(|| panic!("{place}: {one:?} is there"));
            assert_eq!(found.delivery, one.delivery, "{place}");
            assert_eq!((found.state, found.attempts), (one.state, one.attempts), "{place}: {one:?}");
            assert_eq!((found.replay_of, found.log.len()), (one.replay_of, one.attempts as usize), "{place}: {one:?}");
            if one.state == DeliveryState::Pending {
                assert_eq!(found.next_at, Some(one.next_at), "{place}: {one:?}");
            }
        }
    }
}

/// Whether one has to go out before another.
fn is_before(one: &Model, other: &Model) -> bool {
    one.delivery.order_key == other.delivery.order_key && one.place() < other.place()
}

impl Walk {
    /// Up to three deliveries to owe, of order keys that others have, too.
    pub(super) fn new_deliveries(&mut self, account: &str) -> Vec<NewDelivery> {
        let mut new = Vec::new();
        for _ in 0..self.numbers.below(4) {
            let url = *self.numbers.one_of(&["https://a.example/", "https://b.example/"]);
            let order_key = *self.numbers.one_of(&self.owed.keys);
            let sequence = self.numbers.below(40) as i64;
            new.push(NewDelivery { account: account.to_owned(), order_key, sequence, ..delivery(url) });
        }
        new
    }

    /// What was owed in a commit. A place that is taken stays with the one that has it.
    pub(super) fn owe(&mut self, new: Vec<NewDelivery>) {
        for delivery in new {
            let (row, next_at) = (delivery.id, self.now());
            let state = DeliveryState::Pending;
            let model = Model { row, delivery, state, attempts: 0, next_at, lease: None, replay_of: None };
            if !self.owed.known.iter().any(|one| one.place() == model.place()) {
                self.owed.known.push(model);
            }
        }
    }

    pub(super) async fn claim_owed(&mut self) {
        let (retries, limit) = (self.numbers.below(2) == 0, self.numbers.below(5) as u32);
        self.claim_some(DeliveryClaim { retries, limit, ..first_tries() }).await;
    }

    async fn claim_some(&mut self, claim: DeliveryClaim) {
        let now = self.now();
        let claimable = self.owed.claimable(claim.retries, now);
        let claimed = self.subject.store.claim_deliveries(claim).await.unwrap();
        assert_eq!(claimed.len(), claimable.len().min(claim.limit as usize), "{}: {claimable:?}", self.place);
        for one in claimed {
            assert!(claimable.contains(&one.row.id), "{}: {:?} may not go", self.place, one.row);
            self.owed.of(one.row.id).lease = Some((one.token, now + LEASE));
        }
    }

    /// Writes down what became of a few that may or may not be claimed.
    pub(super) async fn record(&mut self) {
        let mut attempts = Vec::new();
        for _ in 0..self.numbers.below(4) {
            if self.owed.known.is_empty() {
                continue;
            }
            let one = self.numbers.one_of(&self.owed.known).clone();
            let token = one.lease.map_or_else(Uuid::new_v4, |lease| lease.0);
            let next = self.now() + Duration::from_secs(self.numbers.below(40));
            // Refusals of a receiver that is well, so that no breaker opens.
            let (status, verdict) = match self.numbers.below(4) {
                0 => (404, Verdict::Dead),
                1 => (404, Verdict::Retry(next)),
                _ => (200, Verdict::Delivered),
            };
            let attempt = attempt(self.now(), Some(status));
            attempts.push(RecordedAttempt { id: one.row, token, attempt, verdict });
        }
        self.write_down(attempts).await;
    }

    async fn write_down(&mut self, attempts: Vec<RecordedAttempt>) {
        self.subject.store.record_attempts(attempts.clone()).await.unwrap();
        for one in attempts {
            let known = self.owed.of(one.id);
            // The first one of a delivery gives the lease away.
            if known.lease.take_if(|lease| lease.0 == one.token).is_none() {
                continue;
            }
            known.attempts += 1;
            match one.verdict {
                Verdict::Delivered => known.state = DeliveryState::Delivered,
                Verdict::Retry(next) => known.next_at = next,
                Verdict::Dead => known.state = DeliveryState::Dead,
            }
        }
    }

    pub(super) async fn reap_owed(&mut self) {
        let (now, mut lost) = (self.now(), 0);
        for one in &mut self.owed.known {
            lost += u64::from(one.lease.take_if(|lease| lease.1 <= now).is_some());
        }
        assert_eq!(self.subject.store.reap_deliveries().await.unwrap(), lost, "{}", self.place);
    }

    pub(super) async fn replay(&mut self) {
        if self.owed.known.is_empty() {
            return;
        }
        let one = self.numbers.one_of(&self.owed.known).clone();
        let row = self.subject.store.replay(&one.delivery.account, one.row).await.unwrap().expect("it is there");
        let mut delivery = one.delivery;
        delivery.order_key = row;
        let (state, next_at) = (DeliveryState::Pending, self.now());
        let replay_of = Some(one.row);
        self.owed.known.push(Model { row, delivery, state, attempts: 0, next_at, lease: None, replay_of });
    }

    /// Delivers everything that is owed.
    pub(super) async fn end_deliveries(&mut self) {
        while self.owed.count(DeliveryState::Pending) > 0 {
            self.subject.pass(LEASE.as_secs() + 40);
            self.reap_owed().await;
            for retries in [false, true] {
                self.claim_some(DeliveryClaim { retries, ..first_tries() }).await;
            }
            let now = self.now();
            let leased = self.owed.known.iter().filter_map(|one| Some((one.row, one.lease?.0)));
            let attempts = leased.map(|(id, token)| {
                let attempt = attempt(now, Some(200));
                RecordedAttempt { id, token, attempt, verdict: Verdict::Delivered }
            });
            self.write_down(attempts.collect()).await;
        }
    }
}
