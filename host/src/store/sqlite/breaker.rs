//! The breakers of receivers as rows.

use super::writer::Tx;
use crate::store::sql::{Fail, Session, Values, breaker::Breaker};

/// Takes note of attempts in their order, true for a receiver that is well.
pub(super) async fn note(tx: &mut Tx, receiver: &str, outcomes: &[bool]) -> Result<(), Fail> {
    const READ: &str = "SELECT failures, pause, open_until FROM receivers WHERE receiver = $1";
    const WRITE: &str = "INSERT INTO receivers (receiver, failures, pause, open_until) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (receiver) DO UPDATE SET failures = excluded.failures, pause = excluded.pause, \
         open_until = excluded.open_until";
    let rows = tx.ask(READ, Values::new().with(receiver)).await?;
    let before = Breaker::read(rows.first())?;
    let after = before.after(outcomes, tx.now, &tx.options);
    if after == before {
        return Ok(());
    }
    if after == Breaker::default() {
        tx.ask("DELETE FROM receivers WHERE receiver = $1", Values::new().with(receiver)).await?;
        return Ok(());
    }
    let values = Values::new().with(receiver).with(after.failures).with(after.pause).with(after.open_until);
    tx.ask(WRITE, values).await?;
    Ok(())
}
