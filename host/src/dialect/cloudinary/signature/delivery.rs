//! Signed delivery addresses: `s--XXXXXXXX--`.

use base64::{Engine, engine::general_purpose::URL_SAFE};

use super::{Algorithm, equal};
use crate::dialect::cloudinary::escape;

/// Characters of a short signature.
const SHORT: usize = 8;
/// Characters of a long one, which is always SHA-256.
const LONG: usize = 32;

/// The text that a delivery address signs: the transformation, a slash and the public id with
/// extension, all as they stand in the address; the id alone when nothing is transformed.
/// Runs of slashes inside the transformation count as one.
pub fn delivery_text(transformation: &str, public_id: &str) -> String {
    let components: Vec<&str> = transformation.split('/').filter(|component| !component.is_empty()).collect();
    if components.is_empty() { public_id.to_owned() } else { format!("{}/{public_id}", components.join("/")) }
}

/// The characters between `s--` and `--`. A long signature has 32 characters and is always SHA-256.
pub fn delivery_signature(text: &str, secret: &str, algorithm: Algorithm, long: bool) -> String {
    let (algorithm, length) = if long { (Algorithm::Sha256, LONG) } else { (algorithm, SHORT) };
    let mut signature = URL_SAFE.encode(algorithm.digest(text.as_bytes(), secret));
    signature.truncate(length);
    signature
}

/// Whether a signature fits an address, in a time that does not depend on where they differ.
///
/// `transformation` and `public_id` are taken as they stand in the address; the escaped form of
/// the decoded id is tried too, as clients and proxies differ in what they escape.
pub fn verify_delivery(given: &str, transformation: &str, public_id: &str, secret: &str, algorithm: Algorithm) -> bool {
    let fits = |id: &str| {
        let text = delivery_text(transformation, id);
        equal(&delivery_signature(&text, secret, algorithm, given.len() == LONG), given)
    };
    let escaped = escape::decode(public_id).map(|id| escape::encode(&id, escape::stays_in_path));
    fits(public_id) | escaped.is_some_and(|id| fits(&id))
}
