//! Reads query strings: unknown, repeated and wrong parameters are all named at once.

use std::str::FromStr;

use super::reply::{Issue, Problem};
use crate::error::Code;

/// A query string, while its parameters are taken out one by one.
#[derive(Debug)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    issues: Vec<Issue>,
}

impl Query {
    /// Reads what stands after the question mark.
    pub(crate) fn new(text: Option<&str>) -> Query {
        let pairs = url::form_urlencoded::parse(text.unwrap_or_default().as_bytes()).into_owned().collect();
        Query { pairs, issues: Vec::new() }
    }

    /// Takes a parameter as text.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let mut found = None;
        while let Some(index) = self.pairs.iter().position(|(key, _)| key == name) {
            let (_, value) = self.pairs.swap_remove(index);
            if found.replace(value).is_some() {
                self.issues.push(Issue::field(name, Code::InvalidRequest, "is given more than once"));
            }
        }
        found
    }

    /// Takes a parameter and reads it; `expected` says what it should be.
    pub(crate) fn read<T>(&mut self, name: &str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let value = read(&text);
        if value.is_none() {
            let message = format!("is {text:?}, expected {expected}");
            self.issues.push(Issue::field(name, Code::InvalidRequest, message));
        }
        value
    }

    /// Takes a number within a range.
    pub(crate) fn number<T: FromStr + PartialOrd + std::fmt::Display + Copy>(
        &mut self,
        name: &str,
        least: T,
        most: T,
    ) -> Option<T> {
        let expected = format!("a whole number from {least} to {most}");
        self.read(name, &expected, |text| text.parse().ok().filter(|value| (least..=most).contains(value)))
    }

    /// Takes a switch: `true` or `false`, and nothing for true.
    pub(crate) fn switch(&mut self, name: &str) -> bool {
        let read = |text: &str| match text {
            "true" | "1" | "" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        self.read(name, "true or false", read).unwrap_or(false)
    }

    /// Ends the reading: what is left over is unknown.
    pub(crate) fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in self.pairs.drain(..).take(20) {
            self.issues.push(Issue::field(name, Code::InvalidRequest, "is not a parameter of this route"));
        }
        if self.issues.is_empty() { Ok(()) } else { Err(Problem::issues(self.issues)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_parameter_is_named() {
        let mut query = Query::new(Some("limit=0&dry_run=maybe&x=1&state=a&state=b"));
        assert_eq!(query.number("limit", 1u32, 500), None);
        assert!(!query.switch("dry_run"));
        query.text("state");
        let problem = query.finish().unwrap_err();
        let fields: Vec<_> = problem.errors.iter().filter_map(|issue| issue.field.as_deref()).collect();
        assert_eq!(fields, ["limit", "dry_run", "state", "x"]);
        assert!(problem.errors[0].message.contains("\"0\", expected a whole number from 1 to 500"));
    }

    #[test]
    fn an_empty_query_has_nothing() {
        let mut query = Query::new(None);
        assert_eq!(query.text("state"), None);
        assert!(query.finish().is_ok());
    }
}
