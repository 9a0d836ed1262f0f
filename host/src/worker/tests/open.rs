//! Jobs whose outputs are worked out when their source was read.

use super::*;
use crate::{dialect::Work, job::SourceReport, webhook::NewDelivery};

/// Halves pictures; an output named `wrong` is none.
struct Halving {
    asked: AtomicU32,
}

#[async_trait]
impl Dialect for Halving {
    fn name(&self) -> &'static str {
        "halving"
    }

    fn deliveries(&self, _: &JobRow, _: &crate::dialect::Event) -> Vec<NewDelivery> {
        Vec::new()
    }

    async fn batch_deliveries(&self, _: &BatchRow, _: &dyn Store) -> Result<Vec<NewDelivery>, Failure> {
        Ok(Vec::new())
    }

    async fn outputs(
        &self,
        job: &JobRow,
        source: &SourceReport,
        _: &dyn Store,
    ) -> Result<Vec<Result<Work, Failure>>, Failure> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let (width, height) = (source.width / 2, source.height / 2);
        let one = |output: &Output| match output.id.as_str() {
            "wrong" => Err(Failure::new(Code::InvalidParams, "nothing is to be done")),
            _ => Ok(Work {
                steps: vec![step("resize", &format!(r#"{{"width": {width}, "height": {height}}}"#))],
                ..Work::default()
            }),
        };
        Ok(job.spec.outputs.iter().map(one).collect())
    }
}

#[tokio::test]
async fn the_dialect_says_what_is_made_of_a_source_once_it_is_known() {
    let mut room = Room::new().await;
    let halving = Arc::new(Halving { asked: AtomicU32::new(0) });
    room.dialect = Some(halving.clone());
    room.inputs.failures_left.store(1, Ordering::SeqCst);
    let outputs = ["half", "wrong"].map(|id| output(id, Group::Main, []));
    let open = Spec { dialect: "halving".into(), open: true, ..spec(outputs) };
    let job = room.end(room.submit(open).await).await;
    let result = |index: usize| {
        let output = &job.report.outputs[index];
        (output.state, output.width, output.error.as_ref().map(|error| error.message.clone()))
    };
    assert_eq!(result(0), (OutputState::Succeeded, Some(40), None));
    assert_eq!(result(1), (OutputState::Failed, None, Some("nothing is to be done".into())));
    assert_eq!((job.state, job.attempt), (State::PartiallyFailed, 2));
    assert_eq!(halving.asked.load(Ordering::SeqCst), 1, "not before the source was read");
    // The row holds what was asked for, so that a further run asks again.
    assert!(job.spec.outputs[0].steps.is_empty());
}

#[tokio::test]
async fn an_open_job_of_a_dialect_that_has_none_fails() {
    let room = Room::new().await;
    let mut spec = spec([output("a", Group::Main, [])]);
    spec.open = true;
    let mut room = room;
    room.config.max_attempts = 1;
    let job = room.end(room.submit(spec).await).await;
    assert_eq!(job.state, State::Failed);
    assert_eq!(job.report.errors[0].message, "the dialect \"native\" has no open jobs");
}
