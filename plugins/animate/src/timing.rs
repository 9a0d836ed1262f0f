//! Transforms that need no pixels at all.

use std::marker::PhantomData;

use safelight_sdk::{Arrangement, Input, JsonSchema, Kind, Outcome, Planned, Refusal, Size, Timeline, Transform};
use serde::de::DeserializeOwned;

/// The longest time for one frame, in milliseconds: what GIF can say.
pub(crate) const MAX_DELAY_MS: u32 = 655_350;

/// What a transform says that only chooses frames and times.
pub(crate) trait Timing {
    const NAME: &'static str;
    const SUMMARY: &'static str;
    type Params: DeserializeOwned + JsonSchema;

    /// Refuses parameters that do not go together.
    fn check(params: &Self::Params) -> Result<(), Refusal> {
        let _ = params;
        Ok(())
    }

    /// Which frames are shown, in which order and for how long.
    fn arrange(params: &Self::Params, timeline: &Timeline) -> Result<Arrangement, Refusal>;
}

/// Such a transform as the SDK takes it.
pub(crate) struct Timed<T>(PhantomData<T>);

impl<T: Timing> Transform for Timed<T> {
    const NAME: &'static str = T::NAME;
    const SUMMARY: &'static str = T::SUMMARY;
    const KIND: Kind = Kind::Timeline;
    type Params = T::Params;

    fn plan(params: &T::Params, input: Size) -> Result<Planned, Refusal> {
        T::check(params)?;
        Ok(Planned::to(input))
    }

    fn arrange(params: &T::Params, timeline: &Timeline, _: &[Size]) -> Result<Arrangement, Refusal> {
        T::check(params)?;
        T::arrange(params, timeline)
    }

    fn apply(_: &T::Params, input: Input) -> Result<Outcome, Refusal> {
        Ok(input.image.into())
    }
}
