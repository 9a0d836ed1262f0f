//! Request to jobs: each render becomes a job of the native kind, with one output; that one's checks are used,
//! and what they find is told under Blurb's names.

use serde_json::{Map, Value, json};

use super::{
    Config, Template,
    callback::RenderExtra,
    request::{BatchRequest, RenderRequest, VideoSettings},
    response::BatchExtra,
};
use crate::{
    dialect::native::{
        lower::{self, Lowered as LoweredJob, Rules},
        request::{AutoQuality, CanvasRequest, JobRequest, OutputRequest, QualityRequest, SourceRequest, StepRequest},
    },
    error::Code,
    http::Issue,
    job::Spec,
    pipeline::{Kind, TransformInfo},
    source::Source,
};

/// The id of a render's one output.
pub const OUTPUT: &str = "render";

/// Renders that `numVideos` may ask for at most.
const MAX_VIDEOS: u32 = 100;

/// Names of video formats: this server makes pictures, so they come as an animation.
const VIDEOS: [&str; 4] = ["mp4", "mov", "webm", "m4v"];

/// A batch that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// The renders, in order; `numVideos` of a request are so many.
    pub renders: Vec<Render>,
    /// Who is told.
    pub webhook_url: Option<String>,
    /// Echoed.
    pub reference: Option<String>,
    /// Kept with the batch.
    pub extra: BatchExtra,
    /// Whether nothing is to be run.
    pub dry_run: bool,
}

/// One render that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Render {
    /// The work.
    pub job: LoweredJob,
    /// Kept with the job.
    pub extra: RenderExtra,
}

impl Render {
    /// The spec, once it is known where the bytes are.
    pub fn into_spec(self, source: Source) -> Spec {
        let mut spec = self.job.into_spec(source);
        spec.dialect = super::NAME.to_owned();
        spec.extra = json!(self.extra);
        spec
    }
}

/// What is checked against.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// `[blurb]`
    pub config: &'a Config,
    /// The limits and the catalogue.
    pub rules: Rules<'a>,
    /// Renders of one batch at most.
    pub max_renders: usize,
}

/// Checks a batch. Problems are added to `issues` under the names of the request, `renders[0].contentId`; what is
/// returned is only good when none were.
pub fn batch(request: BatchRequest, context: Context<'_>, issues: &mut Vec<Issue>) -> Lowered {
    let mut found = Vec::new();
    lower::batch(request.webhook_url.as_deref(), request.reference.as_deref(), &context.rules, &mut found);
    issues.extend(found.into_iter().map(|issue| {
        let field = if issue.pointer.as_deref() == Some("/reference") { "ref" } else { "webhookUrl" };
        Issue::field(field, issue.code, issue.message)
    }));
    if request.renders.is_empty() {
        issues.push(Issue::field("renders", Code::InvalidRequest, "is empty, expected at least 1 render"));
    }
    let mut renders = Vec::new();
    for (place, request) in request.renders.iter().enumerate() {
        let at = format!("renders[{place}]");
        let settings = request.video_settings.clone().unwrap_or_default();
        let count = settings.num_videos.unwrap_or(1);
        if !(1..=MAX_VIDEOS).contains(&count) {
            let message = format!("is {count}, expected 1 to {MAX_VIDEOS}");
            issues.push(Issue::field(format!("{at}.videoSettings.numVideos"), Code::InvalidRequest, message));
            continue;
        }
        let Some(job) = one_job(request, &settings, context, &at, issues) else { continue };
        for _ in 0..count {
            let extra = RenderExtra {
                index: renders.len() as u32,
                content_id: request.content_id.clone(),
                aspect_ratio: settings.aspect_ratio.clone(),
            };
            renders.push(Render { job: job.clone(), extra });
        }
    }
    if renders.len() > context.max_renders {
        let message = format!("come to {} renders, expected at most {}", renders.len(), context.max_renders);
        issues.push(Issue::field("renders", Code::InvalidRequest, message));
    }
    for render in &mut renders {
        render.job.callbacks.notification_url = request.webhook_url.clone();
        render.job.reference = request.reference.clone();
    }
    Lowered {
        renders,
        webhook_url: request.webhook_url,
        reference: request.reference,
        dry_run: request.dry_run.unwrap_or(false),
        extra: BatchExtra {
            media_bundle_id: request.media_bundle,
            media_id: request.media,
            artist_id: request.artist,
            service_params: request.service_params.unwrap_or_default(),
            effect_overrides: request.effect_overrides.unwrap_or_default(),
            use_v3: request.use_v3.unwrap_or(false),
        },
    }
}

