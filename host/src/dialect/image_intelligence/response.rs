//! The job object, which submissions, polls and webhooks all show.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    auth::millis,
    lower::{BatchExtra, ImageExtra, Wish},
};
use crate::{
    error::{Code, Fault},
    job::{JobError, OutputReport, OutputState},
    store::{BatchRow, JobRow},
};

/// A picture that is done or not.
struct Seen<'a> {
    job: &'a JobRow,
    extra: ImageExtra,
    /// As in the original's list.
    status: &'static str,
    /// What the `analyze` steps found, in their order; none until it is done.
    data: &'a [Value],
}

/// An object in a picture.
#[derive(Clone, Debug, PartialEq)]
struct Object {
    class: String,
    confidence: f64,
}

const DONE: &str = "COMPLETED_SUCCESSFULLY";
const GOING_ON: &str = "IN_PROGRESS";

/// Shows a job: its batch, and the jobs of its pictures.
pub fn job(batch: &BatchRow, jobs: &[JobRow], base_url: &str) -> Value {
    let Ok(extra) = BatchExtra::deserialize(&batch.extra) else { return Value::Null };
    let mut seen: Vec<Seen<'_>> = jobs.iter().map(look).collect();
    seen.sort_by_key(|seen| seen.extra.index);
    let status = status(&seen);
    let mut shown = json!(extra.about);
    shown["id"] = json!(batch.id);
    shown["createdAt"] = json!(millis(batch.created_at));
    shown["status"] = json!(status);
    let (job_results, image_results): (Value, Vec<Value>) = match &extra.wish {
        Wish::Detect(classes) => {
            let objects: Vec<Vec<Object>> = seen.iter().map(|seen| objects(seen, classes)).collect();
            let images = seen.iter().zip(&objects).map(|(seen, objects)| image_result(seen, Some(objects), base_url));
            let images = images.collect();
            let results =
                if status == GOING_ON { json!([]) } else { class_results(classes, &seen, &objects, base_url) };
            (results, images)
        }
        Wish::Match(target) => {
            let results = json!({"target": target, "hitl": false});
            best_of(results, &seen, status, base_url, likeness)
        }
        Wish::Ask { examples, .. } => {
            best_of(json!({}), &seen, status, base_url, |seen| agreement(seen, examples.yes.len()))
        }
    };
    if let Wish::Ask { question, examples } = &extra.wish {
        (shown["question"], shown["examples"]) = (json!(question), json!(examples));
    }
    shown["jobResults"] = job_results;
    shown["imageResults"] = json!(image_results);
    shown
}

/// Whether every picture is done.
pub fn status_of(jobs: &[JobRow]) -> &'static str {
    let seen: Vec<Seen<'_>> = jobs.iter().map(look).collect();
    status(&seen)
}

fn status(seen: &[Seen<'_>]) -> &'static str {
    let count = |status: &str| seen.iter().filter(|seen| seen.status == status).count();
    match (count(GOING_ON), count(DONE)) {
        (going_on, _) if going_on > 0 => GOING_ON,
        (_, done) if done == seen.len() => DONE,
        (_, 0) => "COMPLETED_ALL_ERROR",
        _ => "COMPLETED_PARTIAL_ERROR",
    }
}

fn look(job: &JobRow) -> Seen<'_> {
    let extra = ImageExtra::deserialize(&job.spec.extra).unwrap_or_default();
    let output = job.report.outputs.first();
    let made = output.filter(|output| output.state == OutputState::Succeeded);
    let status = match made {
        Some(_) => DONE,
        None if !job.state.is_final() => GOING_ON,
        None => problem(output, job.report.errors.first()),
    };
    Seen { job, extra, status, data: made.map_or(&[], |output| &output.data) }
}

/// A picture's error in the words of the original.
fn problem(output: Option<&OutputReport>, whole: Option<&JobError>) -> &'static str {
    let Some(error) = output.and_then(|output| output.error.as_ref()).or(whole) else { return "UNKNOWN_ERROR" };
    match (error.code, error.code.fault()) {
        (Code::SourceUnreachable | Code::SourceNotFound | Code::SourceLimit | Code::AddressRefused, _) => {
            "IMAGE_DOWNLOAD_ERROR"
        }
        (Code::UnsupportedImage, _) | (_, Fault::Source) => "INVALID_IMAGE_FORMAT_ERROR",
        (Code::PluginRefused | Code::UnknownTransform | Code::InvalidParams, _) => "MODEL_SERVICE_ERROR",
        (Code::Cancelled, _) => "JOB_ERROR",
        (_, Fault::Plugin)
        | (Code::LimitTime | Code::LimitMemory | Code::LimitStack | Code::LimitOutput | Code::LimitLog, _) => {
            "DETECTION_ENGINE_ERROR"
        }
        _ => "UNKNOWN_ERROR",
    }
}

