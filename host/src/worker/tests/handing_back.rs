use super::*;
use crate::store::{Cancelled, Error};

/// Outputs that are made one after the other, each in the time that `slow` takes.
fn slow_outputs(count: usize) -> Vec<Output> {
    let slow =
        |index: usize| output(&format!("o{index}"), Group::Main, [step("slow", &format!(r#"{{"index": {index}}}"#))]);
    (0..count).map(slow).collect()
}

async fn is_running(room: &Room, id: Uuid) {
    room.until(id, |job| job.state == State::Running).await;
    // The source is read and the first step begun.
    for _ in 0..1000 {
        if !room.transforms.runs().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("no step was begun");
}

async fn call_off(room: &Room, id: Uuid) -> Cancelled {
    let job = room.job(id).await;
    let native = Native { public_url: "http://here".into(), clock: room.clock.clone() };
    let completion = report::cancelled(Some(&native), &job, room.clock.now());
    room.store.cancel("demo", id, completion).await.unwrap().0
}

#[tokio::test]
async fn a_running_job_that_is_called_off_here_ends_soon() {
    let room = Room::slow(Duration::from_millis(100)).await;
    let id = room.submit(spec(slow_outputs(50))).await;
    let running = room.run(Duration::from_secs(5));
    is_running(&room, id).await;
    assert_eq!(call_off(&room, id).await, Cancelled::Requested);
    running.worker.cancel(id);
    let job = room.until(id, |job| job.state.is_final()).await;
    running.stop().await;
    assert_eq!(job.state, State::Cancelled);
    assert_eq!(results(&job).last().unwrap(), "o49 failed cancelled: the job was cancelled");
    assert_eq!(room.owed(id).await, ["job.finished cancelled"]);
    assert!(room.transforms.runs().len() < 10, "{:?}", room.transforms.runs().len());
}

#[tokio::test]
async fn a_running_job_that_is_called_off_elsewhere_ends_with_the_next_sign_of_life() {
    let room = Room::slow(Duration::from_millis(100)).await;
    let id = room.submit(spec(slow_outputs(50))).await;
    let running = room.run(Duration::from_secs(5));
    is_running(&room, id).await;
    assert_eq!(call_off(&room, id).await, Cancelled::Requested);
    let job = room.until(id, |job| job.state.is_final()).await;
    running.stop().await;
    assert_eq!(job.state, State::Cancelled);
    assert!(room.transforms.runs().len() < 30, "{:?}", room.transforms.runs().len());
}

#[tokio::test]
async fn a_waiting_job_that_is_called_off_never_runs() {
    let room = Room::new().await;
    let id = room.submit(spec([output("a", Group::Main, [])])).await;
    assert_eq!(call_off(&room, id).await, Cancelled::Now);
    let job = room.end(id).await;
    assert_eq!(job.state, State::Cancelled);
    assert_eq!(results(&job), ["a failed cancelled: the job was cancelled"]);
    assert_eq!(room.owed(id).await, ["job.finished cancelled"]);
    assert!(room.inputs.reads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_nothing_more() {
    let mut room = Room::slow(Duration::from_millis(50)).await;
    // The worker has no slot left to take the job again itself.
    room.config.slots = 1;
    let id = room.submit(spec(slow_outputs(60))).await;
    let first = room.run(Duration::from_secs(5));
    is_running(&room, id).await;
    // As if the process had stood still for longer than the lease: another one takes the job.
    room.clock.step(LEASE * 2);
    assert!(room.store.reap_jobs(10, LEASE).await.unwrap().is_empty());
    let begun = room.transforms.runs().len();
    room.clock.step(LEASE * 20);
    assert_eq!(room.store.claim_jobs(1, LEASE * 100).await.unwrap().len(), 1);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let runs = room.transforms.runs().len();
    // The old run has ended with its next sign of life, far from its 60 outputs.
    assert!(runs < begun + 40, "{begun} {runs}");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(room.transforms.runs().len(), runs);
    let row = room.job(id).await;
    assert_eq!((row.state, row.attempt), (State::Running, 2));
    assert!(room.owed(id).await.is_empty());
    first.stop().await;
}

#[tokio::test]
async fn a_stopping_worker_finishes_what_it_can() {
    let room = Room::slow(Duration::from_millis(50)).await;
    let id = room.submit(spec(slow_outputs(4))).await;
    let waiting: Vec<Spec> = (0..8).map(|_| spec(slow_outputs(4))).collect();
    let waiting = room.submit_all(waiting, None).await;
    let running = room.run(Duration::from_secs(10));
    is_running(&room, id).await;
    running.stop().await;
    assert_eq!(room.job(id).await.state, State::Succeeded);
    let last = room.job(*waiting.last().unwrap()).await;
    assert_eq!((last.state, last.attempt), (State::Queued, 0));
}

#[tokio::test]
async fn what_a_stopping_worker_cannot_finish_goes_back_and_its_attempt_does_not_count() {
    let room = Room::slow(Duration::from_millis(100)).await;
    let id = room.submit(spec(slow_outputs(20))).await;
    let running = room.run(Duration::from_millis(50));
    is_running(&room, id).await;
    running.stop().await;
    let job = room.job(id).await;
    assert_eq!((job.state, job.attempt), (State::Queued, 0));
    assert!(room.owed(id).await.is_empty());
    let job = room.end(id).await;
    assert_eq!((job.state, job.attempt), (State::Succeeded, 1));
    assert_eq!(room.owed(id).await, ["job.finished succeeded"]);
}

#[tokio::test]
async fn a_job_that_its_workers_lose_again_and_again_ends_as_lost() {
    let mut room = Room::new().await;
    room.config.max_attempts = 2;
    let outputs = [output("a", Group::Main, []), output("b", Group::Eager, [])];
    let id = room.submit(spec(outputs)).await;
    assert_eq!(room.store.claim_jobs(1, LEASE).await.unwrap().len(), 1);
    room.clock.step(LEASE * 2);
    assert!(room.store.reap_jobs(2, LEASE).await.unwrap().is_empty());
    room.clock.step(LEASE * 20);
    assert_eq!(room.store.claim_jobs(1, LEASE).await.unwrap().len(), 1);
    room.clock.step(LEASE * 2);
    let job = room.end(id).await;
    assert_eq!(job.state, State::Failed);
    let expected = "worker_lost: the job was lost 2 times by its workers";
    assert_eq!(results(&job), [format!("a failed {expected}"), format!("b failed {expected}")]);
    assert_eq!(room.owed(id).await, ["job.finished failed", "job.eager_finished failed"]);
    assert!(room.inputs.reads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_job_that_runs_again_keeps_what_was_told_and_tells_nothing_twice() {
    let room = Room::slow(Duration::from_millis(300)).await;
    let outputs = [output("a", Group::Main, []), output("b", Group::Eager, [step("slow", "{}")])];
    let id = room.submit(spec(outputs)).await;
    let running = room.run(Duration::ZERO);
    let first = room.until(id, |job| job.progress.done == 1).await;
    // Killed in mid-run, after the main outputs were told.
    running.stop().await;
    assert_eq!(room.job(id).await.state, State::Queued);
    let job = room.end(id).await;
    assert_eq!(job.state, State::Succeeded);
    assert_eq!(job.report.outputs[0], first.report.outputs[0]);
    assert_eq!(room.owed(id).await, ["job.finished running", "job.eager_finished succeeded"]);
    let slow = room.transforms.runs().iter().filter(|run| run.starts_with("slow")).count();
    assert_eq!(slow, 2);
}

#[tokio::test]
async fn an_end_under_a_lost_lease_is_refused_by_the_store() {
    let room = Room::new().await;
    let id = room.submit(spec([output("a", Group::Main, [])])).await;
    let old = room.store.claim_jobs(1, LEASE).await.unwrap().remove(0);
    room.clock.step(LEASE * 2);
    room.store.reap_jobs(10, LEASE).await.unwrap();
    let completion = report::failed(None, &old.job, &Failure::new(Code::Internal, "late"), room.clock.now());
    let error = room.store.complete(id, old.token, completion).await.unwrap_err();
    assert!(matches!(error, Error::LeaseLost { .. }), "{error}");
    room.clock.step(LEASE * 20);
    assert_eq!(room.end(id).await.state, State::Succeeded);
}
