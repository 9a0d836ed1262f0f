//! Request to [`Spec`]: defaults, units, every refusal.
//!
//! Problems are collected, not thrown: a caller learns everything that is wrong at once. An unknown
//! transform is no problem here: the job is accepted, and the outputs that need it fail with
//! `unknown_transform` while the others are made.

use std::collections::{BTreeSet, HashSet};

use bytes::Bytes;
use safelight_codec::{Chroma, Format, Look, TiffCompression};
use url::Url;

use super::{
    NAME, pictures,
    request::{
        AllPages, AutoQuality, ChromaRequest, CompressionRequest, JobRequest, MetadataRequest, OutputRequest,
        PageRequest, QualityRequest, SourceRequest, StepRequest,
    },
};
use crate::{
    error::{Code, Failure},
    http::Issue,
    job::{AUTO, Callbacks, Encoding, Group, MAX_DPI, Output, Pages, Quality, Rendering, Step},
    pipeline::{TransformInfo, Transforms, written_format},
    source::{Part, parse_data_uri},
};

/// The longest URL that is taken, in bytes.
const MAX_URL: usize = 4096;

/// The longest reference in bytes.
const MAX_REFERENCE: usize = 1024;

/// Checks a URL against the addresses that may be reached, as far as it can be told without
/// resolving names.
pub type CheckAddress = dyn Fn(&Url) -> Result<(), Failure> + Send + Sync;

/// What requests are checked against.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The catalogue.
    pub transforms: &'a dyn Transforms,
    /// The addresses.
    pub check_address: &'a CheckAddress,
    /// Steps of one output at most.
    pub max_steps: usize,
    /// Outputs of one job at most.
    pub max_outputs: usize,
    /// Pixels of a canvas at most.
    pub max_pixels: u64,
    /// Bytes of a picture at most.
    pub max_picture_bytes: u64,
    /// Whether a file came with the request.
    pub has_file: bool,
}

/// A job that was checked, except for what must be looked up: its source.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// Where the picture comes from.
    pub source: Wanted,
    /// Which page of it, and how large.
    pub rendering: Rendering,
    /// All outputs, the main ones first.
    pub outputs: Vec<Output>,
    /// Who is told what.
    pub callbacks: Callbacks,
    /// Echoed.
    pub reference: Option<String>,
    /// Keep the source as an asset.
    pub store_as: Option<String>,
    /// From -100 to 100.
    pub priority: i32,
}

/// A source as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Downloaded when the job runs.
    Url(String),
    /// Decoded bytes of a data URI.
    Data(Bytes),
    /// An asset, still to be looked up.
    Asset(String),
    /// The file that came with the request.
    Upload,
    /// Files that are put into an archive when the job runs.
    Archive(Vec<Part>),
    /// A blank picture.
    Canvas {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Red, green, blue, alpha.
        color: [u8; 4],
    },
}

impl Lowered {
    /// The spec, once it is known where the bytes are.
    pub fn into_spec(self, source: crate::source::Source) -> crate::job::Spec {
        crate::job::Spec {
            dialect: NAME.to_owned(),
            source,
            rendering: self.rendering,
            outputs: self.outputs,
            open: false,
            callbacks: self.callbacks,
            reference: self.reference,
            store_as: self.store_as,
            intake: Default::default(),
            patience: None,
            extra: serde_json::Value::Null,
        }
    }
}

