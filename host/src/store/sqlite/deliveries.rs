//! Deliveries enter, are claimed, and their attempts are written down.
//!
//! A row's `lane` says whether it may be claimed. `lanes` has one row for each receiver, account and
//! lane: when to look there again. A claim walks over due lanes only, in turn, and moves each on:
//! behind the others when it was served, to the end of the pause when its receiver's breaker is open,
//! aside ("parked") when it can take no more. So a backlog at one receiver costs the others nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::Row;
use uuid::Uuid;

use super::{breaker, session::key, writer::Tx};
use crate::{
    store::{
        ClaimedDelivery, DeliveryClaim, RecordedAttempt, Verdict,
        sql::{
            Fail, Fields, Session, Values,
            breaker::is_answer,
            read,
            rows::{self, DELIVERY, OWNERS, SECRETS, at, name, span},
            rules::{DueLane, InFlight, LANES, LOG, PARKED, ROUNDS, outcome, receiver},
        },
    },
    webhook::NewDelivery,
};

/// Owes deliveries; leaves out those whose place in the order key is taken.
pub(super) async fn insert(tx: &mut Tx, owed: &[NewDelivery]) -> Result<(), Fail> {
    let owed: Vec<_> = owed.iter().map(|delivery| (delivery, delivery.id, None)).collect();
    insert_rows(tx, &owed).await
}

/// All at first wait for a sibling; then those go that need not, and later siblings that were there
/// before them wait. `$1`: rows; `$2`: bodies; `$3`: of each order key the first place; `$4`: now.
const INSERT: &str = "INSERT INTO deliveries (id, message_id, account, job, batch, order_key, sequence, kind, url, \
     receiver, content_type, headers, signer, policy, replay_of, signing_key, state, next_at, created_at, blocked) \
     SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, unhex(value ->> 3), unhex(value ->> 4), \
     unhex(value ->> 5), value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, \
     value ->> 13, unhex(value ->> 14), value ->> 15, 'pending', $4, $4, 1 FROM json_each($1) WHERE TRUE ON CONFLICT DO NOTHING; \
     INSERT INTO delivery_bodies (delivery, body) SELECT unhex(value ->> 0), \
     CASE WHEN value ->> 1 THEN unhex(value ->> 2) ELSE CAST(value ->> 2 AS BLOB) END FROM json_each($2) \
     WHERE EXISTS (SELECT 1 FROM deliveries WHERE id = unhex(value ->> 0)) ON CONFLICT DO NOTHING; \
     UPDATE deliveries SET blocked = 1, lane = NULL WHERE state = 'pending' AND blocked = 0 AND id IN (SELECT later.id \
     FROM json_each($3) CROSS JOIN deliveries later WHERE later.order_key = unhex(value ->> 0) \
     AND (later.sequence, later.kind) > (value ->> 1, value ->> 2)); \
     UPDATE deliveries SET blocked = 0, lane = CASE WHEN lease_until IS NULL THEN MIN(attempts, 1) END \
     WHERE blocked = 1 AND id IN (SELECT (SELECT id FROM deliveries WHERE order_key = unhex(value ->> 0) \
     AND state = 'pending' ORDER BY sequence, kind LIMIT 1) FROM json_each($3)); \
     INSERT INTO lanes (receiver, account, lane, due_at) SELECT DISTINCT v.receiver, v.account, 0, $4 \
     FROM json_each($1) CROSS JOIN deliveries v WHERE v.id = unhex(value ->> 0) AND v.lane = 0 \
     ON CONFLICT (receiver, account, lane) DO UPDATE SET due_at = excluded.due_at \
     WHERE parked = 0 AND (due_at IS NULL OR due_at > excluded.due_at)";

