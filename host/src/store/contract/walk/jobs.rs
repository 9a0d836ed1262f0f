//! The part of a walk that is about jobs.

use super::*;

/// Leases that may be lost before a job is poison; the walk's reaper uses the same.
const POISON: u32 = 3;

/// What the store should know of a job.
#[derive(Clone, Debug)]
struct Model {
    id: Uuid,
    account: String,
    batch: Option<Uuid>,
    priority: i32,
    state: State,
    attempt: u32,
    run_at: SystemTime,
    cancel_requested: bool,
    done: u32,
    lease: Option<(Uuid, SystemTime)>,
    version: u64,
}

impl Model {
    fn is_due(&self, now: SystemTime) -> bool {
        self.state == State::Queued && self.run_at <= now
    }
}

/// All jobs of a walk.
#[derive(Default)]
pub(super) struct Jobs(Vec<Model>);

impl Jobs {
    pub(super) fn count(&self, state: State) -> u64 {
        self.0.iter().filter(|job| job.state == state).count() as u64
    }

    /// The batch that is finished by the end of one of its jobs.
    fn finished(&self, batch: Option<Uuid>) -> Option<Uuid> {
        batch.filter(|_| self.0.iter().all(|job| job.batch != batch || job.state.is_final()))
    }

    fn of(&mut self, id: Uuid) -> &mut Model {
        self.0.iter_mut().find(|job| job.id == id).expect("the walk made it")
    }

    pub(super) async fn compare(&mut self, subject: &Subject, place: &str) {
        for job in &mut self.0 {
            let row = subject.row(&job.account, job.id).await;
            let found = (row.state, row.attempt, row.priority, row.cancel_requested, row.progress.done, row.batch);
            let known = (job.state, job.attempt, job.priority, job.cancel_requested, job.done, job.batch);
            assert_eq!(found, known, "{place}: {job:?}");
            assert_eq!(row.finished_at.is_some(), job.state.is_final(), "{place}: {job:?}");
            assert!(row.version >= job.version, "{place}: a version never goes back");
            job.version = row.version;
        }
    }
}

impl Walk {
    /// A job, with the token of its lease or one that was never given.
    fn any_job(&mut self) -> Option<(Model, Uuid)> {
        if self.jobs.0.is_empty() {
            return None;
        }
        let job = self.numbers.one_of(&self.jobs.0).clone();
        let token = job.lease.map_or_else(Uuid::new_v4, |lease| lease.0);
        Some((job, token))
    }

    pub(super) async fn submit(&mut self) {
        let account = self.numbers.one_of(&self.accounts).clone();
        let together = self.numbers.below(4) == 0;
        let mut new = submission(&account, Vec::new());
        new.batch = together.then(batch);
        for _ in 0..if together { 3 } else { 1 } {
            let priority = *self.numbers.one_of(&[0, 0, 5]);
            new.jobs.push(NewJob { priority, ..job() });
        }
        for job in &new.jobs {
            self.jobs.0.push(Model {
                id: job.id,
                account: account.clone(),
                batch: new.batch.as_ref().map(|batch| batch.id),
                priority: job.priority,
                state: State::Queued,
                attempt: 0,
                run_at: self.now(),
                cancel_requested: false,
                done: 0,
                lease: None,
                version: 0,
            });
        }
        self.subject.store.submit(new).await.unwrap();
    }

    pub(super) async fn claim(&mut self) {
        let (now, limit) = (self.now(), self.numbers.below(5) as usize);
        let claimed = self.subject.store.claim_jobs(limit as u32, LEASE).await.unwrap();
        let mut due: Vec<i32> = self.jobs.0.iter().filter(|job| job.is_due(now)).map(|job| -job.priority).collect();
        due.sort_unstable();
        due.truncate(limit);
        let found: Vec<i32> = claimed.iter().map(|one| -one.job.priority).collect();
        assert_eq!(found, due, "{}: the highest priorities, in their order", self.place);
        for one in claimed {
            let job = self.jobs.of(one.job.id);
            assert!(job.is_due(now), "{}: {job:?}", self.place);
            (job.state, job.attempt) = (State::Running, job.attempt + 1);
            job.lease = Some((one.token, now + LEASE));
        }
    }

    pub(super) async fn heartbeat(&mut self) {
        let now = self.now();
        let asked: Vec<(Model, Uuid)> = (0..3).filter_map(|_| self.any_job()).collect();
        let leases: Vec<(Uuid, Uuid)> = asked.iter().map(|(job, token)| (job.id, *token)).collect();
        let found = self.subject.store.heartbeat(&leases, LEASE).await.unwrap();
        for ((job, token), found) in asked.into_iter().zip(found) {
            let expected = match job.lease {
                None => Heartbeat::Lost,
                Some(_) if job.cancel_requested => Heartbeat::CancelRequested,
                Some(_) => Heartbeat::Held,
            };
            assert_eq!(found, expected, "{}: {job:?}", self.place);
            if job.lease.is_some() {
                self.jobs.of(job.id).lease = Some((token, now + LEASE));
            }
        }
    }

