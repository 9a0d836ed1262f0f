//! AWS Signature Version 4, as far as single requests with a known body need it.
//!
//! Source: the AWS documentation, "Authenticating Requests: Using the Authorization Header" and "Using Query
//! Parameters", whose examples are the tests.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use url::Url;

/// Who signs, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'a> {
    /// The access key's id.
    pub access_key: &'a str,
    /// The secret access key.
    pub secret_key: &'a str,
    /// `us-east-1`
    pub region: &'a str,
    /// `s3`, `events`
    pub service: &'a str,
    /// Now.
    pub at: SystemTime,
}

/// Headers of a signed request, in lower case: `x-amz-date`, `x-amz-content-sha256`, `authorization`. All of
/// `headers` (names in lower case) are signed, and `host`.
pub fn sign(
    method: &str,
    url: &Url,
    headers: &[(String, String)],
    body: &[u8],
    by: Signing<'_>,
) -> Vec<(&'static str, String)> {
    let (date, time) = stamps(by.at);
    let digest = hex::encode(Sha256::digest(body));
    let mut added = vec![("x-amz-date", time.clone()), ("x-amz-content-sha256", digest.clone())];
    let mut all = vec![("host".to_owned(), host(url))];
    all.extend(headers.iter().cloned());
    all.extend(added.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    all.sort();
    let names = all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let canonical = canonical(method, url, &query(url), &all, &names, &digest);
    let scope = scope(&date, by);
    let signature = signature(&canonical, &date, &time, &scope, by);
    let value =
        format!("AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}", by.access_key);
    added.push(("authorization", value));
    added
}

/// The same URL with a signature in its query, good for `seconds`: whoever has it may do this one thing.
pub fn presign(method: &str, url: &Url, seconds: u64, by: Signing<'_>) -> Url {
    let (date, time) = stamps(by.at);
    let scope = scope(&date, by);
    let mut pairs = query(url);
    for (name, value) in [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
        ("X-Amz-Credential", format!("{}/{scope}", by.access_key)),
        ("X-Amz-Date", time.clone()),
        ("X-Amz-Expires", seconds.to_string()),
        ("X-Amz-SignedHeaders", "host".to_owned()),
    ] {
        pairs.push((name.to_owned(), escape(&value, false)));
    }
    pairs.sort();
    let headers = [("host".to_owned(), host(url))];
    let canonical = canonical(method, url, &pairs, &headers, "host", "UNSIGNED-PAYLOAD");
    let signature = signature(&canonical, &date, &time, &scope, by);
    pairs.push(("X-Amz-Signature".to_owned(), signature));
    let mut signed = url.clone();
    signed.set_query(Some(&joined(&pairs)));
    signed
}

/// Escapes all but letters, digits and `-._~`, and `/` in paths: the form that is signed.
pub fn escape(text: &str, is_path: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || is_path && byte == b'/' {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Escaped pairs of the query, sorted.
fn query(url: &Url) -> Vec<(String, String)> {
    let mut pairs: Vec<_> =
        url.query_pairs().map(|(name, value)| (escape(&name, false), escape(&value, false))).collect();
    pairs.sort();
    pairs
}

fn joined(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

/// Day and time as they are signed.
fn stamps(at: SystemTime) -> (String, String) {
    let whole = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let text = humantime::format_rfc3339_seconds(UNIX_EPOCH + std::time::Duration::from_secs(whole)).to_string();
    let time: String = text.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    (time[..8].to_owned(), time)
}

fn scope(date: &str, by: Signing<'_>) -> String {
    format!("{date}/{}/{}/aws4_request", by.region, by.service)
}

fn canonical(
    method: &str,
    url: &Url,
    query: &[(String, String)],
    headers: &[(String, String)],
    names: &str,
    digest: &str,
) -> String {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    // The path of a URL is escaped already; S3 does not escape it again.
    format!("{method}\n{}\n{}\n{lines}\n{names}\n{digest}", url.path(), joined(query))
}

fn signature(canonical: &str, date: &str, time: &str, scope: &str, by: Signing<'_>) -> String {
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)));
    let mut key = hmac(format!("AWS4{}", by.secret_key).as_bytes(), date);
    for part in [by.region, by.service, "aws4_request"] {
        key = hmac(&key, part);
    }
    hex::encode(hmac(&key, &text))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(key) {
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
    use std::time::Duration;

    use super::*;

    /// Credentials and time of the documentation's examples.
    fn by() -> Signing<'static> {
        Signing {
            access_key: "AKIAIOSFODNN7EXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "s3",
            // 2013-05-24T00:00:00Z
            at: UNIX_EPOCH + Duration::from_secs(1_369_353_600),
        }
    }

    fn signature_of<'a>(headers: &'a [(&'static str, String)]) -> &'a str {
        headers.last().unwrap().1.rsplit_once("Signature=").unwrap().1
    }

    #[test]
    fn requests_are_signed_as_in_the_documentation() {
        let url: Url = "https://examplebucket.s3.amazonaws.com/test%24file.text".parse().unwrap();
        let headers = [
            ("date".to_owned(), "Fri, 24 May 2013 00:00:00 GMT".to_owned()),
            ("x-amz-storage-class".to_owned(), "REDUCED_REDUNDANCY".to_owned()),
        ];
        let signed = sign("PUT", &url, &headers, b"Welcome to Amazon S3.", by());
        assert_eq!(signature_of(&signed), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
        let url: Url = "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J".parse().unwrap();
        let signed = sign("GET", &url, &[], b"", by());
        assert_eq!(signature_of(&signed), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    }

    #[test]
    fn urls_are_signed_as_in_the_documentation() {
        let url: Url = "https://examplebucket.s3.amazonaws.com/test.txt".parse().unwrap();
        let signed = presign("GET", &url, 86400, by());
        let expected = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert!(signed.as_str().ends_with(&format!("&X-Amz-Signature={expected}")), "{signed}");
    }
}
