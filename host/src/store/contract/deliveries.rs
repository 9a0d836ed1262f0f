//! Deliveries: order, limits, leases, the breaker, replay.

use super::*;

const URL: &str = "https://hooks.example.com/in";

/// Claims and records everything that is due in a lane with the same outcome; answers how many it was.
async fn settle(subject: &Subject, claim: DeliveryClaim, status: Option<u16>, verdict: Verdict) -> usize {
    let claimed = subject.store.claim_deliveries(claim).await.unwrap();
    let at = subject.clock.now();
    let all = claimed.iter().map(|one| recorded(one, at, status, verdict.clone())).collect();
    subject.store.record_attempts(all).await.unwrap();
    claimed.len()
}

fn later(subject: &Subject, seconds: u64) -> Verdict {
    Verdict::Retry(subject.clock.now() + Duration::from_secs(seconds))
}

fn ids(claimed: &[ClaimedDelivery]) -> Vec<Uuid> {
    claimed.iter().map(|one| one.row.id).collect()
}

/// Three deliveries of one order key.
fn siblings() -> Vec<NewDelivery> {
    let key = new_id();
    (0..3).map(|sequence| NewDelivery { order_key: key, sequence, ..delivery(URL) }).collect()
}

pub(in crate::store) async fn a_delivery_comes_out_as_it_went_in(subject: Subject) {
    subject.account("demo").await;
    let mut new = delivery("http://[::1]:8081/in?x=1");
    new.body = vec![0, 255, 10, 13];
    new.signer = Signer::CloudinarySha1;
    new.batch = Some(new_id());
    new.sequence = -3;
    subject.owe(vec![new.clone()]).await;
    let claimed = subject.claim_deliveries().await.remove(0);
    assert_eq!((claimed.row.id, &claimed.row.delivery), (new.id, &new));
    assert_eq!((claimed.row.state, claimed.row.attempts, claimed.row.replay_of), (DeliveryState::Pending, 0, None));
    assert_eq!((claimed.row.created_at, claimed.row.finished_at), (subject.clock.now(), None));
    let row = subject.store.delivery("demo", new.id).await.unwrap().unwrap();
    assert_eq!((row.id, row.delivery), (new.id, new.clone()));
    assert!(subject.store.delivery("other", new.id).await.unwrap().is_none());
}

pub(in crate::store) async fn a_delivery_is_claimed_once(subject: Subject) {
    subject.account("demo").await;
    subject.owe((0..5).map(|_| delivery(URL)).collect()).await;
    let limited = DeliveryClaim { limit: 3, ..first_tries() };
    assert_eq!(subject.store.claim_deliveries(limited).await.unwrap().len(), 3);
    assert_eq!(subject.claim_deliveries().await.len(), 2);
    assert!(subject.claim_deliveries().await.is_empty());
    assert!(subject.store.claim_deliveries(later_tries()).await.unwrap().is_empty());
}

pub(in crate::store) async fn an_accepted_delivery_is_done(subject: Subject) {
    subject.account("demo").await;
    let new = delivery(URL);
    subject.owe(vec![new.clone()]).await;
    subject.pass(4);
    assert_eq!(settle(&subject, first_tries(), Some(200), Verdict::Delivered).await, 1);
    let row = subject.store.delivery("demo", new.id).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts, row.next_at), (DeliveryState::Delivered, 1, None));
    assert_eq!(row.finished_at, Some(subject.clock.now()));
    assert_eq!(row.log, [attempt(subject.clock.now(), Some(200))]);
    subject.pass(3600);
    assert_eq!(subject.store.reap_deliveries().await.unwrap(), 0);
    assert!(subject.claim_deliveries().await.is_empty());
}

pub(in crate::store) async fn a_retry_waits_for_its_time_in_the_other_lane(subject: Subject) {
    subject.account("demo").await;
    let new = delivery(URL);
    subject.owe(vec![new.clone()]).await;
    let next = subject.clock.now() + Duration::from_secs(60);
    assert_eq!(settle(&subject, first_tries(), Some(500), Verdict::Retry(next)).await, 1);
    let row = subject.store.delivery("demo", new.id).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts, row.next_at), (DeliveryState::Pending, 1, Some(next)));
    subject.pass(59);
    assert_eq!(settle(&subject, later_tries(), Some(200), Verdict::Delivered).await, 0);
    subject.pass(1);
    assert_eq!(settle(&subject, first_tries(), Some(200), Verdict::Delivered).await, 0);
    assert_eq!(settle(&subject, later_tries(), Some(200), Verdict::Delivered).await, 1);
    let row = subject.store.delivery("demo", new.id).await.unwrap().unwrap();
    assert_eq!(row.log.iter().map(|attempt| attempt.number).collect::<Vec<_>>(), [1, 2]);
}

