//! How jobs and batches end.

use super::*;

pub(in crate::store) async fn an_advance_is_seen_by_readers(subject: Subject) {
    subject.account("demo").await;
    let id = subject.queue("demo").await;
    let claimed = subject.claim().await;
    let mut advance = completion(State::Succeeded).advance;
    advance.progress = Progress { done: 2, total: 5 };
    advance.deliveries = vec![delivery("https://example.com/")];
    subject.store.advance(id, claimed.token, advance.clone()).await.unwrap();
    let row = subject.row("demo", id).await;
    assert_eq!((row.state, row.progress, row.report), (State::Running, advance.progress, advance.report));
    assert!(row.version > claimed.job.version);
    assert_eq!(subject.claim_deliveries().await.len(), 1);
}

pub(in crate::store) async fn an_advance_tells_nothing_twice(subject: Subject) {
    subject.account("demo").await;
    let id = subject.queue("demo").await;
    let claimed = subject.claim().await;
    let mut advance = completion(State::Succeeded).advance;
    advance.deliveries = vec![delivery("https://example.com/")];
    let first = advance.deliveries[0].clone();
    subject.store.advance(id, claimed.token, advance.clone()).await.unwrap();
    // The job runs again: the event gets another id but has the same place.
    advance.deliveries[0].id = new_id();
    advance.deliveries[0].body = b"another".to_vec();
    let mut second = first.clone();
    (second.id, second.kind) = (new_id(), "output.finished".into());
    advance.deliveries.push(second.clone());
    subject.store.advance(id, claimed.token, advance).await.unwrap();
    let listed = subject.store.deliveries("demo", DeliveryFilter { limit: 10, ..Default::default() }).await.unwrap();
    let mut listed: Vec<_> = listed.items.into_iter().map(|row| row.delivery).collect();
    listed.sort_by_key(|delivery| delivery.id);
    assert_eq!(listed, [first, second]);
}

pub(in crate::store) async fn a_completed_job_is_final(subject: Subject) {
    subject.account("demo").await;
    for state in State::ALL.into_iter().filter(|state| state.is_final()) {
        let id = subject.queue("demo").await;
        let claimed = subject.claim().await;
        subject.pass(3);
        let mut end = completion(state);
        end.advance.progress = Progress { done: 4, total: 4 };
        end.advance.deliveries = vec![delivery("https://example.com/")];
        let completed = subject.store.complete(id, claimed.token, end.clone()).await.unwrap();
        assert_eq!(completed.batch, None);
        let row = subject.row("demo", id).await;
        assert_eq!((row.state, row.report, row.progress), (state, end.advance.report, end.advance.progress));
        assert_eq!(row.finished_at, Some(subject.clock.now()));
        assert!(row.version > claimed.job.version);
        assert_eq!(subject.claim_deliveries().await.len(), 1);
        let again = subject.store.complete(id, claimed.token, completion(State::Failed)).await;
        assert!(matches!(again, Err(Error::LeaseLost { .. })));
        subject.pass(60);
        assert!(subject.store.reap_jobs(1, LEASE).await.unwrap().is_empty());
        assert!(subject.claim_ids(1).await.is_empty());
    }
}

pub(in crate::store) async fn a_state_that_is_not_final_ends_nothing(subject: Subject) {
    subject.account("demo").await;
    let id = subject.queue("demo").await;
    let wrong = subject.store.cancel("demo", id, completion(State::Running)).await;
    assert!(matches!(wrong, Err(Error::Failed { .. })));
    let claimed = subject.claim().await;
    let wrong = subject.store.complete(id, claimed.token, completion(State::Queued)).await;
    assert!(matches!(wrong, Err(Error::Failed { .. })));
    assert_eq!(subject.row("demo", id).await.state, State::Running);
}

pub(in crate::store) async fn a_completion_stores_the_asset(subject: Subject) {
    subject.account("demo").await;
    let id = subject.queue("demo").await;
    let claimed = subject.claim().await;
    let mut end = completion(State::Succeeded);
    end.changes = vec![Change::PutAsset(asset("cat", &"c".repeat(64)))];
    subject.store.complete(id, claimed.token, end).await.unwrap();
    assert_eq!(subject.store.asset("demo", "cat").await.unwrap(), Some(asset("cat", &"c".repeat(64))));
}

