//! What clients read: the answer to a submission, and results as postbacks and polls show them.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{follow::group_of, job_id, lower::JobExtra, pages::Told, saves::Shown, tree};
use crate::{
    dialect::native::response::output_url,
    job::{OutputReport, OutputState, Quality, Report, Spec, State},
    store::{BatchRow, JobRow},
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
    let mut known = vec![(job.spec.clone(), job.report.clone())];
    let mut is_burst = false;
    while let Some(follow) = known.first().and_then(|(spec, _)| JobExtra::of(spec).follow) {
        is_burst = follow.is_burst();
        known = follow.foreseen();
    }
    let shown = known.iter().flat_map(|(spec, report)| {
        JobExtra::of(spec).images.into_iter().map(move |image| {
            let url = place(spec, report, &image, public_url);
            json!({"image_identifier": image.identifier, "s3_url": url})
        })
    });
    let mut answer = json!({"images": shown.collect::<Vec<_>>(), "job_id": job_id(job.id)});
    if is_burst {
        answer["group_completion_job_id"] = json!(job_id(group_of(job.id)));
    }
    answer
}

/// The answer to one job that was refused.
pub fn refused(problem: &str) -> Value {
    json!({"error": problem})
}

fn find<'a>(report: &'a Report, image: &Shown) -> Option<&'a OutputReport> {
    report.outputs.iter().find(|output| output.id == image.output)
}

/// Where a result is or will be.
fn place(spec: &Spec, report: &Report, image: &Shown, public_url: &str) -> String {
    match (&image.url, find(report, image)) {
        (Some(url), _) => url.clone(),
        (None, Some(output)) => output_url(output, spec, public_url),
        (None, None) => String::new(),
    }
}

/// What a job came to, for versions of the API.
#[derive(Default)]
pub struct Results {
    v: f64,
    job_id: String,
    original_meta: Value,
    images: Vec<Value>,
    /// URLs of archives.
    archives: Option<Vec<Value>>,
    /// What preparations found.
    prepared: Option<Value>,
    errors: Vec<String>,
    failed: Vec<String>,
}

/// Sums a job up.
pub fn results(job: &JobRow, public_url: &str) -> Results {
    let mut extra = JobExtra::of(&job.spec);
    let id = extra.shown_as.unwrap_or(job.id);
    let nothing = Report::default();
    let mut report = &job.report;
    // Of a job that something was to follow, nothing is shown, and when it fails nothing of the rest is made.
    while let Some(follow) = extra.follow.take() {
        (extra, report) = (follow.extra(), &nothing);
        if !job.state.is_final() || job.state == State::Succeeded {
            extra.images.clear();
        }
    }
    let mut results = Results { v: extra.v, job_id: job_id(id), ..Results::default() };
    results.add(&extra, &job.spec, report, public_url);
    results.fail(&job.report);
    if extra.is_archive {
        results.archives = Some(results.images.drain(..).map(|image| image["s3_url"].clone()).collect());
        results.failed.clear();
    }
    let mut meta = Map::new();
    // When nothing at all was made, nothing is told of the source either, as in the original.
    let in_vain = results.images.is_empty() && !results.errors.is_empty() || extra.is_archive;
    if let Some(source) = job.report.source.as_ref().filter(|_| !in_vain) {
        meta.insert("width".to_owned(), source.width.into());
        meta.insert("height".to_owned(), source.height.into());
        let looked = report.outputs.iter().find(|output| output.id == tree::SOURCE);
        let data = looked.map_or(&[][..], |output| &output.data);
        results.prepared = extra.measures.tell(&mut meta, source, job.report.facts.as_ref(), data);
        if let (Some(at), true) =
            (meta.get("date_created").and_then(Value::as_str), extra.v > ERRORS_AMONG_IMAGES_UNTIL)
        {
            let iso = iso_date(at);
            meta.extend(iso.map(|iso| ("iso_date_created".to_owned(), json!(iso))));
        }
        meta.extend(extra.passthrough);
    }
    results.original_meta = meta.into();
    results
}

/// Sums jobs up that are told of together, each of which is of one page.
pub fn group(batch: &BatchRow, jobs: &[JobRow], public_url: &str) -> Results {
    let extra = JobExtra::deserialize(&batch.extra).unwrap_or_default();
    let id = extra.shown_as.unwrap_or(batch.id);
    let mut results = Results { v: extra.v, job_id: job_id(id), original_meta: json!({}), ..Results::default() };
    for job in jobs {
        results.add(&JobExtra::of(&job.spec), &job.spec, &job.report, public_url);
        results.fail(&job.report);
    }
    if extra.group == Some(Told::AsGroup) {
        for image in &mut results.images {
            let url = image.get("s3_url").or(image.get("azure_url")).cloned();
            *image = json!({"image_identifier": image["image_identifier"], "url": url});
        }
    } else if let Some(first) = jobs.first() {
        let first = self::results(first, public_url);
        (results.original_meta, results.prepared) = (first.original_meta, first.prepared);
    }
    results
}

/// `2014:06:12 10:20:30` as ISO 8601 has it.
fn iso_date(text: &str) -> Option<String> {
    let (date, time) = text.split_once(' ')?;
    Some(format!("{}T{time}Z", date.replace(':', "-")))
}

fn shown(spec: &Spec, image: &Shown, report: &Report, output: &OutputReport, public_url: &str) -> Value {
    let destination = if image.is_azure { "azure_url" } else { "s3_url" };
    let mut shown = json!({
        "image_identifier": image.identifier,
        destination: place(spec, report, image, public_url),
        "meta": {"width": output.width, "height": output.height},
    });
    if let Some(key) = &image.key {
        shown["s3_key"] = json!(key);
    }
    if image.checks_blank && output.data.last().is_some_and(|data| data["blank"] == true) {
        shown["is_blank"] = json!(true);
    }
    shown
}

/// What `extended_metadata` adds to a result.
fn extend(meta: &mut Value, spec: &Spec, output: &OutputReport) {
    meta["filesize"] = json!(output.bytes);
    // Eight bits a channel are all that is written.
    meta["depth"] = json!(8);
    let encoding = spec.outputs.iter().find(|one| one.id == output.id).map(|one| &one.encoding);
    if let Some(dpi) = encoding.and_then(|encoding| encoding.dpi) {
        meta["density"] = json!(dpi);
    }
    if let Some(Quality::Fixed(quality)) = encoding.and_then(|encoding| encoding.quality) {
        meta["quality"] = json!(quality);
    }
}

impl Results {
    /// Adds what was made and what was not.
    fn add(&mut self, extra: &JobExtra, spec: &Spec, report: &Report, public_url: &str) {
        for image in &extra.images {
            match find(report, image).filter(|output| output.state == OutputState::Succeeded) {
                Some(output) => {
                    let mut shown = shown(spec, image, report, output, public_url);
                    if extra.measures.of_results {
                        extend(&mut shown["meta"], spec, output);
                    }
                    self.images.push(shown);
                }
                None => self.failed.push(image.identifier.clone()),
            }
        }
    }

    /// Adds a job's errors, each sentence once.
    fn fail(&mut self, report: &Report) {
        let of_outputs = report.outputs.iter().filter_map(|output| output.error.as_ref());
        for error in report.errors.iter().chain(of_outputs) {
            let message = format!("{FAILED} {}", error.message);
            if !self.errors.contains(&message) {
                self.errors.push(message);
            }
        }
    }

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
            members.extend(self.archives.clone().map(|urls| ("results".to_owned(), urls.into())));
            members.extend(self.prepared.clone().map(|found| ("pre_processor_results".to_owned(), found)));
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
