//! The job object against the documented one, field by field.

use super::*;
use crate::{
    clock::from_micros,
    dialect::native,
    job::{Group, State},
};

/// A picture's job with what its steps found.
fn image(id: &str, index: u32, data: Vec<Value>) -> JobRow {
    let mut job = native::tests::job_row(&[("image", Group::Main)]);
    job.id = id.parse().unwrap();
    job.state = State::Succeeded;
    job.report.outputs[0].state = OutputState::Succeeded;
    job.report.outputs[0].data = data;
    job.spec.extra = json!(ImageExtra {
        index,
        url: Some(format!("https://publicly.available.domain.net/image-00{}.jpg", index + 1)),
        custom_id: Some(if index == 0 { "some_person_filled_image".into() } else { "some_car_filled_image".into() }),
    });
    job
}

fn failed(mut job: JobRow, code: Code) -> JobRow {
    let output = &mut job.report.outputs[0];
    output.state = OutputState::Failed;
    output.error = Some(JobError { code, message: String::new(), output: None, step: None });
    output.data = Vec::new();
    job.state = State::Failed;
    job
}

fn batch(wish: Wish, document: &Value) -> BatchRow {
    let extra = BatchExtra::new(wish, serde_json::from_value(document.clone()).unwrap());
    BatchRow {
        id: document["id"].as_str().unwrap().parse().unwrap(),
        account: "demo".into(),
        dialect: super::super::NAME.into(),
        notification_url: extra.about.webhook_url.clone(),
        reference: None,
        extra: json!(extra),
        counts: Vec::new(),
        created_at: from_micros(1_487_648_348_000_000),
        finished_at: None,
    }
}

const FIRST: &str = "52547074-a622-11e6-8f61-63f37dc33285";
const SECOND: &str = "52547074-a622-11e6-8f61-63f37dc33286";

/// A job of two pictures and two classes, each seen in one: its rows, and its object.
pub(crate) fn done() -> (BatchRow, Vec<JobRow>, Value) {
    let picture = |id: &str, number: u32, name: &str| {
        json!({
            "id": id, "url": format!("https://publicly.available.domain.net/image-00{number}.jpg"),
            "proxyUrl": format!("https://api.quickpix.io/images/{id}"), "customId": name
        })
    };
    let with = |mut picture: Value, more: Value| {
        picture.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        picture
    };
    let first = picture(FIRST, 1, "some_person_filled_image");
    let second = picture(SECOND, 2, "some_car_filled_image");
    let result = |picture: &Value, class: &str, confidence: f64| {
        let objects = json!([{"class": class, "confidence": confidence, "verdict": true}]);
        with(picture.clone(), json!({"status": DONE, "objects": objects}))
    };
    let best = |picture: &Value, class: &str, confidence: f64| json!({"class": class, "hitl": false, "image": with(picture.clone(), json!({"confidence": confidence}))});
    let document = json!({
        "id": "5d689c71-e68f-46c3-ac71-4053806e71de", "createdAt": 1_487_648_348_000u64, "status": DONE,
        "customId": "mine", "feedId": "Camera_123456", "webhookUrl": "https://publicly.available.domain.net/hook",
        "jobResults": [best(&first, "person", 0.997), best(&second, "car", 0.998)],
        "imageResults": [result(&first, "person", 0.997), result(&second, "car", 0.998)]
    });
    let found = |score: f64| json!({"objects": [{"label": "x", "score": score}]});
    let none = json!({"objects": []});
    let jobs = vec![image(SECOND, 1, vec![none.clone(), found(0.998)]), image(FIRST, 0, vec![found(0.997), none])];
    (batch(Wish::Detect(vec!["person".into(), "car".into()]), &document), jobs, document)
}

#[test]
fn the_job_shows_its_pictures_and_the_best_for_each_class() {
    let (batch, jobs, expected) = done();
    assert_eq!(job(&batch, &jobs, "https://api.quickpix.io"), expected);
}

