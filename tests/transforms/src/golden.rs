//! Results that were looked at once and then kept.

use std::{env, fs, path::PathBuf};

use safelight_sdk::Image;
use serde_json::Value;

use crate::compare::{Tolerance, compare, difference};
use crate::files::{read_png, write_png};

/// The environment variable that makes golden files of what comes out.
const ACCEPT: &str = "SAFELIGHT_ACCEPT";

/// Native code chooses its instructions by the processor, and sums in floating point may then round
/// to the other side.
const TOLERANCE: Tolerance = Tolerance::max(2).mean(0.05);

/// A golden file has at most so many pixels on its long side: they are kept in the repository.
const LONGEST_PX: u32 = 128;

/// Fails unless the picture is as `golden/<transform>/<case>.png`, within 2 levels (0.05 in the mean).
/// With `SAFELIGHT_ACCEPT=1` the file is written instead.
///
/// # Panics
/// When the picture differs, or there is no file.
#[track_caller]
pub fn golden(transform: &str, case: &str, image: &Image) {
    let path = path(transform, &format!("{case}.png"));
    assert!(image.width.max(image.height) <= LONGEST_PX, "{transform} {case}: {} px is too large", image.size());
    if accepts() {
        let as_before = path.exists() && {
            let before = read_png(&path);
            before.size() == image.size()
                && before.format == image.format
                && difference(image, &before, TOLERANCE).max == 0
        };
        if !as_before {
            write_png(&path, image);
        }
        return;
    }
    assert!(path.exists(), "{} is missing: look at the result, then set {ACCEPT}=1", path.display());
    let expected = read_png(&path);
    assert_eq!(image.format, expected.format, "{transform} {case}: pixel format");
    compare(&format!("golden-{transform}-{case}"), image, &expected, TOLERANCE);
}

/// The same for data: `golden/<transform>/<case>.json`. Numbers may differ by a thousandth.
///
/// # Panics
/// When the data differ, or there is no file.
#[track_caller]
pub fn golden_data(transform: &str, case: &str, data: &Value) {
    let path = path(transform, &format!("{case}.json"));
    if accepts() {
        fs::write(&path, format!("{data:#}\n")).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return;
    }
    let text = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}: look at the result, then set {ACCEPT}=1", path.display()));
    let expected: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(alike(data, &expected), "{transform} {case}: found {data:#}\nexpected {expected:#}");
}

/// Whether two values are the same but for a thousandth in numbers.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap_or(f64::NAN), other.as_f64().unwrap_or(f64::NAN));
            (one - other).abs() <= 1e-3 * one.abs().max(other.abs()).max(1.0)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| alike(one, other)))
        }
        _ => one == other,
    }
}

fn accepts() -> bool {
    env::var_os(ACCEPT).is_some_and(|value| value == "1")
}

fn path(transform: &str, file: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(transform);
    if accepts() {
        fs::create_dir_all(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    }
    dir.join(file)
}
