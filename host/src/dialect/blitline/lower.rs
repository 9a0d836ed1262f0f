//! Request to [`Spec`]: defaults, units, every refusal.
//!
//! A function that nobody knows refuses nothing: the results that need it fail, the others are made, and the client
//! is told by postback, as in the original.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    measures::Measures,
    saves::Shown,
    sources::{ObjectUrl, Sources},
    tree,
    values::Members,
};
use crate::{
    dialect::native::lower::{Rules, Wanted, web_url},
    job::{Callbacks, Output, Pages, Rendering, Spec, Step},
    source::Source,
};

/// Pixels an inch that a document may be drawn at.
const DPI: (f64, f64) = (72.0, 900.0);

/// The priority of jobs that may take long.
const LONG_RUNNING: i32 = -10;

/// What jobs are checked against.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The limits and the catalogue.
    pub rules: Rules<'a>,
    /// Where objects of buckets are read.
    pub object_url: &'a ObjectUrl<'a>,
    /// Where objects of buckets are shown.
    pub place_url: &'a PlaceUrl<'a>,
    /// What every destination's name must match, for a signed job.
    pub key_transform: Option<&'a KeyTransform<'a>>,
}

/// The URL of an object, by bucket and key.
pub type PlaceUrl<'a> = dyn Fn(&str, &str) -> Result<String, String> + Send + Sync + 'a;

/// Whether a name may be written to.
pub type KeyTransform<'a> = dyn Fn(&str) -> bool + Send + Sync + 'a;

impl Context<'_> {
    pub(super) fn sources(&self) -> Sources<'_> {
        Sources {
            check_address: self.rules.check_address,
            object_url: self.object_url,
            max_pixels: self.rules.max_pixels,
            max_bytes: self.rules.max_picture_bytes,
        }
    }

    /// Refuses a destination that the signature does not allow.
    pub(super) fn check_key(&self, key: &str) -> Result<(), String> {
        match self.key_transform {
            Some(matches) if !matches(key) => Err(format!("the key {key:?} does not match the signed key_transform")),
            _ => Ok(()),
        }
    }
}

/// What the dialect finds again with a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobExtra {
    /// The API's version; 0 when the job does not say.
    pub v: f64,
    /// Results that are shown, in order.
    pub images: Vec<Shown>,
    /// Whether the postback is JSON whatever the version.
    pub content_type_json: bool,
    /// Further headers of the postback.
    pub postback_headers: Vec<(String, String)>,
    /// Whether a postback that fails is repeated.
    pub retry_postback: bool,
    /// Whether only a failure is told.
    pub postback_error_only: bool,
    /// Whether the job can be polled although it has a postback.
    pub pollable: bool,
    /// What is told of the source.
    #[serde(default)]
    pub measures: Measures,
    /// Added to what is told of the source.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub passthrough: Map<String, Value>,
}

impl JobExtra {
    /// Reads it back.
    pub fn of(spec: &Spec) -> JobExtra {
        JobExtra::deserialize(&spec.extra).unwrap_or_default()
    }
}

/// A job that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// Where the picture comes from.
    pub source: Wanted,
    /// Which page of it, and how large.
    pub rendering: Rendering,
    /// One for each `save`, and what is only tried.
    pub outputs: Vec<Output>,
    /// Who is told.
    pub postback_url: Option<String>,
    /// Kept with the job.
    pub extra: JobExtra,
    /// From -100 to 100.
    pub priority: i32,
}

impl Lowered {
    /// The spec, once it is known where the bytes are.
    pub fn into_spec(self, source: Source) -> Spec {
        Spec {
            dialect: super::NAME.to_owned(),
            source,
            rendering: self.rendering,
            outputs: self.outputs,
            callbacks: Callbacks { notification_url: self.postback_url, ..Callbacks::default() },
            reference: None,
            store_as: None,
            intake: Default::default(),
            open: false,
            extra: json!(self.extra),
        }
    }
}

/// Checks one job.
///
/// Errors: a sentence that names the member, its value and what was expected.
pub fn job(members: &Map<String, Value>, context: &Context<'_>) -> Result<Lowered, String> {
    let job = Members::new("", members);
    let data = job.object("src_data")?.unwrap_or_default();
    let data = Members::new("src_data", &data);
    let kind = SourceKind::read(job)?;
    let src = job.get("src").ok_or_else(|| job.wrong("src", "a URL"))?;
    let source = context.sources().read(src, kind == SourceKind::Inline)?;
    let mut functions = job.list("functions")?;
    if kind == SourceKind::Gif && data.get("name").is_some() {
        // The function of an animation stands with the source.
        let members = job.object("src_data")?.unwrap_or_default();
        functions.insert(0, Value::Object(members));
    }
    let measures = Measures::read(job)?;
    let looks_only = looks_only(job)?;
    if functions.is_empty() && !measures.is_any() && !looks_only {
        return Err(job.wrong("functions", "a list with at least one function"));
    }
    let rendering = rendering(job, data, &kind)?;
    let mut tree = paths(&functions, &kind, context)?;
    if kind == SourceKind::Gif {
        for output in &mut tree.outputs {
            output.encoding.format = Some("gif".to_owned());
            output.encoding.quality = None;
        }
    }
    let steps = measures.steps();
    if !steps.is_empty() || functions.is_empty() {
        tree.measure(steps);
    }
    Ok(Lowered {
        source,
        rendering,
        outputs: tree.outputs,
        postback_url: postback_url(job, context)?,
        extra: JobExtra {
            v: job.number_or("v", 0.0)?,
            images: tree.shown,
            content_type_json: job.flag("content_type_json")?,
            postback_headers: postback_headers(job)?,
            retry_postback: job.flag("retry_postback")?,
            postback_error_only: job.flag("postback_error_only")? || job.flag("notify_error_only")?,
            pollable: job.flag("force_longpoll_cache")?,
            measures,
            passthrough: job.object("passthrough_metadata")?.unwrap_or_default(),
        },
        priority: if job.flag("long_running")? { LONG_RUNNING } else { 0 },
    })
}

