//! `replace_color`: one colour for another.

use safelight_kernels as kernels;
use safelight_sdk::{Color, Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::COLOURED;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The colour to put in.
    to: Color,
    /// The colour to replace; when absent, the one that most of the picture has.
    from: Option<Color>,
    /// How far from it colours are replaced too: 0 that colour alone, 1 all.
    #[schemars(range(min = 0.0, max = 1.0))]
    tolerance: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { to: Color::opaque(0xff, 0, 0), from: None, tolerance: 0.2 }
    }
}

/// Works in Oklab: the difference between the two colours is added to every colour near the first one, less and less towards the
/// end of the tolerance, so that shading and texture stay. Alpha stays.
pub(crate) struct ReplaceColor;

impl Transform for ReplaceColor {
    const NAME: &'static str = "replace_color";
    const SUMMARY: &'static str = "Replaces a colour and its shades by another.";
    const FORMATS: &'static [PixelFormat] = COLOURED;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let channels = image.format.bytes();
        let unit = |rgba: [u8; 4]| std::array::from_fn::<f32, 3, _>(|channel| f32::from(rgba[channel]) / 255.0);
        let from = kernels::to_oklab(match params.from {
            Some(color) => unit(color.rgba),
            None => commonest(&image.pixels, channels),
        });
        let to = kernels::to_oklab(unit(params.to.rgba));
        let reach = (params.tolerance as f32).max(1.0 / 512.0);
        kernels::map_colors(&mut image.pixels, channels, |color| {
            let lab = kernels::to_oklab(color);
            // Shades differ in lightness more than in the two others.
            let far = ((lab[0] - from[0]) * 0.5).hypot(lab[1] - from[1]).hypot(lab[2] - from[2]);
            let share = ((1.0 - far / reach) * 2.0).clamp(0.0, 1.0);
            if share == 0.0 {
                return color;
            }
            kernels::from_oklab(std::array::from_fn(|part| lab[part] + (to[part] - from[part]) * share))
        });
        Ok(image.into())
    }
}

/// The middle of the commonest cell of 16 x 16 x 16 colours, in 0..1.
fn commonest(pixels: &[u8], channels: usize) -> [f32; 3] {
    let mut counts = vec![0_u32; 4096];
    for pixel in pixels.chunks_exact(channels) {
        if channels == 3 || pixel[3] > 0 {
            let part = |channel: usize| usize::from(pixel[channel] >> 4);
            counts[part(0) << 8 | part(1) << 4 | part(2)] += 1;
        }
    }
    let most = (0..4096).max_by_key(|&cell| (counts[cell], std::cmp::Reverse(cell))).unwrap_or(0);
    [most >> 8, most >> 4 & 15, most & 15].map(|part| (part as f32 * 16.0 + 7.5) / 255.0)
}
