//! `frames`: some frames of an animation, or one.

use safelight_sdk::{Arrangement, Refusal, Shot, Timeline};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::timing::{MAX_DELAY_MS, Timing};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// The first frame to keep, counted from 1.
    #[schemars(range(min = 1))]
    from: u32,
    /// The last frame to keep; without it, or when there are fewer, the last one.
    #[schemars(range(min = 1))]
    to: Option<u32>,
    /// Keep one of so many frames; it is then shown for as long as those it stands for.
    #[schemars(range(min = 1, max = 1000))]
    every: u32,
    /// The frames to show, in this order, counted from 1, each as often as it is named: instead of the other
    /// parameters.
    #[schemars(length(max = 1000), inner(range(min = 1)))]
    pick: Vec<u32>,
}

impl Default for Params {
    fn default() -> Self {
        Params { from: 1, to: None, every: 1, pick: Vec::new() }
    }
}

/// Keeps some frames of an animation; one alone is a still picture. Each is shown for as long as before, but for
/// `every`.
pub(crate) struct Frames;

impl Timing for Frames {
    const NAME: &'static str = "frames";
    const SUMMARY: &'static str = "Keeps some frames of an animation, or one as a still picture.";
    type Params = Params;

    fn check(params: &Params) -> Result<(), Refusal> {
        let Params { from, to, every, pick } = params;
        if !pick.is_empty() && (*from, *to, *every) != (1, None, 1) {
            return Err(Refusal::params("pick", "is given with from, to or every, expected one of both"));
        }
        match to {
            Some(to) if to < from => {
                Err(Refusal::params("to", format!("is {to}, expected at least from, which is {from}")))
            }
            _ => Ok(()),
        }
    }

    fn arrange(params: &Params, timeline: &Timeline) -> Result<Arrangement, Refusal> {
        let (shots, count) = (timeline.shots(), timeline.frames());
        let expected = |field: String, frame: u32| {
            let frames = if count == 1 { "1 frame".to_owned() } else { format!("{count} frames") };
            Refusal::params(field, format!("is {frame}, expected at most {count}: the picture has {frames}"))
        };
        if !params.pick.is_empty() {
            let pick = |(index, &frame): (usize, &u32)| {
                let shot = shots.get(frame as usize - 1).copied();
                shot.ok_or_else(|| expected(format!("pick[{index}]"), frame))
            };
            let picked: Result<Vec<Shot>, Refusal> = params.pick.iter().enumerate().map(pick).collect();
            return Ok(timeline.with(picked?));
        }
        if params.from > count {
            return Err(expected("from".to_owned(), params.from));
        }
        let end = params.to.unwrap_or(count).min(count);
        let kept = &shots[params.from as usize - 1..end as usize];
        let together = |shots: &[Shot]| {
            let time: u64 = shots.iter().map(|shot| u64::from(shot.delay_ms)).sum();
            // One frame alone keeps a time that no format could have said of several.
            let most = u64::from(shots[0].delay_ms.max(MAX_DELAY_MS));
            Shot { frame: shots[0].frame, delay_ms: time.min(most) as u32 }
        };
        Ok(timeline.with(kept.chunks(params.every as usize).map(together).collect()))
    }
}
