//! Pictures that parameters of steps name: read and decoded before the steps are planned.

use std::sync::Arc;

use bytes::Bytes;

use super::{CodecConfig, Panicked, Ports, make::decode_image};
use crate::{
    error::{Code, Failure},
    job::Output,
    pipeline::{Images, Transforms, all_image_references, image_key},
    source::Source,
};

/// What a reference to a picture in a step's parameters means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// `{"url": "https://..."}`
    Url(String),
    /// `{"asset": "public id"}`
    Asset(String),
    /// `{"data": "data:image/png;base64,..."}`
    Data(String),
}

impl ImageSource {
    /// Reads a reference.
    ///
    /// Errors: `invalid_params` for anything but an object with exactly one of the three keys.
    pub fn parse(reference: &serde_json::Value) -> Result<ImageSource, Failure> {
        let entry = reference.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next());
        match entry.map(|(key, value)| (key.as_str(), value.as_str())) {
            Some(("url", Some(url))) => Ok(ImageSource::Url(url.to_owned())),
            Some(("asset", Some(id))) => Ok(ImageSource::Asset(id.to_owned())),
            Some(("data", Some(uri))) => Ok(ImageSource::Data(uri.to_owned())),
            _ => {
                let mut shown = reference.to_string();
                if shown.len() > 100 {
                    shown = shown.chars().take(100).chain("...".chars()).collect();
                }
                let expected = r#"{"url": ...}, {"asset": ...} or {"data": ...}"#;
                Err(Failure::new(Code::InvalidParams, format!("a picture is {shown}, expected {expected}")))
            }
        }
    }
}

/// Reads and decodes every picture that the outputs' steps name, each once. One that cannot be had is
/// a failure in the result.
///
/// All of them together are under the limit of pixels of one animation.
pub(super) async fn load(
    ports: &Ports,
    codec: &CodecConfig,
    memory_bytes: u64,
    account: &str,
    transforms: &Arc<dyn Transforms>,
    outputs: &[Output],
) -> Result<Images, Panicked> {
    let mut images = Images::new();
    let mut pixels = 0u64;
    for reference in all_image_references(transforms.as_ref(), outputs) {
        let raster = match read(ports, account, &reference).await {
            Ok(bytes) => {
                let (codec, transforms) = (codec.clone(), transforms.clone());
                let left = codec.max_total_pixels.saturating_sub(pixels);
                super::blocking(move || decode_image(transforms.codecs(), &codec, memory_bytes, &bytes, left)).await?
            }
            Err(failure) => Err(failure),
        };
        if let Ok(raster) = &raster {
            pixels += u64::from(raster.width()) * u64::from(raster.height());
        }
        images.insert(image_key(&reference), raster.map(Arc::new));
    }
    Ok(images)
}

async fn read(ports: &Ports, account: &str, reference: &serde_json::Value) -> Result<Bytes, Failure> {
    match ImageSource::parse(reference)? {
        ImageSource::Url(url) => Ok(ports.inputs.read(&Source::Url { url }).await?.bytes),
        ImageSource::Data(uri) => ports.inputs.data(&uri),
        ImageSource::Asset(id) => {
            let found = ports.store.asset(account, &id).await;
            let asset = found
                .map_err(|error| Failure::new(Code::StorageFailed, error.to_string()))?
                .ok_or_else(|| Failure::new(Code::SourceNotFound, format!("there is no asset named '{id}'")))?;
            let source = Source::Blob { sha256: asset.sha256, asset: Some(id) };
            Ok(ports.inputs.read(&source).await?.bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_an_object_with_one_known_key() {
        let parse = |text: &str| ImageSource::parse(&serde_json::from_str(text).unwrap());
        assert_eq!(parse(r#"{"url": "http://a/"}"#), Ok(ImageSource::Url("http://a/".into())));
        assert_eq!(parse(r#"{"asset": "logo"}"#), Ok(ImageSource::Asset("logo".into())));
        assert_eq!(parse(r#"{"data": "data:,"}"#), Ok(ImageSource::Data("data:,".into())));
        for wrong in [r#""http://a/""#, r#"{"file": "/etc/passwd"}"#, r#"{"url": 3}"#, r#"{"url": "a", "asset": "b"}"#]
        {
            let failure = parse(wrong).unwrap_err();
            assert_eq!(failure.code, Code::InvalidParams);
            assert!(failure.message.contains("expected"), "{failure}");
        }
    }
}
