//! Request to jobs: one for each picture, with one `analyze` step for each class or each picture of the target.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Config, NAME,
    request::{
        About, AskRequest, ClassRequest, DetectRequest, Examples, ExclusionZones, ImageRequest, MatchRequest,
        TargetRequest,
    },
};
use crate::{
    dialect::native::{
        lower::{self, Lowered as LoweredJob, Rules, web_url},
        request::{JobRequest, OutputRequest, SourceRequest, StepRequest},
    },
    job::{Params, Spec},
    source::Source,
};

/// Pictures of one job, classes, and pictures of a target.
const MAX_IMAGES: usize = 64;
const MAX_CLASSES: usize = 64;
const MAX_TARGETS: usize = 3;

/// The longest URL and the longest id, in bytes.
const MAX_URL: usize = 2048;
const MAX_ID: usize = 64;

/// The longest question, in bytes.
const MAX_QUESTION: usize = 256;

/// Sides of a grid.
const MAX_GRID: usize = 128;

/// Classes that need no model: codes that can be read, with the kinds that `codes` calls them.
pub const CODES: [(&str, &[&str]); 6] = [
    ("code", &["qr", "micro_qr", "data_matrix", "aztec", "pdf417", "barcode"]),
    ("qr_code", &["qr", "micro_qr"]),
    ("data_matrix", &["data_matrix"]),
    ("aztec", &["aztec"]),
    ("pdf417", &["pdf417"]),
    ("barcode", &["barcode"]),
];

/// What a job looks for; kept with its batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Wish {
    /// These classes, in order.
    Detect(Vec<String>),
    /// This target.
    Match(TargetRequest),
    /// Pictures that are like the first examples rather than the others.
    Ask {
        /// What was asked.
        question: String,
        /// Which are compared with.
        examples: Examples,
    },
}

/// What a batch keeps for the dialect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchExtra {
    /// `detect` or `match`, to list by.
    pub kind: String,
    /// What is looked for.
    pub wish: Wish,
    /// As it was sent.
    #[serde(flatten)]
    pub about: About,
}

impl BatchExtra {
    /// Of this wish.
    pub fn new(wish: Wish, about: About) -> BatchExtra {
        let kind = match wish {
            Wish::Detect(_) => "detect",
            Wish::Match(_) => "match",
            Wish::Ask { .. } => "ask",
        };
        BatchExtra { kind: kind.to_owned(), wish, about }
    }
}

/// What a picture's job keeps for the dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageExtra {
    /// Its place in the request.
    pub index: u32,
    /// As it was sent; none for one that came along.
    pub url: Option<String>,
    /// As it was sent.
    pub custom_id: Option<String>,
}

/// A job that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// The pictures, in order.
    pub images: Vec<(LoweredJob, ImageExtra)>,
    /// Kept with the batch.
    pub extra: BatchExtra,
}

/// The spec of a picture's job, once it is known where the bytes are.
pub fn into_spec(job: LoweredJob, extra: &ImageExtra, source: Source) -> Spec {
    let mut spec = job.into_spec(source);
    spec.dialect = NAME.to_owned();
    spec.extra = json!(extra);
    spec
}

/// Checks `POST /detect`.
///
/// Errors: a sentence that names the field, its value and what was expected.
pub fn detect(request: DetectRequest, config: &Config, rules: &Rules<'_>) -> Result<Lowered, String> {
    let count = request.classes.len();
    if !(1..=MAX_CLASSES).contains(&count) {
        return Err(format!("classes has {count} items, expected 1 to {MAX_CLASSES}"));
    }
    let mut steps = Vec::with_capacity(count);
    for (index, class) in request.classes.iter().enumerate() {
        steps.push(class_step(class, config).map_err(|problem| format!("classes[{index}].{problem}"))?);
    }
    let classes = request.classes.into_iter().map(|class| class.class).collect();
    all(request.images, &steps, Wish::Detect(classes), request.about, rules)
}

/// Checks `POST /match`.
///
/// Errors: a sentence that names the field, its value and what was expected.
pub fn matching(request: MatchRequest, rules: &Rules<'_>) -> Result<Lowered, String> {
    let target = request.target;
    let count = target.images.len();
    if !(1..=MAX_TARGETS).contains(&count) {
        return Err(format!("target.images has {count} items, expected 1 to {MAX_TARGETS}"));
    }
    id("target.customId", target.custom_id.as_deref())?;
    let mut steps = Vec::with_capacity(count);
    for (index, image) in target.images.iter().enumerate() {
        url(&format!("target.images[{index}]"), image, rules)?;
        steps.push(step("find_object", json!({"image": {"url": image}})));
    }
    all(request.images, &steps, Wish::Match(target), request.about, rules)
}

/// Checks `POST /ask`. There are no people who could understand the question: it is answered by examples.
///
/// Errors: a sentence that names the field, its value and what was expected.
pub fn asking(request: AskRequest, rules: &Rules<'_>) -> Result<Lowered, String> {
    let (question, examples) = (request.question, request.examples.unwrap_or_default());
    if !(1..=MAX_QUESTION).contains(&question.len()) {
        return Err(format!("question has {} bytes, expected 1 to {MAX_QUESTION}", question.len()));
    }
    let mut steps = Vec::new();
    for (name, images) in [("yes", &examples.yes), ("no", &examples.no)] {
        if !(1..=MAX_TARGETS).contains(&images.len()) {
            return Err(format!(
                "examples.{name} has {} pictures, expected 1 to {MAX_TARGETS}: nobody reads the question, pictures are \
                 compared with the examples",
                images.len()
            ));
        }
        for (index, image) in images.iter().enumerate() {
            url(&format!("examples.{name}[{index}]"), image, rules)?;
            steps.push(step("compare", json!({"image": {"url": image}})));
        }
    }
    all(request.images, &steps, Wish::Ask { question, examples }, request.about, rules)
}

