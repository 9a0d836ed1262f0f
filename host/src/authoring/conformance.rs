//! The conformance suite: what a component must do before somebody else relies on it.

use std::{fmt, sync::Arc};

use safelight_codec::{EncodeOptions, Format, Limits, Picture, PixelFormat, Raster};
use serde_json::{Value, json};

use super::samples::parameter_sets;
use crate::{
    error::{Code, Failure},
    job::{Params, Rendering},
    pipeline::{
        Ask, Call, Codecs, Kind, Outcome, Rect, Sandbox, Size, TransformInfo, Transforms, View, Want, image_references,
    },
    wasm::{AssetKind, Grants, Registry, Snapshot},
};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As the contract wants it.
    Passed,
    /// Allowed, and worth mending.
    Warning,
    /// Against the contract.
    Failed,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What was seen; empty where nothing needs to be said.
    pub detail: String,
}

/// For people, one line: `passed  invert: determinism`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Passed => "passed ",
            Verdict::Warning => "warning",
            Verdict::Failed => "FAILED ",
        };
        write!(f, "{verdict}  {}", self.check)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

/// The sizes that every set of parameters is tried on.
const SIZES: [(u32, u32); 5] = [(1, 1), (1, 37), (41, 1), (16, 16), (33, 17)];

/// The size for measuring.
const LARGE: (u32, u32) = (1632, 1224);

/// The most that is told of one check.
const MOST_TOLD: usize = 3;

/// Runs the suite on a component that [`Registry::check`] found to fit.
///
/// Errors: what loading the component came to.
pub fn conformance(registry: &Registry, component: &[u8]) -> Result<Vec<Finding>, Failure> {
    let apart = || registry.apart(component, Grants::all());
    let (first, second) = (apart()?, apart()?);
    let mut suite = Suite { snapshot: &first, findings: Vec::new() };
    suite.stable(&second);
    suite.needs();
    if suite.lacks() {
        return Ok(suite.findings);
    }
    for transform in first.transforms() {
        suite.schema(&transform);
        suite.calls(&transform);
        suite.hostile(&transform);
        suite.chain(&transform);
        suite.measure(&transform);
    }
    suite.formats();
    Ok(suite.findings)
}

struct Suite<'a> {
    snapshot: &'a Arc<Snapshot>,
    findings: Vec<Finding>,
}

/// What went wrong in a check, to be told in one line.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, problem: String) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }
}

