//! `curves`: any tone curve.

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
    /// Points of the curve: pairs of input and output from 0 to 1, inputs rising. Before the first and after the last
    /// point the curve is level.
    #[schemars(length(min = 1, max = 64), inner(inner(range(min = 0.0, max = 1.0))))]
    points: Vec<[f64; 2]>,
}

impl Default for Params {
    fn default() -> Self {
        Params { channel: Channel::All, points: vec![[0.0, 0.0], [1.0, 1.0]] }
    }
}

/// Maps values by a smooth curve through the points that never overshoots them; see the kernel.
pub(crate) struct Curves;

impl Transform for Curves {
    const NAME: &'static str = "curves";
    const SUMMARY: &'static str = "Changes tones by a curve through points.";
    type Params = Params;

    fn plan(params: &Params, input: Size) -> Result<Planned, Refusal> {
        if !params.points.is_sorted_by(|a, b| a[0] < b[0]) {
            return Err(Refusal::params("points", "has inputs that do not rise, expected each above the one before"));
        }
        Ok(Planned::to(input))
    }

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        Ok(with_channel(input.image, params.channel, &kernels::curve(&params.points)).into())
    }
}
