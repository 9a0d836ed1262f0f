//! What attempts came to, and deliveries whose sender was lost.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use super::{
    breaker,
    deliveries::{lock_orders, unblock},
    lanes::{self, Touched},
    session::clean,
    tx::Tx,
};
use crate::store::{
    Hint, RecordedAttempt, Verdict,
    sql::{
        Fail, Fields,
        breaker::is_answer,
        rows::span,
        rules::{LOG, outcome},
    },
};

pub(super) async fn record(tx: &mut Tx, attempts: &[RecordedAttempt]) -> Result<(), Fail> {
    // Each once: the first one gives the lease away.
    let mut seen = HashSet::new();
    let attempts: Vec<_> = attempts.iter().filter(|one| seen.insert((one.id, one.token))).collect();
    lock_ended(tx, &attempts).await?;
    let rows = write(tx, &attempts).await?;
    // A lost lease has no row: whoever has the delivery now will write down how it went.
    let mut held = HashMap::new();
    let (mut ended, mut long) = (BTreeSet::new(), Vec::new());
    let mut touched = Touched::new();
    for row in &rows {
        let (id, receiver) = (row.id("id")?, row.text("receiver")?.to_owned());
        *touched.entry((receiver.clone(), row.text("account")?.to_owned())).or_default() += 1;
        // One that is blocked was overtaken by an earlier sibling, which goes without its help.
        if row.flag("goes")? {
            ended.insert(row.id("order_key")?);
        }
        let number = row.number("attempts")?;
        if number > LOG {
            long.push((id, number - LOG));
        }
        held.insert(id, (receiver, number));
    }
    log(tx, &attempts, &held, long).await?;
    for lane in unblock(tx, &Vec::from_iter(ended)).await? {
        touched.entry(lane).or_default();
        tx.hints.insert(Hint::DeliveriesDue);
    }
    let mut outcomes = BTreeMap::<&str, Vec<bool>>::new();
    for one in &attempts {
        if let Some((receiver, _)) = held.get(&one.id) {
            let well = one.verdict == Verdict::Delivered || is_answer(one.attempt.status);
            outcomes.entry(receiver).or_default().push(well);
        }
    }
    for (receiver, outcomes) in &outcomes {
        breaker::note(tx, receiver, outcomes).await?;
    }
    lanes::refresh(tx, &touched).await
}

/// Locks the order keys in which a delivery comes to its end: the next one goes then.
async fn lock_ended(tx: &mut Tx, attempts: &[&RecordedAttempt]) -> Result<(), Fail> {
    let ended = attempts.iter().filter(|one| !matches!(one.verdict, Verdict::Retry(_))).map(|one| one.id);
    let rows = sqlx::query("SELECT order_key FROM deliveries WHERE id = ANY($1)")
        .bind(ended.collect::<Vec<_>>())
        .fetch_all(&mut **tx)
        .await?;
    let keys: Vec<Uuid> = rows.iter().map(|row| row.id("order_key")).collect::<Result<_, _>>()?;
    lock_orders(tx, keys.into_iter()).await
}

/// Writes what followed from attempts whose leases are held, and gives the leases back.
async fn write(tx: &mut Tx, attempts: &[&RecordedAttempt]) -> Result<Vec<sqlx::postgres::PgRow>, Fail> {
    let (mut states, mut next, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    for one in attempts {
        let (state, _, finished_at) = outcome(&one.verdict, tx.now);
        states.push(state);
        next.push(match one.verdict {
            Verdict::Retry(next) => Some(tx.at(next)),
            Verdict::Delivered | Verdict::Dead => None,
        });
        ends.push(finished_at);
    }
    let rows = sqlx::query(
        "UPDATE deliveries v SET state = n.state, attempts = attempts + 1, next_at = n.next_at, \
         finished_at = n.finished_at, lane = CASE WHEN NOT blocked AND n.next_at IS NOT NULL THEN 1 END, \
         lease_until = NULL, lease_token = NULL \
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[]) n (id, token, state, next_at, \
         finished_at) WHERE v.id = n.id AND v.lease_token = n.token RETURNING v.id, v.receiver, v.account, v.order_key, \
         v.attempts, NOT v.blocked AND v.finished_at IS NOT NULL AS goes",
    )
    .bind(attempts.iter().map(|one| one.id).collect::<Vec<_>>())
    .bind(attempts.iter().map(|one| one.token).collect::<Vec<_>>())
    .bind(states)
    .bind(next)
    .bind(ends)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// Logs attempts at deliveries that are held, and shortens logs that are `long`.
async fn log(
    tx: &mut Tx,
    attempts: &[&RecordedAttempt],
    held: &HashMap<Uuid, (String, i64)>,
    long: Vec<(Uuid, i64)>,
) -> Result<(), Fail> {
    let (mut ids, mut numbers, mut times, mut spans) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut statuses, mut details) = (Vec::new(), Vec::new());
    let mut logged = HashSet::new();
    for one in attempts {
        let Some((_, number)) = held.get(&one.id).filter(|_| logged.insert(one.id)) else { continue };
        ids.push(one.id);
        numbers.push(*number);
        times.push(tx.at(one.attempt.at));
        spans.push(span(one.attempt.elapsed));
        statuses.push(one.attempt.status.map(i64::from));
        details.push(clean(one.attempt.detail.as_str()));
    }
    sqlx::query(
        "INSERT INTO delivery_attempts (delivery, number, at, elapsed, status, detail) SELECT * FROM unnest($1::uuid[], \
         $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])",
    )
    .bind(ids)
    .bind(numbers)
    .bind(times)
    .bind(spans)
    .bind(statuses)
    .bind(details)
    .execute(&mut **tx)
    .await?;
    let (ids, last): (Vec<_>, Vec<_>) = long.into_iter().unzip();
    if !ids.is_empty() {
        sqlx::query(
            "DELETE FROM delivery_attempts a USING unnest($1::uuid[], $2::bigint[]) n (id, last) \
             WHERE a.delivery = n.id AND a.number <= n.last",
        )
        .bind(ids)
        .bind(last)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Returns deliveries whose lease ran out; answers how many.
pub(super) async fn reap(tx: &mut Tx) -> Result<u64, Fail> {
    let rows = sqlx::query(
        "UPDATE deliveries SET lease_until = NULL, lease_token = NULL, \
         lane = CASE WHEN NOT blocked THEN LEAST(attempts, 1) END WHERE id IN (SELECT id FROM deliveries \
         WHERE lease_until <= $1 FOR UPDATE SKIP LOCKED) RETURNING receiver, account",
    )
    .bind(tx.now)
    .fetch_all(&mut **tx)
    .await?;
    let mut touched = Touched::new();
    for row in &rows {
        *touched.entry((row.text("receiver")?.to_owned(), row.text("account")?.to_owned())).or_default() += 1;
    }
    lanes::refresh(tx, &touched).await?;
    lanes::mend_all(tx).await?;
    Ok(rows.len() as u64)
}
