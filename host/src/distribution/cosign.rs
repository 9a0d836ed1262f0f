//! Signatures beside a manifest, as cosign keeps them: the manifest `sha256-HEX.sig` in the same repository, with a
//! layer for each signature. <https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md>
//!
//! Certificates and transparency logs are not looked at: a signature counts by its key.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{
    Digest, Image, PublicKey, SigningKey,
    manifest::{Descriptor, Manifest},
    registry::Repository,
    trust::Signed,
};
use crate::error::{Code, Failure};

const PAYLOAD_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CLAIM_TYPE: &str = "cosign container image signature";
/// The largest payload that is read: usual ones have some 250 bytes.
const MAX_PAYLOAD_BYTES: u64 = 64 << 10;
/// How many signatures of one manifest are looked at.
const MAX_SIGNATURES: usize = 32;

/// The tag of the signatures of a manifest.
fn tag(manifest: &Digest) -> String {
    format!("sha256-{}.sig", manifest.hex())
}

/// What a signature of an image is made over.
fn payload(image: &Image, manifest: &Digest) -> Vec<u8> {
    let value = json!({
        "critical": {
            "identity": {"docker-reference": format!("{}/{}", image.registry, image.repository)},
            "image": {"docker-manifest-digest": manifest},
            "type": CLAIM_TYPE,
        },
        "optional": null,
    });
    value.to_string().into_bytes()
}

/// Whether a signed payload speaks of this manifest.
pub(super) fn check(payload: &[u8], manifest: &Digest) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Payload {
        critical: Critical,
    }
    #[derive(Deserialize)]
    struct Critical {
        image: Pointed,
        r#type: String,
    }
    #[derive(Deserialize)]
    struct Pointed {
        #[serde(rename = "docker-manifest-digest")]
        digest: String,
    }
    let payload: Payload = serde_json::from_slice(payload).map_err(|error| format!("it cannot be read: {error}"))?;
    let Critical { image, r#type } = payload.critical;
    if r#type != CLAIM_TYPE {
        return Err(format!("it is a {:?}, expected a {CLAIM_TYPE:?}", r#type));
    }
    if image.digest != manifest.to_string() {
        return Err(format!("it is of the manifest {}, and this one is {manifest}", image.digest));
    }
    Ok(())
}

/// The layers of the manifest of signatures; none if there is no such manifest.
async fn layers(repository: &mut Repository<'_>, manifest: &Digest) -> Result<Vec<Descriptor>, Failure> {
    let Some((_, bytes)) = repository.manifest(&tag(manifest)).await? else { return Ok(Vec::new()) };
    let signatures = Manifest::parse(&bytes)
        .map_err(|problem| repository.untrusted(format!("the manifest of its signatures {problem}")))?;
    Ok(signatures.layers)
}

/// The signatures of a manifest.
pub(super) async fn signatures(repository: &mut Repository<'_>, manifest: &Digest) -> Result<Vec<Signed>, Failure> {
    let mut found = Vec::new();
    for layer in layers(repository, manifest).await?.iter().filter(|layer| layer.media_type == PAYLOAD_TYPE) {
        if found.len() == MAX_SIGNATURES {
            break;
        }
        let message = repository.blob(layer, MAX_PAYLOAD_BYTES).await?;
        found.push(Signed { message, signature: signature(layer) });
    }
    Ok(found)
}

/// The signature of a layer; one that cannot be read is one that nobody made.
fn signature(layer: &Descriptor) -> Vec<u8> {
    let text = layer.annotations.get(SIGNATURE).map(String::as_str).unwrap_or_default();
    STANDARD.decode(text).unwrap_or_default()
}

/// Adds a signature to those of a manifest, unless this key has signed it before.
pub(super) async fn sign(
    repository: &mut Repository<'_>,
    image: &Image,
    manifest: &Digest,
    key: &SigningKey,
) -> Result<(), Failure> {
    let message = payload(image, manifest);
    let mut layers = layers(repository, manifest).await?;
    if is_signed(&layers, &message, &key.public()) {
        return Ok(());
    }
    let mut layer = Descriptor::of(PAYLOAD_TYPE, &message);
    let signature = key.sign(&message).map_err(|problem| repository.of(Code::Internal, problem))?;
    layer.annotations.insert(SIGNATURE.to_owned(), STANDARD.encode(signature));
    layers.push(layer);
    let digests: Vec<&Digest> = layers.iter().map(|layer| &layer.digest).collect();
    // The least that is the configuration of an image, which tools take it for.
    let config = json!({
        "architecture": "",
        "os": "",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": digests},
    });
    let config = config.to_string().into_bytes();
    let signatures = Manifest::new(Descriptor::of(CONFIG_TYPE, &config), layers);
    repository.put_blob(Bytes::from(message)).await?;
    repository.put_blob(Bytes::from(config)).await?;
    repository.put_manifest(&tag(manifest), Bytes::from(signatures.to_bytes())).await?;
    Ok(())
}

fn is_signed(layers: &[Descriptor], message: &[u8], key: &PublicKey) -> bool {
    let digest = Digest::of(message);
    layers.iter().any(|layer| layer.digest == digest && key.verifies(message, &signature(layer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_speaks_of_one_manifest() {
        let image = Image { registry: "a.example".into(), repository: "acme/sepia".into(), tag: None, digest: None };
        let (this, other) = (Digest::of(b"this"), Digest::of(b"other"));
        let payload = payload(&image, &this);
        assert!(String::from_utf8_lossy(&payload).contains(r#""docker-reference":"a.example/acme/sepia""#));
        check(&payload, &this).unwrap();
        assert!(check(&payload, &other).unwrap_err().contains(&format!("of the manifest {this}")));
        let attested = String::from_utf8(payload).unwrap().replace(CLAIM_TYPE, "something else");
        assert!(check(attested.as_bytes(), &this).unwrap_err().contains("something else"));
        assert!(check(b"{}", &this).unwrap_err().contains("critical"));
    }

    #[test]
    fn a_payload_of_cosign_is_read() {
        // As `cosign generate registry.example/acme/sepia@sha256:...` prints it.
        let digest = Digest::of(b"this");
        let payload = format!(
            r#"{{"critical":{{"identity":{{"docker-reference":"registry.example/acme/sepia"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":{{"creator":"acme"}}}}"#
        );
        check(payload.as_bytes(), &digest).unwrap();
    }
}
