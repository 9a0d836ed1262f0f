//! `loop`: how often an animation is played.

use safelight_sdk::{Arrangement, Refusal, Timeline};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::timing::Timing;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How many times all frames are played; 0 is without end.
    #[schemars(range(min = 0, max = 65535))]
    times: u32,
}

/// Sets how often an animation is played.
pub(crate) struct Loop;

impl Timing for Loop {
    const NAME: &'static str = "loop";
    const SUMMARY: &'static str = "Sets how often an animation is played.";
    type Params = Params;

    fn arrange(params: &Params, timeline: &Timeline) -> Result<Arrangement, Refusal> {
        Ok(Arrangement { shots: timeline.shots(), loops: params.times })
    }
}
