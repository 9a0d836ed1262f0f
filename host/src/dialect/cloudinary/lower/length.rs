//! Lengths as the transforms take them: whole pixels, or percent.

use serde_json::{Value, json};

use super::super::{
    geometry::Length,
    transformation::{Component, Key, Param},
};

/// The longest length that a transform takes.
const LONGEST: f64 = 65_535.0;

/// The length of a side times a factor.
pub(super) fn side(length: Length, factor: f64) -> Value {
    match length {
        Length::Pixels(pixels) => json!((pixels * factor).round().clamp(1.0, LONGEST) as u32),
        Length::Fraction(fraction) => percent(fraction * factor),
    }
}

/// A shift to either side.
pub(super) fn shift(length: Length) -> Value {
    match length {
        Length::Pixels(pixels) => json!(pixels.round().clamp(-LONGEST, LONGEST) as i32),
        Length::Fraction(fraction) => percent(fraction),
    }
}

fn percent(fraction: f64) -> Value {
    json!(format!("{}%", (fraction * 1e6).round() / 1e4))
}

/// `x` or `y` of a component; a fraction when it is written with a point.
pub(super) fn offset(component: &Component, key: Key) -> Option<Length> {
    match component.param(key)? {
        Param::X(value) | Param::Y(value) => {
            let number = value.as_number()?;
            Some(if number.has_point() { Length::Fraction(number.value()) } else { Length::Pixels(number.value()) })
        }
        _ => None,
    }
}