    pub(super) async fn advance(&mut self) {
        let Some((job, token)) = self.any_job() else { return };
        let mut advance = completion(State::Succeeded).advance;
        advance.progress = Progress { done: job.done + 1, total: 100 };
        advance.deliveries = self.new_deliveries(&job.account);
        let answer = self.subject.store.advance(job.id, token, advance.clone()).await;
        assert_eq!(answer.is_ok(), job.lease.is_some(), "{}: {answer:?}", self.place);
        if job.lease.is_some() {
            self.jobs.of(job.id).done += 1;
            self.owe(advance.deliveries);
        }
    }

    pub(super) async fn complete(&mut self) {
        let Some((job, token)) = self.any_job() else { return };
        let state = *self.numbers.one_of(&[State::Succeeded, State::PartiallyFailed, State::Failed]);
        let mut end = completion(state);
        end.advance.deliveries = self.new_deliveries(&job.account);
        let answer = self.subject.store.complete(job.id, token, end.clone()).await;
        if job.lease.is_none() {
            assert!(matches!(answer, Err(Error::LeaseLost { .. })), "{}: {answer:?}", self.place);
            return;
        }
        self.ended(&job, end);
        assert_eq!(answer.unwrap().batch, self.jobs.finished(job.batch), "{}", self.place);
    }

    fn ended(&mut self, job: &Model, end: Completion) {
        let known = self.jobs.of(job.id);
        (known.state, known.lease, known.done) = (end.state, None, end.advance.progress.done);
        self.owe(end.advance.deliveries);
    }

    pub(super) async fn release(&mut self) {
        let Some((job, token)) = self.any_job() else { return };
        let (now, delay) = (self.now(), Duration::from_secs(self.numbers.below(20)));
        let counts = self.numbers.below(2) == 0;
        let answer = self.subject.store.release(job.id, token, delay, counts).await;
        assert_eq!(answer.is_ok(), job.lease.is_some(), "{}: {answer:?}", self.place);
        if job.lease.is_some() {
            let known = self.jobs.of(job.id);
            (known.state, known.lease, known.run_at) = (State::Queued, None, now + delay);
            known.attempt -= u32::from(!counts);
        }
    }

    pub(super) async fn cancel(&mut self) {
        let Some((job, _)) = self.any_job() else { return };
        let mut end = completion(State::Cancelled);
        end.advance.deliveries = self.new_deliveries(&job.account);
        let (cancelled, completed) = self.subject.store.cancel(&job.account, job.id, end.clone()).await.unwrap();
        let expected = match job.state {
            State::Queued => Cancelled::Now,
            State::Running => Cancelled::Requested,
            _ => Cancelled::TooLate,
        };
        assert_eq!(cancelled, expected, "{}: {job:?}", self.place);
        match expected {
            Cancelled::Now => {
                self.ended(&job, end);
                assert_eq!(completed.batch, self.jobs.finished(job.batch), "{}", self.place);
            }
            Cancelled::Requested => self.jobs.of(job.id).cancel_requested = true,
            _ => {}
        }
    }

    /// Returns jobs whose lease ran out; answers those that were lost too often.
    pub(super) async fn reap(&mut self, max_attempts: u32) {
        let now = self.now();
        let poison = self.subject.store.reap_jobs(max_attempts, LEASE).await.unwrap();
        let mut expected = 0;
        for job in self.jobs.0.iter_mut().filter(|job| job.lease.is_some_and(|lease| lease.1 <= now)) {
            if job.attempt >= max_attempts {
                expected += 1;
                let again = poison.iter().find(|one| one.job.id == job.id);
                let again = again.unwrap_or_else(|| panic!("{}: {job:?} is poison", self.place));
                job.lease = Some((again.token, now + LEASE));
            } else {
                (job.state, job.lease) = (State::Queued, None);
                job.run_at = now + Duration::from_secs(1 << job.attempt);
            }
        }
        assert_eq!(poison.len(), expected, "{}", self.place);
    }

    /// Ends all jobs: those that wait are called off, those that run are lost and ended as poison.
    pub(super) async fn end_jobs(&mut self) {
        self.subject.pass(LEASE.as_secs());
        self.reap(POISON).await;
        self.subject.pass(LEASE.as_secs());
        self.reap(0).await;
        for job in self.jobs.0.clone() {
            match (job.state, job.lease) {
                (State::Queued, _) => {
                    let end = completion(State::Cancelled);
                    self.subject.store.cancel(&job.account, job.id, end.clone()).await.unwrap();
                    self.ended(&job, end);
                }
                (State::Running, Some((token, _))) => {
                    let end = completion(State::Failed);
                    self.subject.store.complete(job.id, token, end.clone()).await.unwrap();
                    self.ended(&job, end);
                }
                _ => {}
            }
        }
    }
}
