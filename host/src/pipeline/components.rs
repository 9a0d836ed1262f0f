//! Stored components beside the transforms that are offered.

use std::{collections::HashMap, sync::Arc};

use safelight_codec::Raster;

use super::{Arrangement, Call, CallError, Codecs, Outcome, Planned, Size, Timeline, TransformInfo, Transforms, View};
use crate::{
    error::{Code, Failure},
    job::{COMPONENT, ImageRef, Output, Params, Step},
};

/// A component that was loaded for a step.
#[derive(Clone)]
pub struct Component {
    /// Runs its transforms, and no others.
    pub transforms: Arc<dyn Transforms>,
    /// The one that a step means: its first.
    pub transform: String,
}

/// Transforms, and stored components by the SHA-256 of their bytes: steps call them `component:{sha256}`.
pub struct WithComponents {
    base: Arc<dyn Transforms>,
    components: HashMap<String, Result<Component, Failure>>,
}

impl WithComponents {
    /// These, and those.
    pub fn new(base: Arc<dyn Transforms>, components: HashMap<String, Result<Component, Failure>>) -> WithComponents {
        WithComponents { base, components }
    }

    /// What a transform belongs to.
    fn of(&self, transform: &TransformInfo) -> &dyn Transforms {
        match self.components.get(&transform.plugin.digest) {
            Some(Ok(component)) => component.transforms.as_ref(),
            _ => self.base.as_ref(),
        }
    }
}

impl Transforms for WithComponents {
    fn codecs(&self) -> &dyn Codecs {
        self.base.codecs()
    }

    fn resolve(&self, name: &str) -> Result<Arc<TransformInfo>, Failure> {
        match name.strip_prefix(COMPONENT).map(|digest| self.components.get(digest)) {
            None => self.base.resolve(name),
            Some(Some(Ok(component))) => component.transforms.resolve(&component.transform),
            Some(Some(Err(failure))) => Err(failure.clone()),
            Some(None) => Err(Failure::new(Code::Internal, "a component was not loaded")),
        }
    }

    fn check_params(&self, transform: &TransformInfo, params: &Params) -> Vec<Failure> {
        self.of(transform).check_params(transform, params)
    }

    fn plan(&self, call: &Call, input: Size) -> Result<Planned, CallError> {
        self.of(&call.transform).plan(call, input)
    }

    fn arrange(&self, call: &Call, timeline: &Timeline) -> Result<Arrangement, CallError> {
        self.of(&call.transform).arrange(call, timeline)
    }

    fn run(&self, calls: &[Call], input: Option<&Raster>, view: View) -> Result<Outcome, CallError> {
        let transforms = calls.first().map_or(self.base.as_ref(), |call| self.of(&call.transform));
        transforms.run(calls, input, view)
    }
}

/// The stored components that the outputs' steps name, and those of pictures in their parameters, each once.
pub fn named_components(outputs: &[Output]) -> Vec<String> {
    let mut found = Vec::new();
    for output in outputs {
        in_steps(&output.steps, 0, &mut found);
    }
    found
}

fn in_steps(steps: &[Step], depth: usize, found: &mut Vec<String>) {
    for step in steps {
        if let Some(digest) = step.transform.strip_prefix(COMPONENT)
            && !found.iter().any(|known| known == digest)
        {
            found.push(digest.to_owned());
        }
        if depth >= crate::job::MAX_IMAGE_DEPTH {
            continue;
        }
        // Without the schema, whatever looks like a picture may be one: at worst one component more is loaded.
        let values = step.params.values().flat_map(|value| match value {
            serde_json::Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        });
        for image in values.filter_map(|value| ImageRef::parse(value).ok()) {
            in_steps(&image.steps, depth + 1, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        job::Group,
        pipeline::{
            Images, Plan, Shape,
            testing::{FakeTransforms, output, step},
        },
    };

    #[test]
    fn components_are_found_in_pictures_too() {
        let inner = r#"{"image": {"made": {"source": {"asset": "a"}, "steps": [{"transform": "component:bb"}]}}}"#;
        let steps = [step("component:aa", "{}"), step("overlay", inner), step("component:aa", "{}")];
        assert_eq!(named_components(&[output("a", Group::Main, steps)]), ["aa", "bb"]);
    }

    #[test]
    fn a_step_calls_the_first_transform_of_its_component() {
        let component = Component { transforms: Arc::new(FakeTransforms::default()), transform: "sepia".into() };
        let broken = Failure::new(Code::PluginInvalid, "no component");
        let components = HashMap::from([("aa".to_owned(), Ok(component)), ("bb".to_owned(), Err(broken))]);
        let transforms = WithComponents::new(Arc::new(FakeTransforms::default()), components);
        let outputs = [
            output("a", Group::Main, [step("component:aa", "{}"), step("invert", "{}")]),
            output("b", Group::Main, [step("component:bb", "{}")]),
            output("c", Group::Main, [step("component:cc", "{}")]),
        ];
        let size = Some(Size { width: 8, height: 8 });
        let shape = Shape { size, timeline: Some(Timeline::still()), scalable: false };
        let limits = super::super::Limits { max_pixels: 100, max_frames: 1, max_total_pixels: 100 };
        let plan = Plan::new(&transforms, &outputs, Some(&Images::new()), shape, limits, &[]);
        let told: Vec<_> = plan.failures.iter().map(|failure| failure.as_ref().map(|f| f.code)).collect();
        assert_eq!(told, [None, Some(Code::PluginInvalid), Some(Code::Internal)]);
        assert_eq!(plan.nodes[1].call.as_ref().unwrap().transform.name, "sepia");
    }
}