/// The objects of these classes, whose steps ran in this order. A code that was read is certain: its check digits
/// fit. Objects of models have the model's score.
fn objects(seen: &Seen<'_>, classes: &[String]) -> Vec<Object> {
    let mut found = Vec::new();
    for (class, data) in classes.iter().zip(seen.data) {
        let class = class.as_str();
        let codes = data["codes"].as_array().into_iter().flatten().map(|_| 1.0);
        let scores = data["objects"].as_array().into_iter().flatten().filter_map(|object| object["score"].as_f64());
        found.extend(codes.chain(scores).map(|confidence| Object { class: class.to_owned(), confidence }));
    }
    found
}

/// How sure it is that the picture shows the target: the best of its pictures, 0 when none was found.
fn likeness(seen: &Seen<'_>) -> f64 {
    let found = seen.data.iter().filter(|data| data["found"] == true);
    found.filter_map(|data| data["confidence"].as_f64()).fold(0.0, f64::max)
}

/// How much more a picture is like one of the first examples than like any other; 0 when it is not, or like none. By
/// the distance of hashes, which is about 0.5 for pictures that have nothing to do with each other.
fn agreement(seen: &Seen<'_>, yes: usize) -> f64 {
    let distances = seen.data.iter().filter_map(|data| data["difference_ratio"].as_f64());
    let distances: Vec<f64> = distances.collect();
    let (yes, no) = distances.split_at(yes.min(distances.len()));
    let least = |of: &[f64]| of.iter().copied().fold(UNLIKE, f64::min);
    (least(no) - least(yes)).max(0.0)
}

/// From this distance of hashes on, pictures are not alike.
const UNLIKE: f64 = 0.3;

/// What is told of a job that chooses one picture: that of the highest score above 0, once all are done.
fn best_of(
    mut results: Value,
    seen: &[Seen<'_>],
    status: &str,
    base_url: &str,
    score: impl Fn(&Seen<'_>) -> f64,
) -> (Value, Vec<Value>) {
    let best = seen.iter().filter(|seen| score(seen) > 0.0).max_by(|a, b| score(a).total_cmp(&score(b)));
    if let (Some(best), true) = (best, status != GOING_ON) {
        results["image"] = picture(best, base_url);
    }
    (results, seen.iter().map(|seen| image_result(seen, None, base_url)).collect())
}

/// A picture as results name it.
fn picture(seen: &Seen<'_>, base_url: &str) -> Value {
    let proxy = format!("{base_url}/images/{}", seen.job.id);
    let mut shown = Map::new();
    shown.insert("id".to_owned(), json!(seen.job.id));
    // What came along has no other address.
    shown.insert("url".to_owned(), json!(seen.extra.url.as_ref().unwrap_or(&proxy)));
    shown.insert("proxyUrl".to_owned(), json!(proxy));
    if let Some(id) = &seen.extra.custom_id {
        shown.insert("customId".to_owned(), json!(id));
    }
    Value::Object(shown)
}

fn image_result(seen: &Seen<'_>, objects: Option<&Vec<Object>>, base_url: &str) -> Value {
    let mut shown = picture(seen, base_url);
    if let Some(objects) = objects {
        let object = |object: &Object| json!({"class": object.class, "confidence": object.confidence, "verdict": true});
        shown["objects"] = objects.iter().map(object).collect();
    }
    shown["status"] = json!(seen.status);
    shown
}

/// For each class the picture that shows it best.
fn class_results(classes: &[String], seen: &[Seen<'_>], objects: &[Vec<Object>], base_url: &str) -> Value {
    let best = |class: &String| {
        let all = seen.iter().zip(objects).flat_map(|(seen, objects)| objects.iter().map(move |object| (seen, object)));
        let of_class = all.filter(|(_, object)| object.class == *class);
        // Of equals the first.
        of_class.reduce(|best, next| if next.1.confidence > best.1.confidence { next } else { best })
    };
    let result = |class: &String| {
        let mut result = json!({"class": class, "hitl": false});
        if let Some((seen, object)) = best(class) {
            result["image"] = picture(seen, base_url);
            result["image"]["confidence"] = json!(object.confidence);
        }
        result
    };
    classes.iter().map(result).collect()
}

/// A token of a picture's result, which is its copy here: `/images/{id}`.
pub fn token(id: Uuid) -> String {
    id.to_string()
}

#[cfg(test)]
pub(crate) mod tests;
