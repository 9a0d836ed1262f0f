//! The breakers of receivers as rows, which all nodes share.

use super::tx::Tx;
use crate::store::sql::{Fail, Session, Values, breaker::Breaker};

/// Takes note of attempts in their order, true for a receiver that is well.
pub(super) async fn note(tx: &mut Tx, receiver: &str, outcomes: &[bool]) -> Result<(), Fail> {
    const READ: &str = "SELECT failures, pause, open_until FROM receivers WHERE receiver = $1 FOR UPDATE";
    const MAKE: &str = "INSERT INTO receivers (receiver) VALUES ($1) ON CONFLICT DO NOTHING";
    const WRITE: &str = "UPDATE receivers SET failures = $2, pause = $3, open_until = $4 WHERE receiver = $1";
    let mut rows = tx.ask(READ, Values::new().with(receiver)).await?;
    if rows.is_empty() && outcomes.iter().all(|well| *well) {
        return Ok(());
    }
    // A row of one's own to lock. Somebody may remove it before it is locked: then once more.
    while rows.is_empty() {
        tx.ask(MAKE, Values::new().with(receiver)).await?;
        rows = tx.ask(READ, Values::new().with(receiver)).await?;
    }
    let after = Breaker::read(rows.first())?.after(outcomes, tx.now, &tx.options);
    if after == Breaker::default() {
        tx.ask("DELETE FROM receivers WHERE receiver = $1", Values::new().with(receiver)).await?;
        return Ok(());
    }
    let values = Values::new().with(receiver).with(after.failures).with(after.pause).with(after.open_until);
    tx.ask(WRITE, values).await?;
    Ok(())
}
