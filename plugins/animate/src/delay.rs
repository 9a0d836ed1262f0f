//! `delay`: the same time for every frame.

use safelight_sdk::{Arrangement, Refusal, Timeline};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::timing::{MAX_DELAY_MS, Timing};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How long each frame is shown, in milliseconds. Browsers take less than 20 for 100.
    #[schemars(range(min = 10, max = MAX_DELAY_MS))]
    delay_ms: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { delay_ms: 100 }
    }
}

/// Shows every frame of an animation for the same time.
pub(crate) struct Delay;

impl Timing for Delay {
    const NAME: &'static str = "delay";
    const SUMMARY: &'static str = "Shows every frame of an animation for the same time.";
    type Params = Params;

    fn arrange(params: &Params, timeline: &Timeline) -> Result<Arrangement, Refusal> {
        let mut shots = timeline.shots();
        shots.iter_mut().for_each(|shot| shot.delay_ms = params.delay_ms);
        Ok(timeline.with(shots))
    }
}
