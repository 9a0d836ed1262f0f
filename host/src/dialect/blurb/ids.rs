//! Ids as Blurb writes them: `batch_` or `render_` and letters and digits, which are a UUID in base 62.
//!
//! A render's UUID is random (version 4): whoever knows the id may have the picture, `/render/{id}`.

use uuid::Uuid;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Digits of 128 bits.
const LENGTH: usize = 22;

/// The id of a batch.
pub fn batch_id(id: Uuid) -> String {
    format!("batch_{}", text(id))
}

/// The id of a render, which is a job.
pub fn render_id(id: Uuid) -> String {
    format!("render_{}", text(id))
}

/// The batch of this id; none for what cannot be one.
pub fn parse_batch(text: &str) -> Option<Uuid> {
    parse(text.strip_prefix("batch_")?)
}

/// The render of this id; none for what cannot be one.
pub fn parse_render(text: &str) -> Option<Uuid> {
    parse(text.strip_prefix("render_")?)
}

/// The part behind the prefix, and of a render the token of its result: 22 digits, the highest first.
pub fn text(id: Uuid) -> String {
    let mut rest = id.as_u128();
    let mut digits = [0; LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

fn parse(text: &str) -> Option<Uuid> {
    if text.len() != LENGTH {
        return None;
    }
    let value = text.bytes().try_fold(0u128, |value, byte| {
        let digit = DIGITS.iter().position(|digit| *digit == byte)?;
        value.checked_mul(62)?.checked_add(digit as u128)
    });
    value.map(Uuid::from_u128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_were_written() {
        for id in [Uuid::nil(), Uuid::max(), Uuid::from_u128(61), Uuid::from_u128(62), Uuid::new_v4()] {
            assert_eq!(parse_batch(&batch_id(id)), Some(id));
            assert_eq!(parse_render(&render_id(id)), Some(id));
        }
        assert_eq!(render_id(Uuid::from_u128(62)), "render_0000000000000000000010");
    }

    #[test]
    fn what_is_no_id_is_none() {
        for text in [
            "",
            "batch_",
            "render_0000000000000000000010",
            "batch_000000000000000000001-",
            "batch_zzzzzzzzzzzzzzzzzzzzzz",
        ] {
            assert_eq!(parse_batch(text), None, "{text}");
        }
    }
}
