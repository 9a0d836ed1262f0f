//! Job ids as Blitline writes them: a digit and 22 characters of base64url, which are a UUID.
//!
//! A job's UUID is random (version 4): whoever knows the id may poll it, as no other credential comes with a poll.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

/// The id of a job as clients see it. The digit is made from the rest.
pub fn job_id(id: Uuid) -> String {
    format!("{}{}", digit(id), URL_SAFE_NO_PAD.encode(id.as_bytes()))
}

/// The job of this id; none for what cannot be one.
pub fn parse(text: &str) -> Option<Uuid> {
    let rest = text.get(1..)?;
    let id = Uuid::from_bytes(URL_SAFE_NO_PAD.decode(rest).ok()?.try_into().ok()?);
    (job_id(id) == text).then_some(id)
}

fn digit(id: Uuid) -> u8 {
    id.as_bytes()[0] % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_documented_shape_and_are_read_again() {
        for id in [Uuid::nil(), Uuid::max(), Uuid::new_v4()] {
            let text = job_id(id);
            assert_eq!((text.len(), text.as_bytes()[0].is_ascii_digit()), (23, true));
            assert_eq!(parse(&text), Some(id));
        }
        for text in ["", "x", "4weK03Kd0j", "ü2m-Ir2YMXQ3yec0NV476xag", &format!("9{}", &job_id(Uuid::nil())[1..])] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
