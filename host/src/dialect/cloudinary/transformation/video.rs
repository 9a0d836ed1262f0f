//! Parameters of videos. They are read and printed; what is not built is refused later.

use std::fmt;

use super::{Decimal, Expected, Expression, decimal::decimal, gravity::plain_word};

/// A time: `2.63` seconds, `35p` percent, `auto`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Time {
    /// Chosen.
    Auto,
    /// Seconds.
    Seconds(Expression),
    /// Percent of the duration.
    Percent(Decimal),
}

impl Time {
    /// Reads the value of `so`, `eo` or `du`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        if let Some(percent) = text.strip_suffix('p').and_then(Decimal::parse) {
            return Ok(Self::Percent(percent));
        }
        let seconds = Expression::parse_number(text).map(Self::Seconds);
        seconds.map_err(|_| Expected::new("seconds, a percentage like 35p, or \"auto\""))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Seconds(seconds) => seconds.fmt(f),
            Self::Percent(percent) => write!(f, "{percent}p"),
        }
    }
}

/// Which frames of a video make an animation: every so many seconds, or so many in all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sampling {
    /// Frames in all.
    Frames(Expression),
    /// Seconds between frames.
    Seconds(Decimal),
}

impl Sampling {
    /// Reads the value of `vs`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        if let Some(seconds) = text.strip_suffix('s').and_then(Decimal::parse) {
            return Ok(Self::Seconds(seconds));
        }
        let frames = Expression::parse_number(text).map(Self::Frames);
        frames.map_err(|_| Expected::new("a number of frames or seconds like 2.3s"))
    }
}

impl fmt::Display for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frames(frames) => frames.fmt(f),
            Self::Seconds(seconds) => write!(f, "{seconds}s"),
        }
    }
}

/// Frames a second: `24`, `24-29.97`, `24-`, `-24`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FrameRate {
    /// Exactly.
    Exactly(Expression),
    /// From one to another.
    Between(Expression, Expression),
    /// At least.
    AtLeast(Expression),
    /// At most.
    AtMost(Expression),
}

impl FrameRate {
    /// Reads the value of `fps`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let rate = |text: &str| {
            let rate = Expression::parse_number(text).ok()?;
            rate.as_number().is_none_or(|number| number.value() >= 0.0).then_some(rate)
        };
        let range = match text.split_once('-') {
            None => rate(text).map(Self::Exactly),
            Some(("", most)) => rate(most).map(Self::AtMost),
            Some((least, "")) => rate(least).map(Self::AtLeast),
            Some((least, most)) => rate(least).zip(rate(most)).map(|(least, most)| Self::Between(least, most)),
        };
        range.ok_or(Expected::new("frames a second or a range like 24-29.97"))
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(rate) => rate.fmt(f),
            Self::Between(least, most) => write!(f, "{least}-{most}"),
            Self::AtLeast(rate) => write!(f, "{rate}-"),
            Self::AtMost(rate) => write!(f, "-{rate}"),
        }
    }
}

/// Bits a second, with its unit as written: `2048`, `44k`, `1m:constant`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BitRate {
    /// In the unit.
    pub value: Decimal,
    /// `k` or `m`.
    pub unit: Option<char>,
    /// Whether it is the same throughout.
    pub constant: bool,
}

impl BitRate {
    /// Reads the value of `br`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let (rate, constant) = text.strip_suffix(":constant").map_or((text, false), |rate| (rate, true));
        let unit = rate.chars().next_back().filter(|last| ['k', 'm'].contains(last));
        let digits = rate.strip_suffix(|last| unit == Some(last)).unwrap_or(rate);
        let value = decimal(digits).map_err(|_| Expected::new("bits a second like 2048, 500k or 1m"))?;
        Ok(Self { value, unit, constant })
    }
}

impl fmt::Display for BitRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)?;
        if let Some(unit) = self.unit {
            write!(f, "{unit}")?;
        }
        if self.constant { f.write_str(":constant") } else { Ok(()) }
    }
}

/// Plain words joined by colons: codecs with profile and level, sound rates, streaming profiles.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Words(pub Vec<String>);

impl Words {
    /// Reads up to four words.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let words: Vec<String> = text.split(':').map(str::to_owned).collect();
        let good = words.len() <= 4 && words.iter().all(|word| plain_word(&word.replace('.', "_")));
        good.then_some(Self(words)).ok_or(Expected::new("plain words joined by colons"))
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(":"))
    }
}
