//! Pictures that parameters of steps name: read, decoded and made before the steps are planned.

use std::sync::Arc;

use bytes::Bytes;

use super::{Inner, Panicked, picture};
use crate::{
    error::{Code, Failure},
    job::{ImageRef, ImageSource, Output},
    pipeline::{Images, Transforms, all_image_references},
    source::Source,
};

/// Whether the work on pictures is to end early.
pub(super) type Stop = Arc<dyn Fn() -> bool + Send + Sync>;

/// Reads, decodes and makes every picture that the outputs' steps name, each once. One that cannot be had is
/// a failure in the result.
///
/// All of them together are under the limit of pixels of one animation. While one is made it counts against the
/// memory that jobs share.
pub(super) async fn load(
    inner: &Inner,
    account: &str,
    transforms: &Arc<dyn Transforms>,
    outputs: &[Output],
    stop: &Stop,
) -> Result<Images, Panicked> {
    let mut images = Images::new();
    let mut left = inner.codec.max_total_pixels;
    for reference in all_image_references(transforms.as_ref(), outputs) {
        let raster = match &reference.image {
            Ok(image) => match source(inner, account, image).await {
                Ok(bytes) => one(inner, transforms, image, bytes, &images, left, stop).await?,
                Err(failure) => Err(failure),
            },
            Err(failure) => Err(failure.clone()),
        };
        if let Ok(raster) = &raster {
            left = left.saturating_sub(u64::from(raster.width()) * u64::from(raster.height()));
        }
        images.insert(reference.key, raster);
    }
    Ok(images)
}

async fn one(
    inner: &Inner,
    transforms: &Arc<dyn Transforms>,
    image: &ImageRef,
    bytes: Option<Bytes>,
    images: &Images,
    left: u64,
    stop: &Stop,
) -> Result<Result<Arc<safelight_codec::Raster>, Failure>, Panicked> {
    let memory_bytes = inner.admission.bytes();
    let prepared = {
        let (transforms, codec, image, images) =
            (transforms.clone(), inner.codec.clone(), image.clone(), images.clone());
        let work = move || picture::prepare(transforms.as_ref(), &codec, memory_bytes, &image, bytes, &images);
        match inner.compute(work).await? {
            Ok(prepared) => prepared,
            Err(failure) => return Ok(Err(failure)),
        }
    };
    // Nothing else is held meanwhile, so that no two wait for each other.
    let memory = match inner.admission.acquire(prepared.memory_bytes).await {
        Ok(memory) => memory,
        Err(failure) => return Ok(Err(failure)),
    };
    let (transforms, codec, stop) = (transforms.clone(), inner.codec.clone(), stop.clone());
    inner
        .compute(move || {
            let _memory = memory;
            picture::render(transforms.as_ref(), &codec, memory_bytes, &prepared, left, &|| stop())
        })
        .await
}

/// The bytes of a picture's source, if it has one.
async fn source(inner: &Inner, account: &str, image: &ImageRef) -> Result<Option<Bytes>, Failure> {
    let ports = &inner.ports;
    let source = match &image.source {
        None => return Ok(None),
        Some(ImageSource::Data(uri)) => return ports.inputs.data(uri).map(Some),
        Some(ImageSource::Url(url)) => Source::Url { url: url.clone() },
        Some(ImageSource::Blob(sha256)) => Source::Blob { sha256: sha256.clone(), asset: None },
        Some(ImageSource::Asset(id)) => {
            let found = ports.store.asset(account, id).await;
            let asset = found
                .map_err(|error| Failure::new(Code::StorageFailed, error.to_string()))?
                .ok_or_else(|| Failure::new(Code::SourceNotFound, format!("there is no asset named '{id}'")))?;
            Source::Blob { sha256: asset.sha256, asset: Some(id.clone()) }
        }
        Some(ImageSource::File(_)) => {
            let message = "a picture is a local file, which a server does not read";
            return Err(Failure::new(Code::InvalidParams, message));
        }
    };
    Ok(Some(ports.inputs.read(&source).await?.bytes))
}
