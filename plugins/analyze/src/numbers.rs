//! Numbers as they are written.

/// Rounded to four decimals: shares and scores.
pub(crate) fn share(value: f64) -> f64 {
    rounded(value, 1e4)
}

/// Rounded to six decimals, so that the last digits of a processor's mathematics do not show.
pub(crate) fn exact(value: f64) -> f64 {
    rounded(value, 1e6)
}

/// Rounded to a tenth: places between pixels, percentages.
pub(crate) fn tenth(value: f64) -> f64 {
    rounded(value, 10.0)
}

fn rounded(value: f64, parts: f64) -> f64 {
    // A negative zero would be written as such.
    (value * parts).round() / parts + 0.0
}

/// 0 at `from`, 1 at `to`, straight between and flat beyond.
pub(crate) fn ramp(value: f64, from: f64, to: f64) -> f64 {
    ((value - from) / (to - from)).clamp(0.0, 1.0)
}
