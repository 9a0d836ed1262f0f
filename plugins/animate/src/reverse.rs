//! `reverse`: an animation from its end to its beginning.

use safelight_sdk::{Arrangement, Refusal, Timeline};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::timing::Timing;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {}

/// Shows the frames from the last to the first. Each is shown for as long as before.
pub(crate) struct Reverse;

impl Timing for Reverse {
    const NAME: &'static str = "reverse";
    const SUMMARY: &'static str = "Shows the frames of an animation from the last to the first.";
    type Params = Params;

    fn arrange(_: &Params, timeline: &Timeline) -> Result<Arrangement, Refusal> {
        let mut shots = timeline.shots();
        shots.reverse();
        Ok(timeline.with(shots))
    }
}