pub(in crate::store) async fn only_the_head_of_an_order_key_goes_out(subject: Subject) {
    subject.account("demo").await;
    let mut three = siblings();
    let expected: Vec<_> = three.iter().map(|delivery| delivery.id).collect();
    // The order of the list does not matter, the sequence does.
    three.reverse();
    subject.owe(three).await;
    for id in expected {
        let claimed = subject.claim_deliveries().await;
        assert_eq!(ids(&claimed), [id]);
        assert!(subject.claim_deliveries().await.is_empty());
        let done = recorded(&claimed[0], subject.clock.now(), Some(204), Verdict::Delivered);
        subject.store.record_attempts(vec![done]).await.unwrap();
    }
    assert!(subject.claim_deliveries().await.is_empty());
}

pub(in crate::store) async fn a_head_that_waits_holds_its_siblings(subject: Subject) {
    subject.account("demo").await;
    subject.owe(siblings()).await;
    let next = later(&subject, 60);
    assert_eq!(settle(&subject, first_tries(), Some(404), next).await, 1);
    assert!(subject.claim_deliveries().await.is_empty());
    let due = subject.store.next_due().await.unwrap().delivery;
    assert_eq!(due, Some(subject.clock.now() + Duration::from_secs(60)), "the siblings are not due");
    subject.pass(60);
    assert_eq!(settle(&subject, later_tries(), Some(200), Verdict::Delivered).await, 1);
    assert_eq!(subject.claim_deliveries().await.len(), 1);
}

pub(in crate::store) async fn a_dead_head_lets_the_next_go(subject: Subject) {
    subject.account("demo").await;
    let three = siblings();
    let (first, second) = (three[0].id, three[1].id);
    subject.owe(three).await;
    settle(&subject, first_tries(), Some(410), Verdict::Dead).await;
    let row = subject.store.delivery("demo", first).await.unwrap().unwrap();
    assert_eq!((row.state, row.finished_at), (DeliveryState::Dead, Some(subject.clock.now())));
    assert_eq!(ids(&subject.claim_deliveries().await), [second]);
}

pub(in crate::store) async fn an_earlier_sibling_that_comes_late_goes_first(subject: Subject) {
    subject.account("demo").await;
    let three = siblings();
    let [first, second, third] = [three[0].id, three[1].id, three[2].id];
    subject.owe(vec![three[1].clone(), three[2].clone()]).await;
    subject.owe(vec![three[0].clone()]).await;
    for id in [first, second, third] {
        let claimed = subject.claim_deliveries().await;
        assert_eq!(ids(&claimed), [id]);
        let done = recorded(&claimed[0], subject.clock.now(), Some(200), Verdict::Delivered);
        subject.store.record_attempts(vec![done]).await.unwrap();
    }
}

pub(in crate::store) async fn a_receiver_gets_its_share_only(subject: Subject) {
    subject.account("demo").await;
    // One receiver is scheme, host and port; path and user do not matter.
    let urls = ["https://a.example/1", "https://a.example:443/2", "https://u:p@a.example/3", "https://a.example:444/"];
    subject.owe(urls.map(delivery).to_vec()).await;
    let claim = DeliveryClaim { per_receiver: 2, ..first_tries() };
    let claimed = subject.store.claim_deliveries(claim).await.unwrap();
    assert_eq!(claimed.len(), 3, "two of one receiver, one of another");
    assert!(subject.store.claim_deliveries(claim).await.unwrap().is_empty());
    let busy = claimed.iter().find(|one| one.row.delivery.url.starts_with("https://a.example/")).unwrap();
    let done = recorded(busy, subject.clock.now(), Some(200), Verdict::Delivered);
    subject.store.record_attempts(vec![done]).await.unwrap();
    assert_eq!(subject.store.claim_deliveries(claim).await.unwrap().len(), 1, "a place became free");
}

