//! `boomerang`: an animation forwards, then backwards.

use safelight_sdk::{Arrangement, Refusal, Timeline};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::timing::Timing;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Whether the first and the last frame are shown twice in a row where the direction turns.
    hold_ends: bool,
}

/// Shows the frames forwards, then backwards, so that a loop has no jump. Each is shown for as long as before; the
/// frames where the direction turns stand once unless `hold_ends` is set.
pub(crate) struct Boomerang;

impl Timing for Boomerang {
    const NAME: &'static str = "boomerang";
    const SUMMARY: &'static str = "Shows the frames of an animation forwards, then backwards.";
    type Params = Params;

    fn arrange(params: &Params, timeline: &Timeline) -> Result<Arrangement, Refusal> {
        let mut shots = timeline.shots();
        let turn = usize::from(!params.hold_ends);
        if shots.len() > 1 {
            let back: Vec<_> = shots[turn..shots.len() - turn].iter().rev().copied().collect();
            shots.extend(back);
        }
        Ok(timeline.with(shots))
    }
}
