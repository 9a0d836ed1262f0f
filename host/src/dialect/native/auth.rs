//! Reads keys and secrets from requests and compares them.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The longest `Authorization` header that is looked at, in bytes.
const MAX_HEADER: usize = 1024;

/// What a request says it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The account's key.
    pub key: String,
    /// The account's secret.
    pub secret: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.key)
    }
}

/// Reads `Bearer <key>:<secret>` or `Basic <base64 of key:secret>` (RFC 7617).
///
/// Errors: what is wrong with the header, without quoting it.
pub fn parse(header: &str) -> Result<Credentials, &'static str> {
    const EXPECTED: &str = "expected \"Bearer <key>:<secret>\" or Basic credentials";
    if header.len() > MAX_HEADER {
        return Err("the Authorization header is too long");
    }
    let (scheme, rest) = header.trim().split_once(' ').ok_or(EXPECTED)?;
    let pair = if scheme.eq_ignore_ascii_case("bearer") {
        rest.trim().to_owned()
    } else if scheme.eq_ignore_ascii_case("basic") {
        let bytes = STANDARD.decode(rest.trim()).map_err(|_| "the Basic credentials are not base64")?;
        String::from_utf8(bytes).map_err(|_| "the Basic credentials are not UTF-8")?
    } else {
        return Err(EXPECTED);
    };
    let (key, secret) = pair.split_once(':').ok_or(EXPECTED)?;
    if key.is_empty() || secret.is_empty() {
        return Err(EXPECTED);
    }
    Ok(Credentials { key: key.to_owned(), secret: secret.to_owned() })
}

/// Compares the secret sent with the account's, in a time that tells nothing of either: digests of
/// both are compared, so that not even the length shows. An unknown key is compared as well.
pub fn matches(sent: &Credentials, secret: Option<&str>) -> bool {
    let known = secret.is_some();
    let sent = Sha256::digest(sent.secret.as_bytes());
    let expected = Sha256::digest(secret.unwrap_or_default().as_bytes());
    let equal: bool = sent.as_slice().ct_eq(expected.as_slice()).into();
    equal && known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes_are_read() {
        let expected = Credentials { key: "demo".into(), secret: "s:ecret".into() };
        for header in
            ["Bearer demo:s:ecret", "bearer  demo:s:ecret ", "Basic ZGVtbzpzOmVjcmV0", "BASIC ZGVtbzpzOmVjcmV0"]
        {
            assert_eq!(parse(header).as_ref(), Ok(&expected), "{header}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let long = format!("Bearer demo:{}", "x".repeat(2000));
        for header in [
            "",
            "Bearer",
            "Bearer demo",
            "Bearer :x",
            "Bearer demo:",
            "Basic !!",
            "Basic ZGVtbw==",
            "Digest a:b",
            &long,
        ] {
            assert!(parse(header).is_err(), "{header}");
        }
    }

    #[test]
    fn only_the_right_secret_of_a_known_key_matches() {
        let sent = |secret: &str| Credentials { key: "demo".into(), secret: secret.into() };
        assert!(matches(&sent("right"), Some("right")));
        assert!(!matches(&sent("wrong"), Some("right")));
        assert!(!matches(&sent("right "), Some("right")));
        assert!(!matches(&sent(""), None));
    }
}
