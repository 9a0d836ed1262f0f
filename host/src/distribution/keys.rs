//! Keys as PEM, and signatures: ECDSA on P-256 with SHA-256, as ASN.1 DER.
//!
//! These are the keys and signatures of `cosign generate-key-pair` (the public half), `cosign sign-blob --key`,
//! `openssl genpkey`, `openssl ecparam -genkey` and `openssl dgst -sha256 -sign`.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey},
};

/// What stands before the point in a SubjectPublicKeyInfo of P-256: RFC 5480.
const SPKI_PREFIX: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\
    \x03\x42\x00";
/// An uncompressed point of P-256: 4, x and y.
const POINT_BYTES: usize = 65;
/// Version 0 and the algorithm of a PrivateKeyInfo (RFC 5208) for P-256.
const PKCS8_ALGORITHM: &[u8] =
    b"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// The characters of a line of PEM.
const PEM_LINE: usize = 64;

/// A key that checks signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    point: Vec<u8>,
}

/// A key that makes signatures.
pub struct SigningKey {
    pair: EcdsaKeyPair,
}

/// Shows nothing of the key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex::encode(&self.point))
    }
}

impl PublicKey {
    /// Reads `PUBLIC KEY`.
    pub fn from_pem(text: &str) -> Result<PublicKey, String> {
        let blocks = blocks(text)?;
        let Some((_, der)) = blocks.iter().find(|(label, _)| label == "PUBLIC KEY") else {
            return Err(format!("expected a block PUBLIC KEY in PEM{}", found(&blocks)));
        };
        let point = der
            .strip_prefix(SPKI_PREFIX)
            .filter(|point| point.len() == POINT_BYTES && point[0] == 4)
            .ok_or("the key is of another kind, expected ECDSA on the curve P-256 (prime256v1), uncompressed")?;
        Ok(PublicKey { point: point.to_vec() })
    }

    /// The same as PEM.
    pub fn to_pem(&self) -> String {
        pem("PUBLIC KEY", &[SPKI_PREFIX, &self.point].concat())
    }

    /// Whether this key's other half made `signature` over `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.point).verify(message, signature).is_ok()
    }
}

impl SigningKey {
    /// Makes a key; the second value is its PEM, for a file that nobody else can read.
    pub fn generate() -> Result<(SigningKey, String), String> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
            .map_err(|_| "the system gives no random bytes".to_owned())?;
        Ok((SigningKey::from_pkcs8(document.as_ref())?, pem("PRIVATE KEY", document.as_ref())))
    }

    /// Reads `PRIVATE KEY` (PKCS#8) or `EC PRIVATE KEY` (SEC 1).
    pub fn from_pem(text: &str) -> Result<SigningKey, String> {
        let blocks = blocks(text)?;
        for (label, der) in &blocks {
            match label.as_str() {
                "PRIVATE KEY" => return SigningKey::from_pkcs8(der),
                "EC PRIVATE KEY" => return SigningKey::from_pkcs8(&pkcs8_of(der)),
                label if label.starts_with("ENCRYPTED ") => {
                    return Err(format!(
                        "{label}: encrypted keys are not read; `safelight plugin keygen`, or `openssl genpkey -algorithm EC \
                         -pkeyopt ec_paramgen_curve:P-256`, makes one that is (`cosign import-key-pair` takes it too)"
                    ));
                }
                _ => {}
            }
        }
        Err(format!("expected a block PRIVATE KEY or EC PRIVATE KEY in PEM{}", found(&blocks)))
    }

    fn from_pkcs8(der: &[u8]) -> Result<SigningKey, String> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der, &SystemRandom::new());
        pair.map(|pair| SigningKey { pair })
            .map_err(|error| format!("expected an ECDSA key on the curve P-256 (prime256v1): {error}"))
    }

    /// The half that everybody may have.
    pub fn public(&self) -> PublicKey {
        PublicKey { point: self.pair.public_key().as_ref().to_vec() }
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        Ok(signature.map_err(|_| "the system gives no random bytes".to_owned())?.as_ref().to_vec())
    }
}

/// Puts a key of SEC 1 into the frame of PKCS#8.
fn pkcs8_of(sec1: &[u8]) -> Vec<u8> {
    let octets = der(0x04, &[sec1]);
    der(0x30, &[PKCS8_ALGORITHM, &octets])
}

/// A value of DER whose content is shorter than 64 kB.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [high, low] = (content.len() as u16).to_be_bytes();
    let head = match content.len() {
        0..=127 => vec![tag, low],
        128..=255 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head, content].concat()
}

