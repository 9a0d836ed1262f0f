//! Random walks over everything that changes jobs and deliveries, beside a model that is simple enough to be right.
//!
//! A step chooses an operation and what it is done to; the store must answer as the model does. Numbers follow
//! from a seed, which a failure names with the step, so that it can be repeated. A crash is a lease that is not
//! prolonged until it has run out.

mod deliveries;
mod jobs;

use self::{deliveries::Owed, jobs::Jobs};
use super::*;

/// The seeds, and the steps of each.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;
const STEPS: u32 = 300;

/// How often everything is compared.
const COMPARED: u32 = 20;

/// Numbers that follow from a seed (xorshift64*, Vigna 2016).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }

    fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }
}

/// The store with what it should know.
struct Walk {
    subject: Subject,
    numbers: Numbers,
    /// Where the walk is, for what failures say.
    place: String,
    accounts: [String; 2],
    jobs: Jobs,
    owed: Owed,
}

pub(in crate::store) async fn random_walks_agree_with_a_simple_model(subject: Subject) {
    let mut subject = subject;
    for seed in SEEDS {
        let accounts = ["a", "b"].map(|name| format!("{name}{seed}"));
        for account in &accounts {
            subject.account(account).await;
        }
        let (jobs, owed) = (Jobs::default(), Owed::new());
        let mut walk = Walk { subject, numbers: Numbers(seed), place: String::new(), accounts, jobs, owed };
        for step in 1..=STEPS {
            walk.place = format!("seed {seed}, step {step}");
            walk.step().await;
            walk.compare_counts().await;
            if step % COMPARED == 0 {
                walk.compare_all().await;
            }
        }
        // The next walk begins with nothing to do.
        walk.place = format!("seed {seed}, the end");
        walk.end_deliveries().await;
        walk.end_jobs().await;
        walk.end_deliveries().await;
        walk.compare_counts().await;
        walk.compare_all().await;
        subject = walk.subject;
    }
}

impl Walk {
    async fn step(&mut self) {
        match self.numbers.below(20) {
            0..=2 => self.submit().await,
            3..=5 => self.claim().await,
            6 => self.subject.pass(self.numbers.below(25)),
            7 => self.heartbeat().await,
            8 => self.advance().await,
            9..=10 => self.complete().await,
            11 => self.release().await,
            12 => self.cancel().await,
            13 => self.reap(3).await,
            14..=15 => self.claim_owed().await,
            16..=17 => self.record().await,
            18 => self.reap_owed().await,
            _ => self.replay().await,
        }
    }

    fn now(&self) -> SystemTime {
        self.subject.clock.now()
    }

    async fn compare_counts(&self) {
        let found = self.subject.store.gauges().await.unwrap();
        let jobs = [State::Queued, State::Running].map(|state| (state, self.jobs.count(state)));
        assert_eq!(found.jobs, jobs, "{}", self.place);
        let pending = self.owed.count(DeliveryState::Pending);
        assert_eq!(found.deliveries[0], (DeliveryState::Pending, pending), "{}", self.place);
    }

    async fn compare_all(&mut self) {
        self.jobs.compare(&self.subject, &self.place).await;
        self.owed.compare(&self.subject, &self.place).await;
    }
}
