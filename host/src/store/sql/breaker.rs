//! Receivers that fail are left alone for a while.
//!
//! After so many failures in a row the breaker opens for a pause. When the pause is over, one delivery
//! goes out as a probe: accepted, the breaker closes; failed, it opens again for twice the time.

use super::{Fail, Fields, rows::span};
use crate::store::Options;

/// Whether a status shows that the receiver is well: an answer of its own, even a refusal. No answer,
/// 429 and 5xx do not. A 4xx is the matter of one URL; its host may serve others well.
pub(in crate::store) fn is_answer(status: Option<u16>) -> bool {
    status.is_some_and(|status| status != 429 && status < 500)
}

/// A receiver's breaker; times in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Breaker {
    pub(in crate::store) failures: i64,
    pub(in crate::store) pause: i64,
    pub(in crate::store) open_until: Option<i64>,
}

impl Breaker {
    /// From a row of `receivers`; one without a row is well.
    pub(in crate::store) fn read<R: Fields>(row: Option<&R>) -> Result<Breaker, Fail> {
        let Some(row) = row else { return Ok(Breaker::default()) };
        Ok(Breaker {
            failures: row.number("failures")?,
            pause: row.number("pause")?,
            open_until: row.optional_number("open_until")?,
        })
    }

    /// After attempts, true for a receiver that is well.
    pub(in crate::store) fn after(mut self, outcomes: &[bool], now: i64, options: &Options) -> Breaker {
        for &well in outcomes {
            self.note(well, now, options);
        }
        self
    }

    fn note(&mut self, well: bool, now: i64, options: &Options) {
        if well {
            *self = Breaker::default();
            return;
        }
        // Attempts that were under way when it opened tell nothing new.
        if self.open_until.is_some_and(|until| until > now) {
            return;
        }
        self.failures += 1;
        let limit = i64::from(options.breaker_failures);
        if limit > 0 && self.failures >= limit {
            let (first, most) = (span(options.breaker_pause), span(options.breaker_max_pause));
            self.pause = if self.pause == 0 { first } else { self.pause.saturating_mul(2) }.min(most);
            self.open_until = Some(now.saturating_add(self.pause));
        }
    }
}
