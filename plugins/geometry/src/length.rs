//! Lengths in pixels or percent, and proportions, as parameters.

use std::borrow::Cow;

use safelight_sdk::Refusal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The longest length in pixels, as a number of either sign.
const LONGEST: i32 = 65_535;

/// The largest percentage: a hundred times the length that it is taken of.
const MOST_PERCENT: f64 = 10_000.0;

/// A whole number of pixels, or a percentage of a length of the picture: `300`, `"50%"`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum Length<const LEAST: i32> {
    Pixels(i32),
    Text(String),
}

/// The length of a side.
pub(crate) type Side = Length<1>;

/// A width that may be nothing.
pub(crate) type Amount = Length<0>;

/// A shift to either direction.
pub(crate) type Offset = Length<{ -LONGEST }>;

impl<const LEAST: i32> Length<LEAST> {
    /// Pixels; `whole` is 100 %. Rounded half up, and to at least the type's least number.
    pub(crate) fn pixels(&self, field: &str, whole: u32) -> Result<i32, Refusal> {
        let text = match self {
            Length::Pixels(pixels) => return Ok(*pixels),
            Length::Text(text) => text,
        };
        let low = if LEAST < 0 { -MOST_PERCENT } else { 0.0 };
        let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        match percent.filter(|percent| (low..=MOST_PERCENT).contains(percent)) {
            Some(percent) => {
                let exact = f64::from(whole) * percent / 100.0;
                Ok((half_up(exact) as i32).max(LEAST))
            }
            None => Err(Refusal::params(
                field,
                format!("is {text:?}, expected whole pixels or a percentage from {low}% to {MOST_PERCENT}%"),
            )),
        }
    }
}

impl Side {
    /// The length of a side in pixels, at least 1.
    pub(crate) fn side(&self, field: &str, whole: u32) -> Result<u32, Refusal> {
        self.pixels(field, whole).map(i32::unsigned_abs)
    }
}

impl Amount {
    /// A width in pixels.
    pub(crate) fn amount(&self, field: &str, whole: u32) -> Result<u32, Refusal> {
        self.pixels(field, whole).map(i32::unsigned_abs)
    }
}

/// An optional length of a side in pixels.
pub(crate) fn side(length: Option<&Side>, field: &str, whole: u32) -> Result<Option<u32>, Refusal> {
    length.map(|length| length.side(field, whole)).transpose()
}

/// An optional shift in pixels.
pub(crate) fn offset(length: Option<&Offset>, field: &str, whole: u32) -> Result<Option<i32>, Refusal> {
    length.map(|length| length.pixels(field, whole)).transpose()
}

impl<const LEAST: i32> JsonSchema for Length<LEAST> {
    fn schema_name() -> Cow<'static, str> {
        format!("LengthFrom{LEAST}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "integer", "minimum": LEAST, "maximum": LONGEST },
            { "type": "string", "maxLength": 16, "pattern": "^-?[0-9]+(\\.[0-9]+)?%$" },
        ] })
    }
}

/// Width divided by height: `1.5`, `"3:2"`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum Ratio {
    Number(f64),
    Text(String),
}

impl Ratio {
    const LEAST: f64 = 0.001;
    const MOST: f64 = 1000.0;

    /// The quotient.
    pub(crate) fn value(&self) -> Result<f64, Refusal> {
        let text = match self {
            Ratio::Number(number) => return Ok(*number),
            Ratio::Text(text) => text,
        };
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let quotient = match text.split_once(':') {
            Some((width, height)) => number(width).zip(number(height)).map(|(width, height)| width / height),
            None => number(text),
        };
        quotient.filter(|quotient| (Ratio::LEAST..=Ratio::MOST).contains(quotient)).ok_or_else(|| {
            let (least, most) = (Ratio::LEAST, Ratio::MOST);
            Refusal::params(
                "aspect_ratio",
                format!("is {text:?}, expected width:height such as \"16:9\", from {least} to {most}"),
            )
        })
    }
}

