//! Every policy against receivers with bad manners: attempts, order and end. The clock is stepped from one due time to
//! the next, receivers are real sockets.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    http::{StatusCode, header},
    response::IntoResponse,
};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::*;
use crate::{
    clock::{Clock, from_micros},
    egress::Egress,
    store::{DeliveryClaim, DeliveryState, Library, Options, Sqlite, Store},
};

/// What a receiver does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manners {
    /// It takes longer than an attempt may.
    Slow,
    /// It closes the connection.
    Drops,
    /// 500 so often, then 200.
    Fails(usize),
    /// It sends the caller elsewhere.
    Redirects,
    /// Nobody listens.
    Down,
}

/// An attempt at a receiver that never answers may take this long here, so that nobody waits for it.
const IMPATIENT: Duration = Duration::from_millis(50);

/// A receiver; answers its URL and counts what came.
async fn receiver(manners: Manners) -> (String, Arc<AtomicUsize>) {
    let seen = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let count = seen.clone();
    match manners {
        Manners::Down => drop(listener),
        Manners::Drops => {
            tokio::spawn(async move {
                while let Ok((connection, _)) = listener.accept().await {
                    count.fetch_add(1, Ordering::SeqCst);
                    drop(connection);
                }
            });
        }
        Manners::Slow | Manners::Fails(_) | Manners::Redirects => {
            let answer = move || async move {
                let index = count.fetch_add(1, Ordering::SeqCst);
                match manners {
                    Manners::Slow => std::future::pending::<()>().await,
                    Manners::Fails(times) if index < times => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                    Manners::Redirects => {
                        return (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response();
                    }
                    _ => {}
                }
                // What events are confirmed by; the others do not look.
                (StatusCode::OK, r#"{"FailedEntryCount": 0}"#).into_response()
            };
            tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await.unwrap() });
        }
    }
    (url, seen)
}

