//! `color_blind`: as seen by people who see fewer colours.

use safelight_kernels as kernels;
use safelight_sdk::{Image, Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::COLOURED;

/// Kinds of colour blindness.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// No green cones.
    Deuteranopia,
    /// Weak green cones.
    Deuteranomaly,
    /// No red cones.
    Protanopia,
    /// Weak red cones.
    Protanomaly,
    /// No blue cones.
    Tritanopia,
    /// Weak blue cones.
    Tritanomaly,
    /// One kind of cones alone.
    ConeMonochromacy,
    /// Rods alone: no colours, light as it looks at night.
    RodMonochromacy,
}

type Rows = [[f32; 3]; 3];

impl Kind {
    /// Linear red, green and blue to what is seen.
    fn matrix(self) -> Rows {
        const DEUTERANOPIA: Rows = [[0.292_75, 0.707_25, 0.0], [0.292_75, 0.707_25, 0.0], [-0.022_34, 0.022_34, 1.0]];
        const PROTANOPIA: Rows = [[0.112_38, 0.887_62, 0.0], [0.112_38, 0.887_62, 0.0], [0.004_01, -0.004_01, 1.0]];
        const TRITANOPIA: Rows = [[1.0, 0.145_4, -0.145_4], [0.0, 0.859_6, 0.140_4], [0.0, 0.859_6, 0.140_4]];
        const LUMA: [f32; 3] = [0.212_6, 0.715_2, 0.072_2];
        /// The eye's sensitivity in the dark (CIE 1951) for the primaries of sRGB, scaled to a sum of 1.
        const NIGHT: [f32; 3] = [0.045, 0.59, 0.365];
        let half = |full: Rows| {
            std::array::from_fn(|row| {
                std::array::from_fn(|part| 0.5 * full[row][part] + if row == part { 0.5 } else { 0.0 })
            })
        };
        match self {
            Kind::Deuteranopia => DEUTERANOPIA,
            Kind::Deuteranomaly => half(DEUTERANOPIA),
            Kind::Protanopia => PROTANOPIA,
            Kind::Protanomaly => half(PROTANOPIA),
            Kind::Tritanopia => TRITANOPIA,
            Kind::Tritanomaly => half(TRITANOPIA),
            Kind::ConeMonochromacy => [LUMA; 3],
            Kind::RodMonochromacy => [NIGHT; 3],
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Which kind.
    kind: Kind,
    /// Move what cannot be told apart into what can (daltonize) instead of showing what is seen.
    assist: bool,
    /// With assist: slanting stripes on the colours that are taken for others, instead of moved colours. From 0, none and
    /// moved colours, to 1, down to black where nothing of the difference is seen.
    #[schemars(range(min = 0.0, max = 1.0))]
    stripes: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { kind: Kind::Deuteranopia, assist: false, stripes: 0.0 }
    }
}

/// Simulates in linear light with the matrices of H. Brettel, F. Vienot and J. Mollon as reduced to one matrix each by F. Vienot,
/// H. Brettel and J. Mollon, Digital video colourmaps for checking the legibility of displays by dichromats (1999), and for the
/// weaker kinds half of the way to them. `assist` adds the lost difference to the other channels (R. Dougherty and A. Wade,
/// Daltonize), or darkens stripes of 4 pixels where the colour is redder (bluer, for the blind to
/// blue) than it is seen. Alpha stays.
pub(crate) struct ColorBlind;

impl Transform for ColorBlind {
    const NAME: &'static str = "color_blind";
    const SUMMARY: &'static str = "Shows what colour-blind people see, or helps them.";
    const FORMATS: &'static [PixelFormat] = COLOURED;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let Params { kind, assist, stripes } = *params;
        let matrix = kind.matrix();
        if assist && stripes > 0.0 {
            striped(&mut image, kind, stripes as f32);
            return Ok(image.into());
        }
        kernels::map_colors(&mut image.pixels, image.format.bytes(), |color| {
            let light = color.map(kernels::linear);
            let seen: [f32; 3] = std::array::from_fn(|row| (0..3).map(|part| matrix[row][part] * light[part]).sum());
            let shown = if assist {
                let lost: [f32; 3] = std::array::from_fn(|part| light[part] - seen[part]);
                [light[0], light[1] + 0.7 * lost[0] + lost[1], light[2] + 0.7 * lost[0] + lost[2]]
            } else {
                seen
            };
            shown.map(|value| kernels::encoded(value.clamp(0.0, 1.0)))
        });
        Ok(image.into())
    }
}

/// Darkens every other stripe where a colour has more of what its kin is blind to than is seen, by how much more.
fn striped(image: &mut Image, kind: Kind, strength: f32) {
    let channel = if matches!(kind, Kind::Tritanopia | Kind::Tritanomaly) { 2 } else { 0 };
    let row = kind.matrix()[channel];
    let light: [f32; 256] = std::array::from_fn(|value| kernels::linear(value as f32 / 255.0));
    let (width, bytes) = (image.width as usize, image.format.bytes());
    for (y, line) in image.pixels.chunks_exact_mut(width * bytes).enumerate() {
        for (x, pixel) in line.chunks_exact_mut(bytes).enumerate() {
            if (x + y) % 8 < 4 {
                continue;
            }
            let seen: f32 = (0..3).map(|part| row[part] * light[usize::from(pixel[part])]).sum();
            let lost = f32::from(pixel[channel]) / 255.0 - kernels::encoded(seen.clamp(0.0, 1.0));
            let left = 1.0 - strength * (lost * 2.0).clamp(0.0, 1.0);
            pixel[..3].iter_mut().for_each(|value| *value = (f32::from(*value) * left).round() as u8);
        }
    }
}
