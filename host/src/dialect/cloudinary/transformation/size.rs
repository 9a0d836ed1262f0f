//! Sizes, crop modes, corner radii and angles.

use std::fmt;

use super::{
    Decimal, Expected, Expression,
    decimal::whole,
    words::{join, word, words},
};

/// The largest number of pixels that a written size may have; results are limited further.
const MAX_PIXELS: i64 = 1_000_000;

words! {
    /// What happens to the image's size.
    pub enum Crop {
        /// Exactly the asked size, distorting when both sides are given.
        Scale = "scale",
        /// The largest size within the asked one.
        Fit = "fit",
        /// As fit, never enlarging.
        Limit = "limit",
        /// As fit, only enlarging.
        Mfit = "mfit",
        /// Covers the asked size; what juts out is cut.
        Fill = "fill",
        /// As fill, never enlarging.
        Lfill = "lfill",
        /// As fit, then padded to the asked size.
        Pad = "pad",
        /// As pad, never enlarging.
        Lpad = "lpad",
        /// As pad, never scaling.
        Mpad = "mpad",
        /// As fill, but padded rather than cut too much.
        FillPad = "fill_pad",
        /// Cuts without scaling.
        Crop = "crop",
        /// Cuts around the gravity, then scales.
        Thumb = "thumb",
        /// Covers the asked size with the most interesting part.
        Auto = "auto",
        /// As auto, padded where cutting would lose too much.
        AutoPad = "auto_pad",
        /// An add-on's scaling.
        ImaggaScale = "imagga_scale",
        /// An add-on's cut.
        ImaggaCrop = "imagga_crop",
    }
}

/// A width or height.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Pixels, or with a decimal point a fraction of the input.
    Value(Expression),
    /// Told by the client's hints.
    Auto(AutoWidth),
}

/// `auto`, with how the width is chosen and what it is without a hint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AutoWidth {
    /// Rounded up to a multiple of `step`.
    Step {
        /// Pixels.
        step: Option<u32>,
        /// Width without a hint.
        fallback: Option<u32>,
    },
    /// One of the computed breakpoints.
    Breakpoints {
        /// Least width, greatest width, byte step, count.
        settings: Option<[u32; 4]>,
        /// Width without a hint.
        fallback: Option<u32>,
        /// Answer the list itself.
        json: bool,
    },
}

impl Dimension {
    /// Reads the value of `w` or `h`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let expected =
            || Expected::new("a whole number of pixels, a fraction with a decimal point, \"auto\" or an expression");
        if let Some(rest) = text.strip_prefix("auto") {
            return AutoWidth::parse(rest).map(Self::Auto).ok_or_else(expected);
        }
        let value = Expression::parse_number(text).map_err(|_| expected())?;
        match value.as_number() {
            Some(number) if number.value() < 0.0 || number.value() > MAX_PIXELS as f64 => Err(expected()),
            _ => Ok(Self::Value(value)),
        }
    }
}

impl AutoWidth {
    fn parse(rest: &str) -> Option<Self> {
        let number = |text: &str| whole(text, 1..=MAX_PIXELS).ok().map(|number| number as u32);
        let rest = match rest.strip_prefix(':') {
            Some(rest) => rest,
            None if rest.is_empty() => return Some(Self::Step { step: None, fallback: None }),
            None => return None,
        };
        let Some(rest) = rest.strip_prefix("breakpoints") else {
            let (step, fallback) = match rest.split_once(':') {
                Some((step, fallback)) => (step, Some(number(fallback)?)),
                None => (rest, None),
            };
            return Some(Self::Step { step: Some(number(step)?), fallback });
        };
        let mut parts = rest.split(':');
        let settings = match parts.next()? {
            "" => None,
            settings => {
                let numbers: Option<Vec<u32>> = settings.strip_prefix('_')?.split('_').map(number).collect();
                Some(<[u32; 4]>::try_from(numbers?).ok()?)
            }
        };
        let (mut fallback, mut json) = (None, false);
        for part in parts {
            match part {
                "json" if !json => json = true,
                part if fallback.is_none() && !json => fallback = Some(number(part)?),
                _ => return None,
            }
        }
        Some(Self::Breakpoints { settings, fallback, json })
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Auto(AutoWidth::Step { step, fallback }) => {
                f.write_str("auto")?;
                for number in [step, fallback].into_iter().flatten() {
                    write!(f, ":{number}")?;
                }
                Ok(())
            }
            Self::Auto(AutoWidth::Breakpoints { settings, fallback, json }) => {
                f.write_str("auto:breakpoints")?;
                for number in settings.iter().flatten() {
                    write!(f, "_{number}")?;
                }
                if let Some(number) = fallback {
                    write!(f, ":{number}")?;
                }
                if *json { f.write_str(":json") } else { Ok(()) }
            }
        }
    }
}

