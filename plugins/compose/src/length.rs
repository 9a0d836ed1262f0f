//! Lengths in pixels or percent, as parameters.

use std::borrow::Cow;

use safelight_sdk::Refusal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The longest length in pixels.
const LONGEST: i32 = 65_535;

/// The largest percentage: ten thousand, a hundred times the length that it is of.
const MOST_PERCENT: f64 = 10_000.0;

/// Whole pixels, at least `LEAST`, or a percentage of a length that is known later: `300`, `"50%"`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum Length<const LEAST: i32> {
    Pixels(i32),
    Percent(String),
}

/// The length of a side, at least 1.
pub(crate) type Side = Length<1>;

/// A shift, which may be negative.
pub(crate) type Offset = Length<{ -LONGEST }>;

impl<const LEAST: i32> Length<LEAST> {
    pub(crate) const ZERO: Self = Length::Pixels(0);

    /// In pixels, where `whole` is 100 %: rounded half up, at least `LEAST`.
    pub(crate) fn of(&self, field: &str, whole: u32) -> Result<i64, Refusal> {
        let text = match self {
            Length::Pixels(pixels) => return Ok(i64::from(*pixels)),
            Length::Percent(text) => text,
        };
        let least = if LEAST < 0 { -MOST_PERCENT } else { 0.0 };
        let percent = text.strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
        let Some(percent) = percent.filter(|percent| (least..=MOST_PERCENT).contains(percent)) else {
            let message =
                format!("is {text:?}, expected whole pixels or a percentage from \"{least}%\" to \"{MOST_PERCENT}%\"");
            return Err(Refusal::params(field, message));
        };
        let exact = f64::from(whole) * percent / 100.0;
        // What is a half but for the last digits counts as a half.
        Ok(((exact + 0.5 + 1e-9).floor() as i64).max(i64::from(LEAST)))
    }
}

impl<const LEAST: i32> JsonSchema for Length<LEAST> {
    fn schema_name() -> Cow<'static, str> {
        format!("Length{LEAST}").into()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_of_the_whole_and_round_half_up() {
        let percent = |text: &str| Length::<-9>::Percent(text.to_owned()).of("x", 10);
        assert_eq!(percent("50%"), Ok(5));
        assert_eq!(percent("25%"), Ok(3));
        assert_eq!(percent("-25%"), Ok(-2));
        assert_eq!(percent("10000%"), Ok(1000));
        assert_eq!(Side::Percent("0.1%".to_owned()).of("width", 10), Ok(1));
        assert_eq!(Offset::Pixels(-7).of("x", 10), Ok(-7));
        for text in ["", "%", "50", "x%", "nan%", "10001%", "-10001%"] {
            let refusal = percent(text).expect_err("a refusal").to_string();
            let expected =
                format!("x: is {text:?}, expected whole pixels or a percentage from \"-10000%\" to \"10000%\"");
            assert_eq!(refusal, expected);
        }
        assert!(Side::Percent("-1%".to_owned()).of("width", 10).is_err());
    }
}