/// Owes deliveries in rows of the ids given with them, each with the row that it replays.
async fn insert_rows(tx: &mut Tx, owed: &[(&NewDelivery, Uuid, Option<Uuid>)]) -> Result<(), Fail> {
    if owed.is_empty() {
        return Ok(());
    }
    let hex = |id: Uuid| id.simple().to_string();
    let (mut rows, mut bodies) = (Vec::with_capacity(owed.len()), Vec::with_capacity(owed.len()));
    let mut firsts = BTreeMap::<Uuid, (i64, &str)>::new();
    for &(delivery, row, replay_of) in owed {
        rows.push(serde_json::json!([
            hex(row),
            hex(delivery.id),
            delivery.account,
            delivery.job.map(hex),
            delivery.batch.map(hex),
            hex(delivery.order_key),
            delivery.sequence,
            delivery.kind,
            delivery.url,
            receiver(&delivery.url),
            delivery.content_type,
            serde_json::to_string(&delivery.headers)?,
            name(delivery.signer)?,
            name(delivery.policy)?,
            replay_of.map(hex),
            delivery.signing_key,
        ]));
        // Text goes as it is; SQLite's text ends at a zero.
        bodies.push(match std::str::from_utf8(&delivery.body) {
            Ok(text) if !text.contains('\0') => (hex(row), false, text.to_owned()),
            _ => (hex(row), true, hex::encode(&delivery.body)),
        });
        let place = (delivery.sequence, delivery.kind.as_str());
        firsts.entry(delivery.order_key).and_modify(|first| *first = place.min(*first)).or_insert(place);
    }
    let firsts: Vec<_> =
        firsts.into_iter().map(|(order_key, (sequence, kind))| (hex(order_key), sequence, kind)).collect();
    let values = Values::new()
        .with(serde_json::to_string(&rows)?)
        .with(serde_json::to_string(&bodies)?)
        .with(serde_json::to_string(&firsts)?)
        .with(tx.now);
    tx.ask(INSERT, values).await?;
    Ok(())
}

/// Sets when a receiver's lanes of an account are due, from what is claimable: not before now, so that
/// a lane that was just served goes behind those that wait.
macro_rules! refresh {
    () => {
        "INSERT INTO lanes (receiver, account, lane, due_at) \
         SELECT $1, $2, n.lane, MAX($3, (SELECT MIN(next_at) FROM deliveries v WHERE v.receiver = $1 \
         AND v.account = $2 AND v.lane = n.lane)) FROM (SELECT 0 AS lane UNION ALL SELECT 1) n WHERE TRUE \
         ON CONFLICT (receiver, account, lane) DO UPDATE SET due_at = excluded.due_at, parked = 0 \
         WHERE due_at IS NOT excluded.due_at OR parked = 1"
    };
}

async fn in_flight(tx: &mut Tx) -> Result<InFlight, Fail> {
    const COUNT: &str = "SELECT receiver, account, COUNT(*) AS leased FROM deliveries WHERE lease_until IS NOT NULL \
         GROUP BY receiver, account";
    InFlight::read(&tx.ask(COUNT, Values::new()).await?)
}

pub(super) async fn claim(tx: &mut Tx, claim: DeliveryClaim) -> Result<Vec<ClaimedDelivery>, Fail> {
    let lane = i64::from(claim.retries);
    let token = Uuid::new_v4();
    let mut in_flight = in_flight(tx).await?;
    let mut chosen = Vec::new();
    for _ in 0..ROUNDS {
        let left = claim.limit.saturating_sub(chosen.len() as u32);
        let lanes = if left == 0 { Vec::new() } else { due_lanes(tx, lane, left.max(LANES)).await? };
        if lanes.is_empty() {
            break;
        }
        let share = left.div_ceil(lanes.len() as u32);
        for due in lanes {
            let left = claim.limit.saturating_sub(chosen.len() as u32);
            if left == 0 {
                break;
            }
            if let Some(until) = due.open_until.filter(|&until| until > tx.now) {
                postpone(tx, &due, lane, until, false).await?;
                continue;
            }
            let room = in_flight.room(&due, &claim);
            if room == 0 {
                postpone(tx, &due, lane, tx.now + PARKED, true).await?;
                continue;
            }
            const TAKE: &str = concat!(
                "UPDATE deliveries SET lane = NULL, lease_until = $4, lease_token = $5 WHERE id IN (SELECT id \
                 FROM deliveries WHERE receiver = $1 AND account = $2 AND lane = $6 AND next_at <= $3 \
                 ORDER BY next_at, id LIMIT $7) RETURNING id; ",
                refresh!()
            );
            let values = Values::new()
                .with(&due.receiver)
                .with(&due.account)
                .with(tx.now)
                .with(tx.now.saturating_add(span(claim.lease)))
                .with(token)
                .with(lane)
                .with(room.min(share).min(left));
            let taken: Vec<Uuid> =
                tx.ask(TAKE, values).await?.iter().map(|row| row.id("id")).collect::<Result<_, _>>()?;
            in_flight.add(&due.receiver, &due.account, taken.len() as u32);
            chosen.extend(taken);
        }
    }
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    read_claimed(tx, token, &chosen).await
}

