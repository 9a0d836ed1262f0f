//! Ways to make an arrangement of frames.

use crate::{Arrangement, Shot, Timeline};

impl Timeline {
    /// How many frames there are.
    pub fn frames(&self) -> u32 {
        self.delays_ms.len() as u32
    }

    /// Every frame once, in order and for as long as now.
    pub fn shots(&self) -> Vec<Shot> {
        (0..).zip(&self.delays_ms).map(|(frame, &delay_ms)| Shot { frame, delay_ms }).collect()
    }

    /// These frames instead, played as often as now.
    pub fn with(&self, shots: Vec<Shot>) -> Arrangement {
        Arrangement { shots, loops: self.loops }
    }

    /// The picture as it is.
    pub fn unchanged(&self) -> Arrangement {
        self.with(self.shots())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_timeline_shows_every_frame_once() {
        let timeline = Timeline { delays_ms: vec![40, 80], loops: 3 };
        let shots = vec![Shot { frame: 0, delay_ms: 40 }, Shot { frame: 1, delay_ms: 80 }];
        assert_eq!(timeline.unchanged(), Arrangement { shots, loops: 3 });
        assert_eq!(timeline.frames(), 2);
    }
}
