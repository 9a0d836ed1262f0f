//! Assets, blobs, retention, gauges.

use super::*;

fn blob(letter: &str) -> String {
    letter.repeat(64)
}

const DAY: Duration = Duration::from_secs(86_400);

pub(in crate::store) async fn an_asset_replaces_one_of_its_id(subject: Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    subject.store.put_asset(asset("cat", &blob("a"))).await.unwrap();
    let newer = AssetRow { bytes: 99, width: 7, format: "gif".into(), ..asset("cat", &blob("b")) };
    subject.store.put_asset(newer.clone()).await.unwrap();
    subject.store.put_asset(asset("dog", &blob("a"))).await.unwrap();
    assert_eq!(subject.store.asset("demo", "cat").await.unwrap(), Some(newer));
    assert_eq!(subject.store.asset("demo", "dog").await.unwrap(), Some(asset("dog", &blob("a"))));
    assert_eq!(subject.store.asset("other", "cat").await.unwrap(), None);
}

pub(in crate::store) async fn an_asset_is_forgotten(subject: Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    subject.store.put_asset(asset("cat", &blob("a"))).await.unwrap();
    assert!(!subject.store.delete_asset("other", "cat").await.unwrap());
    assert!(subject.store.delete_asset("demo", "cat").await.unwrap());
    assert!(!subject.store.delete_asset("demo", "cat").await.unwrap());
    assert_eq!(subject.store.asset("demo", "cat").await.unwrap(), None);
}

pub(in crate::store) async fn blobs_in_use_are_not_unreferenced(subject: Subject) {
    subject.account("demo").await;
    let [source, early, late, stored, replaced, unknown] = ["1", "2", "3", "4", "5", "6"].map(blob);
    let mut new = job();
    new.blobs = vec![source.clone()];
    subject.store.submit(submission("demo", vec![new])).await.unwrap();
    let claimed = subject.claim().await;
    let mut advance = completion(State::Succeeded).advance;
    advance.blobs = vec![BlobRow { sha256: early.clone(), bytes: 10 }];
    subject.store.advance(claimed.job.id, claimed.token, advance).await.unwrap();
    let mut end = completion(State::Succeeded);
    end.advance.blobs = vec![BlobRow { sha256: late.clone(), bytes: 20 }];
    end.changes = vec![Change::PutAsset(asset("cat", &stored))];
    subject.store.complete(claimed.job.id, claimed.token, end).await.unwrap();
    subject.store.put_asset(asset("dog", &replaced)).await.unwrap();
    subject.store.put_asset(asset("dog", &stored)).await.unwrap();
    let all = [source, early, late, stored.clone(), replaced.clone(), unknown.clone()];
    let mut free = subject.store.unreferenced(&all).await.unwrap();
    free.sort();
    assert_eq!(free, [replaced, unknown]);
    subject.store.delete_asset("demo", "cat").await.unwrap();
    assert!(subject.store.unreferenced(std::slice::from_ref(&stored)).await.unwrap().is_empty(), "dog has it too");
    subject.store.delete_asset("demo", "dog").await.unwrap();
    assert_eq!(subject.store.unreferenced(std::slice::from_ref(&stored)).await.unwrap(), [stored]);
    assert!(subject.store.unreferenced(&[]).await.unwrap().is_empty());
}

pub(in crate::store) async fn old_work_is_forgotten(subject: Subject) {
    subject.account("demo").await;
    let mut new = job();
    new.blobs = vec![blob("a")];
    let (id, token) = (new.id, new.report.outputs[0].token.clone());
    let mut in_batch = submission("demo", vec![new]);
    let batch = batch();
    in_batch.batch = Some(batch.clone());
    subject.store.submit(in_batch).await.unwrap();
    let claimed = subject.claim().await;
    let mut end = completion(State::Succeeded);
    end.advance.report = claimed.job.report.clone();
    end.advance.deliveries = vec![delivery("https://example.com/")];
    let owed = end.advance.deliveries[0].id;
    subject.store.complete(id, claimed.token, end).await.unwrap();
    subject.store.announce_batch(batch.id, Vec::new()).await.unwrap();
    let sent = subject.claim_deliveries().await;
    let at = subject.clock.now();
    let done = sent.iter().map(|one| recorded(one, at, Some(200), Verdict::Delivered)).collect();
    subject.store.record_attempts(done).await.unwrap();
    subject.clock.step(DAY);
    assert_eq!(subject.store.forget(DAY).await.unwrap(), 0, "not older than a day yet");
    subject.pass(1);
    assert_eq!(subject.store.forget(DAY).await.unwrap(), 2, "a job and a delivery");
    assert!(subject.store.job("demo", id).await.unwrap().is_none());
    assert!(subject.store.output(&token).await.unwrap().is_none());
    assert!(subject.store.delivery("demo", owed).await.unwrap().is_none());
    assert!(subject.store.batch("demo", batch.id).await.unwrap().is_none());
    assert_eq!(subject.store.unreferenced(&[blob("a")]).await.unwrap(), [blob("a")]);
    assert_eq!(subject.store.forget(DAY).await.unwrap(), 0);
}

