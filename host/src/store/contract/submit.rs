//! Accounts, submissions, lists.

use super::*;

pub(in crate::store) async fn an_account_is_found_by_its_key(subject: Subject) {
    let mut made = account("demo");
    made.previous_webhook_secret = Some("whsec_b2xk".into());
    made.previous_until = Some(subject.clock.now());
    subject.store.create_account(made.clone()).await.unwrap();
    assert_eq!(subject.store.account("demo").await.unwrap(), Some(made));
    assert_eq!(subject.store.account("Demo").await.unwrap(), None);
}

pub(in crate::store) async fn an_account_is_made_once(subject: Subject) {
    subject.account("demo").await;
    let mut other = account("demo");
    other.secret = "another".into();
    let again = subject.store.create_account(other).await;
    assert!(matches!(again, Err(Error::Exists { what: "account", name }) if name == "demo"));
    assert_eq!(subject.store.account("demo").await.unwrap(), Some(account("demo")));
}

pub(in crate::store) async fn accounts_are_listed_by_key(subject: Subject) {
    for key in ["zoe", "adam", "mia"] {
        subject.account(key).await;
    }
    let keys: Vec<_> = subject.store.accounts().await.unwrap().into_iter().map(|account| account.key).collect();
    assert_eq!(keys, ["adam", "mia", "zoe"]);
}

pub(in crate::store) async fn settings_of_an_account_are_kept(subject: Subject) {
    subject.account("demo").await;
    let mut account = subject.store.account("demo").await.unwrap().unwrap();
    account.settings = crate::account::Settings {
        queue_limit: Some(u64::from(u32::MAX) + 1),
        requests_per_s: Some(0),
        polls_per_s: Some(9),
        event_bus: Some("orders".into()),
        event_region: Some("eu-west-1".into()),
    };
    assert!(subject.store.update_account(account.clone()).await.unwrap());
    assert_eq!(subject.store.account("demo").await.unwrap(), Some(account));
}

pub(in crate::store) async fn an_accounts_own_limit_counts(subject: Subject) {
    subject.account("demo").await;
    let account = subject.store.account("demo").await.unwrap().unwrap();
    for (own, taken) in [(Some(1), 1), (Some(3), 2), (None, 2)] {
        let settings = crate::account::Settings { queue_limit: own, ..account.settings.clone() };
        subject.store.update_account(Account { settings, ..account.clone() }).await.unwrap();
        for index in 0..3 {
            let limited = Submission { queue_limit: 5, ..submission("demo", vec![job()]) };
            let result = subject.store.submit(limited).await;
            assert_eq!(result.is_ok(), index < taken, "{own:?} {index}: {result:?}");
        }
    }
}

pub(in crate::store) async fn secrets_are_replaced_together(subject: Subject) {
    subject.account("demo").await;
    let mut rotated = account("demo");
    rotated.secret = "new".into();
    rotated.webhook_secret = "whsec_bmV3ZXI".into();
    rotated.previous_webhook_secret = Some("whsec_bmV3".into());
    rotated.previous_until = Some(subject.clock.now());
    assert!(subject.store.update_account(rotated.clone()).await.unwrap());
    assert_eq!(subject.store.account("demo").await.unwrap(), Some(rotated));
    assert!(!subject.store.update_account(account("nobody")).await.unwrap());
}

pub(in crate::store) async fn a_job_is_found_by_its_account_only(subject: Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    let mut new = job();
    new.priority = -7;
    new.spec.reference = Some("r-1".into());
    subject.store.submit(submission("demo", vec![new.clone()])).await.unwrap();
    let row = subject.row("demo", new.id).await;
    assert_eq!((row.id, row.account.as_str(), row.batch, row.state), (new.id, "demo", None, State::Queued));
    assert_eq!((row.priority, row.attempt, row.cancel_requested), (-7, 0, false));
    assert_eq!((row.spec, row.report), (new.spec, new.report));
    assert_eq!(row.progress, Progress { done: 0, total: 1 });
    assert_eq!((row.created_at, row.started_at, row.finished_at), (subject.clock.now(), None, None));
    assert!(subject.store.job("other", new.id).await.unwrap().is_none());
    assert!(subject.store.job("demo", new_id()).await.unwrap().is_none());
}

