//! Claims and leases of jobs.

use super::*;

pub(in crate::store) async fn a_claim_makes_a_job_running(subject: Subject) {
    subject.account("demo").await;
    let id = subject.queue("demo").await;
    let version = subject.row("demo", id).await.version;
    subject.pass(2);
    let claimed = subject.claim().await;
    let row = subject.row("demo", id).await;
    assert_eq!((claimed.job.id, claimed.job.state, claimed.job.attempt), (id, State::Running, 1));
    assert_eq!((row.state, row.attempt, row.started_at), (State::Running, 1, Some(subject.clock.now())));
    assert!(row.version > version);
    assert_eq!(claimed.job.version, row.version);
    assert!(subject.claim_ids(10).await.is_empty(), "it is not claimed twice");
}

pub(in crate::store) async fn an_empty_queue_gives_nothing(subject: Subject) {
    assert!(subject.claim_ids(10).await.is_empty());
    subject.account("demo").await;
    assert!(subject.claim_ids(10).await.is_empty());
    subject.queue("demo").await;
    assert!(subject.claim_ids(0).await.is_empty());
}

pub(in crate::store) async fn higher_priorities_run_first(subject: Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    let mut ids = Vec::new();
    for (account, priority) in [("demo", -100), ("demo", 0), ("other", 5), ("demo", 100)] {
        let mut new = job();
        new.priority = priority;
        ids.push(new.id);
        subject.store.submit(submission(account, vec![new])).await.unwrap();
    }
    ids.reverse();
    assert_eq!(subject.claim_ids(2).await, ids[..2]);
    assert_eq!(subject.claim_ids(10).await, ids[2..]);
}

pub(in crate::store) async fn older_jobs_run_first(subject: Subject) {
    subject.account("demo").await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(subject.queue("demo").await);
        subject.pass(1);
    }
    assert_eq!(subject.claim_ids(2).await, ids[..2]);
    assert_eq!(subject.claim_ids(5).await, ids[2..]);
}

pub(in crate::store) async fn the_account_with_fewest_running_comes_first(subject: Subject) {
    subject.account("busy").await;
    subject.account("small").await;
    for _ in 0..10 {
        subject.queue("busy").await;
    }
    assert_eq!(subject.claim_ids(3).await.len(), 3);
    let mut small = Vec::new();
    for _ in 0..4 {
        small.push(subject.queue("small").await);
    }
    assert_eq!(subject.claim_ids(3).await, small[..3], "until both have as many");
    let next = subject.store.claim_jobs(2, LEASE).await.unwrap();
    let accounts: Vec<_> = next.iter().map(|claimed| claimed.job.account.as_str()).collect();
    assert_eq!(accounts, ["busy", "small"], "served less recently, then in turn");
}

pub(in crate::store) async fn the_account_served_least_recently_comes_first(subject: Subject) {
    for account in ["a", "b", "c"] {
        subject.account(account).await;
        for _ in 0..3 {
            subject.queue(account).await;
        }
    }
    let mut served = Vec::new();
    for _ in 0..9 {
        let claimed = subject.claim().await;
        served.push(claimed.job.account.clone());
        subject.store.complete(claimed.job.id, claimed.token, completion(State::Succeeded)).await.unwrap();
    }
    for turn in served.chunks(3) {
        let mut turn = turn.to_vec();
        turn.sort();
        assert_eq!(turn, ["a", "b", "c"]);
    }
}

pub(in crate::store) async fn a_heartbeat_keeps_the_lease(subject: Subject) {
    subject.account("demo").await;
    subject.queue("demo").await;
    let claimed = subject.claim().await;
    for _ in 0..3 {
        subject.pass(29);
        let found = subject.store.heartbeat(&[(claimed.job.id, claimed.token)], LEASE).await.unwrap();
        assert_eq!(found, [Heartbeat::Held]);
        assert!(subject.store.reap_jobs(5, LEASE).await.unwrap().is_empty());
    }
    subject.store.complete(claimed.job.id, claimed.token, completion(State::Succeeded)).await.unwrap();
}

pub(in crate::store) async fn a_heartbeat_tells_of_a_cancellation(subject: Subject) {
    subject.account("demo").await;
    subject.queue("demo").await;
    subject.queue("demo").await;
    let (first, second) = (subject.claim().await, subject.claim().await);
    subject.store.cancel("demo", second.job.id, completion(State::Cancelled)).await.unwrap();
    let leases = [(first.job.id, first.token), (second.job.id, second.token), (first.job.id, new_id())];
    let found = subject.store.heartbeat(&leases, LEASE).await.unwrap();
    assert_eq!(found, [Heartbeat::Held, Heartbeat::CancelRequested, Heartbeat::Lost]);
}

pub(in crate::store) async fn a_heartbeat_of_a_lost_lease_is_lost(subject: Subject) {
    subject.account("demo").await;
    subject.queue("demo").await;
    let claimed = subject.claim().await;
    subject.pass(31);
    subject.store.reap_jobs(5, LEASE).await.unwrap();
    let found = subject.store.heartbeat(&[(claimed.job.id, claimed.token)], LEASE).await.unwrap();
    assert_eq!(found, [Heartbeat::Lost]);
}

