//! Who asks: Blurb's clients send one opaque token, which here is the account's key, a colon and its secret.

pub use crate::dialect::native::auth::{Credentials, matches};

/// Reads `Bearer <token>`.
///
/// Errors: what is wrong with the header, without quoting it.
pub fn parse(header: &str) -> Result<Credentials, &'static str> {
    const EXPECTED: &str = "expected \"Bearer <token>\", the account's key, a colon and its secret";
    let is_bearer = header.trim().get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    if !is_bearer {
        return Err(EXPECTED);
    }
    crate::dialect::native::auth::parse(header).map_err(|_| EXPECTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bearer_tokens_are_read() {
        let expected = Credentials { key: "demo".into(), secret: "right".into() };
        assert_eq!(parse("Bearer demo:right"), Ok(expected));
        for header in ["", "Bearer", "Bearer demo", "Basic ZGVtbzpzOmVjcmV0", "demo:right", "Bearer :x"] {
            assert!(parse(header).is_err(), "{header}");
        }
    }
}
