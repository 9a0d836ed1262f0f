//! `speed`: an animation faster or slower.

use safelight_sdk::{Arrangement, Refusal, Shot, Timeline};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::timing::{MAX_DELAY_MS, Timing};

/// What browsers make of a frame that says no time.
const UNSAID_MS: u64 = 100;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// How many times as fast: 2 halves the time, 0.5 doubles it.
    #[schemars(range(min = 0.01, max = 100.0))]
    factor: f64,
    /// The least time for a frame, in milliseconds. Frames that would be shown for less are left out, so that the
    /// animation is as fast as it is meant to be; browsers take less than 20 for 100.
    #[schemars(range(min = 10, max = 1000))]
    min_delay_ms: u32,
}

impl Default for Params {
    fn default() -> Self {
        Params { factor: 1.0, min_delay_ms: 20 }
    }
}

/// Plays an animation faster or slower.
///
/// The time at which each frame begins is divided by the factor and rounded to a millisecond, so that roundings do
/// not add up. A frame without a time counts as 100 ms, as browsers play it.
pub(crate) struct Speed;

impl Timing for Speed {
    const NAME: &'static str = "speed";
    const SUMMARY: &'static str = "Plays an animation faster or slower.";
    type Params = Params;

    fn arrange(params: &Params, timeline: &Timeline) -> Result<Arrangement, Refusal> {
        if timeline.frames() < 2 {
            return Ok(timeline.unchanged());
        }
        let scaled = |time_ms: u64| (time_ms as f64 / params.factor).round() as u64;
        let least = u64::from(params.min_delay_ms);
        let mut kept: Vec<(u32, u64)> = Vec::new();
        let mut time_ms = 0;
        for (frame, &delay_ms) in (0..).zip(&timeline.delays_ms) {
            let begins = scaled(time_ms);
            if kept.last().is_none_or(|(_, last)| begins - last >= least) {
                kept.push((frame, begins));
            }
            time_ms += if delay_ms == 0 { UNSAID_MS } else { u64::from(delay_ms) };
        }
        let ends = kept[1..].iter().map(|(_, begins)| *begins).chain([scaled(time_ms)]);
        let shown = kept.iter().zip(ends).map(|(&(frame, begins), end)| {
            let delay_ms = (end - begins).clamp(least, u64::from(MAX_DELAY_MS)) as u32;
            Shot { frame, delay_ms }
        });
        Ok(timeline.with(shown.collect()))
    }
}