/// The blocks of a text: labels and contents. What stands around them is comment: RFC 7468.
fn blocks(text: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in text.lines().map(str::trim) {
        let marker = |begin: &str| line.strip_prefix(begin)?.strip_suffix("-----");
        if let Some(label) = marker("-----BEGIN ") {
            open = Some((label, String::new()));
        } else if let Some(label) = marker("-----END ") {
            let (begun, body) = open.take().filter(|(begun, _)| *begun == label).ok_or("the PEM is damaged")?;
            let content = STANDARD.decode(body).map_err(|error| format!("{begun}: the PEM is damaged: {error}"))?;
            blocks.push((begun.to_owned(), content));
        } else if let Some((label, body)) = &mut open {
            if line.contains(':') {
                // RFC 1421, as old tools still write them.
                return Err(format!("{label}: the key has headers, and so is encrypted; encrypted keys are not read"));
            }
            body.push_str(line);
        }
    }
    match open {
        Some((label, _)) => Err(format!("{label}: the PEM has no end")),
        None => Ok(blocks),
    }
}

/// What there is in place of what was expected, as the end of a sentence.
fn found(blocks: &[(String, Vec<u8>)]) -> String {
    match blocks.first() {
        Some((label, _)) => format!(", found {label}"),
        None => String::new(),
    }
}

fn pem(label: &str, content: &[u8]) -> String {
    let body = STANDARD.encode(content);
    let lines: Vec<&str> =
        (0..body.len()).step_by(PEM_LINE).map(|at| &body[at..body.len().min(at + PEM_LINE)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `openssl ecparam -name prime256v1 -genkey`.
    const SEC1: &str = include_str!("testdata/sec1.pem");
    /// The same key, by `openssl pkcs8 -topk8 -nocrypt`.
    const PKCS8: &str = include_str!("testdata/pkcs8.pem");
    /// Its public half, by `openssl ec -pubout`.
    const PUBLIC: &str = include_str!("testdata/public.pem");
    /// Of "hello", by `openssl dgst -sha256 -sign`.
    const SIGNATURE: &str =
        "MEYCIQDFf5FYMscgvEdP9Ytcj396T2KVoPScLunpfW+0SCRN6gIhAKWzzlZGcsHXyHwg7y5ipdyrT2OYnsEYlgbCt4aq/VnF";
    /// By `openssl ecparam -name secp384r1 -genkey` and `openssl ec -pubout`.
    const P384: &str = include_str!("testdata/p384.pem");
    const P384_PUBLIC: &str = include_str!("testdata/p384.pub.pem");

    #[test]
    fn keys_of_openssl_are_read() {
        let public = PublicKey::from_pem(PUBLIC).unwrap();
        for text in [SEC1, PKCS8] {
            let key = SigningKey::from_pem(text).unwrap();
            assert_eq!(key.public(), public);
            assert!(public.verifies(b"message", &key.sign(b"message").unwrap()));
        }
        assert_eq!(public.to_pem(), PUBLIC);
    }

    #[test]
    fn a_signature_of_openssl_is_checked() {
        let public = PublicKey::from_pem(PUBLIC).unwrap();
        let signature = STANDARD.decode(SIGNATURE).unwrap();
        assert!(public.verifies(b"hello", &signature));
        assert!(!public.verifies(b"Hello", &signature));
        for at in 0..signature.len() {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            assert!(!public.verifies(b"hello", &changed), "byte {at}");
        }
        let other = SigningKey::generate().unwrap().0.public();
        assert!(!other.verifies(b"hello", &signature));
        assert!(!public.verifies(b"hello", b""));
    }

    #[test]
    fn a_generated_key_is_read_again() {
        let (key, text) = SigningKey::generate().unwrap();
        assert_eq!(SigningKey::from_pem(&text).unwrap().public(), key.public());
        assert_eq!(PublicKey::from_pem(&key.public().to_pem()).unwrap(), key.public());
    }

    #[test]
    fn what_is_wrong_with_a_key_is_named() {
        let encrypted =
            "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJrZGYi\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";
        let cut = &PKCS8[..PKCS8.len() / 2];
        for (text, expected) in [
            ("", "expected a block PRIVATE KEY or EC PRIVATE KEY"),
            (encrypted, "encrypted keys are not read"),
            ("-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", "encrypted keys are not read"),
            (PUBLIC, "found PUBLIC KEY"),
            (P384, "P-256"),
            (cut, "no end"),
            ("-----BEGIN PRIVATE KEY-----\n%%%%\n-----END PRIVATE KEY-----", "damaged"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "P-256"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PUBLIC KEY-----", "damaged"),
        ] {
            let error = SigningKey::from_pem(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        for (text, expected) in
            [("nothing", "expected a block PUBLIC KEY"), (PKCS8, "found PRIVATE KEY"), (P384_PUBLIC, "P-256")]
        {
            let error = PublicKey::from_pem(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