pub(in crate::store) async fn young_and_pending_work_stays(subject: Subject) {
    subject.account("demo").await;
    let dead = delivery("https://dead.example/");
    subject.owe(vec![dead.clone()]).await;
    let at = subject.clock.now();
    let sent = subject.claim_deliveries().await;
    subject.store.record_attempts(vec![recorded(&sent[0], at, Some(410), Verdict::Dead)]).await.unwrap();
    let pending = delivery("https://example.com/");
    subject.owe(vec![pending.clone()]).await;
    subject.queue("demo").await;
    let running = subject.claim().await.job.id;
    let queued = subject.queue("demo").await;
    subject.clock.step(DAY * 30);
    subject.queue("demo").await;
    let young = subject.queue("demo").await;
    subject.store.cancel("demo", young, completion(State::Cancelled)).await.unwrap();
    assert_eq!(subject.store.forget(DAY).await.unwrap(), 2, "the two jobs that told of the deliveries");
    for id in [running, queued, young] {
        assert!(subject.store.job("demo", id).await.unwrap().is_some());
    }
    for id in [pending.id, dead.id] {
        assert!(subject.store.delivery("demo", id).await.unwrap().is_some());
    }
    assert_eq!(ids(&subject.claim_deliveries().await), [pending.id]);
}

pub(in crate::store) async fn of_many_ended_jobs_only_those_due_are_forgotten(subject: Subject) {
    subject.account("demo").await;
    // A thousand jobs each second.
    let (seconds, old) = (subject.thousands, subject.thousands * 3 / 10);
    let mut lists: Vec<Vec<Uuid>> = Vec::new();
    for _ in 0..seconds {
        let jobs: Vec<NewJob> = std::iter::repeat_with(job).take(1000).collect();
        lists.push(jobs.iter().map(|job| job.id).collect());
        let many = Submission { queue_limit: 1000, ..submission("demo", jobs) };
        subject.store.submit(many).await.unwrap();
        let claimed = subject.store.claim_jobs(1000, LEASE).await.unwrap();
        let ends = claimed.into_iter().map(|one| {
            let mut end = completion(State::Succeeded);
            end.advance.report = one.job.report;
            subject.store.complete(one.job.id, one.token, end)
        });
        for end in futures_util::future::join_all(ends).await {
            end.unwrap();
        }
        subject.pass(1);
    }
    for id in lists.iter().flatten().step_by(997) {
        assert!(subject.store.any_job(*id).await.unwrap().is_some_and(|row| row.state == State::Succeeded));
    }
    // Those of the first seconds are older than this.
    let kept = Duration::from_secs(seconds - old);
    let mut forgotten = 0;
    loop {
        match subject.store.forget(kept).await.unwrap() {
            0 => break,
            some => forgotten += some,
        }
    }
    assert_eq!(forgotten, old * 1000);
    for (second, list) in lists.iter().enumerate() {
        for id in list {
            assert_eq!(subject.store.any_job(*id).await.unwrap().is_some(), second as u64 >= old, "of second {second}");
        }
    }
}

fn ids(claimed: &[ClaimedDelivery]) -> Vec<Uuid> {
    claimed.iter().map(|one| one.row.id).collect()
}

pub(in crate::store) async fn old_keys_are_forgotten(subject: Subject) {
    subject.account("demo").await;
    let mut keyed = submission("demo", vec![job()]);
    keyed.idempotency = Some(Idempotency { key: "k".into(), fingerprint: "f".into(), lifetime: DAY });
    subject.store.submit(keyed).await.unwrap();
    subject.clock.step(DAY - Duration::from_secs(1));
    assert_eq!(subject.store.forget(Duration::ZERO).await.unwrap(), 0);
    subject.pass(1);
    assert_eq!(subject.store.forget(DAY * 7).await.unwrap(), 1);
}

pub(in crate::store) async fn gauges_count_what_waits(subject: Subject) {
    let empty = subject.store.gauges().await.unwrap();
    assert_eq!((empty.jobs, empty.oldest_queued), (vec![(State::Queued, 0), (State::Running, 0)], None));
    assert_eq!(empty.deliveries, [(DeliveryState::Pending, 0), (DeliveryState::Dead, 0)]);
    subject.account("demo").await;
    subject.account("other").await;
    subject
        .owe(vec![delivery("https://a.example/"), delivery("https://b.example/"), delivery("https://c.example/")])
        .await;
    let claimed = subject.claim_deliveries().await;
    let at = subject.clock.now();
    let ends = vec![
        recorded(&claimed[0], at, Some(410), Verdict::Dead),
        recorded(&claimed[1], at, Some(200), Verdict::Delivered),
    ];
    subject.store.record_attempts(ends).await.unwrap();
    for account in ["demo", "other", "other"] {
        subject.queue(account).await;
    }
    subject.claim().await;
    subject.pass(5);
    subject.queue("demo").await;
    subject.pass(2);
    let found = subject.store.gauges().await.unwrap();
    assert_eq!(found.jobs, [(State::Queued, 3), (State::Running, 1)]);
    assert_eq!(found.oldest_queued, Some(Duration::from_secs(7)));
    assert_eq!(found.deliveries, [(DeliveryState::Pending, 1), (DeliveryState::Dead, 1)]);
}

pub(in crate::store) async fn a_good_store_is_ready(subject: Subject) {
    subject.store.ready().await.unwrap();
    subject.account("demo").await;
    subject.store.ready().await.unwrap();
}