/// The steps that a `contentId` stands for.
struct Content {
    steps: Vec<StepRequest>,
    format: Option<String>,
    needs_source: bool,
    /// Whether the first step's parameters are `requiredData` itself.
    is_transform: bool,
}

fn one_job(
    request: &RenderRequest,
    settings: &VideoSettings,
    context: Context<'_>,
    at: &str,
    issues: &mut Vec<Issue>,
) -> Option<LoweredJob> {
    let empty = Map::new();
    let data = request.required_data.as_ref().unwrap_or(&empty);
    let mut refuse = |field: &str, message: String| {
        issues.push(Issue::field(format!("{at}.{field}"), Code::InvalidRequest, message));
    };
    let content = match content(&request.content_id, data, context) {
        Ok(content) => content,
        Err((field, message)) => {
            refuse(field, message);
            return None;
        }
    };
    let source = match data.get("src") {
        Some(Value::String(text)) if text.starts_with("data:") => {
            SourceRequest { data: Some(text.clone()), ..SourceRequest::default() }
        }
        Some(Value::String(text)) => SourceRequest { url: Some(text.clone()), ..SourceRequest::default() },
        // What takes no picture works on any.
        None if !content.needs_source => SourceRequest {
            canvas: Some(CanvasRequest { width: 1, height: 1, color: None }),
            ..SourceRequest::default()
        },
        found => {
            let found = found.map_or("missing".to_owned(), Value::to_string);
            refuse("requiredData.src", format!("is {found}, expected a URL or a data URI"));
            return None;
        }
    };
    let is_transform = content.is_transform;
    let content_steps = content.steps.len();
    let mut steps = content.steps;
    if let Some(shape) = &settings.aspect_ratio {
        let params = json!({"aspect_ratio": shape.replace(['x', 'X'], ":"), "gravity": "center"});
        let params = params.as_object().cloned().unwrap_or_default();
        steps.push(StepRequest { transform: "crop".to_owned(), params });
    }
    let preview = settings.output_quality.as_deref().is_some_and(|quality| quality.eq_ignore_ascii_case("preview"));
    let output = OutputRequest {
        id: Some(OUTPUT.to_owned()),
        format: settings.format.as_deref().map(picture_format).or(content.format),
        quality: preview.then_some(QualityRequest::Auto(AutoQuality::Low)),
        animated: settings.format.as_deref().is_some_and(is_video).then_some(true),
        ..OutputRequest::default()
    };
    let job = JobRequest { source, steps, outputs: vec![output], ..JobRequest::default() };
    let mut found = Vec::new();
    let lowered = lower::job(job, &context.rules, "", &mut found);
    for issue in found {
        let pointer = issue.pointer.unwrap_or_default();
        let field = field(&pointer, is_transform, content_steps);
        issues.push(Issue::field(format!("{at}.{field}"), issue.code, issue.message));
    }
    Some(lowered)
}

