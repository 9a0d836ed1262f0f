//! Calls of transforms.

use safelight_sdk::raw::safelight::plugin::types::Call;
use safelight_sdk::{Image, Outcome, Planned, Refusal, Size, View};
use serde_json::Value;

use crate::plugins::find;

/// Runs a transform on a picture, after planning it, as the host does.
///
/// # Panics
/// When it refuses, or makes no picture.
#[track_caller]
pub fn run(transform: &str, params: Value, image: &Image) -> Image {
    run_with(transform, params, Some(image), &[]).image
}

/// The same with no picture (for transforms that generate one) or with further pictures (for those
/// that compose several).
///
/// # Panics
/// When it refuses.
#[track_caller]
pub fn run_with(transform: &str, params: Value, image: Option<&Image>, images: &[Image]) -> Outcome {
    match try_run(transform, &params, image, images) {
        Ok(outcome) => outcome,
        Err(refusal) => panic!("{transform} {params}: {refusal}"),
    }
}

/// What an `analyze` transform finds in a picture.
///
/// # Panics
/// When it refuses, or finds nothing at all.
#[track_caller]
pub fn analyze(transform: &str, params: Value, image: &Image, images: &[Image]) -> Value {
    let data = run_with(transform, params, Some(image), images).data;
    let text = data.unwrap_or_else(|| panic!("{transform} found no data"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{transform} found what is not JSON: {error}: {text}"))
}

/// Plans, runs and compares the result's size with the plan's.
///
/// # Errors
/// What the transform refuses.
///
/// # Panics
/// When the transform breaks its promise: another size than planned, or no result.
pub fn try_run(transform: &str, params: &Value, image: Option<&Image>, images: &[Image]) -> Result<Outcome, Refusal> {
    let plugin = find(transform);
    let size = image.map_or(Size::new(0, 0), Image::size);
    let planned = plan(transform, params, size, images)?;
    let calls = vec![call(transform, params, images)];
    let outcome = plugin.apply(calls, image.cloned(), View::whole(size)).map_err(|error| error.reason)?;
    let data = outcome.data.into_iter().next().flatten();
    // An analyze transform gives no picture back, as the host has it already.
    let made = outcome.image.or_else(|| image.cloned());
    let made = made.unwrap_or_else(|| panic!("{transform} {params} made no picture"));
    if let Some(promised) = planned.output {
        assert_eq!(made.size(), promised, "{transform} {params}: size made against size planned");
    }
    let bytes = made.width as usize * made.height as usize * made.format.bytes();
    assert_eq!(made.pixels.len(), bytes, "{transform} {params}: bytes of the result");
    Ok(Outcome { image: made, data })
}

/// What a transform says it would do.
///
/// # Errors
/// What it refuses.
pub fn plan(transform: &str, params: &Value, size: Size, images: &[Image]) -> Result<Planned, Refusal> {
    find(transform).plan(&call(transform, params, images), size).map_err(|error| error.reason)
}

fn call(transform: &str, params: &Value, images: &[Image]) -> Call {
    Call { transform: transform.to_owned(), params: params.to_string(), images: images.to_vec() }
}
