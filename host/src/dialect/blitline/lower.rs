//! Request to [`Spec`]: defaults, units, every refusal.
//!
//! A function that nobody knows refuses nothing: the results that need it fail, the others are made, and the client
//! is told by postback, as in the original.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    destinations::going,
    follow::Follow,
    kinds::SourceKind,
    measures::Measures,
    pages::{self, Paged, Told},
    prepare::{self, Prepared},
    saves::Shown,
    sources::{ObjectUrl, Sources},
    told::{self, Written},
    tree,
    values::Members,
};
use crate::{
    dialect::native::lower::{Rules, Wanted},
    job::{AS_SENT, Accepts, Callbacks, Encoding, Intake, Output, Patience, Rendering, Spec},
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
    /// Whether buckets can be written to.
    pub writes_buckets: bool,
    /// Identifiers of results that are there before the job begins.
    pub made: &'a [String],
}

/// Where an account's postbacks go as events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    /// The bus's name or ARN.
    pub name: String,
    /// Its region; that of the settings when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
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
            made: self.made,
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
    /// Whether the one result is an archive, which is shown in another way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_archive: bool,
    /// Where the postback is written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
    /// Where the postback goes as an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bus: Option<Bus>,
    /// The id that the client knows, when it is not the job's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_as: Option<Uuid>,
    /// Set for what is told of with other pages alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Told>,
    /// What is made when this job has ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow: Option<Follow>,
}

impl JobExtra {
    /// Reads it back.
    pub fn of(spec: &Spec) -> JobExtra {
        JobExtra::deserialize(&spec.extra).unwrap_or_default()
    }

    /// That of a job that something follows, which is what the client asked for.
    pub fn before(follow: Follow) -> JobExtra {
        let JobExtra { v, pollable, bus, .. } = follow.extra();
        JobExtra { v, pollable, bus, follow: Some(follow), ..JobExtra::default() }
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
    /// How the source is taken in.
    pub intake: Intake,
    /// Whether it is tried again.
    pub patience: Option<Patience>,
    /// Kept with the job.
    pub extra: JobExtra,
    /// From -100 to 100.
    pub priority: i32,
    /// The functions are for each of these pages.
    pub pages: Option<Paged>,
    /// A job whose results this one names.
    pub before: Option<Box<Lowered>>,
}

impl Lowered {
    /// A job that does nothing with this source yet.
    fn of(source: Wanted) -> Lowered {
        Lowered {
            source,
            rendering: Rendering::default(),
            outputs: Vec::new(),
            postback_url: None,
            intake: Intake::default(),
            patience: None,
            extra: JobExtra::default(),
            priority: 0,
            pages: None,
            before: None,
        }
    }

    /// The spec, once it is known where the bytes are. Of pages it is that of a job that reads the source; the rest
    /// follows.
    pub fn into_spec(mut self, source: Source) -> Spec {
        let (pages, priority) = (self.pages.take(), self.priority);
        let spec = self.whole(source);
        let Some(pages) = pages else { return spec };
        let looks = Spec {
            outputs: Vec::new(),
            callbacks: Callbacks::default(),
            intake: Intake { keep: true, ..Intake::default() },
            extra: json!(JobExtra::before(Follow::new(spec.clone(), priority, Some(pages)))),
            ..spec
        };
        Spec { rendering: Rendering { page: None, ..looks.rendering }, ..looks }
    }

