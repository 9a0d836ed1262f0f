//! The contract, and what is particular to SQLite.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use futures_util::FutureExt;
use sqlx::Connection;

use super::*;
use crate::{
    job::State,
    store::contract::{self, Subject},
};

contract::contract_tests!(super::subject);

/// A folder that goes away with its value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("safelight-store-{}", Uuid::new_v4()));
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn database(&self) -> PathBuf {
        self.0.join("safelight.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn options() -> Options {
    Options {
        cursor_key: [7; 32],
        breaker_failures: contract::BREAKER_FAILURES,
        breaker_pause: contract::BREAKER_PAUSE,
        breaker_max_pause: contract::BREAKER_MAX_PAUSE,
        level: Level::new(7),
    }
}

async fn subject() -> Subject {
    let (folder, clock) = (Folder::new(), Subject::clock());
    let store = Sqlite::open(&folder.database(), clock.clone(), options()).await.unwrap();
    Subject { store: Box::new(store), clock, thousands: 100, _keep: Box::new(folder) }
}

async fn open(folder: &Folder, clock: &Clock) -> Sqlite {
    Sqlite::open(&folder.database(), clock.clone(), options()).await.unwrap()
}

#[tokio::test]
async fn a_store_opened_again_has_everything() {
    let (folder, clock) = (Folder::new(), Subject::clock());
    let store = open(&folder, &clock).await;
    store.create_account(contract::account("demo")).await.unwrap();
    let ids = store.submit(contract::submission("demo", vec![contract::job(), contract::job()])).await.unwrap().jobs;
    let claimed = store.claim_jobs(1, Duration::from_secs(30)).await.unwrap().remove(0);
    let mut end = contract::completion(State::Succeeded);
    end.advance.deliveries = vec![contract::delivery("https://example.com/")];
    store.complete(claimed.job.id, claimed.token, end).await.unwrap();
    let before = (store.job("demo", ids[0]).await.unwrap(), store.job("demo", ids[1]).await.unwrap());
    drop(store);
    let store = open(&folder, &clock).await;
    let after = (store.job("demo", ids[0]).await.unwrap(), store.job("demo", ids[1]).await.unwrap());
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    assert_eq!(store.accounts().await.unwrap(), [contract::account("demo")]);
    assert_eq!(store.claim_jobs(5, Duration::from_secs(30)).await.unwrap().len(), 1);
    assert_eq!(store.claim_deliveries(contract::first_tries()).await.unwrap().len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    std::fs::write(folder.database(), "").unwrap();
    let store = open(&folder, &Clock::System).await;
    store.create_account(contract::account("demo")).await.unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder.0).unwrap() {
        let entry = entry.unwrap();
        names.push(entry.file_name().into_string().unwrap());
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{names:?}");
    }
    assert_eq!(names.len(), 3, "database, log and index of the log: {names:?}");
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = Folder::new();
    drop(open(&folder, &Clock::System).await);
    let mut raw = SqliteConnectOptions::new().filename(folder.database()).connect().await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'x', 1, x'00', 0)",
    )
    .execute(&mut raw)
    .await
    .unwrap();
    raw.close().await.unwrap();
    let refused = Sqlite::open(&folder.database(), Clock::System, options()).await.err().unwrap();
    assert_eq!(
        refused.to_string(),
        "cannot bring the database up to date: its schema has step 99, this binary knows 8 only: use a newer binary"
    );
}

#[tokio::test]
async fn a_caller_that_goes_away_disturbs_nobody() {
    let (folder, clock) = (Folder::new(), Subject::clock());
    let store = open(&folder, &clock).await;
    store.create_account(contract::account("demo")).await.unwrap();
    let jobs: Vec<_> = (0..20).map(|_| contract::job()).collect();
    for (number, job) in jobs.iter().enumerate() {
        let submit = store.submit(contract::submission("demo", vec![job.clone()]));
        if number % 2 == 0 {
            // Polled once: the command is on its way when its caller gives up.
            assert!(submit.now_or_never().is_none());
        } else {
            submit.await.unwrap();
        }
    }
    for job in &jobs {
        assert!(store.job("demo", job.id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_failing_command_is_undone_alone() {
    let (folder, clock) = (Folder::new(), Subject::clock());
    let store = open(&folder, &clock).await;
    store.create_account(contract::account("demo")).await.unwrap();
    // All wait while the first is committed, so that they form a group.
    let jobs: Vec<_> = (0..40).map(|_| contract::job()).collect();
    let submissions = jobs.iter().enumerate().map(|(number, job)| {
        let mut wanted = vec![job.clone()];
        if number % 3 == 0 {
            wanted.push(job.clone());
        }
        store.submit(contract::submission("demo", wanted))
    });
    let answers = futures_util::future::join_all(submissions).await;
    for (number, (job, answer)) in jobs.iter().zip(answers).enumerate() {
        assert_eq!(answer.is_ok(), number % 3 != 0);
        assert_eq!(store.job("demo", job.id).await.unwrap().is_some(), number % 3 != 0);
    }
    assert_eq!(store.gauges().await.unwrap().jobs[0], (State::Queued, 26));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_workers_get_each_job_once() {
    const JOBS: usize = 400;
    let (folder, clock) = (Folder::new(), Clock::System);
    let store = open(&folder, &clock).await;
    for account in ["a", "b", "c"] {
        store.create_account(contract::account(account)).await.unwrap();
    }
    let done = Arc::new(Mutex::new(HashSet::new()));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..JOBS {
        let store = store.clone();
        tasks.spawn(async move {
            let account = ["a", "b", "c"][number % 3];
            store.submit(contract::submission(account, vec![contract::job()])).await.unwrap();
        });
    }
    for _ in 0..16 {
        let (store, done) = (store.clone(), done.clone());
        tasks.spawn(async move {
            while done.lock().unwrap().len() < JOBS {
                for claimed in store.claim_jobs(3, Duration::from_secs(60)).await.unwrap() {
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
    assert_eq!(store.gauges().await.unwrap().jobs, [(State::Queued, 0), (State::Running, 0)]);
    let filter = JobFilter { state: Some(State::Succeeded), limit: 500, ..Default::default() };
    let mut listed = 0;
    for account in ["a", "b", "c"] {
        listed += store.jobs(account, filter.clone()).await.unwrap().items.len();
    }
    assert_eq!(listed, JOBS);
}
