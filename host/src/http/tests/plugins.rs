//! A catalogue without components.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use safelight_codec::{PixelFormat, Raster};
use serde_json::json;

use crate::{
    distribution::Reference,
    error::{Code, Failure},
    http::Plugins,
    job::Params,
    pipeline::{
        Arrangement, Call, CallError, Kind, Outcome, Planned, PluginInfo, Size, Timeline, TransformInfo, Transforms,
        View,
    },
    plugins::{By, Decision, Listed, Record, Version},
    wasm::{Origin, PluginSummary, Usage},
};

/// Offers `resize` (its result has the parameters' size), `colors` (analyze) and whatever is installed.
pub(in crate::http) struct Played {
    bundled: Arc<PluginInfo>,
    installed: Mutex<Vec<Listed>>,
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

impl Played {
    fn resizes(&self) -> Vec<Arc<TransformInfo>> {
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

    fn bundled(&self) -> Listed {
        let plugin = PluginSummary {
            info: self.bundled.clone(),
            origin: Origin::Bundled,
            file: None,
            bytes: 1,
            imports: Vec::new(),
            world: "safelight:plugin/transformer@0.2.0".into(),
            needs: Vec::new(),
            has: Default::default(),
            lack: None,
            transforms: self.resizes(),
            formats: Vec::new(),
        };
        let record = Record::default();
        Listed { owner: String::new(), name: "geometry".into(), plugin: Some(plugin), record }
    }
}

fn no_plugin(name: &str) -> Failure {
    Failure::new(Code::NotFound, format!("there is no plugin {name:?}"))
}

#[async_trait]
impl Plugins for Played {
    fn snapshot(&self) -> Arc<dyn Transforms> {
        Arc::new(Snapshot(self.resizes()))
    }

    fn view(&self, _: &str) -> Arc<dyn Transforms> {
        self.snapshot()
    }

    fn transforms(&self, _: &str) -> Vec<Arc<TransformInfo>> {
        self.resizes()
    }

    fn list(&self) -> Vec<Listed> {
        let installed = self.installed.lock().unwrap();
        std::iter::once(self.bundled()).chain(installed.iter().cloned()).collect()
    }

    fn usage(&self) -> Vec<Usage> {
        Vec::new()
    }

    fn unoptimised(&self) -> usize {
        0
    }

    async fn install(&self, by: &By, name: &str, component: Bytes) -> Result<Listed, Failure> {
        if name == "geometry" {
            return Err(Failure::new(Code::Conflict, "plugin geometry ships with the host"));
        }
        if component != Bytes::copy_from_slice(name.as_bytes()) {
            return Err(Failure::new(Code::PluginInvalid, "the component is another plugin"));
        }
        let mut record = Record::default();
        let version = Version {
            version: "1.2.3".into(),
            digest: "cd".repeat(32),
            bytes: component.len() as u64,
            source: "upload".into(),
            signed_by: None,
            installed_by: by.actor.clone(),
            installed_at: 0,
        };
        record.install(version, 5);
        let listed = Listed { owner: by.owner.clone(), name: name.to_owned(), plugin: None, record };
        self.installed.lock().unwrap().push(listed.clone());
        Ok(listed)
    }

    async fn install_from(&self, by: &By, name: &str, from: &Reference, _: bool) -> Result<Listed, Failure> {
        match from {
            Reference::Url(_) => self.install(by, name, Bytes::copy_from_slice(name.as_bytes())).await,
            _ => Err(Failure::new(Code::SourceNotFound, "there is no such image")),
        }
    }

    async fn decide(&self, by: &By, name: &str, decisions: Vec<Decision>) -> Result<Listed, Failure> {
        let mut installed = self.installed.lock().unwrap();
        let found = installed.iter_mut().find(|listed| listed.owner == by.owner && listed.name == name);
        let found = found.ok_or_else(|| no_plugin(name))?;
        for decision in &decisions {
            found.record.decide(decision, std::time::SystemTime::UNIX_EPOCH)?;
        }
        Ok(found.clone())
    }

    async fn remove(&self, by: &By, name: &str) -> Result<(), Failure> {
        if name == "geometry" && by.owner.is_empty() {
            return Err(Failure::new(Code::Conflict, "plugin geometry ships with the host"));
        }
        let mut installed = self.installed.lock().unwrap();
        let before = installed.len();
        installed.retain(|listed| listed.name != name || listed.owner != by.owner);
        if installed.len() < before { Ok(()) } else { Err(no_plugin(name)) }
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
