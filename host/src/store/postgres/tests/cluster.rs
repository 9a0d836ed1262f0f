//! Connections that are lost, and primaries that change.

use futures_util::future::BoxFuture;
use safelight_test_postgres::{Server, url};

use super::*;
use crate::store::Idempotency;

/// Accepts a job as soon as that is possible again.
async fn submit_again(store: &Postgres) -> Uuid {
    let job = contract::job();
    for _ in 0..100 {
        match store.submit(contract::submission("demo", vec![job.clone()])).await {
            Ok(_) => return job.id,
            // As a caller does: what is not known is looked up.
            Err(Error::Unknown { .. }) if store.job("demo", job.id).await.is_ok_and(|row| row.is_some()) => {
                return job.id;
            }
            Err(Error::Unknown { .. } | Error::Failed { .. }) => tokio::time::sleep(Duration::from_millis(100)).await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the store does not come back");
}

#[tokio::test]
async fn connections_that_the_server_ends_are_replaced() {
    let (nodes, database) = nodes(1).await;
    let store = &nodes[0];
    store.create_account(contract::account("demo")).await.unwrap();
    for _ in 0..3 {
        // Several connections, all idle.
        futures_util::future::join_all((0..6).map(|_| store.accounts())).await;
        // They are gone when the answer is there: one that is ended later can be in the middle of a commit.
        database.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database() \
             AND pid <> pg_backend_pid()",
        );
        // A write finds out by itself, and is tried again.
        let job = contract::job();
        store.submit(contract::submission("demo", vec![job.clone()])).await.unwrap();
        assert!(store.job("demo", job.id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_disturbs_nobody() {
    let (nodes, _database) = nodes(1).await;
    let store = &nodes[0];
    store.create_account(contract::account("demo")).await.unwrap();
    let jobs: Vec<_> = (0..20).map(|_| contract::job()).collect();
    for job in &jobs {
        let submit = store.submit(contract::submission("demo", vec![job.clone()]));
        // Polled once: the command is on its way when its caller gives up.
        assert!(futures_util::FutureExt::now_or_never(submit).is_none());
    }
    for job in &jobs {
        let mut is_there = false;
        for _ in 0..500 {
            is_there = store.job("demo", job.id).await.unwrap().is_some();
            if is_there {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(is_there);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_takes_over_is_found() {
    let first = Server::start();
    first.create("media");
    let second = first.standby();
    // The standby is named first: it is not the primary, so it is not used.
    let both = url(&[&second, &first], "media");
    let store = open(&both, Clock::System).await;
    store.create_account(contract::account("demo")).await.unwrap();
    let before = store.submit(contract::submission("demo", vec![contract::job()])).await.unwrap().jobs[0];
    let place = first.execute("media", "SELECT pg_current_wal_lsn()");
    let has_all = format!("SELECT pg_last_wal_replay_lsn() >= '{place}'");
    while second.execute("media", &has_all) != "t" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    first.crash();
    second.promote();
    let after = submit_again(&store).await;
    for id in [before, after] {
        assert!(store.job("demo", id).await.unwrap().is_some());
    }
    assert_eq!(store.claim_jobs(10, Duration::from_secs(30)).await.unwrap().len(), 2);
    second.crash();
}

/// Runs a command at a server whose standbys do not answer; what it comes to once nobody waits for them any more. Fails if it
/// ends before.
async fn waits_for_standbys<T: Send + 'static>(server: &Server, command: impl Fn() -> BoxFuture<'static, T>) -> T {
    const WAITING: &str = "SELECT COUNT(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    server.set("synchronous_standby_names", "nobody");
    let mut running = tokio::spawn(command());
    let mut tries = 0;
    while server.execute("postgres", WAITING) != "t" {
        // The server may not know its new setting yet.
        if running.is_finished() {
            tries += 1;
            assert!(tries < 500, "the commit does not wait");
            running = tokio::spawn(command());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!running.is_finished());
    server.set("synchronous_standby_names", "");
    running.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_commit_left_is_told_once_the_standbys_have_it() {
    let server = Server::start();
    server.create("media");
    let store = open(&server.url("media"), Clock::System).await;
    store.create_account(contract::account("demo")).await.unwrap();
    let job = contract::job();
    let idempotency = Idempotency { key: "once".into(), fingerprint: "f".into(), lifetime: Duration::from_secs(3600) };
    let submission = Submission { idempotency: Some(idempotency), ..contract::submission("demo", vec![job.clone()]) };
    store.submit(submission.clone()).await.unwrap();
    // That commit may have given up waiting. Whoever is told of the job must be able to rely on it.
    let (asking, id) = (store.clone(), job.id);
    let is_kept = waits_for_standbys(&server, || {
        let store = asking.clone();
        Box::pin(async move { store.is_kept("demo", id).await.unwrap() })
    });
    assert!(is_kept.await);
    let again = waits_for_standbys(&server, || {
        let (store, submission) = (asking.clone(), submission.clone());
        Box::pin(async move { store.submit(submission).await.unwrap() })
    });
    let again = again.await;
    assert_eq!((again.jobs, again.repeated), (vec![job.id], true));
    assert!(!store.is_kept("demo", Uuid::now_v7()).await.unwrap());
    assert!(!store.is_kept("somebody else", job.id).await.unwrap());
    server.crash();
}

#[tokio::test]
async fn without_a_primary_nothing_is_opened() {
    let first = Server::start();
    let second = first.standby();
    first.crash();
    let impatient = Pool { acquire_timeout: Duration::from_secs(1), ..POOL };
    let refused = Postgres::open(&url(&[&first, &second], "postgres"), impatient, Clock::System, options()).await;
    let problem = refused.err().unwrap().to_string();
    assert!(problem.contains("no primary among the hosts of store.url"), "{problem}");
    assert!(problem.contains(&format!("{} is a standby", second.host())), "{problem}");
    second.crash();
}