async fn due_lanes(tx: &mut Tx, lane: i64, limit: u32) -> Result<Vec<DueLane>, Fail> {
    const DUE: &str = "SELECT l.receiver, l.account, r.open_until FROM lanes l \
         LEFT JOIN receivers r ON r.receiver = l.receiver WHERE l.lane = $1 AND l.due_at <= $2 ORDER BY l.due_at LIMIT $3";
    tx.ask(DUE, Values::new().with(lane).with(tx.now).with(limit)).await?.iter().map(DueLane::read).collect()
}

async fn postpone(tx: &mut Tx, due: &DueLane, lane: i64, until: i64, parked: bool) -> Result<(), Fail> {
    sqlx::query("UPDATE lanes SET due_at = ?, parked = ? WHERE receiver = ? AND account = ? AND lane = ?")
        .bind(until)
        .bind(parked)
        .bind(&due.receiver)
        .bind(&due.account)
        .bind(lane)
        .execute(tx.open().await?)
        .await?;
    Ok(())
}

async fn read_claimed(tx: &mut Tx, token: Uuid, ids: &[Uuid]) -> Result<Vec<ClaimedDelivery>, Fail> {
    let sql = format!(
        "SELECT {DELIVERY}, {SECRETS} FROM json_each($1) chosen JOIN deliveries v ON v.id = unhex(chosen.value) \
         {OWNERS} ORDER BY v.next_at, v.id"
    );
    let ids: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
    let rows = tx.ask(sql, Values::new().with(serde_json::to_string(&ids)?)).await?;
    rows.iter().map(|row| rows::claimed_delivery(row, token, tx.now)).collect()
}

pub(super) async fn record(tx: &mut Tx, attempts: Vec<RecordedAttempt>) -> Result<(), Fail> {
    // Each once: the first one gives the lease away.
    let mut seen = HashSet::new();
    let (mut recorded, mut well) = (Vec::new(), Vec::new());
    for one in attempts.iter().filter(|one| seen.insert((one.id, one.token))) {
        let (state, next_at, finished_at) = outcome(&one.verdict, tx.now);
        let lane = next_at.map(|_| 1);
        let attempt = &one.attempt;
        recorded.push(serde_json::json!([
            one.id.simple().to_string(),
            one.token.simple().to_string(),
            state,
            next_at,
            lane,
            finished_at,
            at(attempt.at),
            span(attempt.elapsed),
            attempt.status,
            attempt.detail,
        ]));
        well.push((one.id, one.verdict == Verdict::Delivered || is_answer(attempt.status)));
    }
    let rows = tx.ask(RECORD, Values::new().with(serde_json::to_string(&recorded)?)).await?;
    // A lost lease has no row: whoever has the delivery now will write down how it went.
    let mut held = HashMap::new();
    let (mut freed, mut long) = (Vec::new(), Vec::new());
    let mut touched = BTreeMap::<(String, String), u32>::new();
    for row in &rows {
        let (id, receiver): (Uuid, String) = (row.id("id")?, row.try_get("receiver")?);
        *touched.entry((receiver.clone(), row.try_get("account")?)).or_default() += 1;
        held.insert(id, receiver);
        // One that is blocked was overtaken by an earlier sibling, which goes without its help.
        if row.try_get::<i64, _>("goes")? != 0 {
            let kind: String = row.try_get("kind")?;
            freed.push((row.id("order_key")?.simple().to_string(), row.try_get::<i64, _>("sequence")?, kind));
        }
        let number: i64 = row.try_get("attempts")?;
        if number > LOG {
            long.push((id, number - LOG));
        }
    }
    if !freed.is_empty() {
        for row in tx.ask(UNBLOCK, Values::new().with(serde_json::to_string(&freed)?)).await? {
            touched.entry((row.try_get("receiver")?, row.try_get("account")?)).or_default();
        }
    }
    for (id, last) in long {
        sqlx::query("DELETE FROM delivery_attempts WHERE delivery = ? AND number <= ?")
            .bind(key(id))
            .bind(last)
            .execute(tx.open().await?)
            .await?;
    }
    let mut outcomes = BTreeMap::<String, Vec<bool>>::new();
    for (id, well) in well {
        if let Some(receiver) = held.remove(&id) {
            outcomes.entry(receiver).or_default().push(well);
        }
    }
    for (receiver, outcomes) in &outcomes {
        breaker::note(tx, receiver, outcomes).await?;
    }
    for ((receiver, account), freed) in &touched {
        refresh(tx, receiver, account, *freed).await?;
    }
    Ok(())
}

