use super::*;

#[tokio::test]
async fn an_unknown_transform_fails_its_output_and_the_callback_goes_out() {
    let room = Room::new().await;
    let outputs = [output("a", Group::Main, [step("blu3r", "{}")]), output("b", Group::Main, [step("invert", "{}")])];
    let id = room.submit(spec(outputs)).await;
    let job = room.end(id).await;
    assert_eq!(
        results(&job),
        ["a failed step 0 unknown_transform: Unknown function named 'blu3r'", "b succeeded 80x60"]
    );
    assert_eq!(room.owed(id).await, ["job.finished partially_failed"]);
}

/// A job whose source fails ends at once, with callbacks for both groups.
async fn fails_at_once(picture: Result<Bytes, Failure>, expected: &str) {
    let room = Room::new().await;
    room.inputs.pictures.lock().unwrap().insert("http://pictures/a".into(), picture);
    let outputs = [output("a", Group::Main, []), output("b", Group::Eager, [step("invert", "{}")])];
    let id = room.submit(spec(outputs)).await;
    let job = room.end(id).await;
    assert_eq!(job.state, State::Failed);
    assert_eq!(job.attempt, 1);
    assert_eq!(results(&job), [format!("a failed {expected}"), format!("b failed {expected}")]);
    let errors: Vec<String> =
        job.report.errors.iter().map(|error| format!("{}: {}", error.code, error.message)).collect();
    assert_eq!(errors, [expected]);
    assert_eq!(room.owed(id).await, ["job.finished failed", "job.eager_finished failed"]);
}

#[tokio::test]
async fn a_source_that_is_not_there_fails_the_job() {
    fails_at_once(Err(Failure::new(Code::SourceNotFound, "404")), "source_not_found: 404").await;
}

#[tokio::test]
async fn a_source_that_is_no_picture_fails_the_job() {
    let html = Bytes::from_static(b"<html></html>");
    let expected = r#"unknown_format: not a picture in a known format, it starts with "<html></html""#;
    fails_at_once(Ok(html), expected).await;
}

#[tokio::test]
async fn a_source_that_is_cut_short_fails_the_job() {
    let room = Room::new().await;
    let whole = png(80, 60);
    room.inputs.pictures.lock().unwrap().insert("http://pictures/a".into(), Ok(whole.slice(..whole.len() - 30)));
    let outputs = [output("a", Group::Main, []), output("b", Group::Main, [step("blu3r", "{}")])];
    let job = room.end(room.submit(spec(outputs)).await).await;
    assert_eq!(job.state, State::Failed);
    assert_eq!(job.report.errors.len(), 1);
    assert_eq!(job.report.errors[0].code, Code::CorruptImage);
    // What is known of an output is not hidden by it.
    assert_eq!(results(&job)[1], "b failed step 0 unknown_transform: Unknown function named 'blu3r'");
}

#[tokio::test]
async fn a_source_that_does_not_answer_is_tried_again() {
    let room = Room::new().await;
    room.inputs.failures_left.store(2, Ordering::SeqCst);
    let id = room.submit(spec([output("a", Group::Main, [])])).await;
    let job = room.end(id).await;
    assert_eq!((job.state, job.attempt), (State::Succeeded, 3));
    assert_eq!(room.owed(id).await, ["job.finished succeeded"]);
    assert!(job.report.errors.is_empty());
}

#[tokio::test]
async fn a_source_that_never_answers_fails_the_job_after_the_last_attempt() {
    let room = Room::new().await;
    room.inputs.failures_left.store(100, Ordering::SeqCst);
    let id = room.submit(spec([output("a", Group::Main, [])])).await;
    let job = room.end(id).await;
    assert_eq!((job.state, job.attempt), (State::Failed, 3));
    assert_eq!(results(&job), ["a failed source_unreachable: no answer"]);
    assert_eq!(room.owed(id).await, ["job.finished failed"]);
}

