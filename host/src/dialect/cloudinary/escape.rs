//! Percent-escapes.

use std::fmt::Write;

/// Decodes percent-escapes once. An incomplete escape stays as it is; none when the result is not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    String::from_utf8(decode_bytes(text.as_bytes())).ok()
}

fn decode_bytes(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let escape = match (first, tail) {
            (b'%', [high, low, after @ ..]) => hex_digit(*high).zip(hex_digit(*low)).map(|digits| (digits, after)),
            _ => None,
        };
        match escape {
            Some(((high, low), after)) => {
                decoded.push(high << 4 | low);
                rest = after;
            }
            None => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    decoded
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// Decodes twice, which undoes the double escapes of text layers and leaves single ones undone too.
pub(super) fn decode_twice(text: &str) -> Option<String> {
    String::from_utf8(decode_bytes(&decode_bytes(text.as_bytes()))).ok()
}

/// Escapes every byte for which `stays` is false, in upper case.
pub(super) fn encode(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if stays(byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Whether the SDKs leave this byte of a public id as it is in a delivery URL.
pub(super) fn stays_in_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-/:".contains(&byte)
}

/// Escapes text for use inside a component: only what would end the value, or an escape, or a
/// list of transformations, is escaped.
pub(super) fn encode_value(text: &str, also: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for character in text.chars() {
        let special = character.is_control()
            || character.is_ascii() && (b"%,/|".contains(&(character as u8)) || also.contains(&(character as u8)));
        if special {
            encoded.push_str(&encode(character.encode_utf8(&mut [0; 4]), |_| false));
        } else {
            encoded.push(character);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_once_or_twice() {
        assert_eq!(decode("a%20b%2Fc%2fd").as_deref(), Some("a b/c/d"));
        assert_eq!(decode("100%").as_deref(), Some("100%"));
        assert_eq!(decode("%zz%4").as_deref(), Some("%zz%4"));
        assert_eq!(decode("%E7%81%AB").as_deref(), Some("火"));
        assert_eq!(decode("%ff"), None);
        assert_eq!(decode_twice("a%252Cb%20c").as_deref(), Some("a,b c"));
        assert_eq!(decode_twice("%252520").as_deref(), Some("%20"));
    }

    #[test]
    fn only_what_would_end_a_value_is_escaped() {
        assert_eq!(encode_value("a b*ß%,/|:\n", b":"), "a b*ß%25%2C%2F%7C%3A%0A");
        assert_eq!(encode("a b/ß", stays_in_path), "a%20b/%C3%9F");
    }
}
