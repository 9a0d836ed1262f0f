//! A catalogue without components.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use safelight_codec::{PixelFormat, Raster};
use serde_json::json;

use crate::{
    error::{Code, Failure},
    http::Plugins,
    job::Params,
    pipeline::{
        Arrangement, Call, CallError, Kind, Outcome, Planned, PluginInfo, Size, Timeline, TransformInfo, Transforms,
        View,
    },
};

/// Offers `resize` (its result has the parameters' size), `colors` (analyze) and whatever is installed.
pub(in crate::http) struct Played {
    bundled: Arc<PluginInfo>,
    installed: Mutex<Vec<Arc<PluginInfo>>>,
}

impl Played {
    pub(in crate::http) fn new() -> Played {
        Played { bundled: info("geometry", true), installed: Mutex::default() }
    }
}

fn info(name: &str, bundled: bool) -> Arc<PluginInfo> {
    Arc::new(PluginInfo {
        name: name.into(),
        version: "1.2.3".into(),
        license: "Apache-2.0".into(),
        summary: "Shapes".into(),
        digest: "ab".repeat(32),
        assets: String::new(),
        bundled,
    })
}

impl Plugins for Played {
    fn snapshot(&self) -> Arc<dyn Transforms> {
        Arc::new(Snapshot(self.transforms()))
    }

    fn transforms(&self) -> Vec<Arc<TransformInfo>> {
        let transform = |name: &str, kind: Kind| {
            Arc::new(TransformInfo {
                name: name.into(),
                kind,
                summary: "Does something".into(),
                schema: json!({"type": "object", "properties": {"width": {"type": "integer", "minimum": 1}}}),
                formats: vec![PixelFormat::Rgb8, PixelFormat::Rgba8],
                image_params: Vec::new(),
                plugin: self.bundled.clone(),
            })
        };
        vec![transform("resize", Kind::Filter), transform("colors", Kind::Analyze)]
    }

    fn plugins(&self) -> Vec<Arc<PluginInfo>> {
        let installed = self.installed.lock().unwrap();
        std::iter::once(self.bundled.clone()).chain(installed.iter().cloned()).collect()
    }

    fn counters(&self) -> Vec<(String, crate::wasm::Counts)> {
        Vec::new()
    }

    fn unoptimised(&self) -> usize {
        0
    }

    fn install(&self, name: &str, component: Bytes) -> Result<Arc<PluginInfo>, Failure> {
        if name == "geometry" {
            return Err(Failure::new(Code::Conflict, "plugin geometry ships with the host"));
        }
        if component != Bytes::copy_from_slice(name.as_bytes()) {
            return Err(Failure::new(Code::PluginInvalid, "the component is another plugin"));
        }
        let info = info(name, false);
        self.installed.lock().unwrap().push(info.clone());
        Ok(info)
    }

    fn remove(&self, name: &str) -> Result<bool, Failure> {
        if name == "geometry" {
            return Err(Failure::new(Code::Conflict, "plugin geometry ships with the host"));
        }
        let mut installed = self.installed.lock().unwrap();
        let before = installed.len();
        installed.retain(|info| info.name != name);
        Ok(installed.len() < before)
    }
}

struct Snapshot(Vec<Arc<TransformInfo>>);

impl Transforms for Snapshot {
    fn resolve(&self, name: &str) -> Result<Arc<TransformInfo>, Failure> {
        assert_ne!(name, "panic", "the catalogue was asked to panic");
        let known = self.0.iter().find(|info| info.name == name.trim_start_matches("geometry/"));
        known.cloned().ok_or_else(|| Failure::new(Code::UnknownTransform, format!("Unknown function named '{name}'")))
    }

    fn check_params(&self, _: &TransformInfo, params: &Params) -> Vec<Failure> {
        let wrong = params.iter().filter(|(_, value)| value.as_u64().is_none_or(|value| value == 0));
        let told = |(name, value): (&String, &serde_json::Value)| {
            Failure::new(Code::InvalidParams, format!("{name}: is {value}, expected 1 or more"))
        };
        wrong.map(told).collect()
    }

    fn plan(&self, call: &Call, input: Size) -> Result<Planned, CallError> {
        let side = |name: &str, default: u32| {
            call.params.get(name).and_then(|value| value.as_u64()).map_or(default, |side| side as u32)
        };
        let output = Size { width: side("width", input.width), height: side("height", input.height) };
        if output.width > 1000 {
            let failure = Failure::new(Code::UnsupportedImage, "the result would be too wide");
            return Err(CallError { call: 0, failure });
        }
        Ok(Planned { output: Some(output), region: None, enough: None })
    }

    fn arrange(&self, _: &Call, _: &Timeline) -> Result<Arrangement, CallError> {
        unreachable!("no frames are arranged here")
    }

    fn run(&self, calls: &[Call], _: Option<&Raster>, _: View) -> Result<Outcome, CallError> {
        let failure = Failure::new(Code::Internal, format!("{} calls were run at the door", calls.len()));
        Err(CallError { call: 0, failure })
    }
}
