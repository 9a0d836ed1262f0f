//! Deliveries enter and are claimed.
//!
//! A row's `lane` says whether it may be claimed. `lanes` has one row for each receiver, account and
//! lane: when to look there again. A claim walks over due lanes only, in turn, and moves each on:
//! behind the others when it was served, to the end of the pause when its receiver's breaker is open,
//! aside ("parked") when it can take no more. So a backlog at one receiver costs the others nothing.
//!
//! Claims come one after the other in the whole cluster, because the limits of receivers and accounts hold for all
//! nodes together. A claim takes as much as its node has slots for, so there are few.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{session::clean, tx::Tx};
use crate::{
    store::{
        ClaimedDelivery, DeliveryClaim, Hint,
        sql::{
            Fail, Fields, Session, Values, read,
            rows::{self, DELIVERY, OWNERS, SECRETS, name, span},
            rules::{DueLane, InFlight, LANES, PARKED, ROUNDS, receiver},
        },
    },
    webhook::NewDelivery,
};

/// The slots of `locks` that order keys belong to.
const SLOTS: u128 = 1024;

/// Owes deliveries; leaves out those whose place in the order key is taken.
pub(super) async fn insert(tx: &mut Tx, owed: &[NewDelivery]) -> Result<(), Fail> {
    let owed: Vec<_> = owed.iter().map(|delivery| (delivery, delivery.id, None)).collect();
    insert_rows(tx, &owed).await
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

/// Waits until nobody else adds to or ends something of these order keys, and keeps them out until the commit.
pub(super) async fn lock_orders(tx: &mut Tx, keys: impl Iterator<Item = Uuid>) -> Result<(), Fail> {
    let slots: BTreeSet<i16> = keys.map(|key| (key.as_u128() % SLOTS) as i16).collect();
    sqlx::query("SELECT slot FROM locks WHERE slot = ANY($1) ORDER BY slot FOR UPDATE")
        .bind(Vec::from_iter(slots))
        .fetch_all(&mut **tx)
        .await?;
    Ok(())
}

/// All at first wait for a sibling; then those go that need not, and later siblings that were there
/// before them wait. Each comes with the id of its row and the row that it replays.
async fn insert_rows(tx: &mut Tx, owed: &[(&NewDelivery, Uuid, Option<Uuid>)]) -> Result<(), Fail> {
    if owed.is_empty() {
        return Ok(());
    }
    let mut firsts = BTreeMap::<Uuid, (i64, &str)>::new();
    for (delivery, _, _) in owed {
        let place = (delivery.sequence, delivery.kind.as_str());
        firsts.entry(delivery.order_key).and_modify(|first| *first = place.min(*first)).or_insert(place);
    }
    lock_orders(tx, firsts.keys().copied()).await?;
    let made = write_rows(tx, owed).await?;
    let (rows, bodies): (Vec<_>, Vec<_>) =
        owed.iter().filter(|one| made.contains(&one.1)).map(|one| (one.1, one.0.body.as_slice())).unzip();
    sqlx::query("INSERT INTO delivery_bodies (delivery, body) SELECT * FROM unnest($1::uuid[], $2::bytea[])")
        .bind(&rows)
        .bind(bodies)
        .execute(&mut **tx)
        .await?;
    let keys: Vec<Uuid> = firsts.keys().copied().collect();
    let (sequences, kinds): (Vec<_>, Vec<_>) = firsts.values().map(|&(sequence, kind)| (sequence, clean(kind))).unzip();
    sqlx::query(
        "UPDATE deliveries v SET blocked = TRUE, lane = NULL \
         FROM unnest($1::uuid[], $2::bigint[], $3::text[]) f (order_key, sequence, kind) \
         WHERE v.order_key = f.order_key AND v.state = 'pending' AND NOT v.blocked \
         AND (v.sequence, v.kind) > (f.sequence, f.kind)",
    )
    .bind(&keys)
    .bind(sequences)
    .bind(kinds)
    .execute(&mut **tx)
    .await?;
    unblock(tx, &keys).await?;
    let lanes = sqlx::query("SELECT DISTINCT receiver, account FROM deliveries WHERE id = ANY($1) AND lane = 0")
        .bind(rows)
        .fetch_all(&mut **tx)
        .await?;
    for row in &lanes {
        tx.lanes.insert((row.text("receiver")?.to_owned(), row.text("account")?.to_owned(), 0));
        tx.hints.insert(Hint::DeliveriesDue);
    }
    Ok(())
}

/// Writes the rows and answers the ids of those whose place was free.
async fn write_rows(tx: &mut Tx, owed: &[(&NewDelivery, Uuid, Option<Uuid>)]) -> Result<HashSet<Uuid>, Fail> {
    fn column<T>(owed: &[(&NewDelivery, Uuid, Option<Uuid>)], of: impl Fn(&NewDelivery) -> T) -> Vec<T> {
        owed.iter().map(|one| of(one.0)).collect()
    }
    let headers: Result<Vec<_>, _> = owed.iter().map(|one| serde_json::to_string(&one.0.headers)).collect();
    let signers: Result<Vec<_>, _> = owed.iter().map(|one| name(one.0.signer)).collect();
    let policies: Result<Vec<_>, _> = owed.iter().map(|one| name(one.0.policy)).collect();
    let rows = sqlx::query(
        "INSERT INTO deliveries (id, replay_of, message_id, account, job, batch, order_key, sequence, kind, url, \
         receiver, content_type, headers, signer, policy, signing_key, state, next_at, created_at, blocked) \
         SELECT n.*, 'pending', $17, $17, TRUE FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], \
         $6::uuid[], $7::uuid[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], \
         $14::text[], $15::text[], $16::text[]) n ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(owed.iter().map(|one| one.1).collect::<Vec<_>>())
    .bind(owed.iter().map(|one| one.2).collect::<Vec<_>>())
    .bind(column(owed, |one| one.id))
    .bind(column(owed, |one| one.account.clone()))
    .bind(column(owed, |one| one.job))
    .bind(column(owed, |one| one.batch))
    .bind(column(owed, |one| one.order_key))
    .bind(column(owed, |one| one.sequence))
    .bind(column(owed, |one| clean(one.kind.as_str())))
    .bind(column(owed, |one| clean(one.url.as_str())))
    .bind(column(owed, |one| clean(receiver(&one.url))))
    .bind(column(owed, |one| clean(one.content_type.as_str())))
    .bind(headers?)
    .bind(signers?)
    .bind(policies?)
    .bind(column(owed, |one| one.signing_key.clone().map(clean)))
    .bind(tx.now)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// Lets the first pending delivery of each order key go; answers the receivers and accounts of those that could
/// not go before.
pub(super) async fn unblock(tx: &mut Tx, keys: &[Uuid]) -> Result<Vec<(String, String)>, Fail> {
    let rows = sqlx::query(
        "UPDATE deliveries v SET blocked = FALSE, lane = CASE WHEN lease_until IS NULL THEN LEAST(attempts, 1) END \
         WHERE v.blocked AND v.id IN (SELECT (SELECT f.id FROM deliveries f WHERE f.order_key = k.order_key \
         AND f.state = 'pending' ORDER BY f.sequence, f.kind LIMIT 1) FROM unnest($1::uuid[]) k (order_key)) \
         RETURNING v.receiver, v.account",
    )
    .bind(keys)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|row| Ok((row.text("receiver")?.to_owned(), row.text("account")?.to_owned()))).collect()
}

pub(super) async fn claim(tx: &mut Tx, claim: DeliveryClaim) -> Result<Vec<ClaimedDelivery>, Fail> {
    const COUNT: &str = "SELECT receiver, account, COUNT(*) AS leased FROM deliveries WHERE lease_until IS NOT NULL \
         GROUP BY receiver, account";
    let lane = i64::from(claim.retries);
    let token = Uuid::new_v4();
    tx.ask("SELECT slot FROM locks WHERE slot = -1 FOR UPDATE", Values::new()).await?;
    let mut in_flight = InFlight::read(&tx.ask(COUNT, Values::new()).await?)?;
    let mut chosen = Vec::new();
    for _ in 0..ROUNDS {
        let left = claim.limit.saturating_sub(chosen.len() as u32);
        let lanes = if left == 0 { Vec::new() } else { due_lanes(tx, lane, left.max(LANES)).await? };
        if lanes.is_empty() {
            break;
        }
        let (mut open, mut postponed) = (Vec::new(), Vec::new());
        for due in &lanes {
            match due.open_until.filter(|&until| until > tx.now) {
                Some(until) => postponed.push((due, until, false)),
                None if in_flight.room(due, &claim) == 0 => postponed.push((due, tx.now + PARKED, true)),
                None => open.push(due),
            }
        }
        postpone(tx, lane, &postponed).await?;
        let served = share_out(open, &mut in_flight, &claim, left);
        let taken = take(tx, lane, &served, &claim, token).await?;
        for (due, places) in &served {
            let count = taken.iter().filter(|one| one.1 == due.receiver && one.2 == due.account).count() as u32;
            in_flight.take_back(&due.receiver, &due.account, places - count);
        }
        chosen.extend(taken.into_iter().map(|one| one.0));
    }
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT {DELIVERY}, {SECRETS} FROM deliveries v {OWNERS} WHERE v.id = ANY($1) ORDER BY v.next_at, v.id"
    )))
    .bind(chosen)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|row| rows::claimed_delivery(row, token, tx.now)).collect()
}

