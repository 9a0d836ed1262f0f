//! Jobs that wait and try again, sources that are kept as they came, and what is found in them.

use super::*;
use crate::{
    job::{AS_SENT, Encoding, Intake, Patience},
    source::Part,
};

fn as_sent() -> Output {
    let encoding = Encoding { format: Some(AS_SENT.into()), ..Encoding::default() };
    let to = Destination::Url { url: "http://elsewhere/all".into(), headers: Vec::new() };
    Output { encoding, destination: Some(to), ..output("original", Group::Main, []) }
}

#[tokio::test]
async fn a_patient_job_waits_and_tries_again_whatever_went_wrong() {
    let room = Room::new().await;
    let patience = Some(Patience { tries: 2, delay_s: 4 });
    let outputs = [output("a", Group::Main, [step("unknown", "{}")]), output("b", Group::Main, [])];
    let submitted = room.clock.now();
    let id = room.submit(Spec { patience, ..spec(outputs) }).await;
    let job = room.end(id).await;
    assert_eq!((job.state, job.attempt), (State::PartiallyFailed, 3), "the last try keeps what it made");
    assert!(job.finished_at.unwrap().duration_since(submitted).unwrap() >= Duration::from_secs(8));
    assert_eq!(room.inputs.reads.lock().unwrap().len(), 3);
    assert_eq!(room.owed(id).await, ["job.finished partially_failed"], "told once");
}

#[tokio::test]
async fn a_patient_job_ends_as_soon_as_it_succeeds() {
    let room = Room::new().await;
    let there = room.inputs.pictures.lock().unwrap().remove("http://pictures/a").unwrap();
    let patience = Some(Patience { tries: 5, delay_s: 1 });
    let id = room.submit(Spec { patience, ..spec([output("a", Group::Main, [])]) }).await;
    let running = room.run(Duration::from_secs(5));
    room.until(id, |job| job.attempt == 2).await;
    room.inputs.pictures.lock().unwrap().insert("http://pictures/a".into(), there);
    let job = room.until(id, |job| job.state.is_final()).await;
    running.stop().await;
    assert_eq!(job.state, State::Succeeded);
}

#[tokio::test]
async fn a_source_is_kept_as_it_came_beside_what_is_made_of_it() {
    let room = Room::new().await;
    let intake = Intake { md5: true, facts: true, ..Intake::default() };
    let id = room.submit(Spec { intake, ..spec([output("a", Group::Main, []), as_sent()]) }).await;
    let job = room.end(id).await;
    assert_eq!(results(&job), ["a succeeded 80x60", "original succeeded 80x60"]);
    let original = &job.report.outputs[1];
    let sent = png(80, 60);
    assert_eq!(original.sha256.as_deref(), Some(hex::encode(Sha256::digest(&sent)).as_str()));
    assert_eq!((original.md5.clone(), original.format.as_deref()), (Some(report::md5(&sent)), Some("png")));
    assert_eq!(job.report.facts.unwrap().crc32, format!("{:08x}", crc32fast::hash(&sent)));
    let uploads = room.results.uploads.lock().unwrap().clone();
    assert_eq!(uploads, [("Url(http://elsewhere/all)".to_owned(), "image/png".to_owned())]);
}

#[tokio::test]
async fn an_archive_is_a_result_like_others() {
    let room = Room::new().await;
    room.inputs.pictures.lock().unwrap().insert("archive".into(), Ok(Bytes::from_static(b"PK")));
    let source = Source::Archive { parts: vec![Part { name: "a".into(), url: "http://pictures/a".into() }] };
    let intake = Intake { accepts: crate::job::Accepts::Unread, ..Intake::default() };
    let job = room.end(room.submit(Spec { source, intake, ..spec([as_sent()]) }).await).await;
    assert_eq!((job.state, job.report.outputs[0].format.as_deref()), (State::Succeeded, Some("zip")));
    let uploads = room.results.uploads.lock().unwrap().clone();
    assert_eq!(uploads[0].1, "application/zip");
}