struct Room {
    dir: std::path::PathBuf,
    store: Sqlite,
    clock: Clock,
    egress: Egress,
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// One attempt: which delivery, when after its event, and whether it was accepted.
#[derive(Debug, PartialEq, Eq)]
struct Tried {
    sequence: i64,
    after: Duration,
    accepted: bool,
}

impl Room {
    async fn new() -> Room {
        crate::egress::install_tls();
        let dir = std::env::temp_dir().join(format!("safelight-receivers-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&dir).unwrap();
        let clock = Clock::stepped(from_micros(1_700_000_000_000_000));
        let options = Options::without_breaker([7; 32]);
        let store = Sqlite::open(&dir.join("db"), clock.clone(), options).await.unwrap();
        store.create_account(crate::account::generate("demo", clock.now()).unwrap()).await.unwrap();
        let mut config = crate::config::Config::defaults().egress;
        config.allow = vec!["127.0.0.1".into()];
        Room { dir, store, clock, egress: Egress::new(&config).unwrap() }
    }

    /// Owes two callbacks of one order key to the receiver, and tries them until nothing is due any more.
    async fn play(&self, policy: Policy, url: &str, manners: Manners) -> (Vec<Tried>, Vec<DeliveryState>) {
        let key = Uuid::new_v4();
        let new = |sequence| NewDelivery {
            id: delivery_id(key, "told", sequence),
            account: "demo".into(),
            job: None,
            batch: None,
            order_key: key,
            sequence,
            kind: "told".into(),
            url: url.into(),
            body: b"{}".to_vec(),
            content_type: "application/json".into(),
            headers: Vec::new(),
            signer: Signer::None,
            signing_key: None,
            policy,
        };
        self.store.change(Vec::new(), vec![new(0), new(1)]).await.unwrap();
        let begun = self.clock.now();
        let mut tried = Vec::new();
        while let Some(due) = self.store.next_due().await.unwrap().delivery {
            self.step_to(due);
            for retries in [false, true] {
                let claim = DeliveryClaim {
                    limit: 10,
                    lease: Duration::from_secs(60),
                    retries,
                    per_receiver: 10,
                    per_account: 10,
                };
                for claimed in self.store.claim_deliveries(claim).await.unwrap() {
                    let mut rules = policy.rules().clone();
                    if manners == Manners::Slow {
                        rules.timeout = IMPATIENT;
                    }
                    let (sequence, after) =
                        (claimed.row.delivery.sequence, self.clock.now().duration_since(begun).unwrap());
                    let keys = AwsKeys::default();
                    let recorded = delivery::by(&rules, &self.egress, claimed, 1000, &keys, &self.clock).await;
                    let accepted = recorded.verdict == crate::store::Verdict::Delivered;
                    tried.push(Tried { sequence, after, accepted });
                    self.store.record_attempts(vec![recorded]).await.unwrap();
                }
            }
        }
        let mut states = Vec::new();
        for sequence in [0, 1] {
            states.push(self.store.delivery("demo", new(sequence).id).await.unwrap().unwrap().state);
        }
        (tried, states)
    }

    fn step_to(&self, due: SystemTime) {
        if let Ok(wait) = due.duration_since(self.clock.now()) {
            self.clock.step(wait);
        }
    }
}

/// The policies of dialects, each with the waits before its attempts in seconds.
const POLICIES: [(Policy, &[u64]); 8] = [
    (Policy::Native, &[0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]),
    (Policy::Cloudinary, &[0, 180, 360, 540]),
    (Policy::BlitlineOnce, &[0]),
    (Policy::BlitlineRetries, &[0, 1, 3, 15, 600]),
    (Policy::EventBridge, &[0, 5, 30, 300, 1800, 7200, 21_600, 50_400]),
    (Policy::ImageIntelligence, &[0, 10, 30, 120, 600, 1800]),
    (Policy::Blurb, &[0, 5, 30, 120, 600, 3600]),
    (Policy::Storage, &[0, 5, 30, 300, 1800, 7200, 21_600, 50_400]),
];

/// Checks the attempts of one delivery against the waits of its policy.
fn assert_waits(what: &str, policy: Policy, tried: &[&Tried], waits: &[u64]) {
    assert_eq!(tried.len(), waits.len(), "{what}: {tried:?}");
    let jitter = policy.rules().jitter;
    for (pair, wait) in tried.windows(2).zip(&waits[1..]) {
        let waited = (pair[1].after - pair[0].after).as_secs_f64();
        let wait = *wait as f64;
        assert!((wait * (1.0 - jitter)..=wait * (1.0 + jitter) + 0.001).contains(&waited), "{what}: {tried:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_never_accepts_is_given_up_after_the_attempts_of_the_policy() {
    let room = Room::new().await;
    for (policy, waits) in POLICIES {
        for manners in [Manners::Slow, Manners::Drops, Manners::Fails(usize::MAX), Manners::Redirects, Manners::Down] {
            let what = format!("{policy:?} {manners:?}");
            let (url, seen) = receiver(manners).await;
            let (tried, states) = room.play(policy, &url, manners).await;
            assert_eq!(states, [DeliveryState::Dead; 2], "{what}");
            assert!(tried.iter().all(|one| !one.accepted), "{what}: {tried:?}");
            // The second is not tried before the first is given up.
            assert!(tried.is_sorted_by_key(|one| one.sequence), "{what}: {tried:?}");
            for sequence in [0, 1] {
                let of: Vec<&Tried> = tried.iter().filter(|one| one.sequence == sequence).collect();
                assert_waits(&what, policy, &of, waits);
            }
            if manners != Manners::Down {
                assert!(seen.load(Ordering::SeqCst) >= 2 * waits.len(), "{what}: a redirect is not followed");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_recovers_gets_each_callback_once_and_in_order() {
    let room = Room::new().await;
    for (policy, waits) in POLICIES {
        let what = format!("{policy:?}");
        let fails = waits.len() - 1;
        let (url, _) = receiver(Manners::Fails(fails)).await;
        let (tried, states) = room.play(policy, &url, Manners::Fails(fails)).await;
        assert_eq!(states, [DeliveryState::Delivered; 2], "{what}");
        let sequences: Vec<i64> = tried.iter().filter(|one| one.accepted).map(|one| one.sequence).collect();
        assert_eq!(sequences, [0, 1], "{what}");
        let first: Vec<&Tried> = tried.iter().filter(|one| one.sequence == 0).collect();
        assert_waits(&what, policy, &first, waits);
        assert_eq!(tried.len(), waits.len() + 1, "{what}: the second is accepted at once");
    }
}

#[test]
fn an_attempt_may_take_as_long_as_documented() {
    let timeouts: Vec<u64> = POLICIES.iter().map(|(policy, _)| policy.rules().timeout.as_secs()).collect();
    assert_eq!(timeouts, [20, 30, 15, 15, 15, 10, 15, 60]);
}
