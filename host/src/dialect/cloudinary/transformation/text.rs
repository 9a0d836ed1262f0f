//! Text layers: style and words.

use std::fmt;

use super::{
    Decimal, Expected,
    expression::variable_name,
    layer::plain_id,
    words::{word, words},
};
use crate::dialect::cloudinary::escape;

/// Bytes of a text, at most.
const MAX_TEXT: usize = 4096;

words! {
    /// How bold.
    pub enum Weight {
        /// Regular.
        Normal = "normal",
        /// Bold.
        Bold = "bold",
        /// Thin.
        Thin = "thin",
        /// Light.
        Light = "light",
    }
}

words! {
    /// A line with the text.
    pub enum Decoration {
        /// Below.
        Underline = "underline",
        /// Through.
        Strikethrough = "strikethrough",
    }
}

words! {
    /// Where lines begin.
    pub enum TextAlign {
        /// Left.
        Left = "left",
        /// In the middle.
        Center = "center",
        /// Right.
        Right = "right",
        /// At the end of the direction of writing.
        End = "end",
        /// At its start.
        Start = "start",
        /// At both ends.
        Justify = "justify",
    }
}

words! {
    /// How edges are smoothed.
    pub enum Antialias {
        /// Not.
        None = "none",
        /// By grays.
        Gray = "gray",
        /// By parts of pixels.
        Subpixel = "subpixel",
        /// Fast.
        Fast = "fast",
        /// Well.
        Good = "good",
        /// Best.
        Best = "best",
    }
}

words! {
    /// How outlines are fitted to pixels.
    pub enum Hinting {
        /// Not.
        None = "none",
        /// Slightly.
        Slight = "slight",
        /// Somewhat.
        Medium = "medium",
        /// Fully.
        Full = "full",
    }
}

/// A number or a variable, named without its sign.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// A number.
    Number(Decimal),
    /// The value of a variable.
    Variable(String),
}

impl Measure {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('$') {
            Some(name) => variable_name(name).ok().map(Self::Variable),
            None => Decimal::parse(text).map(Self::Number),
        }
    }
}

/// `Arial_20_bold_italic_letter_spacing_4`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FontStyle {
    /// The font's family, or the public id of a stored font.
    pub family: String,
    /// Pixels.
    pub size: Measure,
    /// Normal by default.
    pub weight: Option<Weight>,
    /// Slanted.
    pub italic: bool,
    /// None by default.
    pub decoration: Option<Decoration>,
    /// By the direction of writing by default.
    pub align: Option<TextAlign>,
    /// Outlined by the border `bo_`.
    pub stroke: bool,
    /// Pixels between letters.
    pub letter_spacing: Option<Measure>,
    /// Pixels between lines.
    pub line_spacing: Option<Measure>,
    /// Smoothing.
    pub antialias: Option<Antialias>,
    /// Fitting to pixels.
    pub hinting: Option<Hinting>,
}

impl FontStyle {
    /// This family in this size, all else by default.
    pub fn new(family: impl Into<String>, size: Measure) -> Self {
        Self {
            family: family.into(),
            size,
            weight: None,
            italic: false,
            decoration: None,
            align: None,
            stroke: false,
            letter_spacing: None,
            line_spacing: None,
            antialias: None,
            hinting: None,
        }
    }

    /// Reads a style; none when no size is in it, so that it is something else.
    pub fn parse(text: &str) -> Option<Result<Self, Expected>> {
        let tokens: Vec<&str> = text.split('_').collect();
        let at = tokens.iter().skip(1).position(|token| Measure::parse(token).is_some())? + 1;
        Some(Self::from_tokens(&tokens, at))
    }

    fn from_tokens(tokens: &[&str], at: usize) -> Result<Self, Expected> {
        let expected = || Expected::new("a font, a size and options joined by underscores, like Arial_20_bold");
        let family = plain_id(&tokens[..at].join("_")).map_err(|_| expected())?;
        let mut style = Self::new(family, Measure::parse(tokens[at]).ok_or_else(expected)?);
        let mut rest = tokens[at + 1..].iter().copied();
        while let Some(token) = rest.next() {
            match token {
                "italic" => style.italic = true,
                "stroke" => style.stroke = true,
                "letter" | "line" => {
                    let spacing = if rest.next() == Some("spacing") { rest.next() } else { None };
                    let spacing = Some(spacing.and_then(Measure::parse).ok_or_else(expected)?);
                    if token == "letter" {
                        style.letter_spacing = spacing;
                    } else {
                        style.line_spacing = spacing;
                    }
                }
                "antialias" => style.antialias = Some(word(rest.next().unwrap_or_default())?),
                "hinting" => style.hinting = Some(word(rest.next().unwrap_or_default())?),
                token => {
                    if let Some(weight) = Weight::from_word(token) {
                        style.weight = Some(weight);
                    } else if let Some(decoration) = Decoration::from_word(token) {
                        style.decoration = Some(decoration);
                    } else if let Some(align) = TextAlign::from_word(token) {
                        style.align = Some(align);
                    } else {
                        return Err(expected());
                    }
                }
            }
        }
        Ok(style)
    }
}

