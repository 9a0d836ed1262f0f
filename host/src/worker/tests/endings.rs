use super::*;

#[tokio::test]
async fn a_job_is_made_kept_and_told_in_one_commit() {
    let room = Room::new().await;
    let resize = || step("resize", r#"{"width": 40, "height": 30}"#);
    let mut wanted = spec([output("a", Group::Main, [resize()]), output("b", Group::Main, [])]);
    wanted.outputs[0].encoding.format = Some("jpg".into());
    let id = room.submit(wanted).await;
    let before = room.job(id).await.version;
    let job = room.end(id).await;
    assert_eq!(job.state, State::Succeeded);
    assert_eq!(results(&job), ["a succeeded 40x30", "b succeeded 80x60"]);
    // One for the claim, one for the end.
    assert_eq!(job.version, before + 2);
    assert_eq!(room.owed(id).await, ["job.finished succeeded"]);
    let source = job.report.source.as_ref().unwrap();
    assert_eq!((source.width, source.height, source.format.as_str(), source.frames), (80, 60, "png", None));
    assert_eq!(source.sha256, hex::encode(Sha256::digest(png(80, 60))));
    let [a, b] = &job.report.outputs[..] else { panic!("two outputs") };
    assert_eq!((a.format.as_deref(), b.format.as_deref()), (Some("jpeg"), Some("png")));
    let kept = room.results.kept.lock().unwrap();
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[a.sha256.as_ref().unwrap()].len() as u64, a.bytes.unwrap());
    assert_eq!(a.steps.len(), 1);
    assert_eq!((job.progress.done, job.progress.total), (2, 2));
    assert!(room.changed.lock().unwrap().contains(&id));
}

#[tokio::test]
async fn the_main_outputs_are_told_before_the_eager_ones_are_made() {
    let room = Room::slow(Duration::from_millis(200)).await;
    let outputs = [output("a", Group::Main, []), output("b", Group::Eager, [step("slow", "{}")])];
    let id = room.submit(spec(outputs)).await;
    let running = room.run(Duration::from_secs(5));
    let job = room.until(id, |job| job.progress.done == 1).await;
    assert_eq!(results(&job), ["a succeeded 80x60", "b pending"]);
    assert_eq!(room.owed(id).await, ["job.finished running"]);
    room.until(id, |job| job.state == State::Succeeded).await;
    assert_eq!(room.owed(id).await, ["job.finished running", "job.eager_finished succeeded"]);
    running.stop().await;
}

#[tokio::test]
async fn further_events_are_told_to_those_who_asked() {
    let room = Room::new().await;
    let mut wanted = spec([output("a", Group::Main, []), output("b", Group::Main, [step("blu3r", "{}")])]);
    wanted.callbacks.events = vec!["job.running".into(), "output.finished".into()];
    let id = room.submit(wanted).await;
    let job = room.end(id).await;
    assert_eq!(job.state, State::PartiallyFailed);
    assert_eq!(
        room.owed(id).await,
        ["job.running running", "output.finished running", "output.finished running", "job.finished partially_failed"]
    );
}

#[tokio::test]
async fn a_canvas_needs_no_source() {
    let room = Room::new().await;
    let mut wanted = spec([output("a", Group::Main, [])]);
    wanted.source = Source::Canvas { width: 7, height: 5, color: [1, 2, 3, 4] };
    let job = room.end(room.submit(wanted).await).await;
    assert_eq!(results(&job), ["a succeeded 7x5"]);
    assert_eq!(job.report.outputs[0].format.as_deref(), Some("png"));
    assert_eq!(job.report.source.unwrap().format, "canvas");
}

#[tokio::test]
async fn a_source_that_is_to_be_kept_becomes_an_asset() {
    let room = Room::new().await;
    let mut wanted = spec([output("a", Group::Main, [])]);
    wanted.store_as = Some("sunset".into());
    let job = room.end(room.submit(wanted).await).await;
    assert_eq!(job.state, State::Succeeded);
    let asset = room.store.asset("demo", "sunset").await.unwrap().unwrap();
    assert_eq!((asset.width, asset.height, asset.format.as_str()), (80, 60, "png"));
    assert_eq!(room.results.kept.lock().unwrap()[&asset.sha256], png(80, 60));
}

#[tokio::test]
async fn the_source_of_a_job_that_fails_is_not_kept() {
    let room = Room::new().await;
    let mut wanted = spec([output("a", Group::Main, [step("trap", "{}")])]);
    wanted.store_as = Some("sunset".into());
    let job = room.end(room.submit(wanted).await).await;
    assert_eq!(job.state, State::Failed);
    assert_eq!(room.store.asset("demo", "sunset").await.unwrap(), None);
    assert!(room.results.kept.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_batch_is_announced_when_its_last_job_has_ended() {
    let room = Room::new().await;
    let batch = NewBatch {
        id: Uuid::new_v4(),
        dialect: "native".into(),
        notification_url: Some("http://receiver/batch".into()),
        reference: None,
        extra: serde_json::Value::Null,
    };
    let batch_id = batch.id;
    let specs = vec![spec([output("a", Group::Main, [])]), spec([output("a", Group::Main, [step("trap", "{}")])])];
    let jobs = room.submit_all(specs, Some(batch)).await;
    let running = room.run(Duration::from_secs(5));
    for job in jobs {
        room.until(job, |job| job.state.is_final()).await;
    }
    running.stop().await;
    let filter = DeliveryFilter { limit: 100, ..DeliveryFilter::default() };
    let rows = room.store.deliveries("demo", filter).await.unwrap().items;
    let batches: Vec<_> = rows.iter().filter(|row| row.delivery.kind == "batch.finished").collect();
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].delivery.batch, Some(batch_id));
}

#[tokio::test]
async fn a_batch_that_a_crash_kept_from_being_announced_is_announced_later() {
    let room = Room::new().await;
    let batch = NewBatch {
        id: Uuid::new_v4(),
        dialect: "native".into(),
        notification_url: Some("http://receiver/batch".into()),
        reference: None,
        extra: serde_json::Value::Null,
    };
    let id = room.submit_all(vec![spec([output("a", Group::Main, [])])], Some(batch)).await[0];
    let claimed = room.store.claim_jobs(1, LEASE).await.unwrap().remove(0);
    let completion = report::failed(None, &claimed.job, &Failure::new(Code::Internal, "test"), room.clock.now());
    room.store.complete(id, claimed.token, completion).await.unwrap();
    let running = room.run(Duration::ZERO);
    for _ in 0..1000 {
        if room.store.unannounced_batches(1).await.unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running.stop().await;
    let filter = DeliveryFilter { limit: 100, ..DeliveryFilter::default() };
    let rows = room.store.deliveries("demo", filter).await.unwrap().items;
    assert_eq!(rows.iter().map(|row| row.delivery.kind.as_str()).collect::<Vec<_>>(), ["batch.finished"]);
}
