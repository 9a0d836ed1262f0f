//! Many nodes at once.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
};

use tokio::task::JoinSet;

use super::*;
use crate::store::{Change, Idempotency, Library, Nodes, ResourceKey, ResourceRow, Verdict};

const LEASE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_workers_get_each_job_once() {
    const JOBS: usize = 500;
    let accounts = ["a", "b", "c"];
    let (nodes, _database) = nodes(4).await;
    for account in accounts {
        nodes[0].create_account(contract::account(account)).await.unwrap();
    }
    let done = Arc::new(Mutex::new(HashSet::new()));
    let mut tasks = JoinSet::new();
    for number in 0..JOBS {
        let store = nodes[number % nodes.len()].clone();
        tasks.spawn(async move {
            store.submit(contract::submission(accounts[number % 3], vec![contract::job()])).await.unwrap();
        });
    }
    for number in 0..8 {
        let (store, done) = (nodes[number % nodes.len()].clone(), done.clone());
        tasks.spawn(async move {
            while done.lock().unwrap().len() < JOBS {
                for claimed in store.claim_jobs(3, LEASE).await.unwrap() {
                    assert!(done.lock().unwrap().insert(claimed.job.id), "claimed twice");
                    let end = contract::completion(State::Succeeded);
                    store.complete(claimed.job.id, claimed.token, end).await.unwrap();
                }
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    assert_eq!(nodes[0].gauges().await.unwrap().jobs, [(State::Queued, 0), (State::Running, 0)]);
    let mut listed = 0;
    for account in accounts {
        let filter = JobFilter { state: Some(State::Succeeded), limit: 500, ..Default::default() };
        listed += nodes[0].jobs(account, filter).await.unwrap().items.len();
    }
    assert_eq!(listed, JOBS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_at_many_nodes_makes_one_job() {
    let (nodes, _database) = nodes(4).await;
    nodes[0].create_account(contract::account("demo")).await.unwrap();
    for round in 0..5 {
        let mut tasks = JoinSet::new();
        for number in 0..8 {
            let store = nodes[number % nodes.len()].clone();
            tasks.spawn(async move {
                let mut keyed = contract::submission("demo", vec![contract::job()]);
                let (key, fingerprint) = (format!("key {round}"), "f".to_owned());
                keyed.idempotency = Some(Idempotency { key, fingerprint, lifetime: LEASE });
                store.submit(keyed).await.unwrap()
            });
        }
        let answers = tasks.join_all().await;
        assert_eq!(answers.iter().filter(|one| !one.repeated).count(), 1);
        assert!(answers.iter().all(|one| one.jobs == answers[0].jobs), "{answers:?}");
    }
    let filter = JobFilter { limit: 100, ..Default::default() };
    assert_eq!(nodes[0].jobs("demo", filter).await.unwrap().items.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_changes_to_one_revision_one_is_made() {
    let (nodes, _database) = nodes(4).await;
    nodes[0].create_account(contract::account("demo")).await.unwrap();
    let key = |name: &str| ResourceKey {
        account: "demo".into(),
        kind: "image".into(),
        delivery: "upload".into(),
        public_id: name.into(),
    };
    let at = crate::clock::from_micros(1_800_000_000_000_000);
    let first = ResourceRow::new(key("cat"), at);
    let put = |row: ResourceRow, over| Change::PutResource { row: Box::new(row), over };
    nodes[0].change(vec![put(first, None)], Vec::new()).await.unwrap();
    for _ in 0..5 {
        let read = nodes[0].resource(&key("cat")).await.unwrap().unwrap();
        let mut tasks = JoinSet::new();
        for number in 0..8 {
            let (store, mut row) = (nodes[number % nodes.len()].clone(), read.clone());
            row.bytes = number as u64;
            tasks.spawn(async move { store.change(vec![put(row.clone(), Some(row.revision))], Vec::new()).await });
        }
        let answers = tasks.join_all().await;
        assert_eq!(answers.iter().filter(|one| one.is_ok()).count(), 1, "{answers:?}");
        assert!(answers.iter().flat_map(|one| one.as_ref().err()).all(|error| matches!(error, Error::Conflict { .. })));
        assert_eq!(nodes[0].resource(&key("cat")).await.unwrap().unwrap().revision, read.revision + 1);
    }
    // One name, which many want at the same time, by making and by renaming.
    let mut others = Vec::new();
    for number in 0..4 {
        let row = ResourceRow::new(key(&format!("other {number}")), at);
        nodes[0].change(vec![put(row.clone(), None)], Vec::new()).await.unwrap();
        others.push(ResourceRow { key: key("wanted"), revision: 1, ..row });
    }
    let mut tasks = JoinSet::new();
    for (number, row) in others.into_iter().enumerate() {
        let (renamer, maker) = (nodes[number].clone(), nodes[(number + 1) % 4].clone());
        tasks.spawn(async move { renamer.change(vec![put(row, Some(1))], Vec::new()).await });
        let made = ResourceRow::new(key("wanted"), at);
        tasks.spawn(async move { maker.change(vec![put(made, None)], Vec::new()).await });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|one| one.is_ok()).count(), 1, "{answers:?}");
    assert!(answers.iter().flat_map(|one| one.as_ref().err()).all(|error| matches!(error, Error::Conflict { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deliveries_of_one_order_key_go_one_after_the_other() {
    const EACH: usize = 20;
    let (nodes, _database) = nodes(4).await;
    nodes[0].create_account(contract::account("demo")).await.unwrap();
    // Two keys whose deliveries come in their order from node after node, and one whose come all at once: there, an
    // earlier one that comes late does not wait for the one under way.
    let keys: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
    let unordered = keys[2];
    let all = keys.len() * EACH;
    let under_way = Arc::new(Mutex::new(HashMap::<Uuid, u32>::new()));
    let told = Arc::new(Mutex::new(HashSet::new()));
    let mut tasks = JoinSet::new();
    let owe = |key: Uuid, number: usize| {
        let store = nodes[number % 4].clone();
        let mut owed = contract::delivery(&format!("https://{}.example/", number % 2));
        (owed.order_key, owed.sequence) = (key, number as i64);
        async move { store.change(Vec::new(), vec![owed]).await.unwrap() }
    };
    for key in keys {
        let owing: Vec<_> = (0..EACH).map(|number| owe(key, number)).collect();
        tasks.spawn(async move {
            if key == unordered {
                futures_util::future::join_all(owing).await;
            } else {
                for one in owing {
                    one.await;
                }
            }
        });
    }
    for number in 0..8 {
        let (store, under_way, told) = (nodes[number % 4].clone(), under_way.clone(), told.clone());
        tasks.spawn(async move {
            while told.lock().unwrap().len() < all {
                let mut attempts = Vec::new();
                for one in store.claim_deliveries(contract::first_tries()).await.unwrap() {
                    let key = one.row.delivery.order_key;
                    let siblings = *under_way.lock().unwrap().entry(key).and_modify(|count| *count += 1).or_insert(1);
                    assert!(siblings == 1 || key == unordered, "two of one order key at the same time");
                    assert!(told.lock().unwrap().insert(one.row.id), "claimed twice");
                    let attempt = contract::attempt(crate::clock::from_micros(0), Some(200));
                    let verdict = Verdict::Delivered;
                    attempts.push((key, RecordedAttempt { id: one.row.id, token: one.token, attempt, verdict }));
                }
                for (key, attempt) in attempts {
                    // Before it is written down, or the next may be claimed before it is counted out.
                    under_way.lock().unwrap().entry(key).and_modify(|count| *count -= 1);
                    store.record_attempts(vec![attempt]).await.unwrap();
                }
                tokio::task::yield_now().await;
            }
        });
    }
    let ending = async {
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap()
        }
    };
    tokio::time::timeout(Duration::from_secs(120), ending).await.expect("nothing is forgotten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_receivers_limit_holds_for_all_nodes_together() {
    let (nodes, _database) = nodes(4).await;
    nodes[0].create_account(contract::account("demo")).await.unwrap();
    let owed = (0..40).map(|_| contract::delivery("https://slow.example/")).collect();
    nodes[0].change(Vec::new(), owed).await.unwrap();
    let claim = DeliveryClaim { per_receiver: 5, ..contract::first_tries() };
    let mut tasks = JoinSet::new();
    for number in 0..8 {
        let store = nodes[number % 4].clone();
        tasks.spawn(async move { store.claim_deliveries(claim).await.unwrap().len() });
    }
    assert_eq!(tasks.join_all().await.iter().sum::<usize>(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_of_many_jobs_finishes_the_batch_once() {
    let (nodes, _database) = nodes(4).await;
    nodes[0].create_account(contract::account("demo")).await.unwrap();
    let mut submission = contract::submission("demo", (0..24).map(|_| contract::job()).collect());
    submission.batch = Some(contract::batch());
    let batch = submission.batch.as_ref().map(|batch| batch.id);
    nodes[0].submit(submission).await.unwrap();
    let mut tasks = JoinSet::new();
    for (number, one) in nodes[0].claim_jobs(24, LEASE).await.unwrap().into_iter().enumerate() {
        let store = nodes[number % 4].clone();
        let end = contract::completion(State::Succeeded);
        tasks.spawn(async move { store.complete(one.job.id, one.token, end).await.unwrap().batch });
    }
    let finished: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(Vec::from_iter(batch), finished);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_tell_each_other_what_they_did() {
    use crate::store::Hint;
    let (nodes, database) = nodes(2).await;
    let mut heard = nodes[1].hints().unwrap();
    let mut own = nodes[0].hints().unwrap();
    let listens = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'";
    while database.execute(listens) != "2" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut expect = async |expected: &[Hint]| {
        let mut missing = HashSet::<Hint>::from_iter(expected.iter().copied());
        while !missing.is_empty() {
            let hint = tokio::time::timeout(Duration::from_secs(20), heard.recv()).await;
            missing.remove(&hint.unwrap_or_else(|_| panic!("{missing:?} was not told")).unwrap());
        }
    };
    nodes[0].create_account(contract::account("demo")).await.unwrap();
    let job = nodes[0].submit(contract::submission("demo", vec![contract::job()])).await.unwrap().jobs[0];
    expect(&[Hint::JobsDue]).await;
    let claimed = nodes[0].claim_jobs(1, LEASE).await.unwrap().remove(0);
    expect(&[Hint::Changed(job)]).await;
    nodes[0].cancel("demo", job, contract::completion(State::Cancelled)).await.unwrap();
    expect(&[Hint::Changed(job), Hint::CancelRequested(job)]).await;
    let mut end = contract::completion(State::Cancelled);
    end.advance.deliveries = vec![contract::delivery("https://example.com/")];
    nodes[0].complete(job, claimed.token, end).await.unwrap();
    expect(&[Hint::Changed(job), Hint::DeliveriesDue]).await;
    assert!(own.try_recv().is_err(), "a node knows what it did itself");
}

#[tokio::test]
async fn an_older_node_leaves_what_a_newer_one_accepted() {
    let database = database().await;
    let at = async |release| {
        let options = Options { level: Level::new(release), ..options() };
        Postgres::open(&database.url(), POOL, Clock::System, options).await.unwrap()
    };
    let (older, newer) = (at(1).await, at(2).await);
    older.create_account(contract::account("demo")).await.unwrap();
    let first = older.submit(contract::submission("demo", vec![contract::job()])).await.unwrap().jobs[0];
    let second = newer.submit(contract::submission("demo", vec![contract::job()])).await.unwrap().jobs[0];
    let ids = async |node: &Postgres| {
        let claimed = node.claim_jobs(10, LEASE).await.unwrap();
        claimed.iter().map(|claimed| claimed.job.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&older).await, [first]);
    assert_eq!(older.next_due().await.unwrap().job, None);
    assert_eq!(ids(&newer).await, [second]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_draw_from_one_bucket_and_hold_work_one_at_a_time() {
    let (nodes, _database) = nodes(4).await;
    let start = std::time::Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let store = nodes[number % nodes.len()].clone();
        tasks.spawn(async move { store.draw("demo", 100, 9).await.unwrap() });
    }
    let drawn: u32 = tasks.join_all().await.into_iter().sum();
    let came = (start.elapsed().as_secs_f64() * 100.0).ceil() as u32;
    assert!((100..=100 + came).contains(&drawn), "{drawn} were drawn, {came} came to it");
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let store = nodes[number % nodes.len()].clone();
        tasks.spawn(async move { store.hold("tidy", Uuid::new_v4(), LEASE).await.unwrap() });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|held| *held).count(), 1);
}