/// How many places each lane gets: one in turn, then up to its share, as long as there are any. They are counted as
/// in flight. A lane that gets none is looked at in the next round, when it is known which were not needed.
fn share_out<'a>(
    lanes: Vec<&'a DueLane>,
    in_flight: &mut InFlight,
    claim: &DeliveryClaim,
    mut left: u32,
) -> Vec<(&'a DueLane, u32)> {
    let share = left.div_ceil((lanes.len() as u32).max(1));
    let mut served: Vec<_> = lanes.into_iter().map(|due| (due, 0)).collect();
    for most in [1, share] {
        for (due, places) in &mut served {
            let more = in_flight.room(due, claim).min(most.saturating_sub(*places)).min(left);
            in_flight.add(&due.receiver, &due.account, more);
            *places += more;
            left -= more;
        }
    }
    served.retain(|one| one.1 > 0);
    served
}

/// Locks lanes that are due. One that somebody is just refreshing is not waited for.
async fn due_lanes(tx: &mut Tx, lane: i64, limit: u32) -> Result<Vec<DueLane>, Fail> {
    const DUE: &str = "SELECT l.receiver, l.account, r.open_until FROM lanes l \
         LEFT JOIN receivers r ON r.receiver = l.receiver WHERE l.lane = $1 AND l.due_at <= $2 ORDER BY l.due_at LIMIT $3 \
         FOR UPDATE OF l SKIP LOCKED";
    tx.ask(DUE, Values::new().with(lane).with(tx.now).with(limit)).await?.iter().map(DueLane::read).collect()
}