/// The name in the request of what the native checks call `pointer`.
fn field(pointer: &str, is_transform: bool, content_steps: usize) -> String {
    if pointer.starts_with("/source") {
        return "requiredData.src".to_owned();
    }
    if pointer.starts_with("/outputs/0/format") {
        return "videoSettings.format".to_owned();
    }
    let step = pointer.strip_prefix("/steps/").and_then(|rest| rest.split_once('/'));
    match step.and_then(|(index, rest)| Some((index.parse::<usize>().ok()?, rest))) {
        Some((index, _)) if index >= content_steps => "videoSettings.aspectRatio".to_owned(),
        Some((_, rest)) if is_transform => {
            let names = rest.strip_prefix("params").unwrap_or(rest).replace('/', ".");
            format!("requiredData{names}")
        }
        _ => "contentId".to_owned(),
    }
}

/// Finds what a `contentId` names.
///
/// Errors: the field of the render, and what is wrong with it.
fn content(id: &str, data: &Map<String, Value>, context: Context<'_>) -> Result<Content, (&'static str, String)> {
    let transforms = context.rules.transforms;
    let takes_picture = |step: &StepRequest| {
        transforms.resolve(&step.transform).map_or(true, |transform| transform.kind != Kind::Generate)
    };
    if let Some(template) = context.config.templates.get(id) {
        let steps = filled(template, data).map_err(|message| ("requiredData", message))?;
        let needs_source = steps.first().is_none_or(takes_picture);
        return Ok(Content { steps, format: template.format.clone(), needs_source, is_transform: false });
    }
    let transform = transforms.resolve(id).map_err(|_| {
        let templates: Vec<&str> = context.config.templates.keys().map(String::as_str).collect();
        let named = if templates.is_empty() { String::new() } else { format!(" ({})", templates.join(", ")) };
        ("contentId", format!("is {id:?}, expected the name of a transform or of a template{named}"))
    })?;
    let mut params = data.clone();
    params.remove("src");
    name_pictures(&transform, &mut params);
    let needs_source = transform.kind != Kind::Generate;
    let steps = vec![StepRequest { transform: id.to_owned(), params }];
    Ok(Content { steps, format: None, needs_source, is_transform: true })
}

/// Pictures that parameters name may be given as plain URLs.
fn name_pictures(transform: &TransformInfo, params: &mut Map<String, Value>) {
    let named = |text: &str| if text.starts_with("data:") { json!({"data": text}) } else { json!({"url": text}) };
    for name in &transform.image_params {
        match params.get_mut(name) {
            Some(value @ Value::String(_)) => *value = named(value.as_str().unwrap_or_default()),
            Some(Value::Array(items)) => {
                for item in items.iter_mut().filter(|item| item.is_string()) {
                    *item = named(item.as_str().unwrap_or_default());
                }
            }
            _ => {}
        }
    }
}

/// A template's steps with what the request says in the places of `"${name}"`.
fn filled(template: &Template, data: &Map<String, Value>) -> Result<Vec<StepRequest>, String> {
    let mut steps = Vec::with_capacity(template.steps.len());
    for step in &template.steps {
        let mut params = Map::new();
        for (name, value) in &step.params {
            let wanted = value.as_str().and_then(|text| text.strip_prefix("${")?.strip_suffix('}'));
            let value = match wanted {
                None => value.clone(),
                Some(wanted) => data
                    .get(wanted)
                    .or(template.defaults.get(wanted))
                    .cloned()
                    .ok_or_else(|| format!("has no {wanted:?}, which the template needs"))?,
            };
            params.insert(name.clone(), value);
        }
        steps.push(StepRequest { transform: step.transform.clone(), params });
    }
    Ok(steps)
}

/// Whether a format is one of a video.
fn is_video(name: &str) -> bool {
    VIDEOS.iter().any(|video| video.eq_ignore_ascii_case(name))
}

/// The format that stands in for the one that was asked for.
fn picture_format(name: &str) -> String {
    match name.to_ascii_lowercase() {
        name if is_video(&name) => "webp".to_owned(),
        name if name == "jpg" => "jpeg".to_owned(),
        name => name,
    }
}

#[cfg(test)]
mod tests;