impl Suite<'_> {
    fn told(&mut self, check: String, problems: Problems, otherwise: Verdict) {
        let more = problems.0.len().saturating_sub(MOST_TOLD);
        let mut detail = problems.0.iter().take(MOST_TOLD).cloned().collect::<Vec<_>>().join("; ");
        if more > 0 {
            detail.push_str(&format!("; and {more} more"));
        }
        let verdict = if problems.0.is_empty() { Verdict::Passed } else { otherwise };
        self.findings.push(Finding { check, verdict, detail });
    }

    /// A second instance tells the same.
    fn stable(&mut self, second: &Snapshot) {
        let told = |snapshot: &Snapshot| -> Vec<String> {
            let plugins = snapshot.plugins();
            let head =
                plugins.iter().map(|plugin| format!("{:?} {:?} {:?}", plugin.info, plugin.formats, plugin.needs));
            let transforms = snapshot.transforms();
            head.chain(transforms.iter().map(|transform| format!("{} {}", transform.name, transform.schema))).collect()
        };
        let mut problems = Problems::default();
        if told(self.snapshot) != told(second) {
            problems.add("describe answered differently the second time".to_owned());
        }
        self.told("manifest: the same every time".to_owned(), problems, Verdict::Failed);
    }

    /// What is asked for can be used, what is used is asked for, and an operator is told what for.
    fn needs(&mut self) {
        let mut problems = Problems::default();
        for plugin in self.snapshot.plugins() {
            let kinds: &[AssetKind] = if plugin.formats.is_empty() {
                &[AssetKind::Font, AssetKind::Table, AssetKind::Model]
            } else {
                &[AssetKind::Font, AssetKind::Table]
            };
            // Some toolchains import all of the world, used or not.
            let imports_all = kinds.iter().all(|kind| plugin.imports(*kind));
            for &kind in kinds {
                let asked = plugin.needs.iter().any(|need| need.assets.kind == kind);
                let word = kind.interface();
                match (asked, plugin.imports(kind)) {
                    (true, false) => problems.add(format!("asks for {word}, and does not import them")),
                    (false, true) if !imports_all => {
                        problems.add(format!("imports {word}, and does not ask for them: it sees none"));
                    }
                    _ => {}
                }
            }
            for need in plugin.needs.iter().filter(|need| need.summary.trim().is_empty()) {
                problems.add(format!("{} is asked for without a word what for", need.assets));
            }
            for need in plugin.needs.iter().filter(|need| need.assets.name.is_some()) {
                let whole = plugin
                    .needs
                    .iter()
                    .any(|other| other.assets.kind == need.assets.kind && other.assets.name.is_none());
                if whole {
                    problems.add(format!(
                        "{} is asked for, and all {} as well",
                        need.assets,
                        need.assets.kind.interface()
                    ));
                }
            }
        }
        self.told("manifest: needs".to_owned(), problems, Verdict::Warning);
    }

    /// Whether a file is missing without which nothing of it can be tried.
    fn lacks(&mut self) -> bool {
        let mut problems = Problems::default();
        for lack in self.snapshot.plugins().iter().filter_map(|plugin| plugin.lack.as_ref()) {
            problems.add(format!(
                "{}: it is checked where it has what it needs, see [plugins] in the settings",
                lack.message
            ));
        }
        let lacks = !problems.0.is_empty();
        if lacks {
            self.told("everything else".to_owned(), problems, Verdict::Failed);
        }
        lacks
    }

    /// Every parameter says what it is.
    fn schema(&mut self, transform: &TransformInfo) {
        let mut problems = Problems::default();
        for (name, property) in transform.schema["properties"].as_object().into_iter().flatten() {
            if property["description"].as_str().unwrap_or_default().is_empty() {
                problems.add(format!("{name} has no description"));
            }
            if let Some(default) = property.get("default").filter(|default| !default.is_null()) {
                let params = Params::from_iter([(name.clone(), default.clone())]);
                for failure in self.snapshot.check_params(transform, &params) {
                    if failure.message.starts_with(name.as_str()) {
                        problems.add(format!("the default of {name} is not allowed: {}", failure.message));
                    }
                }
            }
        }
        if transform.schema["additionalProperties"] != false {
            problems.add("unknown parameters are let through (additionalProperties is not false)".to_owned());
        }
        self.told(format!("{}: schema", transform.name), problems, Verdict::Warning);
    }

    /// Every set of parameters on every size and in every pixel format that is accepted: what is planned is made, and
    /// made equal twice.
    fn calls(&mut self, transform: &Arc<TransformInfo>) {
        let (mut broken, mut unplanned, mut unequal) = (Problems::default(), Problems::default(), Problems::default());
        for params in parameter_sets(&transform.schema) {
            if !self.snapshot.check_params(transform, &params).is_empty() {
                continue;
            }
            for (index, (width, height)) in sizes(transform).into_iter().enumerate() {
                let format = transform.formats[index % transform.formats.len()];
                let picture = photo(width, height, format);
                let call = call(transform, params.clone(), format);
                let at = || format!("{} on {width} x {height} px, {format:?}", Value::Object(params.clone()));
                let planned = self.snapshot.plan(&call, size_of(transform, &picture));
                if let Err(error) = &planned {
                    if !error.failure.code.is_refusal() {
                        broken.add(format!("plan of {}: {}", at(), error.failure));
                    }
                    continue;
                }
                if transform.kind == Kind::Timeline {
                    continue;
                }
                match (self.run(&call, &picture), self.run(&call, &picture)) {
                    (Ok(first), Ok(second)) => {
                        if first.image != second.image || first.data != second.data {
                            unequal.add(at());
                        }
                    }
                    (Err(failure), _) | (_, Err(failure)) if failure.code.is_refusal() => {
                        if failure.code == Code::InvalidParams {
                            unplanned.add(format!("{} is refused by apply and not by plan: {failure}", at()));
                        }
                    }
                    (Err(failure), _) | (_, Err(failure)) => broken.add(format!("{}: {failure}", at())),
                }
            }
        }
        let name = &transform.name;
        self.told(format!("{name}: every parameter, odd sizes, all pixel formats"), broken, Verdict::Failed);
        self.told(format!("{name}: plan refuses what cannot work"), unplanned, Verdict::Warning);
        self.told(format!("{name}: the same input gives the same bytes"), unequal, Verdict::Failed);
    }

    /// Parameters that the host would have refused do not end the guest.
    fn hostile(&mut self, transform: &Arc<TransformInfo>) {
        let mut problems = Problems::default();
        let deep = (0..60).fold(json!(0), |inner, _| json!([inner]));
        let values =
            [json!(null), json!(-1e300), json!("x".repeat(100_000)), json!({"a": 1}), json!([1, "2", null]), deep];
        let properties = transform.schema["properties"].as_object();
        let names = properties.into_iter().flat_map(|properties| properties.keys().map(String::as_str));
        let format = transform.formats[0];
        let picture = photo(8, 8, format);
        for name in names.chain(["no_such_parameter"]).take(20) {
            for value in &values {
                let call = call(transform, Params::from_iter([(name.to_owned(), value.clone())]), format);
                if let Err(error) = self.snapshot.plan(&call, size_of(transform, &picture))
                    && !error.failure.code.is_refusal()
                {
                    let shown: String = value.to_string().chars().take(30).collect();
                    problems.add(format!("{name} = {shown}: {}", error.failure));
                }
            }
        }
        self.told(format!("{}: hostile parameters are refused", transform.name), problems, Verdict::Warning);
    }

    /// Two calls of one run give what two runs give.
    fn chain(&mut self, transform: &Arc<TransformInfo>) {
        if !matches!(transform.kind, Kind::Filter | Kind::Analyze) {
            return;
        }
        let mut problems = Problems::default();
        let format = transform.formats[0];
        let picture = photo(33, 17, format);
        let call = call(transform, parameter_sets(&transform.schema).swap_remove(0), format);
        let separate = || -> Result<Option<Raster>, Failure> {
            let Some(first) = self.run(&call, &picture)?.image else { return Ok(None) };
            Ok(self.run(&call, &first)?.image)
        };
        let view = whole(picture.width(), picture.height());
        let together = self.snapshot.run(&[call.clone(), call.clone()], Some(&picture), view);
        match (separate(), together) {
            (Ok(separate), Ok(together)) if separate != together.image => {
                problems.add("two calls of one run give another picture than two runs".to_owned());
            }
            (Ok(_), Err(error)) => problems.add(format!("two calls of one run: {}", error.failure)),
            _ => {}
        }
        self.told(format!("{}: several calls in one run", transform.name), problems, Verdict::Failed);
    }

    /// Time and memory of one call, for the report.
    fn measure(&mut self, transform: &Arc<TransformInfo>) {
        if transform.kind == Kind::Timeline {
            return;
        }
        let format = transform.formats[0];
        let picture = photo(LARGE.0, LARGE.1, format);
        let call = call(transform, parameter_sets(&transform.schema).swap_remove(0), format);
        // The first call may still find its code on the disk alone.
        let outcome = self.run(&call, &picture).and_then(|_| self.run(&call, &picture));
        let (verdict, detail) = match outcome {
            Ok(outcome) => (Verdict::Passed, cost(&outcome)),
            Err(failure) if failure.code.is_refusal() => (Verdict::Passed, format!("refused: {failure}")),
            Err(failure) => (Verdict::Failed, failure.to_string()),
        };
        self.findings.push(Finding { check: format!("{}: 2 megapixels", transform.name), verdict, detail });
    }

    /// What a codec reads and writes.
    fn formats(&mut self) {
        let limits = Limits {
            max_bytes: 1 << 20,
            max_pixels: 1 << 20,
            max_frames: 10,
            max_total_pixels: 1 << 22,
            max_memory_bytes: 256 << 20,
        };
        let rendering = Rendering::default();
        let ask = Ask { limits: &limits, sandbox: Sandbox::All, rendering: &rendering };
        let plugins = self.snapshot.plugins();
        for format in plugins.iter().flat_map(|plugin| &plugin.formats) {
            let mut problems = Problems::default();
            for sample in format.reads.then(|| format.damaged_samples()).into_iter().flatten() {
                match self.snapshot.probe(&sample, ask) {
                    Err(failure) if is_damage(failure.code) => {}
                    Err(failure) => problems.add(format!("a damaged source of {} bytes: {failure}", sample.len())),
                    // A source may be whole by luck.
                    Ok(_) => {}
                }
            }
            if format.writes {
                let picture = Picture::still(photo(33, 17, PixelFormat::Rgb8));
                let options = EncodeOptions::new(Format::Png);
                match self.snapshot.encode(&format.name, &picture, None, &options) {
                    Err(failure) => problems.add(format!("a picture of 33 x 17 px is not written: {failure}")),
                    Ok(bytes) if format.reads => match self.snapshot.probe(&bytes, ask) {
                        Ok(info) => {
                            let want = Want { enough: None, animated: false, keep_metadata: false };
                            if let Err(failure) = self.snapshot.decode(&bytes, ask, &info, want) {
                                problems.add(format!("what it wrote is not read: {failure}"));
                            }
                        }
                        Err(failure) => problems.add(format!("what it wrote is not read: {failure}")),
                    },
                    Ok(_) => {}
                }
            }
            self.told(format!("{}: damaged sources, and what it writes", format.name), problems, Verdict::Failed);
        }
    }

    fn run(&self, call: &Call, picture: &Raster) -> Result<Outcome, Failure> {
        let input = (call.transform.kind != Kind::Generate).then_some(picture);
        let view = match input {
            Some(picture) => whole(picture.width(), picture.height()),
            None => whole(0, 0),
        };
        self.snapshot.run(std::slice::from_ref(call), input, view).map_err(|error| error.failure)
    }
}