pub(in crate::store) async fn a_submission_keeps_the_order_of_its_jobs(subject: Subject) {
    subject.account("demo").await;
    let jobs = vec![job(), job(), job()];
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    let mut submission = submission("demo", jobs);
    let batch = batch();
    submission.batch = Some(batch.clone());
    let submitted = subject.store.submit(submission).await.unwrap();
    assert_eq!((submitted.jobs, submitted.batch, submitted.repeated), (ids.clone(), Some(batch.id), false));
    assert_eq!(subject.claim_ids(10).await, ids);
    assert_eq!(subject.row("demo", ids[0]).await.batch, Some(batch.id));
}

pub(in crate::store) async fn a_submission_without_an_account_is_refused(subject: Subject) {
    let new = job();
    let refused = subject.store.submit(submission("nobody", vec![new.clone()])).await;
    assert!(matches!(refused, Err(Error::Failed { .. })));
    assert!(subject.store.job("nobody", new.id).await.unwrap().is_none());
    subject.account("demo").await;
    assert!(matches!(subject.store.submit(submission("demo", Vec::new())).await, Err(Error::Failed { .. })));
}

fn with_key(account: &str, fingerprint: &str) -> Submission {
    let mut submission = submission(account, vec![job(), job()]);
    submission.batch = Some(batch());
    submission.idempotency =
        Some(Idempotency { key: "k".into(), fingerprint: fingerprint.into(), lifetime: Duration::from_secs(60) });
    submission
}

pub(in crate::store) async fn a_repeated_key_answers_the_first_ids(subject: Subject) {
    subject.account("demo").await;
    let first = subject.store.submit(with_key("demo", "f")).await.unwrap();
    let mut again = with_key("demo", "f");
    // Even a full queue does not change the answer that was given before.
    again.queue_limit = 0;
    let second = subject.store.submit(again).await.unwrap();
    assert!(!first.repeated && second.repeated);
    assert_eq!((first.jobs, first.batch), (second.jobs, second.batch));
    let filter = JobFilter { limit: 10, ..Default::default() };
    assert_eq!(subject.store.jobs("demo", filter).await.unwrap().items.len(), 2, "nothing new was made");
}

pub(in crate::store) async fn a_key_used_for_another_request_is_refused(subject: Subject) {
    subject.account("demo").await;
    subject.store.submit(with_key("demo", "f")).await.unwrap();
    let other = with_key("demo", "g");
    let id = other.jobs[0].id;
    assert!(matches!(subject.store.submit(other).await, Err(Error::IdempotencyMismatch)));
    assert!(subject.store.job("demo", id).await.unwrap().is_none());
}

pub(in crate::store) async fn a_key_is_scoped_to_its_account(subject: Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    subject.store.submit(with_key("demo", "f")).await.unwrap();
    assert!(!subject.store.submit(with_key("other", "g")).await.unwrap().repeated);
}

pub(in crate::store) async fn a_key_is_honoured_for_its_lifetime(subject: Subject) {
    subject.account("demo").await;
    subject.store.submit(with_key("demo", "f")).await.unwrap();
    subject.pass(59);
    assert!(subject.store.submit(with_key("demo", "f")).await.unwrap().repeated);
    subject.pass(1);
    let fresh = subject.store.submit(with_key("demo", "g")).await.unwrap();
    assert!(!fresh.repeated);
    let again = subject.store.submit(with_key("demo", "g")).await.unwrap();
    assert_eq!((again.repeated, again.jobs), (true, fresh.jobs));
}

pub(in crate::store) async fn a_full_queue_refuses_all_and_keeps_none(subject: Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    subject.queue("demo").await;
    let mut more = submission("demo", vec![job(), job()]);
    more.queue_limit = 2;
    let refused = subject.store.submit(more.clone()).await;
    assert!(matches!(refused, Err(Error::QueueFull { queued: 1, limit: 2 })), "{refused:?}");
    assert!(subject.store.job("demo", more.jobs[0].id).await.unwrap().is_none());
    more.account = "other".into();
    subject.store.submit(more.clone()).await.unwrap();
    more.account = "demo".into();
    more.jobs = vec![job()];
    subject.store.submit(more).await.unwrap();
}

pub(in crate::store) async fn running_jobs_do_not_fill_the_queue(subject: Subject) {
    subject.account("demo").await;
    for _ in 0..3 {
        let mut one = submission("demo", vec![job()]);
        one.queue_limit = 1;
        subject.store.submit(one).await.unwrap();
        subject.claim().await;
    }
}

pub(in crate::store) async fn a_failed_submission_leaves_nothing(subject: Subject) {
    subject.account("demo").await;
    let (first, mut second) = (job(), job());
    second.id = first.id;
    let refused = subject.store.submit(submission("demo", vec![first.clone(), second])).await;
    assert!(matches!(refused, Err(Error::Failed { .. })));
    assert!(subject.store.job("demo", first.id).await.unwrap().is_none());
    assert_eq!(subject.store.gauges().await.unwrap().jobs, [(State::Queued, 0), (State::Running, 0)]);
}