pub(in crate::store) async fn a_waiting_job_is_cancelled_now(subject: Subject) {
    subject.account("demo").await;
    let id = subject.queue("demo").await;
    let mut end = completion(State::Cancelled);
    end.advance.deliveries = vec![delivery("https://example.com/")];
    let (cancelled, completed) = subject.store.cancel("demo", id, end.clone()).await.unwrap();
    assert_eq!((cancelled, completed.batch), (Cancelled::Now, None));
    let row = subject.row("demo", id).await;
    assert_eq!((row.state, row.report), (State::Cancelled, end.advance.report));
    assert_eq!(row.finished_at, Some(subject.clock.now()));
    assert!(subject.claim_ids(1).await.is_empty());
    assert_eq!(subject.claim_deliveries().await.len(), 1);
    assert_eq!(subject.store.gauges().await.unwrap().jobs[0], (State::Queued, 0));
}

pub(in crate::store) async fn a_running_job_is_asked_to_stop(subject: Subject) {
    subject.account("demo").await;
    let id = subject.queue("demo").await;
    let claimed = subject.claim().await;
    let mut end = completion(State::Cancelled);
    end.advance.deliveries = vec![delivery("https://example.com/")];
    let (cancelled, _) = subject.store.cancel("demo", id, end.clone()).await.unwrap();
    assert_eq!(cancelled, Cancelled::Requested);
    let row = subject.row("demo", id).await;
    assert_eq!((row.state, row.cancel_requested), (State::Running, true));
    assert_eq!(row.report, claimed.job.report, "its worker will write the report");
    assert!(row.version > claimed.job.version);
    assert!(subject.claim_deliveries().await.is_empty());
    let (cancelled, _) = subject.store.cancel("demo", id, end).await.unwrap();
    assert_eq!(cancelled, Cancelled::Requested);
    subject.store.release(id, claimed.token, Duration::ZERO, true).await.unwrap();
    assert!(subject.claim().await.job.cancel_requested, "the wish outlives the lease");
}

pub(in crate::store) async fn a_final_job_is_too_late_to_cancel(subject: Subject) {
    subject.account("demo").await;
    let id = subject.queue("demo").await;
    let claimed = subject.claim().await;
    subject.store.complete(id, claimed.token, completion(State::Succeeded)).await.unwrap();
    let (cancelled, _) = subject.store.cancel("demo", id, completion(State::Cancelled)).await.unwrap();
    assert_eq!(cancelled, Cancelled::TooLate);
    assert_eq!(subject.row("demo", id).await.state, State::Succeeded);
}

pub(in crate::store) async fn a_foreign_job_is_not_found(subject: Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    let id = subject.queue("demo").await;
    let (cancelled, _) = subject.store.cancel("other", id, completion(State::Cancelled)).await.unwrap();
    assert_eq!(cancelled, Cancelled::NotFound);
    assert_eq!(subject.row("demo", id).await.state, State::Queued);
}

async fn three_in_a_batch(subject: &Subject) -> NewBatch {
    subject.account("demo").await;
    let mut three = submission("demo", vec![job(), job(), job()]);
    let new = batch();
    three.batch = Some(new.clone());
    subject.store.submit(three).await.unwrap();
    new
}

pub(in crate::store) async fn a_batch_counts_its_jobs(subject: Subject) {
    let new = three_in_a_batch(&subject).await;
    let claimed = subject.claim().await;
    subject.store.complete(claimed.job.id, claimed.token, completion(State::Failed)).await.unwrap();
    subject.claim().await;
    let mut row = subject.store.batch("demo", new.id).await.unwrap().unwrap();
    row.counts.sort_by_key(|count| count.0.as_str());
    assert_eq!(row.counts, [(State::Failed, 1), (State::Queued, 1), (State::Running, 1)]);
    assert_eq!((row.id, row.account.as_str(), row.dialect.as_str()), (new.id, "demo", "native"));
    assert_eq!((row.notification_url, row.reference, row.extra), (new.notification_url, new.reference, new.extra));
    assert_eq!((row.created_at, row.finished_at), (subject.clock.now(), None));
    assert!(subject.store.batch("other", new.id).await.unwrap().is_none());
}