#[tokio::test]
async fn a_result_that_cannot_be_kept_is_made_again() {
    let room = Room::new().await;
    room.results.failures_left.store(1, Ordering::SeqCst);
    let outputs = [output("a", Group::Main, []), output("b", Group::Main, [step("invert", "{}")])];
    let job = room.end(room.submit(spec(outputs)).await).await;
    assert_eq!((job.state, job.attempt), (State::Succeeded, 2));
}

#[tokio::test]
async fn a_full_disk_fails_the_outputs_after_the_last_attempt() {
    let room = Room::new().await;
    room.results.failures_left.store(100, Ordering::SeqCst);
    let job = room.end(room.submit(spec([output("a", Group::Main, [])])).await).await;
    assert_eq!((job.state, job.attempt), (State::Failed, 3));
    assert_eq!(results(&job), ["a failed storage_failed: the disk is full"]);
}

#[tokio::test]
async fn a_job_waits_for_a_full_disk_longer_than_for_other_failures() {
    let mut room = Room::new().await;
    room.config.storage_patience_s = 3600;
    room.results.failures_left.store(8, Ordering::SeqCst);
    let job = room.end(room.submit(spec([output("a", Group::Main, [])])).await).await;
    assert_eq!((job.state, job.attempt), (State::Succeeded, 1));
}

#[tokio::test]
async fn a_panic_ends_its_job_and_nothing_else() {
    let room = Room::new().await;
    let bad = room.submit(spec([output("a", Group::Main, [step("panic", "{}")])])).await;
    let good = room.submit(spec([output("a", Group::Main, [])])).await;
    let running = room.run(Duration::from_secs(5));
    let job = room.until(bad, |job| job.state.is_final()).await;
    assert_eq!((job.state, job.attempt), (State::Failed, 1));
    assert_eq!(results(&job), ["a failed internal: a bug of the server ended the job"]);
    assert_eq!(room.owed(bad).await, ["job.finished failed"]);
    room.until(good, |job| job.state == State::Succeeded).await;
    // The slot is free again.
    let more: Vec<Spec> = (0..4).map(|_| spec([output("a", Group::Main, [])])).collect();
    for id in room.submit_all(more, None).await {
        running.worker.wake();
        room.until(id, |job| job.state == State::Succeeded).await;
    }
    running.stop().await;
}

#[tokio::test]
async fn a_job_that_can_never_fit_into_memory_is_refused() {
    let mut room = Room::new().await;
    room.config.memory_bytes = 1 << 20;
    room.inputs.pictures.lock().unwrap().insert("http://pictures/a".into(), Ok(png(600, 500)));
    let job = room.end(room.submit(spec([output("a", Group::Main, [step("invert", "{}")])])).await).await;
    assert_eq!(job.state, State::Failed);
    assert_eq!(job.report.errors[0].code, Code::ImageLimit);
}

#[tokio::test]
async fn jobs_that_do_not_fit_together_come_one_after_the_other() {
    let mut room = Room::slow(Duration::from_millis(30)).await;
    room.config.memory_bytes = 6 << 20;
    room.inputs.pictures.lock().unwrap().insert("http://pictures/a".into(), Ok(png(600, 500)));
    let specs = (0..4).map(|_| spec([output("a", Group::Main, [step("slow", "{}")])])).collect();
    let running = room.run(Duration::from_secs(5));
    for id in room.submit_all(specs, None).await {
        room.until(id, |job| job.state == State::Succeeded).await;
    }
    running.stop().await;
}

#[tokio::test]
async fn a_format_that_cannot_hold_the_picture_fails_its_output() {
    let room = Room::new().await;
    let mut wanted =
        spec([output("a", Group::Main, [step("resize", r#"{"width": 300}"#)]), output("b", Group::Main, [])]);
    wanted.outputs[0].encoding.format = Some("ico".into());
    let job = room.end(room.submit(wanted).await).await;
    assert_eq!(job.state, State::PartiallyFailed);
    let results = results(&job);
    assert!(results[0].starts_with("a failed encode_failed: cannot write ico: width: 300 px"), "{results:?}");
    assert_eq!(results[1], "b succeeded 80x60");
}
