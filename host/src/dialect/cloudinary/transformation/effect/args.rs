//! The values of an effect, taken one after the other.

use super::{Color, Decimal, Expected};
use crate::dialect::cloudinary::transformation::words::Word;

/// What is left to read.
pub(super) struct Args<'a>(Vec<&'a str>);

impl<'a> Args<'a> {
    /// Splits the text after the name. Nothing means no values.
    pub(super) fn new(text: Option<&'a str>) -> Self {
        let mut words: Vec<&str> = text.map(|text| text.split(':').collect()).unwrap_or_default();
        words.reverse();
        Self(words)
    }

    fn peek(&self) -> Option<&'a str> {
        self.0.last().copied()
    }

    /// Takes this very word if it is next.
    pub(super) fn exact(&mut self, word: &str) -> bool {
        let here = self.peek() == Some(word);
        if here {
            self.0.pop();
        }
        here
    }

    /// Takes what is next if it can be read.
    pub(super) fn take_if<T>(&mut self, read: impl FnOnce(&'a str) -> Option<T>) -> Option<T> {
        let value = self.peek().and_then(read)?;
        self.0.pop();
        Some(value)
    }

    /// Takes a number if one is next.
    pub(super) fn number(&mut self) -> Option<Decimal> {
        self.take_if(Decimal::parse)
    }

    /// Takes a number that must be there.
    pub(super) fn required(&mut self) -> Result<Decimal, Expected> {
        self.number().ok_or(Expected::new("a number"))
    }

    /// Takes a word of an enum if one is next.
    pub(super) fn word<T: Word>(&mut self) -> Option<T> {
        self.take_if(T::read)
    }

    /// Takes a colour if one is next: a name, hex digits, or `rgb:` and hex digits.
    pub(super) fn color(&mut self) -> Option<Color> {
        let first = self.peek()?;
        let color = if first == "rgb" {
            let digits = self.0.iter().rev().nth(1)?;
            let color = Color::hex(digits)?;
            self.0.pop();
            color
        } else {
            Color::parse_bare(first).ok()?
        };
        self.0.pop();
        Some(color)
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
