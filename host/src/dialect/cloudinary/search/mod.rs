//! The expression language of searches: `resource_type:image AND tags=cat AND uploaded_at>1d`.
//!
//! | form | meaning |
//! |---|---|
//! | `a AND b`, `a b`, `a OR b`, `NOT a`, `-a`, `(a)` | logic; `AND` binds closer than `OR` |
//! | `field=value` | exactly |
//! | `field:value` | exactly; a part of it for names of files and people, and for context |
//! | `field:value*` | begins so; `folder:a/*` is the folder and all below |
//! | `field>value`, `>=`, `<`, `<=` | numbers, sizes (`1mb`), times (`2024-06-25`, `2d` ago) |
//! | `field:[a TO b]`, `field:{a TO b}` | a range, with or without its ends |
//! | `field:(a OR b)` | one of these |
//! | `word` | a part of the name, the file's name or a tag |

mod field;
mod token;

use std::time::SystemTime;

use self::{
    field::Field,
    token::{Operator, Token, tokens},
};
use super::params::ParamError;
use crate::store::{Column, Filter, Test, ValueClass};

pub use field::sort_column;

/// Parentheses within each other.
const MAX_DEPTH: usize = 30;

/// Tokens of one expression.
const MAX_TOKENS: usize = 500;

/// Reads an expression. `now` is what times like `1d` count from.
///
/// # Errors
/// What does not fit, and where.
pub fn parse(expression: &str, now: SystemTime) -> Result<Filter, ParamError> {
    let tokens = tokens(expression).map_err(|problem| invalid(expression, &problem))?;
    if tokens.len() > MAX_TOKENS {
        return Err(invalid(expression, &format!("more than {MAX_TOKENS} words")));
    }
    let mut reader = Reader { tokens: &tokens, at: 0, now, depth: 0 };
    if tokens.is_empty() {
        return Ok(Filter::default());
    }
    let filter = reader.any().map_err(|problem| invalid(expression, &problem))?;
    match reader.peek() {
        None => Ok(filter),
        Some(token) => Err(invalid(expression, &format!("unexpected {token}"))),
    }
}

fn invalid(expression: &str, problem: &str) -> ParamError {
    ParamError::Invalid {
        field: "expression",
        value: expression.to_owned(),
        expected: format!("a search expression: {problem}"),
    }
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    now: SystemTime,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<&Token> {
        let token = self.tokens.get(self.at);
        self.at += 1;
        token
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Result<Filter, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} parentheses within each other"));
        }
        let mut parts = vec![self.all()?];
        while self.take(&Token::Or) {
            parts.push(self.all()?);
        }
        self.depth -= 1;
        Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::Any(parts) })
    }

    fn all(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.one()?];
        loop {
            let joined = self.take(&Token::And);
            if !joined && matches!(self.peek(), None | Some(Token::Or | Token::Close)) {
                break;
            }
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::All(parts) })
    }

    fn one(&mut self) -> Result<Filter, String> {
        let mut negated = false;
        while self.take(&Token::Not) {
            negated = !negated;
        }
        let filter = match self.next() {
            Some(Token::Open) => {
                let inner = self.any()?;
                if !self.take(&Token::Close) {
                    return Err("a parenthesis is not closed".to_owned());
                }
                inner
            }
            Some(Token::Word(word)) => {
                let word = word.clone();
                match self.peek() {
                    Some(Token::Operator(operator)) => {
                        let operator = *operator;
                        self.at += 1;
                        self.comparison(&Field::from_name(&word)?, operator)?
                    }
                    _ => free_text(&word),
                }
            }
            Some(Token::Quoted(text)) => free_text(&text.clone()),
            Some(token) => return Err(format!("unexpected {token}")),
            None => return Err("it ends too early".to_owned()),
        };
        Ok(if negated { Filter::Not(Box::new(filter)) } else { filter })
    }

    fn comparison(&mut self, field: &Field, operator: Operator) -> Result<Filter, String> {
        let now = self.now;
        match self.next().cloned() {
            Some(Token::Word(word)) => field.test(operator, &word, false, now),
            Some(Token::Quoted(text)) => field.test(operator, &text, true, now),
            Some(Token::Range { from, to, closed }) if operator.is_equality() => field.range(&from, &to, closed, now),
            Some(Token::Open) if operator.is_equality() => {
                let mut parts = Vec::new();
                loop {
                    match self.next().cloned() {
                        Some(Token::Word(word)) => parts.push(field.test(operator, &word, false, now)?),
                        Some(Token::Quoted(text)) => parts.push(field.test(operator, &text, true, now)?),
                        Some(Token::Or | Token::And) => {}
                        Some(Token::Close) => return Ok(Filter::Any(parts)),
                        Some(token) => return Err(format!("unexpected {token} in a list of values")),
                        None => return Err("a parenthesis is not closed".to_owned()),
                    }
                }
            }
            Some(token) => Err(format!("unexpected {token} after {operator}")),
            None => Err(format!("there is no value after {operator}")),
        }
    }
}

