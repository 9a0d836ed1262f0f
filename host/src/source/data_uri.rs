//! `data:` URIs (RFC 2397), at submission: their bytes go into the blob store, never into a row.
//!
//! Where we are wider: ASCII white space is skipped in base64, its padding may be missing, and the
//! URL-safe alphabet is read too, because all three are seen in practice. Where we are narrower: a `%`
//! has to begin an escape.

use std::borrow::Cow;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;

use crate::error::{Code, Failure};

/// A read `data:` URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataUri {
    /// The media type with its parameters, as written; `text/plain;charset=US-ASCII` if it is left out.
    pub media_type: String,
    /// The bytes.
    pub bytes: Bytes,
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Reads a `data:` URI of at most `max_bytes` decoded bytes.
///
/// Errors: `invalid_request` says what is wrong and where, `source_limit` that it is too large.
pub fn parse_data_uri(uri: &str, max_bytes: u64) -> Result<DataUri, Failure> {
    let invalid = |problem: String| Failure::new(Code::InvalidRequest, format!("the data URI {problem}"));
    let uri = uri.trim_ascii();
    let rest = match uri.get(..5) {
        Some(scheme) if scheme.eq_ignore_ascii_case("data:") => &uri[5..],
        _ => return Err(invalid("does not begin with \"data:\"".to_owned())),
    };
    let (head, data) =
        rest.split_once(',').ok_or_else(|| invalid("has no comma between media type and data".to_owned()))?;
    let head = head.trim_ascii();
    let (media_type, is_base64) = match head.rsplit_once(';') {
        Some((before, last)) if last.trim_ascii().eq_ignore_ascii_case("base64") => (before.trim_ascii(), true),
        _ => (head, false),
    };
    let media_type = match media_type {
        "" => "text/plain;charset=US-ASCII".to_owned(),
        parameters if parameters.starts_with(';') => format!("text/plain{parameters}"),
        media_type => media_type.to_owned(),
    };
    let too_large =
        || Failure::new(Code::SourceLimit, format!("the data URI is larger than {max_bytes} bytes decoded"));
    // Three escaped characters for each of the four base64 characters of three bytes is the longest
    // way to write a byte; white space is not counted on.
    if data.len() as u64 / 4 > max_bytes.saturating_add(64) {
        return Err(too_large());
    }
    let offset = uri.len() - data.len();
    let plain = unescape(data)
        .map_err(|at| invalid(format!("has a \"%\" at byte {} that is not followed by two hex digits", offset + at)))?;
    let bytes = if is_base64 {
        decode_base64(&plain).map_err(|problem| invalid(format!("is no valid base64: {problem}")))?
    } else {
        plain.into_owned()
    };
    if bytes.len() as u64 > max_bytes {
        return Err(too_large());
    }
    Ok(DataUri { media_type, bytes: bytes.into() })
}

/// Undoes percent escapes; the error is the place of a broken one.
fn unescape(data: &str) -> Result<Cow<'_, [u8]>, usize> {
    let data = data.as_bytes();
    if !data.contains(&b'%') {
        return Ok(Cow::Borrowed(data));
    }
    let mut bytes = Vec::with_capacity(data.len());
    let mut at = 0;
    while at < data.len() {
        if data[at] != b'%' {
            bytes.push(data[at]);
            at += 1;
            continue;
        }
        let mut byte = [0];
        let digits = data.get(at + 1..at + 3).ok_or(at)?;
        hex::decode_to_slice(digits, &mut byte).map_err(|_| at)?;
        bytes.push(byte[0]);
        at += 3;
    }
    Ok(Cow::Owned(bytes))
}

fn decode_base64(text: &[u8]) -> Result<Vec<u8>, String> {
    let is_odd = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'-' | b'_');
    let tidy: Cow<'_, [u8]> = if text.iter().any(is_odd) {
        let standard = |byte: &u8| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        };
        text.iter().filter(|byte| !byte.is_ascii_whitespace()).map(standard).collect::<Vec<u8>>().into()
    } else {
        text.into()
    };
    LENIENT.decode(tidy.as_ref()).map_err(|error| error.to_string().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, media_type: &str, bytes: &[u8]) {
        let read = parse_data_uri(uri, 1000).unwrap_or_else(|failure| panic!("{uri}: {failure}"));
        assert_eq!((read.media_type.as_str(), &read.bytes[..]), (media_type, bytes), "{uri}");
    }

    #[test]
    fn uris_are_read() {
        let plain = "text/plain;charset=US-ASCII";
        check("data:,", plain, b"");
        check("data:,a%20b", plain, b"a b");
        check("data:,a,b;c", plain, b"a,b;c");
        check("data:;base64,", plain, b"");
        check("DATA:image/png;BASE64,AAEC", "image/png", &[0, 1, 2]);
        check("  data:image/png;base64,AAEC\n", "image/png", &[0, 1, 2]);
        check("data:image/png; base64 ,AAEC", "image/png", &[0, 1, 2]);
        check("data:image/png;base64,AA\r\nEC AA", "image/png", &[0, 1, 2, 0]);
        check("data:image/png;base64,AA==", "image/png", &[0]);
        check("data:image/png;base64,AA", "image/png", &[0]);
        check("data:image/png;base64,AA%3D%3D", "image/png", &[0]);
        check("data:image/png;base64,%2B%2f8=", "image/png", &[0xfb, 0xff]);
        check("data:image/png;base64,-_8", "image/png", &[0xfb, 0xff]);
        check("data:text/html;charset=utf-8,%3Cb%3E\u{e9}", "text/html;charset=utf-8", "<b>\u{e9}".as_bytes());
        check("data:;charset=utf-8;base64,AA==", "text/plain;charset=utf-8", &[0]);
        check("data:base64,AA==", "base64", b"AA==");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |uri: &str, code: Code, expected: &str| {
            let failure = parse_data_uri(uri, 4).unwrap_err();
            assert_eq!(failure.code, code, "{uri}: {failure}");
            assert!(failure.message.contains(expected), "{uri}: {failure}");
        };
        for uri in ["", "dat", "http://x/", "data", "\u{e9}\u{e9}\u{e9}"] {
            check(uri, Code::InvalidRequest, "does not begin with \"data:\"");
        }
        check("data:image/png;base64", Code::InvalidRequest, "no comma");
        check("data:,a%2", Code::InvalidRequest, "byte 7");
        check("data:,%zz", Code::InvalidRequest, "byte 6");
        check("data:,%+1", Code::InvalidRequest, "byte 6");
        check("data:;base64,A", Code::InvalidRequest, "base64");
        check("data:;base64,AA*A", Code::InvalidRequest, "base64");
        check("data:;base64,AA==AA", Code::InvalidRequest, "base64");
        check("data:,12345", Code::SourceLimit, "4 bytes");
        check("data:;base64,AAAAAAA=", Code::SourceLimit, "4 bytes");
        check(&format!("data:,{}", "x".repeat(1000)), Code::SourceLimit, "4 bytes");
    }
}
