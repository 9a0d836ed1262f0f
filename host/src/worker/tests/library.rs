//! What the end of a job changes in the library, and sources that are no pictures.

use super::*;
use crate::{
    job::{Accepts, Intake},
    store::{Change, ChunkRow, Library},
    webhook::NewDelivery,
};

/// Keeps a part of an upload at the end of each job, named after what the report says of the source.
#[derive(Default)]
struct Keeping {
    /// How often the first change asks for a resource that is not there.
    conflicts: AtomicU32,
    asked: AtomicU32,
}

#[async_trait]
impl Dialect for Keeping {
    fn name(&self) -> &'static str {
        "keeping"
    }

    fn deliveries(&self, job: &JobRow, event: &crate::dialect::Event) -> Vec<NewDelivery> {
        assert!(*event != crate::dialect::Event::Finished || job.state.is_final());
        Vec::new()
    }

    async fn batch_deliveries(&self, _: &BatchRow, _: &dyn Store) -> Result<Vec<NewDelivery>, Failure> {
        Ok(Vec::new())
    }

    async fn ending(&self, job: &mut JobRow, _: &dyn Store) -> Result<Vec<Change>, Failure> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if job.spec.reference.as_deref() == Some("refused") {
            return Err(Failure::new(Code::InvalidRequest, "this is not wanted"));
        }
        let source = job.report.source.clone().unwrap();
        job.report.extra = serde_json::json!({"format": source.format, "md5": source.md5});
        let part = ChunkRow {
            account: job.account.clone(),
            upload: "kept".into(),
            begins: 0,
            bytes: source.bytes,
            sha256: source.sha256,
            created_at: job.created_at,
        };
        let conflict = Change::DropResource { account: job.account.clone(), id: Uuid::nil(), over: 1 };
        let left = self.conflicts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        Ok([Change::PutChunk(part)].into_iter().chain(left.ok().map(|_| conflict)).collect())
    }
}

fn taking(accepts: Accepts, outputs: impl Into<Vec<Output>>) -> Spec {
    let intake = Intake { keep: true, md5: true, accepts, ..Intake::default() };
    Spec { dialect: "keeping".into(), intake, ..spec(outputs) }
}

async fn room(bytes: Bytes) -> (Room, Arc<Keeping>) {
    let mut room = Room::new().await;
    let keeping = Arc::new(Keeping::default());
    room.dialect = Some(keeping.clone());
    room.inputs.pictures.lock().unwrap().insert("http://pictures/a".into(), Ok(bytes));
    (room, keeping)
}

#[tokio::test]
async fn the_source_and_what_its_dialect_changes_are_kept_with_the_end_of_the_job() {
    let (room, _) = room(png(80, 60)).await;
    let job = room.end(room.submit(taking(Accepts::Pictures, [output("a", Group::Main, [])])).await).await;
    assert_eq!(job.state, State::Succeeded);
    let source = job.report.source.unwrap();
    let md5 = |bytes: &[u8]| crate::worker::report::md5(bytes);
    assert_eq!((source.width, source.md5.as_deref()), (80, Some(md5(&png(80, 60)).as_str())));
    let made = room.results.kept.lock().unwrap()[job.report.outputs[0].sha256.as_ref().unwrap()].clone();
    assert_eq!(job.report.outputs[0].md5, Some(md5(&made)));
    assert_eq!(job.report.extra, serde_json::json!({"format": "png", "md5": md5(&png(80, 60))}));
    let kept = room.store.chunks("demo", "kept").await.unwrap();
    assert_eq!(kept[0].sha256, source.sha256);
    assert_eq!(room.results.kept.lock().unwrap()[&source.sha256], png(80, 60));
}

#[tokio::test]
async fn an_end_that_somebody_else_has_overtaken_is_worked_out_anew() {
    let (room, keeping) = room(png(80, 60)).await;
    keeping.conflicts.store(2, Ordering::SeqCst);
    let job = room.end(room.submit(taking(Accepts::Pictures, [])).await).await;
    assert_eq!((job.state, job.attempt, keeping.asked.load(Ordering::SeqCst)), (State::Succeeded, 1, 3));
    assert_eq!(room.store.chunks("demo", "kept").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_refused_end_fails_the_job_and_changes_nothing() {
    let (room, _) = room(png(80, 60)).await;
    let refused = Spec { reference: Some("refused".into()), ..taking(Accepts::Pictures, []) };
    let job = room.end(room.submit(refused).await).await;
    assert_eq!(job.state, State::Failed);
    assert_eq!(job.report.errors[0].message, "this is not wanted");
    assert!(room.store.chunks("demo", "kept").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_is_no_picture_is_taken_where_it_may_be_one() {
    for (bytes, accepts, outputs, expected) in [
        (Bytes::from_static(b"hello"), Accepts::Anything, vec![], Some("file")),
        (Bytes::from_static(b"hello"), Accepts::Unread, vec![], Some("file")),
        (png(8, 6), Accepts::Unread, vec![], Some("file")),
        (png(8, 6), Accepts::Anything, vec![], Some("png")),
        (Bytes::from_static(b"hello"), Accepts::Pictures, vec![], None),
        (Bytes::from_static(b"hello"), Accepts::Anything, vec![output("a", Group::Main, [])], None),
    ] {
        let (room, _) = room(bytes.clone()).await;
        let job = room.end(room.submit(taking(accepts, outputs)).await).await;
        match expected {
            Some(format) => {
                let source = job.report.source.unwrap();
                assert_eq!((job.state, source.format.as_str()), (State::Succeeded, format), "{accepts:?}");
                assert_eq!(source.bytes, bytes.len() as u64);
                assert_eq!(source.width, if format == "file" { 0 } else { 8 });
            }
            None => {
                assert_eq!((job.state, job.report.errors[0].code), (State::Failed, Code::UnknownFormat), "{accepts:?}")
            }
        }
    }
}