#[test]
fn a_job_is_as_good_as_its_pictures() {
    let (batch, jobs, _) = done();
    let of = |change: fn(Vec<JobRow>) -> Vec<JobRow>| {
        let shown = job(&batch, &change(jobs.clone()), "http://here");
        let images = shown["imageResults"].as_array().unwrap().iter().map(|image| image["status"].clone());
        (shown["status"].clone(), images.collect::<Vec<_>>(), shown["jobResults"].clone())
    };
    let (status, images, results) = of(|mut jobs| {
        jobs[0] = failed(jobs[0].clone(), Code::SourceNotFound);
        jobs
    });
    assert_eq!((status, images), (json!("COMPLETED_PARTIAL_ERROR"), vec![json!(DONE), json!("IMAGE_DOWNLOAD_ERROR")]));
    assert_eq!(results[1], json!({"class": "car", "hitl": false}), "nothing was found");
    let (status, images, _) = of(|jobs| jobs.into_iter().map(|job| failed(job, Code::CorruptImage)).collect());
    assert_eq!((status, &images[0]), (json!("COMPLETED_ALL_ERROR"), &json!("INVALID_IMAGE_FORMAT_ERROR")));
    let (status, images, results) = of(|mut jobs| {
        jobs[0].state = State::Running;
        jobs[0].report.outputs[0].state = OutputState::Pending;
        jobs
    });
    assert_eq!((status, &images[1], results), (json!(GOING_ON), &json!(GOING_ON), json!([])));
}

#[test]
fn errors_have_the_original_names() {
    for (code, expected) in [
        (Code::SourceUnreachable, "IMAGE_DOWNLOAD_ERROR"),
        (Code::AddressRefused, "IMAGE_DOWNLOAD_ERROR"),
        (Code::UnknownFormat, "INVALID_IMAGE_FORMAT_ERROR"),
        (Code::PluginRefused, "MODEL_SERVICE_ERROR"),
        (Code::PluginTrapped, "DETECTION_ENGINE_ERROR"),
        (Code::LimitTime, "DETECTION_ENGINE_ERROR"),
        (Code::Cancelled, "JOB_ERROR"),
        (Code::StorageFailed, "UNKNOWN_ERROR"),
    ] {
        let job = failed(image(FIRST, 0, Vec::new()), code);
        assert_eq!(look(&job).status, expected);
    }
}

#[test]
fn a_match_shows_the_picture_that_is_most_alike() {
    let document = json!({"id": FIRST});
    let target = crate::dialect::image_intelligence::request::TargetRequest {
        class: "logo".into(),
        custom_id: None,
        images: vec!["http://a/".into()],
    };
    let found = |found: bool, confidence: f64| vec![json!({"found": found, "confidence": confidence})];
    let batch = batch(Wish::Match(target), &document);
    let jobs = [image(FIRST, 0, found(true, 0.7)), image(SECOND, 1, found(true, 0.9))];
    let shown = job(&batch, &jobs, "http://here");
    assert_eq!(shown["jobResults"]["image"]["id"], SECOND);
    assert_eq!(shown["jobResults"]["target"], json!({"class": "logo", "images": ["http://a/"]}));
    assert!(shown["imageResults"][0].get("objects").is_none());
    let jobs = [image(FIRST, 0, found(false, 0.3))];
    assert!(job(&batch, &jobs, "http://here")["jobResults"].get("image").is_none());
}

#[test]
fn an_answer_is_the_picture_that_is_most_like_the_first_examples() {
    let document = json!({"id": FIRST});
    let examples =
        crate::dialect::image_intelligence::request::Examples { yes: vec!["y".into()], no: vec!["n".into()] };
    let batch = batch(Wish::Ask { question: "Is it?".into(), examples }, &document);
    let at = |yes: f64, no: f64| vec![json!({"difference_ratio": yes}), json!({"difference_ratio": no})];
    let jobs = [image(FIRST, 0, at(0.2, 0.25)), image(SECOND, 1, at(0.1, 0.5))];
    let shown = job(&batch, &jobs, "http://here");
    assert_eq!((&shown["question"], &shown["examples"]), (&json!("Is it?"), &json!({"yes": ["y"], "no": ["n"]})));
    assert_eq!(shown["jobResults"]["image"]["id"], SECOND);
    let unlike = [image(FIRST, 0, at(0.4, 0.5)), image(SECOND, 1, at(0.2, 0.1))];
    assert_eq!(job(&batch, &unlike, "http://here")["jobResults"], json!({}));
}

#[test]
fn a_code_that_was_read_is_certain_and_a_picture_that_came_along_is_shown_here() {
    let (batch, _, _) = done();
    let extra = BatchExtra::new(Wish::Detect(vec!["qr_code".into()]), Default::default());
    let batch = BatchRow { extra: json!(extra), ..batch };
    let mut sent = image(FIRST, 0, vec![json!({"codes": [{"kind": "qr", "text": "a"}]})]);
    sent.spec.extra = json!(ImageExtra::default());
    let shown = job(&batch, &[sent], "http://here");
    assert_eq!(shown["imageResults"][0]["objects"], json!([{"class": "qr_code", "confidence": 1.0, "verdict": true}]));
    assert_eq!(shown["imageResults"][0]["url"], format!("http://here/images/{FIRST}"));
}
