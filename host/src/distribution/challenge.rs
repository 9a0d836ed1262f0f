//! What a registry wants to see before it answers: `WWW-Authenticate`, RFC 9110 section 11.6.1.

use std::collections::HashMap;

use http::{HeaderMap, header};

/// A challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A user name and a password with each request.
    Basic,
    /// A token from elsewhere.
    Bearer {
        /// Where tokens are given.
        realm: String,
        /// For whom.
        service: Option<String>,
        /// For what.
        scope: Option<String>,
    },
}

impl Challenge {
    /// The challenge to answer: a token rather than a password. None if there is none of these.
    pub(super) fn of(headers: &HeaderMap) -> Option<Challenge> {
        let values = headers.get_all(header::WWW_AUTHENTICATE).into_iter().filter_map(|value| value.to_str().ok());
        let mut found: Vec<Challenge> = values.filter_map(parse).collect();
        let bearer = found.iter().position(|challenge| matches!(challenge, Challenge::Bearer { .. }));
        match bearer {
            Some(index) => Some(found.swap_remove(index)),
            None => found.pop(),
        }
    }
}

fn parse(value: &str) -> Option<Challenge> {
    let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut parameters = parameters(rest);
    let realm = parameters.remove("realm")?;
    Some(Challenge::Bearer { realm, service: parameters.remove("service"), scope: parameters.remove("scope") })
}

/// `name="value", name=value`; what cannot be read ends the list.
fn parameters(text: &str) -> HashMap<String, String> {
    let mut parameters = HashMap::new();
    let mut rest = text.trim_start_matches([' ', ',']);
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => match quoted_string(quoted) {
                Some(read) => read,
                None => break,
            },
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        parameters.insert(name.trim().to_ascii_lowercase(), value);
        rest = after.trim_start_matches([' ', ',']);
    }
    parameters
}

/// The text up to the closing quote, and what follows that.
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenge::of(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Some(Challenge::Bearer { realm: realm.to_owned(), service: owned(service), scope: owned(scope) })
    }

    #[test]
    fn challenges_are_read() {
        let usual = r#"Bearer realm="https://auth.example/token",service="a.example",scope="repository:x/y:pull,push""#;
        let expected = bearer("https://auth.example/token", Some("a.example"), Some("repository:x/y:pull,push"));
        assert_eq!(of(&[usual]), expected);
        assert_eq!(of(&[r#"Basic realm="x, Bearer realm=y""#, usual]), expected);
        assert_eq!(of(&[r#"bearer Scope = "a" , realm=b"#]), bearer("b", None, Some("a")));
        assert_eq!(of(&[r#"Bearer realm="a\"b\\c",service="#]), bearer("a\"b\\c", Some(""), None));
        assert_eq!(of(&["basic"]), Some(Challenge::Basic));
    }

    #[test]
    fn what_cannot_be_answered_is_none() {
        for values in [&[][..], &["Negotiate"], &["Bearer"], &["Bearer service=\"x\""], &["Bearer realm=\"x"], &[""]] {
            assert_eq!(of(values), None, "{values:?}");
        }
    }
}
