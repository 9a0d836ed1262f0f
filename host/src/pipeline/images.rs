//! Pictures that the parameters of steps name.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use safelight_codec::Raster;
use serde_json::Value;

use super::{TransformInfo, Transforms};
use crate::{
    error::{Code, Failure},
    job::{ImageRef, MAX_IMAGE_DEPTH, MAX_IMAGES, Output, Params, Step},
};

/// Pictures that parameters name, by [`image_key`]; a failure where one could not be had.
pub type Images = HashMap<String, Result<Arc<Raster>, Failure>>;

/// A picture that steps name.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The name under which [`Images`] keeps it.
    pub key: String,
    /// What it is; a failure when the reference cannot be read or goes over a limit.
    pub image: Result<ImageRef, Failure>,
}

/// The name under which [`Images`] keeps the picture that a parameter names.
pub fn image_key(reference: &Value) -> String {
    reference.to_string()
}

/// The references to pictures in a step's parameters, in the order in which the transform gets them.
pub fn image_references<'a>(transform: &TransformInfo, params: &'a Params) -> Vec<&'a Value> {
    let named = transform.image_params.iter().filter_map(|name| params.get(name));
    named
        .flat_map(|value| match value {
            Value::Array(items) => items.iter().collect(),
            Value::Null => Vec::new(),
            one => vec![one],
        })
        .collect()
}

/// Every picture that the outputs' steps name, each once. A picture that is made by steps stands after
/// those that its steps name. Steps whose transform is unknown have none.
pub fn all_image_references(transforms: &dyn Transforms, outputs: &[Output]) -> Vec<Reference> {
    let mut collector = Collector { transforms, found: Vec::new(), seen: HashSet::new() };
    for output in outputs {
        collector.steps(&output.steps, 0);
    }
    collector.found
}

struct Collector<'a> {
    transforms: &'a dyn Transforms,
    found: Vec<Reference>,
    seen: HashSet<String>,
}

impl Collector<'_> {
    fn steps(&mut self, steps: &[Step], depth: usize) {
        for step in steps {
            let Ok(transform) = self.transforms.resolve(&step.transform) else { continue };
            for reference in image_references(&transform, &step.params) {
                self.reference(reference, depth);
            }
        }
    }

    fn reference(&mut self, reference: &Value, depth: usize) {
        let key = image_key(reference);
        if self.seen.contains(&key) {
            return;
        }
        self.seen.insert(key.clone());
        let image = match ImageRef::parse(reference) {
            _ if self.seen.len() > MAX_IMAGES => over(format!("the steps name more than {MAX_IMAGES} pictures")),
            Ok(image) if !image.steps.is_empty() && depth >= MAX_IMAGE_DEPTH => {
                over(format!("pictures are made of pictures more than {MAX_IMAGE_DEPTH} deep"))
            }
            Ok(image) => {
                self.steps(&image.steps, depth + 1);
                Ok(image)
            }
            failed => failed,
        };
        self.found.push(Reference { key, image });
    }
}

fn over(message: String) -> Result<ImageRef, Failure> {
    Err(Failure::new(Code::InvalidParams, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        job::Group,
        pipeline::testing::{FakeTransforms, output, step},
    };

    fn references(params: &str) -> Vec<Reference> {
        let outputs = [output("a", Group::Main, [step("overlay", params)])];
        all_image_references(&FakeTransforms::default(), &outputs)
    }

    #[test]
    fn what_a_picture_is_made_of_comes_before_it() {
        let inner = r#"{"asset": "inner"}"#;
        let made = format!(
            r#"{{"made": {{"source": {{"asset": "a"}}, "steps": [{{"transform": "overlay", "params": {{"image": {inner}}}}}]}}}}"#
        );
        let found = references(&format!(r#"{{"image": {made}}}"#));
        let images: Vec<_> = found.iter().map(|reference| reference.image.clone().unwrap()).collect();
        assert_eq!(images.len(), 2);
        assert!(images[0].steps.is_empty());
        assert_eq!(images[1].steps.len(), 1);
    }

    #[test]
    fn pictures_in_pictures_end_somewhere() {
        let mut picture = serde_json::json!({ "asset": "a" });
        for _ in 0..=MAX_IMAGE_DEPTH {
            let step = serde_json::json!({ "transform": "overlay", "params": { "image": picture } });
            picture = serde_json::json!({ "made": { "source": { "asset": "a" }, "steps": [step] } });
        }
        let found = references(&serde_json::json!({ "image": picture }).to_string());
        let failures: Vec<_> = found.iter().filter_map(|reference| reference.image.as_ref().err()).collect();
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].message, "pictures are made of pictures more than 10 deep");
    }

    #[test]
    fn the_number_of_pictures_is_limited() {
        let steps = (0..MAX_IMAGES + 5).map(|at| step("overlay", &format!(r#"{{"image": {{"asset": "{at}"}}}}"#)));
        let outputs = [Output { steps: steps.collect(), ..output("a", Group::Main, []) }];
        let found = all_image_references(&FakeTransforms::default(), &outputs);
        assert_eq!(found.iter().filter(|reference| reference.image.is_err()).count(), 5);
    }
}
