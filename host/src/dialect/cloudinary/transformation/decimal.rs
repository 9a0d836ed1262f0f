//! Exact decimal numbers, printed as they were written.

use std::fmt;

use super::Expected;

/// Digits of a number, at most; so that every number is exact as a 64-bit integer.
const MAX_DIGITS: usize = 15;

/// A decimal number that remembers its number of decimals: `1`, `1.0` and `1.00` are different
/// texts, and `w_1` (one pixel) is not `w_1.0` (the full width).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Decimal {
    /// The digits as one whole number.
    mantissa: i64,
    /// How many of them stand behind the point.
    decimals: u8,
}

impl Decimal {
    /// A whole number.
    pub const fn whole(value: i64) -> Self {
        Self { mantissa: value, decimals: 0 }
    }

    /// `mantissa` with that many of its digits behind the point; none when it has too many digits.
    pub fn new(mantissa: i64, decimals: u8) -> Option<Self> {
        let digits = mantissa.unsigned_abs().to_string().len().max(usize::from(decimals) + 1);
        (digits <= MAX_DIGITS).then_some(Self { mantissa, decimals })
    }

    /// Reads `-12.50`. A digit on either side of the point may be left out on the left only.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
        let fraction = match fraction {
            Some("") => return None,
            Some(fraction) => fraction,
            None if whole.is_empty() => return None,
            None => "",
        };
        let all_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        if !all_digits || whole.len() + fraction.len() > MAX_DIGITS {
            return None;
        }
        let mantissa: i64 = format!("{whole}{fraction}").parse().ok()?;
        let mantissa = if negative { -mantissa } else { mantissa };
        Some(Self { mantissa, decimals: fraction.len() as u8 })
    }

    /// The nearest decimal with at most `decimals` digits behind the point, without trailing zeros;
    /// none when the value is not finite or too large.
    pub fn nearest(value: f64, decimals: u8) -> Option<Self> {
        let text = format!("{value:.*}", usize::from(decimals));
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        Self::parse(text)
    }

    /// The value.
    pub fn value(self) -> f64 {
        self.mantissa as f64 / 10_f64.powi(i32::from(self.decimals))
    }

    /// Whether it was written with a point, which makes sizes fractions of the input.
    pub fn has_point(self) -> bool {
        self.decimals > 0
    }

    /// The value when it is written without a point.
    pub fn as_whole(self) -> Option<i64> {
        (self.decimals == 0).then_some(self.mantissa)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mantissa < 0 {
            f.write_str("-")?;
        }
        let digits = format!("{:0>1$}", self.mantissa.unsigned_abs(), usize::from(self.decimals) + 1);
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(self.decimals));
        f.write_str(whole)?;
        if fraction.is_empty() { Ok(()) } else { write!(f, ".{fraction}") }
    }
}

/// Reads a decimal or says that one was expected.
pub(super) fn decimal(text: &str) -> Result<Decimal, Expected> {
    Decimal::parse(text).ok_or(Expected::new("a number"))
}

/// Reads a whole number within a range.
pub(super) fn whole(text: &str, range: std::ops::RangeInclusive<i64>) -> Result<i64, Expected> {
    Decimal::parse(text)
        .and_then(Decimal::as_whole)
        .filter(|value| range.contains(value))
        .ok_or_else(|| Expected::new(format!("a whole number from {} to {}", range.start(), range.end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_print_as_written() {
        for text in ["0", "1", "-1", "1.0", "1.00", "0.05", "-0.5", "100.1", "123456789012345", "0.00"] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Decimal::parse(".5").unwrap().to_string(), "0.5");
        assert_eq!(Decimal::parse("007").unwrap().to_string(), "7");
        assert_eq!(Decimal::parse("-0").unwrap().to_string(), "0");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "1.", "1..2", "1.2.3", "+1", "1e3", "1234567890123456", "٣", "--1", "1-"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn values_are_rounded_to_the_nearest_decimal() {
        let check = |value: f64, expected: Option<&str>| {
            let text = Decimal::nearest(value, 4).map(|decimal| decimal.to_string());
            assert_eq!(text.as_deref(), expected, "{value}");
        };
        check(100.0, Some("100"));
        check(2.0 / 3.0, Some("0.6667"));
        check(-1.5, Some("-1.5"));
        check(f64::INFINITY, None);
        check(f64::NAN, None);
        check(1e20, None);
        assert_eq!(Decimal::nearest(120.4, 0).unwrap().to_string(), "120");
        assert_eq!(Decimal::new(5, 2).unwrap().to_string(), "0.05");
        assert_eq!(Decimal::new(i64::MIN, 0), None);
    }
}