fn cost(outcome: &Outcome) -> String {
    let Outcome { elapsed, peak_bytes, .. } = outcome;
    format!("{:.1} ms, {:.1} MB of memory", elapsed.as_secs_f64() * 1e3, *peak_bytes as f64 / 1e6)
}

/// Whether a codec chose to refuse a source.
fn is_damage(code: Code) -> bool {
    code.is_refusal() || matches!(code, Code::CorruptImage | Code::UnsupportedFeature | Code::ImageLimit)
}

fn sizes(transform: &TransformInfo) -> Vec<(u32, u32)> {
    if transform.kind == Kind::Generate { vec![SIZES[0]] } else { SIZES.to_vec() }
}

fn size_of(transform: &TransformInfo, picture: &Raster) -> Size {
    match transform.kind {
        Kind::Generate => Size { width: 0, height: 0 },
        _ => Size { width: picture.width(), height: picture.height() },
    }
}

fn whole(width: u32, height: u32) -> View {
    View { full: Size { width, height }, region: Rect { x: 0, y: 0, width, height } }
}

fn call(transform: &Arc<TransformInfo>, params: Params, format: PixelFormat) -> Call {
    let images = image_references(transform, &params).iter().map(|_| Arc::new(photo(12, 9, format))).collect();
    Call { transform: transform.clone(), params, images }
}

/// Gradients with some noise, alpha from clear to opaque.
fn photo(width: u32, height: u32, format: PixelFormat) -> Raster {
    let channels = format.bytes_per_pixel();
    let mut pixels = Vec::with_capacity(width as usize * height as usize * channels);
    let mut state = 0x9E37_79B9_u32;
    for y in 0..height {
        for x in 0..width {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 28) as u8;
            let across = (x * 255 / width.max(2)) as u8;
            let down = (y * 255 / height.max(2)) as u8;
            let pixel = [across.saturating_add(noise), down, 255 - across, down.saturating_add(across)];
            pixels.extend_from_slice(&pixel[..channels]);
        }
    }
    Raster::new(width, height, format, pixels).expect("the picture has its size")
}
