//! Backgrounds and borders.

use std::fmt;

use super::{Color, Expected, decimal::whole, gravity::plain_word};

/// What fills pads, transparent areas and turned corners.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Background {
    /// One colour.
    Color(Color),
    /// A colour or gradient chosen from the image, with the words after `auto:`.
    Auto(Vec<String>),
    /// The image itself, blurred.
    Blurred {
        /// 1 to 2000.
        intensity: Option<u32>,
        /// -300 to 100.
        brightness: Option<i32>,
    },
}

impl Background {
    /// Reads the value of `b`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let mut words = text.split(':');
        let first = words.next().unwrap_or_default();
        let words: Vec<&str> = words.collect();
        match first {
            "auto" if !words.is_empty() => {
                let plain = words.len() <= 8 && words.iter().all(|word| plain_word(word));
                let words = words.into_iter().map(str::to_owned).collect();
                plain.then_some(Self::Auto(words)).ok_or(Expected::new("plain words after auto:"))
            }
            "blurred" => {
                let intensity = words.first().map(|text| whole(text, 1..=2000)).transpose()?.map(|n| n as u32);
                let brightness = words.get(1).map(|text| whole(text, -300..=100)).transpose()?.map(|n| n as i32);
                if words.len() <= 2 {
                    Ok(Self::Blurred { intensity, brightness })
                } else {
                    Err(Expected::new("blurred:intensity:brightness"))
                }
            }
            "gen_fill" => Err(Expected::new("a background that needs no generative model")),
            _ => Color::parse(text).map(Self::Color),
        }
    }
}

impl fmt::Display for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Color(color) => color.fmt(f),
            Self::Auto(words) => write!(f, "auto:{}", words.join(":")),
            Self::Blurred { intensity, brightness } => {
                f.write_str("blurred")?;
                if let Some(intensity) = intensity {
                    write!(f, ":{intensity}")?;
                }
                brightness.map_or(Ok(()), |brightness| write!(f, ":{brightness}"))
            }
        }
    }
}

/// `5px_solid_black`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Border {
    /// Pixels, 0 to 10 000.
    pub width: u32,
    /// Its colour.
    pub color: Color,
}

impl Border {
    /// Reads the value of `bo`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let expected = || Expected::new("a border like 5px_solid_black");
        let (width, color) = text.split_once("px_solid_").ok_or_else(expected)?;
        let width = whole(width, 0..=10_000)? as u32;
        Ok(Self { width, color: Color::parse(color)? })
    }
}

impl fmt::Display for Border {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}px_solid_{}", self.width, self.color)
    }
}