pub(in crate::store) async fn the_last_job_finishes_the_batch(subject: Subject) {
    let new = three_in_a_batch(&subject).await;
    let mut told = Vec::new();
    for state in [State::Succeeded, State::Failed, State::PartiallyFailed] {
        let claimed = subject.claim().await;
        assert!(subject.store.unannounced_batches(10).await.unwrap().is_empty());
        subject.pass(1);
        told.push(subject.store.complete(claimed.job.id, claimed.token, completion(state)).await.unwrap().batch);
    }
    assert_eq!(told, [None, None, Some(new.id)]);
    let row = subject.store.batch("demo", new.id).await.unwrap().unwrap();
    assert_eq!(row.finished_at, Some(subject.clock.now()));
    let unannounced = subject.store.unannounced_batches(10).await.unwrap();
    assert_eq!(unannounced.iter().map(|batch| batch.id).collect::<Vec<_>>(), [new.id]);
    assert_eq!(unannounced[0].counts.iter().map(|count| count.1).sum::<u64>(), 3);
}

pub(in crate::store) async fn a_cancelled_last_job_finishes_the_batch(subject: Subject) {
    let new = three_in_a_batch(&subject).await;
    for _ in 0..2 {
        let claimed = subject.claim().await;
        subject.store.complete(claimed.job.id, claimed.token, completion(State::Succeeded)).await.unwrap();
    }
    let filter = JobFilter { state: Some(State::Queued), limit: 1, ..Default::default() };
    let last = subject.store.jobs("demo", filter).await.unwrap().items[0].id;
    let (cancelled, completed) = subject.store.cancel("demo", last, completion(State::Cancelled)).await.unwrap();
    assert_eq!((cancelled, completed.batch), (Cancelled::Now, Some(new.id)));
}

pub(in crate::store) async fn a_batch_is_announced_once(subject: Subject) {
    let new = three_in_a_batch(&subject).await;
    for claimed in subject.store.claim_jobs(3, LEASE).await.unwrap() {
        subject.store.complete(claimed.job.id, claimed.token, completion(State::Succeeded)).await.unwrap();
    }
    let announced = async || {
        let mut told = delivery("https://example.com/batch");
        (told.job, told.batch) = (None, Some(new.id));
        subject.store.announce_batch(new.id, vec![told]).await.unwrap();
    };
    announced().await;
    announced().await;
    let owed = subject.claim_deliveries().await;
    assert_eq!(owed.len(), 1);
    assert_eq!((owed[0].row.delivery.job, owed[0].row.delivery.batch), (None, Some(new.id)));
    assert!(subject.store.unannounced_batches(10).await.unwrap().is_empty());
}

pub(in crate::store) async fn an_unfinished_batch_is_not_announced(subject: Subject) {
    let new = three_in_a_batch(&subject).await;
    subject.store.announce_batch(new.id, vec![delivery("https://example.com/batch")]).await.unwrap();
    assert!(subject.claim_deliveries().await.is_empty());
}

pub(in crate::store) async fn batches_are_listed_as_asked_for(subject: Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    let mut ids = Vec::new();
    for (account, dialect, camera) in
        [("demo", "a", "one"), ("demo", "a", "two"), ("demo", "b", "one"), ("other", "a", "one"), ("demo", "a", "one")]
    {
        let mut submission = submission(account, vec![job()]);
        let extra = serde_json::json!({"feedId": camera});
        let new = NewBatch { id: new_id(), dialect: dialect.into(), extra, ..batch() };
        ids.push(new.id);
        submission.batch = Some(new);
        subject.store.submit(submission).await.unwrap();
        subject.pass(10);
    }
    let start = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let list = async |change: &dyn Fn(&mut BatchFilter)| {
        let mut filter = BatchFilter { dialect: "a".into(), limit: 10, ..BatchFilter::default() };
        change(&mut filter);
        let found = subject.store.batches("demo", filter).await.unwrap();
        assert!(found.iter().all(|batch| batch.counts == [(State::Queued, 1)]));
        found.into_iter().map(|batch| ids.iter().position(|id| *id == batch.id).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(list(&|_| {}).await, [4, 1, 0]);
    assert_eq!(list(&|filter| filter.extra = vec![("feedId", "one".into())]).await, [4, 0]);
    assert_eq!(list(&|filter| filter.from = Some(start + Duration::from_secs(10))).await, [4, 1]);
    assert_eq!(list(&|filter| filter.before = Some(start + Duration::from_secs(10))).await, [0]);
    assert_eq!(list(&|filter| filter.limit = 1).await, [4]);
    assert_eq!(list(&|filter| filter.dialect = "c".into()).await, [0; 0]);
}