/// `16:9`, or a quotient.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AspectRatio {
    /// Width and height.
    Ratio(Expression, Expression),
    /// Width through height.
    Value(Expression),
}

impl AspectRatio {
    /// Reads the value of `ar`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let positive = |text: &str| {
            let value = Expression::parse_number(text).ok()?;
            let positive = value.as_number().is_none_or(|number| number.value() > 0.0);
            positive.then_some(value)
        };
        let ratio = match text.split_once(':').filter(|_| !text.contains('!')) {
            Some((width, height)) => positive(width).zip(positive(height)).map(|(w, h)| Self::Ratio(w, h)),
            None => positive(text).map(Self::Value),
        };
        ratio.ok_or(Expected::new("a ratio like 16:9 or 1.5, above zero"))
    }
}

impl fmt::Display for AspectRatio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(width, height) => write!(f, "{width}:{height}"),
            Self::Value(value) => value.fmt(f),
        }
    }
}

/// One corner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Corner {
    /// As round as can be.
    Max,
    /// Pixels.
    Radius(Expression),
}

/// One to four corners, as in CSS: all; top left and bottom right, then the others; top left, then
/// top right and bottom left, then bottom right; each, clockwise from top left.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Radius(pub Vec<Corner>);

impl Radius {
    /// Reads the value of `r`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let expected = || Expected::new("pixels, \"max\" or up to four of them joined by colons");
        let corner = |text: &str| match text {
            "max" => Ok(Corner::Max),
            text => match Expression::parse_number(text) {
                Ok(value) if value.as_number().is_none_or(|number| number.value() >= 0.0) => Ok(Corner::Radius(value)),
                _ => Err(expected()),
            },
        };
        if text.contains('!') {
            return Ok(Self(vec![corner(text)?]));
        }
        let corners: Vec<Corner> = text.split(':').map(corner).collect::<Result<_, _>>()?;
        if corners.len() <= 4 { Ok(Self(corners)) } else { Err(expected()) }
    }
}

impl fmt::Display for Corner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Max => f.write_str("max"),
            Self::Radius(radius) => radius.fmt(f),
        }
    }
}

impl fmt::Display for Radius {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        join(f, &self.0, ":")
    }
}

words! {
    /// A turn or flip that is not a number of degrees.
    pub enum Turn {
        /// Upside down.
        Vflip = "vflip",
        /// Mirrored.
        Hflip = "hflip",
        /// A quarter to the right when width and height do not fit the asked ones.
        AutoRight = "auto_right",
        /// A quarter to the left likewise.
        AutoLeft = "auto_left",
        /// Upright, as the file says.
        Exif = "exif",
        /// As `exif`, in an older spelling.
        Auto = "auto",
        /// As stored, whatever the file says.
        Ignore = "ignore",
    }
}

/// One turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Angle {
    /// Degrees clockwise.
    Degrees(Expression),
    /// A named turn.
    Turn(Turn),
}

/// Turns in order, joined by points. Within a list degrees are whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Angles(pub Vec<Angle>);

impl Angles {
    /// Reads the value of `a`.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let expected = || {
            let turns: Vec<_> = Turn::ALL.iter().map(|turn| turn.word()).collect();
            Expected::new(format!("degrees or one of {}; up to 8 joined by points", turns.join(", ")))
        };
        if let Ok(degrees) = Expression::parse_number(text) {
            return Ok(Self(vec![Angle::Degrees(degrees)]));
        }
        let angle = |text: &str| match word::<Turn>(text) {
            Ok(turn) => Ok(Angle::Turn(turn)),
            Err(_) => whole(text, -3600..=3600)
                .map(|degrees| Angle::Degrees(Expression::number(Decimal::whole(degrees))))
                .map_err(|_| expected()),
        };
        let angles: Vec<Angle> = text.split('.').map(angle).collect::<Result<_, _>>()?;
        if angles.len() <= 8 { Ok(Self(angles)) } else { Err(expected()) }
    }
}

impl fmt::Display for Angle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Degrees(degrees) => degrees.fmt(f),
            Self::Turn(turn) => turn.fmt(f),
        }
    }
}

impl fmt::Display for Angles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        join(f, &self.0, ".")
    }
}