/// What a text looks like.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// A font and options.
    Font(Box<FontStyle>),
    /// The style of a text made before, by its public id.
    Asset(String),
    /// The value of a variable, named without its sign.
    Variable(String),
}

impl Style {
    /// Reads a style.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        if let Some(name) = text.strip_prefix('$').filter(|name| !name.contains('_')) {
            return variable_name(name).map(Self::Variable);
        }
        match FontStyle::parse(text) {
            Some(style) => style.map(|style| Self::Font(Box::new(style))),
            None => plain_id(text).map(Self::Asset),
        }
    }
}

/// A piece of text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TextPart {
    /// Words, decoded.
    Literal(String),
    /// `$(name)`: the value of a variable.
    Variable(String),
}

/// Words with variables in between. No two literals follow each other, none is empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Text(pub Vec<TextPart>);

impl Text {
    /// Reads the escaped text.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let variable = rest.strip_prefix("$(").and_then(|rest| {
                let (name, rest) = rest.split_once(')')?;
                Some((variable_name(name).ok()?, rest))
            });
            match variable {
                Some((name, after)) => {
                    flush(&mut literal, &mut parts)?;
                    parts.push(TextPart::Variable(name));
                    rest = after;
                }
                None => {
                    let length = rest.chars().next().map_or(1, char::len_utf8);
                    literal.push_str(&rest[..length]);
                    rest = &rest[length..];
                }
            }
        }
        flush(&mut literal, &mut parts)?;
        let good = !parts.is_empty() && text.len() <= 3 * MAX_TEXT;
        good.then_some(Self(parts)).ok_or_else(expected_text)
    }
}

fn expected_text() -> Expected {
    Expected::new(format!("text of 1 to {MAX_TEXT} bytes in UTF-8"))
}

fn flush(literal: &mut String, parts: &mut Vec<TextPart>) -> Result<(), Expected> {
    if !literal.is_empty() {
        let decoded = escape::decode_twice(literal).ok_or_else(expected_text)?;
        parts.push(TextPart::Literal(decoded));
        literal.clear();
    }
    Ok(())
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Variable(name) => write!(f, "${name}"),
        }
    }
}

/// Prints a family or id so that no part of it is taken for a size or a variable.
fn printed_family(name: &str) -> String {
    let stays = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let encoded = escape::encode(name, stays);
    let mut tokens = encoded.split('_');
    let mut printed = tokens.next().unwrap_or_default().to_owned();
    for token in tokens {
        printed.push_str(if Measure::parse(token).is_some() { "%5F" } else { "_" });
        printed.push_str(token);
    }
    printed
}

impl fmt::Display for FontStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", printed_family(&self.family), self.size)?;
        let words = [
            self.weight.map(Weight::word),
            self.italic.then_some("italic"),
            self.decoration.map(Decoration::word),
            self.align.map(TextAlign::word),
            self.stroke.then_some("stroke"),
        ];
        for word in words.into_iter().flatten() {
            write!(f, "_{word}")?;
        }
        if let Some(spacing) = &self.letter_spacing {
            write!(f, "_letter_spacing_{spacing}")?;
        }
        if let Some(spacing) = &self.line_spacing {
            write!(f, "_line_spacing_{spacing}")?;
        }
        if let Some(antialias) = self.antialias {
            write!(f, "_antialias_{antialias}")?;
        }
        self.hinting.map_or(Ok(()), |hinting| write!(f, "_hinting_{hinting}"))
    }
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Font(style) => style.fmt(f),
            Self::Asset(id) => f.write_str(&printed_family(id)),
            Self::Variable(name) => write!(f, "${name}"),
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stays = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-:".contains(&byte);
        for part in &self.0 {
            match part {
                TextPart::Literal(text) => {
                    // What would end the component, or begin an escape, is escaped twice.
                    let text = text.replace('%', "%25").replace(',', "%2C").replace('/', "%2F");
                    f.write_str(&escape::encode(&text, stays))?;
                }
                TextPart::Variable(name) => write!(f, "$({name})")?,
            }
        }
        Ok(())
    }
}
