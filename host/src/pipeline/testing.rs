//! Transforms without Wasm, for tests: they do something small and write down what was asked of them.

use std::{sync::Arc, sync::Mutex, time::Duration};

use safelight_codec::{PixelFormat, Raster};
use serde_json::json;

use super::{
    Arrangement, Call, CallError, Kind, Outcome, Planned, PluginInfo, Rect, Shot, Size, Timeline, TransformInfo,
    Transforms, View,
};
use crate::{
    error::{Code, Failure},
    job::{Encoding, Group, Output, Params, Step},
};

/// A step with parameters in JSON.
pub(crate) fn step(transform: &str, params: &str) -> Step {
    Step { transform: transform.to_owned(), params: serde_json::from_str(params).unwrap() }
}

/// An output with its path, written in the source's format.
pub(crate) fn output<const N: usize>(id: &str, group: Group, steps: [Step; N]) -> Output {
    Output { id: id.to_owned(), group, steps: steps.into(), encoding: Encoding::default(), destination: None }
}

/// Each line is a run: the transforms, then the size of the input and its format, then the view if
/// it is not the whole picture.
#[derive(Default)]
pub(crate) struct FakeTransforms {
    pub(crate) runs: Mutex<Vec<String>>,
    pub(crate) plans: Mutex<Vec<String>>,
    /// How long `slow` takes.
    pub(crate) slow: Duration,
}

impl FakeTransforms {
    pub(crate) fn runs(&self) -> Vec<String> {
        self.runs.lock().unwrap().clone()
    }
}

/// Name, plugin, kind, accepted formats.
const KNOWN: &[(&str, &str, Kind, &[PixelFormat])] = &[
    ("resize", "geometry", Kind::Filter, &[PixelFormat::Rgb8, PixelFormat::Rgba8, PixelFormat::Gray8]),
    ("crop", "geometry", Kind::Filter, &[PixelFormat::Rgb8, PixelFormat::Rgba8, PixelFormat::Gray8]),
    ("trim", "geometry", Kind::Filter, &[PixelFormat::Rgb8, PixelFormat::Rgba8, PixelFormat::Gray8]),
    ("invert", "color", Kind::Filter, &[PixelFormat::Rgb8]),
    ("sepia", "color", Kind::Filter, &[PixelFormat::Rgb8]),
    ("refuse", "bad", Kind::Filter, &[PixelFormat::Rgb8]),
    ("trap", "bad", Kind::Filter, &[PixelFormat::Rgb8]),
    ("lie", "bad", Kind::Filter, &[PixelFormat::Rgb8]),
    ("vanish", "bad", Kind::Filter, &[PixelFormat::Rgb8]),
    ("panic", "bad", Kind::Filter, &[PixelFormat::Rgb8]),
    ("slow", "bad", Kind::Filter, &[PixelFormat::Rgb8]),
    ("colors", "analysis", Kind::Analyze, &[PixelFormat::Rgb8]),
    ("overlay", "compose", Kind::Compose, &[PixelFormat::Rgb8]),
    ("reverse", "animate", Kind::Timeline, &[PixelFormat::Rgb8, PixelFormat::Gray8]),
    ("repeat", "animate", Kind::Timeline, &[PixelFormat::Rgb8]),
    ("join", "animate", Kind::Timeline, &[PixelFormat::Rgba8, PixelFormat::Gray8]),
    ("nothing", "bad", Kind::Timeline, &[PixelFormat::Rgb8]),
    ("beyond", "bad", Kind::Timeline, &[PixelFormat::Rgb8]),
    ("noise", "generate", Kind::Generate, &[PixelFormat::Rgba8]),
];

fn number(params: &Params, name: &str, default: u32) -> u32 {
    params.get(name).and_then(serde_json::Value::as_u64).map_or(default, |value| value as u32)
}

fn size(params: &Params, default: Size) -> Size {
    Size { width: number(params, "width", default.width), height: number(params, "height", default.height) }
}

fn failure(code: Code, message: &str) -> CallError {
    CallError { call: 0, failure: Failure::new(code, message) }
}

fn apply(call: &Call, input: Option<&Raster>, full: Size, slow: Duration) -> Result<Option<Raster>, CallError> {
    let filled =
        |size: Size, color: [u8; 3]| Raster::filled(size.width, size.height, [color[0], color[1], color[2], 255]);
    let first = input.map_or([0; 3], |raster| [raster.pixels()[0]; 3]);
    Ok(Some(match call.transform.name.as_str() {
        "resize" | "crop" => filled(size(&call.params, full), first),
        "noise" => filled(size(&call.params, full), [7; 3]),
        // What remains depends on the first pixel.
        "trim" => filled(Size { width: u32::from(first[0]).max(1), height: 1 }, first),
        "join" => filled(full, first),
        "invert" | "sepia" => filled(full, first.map(|value| 255 - value)),
        "overlay" => filled(full, [call.images.len() as u8; 3]),
        "colors" => return Ok(None),
        "lie" => filled(Size { width: 1, height: 1 }, first),
        "vanish" => return Ok(None),
        "trap" => return Err(failure(Code::PluginTrapped, "unreachable")),
        "panic" => panic!("a bug in the host"),
        "slow" => {
            std::thread::sleep(slow);
            filled(full, first)
        }
        other => unreachable!("{other} is not among the known"),
    }))
}