/// Whether a job only wants to know what its source is.
///
/// Errors: a preparation that is not offered.
fn looks_only(job: Members<'_>) -> Result<bool, String> {
    let mut looks = job.text("src_type").is_ok_and(|kind| kind.as_deref() == Some("pre_process_only"));
    for preparation in job.list("pre_process")? {
        let Value::Object(members) = &preparation else { return Err(job.wrong("pre_process", "an object or a list")) };
        let preparation = Members::new("pre_process", members);
        looks |= preparation.flag("peek")?;
        let others =
            ["move_original", "job", "find_subimage", "phash_compare", "resize_gif", "gif_overlay", "gif_to_vid"];
        if let Some(name) = others.into_iter().find(|name| preparation.get(name).is_some()) {
            return Err(format!("{} is not offered here, expected peek", preparation.place(name)));
        }
    }
    Ok(looks)
}

/// What a source is.
#[derive(Clone, Debug, PartialEq)]
enum SourceKind {
    Image,
    Inline,
    Gif,
    /// These pages, counted from 0.
    Pages(Vec<u32>),
}

impl SourceKind {
    fn read(job: Members<'_>) -> Result<SourceKind, String> {
        let expected = "image, inline, gif, or {\"name\": \"multi_page\", \"pages\": [0, 1]}";
        let wrong = || job.wrong("src_type", expected);
        match job.get("src_type") {
            None => Ok(SourceKind::Image),
            Some(Value::String(name)) => match name.as_str() {
                "image" | "smart_image" | "pre_process_only" => Ok(SourceKind::Image),
                "inline" => Ok(SourceKind::Inline),
                "gif" => Ok(SourceKind::Gif),
                _ => Err(wrong()),
            },
            Some(Value::Object(members))
                if members.get("name").is_some_and(|name| name == "multi_page" || name == "multipage") =>
            {
                let pages = members.get("pages").and_then(super::sources::pages).filter(|pages| !pages.is_empty());
                pages.map(SourceKind::Pages).ok_or_else(wrong)
            }
            Some(_) => Err(wrong()),
        }
    }
}

fn rendering(job: Members<'_>, data: Members<'_>, kind: &SourceKind) -> Result<Rendering, String> {
    let dpi = match data.number("dpi")? {
        Some(dpi) => Some(dpi),
        None => data.number("density")?,
    };
    Ok(Rendering {
        dpi: dpi.map(|dpi| dpi.clamp(DPI.0, DPI.1)),
        page: match kind {
            SourceKind::Pages(pages) if pages.len() == 1 => Some(Pages::One(pages[0] + 1)),
            SourceKind::Pages(_) => Some(Pages::All),
            _ => None,
        },
        as_stored: job.flag("suppress_auto_orient")?,
        ..Rendering::default()
    })
}

/// The functions' outputs; of several pages, those of each page with `_<n>` behind names and identifiers.
fn paths(functions: &[Value], kind: &SourceKind, context: &Context<'_>) -> Result<tree::Tree, String> {
    let SourceKind::Pages(pages) = kind else { return tree::read(functions, &[], context) };
    let mut all = tree::Tree::default();
    for page in pages {
        let mut params = Map::new();
        params.insert("pick".to_owned(), json!([page + 1]));
        let first = if pages.len() > 1 { vec![Step { transform: "frames".to_owned(), params }] } else { Vec::new() };
        let numbered: Vec<Value> = functions.iter().map(|function| tree::numbered(function, *page)).collect();
        let tree = tree::read(&numbered, &first, context)?;
        all.append(tree);
    }
    if all.outputs.len() > context.rules.max_outputs {
        let (count, limit) = (all.outputs.len(), context.rules.max_outputs);
        return Err(format!("the pages come to {count} results, expected at most {limit}"));
    }
    Ok(all)
}

fn postback_url(job: Members<'_>, context: &Context<'_>) -> Result<Option<String>, String> {
    let Some(text) = job.text("postback_url")? else { return Ok(None) };
    let url = web_url(&text).map_err(|problem| format!("postback_url {problem}"))?;
    (context.rules.check_address)(&url).map_err(|failure| format!("postback_url: {}", failure.message))?;
    Ok(Some(text))
}

fn postback_headers(job: Members<'_>) -> Result<Vec<(String, String)>, String> {
    let mut headers = Vec::new();
    for (name, value) in job.object("postback_headers")?.unwrap_or_default() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if http::HeaderName::try_from(&name).is_err() || http::HeaderValue::try_from(&text).is_err() {
            return Err(format!("postback_headers.{name} is {value}, expected a header and its text"));
        }
        headers.push((name, text));
    }
    Ok(headers)
}

#[cfg(test)]
pub(super) mod tests;
