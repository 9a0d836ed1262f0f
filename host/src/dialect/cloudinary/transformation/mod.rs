//! The transformation language: text to typed tree and back.
//!
//! `Display` prints the canonical form: parameters sorted by key, conditions first, variables
//! next. Parsing what was printed gives the same tree.

mod color;
mod component;
mod condition;
mod decimal;
mod eager;
mod effect;
mod error;
mod expression;
mod flags;
mod function;
mod gravity;
mod info;
mod layer;
mod output;
mod paint;
mod param;
mod size;
mod text;
mod tree;
mod video;
mod words;

use std::fmt;

pub use color::Color;
pub use component::{Component, Definition};
pub use condition::{All, Comparator, Comparison, Condition};
pub use decimal::Decimal;
pub use eager::{Eager, Extension};
pub use effect::{
    ArtFilter, CartoonFill, Colorblindness, Effect, FadeMode, ImproveMode, Level, OutlineMode, Plain, TintStop,
};
pub use error::{Error, Expected};
pub use expression::{Expression, Name, Operand, Operator, Term};
pub use flags::{Flag, Flags, Progressive, Switch};
pub use function::{Code, Function};
pub use gravity::{Compass, Focus, Gravity};
pub use layer::{Delivery, Id as LayerId, Layer};
pub use output::{
    AutoFormat, AutoQuality, Chroma, ColorSpace, Dpr, Format, FormatName, PageItem, Pages, Quality, SpaceName,
};
pub use paint::{Background, Border};
pub use param::{Id, Key, Names, Param, Piece};
pub use size::{Angle, Angles, AspectRatio, AutoWidth, Corner, Crop, Dimension, Radius, Turn};
pub use text::{Antialias, Decoration, FontStyle, Hinting, Measure, Style, Text, TextAlign, TextPart, Weight};
pub use tree::Node;
pub use video::{BitRate, FrameRate, Sampling, Time, Words};

/// How much a transformation may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text.
    pub bytes: usize,
    /// Components.
    pub components: usize,
    /// Layers and conditions within each other.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 16_384, components: 200, depth: 10 }
    }
}

/// A transformation: steps, each on the result of the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Transformation {
    /// The steps.
    pub nodes: Vec<Node>,
}

impl Transformation {
    /// Reads a transformation in the form that it has in addresses, within the usual limits.
    ///
    /// # Errors
    /// The first thing that does not fit, with what was expected.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::parse_within(text, &Limits::default())
    }

    /// Reads a transformation within limits.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_within(text: &str, limits: &Limits) -> Result<Self, Error> {
        if text.len() > limits.bytes {
            return Err(Error::new("transformation", text, format!("at most {} bytes", limits.bytes)));
        }
        let texts: Vec<&str> = text.split('/').filter(|text| !text.is_empty()).collect();
        if texts.len() > limits.components {
            return Err(Error::new("transformation", text, format!("at most {} components", limits.components)));
        }
        tree::build(&texts, limits).map(|nodes| Self { nodes })
    }

    /// Whether a segment of a path is meant as a component: whether one of its parts has a known
    /// key before an underscore. It may still be wrong.
    pub fn claims(segment: &str) -> bool {
        segment.split(',').any(|part| match part.split_once('_') {
            Some((key, value)) => {
                let variable = key.strip_prefix('$').is_some_and(|name| expression::variable_name(name).is_ok());
                !value.is_empty() && (variable || key == "if" || Key::from_text(key).is_some())
            }
            None => false,
        })
    }
}

impl fmt::Display for Transformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tree::print(f, &self.nodes)
    }
}

impl std::str::FromStr for Transformation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

#[cfg(test)]
pub(crate) mod generate;
#[cfg(test)]
mod tests;
