//! What a derived image is found again by.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::lower::Lowered;
use crate::{
    job::{COMPONENT, Encoding, ImageRef, Step},
    pipeline::{Transforms, image_references},
};

/// What is done to a picture, by which plugins with which assets, and how the result is written, hashed. `format` is
/// that of the picture, which a result has when no other is asked for.
pub fn recipe(transforms: &dyn Transforms, lowered: &Lowered, format: &str) -> String {
    let written = lowered.encoding.format.clone().unwrap_or_else(|| format.to_owned());
    let codecs = transforms.codecs();
    let mut plugins = [codecs.identities(format), codecs.identities(&written)].concat();
    identities(transforms, &lowered.steps, &mut plugins);
    plugins.sort();
    plugins.dedup();
    let steps: Vec<_> = lowered.steps.iter().map(|step| json!([step.transform, step.params])).collect();
    let text = json!({
        "host": env!("CARGO_PKG_VERSION"),
        "rendering": lowered.rendering,
        "steps": steps,
        "encoding": Encoding { format: Some(written), ..lowered.encoding.clone() },
        "plugins": plugins,
    });
    hex::encode(Sha256::digest(text.to_string()))
}

/// The key of what a recipe makes of these bytes.
pub fn key(sha256: &str, recipe: &str) -> String {
    hex::encode(Sha256::digest(format!("{sha256}/{recipe}")))
}

/// The identities of the plugins that steps run, also those of pictures that they name.
fn identities(transforms: &dyn Transforms, steps: &[Step], found: &mut Vec<String>) {
    for step in steps {
        // The name of a stored component holds its digest, and it has no assets.
        if step.transform.starts_with(COMPONENT) {
            continue;
        }
        let Ok(transform) = transforms.resolve(&step.transform) else { continue };
        found.push(transform.plugin.identity());
        for image in
            image_references(&transform, &step.params).into_iter().filter_map(|image| ImageRef::parse(image).ok())
        {
            identities(transforms, &image.steps, found);
        }
    }
}
