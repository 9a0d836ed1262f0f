//! Access tokens: `__cld_token__=...`, as a cookie or a query value.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::equal;
use crate::dialect::cloudinary::escape;

/// The name of the cookie or query value.
const NAME: &str = "__cld_token__";

/// What a token grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenParts {
    /// The only address of a client that may use it.
    pub ip: Option<String>,
    /// Valid from, in Unix seconds.
    pub start: Option<u64>,
    /// Valid up to, in Unix seconds.
    pub expires: u64,
    /// Path patterns; `*` stands for any text. Without any the token is for one path only.
    pub acl: Vec<String>,
}

impl TokenParts {
    /// The parts before the `hmac`, joined with tildes.
    fn text(&self) -> String {
        let mut parts = Vec::new();
        if let Some(ip) = &self.ip {
            parts.push(format!("ip={ip}"));
        }
        if let Some(start) = self.start {
            parts.push(format!("st={start}"));
        }
        parts.push(format!("exp={}", self.expires));
        if !self.acl.is_empty() {
            let acl: Vec<String> = self.acl.iter().map(|pattern| escaped(pattern)).collect();
            parts.push(format!("acl={}", acl.join("!")));
        }
        parts.join("~")
    }

    /// The whole token, `__cld_token__=...`. `url` is signed when there is no pattern.
    ///
    /// # Errors
    /// [`TokenError::Key`] when the key is not hex.
    pub fn sign(&self, key: &str, url: &str) -> Result<String, TokenError> {
        let text = self.text();
        let hmac = self.hmac(&text, key, url)?;
        Ok(format!("{NAME}={text}~hmac={hmac}"))
    }

    fn hmac(&self, text: &str, key: &str, url: &str) -> Result<String, TokenError> {
        let key = hex::decode(key).map_err(|_| TokenError::Key)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| TokenError::Key)?;
        mac.update(text.as_bytes());
        if self.acl.is_empty() {
            mac.update(format!("~url={}", escaped(url)).as_bytes());
        }
        Ok(hex::encode(mac.finalize().into_bytes()))
    }
}

/// A token as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it claims to grant.
    pub parts: TokenParts,
    /// The text before `~hmac=`, as received.
    text: String,
    hmac: String,
}

impl Token {
    /// Reads a token, with or without `__cld_token__=` in front.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] for an unknown or repeated part, a bad number, or none of `exp` and `hmac`.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let text = text.strip_prefix(NAME).and_then(|rest| rest.strip_prefix('=')).unwrap_or(text);
        let (signed, hmac) = text.rsplit_once("~hmac=").ok_or(TokenError::Malformed)?;
        let mut parts = TokenParts::default();
        let mut seen: Vec<&str> = Vec::new();
        for part in signed.split('~') {
            let (name, value) = part.split_once('=').ok_or(TokenError::Malformed)?;
            if seen.contains(&name) {
                return Err(TokenError::Malformed);
            }
            seen.push(name);
            let seconds = || value.parse().map_err(|_| TokenError::Malformed);
            match name {
                "ip" => parts.ip = Some(value.to_owned()),
                "st" => parts.start = Some(seconds()?),
                "exp" => parts.expires = seconds()?,
                "acl" => {
                    let pattern = |text| escape::decode(text).ok_or(TokenError::Malformed);
                    parts.acl = value.split('!').map(pattern).collect::<Result<_, _>>()?;
                }
                _ => return Err(TokenError::Malformed),
            }
        }
        if !seen.contains(&"exp") {
            return Err(TokenError::Malformed);
        }
        Ok(Self { parts, text: signed.to_owned(), hmac: hmac.to_owned() })
    }
}

/// Why a token grants nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token.
    #[error("malformed token")]
    Malformed,
    /// The account's key is not hex.
    #[error("the token key is not hex")]
    Key,
    /// Forged.
    #[error("token signature does not fit")]
    Signature,
    /// Not valid at this time.
    #[error("token is not valid at this time")]
    Time,
    /// Not for this client or path.
    #[error("deny or ACL failure")]
    Denied,
}

/// Checks a token for a path (as in the request line, without query), a client and a time in Unix seconds.
///
/// # Errors
/// Forged tokens before all else, so that nothing is told about what they claim.
pub fn verify_token(token: &Token, key: &str, path: &str, client: &str, now: u64) -> Result<(), TokenError> {
    if !equal(&token.parts.hmac(&token.text, key, path)?, &token.hmac) {
        return Err(TokenError::Signature);
    }
    let parts = &token.parts;
    if now >= parts.expires || parts.start.is_some_and(|start| now < start) {
        return Err(TokenError::Time);
    }
    if parts.ip.as_deref().is_some_and(|ip| ip != client) {
        return Err(TokenError::Denied);
    }
    let allowed = parts.acl.is_empty() || parts.acl.iter().any(|pattern| matches(pattern, path));
    if allowed { Ok(()) } else { Err(TokenError::Denied) }
}

/// The escapes of tokens: lower-case hex for the characters that the SDKs name.
fn escaped(text: &str) -> String {
    let special = |byte: u8| b" \"#%&'/:;<=>?@[\\]^`{|}~".contains(&byte);
    let mut escaped = String::new();
    for character in text.chars() {
        if character.is_ascii() && special(character as u8) {
            escaped.push_str(&format!("%{:02x}", character as u8));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Whether a path fits a pattern in which `*` stands for any text. Takes a time bounded by the
/// product of the lengths: after a mismatch only the last star is widened.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.as_bytes(), path.as_bytes());
    let (mut at, mut pos) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while pos < path.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, pos));
            at += 1;
        } else if pattern.get(at) == Some(&path[pos]) {
            (at, pos) = (at + 1, pos + 1);
        } else if let Some((from, taken)) = star {
            star = Some((from, taken + 1));
            (at, pos) = (from + 1, taken + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}
