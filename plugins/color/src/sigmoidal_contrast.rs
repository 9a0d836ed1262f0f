//! `sigmoidal_contrast`: contrast without hard ends.

use safelight_sdk::{Input, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::with_curve;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How much: 0 leaves the picture as it is, 3 is usual, 20 is nearly two values. Below 0 contrast is lost.
    #[schemars(range(min = -20.0, max = 20.0))]
    amount: f64,
    /// The tone that stays as it is, a fraction of the range.
    #[schemars(range(min = 0.0, max = 1.0))]
    midpoint: f64,
}

impl Default for Params {
    fn default() -> Self {
        Params { amount: 3.0, midpoint: 0.5 }
    }
}

/// Changes contrast along a logistic curve scaled to pass black and white, so that neither end is cut off; the formula of
/// `-sigmoidal-contrast` in ImageMagick. A negative amount is the inverse curve.
pub(crate) struct SigmoidalContrast;

impl Transform for SigmoidalContrast {
    const NAME: &'static str = "sigmoidal_contrast";
    const SUMMARY: &'static str = "Changes contrast without cutting off lights and shadows.";
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let Params { amount, midpoint } = *params;
        let strength = amount.abs();
        if strength < 1e-3 {
            return Ok(input.image.into());
        }
        let logistic = |x: f64| 1.0 / (1.0 + (strength * (midpoint - x)).exp());
        let (low, high) = (logistic(0.0), logistic(1.0));
        let made = if amount > 0.0 {
            with_curve(input.image, |value| (logistic(value) - low) / (high - low))
        } else {
            with_curve(input.image, |value| {
                let inner = (low + value * (high - low)).clamp(1e-12, 1.0 - 1e-12);
                midpoint - ((1.0 - inner) / inner).ln() / strength
            })
        };
        Ok(made.into())
    }
}