pub(in crate::store) async fn a_lost_lease_returns_the_job(subject: Subject) {
    subject.account("demo").await;
    let id = subject.queue("demo").await;
    let claimed = subject.claim().await;
    subject.pass(29);
    assert!(subject.store.reap_jobs(5, LEASE).await.unwrap().is_empty());
    assert_eq!(subject.row("demo", id).await.state, State::Running);
    subject.pass(1);
    assert!(subject.store.reap_jobs(5, LEASE).await.unwrap().is_empty());
    let row = subject.row("demo", id).await;
    assert_eq!((row.state, row.attempt), (State::Queued, 1));
    assert!(row.version > claimed.job.version);
    subject.pass(2);
    let again = subject.claim().await;
    assert_eq!((again.job.id, again.job.attempt), (id, 2));
    assert_ne!(again.token, claimed.token);
    assert_eq!(again.job.started_at, claimed.job.started_at, "the first claim counts");
}

pub(in crate::store) async fn a_lost_job_waits_longer_each_time(subject: Subject) {
    subject.account("demo").await;
    subject.queue("demo").await;
    for wait in [2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        assert_eq!(subject.claim_ids(1).await.len(), 1);
        subject.pass(30);
        subject.store.reap_jobs(100, LEASE).await.unwrap();
        subject.pass(wait - 1);
        assert!(subject.claim_ids(1).await.is_empty(), "{wait} s are not over");
        subject.pass(1);
    }
}

pub(in crate::store) async fn a_poison_job_comes_back_claimed(subject: Subject) {
    subject.account("demo").await;
    let id = subject.queue("demo").await;
    subject.claim().await;
    subject.pass(30);
    assert!(subject.store.reap_jobs(2, LEASE).await.unwrap().is_empty());
    subject.pass(2);
    let lost = subject.claim().await;
    subject.pass(30);
    let poison = subject.store.reap_jobs(2, LEASE).await.unwrap();
    assert_eq!(poison.len(), 1);
    assert_eq!((poison[0].job.id, poison[0].job.state, poison[0].job.attempt), (id, State::Running, 2));
    assert!(subject.claim_ids(1).await.is_empty());
    assert!(subject.store.reap_jobs(2, LEASE).await.unwrap().is_empty(), "it is leased");
    let late = subject.store.complete(id, lost.token, completion(State::Succeeded)).await;
    assert!(matches!(late, Err(Error::LeaseLost { .. })));
    subject.store.complete(id, poison[0].token, completion(State::Failed)).await.unwrap();
    assert_eq!(subject.row("demo", id).await.state, State::Failed);
}

pub(in crate::store) async fn a_lost_lease_writes_nothing(subject: Subject) {
    subject.account("demo").await;
    let id = subject.queue("demo").await;
    let claimed = subject.claim().await;
    subject.pass(30);
    subject.store.reap_jobs(5, LEASE).await.unwrap();
    subject.pass(2);
    let again = subject.claim().await;
    let before = subject.row("demo", id).await;
    let mut end = completion(State::Succeeded);
    end.advance.deliveries = vec![delivery("https://example.com/")];
    let lost = |result: Result<(), Error>| matches!(result, Err(Error::LeaseLost { id: lost }) if lost == id);
    assert!(lost(subject.store.advance(id, claimed.token, end.advance.clone()).await));
    assert!(lost(subject.store.complete(id, claimed.token, end).await.map(|_| ())));
    assert!(lost(subject.store.release(id, claimed.token, Duration::ZERO, true).await));
    let after = subject.row("demo", id).await;
    assert_eq!((after.version, after.state, after.report), (before.version, State::Running, before.report));
    assert!(subject.claim_deliveries().await.is_empty());
    subject.store.complete(id, again.token, completion(State::Succeeded)).await.unwrap();
}

pub(in crate::store) async fn a_released_job_waits_for_its_delay(subject: Subject) {
    subject.account("demo").await;
    let id = subject.queue("demo").await;
    let claimed = subject.claim().await;
    subject.store.release(id, claimed.token, Duration::from_secs(7), true).await.unwrap();
    assert_eq!(subject.row("demo", id).await.state, State::Queued);
    subject.pass(6);
    assert!(subject.claim_ids(1).await.is_empty());
    subject.pass(1);
    assert_eq!(subject.claim().await.job.attempt, 2);
}

pub(in crate::store) async fn a_drained_job_gets_its_attempt_back(subject: Subject) {
    subject.account("demo").await;
    let id = subject.queue("demo").await;
    let claimed = subject.claim().await;
    subject.store.release(id, claimed.token, Duration::ZERO, false).await.unwrap();
    assert_eq!(subject.row("demo", id).await.attempt, 0);
    assert_eq!(subject.claim().await.job.attempt, 1);
}

pub(in crate::store) async fn the_next_due_job_is_known(subject: Subject) {
    subject.account("demo").await;
    let due = async || subject.store.next_due().await.unwrap().job;
    assert_eq!(due().await, None);
    let id = subject.queue("demo").await;
    assert!(due().await.unwrap() <= subject.clock.now());
    let claimed = subject.claim().await;
    assert_eq!(due().await, None);
    subject.store.release(id, claimed.token, Duration::from_secs(9), true).await.unwrap();
    assert_eq!(due().await, Some(subject.clock.now() + Duration::from_secs(9)));
}