/// Moves lanes on that can take nothing now.
async fn postpone(tx: &mut Tx, lane: i64, postponed: &[(&DueLane, i64, bool)]) -> Result<(), Fail> {
    if postponed.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE lanes SET due_at = n.until, parked = n.parked \
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[]) n (receiver, account, until, parked) \
         WHERE lanes.receiver = n.receiver AND lanes.account = n.account AND lanes.lane = $5",
    )
    .bind(postponed.iter().map(|one| one.0.receiver.clone()).collect::<Vec<_>>())
    .bind(postponed.iter().map(|one| one.0.account.clone()).collect::<Vec<_>>())
    .bind(postponed.iter().map(|one| one.1).collect::<Vec<_>>())
    .bind(postponed.iter().map(|one| one.2).collect::<Vec<_>>())
    .bind(lane)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Leases the oldest deliveries of lanes, at most so many of each, and moves the lanes on. Answers id, receiver and
/// account.
async fn take(
    tx: &mut Tx,
    lane: i64,
    served: &[(&DueLane, u32)],
    claim: &DeliveryClaim,
    token: Uuid,
) -> Result<Vec<(Uuid, String, String)>, Fail> {
    if served.is_empty() {
        return Ok(Vec::new());
    }
    let receivers: Vec<_> = served.iter().map(|one| one.0.receiver.clone()).collect();
    let accounts: Vec<_> = served.iter().map(|one| one.0.account.clone()).collect();
    let rows = sqlx::query(
        "UPDATE deliveries SET lane = NULL, lease_until = $6, lease_token = $7 WHERE id IN (SELECT v.id \
         FROM unnest($1::text[], $2::text[], $3::bigint[]) n (receiver, account, places) CROSS JOIN LATERAL (SELECT d.id \
         FROM deliveries d WHERE d.receiver = n.receiver AND d.account = n.account AND d.lane = $4 AND d.next_at <= $5 \
         ORDER BY d.next_at, d.id LIMIT n.places FOR UPDATE SKIP LOCKED) v) RETURNING id, receiver, account",
    )
    .bind(&receivers)
    .bind(&accounts)
    .bind(served.iter().map(|one| i64::from(one.1)).collect::<Vec<_>>())
    .bind(lane)
    .bind(tx.now)
    .bind(tx.now.saturating_add(span(claim.lease)))
    .bind(token)
    .fetch_all(&mut **tx)
    .await?;
    // Not before now, so that a lane that was just served goes behind those that wait.
    sqlx::query(
        "UPDATE lanes SET parked = FALSE, due_at = (SELECT CASE WHEN MIN(v.next_at) IS NOT NULL \
         THEN GREATEST(MIN(v.next_at), $4) END FROM deliveries v WHERE v.receiver = lanes.receiver \
         AND v.account = lanes.account AND v.lane = lanes.lane) \
         FROM unnest($1::text[], $2::text[]) t (receiver, account) \
         WHERE lanes.receiver = t.receiver AND lanes.account = t.account AND lanes.lane = $3",
    )
    .bind(receivers)
    .bind(accounts)
    .bind(lane)
    .bind(tx.now)
    .execute(&mut **tx)
    .await?;
    for (due, _) in served {
        tx.lanes.insert((due.receiver.clone(), due.account.clone(), lane));
    }
    rows.iter()
        .map(|row| Ok((row.id("id")?, row.text("receiver")?.to_owned(), row.text("account")?.to_owned())))
        .collect()
}