pub(in crate::store) async fn an_account_gets_its_share_only(subject: Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    let mut many: Vec<_> = (0..5).map(|number| delivery(&format!("https://{number}.example/"))).collect();
    many.push(NewDelivery { account: "other".into(), ..delivery("https://0.example/") });
    subject.owe(many).await;
    let claim = DeliveryClaim { per_account: 2, ..first_tries() };
    let claimed = subject.store.claim_deliveries(claim).await.unwrap();
    let of = |account: &str| claimed.iter().filter(|one| one.row.delivery.account == account).count();
    assert_eq!((of("demo"), of("other")), (2, 1));
    assert!(subject.store.claim_deliveries(claim).await.unwrap().is_empty());
    let at = subject.clock.now();
    let done = claimed.iter().map(|one| recorded(one, at, Some(200), Verdict::Delivered)).collect();
    subject.store.record_attempts(done).await.unwrap();
    assert_eq!(subject.store.claim_deliveries(claim).await.unwrap().len(), 2);
}

pub(in crate::store) async fn one_receiver_does_not_hold_up_another(subject: Subject) {
    subject.account("demo").await;
    subject.owe((0..200).map(|_| delivery("https://slow.example/")).collect()).await;
    subject.pass(1);
    let quick = delivery("https://quick.example/");
    subject.owe(vec![quick.clone()]).await;
    let claim = DeliveryClaim { limit: 8, ..first_tries() };
    let claimed = subject.store.claim_deliveries(claim).await.unwrap();
    assert_eq!(claimed.len(), 8);
    assert!(ids(&claimed).contains(&quick.id), "it has its turn though 200 are older");
}

pub(in crate::store) async fn a_lost_delivery_lease_returns(subject: Subject) {
    subject.account("demo").await;
    subject.owe(siblings()).await;
    let claimed = subject.claim_deliveries().await;
    subject.pass(29);
    assert_eq!(subject.store.reap_deliveries().await.unwrap(), 0);
    subject.pass(1);
    assert_eq!(subject.store.reap_deliveries().await.unwrap(), 1);
    let again = subject.claim_deliveries().await;
    assert_eq!(ids(&again), ids(&claimed));
    assert_eq!(again[0].row.attempts, 0);
    assert_ne!(again[0].token, claimed[0].token);
}

pub(in crate::store) async fn a_lost_delivery_lease_does_not_hinder_others(subject: Subject) {
    subject.account("demo").await;
    subject.owe(vec![delivery(URL), delivery(URL)]).await;
    let claimed = subject.claim_deliveries().await;
    let at = subject.clock.now();
    let mut lost = recorded(&claimed[0], at, Some(200), Verdict::Delivered);
    lost.token = new_id();
    let good = recorded(&claimed[1], at, Some(200), Verdict::Delivered);
    subject.store.record_attempts(vec![lost, good]).await.unwrap();
    let state = async |id| subject.store.delivery("demo", id).await.unwrap().unwrap();
    let (first, second) = (state(claimed[0].row.id).await, state(claimed[1].row.id).await);
    assert_eq!((first.state, first.attempts, first.log.len()), (DeliveryState::Pending, 0, 0));
    assert_eq!((second.state, second.attempts), (DeliveryState::Delivered, 1));
}

pub(in crate::store) async fn the_log_keeps_the_last_fifty(subject: Subject) {
    subject.account("demo").await;
    let new = delivery(URL);
    subject.owe(vec![new.clone()]).await;
    for number in 0..53 {
        let claim = if number == 0 { first_tries() } else { later_tries() };
        let now = later(&subject, 0);
        assert_eq!(settle(&subject, claim, Some(404), now).await, 1);
    }
    let row = subject.store.delivery("demo", new.id).await.unwrap().unwrap();
    let numbers: Vec<_> = row.log.iter().map(|attempt| attempt.number).collect();
    assert_eq!((row.attempts, numbers), (53, (4..=53).collect()));
}

/// Fails `BREAKER_FAILURES` first tries of one receiver, leaving `more` untried.
async fn open_breaker(subject: &Subject, more: usize) {
    subject.account("demo").await;
    subject.owe((0..BREAKER_FAILURES as usize + more).map(|_| delivery(URL)).collect()).await;
    for status in [None, Some(503), Some(429)] {
        let one = DeliveryClaim { limit: 1, ..first_tries() };
        let next = later(subject, 3600);
        assert_eq!(settle(subject, one, status, next).await, 1);
    }
}

