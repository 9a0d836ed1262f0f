//! What nodes agree about, and which jobs a node gets.

use super::*;

fn info(slots: u32) -> NodeInfo {
    NodeInfo {
        roles: vec!["worker".into()],
        version: "0.1.0".into(),
        address: "127.0.0.1:8080".into(),
        plugins: 3,
        slots,
        draining: false,
    }
}

pub(in crate::store) async fn a_job_waits_for_a_node_that_has_what_it_needs(subject: Subject) {
    subject.account("demo").await;
    let before = subject.queue("demo").await;
    let level = subject.store.level().clone();
    level.will_offer(5);
    let after = subject.queue("demo").await;
    assert_eq!(subject.claim_ids(10).await, [before]);
    assert_eq!(subject.store.next_due().await.unwrap().job, None, "nothing is due here");
    level.offers(4);
    assert!(subject.claim_ids(10).await.is_empty());
    level.offers(5);
    assert!(subject.store.next_due().await.unwrap().job.is_some());
    assert_eq!(subject.claim_ids(10).await, [after]);
    assert_eq!(level.plugins(), 5);
}

pub(in crate::store) async fn work_is_held_by_one_at_a_time(subject: Subject) {
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    let hold = async |holder| subject.store.hold("tidy", holder, Duration::from_secs(10)).await.unwrap();
    assert!(hold(first).await);
    assert!(!hold(second).await);
    assert!(subject.store.hold("other", second, LEASE).await.unwrap());
    subject.pass(8);
    assert!(hold(first).await, "it is prolonged");
    subject.pass(8);
    assert!(!hold(second).await);
    subject.store.let_go("tidy", second).await.unwrap();
    assert!(!hold(second).await, "one does not end the other's");
    subject.pass(2);
    assert!(hold(second).await, "it has run out");
    subject.store.let_go("tidy", second).await.unwrap();
    assert!(hold(first).await);
}

pub(in crate::store) async fn a_bucket_gives_what_comes_to_it(subject: Subject) {
    let draw = async |wanted| subject.store.draw("demo", 10, wanted).await.unwrap();
    assert_eq!(draw(4).await, 4);
    assert_eq!(draw(20).await, 6);
    assert_eq!(draw(1).await, 0);
    subject.clock.step(Duration::from_millis(250));
    assert_eq!(draw(5).await, 2);
    subject.clock.step(Duration::from_millis(50));
    assert_eq!(draw(5).await, 1, "halves add up");
    subject.pass(3600);
    assert_eq!(draw(100).await, 10, "it holds no more than a second's worth");
    assert_eq!(subject.store.draw("other", 2, 5).await.unwrap(), 2);
    subject.pass(1);
    assert_eq!(subject.store.draw("other", 1, 5).await.unwrap(), 1, "a smaller limit counts at once");
}

pub(in crate::store) async fn nodes_are_listed_while_they_are_up(subject: Subject) {
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    subject.store.sign_in("b", first, info(8)).await.unwrap();
    subject.store.sign_in("a", first, info(2)).await.unwrap();
    let started = subject.clock.now();
    subject.pass(10);
    subject.store.sign_in("b", first, info(4)).await.unwrap();
    let nodes = subject.store.nodes().await.unwrap();
    let row = |name: &str, slots, seen_at| NodeRow {
        name: name.into(),
        process: first,
        info: info(slots),
        started_at: started,
        seen_at,
    };
    assert_eq!(nodes, [row("a", 2, started), row("b", 4, subject.clock.now())]);
    subject.store.sign_in("b", second, info(4)).await.unwrap();
    assert_eq!(subject.store.nodes().await.unwrap()[1].started_at, subject.clock.now(), "it is another one now");
    subject.store.sign_out("b", first).await.unwrap();
    assert_eq!(subject.store.nodes().await.unwrap().len(), 2);
    subject.store.sign_out("b", second).await.unwrap();
    subject.pass(24 * 3600);
    subject.store.sign_in("c", second, info(1)).await.unwrap();
    let names: Vec<_> = subject.store.nodes().await.unwrap().into_iter().map(|node| node.name).collect();
    assert_eq!(names, ["c"], "those without a sign of life are forgotten");
}
