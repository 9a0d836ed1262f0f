//! Pictures that parameters name: from bytes to pixels, and through their own steps. Everything here blocks.

use std::sync::Arc;

use bytes::Bytes;
use safelight_codec::Raster;
use sha2::{Digest, Sha256};

use super::{
    CodecConfig,
    make::{self, Material, Prepared},
};
use crate::{
    error::{Code, Failure},
    job::{Encoding, Group, ImageRef, Output},
    pipeline::{Images, Size, Transforms},
};

/// Looks at a picture and plans its steps. `bytes` are those of its source, if it has one; `images` the
/// pictures that its steps name.
///
/// Errors: those of the source; what is wrong with a step comes with [`render`].
pub(super) fn prepare(
    transforms: &dyn Transforms,
    codec: &CodecConfig,
    memory_bytes: u64,
    image: &ImageRef,
    bytes: Option<Bytes>,
    images: &Images,
) -> Result<Prepared, Failure> {
    let made_of_nothing = bytes.is_none();
    let material = match bytes {
        Some(bytes) => {
            let sha256 = hex::encode(Sha256::digest(&bytes));
            Material::Encoded { bytes, sha256, rendering: image.rendering.clone() }
        }
        // Never seen: the first step makes a picture.
        None => Material::Canvas { size: Size { width: 1, height: 1 }, color: [0; 4] },
    };
    let outputs = [Output {
        id: "picture".to_owned(),
        group: Group::Main,
        steps: image.steps.clone(),
        encoding: Encoding { format: Some("bmp".to_owned()), ..Encoding::default() },
        destination: None,
    }];
    let prepared = make::prepare(transforms, codec, memory_bytes, material, &outputs, images)?;
    if made_of_nothing && prepared.looks_at_source() {
        let message = "a picture has no source, and its first step makes none: expected one such as text_image";
        return Err(Failure::new(Code::InvalidParams, message));
    }
    Ok(prepared)
}

/// Makes a picture that was prepared: its first frame, which may have at most `max_pixels`.
pub(super) fn render(
    transforms: &dyn Transforms,
    codec: &CodecConfig,
    memory_bytes: u64,
    prepared: &Prepared,
    max_pixels: u64,
    stop: &dyn Fn() -> bool,
) -> Result<Arc<Raster>, Failure> {
    let mut made = None;
    let walked = make::walk(transforms, codec, memory_bytes, prepared, stop, &mut |_, leaf| made = Some(leaf))?;
    let leaf = match (walked, made) {
        (Ok(()), Some(leaf)) => leaf.map_err(|error| Failure::new(error.code, error.message))?,
        _ => return Err(Failure::new(Code::Cancelled, "the work was stopped")),
    };
    let frames = match Arc::try_unwrap(leaf.picture) {
        Ok(picture) => picture.frames,
        Err(shared) => shared.frames.clone(),
    };
    let first = frames.into_iter().next();
    let raster = first.ok_or_else(|| Failure::new(Code::CorruptImage, "the picture has no frame"))?.raster;
    if u64::from(raster.width()) * u64::from(raster.height()) > max_pixels {
        let most = codec.max_total_pixels;
        let message = format!("the pictures that steps name are over the limit of {most} px together");
        return Err(Failure::new(Code::ImageLimit, message));
    }
    Ok(Arc::new(raster))
}