pub(in crate::store) async fn failures_in_a_row_open_the_breaker(subject: Subject) {
    open_breaker(&subject, 5).await;
    assert!(subject.claim_deliveries().await.is_empty());
    let opens = subject.clock.now() + BREAKER_PAUSE;
    assert_eq!(subject.store.next_due().await.unwrap().delivery, Some(opens));
    subject.owe(vec![delivery("https://well.example/"), delivery(URL)]).await;
    let claimed = subject.claim_deliveries().await;
    assert_eq!(claimed.len(), 1, "other receivers are served");
    assert_eq!(claimed[0].row.delivery.url, "https://well.example/");
    subject.pass(BREAKER_PAUSE.as_secs());
    assert_eq!(subject.claim_deliveries().await.len(), 1, "one probe");
    assert!(subject.claim_deliveries().await.is_empty());
}

pub(in crate::store) async fn a_probe_closes_the_breaker(subject: Subject) {
    open_breaker(&subject, 5).await;
    subject.pass(BREAKER_PAUSE.as_secs());
    assert_eq!(settle(&subject, first_tries(), Some(200), Verdict::Delivered).await, 1);
    assert_eq!(subject.claim_deliveries().await.len(), 4);
}

pub(in crate::store) async fn a_failed_probe_doubles_the_pause(subject: Subject) {
    open_breaker(&subject, 5).await;
    for pause in [5, 10, 15, 15] {
        subject.pass(pause - 1);
        assert!(subject.claim_deliveries().await.is_empty(), "{pause} s are not over");
        subject.pass(1);
        let next = later(&subject, 3600);
        assert_eq!(settle(&subject, first_tries(), Some(502), next).await, 1);
    }
}

pub(in crate::store) async fn an_answer_in_between_keeps_the_breaker_closed(subject: Subject) {
    subject.account("demo").await;
    subject.owe((0..20).map(|_| delivery(URL)).collect()).await;
    for status in [500, 500, 404, 500, 500, 200, 500, 500] {
        let one = DeliveryClaim { limit: 1, ..first_tries() };
        let verdict = if status == 200 { Verdict::Delivered } else { later(&subject, 3600) };
        assert_eq!(settle(&subject, one, Some(status), verdict).await, 1);
    }
    assert_eq!(subject.claim_deliveries().await.len(), 12);
}

pub(in crate::store) async fn a_replay_sends_the_same_message(subject: Subject) {
    subject.account("demo").await;
    let new = delivery(URL);
    subject.owe(vec![new.clone()]).await;
    settle(&subject, first_tries(), Some(410), Verdict::Dead).await;
    assert_eq!(subject.store.replay("other", new.id).await.unwrap(), None);
    assert_eq!(subject.store.replay("demo", new_id()).await.unwrap(), None);
    subject.pass(1);
    let id = subject.store.replay("demo", new.id).await.unwrap().unwrap();
    let claimed = subject.claim_deliveries().await.remove(0);
    assert_eq!((claimed.row.id, claimed.row.replay_of, claimed.row.attempts), (id, Some(new.id), 0));
    assert_ne!(id, new.id);
    let sent = &claimed.row.delivery;
    assert_eq!((sent.id, &sent.body, &sent.headers, &sent.url), (new.id, &new.body, &new.headers, &new.url));
    assert_eq!((sent.job, sent.signer, &sent.kind), (new.job, new.signer, &new.kind));
    let done = recorded(&claimed, subject.clock.now(), Some(200), Verdict::Delivered);
    subject.store.record_attempts(vec![done]).await.unwrap();
    let state = async |id| subject.store.delivery("demo", id).await.unwrap().unwrap().state;
    assert_eq!((state(new.id).await, state(id).await), (DeliveryState::Dead, DeliveryState::Delivered));
    assert!(subject.store.replay("demo", id).await.unwrap().is_some(), "a replay can be replayed");
    assert_eq!(subject.claim_deliveries().await[0].row.delivery.id, new.id);
}

pub(in crate::store) async fn a_replay_does_not_wait(subject: Subject) {
    subject.account("demo").await;
    let three = siblings();
    let first = three[0].id;
    subject.owe(three).await;
    settle(&subject, first_tries(), Some(410), Verdict::Dead).await;
    let next = later(&subject, 600);
    settle(&subject, first_tries(), Some(404), next).await;
    let id = subject.store.replay("demo", first).await.unwrap().unwrap();
    assert_eq!(ids(&subject.claim_deliveries().await), [id]);
}

