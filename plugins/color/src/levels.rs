//! `levels`: black point, white point and gamma.

use safelight_kernels as kernels;
use safelight_sdk::{Input, Outcome, Planned, Refusal, Size, Transform};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Channel, with_channel};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The channels to change; `all` are those of colour.
    channel: Channel,
    /// Values up to this one become black; a fraction of the range.
    #[schemars(range(min = 0.0, max = 1.0))]
    black: f64,
    /// Values from this one on become white; a fraction of the range, above `black`.
    #[schemars(range(min = 0.0, max = 1.0))]
    white: f64,
    /// Above 1 the middle tones become lighter, below 1 darker.
    #[schemars(range(min = 0.1, max = 10.0))]
    gamma: f64,
    /// Do the opposite: black becomes `black`, white becomes `white`, contrast is lost.
    inverse: bool,
}

impl Default for Params {
    fn default() -> Self {
        Params { channel: Channel::All, black: 0.0, white: 1.0, gamma: 1.0, inverse: false }
    }
}

/// Spreads `black..white` over the whole range, then raises to `1 / gamma`; the `inverse` presses the whole range into
/// `black..white`, after the gamma. The reckoning of `-level` and `+level` in ImageMagick.
pub(crate) struct Levels;

impl Transform for Levels {
    const NAME: &'static str = "levels";
    const SUMMARY: &'static str = "Sets black point, white point and gamma.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        if params.white <= params.black {
            let message = format!("is {}, expected more than black, {}", params.white, params.black);
            return Err(Refusal::params("white", message));
        }
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let Params { channel, black, white, gamma, inverse } = *params;
        let range = white - black;
        let table = kernels::table(|value| {
            if inverse {
                black + value.powf(1.0 / gamma) * range
            } else {
                ((value - black) / range).clamp(0.0, 1.0).powf(1.0 / gamma)
            }
        });
        Ok(with_channel(input.image, channel, &table).into())
    }
}
