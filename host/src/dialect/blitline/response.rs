//! What clients read: the answer to a submission, and results as postbacks and polls show them.

use serde_json::{Map, Value, json};

use super::{job_id, lower::JobExtra, saves::Shown, tree};
use crate::{
    dialect::native::response::output_url,
    job::{OutputReport, OutputState},
    store::JobRow,
};

/// Up to this version a postback is a form.
const FORMS_UNTIL: f64 = 1.17;
/// Up to this version a poll's results are JSON in a text.
const TEXT_UNTIL: f64 = 1.18;
/// Up to this version errors stand among the images. It is 1.19 and not below 1.2: versions are numbers.
const ERRORS_AMONG_IMAGES_UNTIL: f64 = 1.19;

/// What begins every error message.
const FAILED: &str = "Image processing failed.";

/// The answer to one accepted job: where its results will be. No other member: clients refuse those.
pub fn accepted(job: &JobRow, public_url: &str) -> Value {
    let extra = JobExtra::of(&job.spec);
    let shown = extra.images.iter().map(|image| {
        let url = place(job, image, public_url);
        json!({"image_identifier": image.identifier, "s3_url": url})
    });
    json!({"images": shown.collect::<Vec<_>>(), "job_id": job_id(job.id)})
}

/// The answer to one job that was refused.
pub fn refused(problem: &str) -> Value {
    json!({"error": problem})
}

fn report<'a>(job: &'a JobRow, image: &Shown) -> Option<&'a OutputReport> {
    job.report.outputs.iter().find(|output| output.id == image.output)
}

/// Where a result is or will be.
fn place(job: &JobRow, image: &Shown, public_url: &str) -> String {
    match (&image.url, report(job, image)) {
        (Some(url), _) => url.clone(),
        (None, Some(report)) => output_url(report, &job.spec, public_url),
        (None, None) => String::new(),
    }
}

/// What a job came to, for versions of the API.
pub struct Results {
    v: f64,
    job_id: String,
    original_meta: Value,
    images: Vec<Value>,
    errors: Vec<String>,
    failed: Vec<String>,
}

/// Sums a job up.
pub fn results(job: &JobRow, public_url: &str) -> Results {
    let extra = JobExtra::of(&job.spec);
    let (mut images, mut failed) = (Vec::new(), Vec::new());
    for image in &extra.images {
        match report(job, image).filter(|report| report.state == OutputState::Succeeded) {
            Some(report) => {
                let mut shown = shown(job, image, report, public_url);
                if extra.measures.of_results {
                    shown["meta"]["filesize"] = json!(report.bytes);
                }
                images.push(shown);
            }
            None => failed.push(image.identifier.clone()),
        }
    }
    let of_outputs = job.report.outputs.iter().filter_map(|output| output.error.as_ref());
    let mut errors: Vec<String> = Vec::new();
    for error in job.report.errors.iter().chain(of_outputs) {
        let message = format!("{FAILED} {}", error.message);
        if !errors.contains(&message) {
            errors.push(message);
        }
    }
    let mut original_meta = Map::new();
    if let Some(source) = &job.report.source {
        original_meta.insert("width".to_owned(), source.width.into());
        original_meta.insert("height".to_owned(), source.height.into());
        let looked = job.report.outputs.iter().find(|output| output.id == tree::SOURCE);
        extra.measures.tell(&mut original_meta, source, looked.map_or(&[], |output| &output.data));
        original_meta.extend(extra.passthrough);
    }
    Results { v: extra.v, job_id: job_id(job.id), original_meta: original_meta.into(), images, errors, failed }
}

fn shown(job: &JobRow, image: &Shown, report: &OutputReport, public_url: &str) -> Value {
    let destination = if image.is_azure { "azure_url" } else { "s3_url" };
    let mut shown = json!({
        "image_identifier": image.identifier,
        destination: place(job, image, public_url),
        "meta": {"width": report.width, "height": report.height},
    });
    if let Some(key) = &image.key {
        shown["s3_key"] = json!(key);
    }
    if image.checks_blank && report.data.last().is_some_and(|data| data["blank"] == true) {
        shown["is_blank"] = json!(true);
    }
    shown
}

impl Results {
    /// Whether something failed.
    pub fn has_errors(&self) -> bool {
        !self.errors.is_empty() || !self.failed.is_empty()
    }

    /// The member `results`.
    pub fn value(&self) -> Value {
        let mut images = self.images.clone();
        let mut hoisted = Map::new();
        if self.has_errors() {
            if self.v <= ERRORS_AMONG_IMAGES_UNTIL {
                let errors =
                    self.errors.iter().map(|error| json!({"error": error, "failed_image_identifiers": self.failed}));
                images.extend(errors);
            } else {
                hoisted.insert("errors".to_owned(), json!(self.errors));
                hoisted.insert("failed_image_identifiers".to_owned(), json!(self.failed));
            }
        }
        let mut results = json!({"original_meta": self.original_meta, "images": images, "job_id": self.job_id});
        if let Some(members) = results.as_object_mut() {
            members.append(&mut hoisted);
        }
        results
    }

    /// The body of a postback and its content type.
    pub fn postback(&self, always_json: bool) -> (Vec<u8>, &'static str) {
        if self.v <= FORMS_UNTIL && !always_json {
            let mut results = self.value();
            if self.has_errors() {
                results["error"] = json!("true");
            }
            let form = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("results", &results.to_string())
                .finish();
            return (form.into_bytes(), "application/x-www-form-urlencoded");
        }
        (json!({"results": self.value()}).to_string().into_bytes(), "application/json")
    }

    /// What a poll answers.
    pub fn polled(&self) -> Value {
        let results = self.value();
        if self.v <= TEXT_UNTIL { json!({"results": results.to_string()}) } else { json!({"results": results}) }
    }
}

#[cfg(test)]
pub(crate) mod tests;