/// Lowers one job. `at` is the JSON pointer of the job in the body ("" or `/jobs/3`); problems are
/// added to `issues`, and what is returned is only good when none were.
pub fn job(request: JobRequest, rules: &Rules<'_>, at: &str, issues: &mut Vec<Issue>) -> Lowered {
    let source = source(&request.source, rules, &format!("{at}/source"), issues);
    let rendering = rendering(&request.source, &format!("{at}/source"), issues);
    let shared = steps(&request.steps, rules, &format!("{at}/steps"), issues);

    let mut wanted: Vec<(Group, usize, OutputRequest)> = Vec::new();
    wanted.extend(request.outputs.into_iter().enumerate().map(|(index, output)| (Group::Main, index, output)));
    wanted.extend(request.eager.into_iter().enumerate().map(|(index, output)| (Group::Eager, index, output)));
    if wanted.is_empty() {
        wanted.push((Group::Main, 0, OutputRequest::default()));
    }
    if wanted.len() > rules.max_outputs {
        let message = format!("the job has {} outputs, the limit is {}", wanted.len(), rules.max_outputs);
        issues.push(Issue::at(at, Code::InvalidRequest, message));
        wanted.truncate(rules.max_outputs);
    }
    let mut ids = HashSet::new();
    let mut outputs = Vec::with_capacity(wanted.len());
    for (group, index, output) in wanted {
        let list = if group == Group::Main { "outputs" } else { "eager" };
        let at = format!("{at}/{list}/{index}");
        let output = one_output(output, group, index, &shared, rules, &at, issues);
        if !ids.insert(output.id.clone()) {
            let message = format!("{:?} is the id of another output of this job", output.id);
            issues.push(Issue::at(format!("{at}/id"), Code::InvalidRequest, message));
        }
        outputs.push(output);
    }

    let url = |name: &str, value: Option<String>, issues: &mut Vec<Issue>| {
        if let Some(value) = &value {
            check_url(value, rules, &format!("{at}/{name}"), issues);
        }
        value
    };
    // A set, so that an event asked for twice is told once.
    let events: BTreeSet<&str> = request.events.iter().map(|event| event.as_str()).collect();
    let callbacks = Callbacks {
        notification_url: url("notification_url", request.notification_url, issues),
        eager_notification_url: url("eager_notification_url", request.eager_notification_url, issues),
        events: events.into_iter().map(str::to_owned).collect(),
    };
    if let Some(reference) = &request.reference {
        check_reference(reference, &format!("{at}/reference"), issues);
    }
    if let Some(id) = &request.store_as {
        if let Err(message) = check_asset_id(id) {
            issues.push(Issue::at(format!("{at}/store_as"), Code::InvalidRequest, message));
        } else if matches!(source, Wanted::Canvas { .. }) {
            let message = "a canvas has no bytes to store";
            issues.push(Issue::at(format!("{at}/store_as"), Code::InvalidRequest, message));
        }
    }
    Lowered {
        source,
        rendering,
        outputs,
        callbacks,
        reference: request.reference,
        store_as: request.store_as,
        priority: request.priority.unwrap_or(0),
    }
}

fn rendering(request: &SourceRequest, at: &str, issues: &mut Vec<Issue>) -> Rendering {
    let rendering = Rendering {
        page: request.page.map(|page| match page {
            PageRequest::One(page) => Pages::One(page),
            PageRequest::All(AllPages::All) => Pages::All,
        }),
        dpi: request.dpi,
        width: request.width,
        height: request.height,
        as_stored: request.as_stored,
    };
    for (name, message) in rendering.problems() {
        issues.push(Issue::at(format!("{at}/{name}"), Code::InvalidRequest, message));
    }
    if request.canvas.is_some() && !rendering.is_default() {
        let message = "page, dpi, width and height are for sources that are read, not for a canvas";
        issues.push(Issue::at(at, Code::InvalidRequest, message));
    }
    rendering
}

