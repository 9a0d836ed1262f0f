//! `tint`: tones replaced by colours.

use safelight_kernels as kernels;
use safelight_sdk::{Color, Input, Outcome, PixelFormat, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::COLOURED;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The colours, dark tones first. One colour is that of the middle tones, between black and white.
    #[schemars(length(min = 1, max = 16))]
    colors: Vec<Color>,
    /// Where each colour stands among the tones, from 0 (black) to 1 (white), rising; evenly spaced when empty.
    #[schemars(length(max = 16), inner(range(min = 0.0, max = 1.0)))]
    positions: Vec<f64>,
    /// From 0, the picture as it is, to 1, the colours alone.
    #[schemars(range(min = 0.0, max = 1.0))]
    amount: f64,
    /// Make all tones about equally frequent first.
    equalize: bool,
}

impl Default for Params {
    fn default() -> Self {
        Params { colors: vec![Color::opaque(0xff, 0, 0)], positions: Vec::new(), amount: 0.6, equalize: false }
    }
}

/// Maps luma onto a scale of colours and mixes the result with the picture; alpha stays.
pub(crate) struct Tint;

impl Transform for Tint {
    const NAME: &'static str = "tint";
    const SUMMARY: &'static str = "Replaces tones by a scale of colours.";
    const FORMATS: &'static [PixelFormat] = COLOURED;
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        let Params { colors, positions, .. } = params;
        if !positions.is_empty() && positions.len() != colors.len() {
            let message =
                format!("has {} entries, expected as many as colors, {}, or none", positions.len(), colors.len());
            return Err(Refusal::params("positions", message));
        }
        if !positions.is_sorted_by(|a, b| a < b) {
            return Err(Refusal::params(
                "positions",
                "has numbers that do not rise, expected each above the one before",
            ));
        }
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let channels = image.format.bytes();
        let stops = stops(params);
        let level = if params.equalize {
            kernels::equalize(&kernels::luma_histogram(&image.pixels, channels))
        } else {
            kernels::table(|value| value)
        };
        let share = params.amount as f32;
        kernels::map_colors(&mut image.pixels, channels, |color| {
            let luma: f32 = color.iter().zip(kernels::LUMA).map(|(value, weight)| value * weight as f32).sum();
            let tone = f32::from(level[(luma * 255.0).round().clamp(0.0, 255.0) as usize]) / 255.0;
            let target = scale(&stops, tone);
            std::array::from_fn(|channel| color[channel] + (target[channel] - color[channel]) * share)
        });
        Ok(image.into())
    }
}

/// Tones with their colours, in 0..1, from black to white.
fn stops(params: &Params) -> Vec<(f32, [f32; 3])> {
    let color = |color: &Color| std::array::from_fn(|channel| f32::from(color.rgba[channel]) / 255.0);
    if let [only] = params.colors.as_slice() {
        let place = params.positions.first().map_or(0.5, |place| *place as f32);
        return vec![(0.0, [0.0; 3]), (place.clamp(0.01, 0.99), color(only)), (1.0, [1.0; 3])];
    }
    let last = (params.colors.len() - 1) as f32;
    let place = |index: usize| params.positions.get(index).map_or(index as f32 / last, |place| *place as f32);
    params.colors.iter().enumerate().map(|(index, one)| (place(index), color(one))).collect()
}

fn scale(stops: &[(f32, [f32; 3])], tone: f32) -> [f32; 3] {
    let Some(after) = stops.iter().position(|(place, _)| *place >= tone) else { return stops[stops.len() - 1].1 };
    if after == 0 {
        return stops[0].1;
    }
    let ((low, first), (high, second)) = (stops[after - 1], stops[after]);
    let share = (tone - low) / (high - low);
    std::array::from_fn(|channel| first[channel] + (second[channel] - first[channel]) * share)
}