/// Logs attempts of leases that are held, then writes what followed and gives the leases back.
const RECORD: &str = "INSERT INTO delivery_attempts (delivery, number, at, elapsed, status, detail) \
     SELECT v.id, v.attempts + 1, value ->> 6, value ->> 7, value ->> 8, value ->> 9 FROM json_each($1) \
     CROSS JOIN deliveries v WHERE v.id = unhex(value ->> 0) AND v.lease_token = unhex(value ->> 1); \
     UPDATE deliveries SET state = value ->> 2, attempts = attempts + 1, next_at = value ->> 3, \
     finished_at = value ->> 5, lane = CASE WHEN blocked = 0 THEN value ->> 4 END, lease_until = NULL, \
     lease_token = NULL FROM json_each($1) WHERE deliveries.id = unhex(value ->> 0) \
     AND lease_token = unhex(value ->> 1) RETURNING deliveries.id AS id, receiver, account, order_key, sequence, \
     deliveries.kind AS kind, attempts, blocked = 0 AND finished_at IS NOT NULL AS goes";

/// Lets the next delivery of order keys go whose first pending one came to its end.
const UNBLOCK: &str = "UPDATE deliveries SET blocked = 0, lane = CASE WHEN lease_until IS NULL \
     THEN MIN(attempts, 1) END WHERE blocked = 1 AND id IN (SELECT (SELECT id FROM deliveries \
     WHERE order_key = unhex(value ->> 0) AND (sequence, kind) > (value ->> 1, value ->> 2) AND state = 'pending' \
     ORDER BY sequence, kind LIMIT 1) FROM json_each($1)) RETURNING receiver, account";

/// Sets when lanes are due, after places became free, and wakes parked lanes that wait for those: two
/// for each, because one of them may find that another limit holds it back.
async fn refresh(tx: &mut Tx, receiver: &str, account: &str, freed: u32) -> Result<(), Fail> {
    const REFRESH: &str = concat!(
        refresh!(),
        "; UPDATE lanes SET parked = 0, due_at = $3 WHERE (receiver, account, lane) IN (SELECT receiver, account, \
         lane FROM lanes WHERE receiver = $1 AND parked = 1 ORDER BY due_at LIMIT $4); \
         UPDATE lanes SET parked = 0, due_at = $3 WHERE (receiver, account, lane) IN (SELECT receiver, account, \
         lane FROM lanes WHERE account = $2 AND parked = 1 ORDER BY due_at LIMIT $4)"
    );
    let values = Values::new().with(receiver).with(account).with(tx.now).with(2 * freed);
    tx.ask(REFRESH, values).await?;
    Ok(())
}

/// Returns deliveries whose lease ran out; answers how many.
pub(super) async fn reap(tx: &mut Tx) -> Result<u64, Fail> {
    let rows = sqlx::query(
        "UPDATE deliveries SET lease_until = NULL, lease_token = NULL, \
         lane = CASE WHEN blocked = 0 THEN MIN(attempts, 1) END WHERE lease_until <= ? RETURNING receiver, account",
    )
    .bind(tx.now)
    .fetch_all(tx.open().await?)
    .await?;
    let mut touched = BTreeMap::<(String, String), u32>::new();
    for row in &rows {
        *touched.entry((row.try_get("receiver")?, row.try_get("account")?)).or_default() += 1;
    }
    for ((receiver, account), freed) in &touched {
        refresh(tx, receiver, account, *freed).await?;
    }
    Ok(rows.len() as u64)
}

/// Owes a delivery again: the same message in a row of its own, which waits for nobody.
pub(super) async fn replay(tx: &mut Tx, account: &str, id: Uuid) -> Result<Option<Uuid>, Fail> {
    let Some(row) = read::plain_delivery(tx, account, id).await? else { return Ok(None) };
    let mut delivery = row.delivery;
    let new = Uuid::now_v7();
    delivery.order_key = new;
    insert_rows(tx, &[(&delivery, new, Some(id))]).await?;
    Ok(Some(new))
}
