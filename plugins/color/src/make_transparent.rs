//! `make_transparent`: one colour taken out.

use safelight_sdk::{Color, Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The colour to take out; when absent, that of the top left corner.
    color: Option<Color>,
    /// How far from it colours are still taken out: 0 that colour alone, 1 every colour.
    #[schemars(range(min = 0.0, max = 1.0))]
    tolerance: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { color: None, tolerance: 0.1 }
    }
}

/// Pixels near the colour become invisible, those a little farther half transparent, so that edges stay smooth. Distance is the
/// largest difference of a channel as a fraction of the range; the soft part is as wide as half of the tolerance.
pub(crate) struct MakeTransparent;

impl Transform for MakeTransparent {
    const NAME: &'static str = "make_transparent";
    const SUMMARY: &'static str = "Makes a colour transparent.";
    const FORMATS: &'static [PixelFormat] = &[PixelFormat::Rgba8];
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let corner = [image.pixels[0], image.pixels[1], image.pixels[2]];
        let target = params.color.map_or(corner, |color| [color.rgba[0], color.rgba[1], color.rgba[2]]);
        let reach = (params.tolerance * 255.0) as f32;
        let soft = (reach / 2.0).max(0.5);
        for pixel in image.pixels.as_chunks_mut::<4>().0 {
            let far = (0..3).map(|channel| pixel[channel].abs_diff(target[channel])).max().unwrap_or(0);
            let keep = ((f32::from(far) - reach) / soft).clamp(0.0, 1.0);
            pixel[3] = (f32::from(pixel[3]) * keep).round() as u8;
        }
        Ok(image.into())
    }
}
