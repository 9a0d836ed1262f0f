//! Receivers that fail are left alone for a while.
//!
//! After so many failures in a row the breaker opens for a pause. When the pause is over, one delivery
//! goes out as a probe: accepted, the breaker closes; failed, it opens again for twice the time.

use sqlx::Row;

use super::{fail::Fail, rows::span, writer::Tx};

/// Whether a status shows that the receiver is well: an answer of its own, even a refusal. No answer,
/// 429 and 5xx do not. A 4xx is the matter of one URL; its host may serve others well.
pub(super) fn is_answer(status: Option<u16>) -> bool {
    status.is_some_and(|status| status != 429 && status < 500)
}

/// Takes note of attempts in their order, true for a receiver that is well.
pub(super) async fn note(tx: &mut Tx, receiver: &str, outcomes: &[bool]) -> Result<(), Fail> {
    let row = sqlx::query("SELECT failures, pause, open_until FROM receivers WHERE receiver = ?")
        .bind(receiver)
        .fetch_optional(tx.open().await?)
        .await?;
    let before = match &row {
        Some(row) => Breaker {
            failures: row.try_get("failures")?,
            pause: row.try_get("pause")?,
            open_until: row.try_get("open_until")?,
        },
        None => Breaker::default(),
    };
    let mut after = before;
    for &well in outcomes {
        after.note(
            well,
            tx.now,
            tx.options.breaker_failures,
            span(tx.options.breaker_pause),
            span(tx.options.breaker_max_pause),
        );
    }
    if after == before {
        return Ok(());
    }
    if after == Breaker::default() {
        sqlx::query("DELETE FROM receivers WHERE receiver = ?").bind(receiver).execute(tx.open().await?).await?;
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO receivers (receiver, failures, pause, open_until) VALUES (?, ?, ?, ?) ON CONFLICT (receiver) \
         DO UPDATE SET failures = excluded.failures, pause = excluded.pause, open_until = excluded.open_until",
    )
    .bind(receiver)
    .bind(after.failures)
    .bind(after.pause)
    .bind(after.open_until)
    .execute(tx.open().await?)
    .await?;
    Ok(())
}

/// A receiver's breaker; times in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Breaker {
    failures: i64,
    pause: i64,
    open_until: Option<i64>,
}

impl Breaker {
    fn note(&mut self, well: bool, now: i64, limit: u32, first_pause: i64, max_pause: i64) {
        if well {
            *self = Breaker::default();
            return;
        }
        // Attempts that were under way when it opened tell nothing new.
        if self.open_until.is_some_and(|until| until > now) {
            return;
        }
        self.failures += 1;
        if limit > 0 && self.failures >= i64::from(limit) {
            self.pause = if self.pause == 0 { first_pause } else { self.pause.saturating_mul(2) }.min(max_pause);
            self.open_until = Some(now.saturating_add(self.pause));
        }
    }
}