/// Words without a field are looked for in names and tags.
fn free_text(word: &str) -> Filter {
    let word = word.trim_end_matches('*');
    let has = |column| Filter::Column(column, Test::Has(word.to_owned()));
    Filter::Any(vec![
        has(Column::PublicId),
        has(Column::Filename),
        has(Column::DisplayName),
        Filter::Value { class: ValueClass::Tag, name: Some(Test::Has(word.to_owned())), value: None },
    ])
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    fn read(text: &str) -> Filter {
        parse(text, now()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn is(column: Column, text: &str) -> Filter {
        Filter::Column(column, Test::Is(text.to_owned()))
    }

    fn between(column: Column, least: Option<i64>, most: Option<i64>) -> Filter {
        Filter::Column(column, Test::Between(least, most))
    }

    #[test]
    fn logic_has_its_usual_order() {
        let (a, b, c) = (is(Column::Format, "a"), is(Column::Format, "b"), is(Column::Format, "c"));
        let all = |parts: &[&Filter]| Filter::All(parts.iter().map(|part| (*part).clone()).collect());
        let any = |parts: &[&Filter]| Filter::Any(parts.iter().map(|part| (*part).clone()).collect());
        let not = |part: &Filter| Filter::Not(Box::new(part.clone()));
        for (text, expected) in [
            ("", Filter::default()),
            ("format:a", a.clone()),
            ("format=a AND format=b OR format=c", any(&[&all(&[&a, &b]), &c])),
            ("format=a AND (format=b OR format=c)", all(&[&a, &any(&[&b, &c])])),
            ("format=a format=b", all(&[&a, &b])),
            ("NOT format=a AND NOT NOT format=b", all(&[&not(&a), &b])),
            ("-format=a", not(&a)),
            ("format:(a OR b)", any(&[&a, &b])),
            ("((format=\"a\"))", a.clone()),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn fields_are_read_by_their_kind() {
        let tag = |test| Filter::Value { class: ValueClass::Tag, name: Some(test), value: None };
        let microseconds = |seconds: i64| seconds * 1_000_000;
        for (text, expected) in [
            ("resource_type:image", is(Column::Kind, "image")),
            ("public_id:a/b*", Filter::Column(Column::PublicId, Test::Prefix("a/b".into()))),
            ("public_id=\"a b*\"", is(Column::PublicId, "a b*")),
            ("folder:a/*", Filter::Column(Column::Folder, Test::Under("a".into()))),
            ("filename:cat", Filter::Column(Column::Filename, Test::Has("cat".into()))),
            ("filename=cat", is(Column::Filename, "cat")),
            ("tags:cat", tag(Test::Is("cat".into()))),
            ("tags=(a OR b*)", Filter::Any(vec![tag(Test::Is("a".into())), tag(Test::Prefix("b".into()))])),
            (
                "context.alt=x",
                Filter::Value {
                    class: ValueClass::Context,
                    name: Some(Test::Is("alt".into())),
                    value: Some(Test::Is("x".into())),
                },
            ),
            (
                "metadata.sku:12*",
                Filter::Value {
                    class: ValueClass::Metadata,
                    name: Some(Test::Is("sku".into())),
                    value: Some(Test::Prefix("12".into())),
                },
            ),
            ("bytes>1mb", between(Column::Bytes, Some((1 << 20) + 1), None)),
            ("bytes<=2k", between(Column::Bytes, None, Some(2048))),
            ("width:[100 TO 200]", between(Column::Width, Some(100), Some(200))),
            ("width:{100 TO 200}", between(Column::Width, Some(101), Some(199))),
            ("height=50", between(Column::Height, Some(50), Some(50))),
            ("aspect_ratio>1.5", between(Column::AspectMille, Some(1501), None)),
            ("aspect_ratio:\"16:9\"", between(Column::AspectMille, Some(1777), Some(1777))),
            ("created_at<2023-11-14", between(Column::CreatedAt, None, Some(microseconds(1_699_920_000) - 1))),
            ("uploaded_at>=1d", between(Column::UploadedAt, Some(microseconds(1_700_000_000 - 86_400)), None)),
            (
                "created_at:2023-11-14",
                between(Column::CreatedAt, Some(microseconds(1_699_920_000)), Some(microseconds(1_700_006_400) - 1)),
            ),
            (
                "uploaded_at>\"2023-11-14T00:00:00Z\"",
                between(Column::UploadedAt, Some(microseconds(1_699_920_000) + 1), None),
            ),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (text, part) in [
            ("colour:red", "colour"),
            ("format:", "no value"),
            ("bytes>many", "many"),
            ("format>a", "format"),
            ("(format=a", "not closed"),
            ("format=a)", "unexpected )"),
            ("AND", "unexpected AND"),
            ("NOT", "too early"),
            ("width:[1 TO", "range"),
            ("\"open", "quote"),
            ("format:(a OR", "not closed"),
        ] {
            let error = parse(text, now()).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(parse(&"(".repeat(1000), now()).is_err());
        assert!(parse(&"a ".repeat(1000), now()).is_err());
    }
}