pub(in crate::store) async fn jobs_are_listed_newest_first_in_pages(subject: Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    subject.queue("other").await;
    let mut ids = Vec::new();
    for number in 0..7 {
        // Some at the same microsecond: the place must tell them apart.
        subject.pass(number % 2);
        ids.push(subject.queue("demo").await);
    }
    ids.reverse();
    let mut filter = JobFilter { limit: 3, ..Default::default() };
    let mut listed = Vec::new();
    for expected in [3, 3, 1] {
        let page = subject.store.jobs("demo", filter.clone()).await.unwrap();
        assert_eq!(page.items.len(), expected);
        listed.extend(page.items.iter().map(|job| job.id));
        filter.cursor = page.next;
    }
    assert_eq!(filter.cursor, None);
    assert_eq!(listed, ids);
}

pub(in crate::store) async fn jobs_are_filtered(subject: Subject) {
    subject.account("demo").await;
    let mut marked = job();
    marked.spec.reference = Some("mine".into());
    let mut in_batch = submission("demo", vec![marked.clone(), job()]);
    in_batch.batch = Some(batch());
    let batch = in_batch.batch.as_ref().unwrap().id;
    let submitted = subject.store.submit(in_batch).await.unwrap();
    let single = subject.queue("demo").await;
    let running = subject.claim().await.job.id;
    let list = async |filter: JobFilter| {
        let page = subject.store.jobs("demo", JobFilter { limit: 10, ..filter }).await.unwrap();
        page.items.iter().map(|job| job.id).collect::<Vec<_>>()
    };
    assert_eq!(running, submitted.jobs[0]);
    assert_eq!(list(JobFilter { state: Some(State::Running), ..Default::default() }).await, [running]);
    let queued = JobFilter { state: Some(State::Queued), ..Default::default() };
    assert_eq!(list(queued).await, [single, submitted.jobs[1]]);
    let of_batch = JobFilter { batch: Some(batch), ..Default::default() };
    assert_eq!(list(of_batch.clone()).await, [submitted.jobs[1], submitted.jobs[0]]);
    assert_eq!(list(JobFilter { state: Some(State::Queued), ..of_batch }).await, [submitted.jobs[1]]);
    assert_eq!(list(JobFilter { reference: Some("mine".into()), ..Default::default() }).await, [marked.id]);
    assert!(list(JobFilter { reference: Some("yours".into()), ..Default::default() }).await.is_empty());
}

pub(in crate::store) async fn a_foreign_cursor_is_refused(subject: Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    subject.queue("demo").await;
    subject.queue("demo").await;
    let filter = JobFilter { limit: 1, ..Default::default() };
    let cursor = subject.store.jobs("demo", filter).await.unwrap().next;
    assert!(cursor.is_some());
    let filter = JobFilter { cursor: cursor.clone(), limit: 1, ..Default::default() };
    assert!(matches!(subject.store.jobs("other", filter).await, Err(Error::BadCursor)));
    let filter = DeliveryFilter { cursor, limit: 1, ..Default::default() };
    assert!(matches!(subject.store.deliveries("demo", filter).await, Err(Error::BadCursor)));
    let filter = JobFilter { cursor: Some("MTIz".into()), limit: 1, ..Default::default() };
    assert!(matches!(subject.store.jobs("demo", filter).await, Err(Error::BadCursor)));
}

pub(in crate::store) async fn an_output_is_found_by_its_token(subject: Subject) {
    subject.account("demo").await;
    let mut new = job();
    new.report.outputs.push(output("second"));
    let token = new.report.outputs[1].token.clone();
    subject.store.submit(submission("demo", vec![new.clone()])).await.unwrap();
    assert_eq!(subject.store.output(&token).await.unwrap().as_ref(), Some(&new.report.outputs[1]));
    let claimed = subject.claim().await;
    let mut done = completion(State::Succeeded);
    done.advance.report = new.report.clone();
    done.advance.report.outputs[1].sha256 = Some("ab".repeat(32));
    subject.store.complete(claimed.job.id, claimed.token, done.clone()).await.unwrap();
    assert_eq!(subject.store.output(&token).await.unwrap().as_ref(), Some(&done.advance.report.outputs[1]));
    assert!(subject.store.output("unknown").await.unwrap().is_none());
}