fn source(request: &SourceRequest, rules: &Rules<'_>, at: &str, issues: &mut Vec<Issue>) -> Wanted {
    let mut found: Vec<Wanted> = Vec::new();
    let mut refuse = |name: &str, message: String| {
        issues.push(Issue::at(format!("{at}/{name}"), Code::InvalidRequest, message));
    };
    if let Some(data) = &request.data {
        let bytes = match parse_data_uri(data, rules.max_picture_bytes) {
            Ok(uri) if uri.bytes.is_empty() => {
                refuse("data", "the data URI is empty".to_owned());
                Bytes::new()
            }
            Ok(uri) => uri.bytes,
            Err(failure) => {
                refuse("data", failure.message);
                Bytes::new()
            }
        };
        found.push(Wanted::Data(bytes));
    }
    if let Some(asset) = &request.asset {
        if let Err(message) = check_asset_id(asset) {
            refuse("asset", message);
        }
        found.push(Wanted::Asset(asset.clone()));
    }
    if let Some(part) = &request.upload {
        if part != "file" {
            refuse("upload", format!("is {part:?}, expected \"file\", the part that holds the picture"));
        } else if !rules.has_file {
            refuse("upload", "the request has no part \"file\"".to_owned());
        }
        found.push(Wanted::Upload);
    }
    if let Some(canvas) = &request.canvas {
        let pixels = u64::from(canvas.width) * u64::from(canvas.height);
        if pixels == 0 || pixels > rules.max_pixels {
            let size = format!("{} x {} px", canvas.width, canvas.height);
            refuse("canvas", format!("is {size}, expected 1 to {} pixels", rules.max_pixels));
        }
        let text = canvas.color.as_deref().unwrap_or("white");
        let color = color(text).unwrap_or_else(|message| {
            refuse("canvas/color", message);
            [255; 4]
        });
        found.push(Wanted::Canvas { width: canvas.width, height: canvas.height, color });
    }
    if let Some(url) = &request.url {
        check_url(url, rules, &format!("{at}/url"), issues);
        found.push(Wanted::Url(url.clone()));
    }
    if found.len() != 1 {
        let message = format!("names {} sources, expected one of url, data, asset, upload, canvas", found.len());
        issues.push(Issue::at(at, Code::InvalidRequest, message));
    }
    if rules.has_file && request.upload.is_none() {
        let message = "a file came with the request, but the source is another one; expected {\"upload\": \"file\"}";
        issues.push(Issue::at(at, Code::InvalidRequest, message));
    }
    found.pop().unwrap_or(Wanted::Upload)
}