impl Transforms for FakeTransforms {
    fn resolve(&self, name: &str) -> Result<Arc<TransformInfo>, Failure> {
        let Some((name, plugin, kind, formats)) = KNOWN.iter().find(|known| known.0 == name) else {
            return Err(Failure::new(Code::UnknownTransform, format!("Unknown function named '{name}'")));
        };
        Ok(Arc::new(TransformInfo {
            name: (*name).to_owned(),
            kind: *kind,
            summary: String::new(),
            schema: json!({}),
            formats: formats.to_vec(),
            image_params: if *kind == Kind::Compose || *name == "join" { vec!["image".to_owned()] } else { Vec::new() },
            plugin: Arc::new(PluginInfo {
                name: (*plugin).to_owned(),
                version: "1.0.0".to_owned(),
                license: "Apache-2.0".to_owned(),
                summary: String::new(),
                digest: format!("digest of {plugin}"),
                assets: String::new(),
                bundled: true,
            }),
        }))
    }

    fn check_params(&self, _: &TransformInfo, params: &Params) -> Vec<Failure> {
        let negative = params.iter().filter(|(_, value)| value.as_i64().is_some_and(|value| value < 0));
        negative
            .map(|(name, value)| Failure::new(Code::InvalidParams, format!("{name} is {value}, expected 0 or more")))
            .collect()
    }

    fn plan(&self, call: &Call, input: Size) -> Result<Planned, CallError> {
        let name = call.transform.name.as_str();
        self.plans.lock().unwrap().push(format!("{name} {input}"));
        let whole = Planned { output: Some(input), region: None, enough: None };
        Ok(match name {
            "refuse" => return Err(failure(Code::PluginRefused, "not today")),
            "resize" => {
                let output = size(&call.params, input);
                let enough = Size { width: output.width.min(input.width), height: output.height.min(input.height) };
                Planned { output: Some(output), enough: Some(enough), ..whole }
            }
            "crop" => {
                let output = size(&call.params, input);
                let (x, y) = (number(&call.params, "x", 0), number(&call.params, "y", 0));
                let region = Some(Rect { x, y, width: output.width, height: output.height });
                Planned { output: Some(output), region, ..whole }
            }
            "noise" => Planned { output: Some(size(&call.params, input)), ..whole },
            "trim" => Planned { output: None, ..whole },
            _ => whole,
        })
    }

    fn arrange(&self, call: &Call, timeline: &Timeline) -> Result<Arrangement, CallError> {
        let name = call.transform.name.as_str();
        let there = timeline.frames() + call.images.len() as u32;
        self.plans.lock().unwrap().push(format!("{name} {:?}", timeline.delays_ms));
        let delay = |frame: u32| timeline.delays_ms.get(frame as usize).copied().unwrap_or(70);
        let shot = |frame: u32| Shot { frame, delay_ms: delay(frame) };
        let shots: Vec<Shot> = match name {
            "reverse" => (0..there).rev().map(shot).collect(),
            "join" => (0..there).map(shot).collect(),
            "repeat" => (0..number(&call.params, "times", 2)).flat_map(|_| (0..there).map(shot)).collect(),
            "nothing" => Vec::new(),
            "beyond" => vec![shot(there)],
            other => unreachable!("{other} arranges no frames"),
        };
        Ok(Arrangement { shots, loops: timeline.loops })
    }

    fn run(&self, calls: &[Call], input: Option<&Raster>, view: View) -> Result<Outcome, CallError> {
        let names: Vec<&str> = calls.iter().map(|call| call.transform.name.as_str()).collect();
        let mut line = names.join("+");
        if let Some(raster) = input {
            assert!(calls[0].transform.formats.contains(&raster.format()), "{:?} is not accepted", raster.format());
            line += &format!(" {}x{} {:?}", raster.width(), raster.height(), raster.format());
            let Rect { x, y, width, height } = view.region;
            let full = view.full;
            if (x, y, width, height) != (0, 0, full.width, full.height) || raster.width() != full.width {
                line += &format!(" of {full} at {x},{y} {width}x{height}");
            }
        }
        self.runs.lock().unwrap().push(line);
        let mut result: Option<Raster> = None;
        let mut full = view.full;
        for (index, call) in calls.iter().enumerate() {
            let picture = result.as_ref().or(input);
            let next = apply(call, picture, full, self.slow).map_err(|error| CallError { call: index, ..error })?;
            if let Some(next) = next {
                full = Size { width: next.width(), height: next.height() };
                result = Some(next);
            }
        }
        let data = calls.iter().map(|call| {
            (call.transform.kind == Kind::Analyze).then(|| json!({"width": full.width, "height": full.height}))
        });
        Ok(Outcome { image: result, data: data.collect(), elapsed: Duration::from_millis(2), peak_bytes: 1000 })
    }
}
