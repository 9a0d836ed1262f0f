//! Lengths in pixels or percent, as parameters.

use std::borrow::Cow;

use safelight_sdk::Refusal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The longest length in pixels, as a number of either sign.
const LONGEST: i32 = 65_535;

/// The largest percentage: a hundred times the length that it is taken of.
const MOST_PERCENT: f64 = 10_000.0;

/// A number of pixels, or a percentage of a length of the picture: `300`, `2.5`, `"50%"`. `LEAST` is the least
/// number of pixels.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum Length<const LEAST: i32> {
    Pixels(f64),
    Text(String),
}

/// A length from 0 on.
pub(crate) type Amount = Length<0>;

/// A length of either sign.
pub(crate) type Offset = Length<{ -LONGEST }>;

impl<const LEAST: i32> Length<LEAST> {
    /// All of a side.
    pub(crate) fn all() -> Self {
        Length::Text("100%".to_owned())
    }

    /// Pixels; `whole` is 100 %.
    pub(crate) fn pixels(&self, field: &str, whole: u32) -> Result<f64, Refusal> {
        let text = match self {
            Length::Pixels(pixels) => return Ok(*pixels),
            Length::Text(text) => text,
        };
        let low = if LEAST < 0 { -MOST_PERCENT } else { 0.0 };
        let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        match percent.filter(|percent| (low..=MOST_PERCENT).contains(percent)) {
            Some(percent) => Ok(f64::from(whole) * percent / 100.0),
            None => Err(Refusal::params(
                field,
                format!("is {text:?}, expected pixels or a percentage from {low}% to {MOST_PERCENT}%"),
            )),
        }
    }
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
            { "type": "number", "minimum": LEAST, "maximum": LONGEST },
            { "type": "string", "maxLength": 16, "pattern": "^-?[0-9]+(\\.[0-9]+)?%$" },
        ] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_of_the_whole() {
        for (text, whole, expected) in [("50%", 200, 100.0), ("0.5 %", 200, 1.0), ("250%", 3, 7.5)] {
            assert_eq!(Amount::Text(text.to_owned()).pixels("x", whole), Ok(expected), "{text}");
        }
        assert_eq!(Offset::Text("-25%".to_owned()).pixels("x", 10), Ok(-2.5));
        assert_eq!(Offset::Pixels(2.5).pixels("x", 10), Ok(2.5));
        for text in ["50", "%", "-1%", "nan%", "1e9%", "x%", ""] {
            let refusal = Amount::Text(text.to_owned()).pixels("width", 10).expect_err("a refusal").to_string();
            let expected = format!("width: is {text:?}, expected pixels or a percentage from 0% to 10000%");
            assert_eq!(refusal, expected);
        }
    }
}
