use super::*;
use crate::{
    job::SourceReport,
    worker::{LocalOutput, LocalProgress, LocalSource},
};

fn local(outputs: &[Output], told: &mut Vec<LocalProgress>) -> Result<(SourceReport, Vec<LocalOutput>), Failure> {
    let source = LocalSource::Bytes(png(80, 60), String::new(), Default::default());
    let read = |_: &crate::job::ImageSource| Ok(png(3, 3));
    run_local(&FakeTransforms::default(), &codec_config(), source, outputs, &read, &mut |progress| told.push(progress))
}

#[test]
fn local_work_gives_the_encoded_results_and_their_cost() {
    let steps = [step("resize", r#"{"width": 40, "height": 30}"#), step("colors", "{}")];
    let mut outputs =
        [output("a", Group::Main, steps), output("b", Group::Main, [step("overlay", r#"{"image": {"file": "a"}}"#)])];
    outputs[0].encoding.format = Some("webp".into());
    let mut told = Vec::new();
    let (source, made) = local(&outputs, &mut told).unwrap();
    assert_eq!((source.width, source.format.as_str()), (80, "png"));
    let first = &made[0].report;
    assert_eq!((first.width, first.height, first.steps.len(), first.data.len()), (Some(40), Some(30), 2, 1));
    assert_eq!(Format::sniff(made[0].bytes.as_ref().unwrap()), Some(Format::WebP));
    assert_eq!(made[1].report.state, OutputState::Succeeded);
    assert_eq!(told[0], LocalProgress::Planned(source));
    assert_eq!(told[1..], [1, 2].map(|done| LocalProgress::Outputs { done, total: 2 }));
}

#[test]
fn the_format_can_be_left_to_what_the_client_accepts() {
    let mut outputs = ["a", "b"].map(|id| output(id, Group::Main, []));
    for output in &mut outputs {
        output.encoding.format = Some("auto".into());
    }
    outputs[1].encoding.accept = Some("image/png, image/avif;q=0.5".into());
    let (_, made) = local(&outputs, &mut Vec::new()).unwrap();
    let format = |index: usize| Format::sniff(made[index].bytes.as_ref().unwrap());
    assert_eq!((format(0), format(1)), (Some(Format::WebP), Some(Format::Avif)));
    assert_eq!(made[1].report.format.as_deref(), Some("avif"));
}

#[test]
fn local_work_names_the_step_that_failed() {
    let mut outputs =
        [output("a", Group::Main, [step("invert", "{}"), step("blu3r", "{}")]), output("b", Group::Main, [])];
    outputs[1].encoding.format = Some("docx".into());
    let (_, made) = local(&outputs, &mut Vec::new()).unwrap();
    let error = |index: usize| made[index].report.error.as_ref().map(|error| (error.code, error.step)).unwrap();
    assert_eq!(error(0), (Code::UnknownTransform, Some(1)));
    assert_eq!(error(1), (Code::EncodeFailed, None));
    assert!(made.iter().all(|output| output.bytes.is_none()));
}
