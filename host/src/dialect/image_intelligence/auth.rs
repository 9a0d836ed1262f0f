//! Tokens: an account's key and an end, signed with the account's secret. Nothing is kept; a new secret ends them all.

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::clock::micros;
pub use crate::dialect::native::auth::{Credentials, matches};

/// What a token allows: everything there is.
pub const SCOPE: &str = "detect:create detect:read match:create match:read ask:create ask:read feedback:create";

/// A token that is to be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The account's key.
    pub key: String,
    signed: String,
    expires_ms: u64,
    signature: Vec<u8>,
}

/// Milliseconds since the epoch.
pub fn millis(at: SystemTime) -> u64 {
    micros(at) / 1000
}

/// Makes a token and says when it ends, in milliseconds since the epoch.
pub fn issue(key: &str, secret: &str, now: SystemTime, lifetime: Duration) -> (String, u64) {
    let expires = millis(now + lifetime);
    let signed = URL_SAFE_NO_PAD.encode(format!("{expires}:{key}"));
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature(secret, &signed)));
    (token, expires)
}

/// Reads `Bearer <token>`.
///
/// Errors: what is wrong with the header, without quoting it.
pub fn parse(header: &str) -> Result<Token, &'static str> {
    const EXPECTED: &str = "expected \"Bearer <token>\" with a token of POST /oauth/token";
    let (scheme, token) = header.trim().split_once(' ').ok_or(EXPECTED)?;
    let (signed, signature) =
        token.trim().split_once('.').filter(|_| scheme.eq_ignore_ascii_case("bearer")).ok_or(EXPECTED)?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| EXPECTED);
    let text = String::from_utf8(decode(signed)?).map_err(|_| EXPECTED)?;
    let (expires, key) = text.split_once(':').ok_or(EXPECTED)?;
    Ok(Token {
        key: key.to_owned(),
        signed: signed.to_owned(),
        expires_ms: expires.parse().map_err(|_| EXPECTED)?,
        signature: decode(signature)?,
    })
}

impl Token {
    /// Whether it is this account's and still good.
    pub fn is_good(&self, secret: Option<&str>, now: SystemTime) -> bool {
        let expected = signature(secret.unwrap_or_default(), &self.signed);
        let equal: bool = subtle::ConstantTimeEq::ct_eq(expected.as_slice(), self.signature.as_slice()).into();
        equal && secret.is_some() && millis(now) < self.expires_ms
    }
}

fn signature(secret: &str, text: &str) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        // A key of any length is taken.
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_account_until_it_ends() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let (token, expires) = issue("demo", "right", now, Duration::from_secs(60));
        assert_eq!(expires, 1_060_000);
        let token = parse(&format!("Bearer {token}")).unwrap();
        assert_eq!(token.key, "demo");
        assert!(token.is_good(Some("right"), now));
        assert!(!token.is_good(Some("right"), now + Duration::from_secs(60)));
        assert!(!token.is_good(Some("wrong"), now) && !token.is_good(None, now));
        let forged = Token { expires_ms: u64::MAX, signed: URL_SAFE_NO_PAD.encode("9999999:demo"), ..token };
        assert!(!forged.is_good(Some("right"), now));
        for header in ["", "Bearer", "Bearer demo:right", "Basic a.b", "Bearer a.b", "Bearer MTpk.!"] {
            assert!(parse(header).is_err(), "{header}");
        }
    }
}
