//! The words of an expression.

use std::fmt;

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Has,
    Is,
    Over,
    From,
    Under,
    To,
}

impl Operator {
    /// Whether it asks for a value, not for a side of it.
    pub(super) fn is_equality(self) -> bool {
        matches!(self, Operator::Has | Operator::Is)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operator::Has => ":",
            Operator::Is => "=",
            Operator::Over => ">",
            Operator::From => ">=",
            Operator::Under => "<",
            Operator::To => "<=",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    And,
    Or,
    Not,
    Open,
    Close,
    Operator(Operator),
    Word(String),
    Quoted(String),
    Range { from: String, to: String, closed: bool },
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::And => f.write_str("AND"),
            Token::Or => f.write_str("OR"),
            Token::Not => f.write_str("NOT"),
            Token::Open => f.write_str("("),
            Token::Close => f.write_str(")"),
            Token::Operator(operator) => operator.fmt(f),
            Token::Word(text) => f.write_str(text),
            Token::Quoted(text) => write!(f, "\"{text}\""),
            Token::Range { from, to, .. } => write!(f, "[{from} TO {to}]"),
        }
    }
}

/// Splits an expression; the error says what is wrong.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        let value_follows = matches!(found.last(), Some(Token::Operator(_)));
        let (token, left) = match first {
            '(' => (Token::Open, after),
            ')' => (Token::Close, after),
            '"' => quoted(after)?,
            '[' | '{' if value_follows => range(after, first == '[')?,
            '-' if !value_follows => (Token::Not, after),
            ':' | '=' | '>' | '<' => operator(first, after),
            _ => word(rest, value_follows),
        };
        found.push(token);
        rest = left.trim_start();
    }
    Ok(found)
}

fn operator(first: char, after: &str) -> (Token, &str) {
    let (operator, left) = match (first, after.strip_prefix('=')) {
        ('>', Some(left)) => (Operator::From, left),
        ('<', Some(left)) => (Operator::To, left),
        ('>', None) => (Operator::Over, after),
        ('<', None) => (Operator::Under, after),
        ('=', _) => (Operator::Is, after),
        _ => (Operator::Has, after),
    };
    (Token::Operator(operator), left)
}

/// Up to the closing quote; a backslash takes the next character as it is.
fn quoted(text: &str) -> Result<(Token, &str), String> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((Token::Quoted(value), &text[at + 1..])),
            '\\' => value.extend(characters.next().map(|(_, next)| next)),
            other => value.push(other),
        }
    }
    Err("a quote is not closed".to_owned())
}

fn range(text: &str, closed: bool) -> Result<(Token, &str), String> {
    let problem = || "a range is not written [FROM TO TO]".to_owned();
    let (inner, left) = text.split_once(if closed { ']' } else { '}' }).ok_or_else(problem)?;
    let (from, to) = inner.split_once(" TO ").ok_or_else(problem)?;
    let plain = |text: &str| text.trim().trim_matches('"').to_owned();
    Ok((Token::Range { from: plain(from), to: plain(to), closed }, left))
}

/// A field ends at an operator, a value at white space or a parenthesis.
fn word(text: &str, is_value: bool) -> (Token, &str) {
    let ends = |character: char| {
        character.is_whitespace() || "()".contains(character) || (!is_value && ":=<>".contains(character))
    };
    let (word, left) = text.split_at(text.find(ends).unwrap_or(text.len()));
    let token = match word {
        "AND" | "&&" => Token::And,
        "OR" | "||" => Token::Or,
        "NOT" => Token::Not,
        other => Token::Word(other.to_owned()),
    };
    (token, left)
}
