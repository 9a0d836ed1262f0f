//! Ways to say what a call would do.

use crate::{Planned, Rect, Size};

impl Planned {
    /// The result has this size, and all of the input is needed at its full size.
    pub const fn to(output: Size) -> Self {
        Planned { output: Some(output), region: None, enough: None }
    }

    /// The result's size depends on the pixels.
    pub const fn unknown() -> Self {
        Planned { output: None, region: None, enough: None }
    }

    /// Only this part of the input has an influence on the result.
    ///
    /// The host may then hand over that part alone; [`Input::view`](crate::Input) tells.
    pub const fn with_region(mut self, region: Rect) -> Self {
        self.region = Some(region);
        self
    }

    /// The result is as good when the whole input is only this large.
    ///
    /// The host may then hand over a smaller decoding; [`Input::view`](crate::Input) tells.
    pub const fn with_enough(mut self, enough: Size) -> Self {
        self.enough = Some(enough);
        self
    }
}