fn one_output(
    request: OutputRequest,
    group: Group,
    index: usize,
    shared: &[Step],
    rules: &Rules<'_>,
    at: &str,
    issues: &mut Vec<Issue>,
) -> Output {
    let id = request.id.unwrap_or_else(|| match (group, index) {
        (Group::Main, 0) => "main".to_owned(),
        (Group::Main, index) => format!("output-{}", index + 1),
        (Group::Eager, 0) => "eager".to_owned(),
        (Group::Eager, index) => format!("eager-{}", index + 1),
    });
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if id.is_empty() || id.len() > 64 || id.starts_with('.') || !id.bytes().all(fits) {
        let expected = "1 to 64 letters, digits, \"_\", \"-\" and \".\", not beginning with a dot";
        issues.push(Issue::at(format!("{at}/id"), Code::InvalidRequest, format!("is {id:?}, expected {expected}")));
    }
    let codecs = rules.transforms.codecs();
    let format = request.format.as_deref().and_then(|name| match written_format(codecs, name) {
        Some(format) => Some(format.name.into_owned()),
        None if name == AUTO => Some(AUTO.to_owned()),
        None => {
            let names = Format::ALL.map(|format| format.name().to_owned()).into_iter().chain(codecs.written());
            let names = names.collect::<Vec<_>>().join(", ");
            let message = format!("is {name:?}, expected {AUTO} or one of {names}");
            issues.push(Issue::at(format!("{at}/format"), Code::InvalidRequest, message));
            None
        }
    });
    if matches!(request.quality, Some(QualityRequest::Fixed(quality)) if !(1..=100).contains(&quality)) {
        issues.push(Issue::at(format!("{at}/quality"), Code::InvalidRequest, "expected 1 to 100"));
    }
    if let Some(dpi) = request.dpi.filter(|dpi| !(1.0..=MAX_DPI).contains(dpi)) {
        let message = format!("is {dpi}, expected 1 to {MAX_DPI}");
        issues.push(Issue::at(format!("{at}/dpi"), Code::InvalidRequest, message));
    }
    if let Some(colors) = request.colors.filter(|colors| !(2..=256).contains(colors)) {
        let message = format!("is {colors}, expected 2 to 256");
        issues.push(Issue::at(format!("{at}/colors"), Code::InvalidRequest, message));
    }
    if request.accept.is_some() && request.format.as_deref() != Some(AUTO) {
        let message = "is given without \"format\": \"auto\", which alone uses it";
        issues.push(Issue::at(format!("{at}/accept"), Code::InvalidRequest, message));
    }
    let background = request.background.as_deref().and_then(|text| match color(text) {
        Ok([red, green, blue, 255]) => Some([red, green, blue]),
        Ok(_) => {
            let message = format!("is {text:?}, expected a colour without transparency");
            issues.push(Issue::at(format!("{at}/background"), Code::InvalidRequest, message));
            None
        }
        Err(message) => {
            issues.push(Issue::at(format!("{at}/background"), Code::InvalidRequest, message));
            None
        }
    });
    let own = steps(&request.steps, rules, &format!("{at}/steps"), issues);
    let count = shared.len() + own.len();
    if count > rules.max_steps {
        let message = format!("has {count} steps with those of the job, the limit is {}", rules.max_steps);
        issues.push(Issue::at(format!("{at}/steps"), Code::InvalidRequest, message));
    }
    Output {
        id,
        group,
        steps: shared.iter().cloned().chain(own).collect(),
        encoding: Encoding {
            format,
            accept: request.accept.clone(),
            quality: request.quality.map(quality),
            chroma: match request.chroma {
                None | Some(ChromaRequest::Auto) => Chroma::Auto,
                Some(ChromaRequest::Full) => Chroma::Full444,
                Some(ChromaRequest::Half) => Chroma::Half420,
            },
            effort: request.effort,
            lossless: request.lossless,
            progressive: request.progressive,
            colors: request.colors,
            dither: request.dither,
            tiff_compression: match request.compression {
                None | Some(CompressionRequest::Deflate) => TiffCompression::Deflate,
                Some(CompressionRequest::Lzw) => TiffCompression::Lzw,
                Some(CompressionRequest::PackBits) => TiffCompression::PackBits,
                Some(CompressionRequest::None) => TiffCompression::None,
            },
            dpi: request.dpi.map(|dpi| dpi as f32),
            animated: request.animated,
            exif: Vec::new(),
            max_bytes: None,
            keep_metadata: request.metadata == Some(MetadataRequest::Keep),
            background,
        },
        destination: None,
    }
}

fn quality(request: QualityRequest) -> Quality {
    match request {
        QualityRequest::Fixed(quality) => Quality::Fixed(quality),
        QualityRequest::Auto(AutoQuality::Best) => Quality::Auto(Look::Best),
        QualityRequest::Auto(AutoQuality::Auto | AutoQuality::Good) => Quality::Auto(Look::Good),
        QualityRequest::Auto(AutoQuality::Eco) => Quality::Auto(Look::Eco),
        QualityRequest::Auto(AutoQuality::Low) => Quality::Auto(Look::Low),
    }
}

fn steps(requests: &[StepRequest], rules: &Rules<'_>, at: &str, issues: &mut Vec<Issue>) -> Vec<Step> {
    if requests.len() > rules.max_steps {
        let message = format!("has {} steps, the limit is {}", requests.len(), rules.max_steps);
        issues.push(Issue::at(at, Code::InvalidRequest, message));
        return Vec::new();
    }
    let mut steps = Vec::with_capacity(requests.len());
    for (index, request) in requests.iter().enumerate() {
        pictures::step(&request.transform, &request.params, rules, &format!("{at}/{index}"), 0, issues);
        steps.push(Step { transform: request.transform.clone(), params: request.params.clone() });
    }
    steps
}

