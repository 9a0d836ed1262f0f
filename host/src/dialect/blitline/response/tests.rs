//! Results against the documented ones, field by field.

use super::*;
use crate::{
    dialect::native,
    error::Code,
    job::{Group, JobError, SourceReport},
};

/// A job of one result, 421 x 163 px, that went well or knew no function.
pub(crate) fn ended(well: bool) -> JobRow {
    let mut job = native::tests::job_row(&[("f0", Group::Main)]);
    job.spec.dialect = super::super::NAME.into();
    let image = Shown { output: "f0".into(), identifier: "MY_CLIENT_ID".into(), ..Shown::default() };
    job.spec.extra = json!(JobExtra { v: 1.21, images: vec![image], ..JobExtra::default() });
    let output = &mut job.report.outputs[0];
    if well {
        output.state = OutputState::Succeeded;
        (output.width, output.height) = (Some(421), Some(163));
        job.state = State::Succeeded;
        let (format, sha256) = ("jpeg".to_owned(), String::new());
        job.report.source =
            Some(SourceReport { width: 421, height: 163, format, bytes: 1, sha256, md5: None, frames: None });
    } else {
        output.state = OutputState::Failed;
        output.error = Some(JobError {
            code: Code::UnknownTransform,
            message: "Unknown function named 'blu3r'".into(),
            output: Some("f0".into()),
            step: Some(0),
        });
        job.state = State::Failed;
    }
    job
}

fn of_version(mut job: JobRow, v: f64) -> Results {
    let extra = JobExtra { v, ..JobExtra::of(&job.spec) };
    job.spec.extra = json!(extra);
    results(&job, "http://here")
}

fn body(postback: (Vec<u8>, &str)) -> Value {
    serde_json::from_slice(&postback.0).unwrap()
}

#[test]
fn a_poll_says_what_a_postback_says() {
    for job in [ended(true), ended(false)] {
        let results = of_version(job, 1.21);
        assert_eq!(body(results.postback(false)), results.polled());
    }
    assert_eq!(of_version(ended(false), 1.21).value()["original_meta"], json!({}), "nothing was made");
}

#[test]
fn older_versions_get_older_forms() {
    let text = |v: f64| of_version(ended(true), v).polled()["results"].is_string();
    assert_eq!([0.0, 1.17, 1.18, 1.19, 1.2, 1.27].map(text), [true, true, true, false, false, false]);
    let kind = |v: f64| of_version(ended(true), v).postback(false).1;
    assert_eq!([0.0, 1.17, 1.18].map(kind), ["application/x-www-form-urlencoded", kind(1.17), "application/json"]);
    assert_eq!(of_version(ended(true), 0.0).postback(true).1, "application/json");

    let form = of_version(ended(false), 1.0).postback(false).0;
    let (name, value) = url::form_urlencoded::parse(&form).next().unwrap();
    let results: Value = serde_json::from_str(&value).unwrap();
    assert_eq!((&*name, &results["error"]), ("results", &json!("true")));
    let among = json!([{
        "error": "Image processing failed. Unknown function named 'blu3r'",
        "failed_image_identifiers": ["MY_CLIENT_ID"]
    }]);
    assert_eq!(results["images"], among);
    assert_eq!(of_version(ended(false), 1.19).value()["images"], among);
    assert!(of_version(ended(false), 1.19).value().get("errors").is_none());
}

#[test]
fn what_was_made_is_kept_beside_what_failed() {
    let mut job = native::tests::job_row(&[("f0", Group::Main), ("f1", Group::Main), ("f2", Group::Main)]);
    let image = |id: &str, name: &str| Shown { output: id.into(), identifier: name.into(), ..Shown::default() };
    // The same identifier twice is allowed, and f2 is not shown.
    let azure = Shown { url: Some("https://x/c/a.jpg".into()), is_azure: true, key: None, ..image("f1", "same") };
    job.spec.extra = json!(JobExtra { v: 1.2, images: vec![image("f0", "same"), azure], ..JobExtra::default() });
    let good = ended(true).report.outputs.remove(0);
    let bad = ended(false).report.outputs.remove(0);
    job.report.outputs[0] = OutputReport { id: "f0".into(), ..bad.clone() };
    job.report.outputs[1] = OutputReport { id: "f1".into(), ..good };
    job.report.outputs[2] = OutputReport { id: "f2".into(), ..bad };
    let value = results(&job, "http://here").value();
    assert_eq!(value["failed_image_identifiers"], json!(["same"]));
    assert_eq!(value["errors"].as_array().unwrap().len(), 1, "equal messages are told once");
    assert_eq!(value["images"][0]["azure_url"], "https://x/c/a.jpg");
}

#[test]
fn a_success_never_contains_the_word_that_clients_search_for() {
    let answer = accepted(&ended(true), "http://here");
    assert!(!answer.to_string().contains("error"), "{answer}");
    let expected = json!({
        "images": [{"image_identifier": "MY_CLIENT_ID", "s3_url": "http://here/o/token-f0/f0.jpg"}],
        "job_id": job_id(ended(true).id)
    });
    assert_eq!(answer, expected);
    assert!(!of_version(ended(true), 1.2).polled().to_string().contains("error"));
}

#[test]
fn what_was_asked_for_beside_pictures_is_told() {
    let mut job = ended(true);
    let mut extra = JobExtra::of(&job.spec);
    extra.measures = serde_json::from_value(json!({"hash": "sha256", "filesize": true, "of_results": true})).unwrap();
    extra.images[0].checks_blank = true;
    extra.passthrough = json!({"k": "v"}).as_object().unwrap().clone();
    job.spec.extra = json!(extra);
    job.report.outputs[0].bytes = Some(99);
    job.report.outputs[0].data = vec![json!({"blank": true})];
    let value = results(&job, "http://here").value();
    assert_eq!(value["original_meta"], json!({"width": 421, "height": 163, "filesize": 1, "hash": "", "k": "v"}));
    assert_eq!(value["images"][0]["meta"]["filesize"], 99);
    assert_eq!(value["images"][0]["is_blank"], true);
}
