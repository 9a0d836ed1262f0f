//! Stored components that steps name: read and loaded before the steps are planned.

use std::{collections::HashMap, sync::Arc};

use super::{Inner, Panicked};
use crate::{
    error::Failure,
    job::Output,
    pipeline::{Component, Transforms, WithComponents, named_components},
    source::Source,
};

/// The transforms, and the stored components that the outputs' steps name. One that cannot be had
/// fails the steps that name it.
pub(super) async fn with_components(
    inner: &Inner,
    transforms: &Arc<dyn Transforms>,
    outputs: &[Output],
) -> Result<Arc<dyn Transforms>, Panicked> {
    let transforms = transforms.clone();
    let mut components = HashMap::new();
    for sha256 in named_components(outputs) {
        let loaded = match inner.ports.components.at_hand(&sha256) {
            Some(component) => Ok(component),
            None => load(inner, &sha256).await?,
        };
        components.insert(sha256, loaded);
    }
    match components.is_empty() {
        true => Ok(transforms),
        false => Ok(Arc::new(WithComponents::new(transforms, components))),
    }
}

async fn load(inner: &Inner, sha256: &str) -> Result<Result<Component, Failure>, Panicked> {
    let source = Source::Blob { sha256: sha256.to_owned(), asset: None };
    let bytes = match inner.ports.inputs.read(&source).await {
        Ok(input) => input.bytes,
        Err(failure) => return Ok(Err(failure)),
    };
    let components = inner.ports.components.clone();
    inner.compute(move || components.load(&bytes)).await
}