/// Splits a message of [`Transforms::check_params`], `point.x: is ...`, into the JSON pointer inside the
/// parameters and the rest. One about the parameters as a whole names the transform instead.
pub(super) fn param_place<'a>(transform: &TransformInfo, message: &'a str) -> (String, &'a str) {
    let is_param = |name: &str| transform.schema["properties"].get(name).is_some();
    match message.split_once(": ") {
        Some((place, rest)) if place == transform.name && !is_param(place) => (String::new(), rest),
        Some((place, rest)) if !place.is_empty() && !place.contains(char::is_whitespace) => {
            let mut pointer = String::new();
            for part in place.split(['.', '[']) {
                pointer.push('/');
                pointer.push_str(&part.trim_end_matches(']').replace('~', "~0").replace('/', "~1"));
            }
            (pointer, rest)
        }
        _ => (String::new(), message),
    }
}

pub(super) fn check_url(text: &str, rules: &Rules<'_>, at: &str, issues: &mut Vec<Issue>) {
    match web_url(text) {
        Ok(url) => {
            if let Err(failure) = (rules.check_address)(&url) {
                issues.push(Issue::at(at, failure.code, failure.message));
            }
        }
        Err(message) => issues.push(Issue::at(at, Code::InvalidRequest, message)),
    }
}

/// Reads an absolute `http` or `https` URL.
///
/// Errors: what is wrong with it.
pub fn web_url(text: &str) -> Result<Url, String> {
    if text.len() > MAX_URL {
        return Err(format!("has {} bytes, the limit is {MAX_URL}", text.len()));
    }
    let url = Url::parse(text).map_err(|error| format!("is {text:?}, expected a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("has the scheme {:?}, expected http or https", url.scheme()));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(format!("is {text:?}, expected a URL with a host"));
    }
    Ok(url)
}

/// Checks the URL and the reference of a batch.
pub fn batch(notification_url: Option<&str>, reference: Option<&str>, rules: &Rules<'_>, issues: &mut Vec<Issue>) {
    if let Some(url) = notification_url {
        check_url(url, rules, "/notification_url", issues);
    }
    if let Some(reference) = reference {
        check_reference(reference, "/reference", issues);
    }
}

fn check_reference(reference: &str, at: &str, issues: &mut Vec<Issue>) {
    if reference.len() > MAX_REFERENCE {
        let message = format!("has {} bytes, the limit is {MAX_REFERENCE}", reference.len());
        issues.push(Issue::at(at, Code::InvalidRequest, message));
    }
}

/// Checks an asset's id: 1 to 255 bytes, no control characters.
///
/// Errors: what is wrong with it.
pub fn check_asset_id(id: &str) -> Result<(), String> {
    if id.is_empty() || id.len() > 255 || id.chars().any(char::is_control) {
        return Err(format!("is {id:?}, expected 1 to 255 bytes without control characters"));
    }
    Ok(())
}

/// Reads `#rgb`, `#rrggbb`, `#rrggbbaa`, `white`, `black` or `transparent` as red, green, blue, alpha.
pub(crate) fn color(text: &str) -> Result<[u8; 4], String> {
    let expected = || format!("is {text:?}, expected #rgb, #rrggbb, #rrggbbaa, white, black or transparent");
    match text {
        "white" => return Ok([255; 4]),
        "black" => return Ok([0, 0, 0, 255]),
        "transparent" => return Ok([0; 4]),
        _ => {}
    }
    let digits = text.strip_prefix('#').ok_or_else(expected)?;
    let full = match digits.len() {
        3 => digits.chars().flat_map(|digit| [digit, digit]).chain("ff".chars()).collect(),
        6 => format!("{digits}ff"),
        8 => digits.to_owned(),
        _ => return Err(expected()),
    };
    let mut rgba = [0; 4];
    hex::decode_to_slice(full, &mut rgba).map_err(|_| expected())?;
    Ok(rgba)
}

#[cfg(test)]
mod tests;