    fn whole(self, source: Source) -> Spec {
        Spec {
            dialect: super::NAME.to_owned(),
            source,
            rendering: self.rendering,
            outputs: self.outputs,
            callbacks: Callbacks { notification_url: self.postback_url, ..Callbacks::default() },
            reference: None,
            store_as: None,
            intake: self.intake,
            patience: self.patience,
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
    let kind = SourceKind::read(job)?;
    let mut prepared = prepare::read(job, context)?;
    // What the job before makes can be named.
    let before = prepared.before.take();
    let made: Vec<String> =
        before.iter().flat_map(|before| &before.extra.images).map(|image| image.identifier.clone()).collect();
    let context = &Context { made: if before.is_some() { &made } else { context.made }, ..*context };
    let data = job.object("src_data")?.unwrap_or_default();
    let lowered = match kind {
        SourceKind::Zip => archive(job, Members::new("src_data", &data), context)?,
        kind => pictures(job, Members::new("src_data", &data), &kind, prepared, context)?,
    };
    let told = told::postback(job, context)?;
    Ok(Lowered {
        postback_url: told.url,
        patience: told::patience(job)?,
        priority: if job.flag("long_running")? { LONG_RUNNING } else { 0 },
        before,
        extra: JobExtra {
            v: job.number_or("v", 0.0)?,
            content_type_json: job.flag("content_type_json")?,
            postback_headers: told::headers(job)?,
            retry_postback: job.flag("retry_postback")?,
            postback_error_only: job.flag("postback_error_only")? || job.flag("notify_error_only")?,
            pollable: job.flag("force_longpoll_cache")?,
            passthrough: job.object("passthrough_metadata")?.unwrap_or_default(),
            written: told.written,
            ..lowered.extra
        },
        ..lowered
    })
}

/// A job whose source is a picture.
fn pictures(
    job: Members<'_>,
    data: Members<'_>,
    kind: &SourceKind,
    prepared: Prepared,
    context: &Context<'_>,
) -> Result<Lowered, String> {
    let src = job.get("src").ok_or_else(|| job.wrong("src", "a URL"))?;
    let source = context.sources().read(src, *kind == SourceKind::Inline)?;
    let mut functions = prepared.functions.clone();
    let animations = functions.len();
    if *kind == SourceKind::Gif && data.get("name").is_some() {
        // The function of an animation stands with the source.
        functions.extend(job.object("src_data")?.map(Value::Object));
    }
    functions.extend(job.list("functions")?);
    let measures = Measures::read(job)?.with(&prepared);
    let is_idle = functions.is_empty() && prepared.moved.is_empty();
    let looks = prepared.looks || job.text("src_type").is_ok_and(|kind| kind.as_deref() == Some("pre_process_only"));
    if is_idle && !measures.is_any() && !looks {
        return Err(job.wrong("functions", "a list with at least one function"));
    }
    let mut tree = tree::read(&functions, &[], context)?;
    let all = if *kind == SourceKind::Gif { functions.len() } else { animations };
    for output in tree.of_first(all) {
        output.encoding.format = Some("gif".to_owned());
        output.encoding.quality = None;
    }
    let mut steps = measures.steps();
    steps.extend(prepared.steps.iter().cloned());
    if !steps.is_empty() || is_idle {
        tree.measure(steps);
    }
    prepared.keep(&mut tree);
    if tree.outputs.len() > context.rules.max_outputs {
        let (count, limit) = (tree.outputs.len(), context.rules.max_outputs);
        return Err(format!("the job comes to {count} results, expected at most {limit}"));
    }
    let pages = match kind {
        SourceKind::Pages(told, only) => Some(Paged { told: *told, only: only.clone() }),
        _ => None,
    };
    if pages.is_some() {
        pages::check(&tree.outputs)?;
    }
    let intake = Intake { facts: true, texts: measures.texts(), md5: measures.md5(), ..Intake::default() };
    let extra = JobExtra { images: tree.shown, measures, ..JobExtra::default() };
    let rendering = rendering(job, data)?;
    Ok(Lowered { rendering, outputs: tree.outputs, pages, intake, extra, ..Lowered::of(source) })
}

/// A job that puts files into an archive.
fn archive(job: Members<'_>, data: Members<'_>, context: &Context<'_>) -> Result<Lowered, String> {
    let src = job.get("src").ok_or_else(|| job.wrong("src", "{\"urls\": [...]}"))?;
    let source = context.sources().files(src)?;
    let going = going(data, context)?;
    let encoding = Encoding { format: Some(AS_SENT.to_owned()), ..Encoding::default() };
    let mut tree = tree::Tree::default();
    let output = tree.keep_source(encoding, going.destination);
    let shown = Shown { output, identifier: "zip".to_owned(), url: going.url, ..Shown::default() };
    let extra = JobExtra { images: vec![shown], is_archive: true, ..JobExtra::default() };
    let intake = Intake { accepts: Accepts::Unread, ..Intake::default() };
    Ok(Lowered { outputs: tree.outputs, extra, intake, ..Lowered::of(source) })
}

fn rendering(job: Members<'_>, data: Members<'_>) -> Result<Rendering, String> {
    let dpi = match data.number("dpi")? {
        Some(dpi) => Some(dpi),
        None => data.number("density")?,
    };
    Ok(Rendering {
        dpi: dpi.map(|dpi| dpi.clamp(DPI.0, DPI.1)),
        as_stored: job.flag("suppress_auto_orient")?,
        ..Rendering::default()
    })
}

#[cfg(test)]
pub(super) mod tests;
