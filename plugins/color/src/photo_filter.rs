//! `photo_filter`: looks of films and processes.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, PixelFormat, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::COLOURED;

/// The looks.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Look {
    /// Warm lights, faded shadows.
    Vintage,
    /// Strong contrast and colours, greenish shadows, yellowish lights: slide film in the wrong bath.
    Xpro,
    /// Strong contrast and colours, dark shadows.
    Lomo,
    /// Warm and low in contrast.
    Celsius,
    /// Golden lights, brownish shadows.
    Savannah,
    /// Cool shadows, creamy lights.
    Stackhouse,
}

/// What makes a look.
struct Recipe {
    saturation: f64,
    /// Points of the curves of red, green and blue.
    curves: [&'static [[f64; 2]]; 3],
}

impl Look {
    fn recipe(self) -> Recipe {
        match self {
            Look::Vintage => Recipe {
                saturation: 0.75,
                curves: [
                    &[[0.0, 0.12], [0.5, 0.58], [1.0, 0.98]],
                    &[[0.0, 0.08], [0.5, 0.52], [1.0, 0.93]],
                    &[[0.0, 0.16], [0.5, 0.46], [1.0, 0.78]],
                ],
            },
            Look::Xpro => Recipe {
                saturation: 1.25,
                curves: [
                    &[[0.0, 0.0], [0.25, 0.15], [0.75, 0.86], [1.0, 1.0]],
                    &[[0.0, 0.0], [0.25, 0.22], [0.75, 0.83], [1.0, 0.98]],
                    &[[0.0, 0.13], [0.5, 0.5], [1.0, 0.85]],
                ],
            },
            Look::Lomo => Recipe {
                saturation: 1.35,
                curves: [
                    &[[0.0, 0.0], [0.25, 0.14], [0.75, 0.88], [1.0, 1.0]],
                    &[[0.0, 0.0], [0.25, 0.16], [0.75, 0.86], [1.0, 1.0]],
                    &[[0.0, 0.02], [0.25, 0.2], [0.75, 0.78], [1.0, 0.96]],
                ],
            },
            Look::Celsius => Recipe {
                saturation: 0.9,
                curves: [
                    &[[0.0, 0.08], [0.5, 0.6], [1.0, 1.0]],
                    &[[0.0, 0.04], [0.5, 0.5], [1.0, 0.94]],
                    &[[0.0, 0.06], [0.5, 0.4], [1.0, 0.82]],
                ],
            },
            Look::Savannah => Recipe {
                saturation: 0.95,
                curves: [
                    &[[0.0, 0.06], [0.5, 0.62], [1.0, 1.0]],
                    &[[0.0, 0.03], [0.5, 0.53], [1.0, 0.92]],
                    &[[0.0, 0.0], [0.5, 0.36], [1.0, 0.68]],
                ],
            },
            Look::Stackhouse => Recipe {
                saturation: 0.85,
                curves: [
                    &[[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]],
                    &[[0.0, 0.05], [0.5, 0.53], [1.0, 0.97]],
                    &[[0.0, 0.15], [0.5, 0.55], [1.0, 0.87]],
                ],
            },
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Which look.
    look: Look,
    /// From 0, the picture as it is, to 1, all of the look.
    #[schemars(range(min = 0.0, max = 1.0))]
    amount: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { look: Look::Vintage, amount: 1.0 }
    }
}

/// Each look is a recipe of our own: a saturation, then a curve for each channel. They carry the names of looks that people know and
/// are no copies of them. Alpha stays.
pub(crate) struct PhotoFilter;

impl Transform for PhotoFilter {
    const NAME: &'static str = "photo_filter";
    const SUMMARY: &'static str = "Gives the picture the look of a film or a process.";
    const FORMATS: &'static [PixelFormat] = COLOURED;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let mut image = input.image;
        let Recipe { saturation, curves } = params.look.recipe();
        let share = params.amount;
        let channels = image.format.bytes();
        kernels::apply_matrix(
            &mut image.pixels,
            channels,
            &kernels::saturation_matrix(1.0 + (saturation - 1.0) * share),
        );
        let same = kernels::table(|value| value);
        let tables = curves.map(|points| kernels::mix(&same, &kernels::curve(points), share));
        kernels::apply_tables(&mut image.pixels, channels, &tables);
        Ok(image.into())
    }
}