pub(in crate::store) async fn secrets_come_with_a_claim(subject: Subject) {
    subject.account("demo").await;
    let mut rotated = account("demo");
    rotated.webhook_secret = "whsec_bmV3ZXI".into();
    rotated.previous_webhook_secret = Some("whsec_bmV3".into());
    rotated.previous_until = Some(subject.clock.now() + Duration::from_secs(10));
    subject.store.update_account(rotated).await.unwrap();
    subject.owe(vec![delivery(URL)]).await;
    subject.pass(9);
    let claimed = subject.claim_deliveries().await.remove(0);
    assert_eq!(claimed.webhook_secrets, ["whsec_bmV3ZXI", "whsec_bmV3"]);
    assert_eq!(claimed.api_secret, "secret of demo");
    let again = Verdict::Retry(subject.clock.now());
    let retry = recorded(&claimed, subject.clock.now(), Some(400), again);
    subject.store.record_attempts(vec![retry]).await.unwrap();
    subject.pass(1);
    let claimed = subject.store.claim_deliveries(later_tries()).await.unwrap().remove(0);
    assert_eq!(claimed.webhook_secrets, ["whsec_bmV3ZXI"]);
}

pub(in crate::store) async fn a_further_key_signs_until_it_ends(subject: Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    let key = |account: &str, key: &str| ApiKey {
        key: key.into(),
        account: account.into(),
        secret: format!("secret of {key}"),
        created_at: subject.clock.now(),
    };
    let keys = [key("demo", "second"), key("other", "theirs")].map(Change::PutKey);
    subject.store.change(keys.into(), Vec::new()).await.unwrap();
    let signed = async |signing_key: &str| {
        subject.owe(vec![NewDelivery { signing_key: Some(signing_key.into()), ..delivery(URL) }]).await;
        let claimed = subject.claim_deliveries().await.remove(0);
        assert_eq!(claimed.row.delivery.signing_key.as_deref(), Some(signing_key));
        claimed.api_secret
    };
    assert_eq!(signed("second").await, "secret of second");
    assert_eq!(signed("theirs").await, "secret of demo", "a key of another account");
    let ended = Change::DropKey { account: "demo".into(), key: "second".into() };
    subject.store.change(vec![ended], Vec::new()).await.unwrap();
    assert_eq!(signed("second").await, "secret of demo");
}

pub(in crate::store) async fn deliveries_are_listed_newest_first_in_pages(subject: Subject) {
    subject.account("demo").await;
    let mut made = Vec::new();
    for number in 0..5 {
        subject.pass(number % 2);
        let new = delivery(URL);
        subject.owe(vec![new.clone()]).await;
        made.push(new);
    }
    let one = DeliveryClaim { limit: 1, ..first_tries() };
    settle(&subject, one, Some(200), Verdict::Delivered).await;
    made.reverse();
    let mut filter = DeliveryFilter { limit: 2, ..Default::default() };
    let mut listed = Vec::new();
    for expected in [2, 2, 1] {
        let page = subject.store.deliveries("demo", filter.clone()).await.unwrap();
        assert_eq!(page.items.len(), expected);
        listed.extend(page.items.into_iter().map(|row| row.delivery));
        filter.cursor = page.next;
    }
    assert_eq!((&listed, filter.cursor), (&made, None));
    let list = async |account: &str, filter: DeliveryFilter| {
        let page = subject.store.deliveries(account, DeliveryFilter { limit: 10, ..filter }).await.unwrap();
        page.items.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let delivered = DeliveryFilter { state: Some(DeliveryState::Delivered), ..Default::default() };
    assert_eq!(list("demo", delivered).await, [made[4].id]);
    let of_job = DeliveryFilter { job: made[2].job, ..Default::default() };
    assert_eq!(list("demo", of_job.clone()).await, [made[2].id]);
    assert!(list("other", of_job).await.is_empty());
}

pub(in crate::store) async fn the_next_due_delivery_is_known(subject: Subject) {
    subject.account("demo").await;
    let due = async || subject.store.next_due().await.unwrap().delivery;
    assert_eq!(due().await, None);
    subject.owe(vec![delivery(URL)]).await;
    assert!(due().await.unwrap() <= subject.clock.now());
    let next = later(&subject, 77);
    settle(&subject, first_tries(), Some(404), next).await;
    assert_eq!(due().await, Some(subject.clock.now() + Duration::from_secs(77)));
    subject.pass(77);
    settle(&subject, later_tries(), Some(200), Verdict::Delivered).await;
    assert_eq!(due().await, None);
}