impl JsonSchema for Ratio {
    fn schema_name() -> Cow<'static, str> {
        "Ratio".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "number", "minimum": Ratio::LEAST, "maximum": Ratio::MOST },
            { "type": "string", "maxLength": 24, "pattern": "^[0-9.]+(:[0-9.]+)?$" },
        ] })
    }
}

/// A computed length as pixels: rounded half up, at least 1.
pub(crate) fn rounded(exact: f64) -> u32 {
    half_up(exact).max(1.0) as u32
}

/// Rounded half up. What is a half but for the last digits of floating point counts as a half.
fn half_up(exact: f64) -> f64 {
    (exact + 0.5 + 1e-9).floor()
}

/// `length * numerator / denominator`, rounded half up, at least 1. Saturates.
pub(crate) fn scaled(length: u32, numerator: u32, denominator: u32) -> u32 {
    let product = u64::from(length) * u64::from(numerator);
    let denominator = u64::from(denominator.max(1));
    let rounded = (product + denominator / 2) / denominator;
    u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
}

/// Width and height, where one of them may follow from the other by proportions.
pub(crate) fn sides_by_ratio(
    width: Option<u32>,
    height: Option<u32>,
    ratio: Option<&Ratio>,
) -> Result<(Option<u32>, Option<u32>), Refusal> {
    let Some(ratio) = ratio.map(Ratio::value).transpose()? else {
        return Ok((width, height));
    };
    match (width, height) {
        (Some(width), None) => Ok((Some(width), Some(rounded(f64::from(width) / ratio)))),
        (None, Some(height)) => Ok((Some(rounded(f64::from(height) * ratio)), Some(height))),
        (None, None) => Ok((None, None)),
        (Some(_), Some(_)) => Err(Refusal::params(
            "aspect_ratio",
            "is given with width and height, expected at most one of them beside it",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_round_half_up_and_are_at_least_one() {
        assert_eq!(scaled(3000, 800, 4000), 600);
        assert_eq!(scaled(3, 1, 2), 2);
        assert_eq!(scaled(5, 1, 2), 3);
        assert_eq!(scaled(4, 1, 3), 1);
        assert_eq!(scaled(1, 1, 65_535), 1);
        assert_eq!(scaled(u32::MAX, u32::MAX, 1), u32::MAX);
        assert_eq!([rounded(4.5), rounded(4.49), rounded(0.1), rounded(3.0 / (2.0 / 3.0))], [5, 4, 1, 5]);
    }

    #[test]
    fn percentages_are_of_the_whole() {
        let cases = [("50%", 200, 100), ("33.3%", 100, 33), ("0.1%", 100, 1), ("250%", 3, 8)];
        for (text, whole, expected) in cases {
            assert_eq!(Side::Text(text.to_owned()).side("width", whole), Ok(expected), "{text}");
        }
        assert_eq!(Offset::Text("-25%".to_owned()).pixels("x", 10), Ok(-2));
        for text in ["50", "%", "-1%", "nan%", "1e9%", "x%", ""] {
            let refusal = Side::Text(text.to_owned()).side("width", 10).expect_err("a refusal").to_string();
            let expected = format!("width: is {text:?}, expected whole pixels or a percentage from 0% to 10000%");
            assert_eq!(refusal, expected);
        }
    }

    #[test]
    fn proportions_are_quotients() {
        for (text, expected) in [("16:9", 16.0 / 9.0), ("1.5", 1.5), ("3 : 2", 1.5), ("1:1", 1.0)] {
            assert_eq!(Ratio::Text(text.to_owned()).value(), Ok(expected), "{text}");
        }
        for text in ["", "16:", "0:1", "1:0", "a:b", "-1:-1x", "1:2:3", "inf"] {
            assert!(Ratio::Text(text.to_owned()).value().is_err(), "{text}");
        }
    }
}