fn step(transform: &str, params: Value) -> StepRequest {
    let params = match params {
        Value::Object(members) => members,
        _ => Params::new(),
    };
    StepRequest { transform: transform.to_owned(), params }
}

fn class_step(request: &ClassRequest, config: &Config) -> Result<StepRequest, String> {
    let name = request.class.as_str();
    let zones = request.exclusion_zones.as_ref().map(grid).transpose()?;
    if let Some(class) = config.classes.get(name) {
        let label = class.label.as_deref().unwrap_or(name);
        let mut params = json!({"model": class.model, "classes": [label], "threshold": class.threshold});
        if let Some(zones) = zones {
            params["exclusion_grid"] = json!(zones);
        }
        return Ok(step("detect", params));
    }
    match CODES.iter().find(|(known, _)| *known == name) {
        Some(_) if zones.is_some() => Err("exclusionZones are for classes of models, not for codes".to_owned()),
        Some((_, kinds)) => Ok(step("codes", json!({"kinds": kinds}))),
        None => {
            let known: Vec<&str> =
                CODES.iter().map(|(name, _)| *name).chain(config.classes.keys().map(String::as_str)).collect();
            Err(format!("class is {name:?}, expected one of {}", known.join(", ")))
        }
    }
}

fn grid(zones: &ExclusionZones) -> Result<&Vec<Vec<u8>>, String> {
    if zones.kind != "GRID" {
        return Err(format!("exclusionZones.type is {:?}, expected \"GRID\"", zones.kind));
    }
    let rows = &zones.zones;
    let columns = rows.first().map_or(0, Vec::len);
    let fits = |row: &Vec<u8>| row.len() == columns && row.iter().all(|cell| *cell <= 1);
    if !(1..=MAX_GRID).contains(&rows.len()) || !(1..=MAX_GRID).contains(&columns) || !rows.iter().all(fits) {
        return Err(format!("exclusionZones.zones: expected 1 to {MAX_GRID} rows of as many cells each, 0 or 1"));
    }
    Ok(rows)
}

fn all(
    images: Vec<ImageRequest>,
    steps: &[StepRequest],
    wish: Wish,
    about: About,
    rules: &Rules<'_>,
) -> Result<Lowered, String> {
    if !(1..=MAX_IMAGES).contains(&images.len()) {
        return Err(format!("images has {} items, expected 1 to {MAX_IMAGES}", images.len()));
    }
    id("customId", about.custom_id.as_deref())?;
    id("feedId", about.feed_id.as_deref())?;
    if let Some(webhook) = &about.webhook_url {
        url("webhookUrl", webhook, rules)?;
    }
    let mut lowered = Vec::with_capacity(images.len());
    for (index, image) in images.into_iter().enumerate() {
        let at = format!("images[{index}]");
        id(&format!("{at}.customId"), image.custom_id.as_deref())?;
        let job = one(&image, steps, &at, rules)?;
        lowered.push((job, ImageExtra { index: index as u32, url: image.url, custom_id: image.custom_id }));
    }
    Ok(Lowered { images: lowered, extra: BatchExtra::new(wish, about) })
}

fn one(image: &ImageRequest, steps: &[StepRequest], at: &str, rules: &Rules<'_>) -> Result<LoweredJob, String> {
    let source = match (&image.url, &image.blob) {
        (Some(address), None) => {
            url(&format!("{at}.url"), address, rules)?;
            SourceRequest { url: Some(address.clone()), ..SourceRequest::default() }
        }
        (None, Some(blob)) => {
            let data = format!("data:application/octet-stream;base64,{}", blob.trim());
            SourceRequest { data: Some(data), ..SourceRequest::default() }
        }
        _ => return Err(format!("{at}: expected one of url and blob")),
    };
    let outputs = vec![OutputRequest { id: Some("image".to_owned()), ..OutputRequest::default() }];
    let request = JobRequest { source, steps: steps.to_vec(), outputs, ..JobRequest::default() };
    let mut issues = Vec::new();
    let job = lower::job(request, rules, "", &mut issues);
    match issues.first() {
        Some(issue) if image.blob.is_some() => Err(format!("{at}.blob {}", issue.message)),
        Some(issue) => Err(format!("{at}: {}", issue.message)),
        None => Ok(job),
    }
}

/// Checks an address.
///
/// Errors: a sentence.
pub(crate) fn url(place: &str, text: &str, rules: &Rules<'_>) -> Result<(), String> {
    if text.len() > MAX_URL {
        return Err(format!("{place} has {} bytes, expected at most {MAX_URL}", text.len()));
    }
    let url = web_url(text).map_err(|problem| format!("{place} {problem}"))?;
    (rules.check_address)(&url).map_err(|failure| format!("{place}: {}", failure.message))
}

fn id(place: &str, text: Option<&str>) -> Result<(), String> {
    match text {
        Some(text) if text.len() > MAX_ID => {
            Err(format!("{place} has {} bytes, expected at most {MAX_ID}", text.len()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
