//! When to look again at the deliveries of one receiver, account and lane.
//!
//! `lanes` is a hint, the deliveries are the truth. Whoever inserts deliveries leaves the lanes alone until the
//! commit, or all ends of jobs that tell the same receiver would wait for each other's. Whoever empties a lane locks
//! it first and then looks what is left. Both look once more after their commit ([`mend`]): one of the two
//! sees what the other has done. What a crash leaves in between is found by the reaper ([`mend_all`]).

use std::collections::{BTreeMap, BTreeSet};

use sqlx::PgConnection;

use super::tx::{Lane, Tx};
use crate::store::sql::Fail;

/// Receivers and accounts whose deliveries changed, with how many places became free.
pub(super) type Touched = BTreeMap<(String, String), u32>;

/// Makes lanes due that are not although something of theirs is.
pub(super) async fn mend(connection: &mut PgConnection, now: i64, lanes: &BTreeSet<Lane>) -> Result<(), Fail> {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for (receiver, account, lane) in lanes {
        columns.0.push(receiver.as_str());
        columns.1.push(account.as_str());
        columns.2.push(*lane);
    }
    sqlx::query(
        "INSERT INTO lanes (receiver, account, lane, due_at) \
         SELECT n.receiver, n.account, n.lane, GREATEST(m.at, $4) \
         FROM unnest($1::text[], $2::text[], $3::bigint[]) n (receiver, account, lane) \
         CROSS JOIN LATERAL (SELECT MIN(v.next_at) AS at FROM deliveries v WHERE v.receiver = n.receiver \
         AND v.account = n.account AND v.lane = n.lane) m \
         LEFT JOIN lanes l ON l.receiver = n.receiver AND l.account = n.account AND l.lane = n.lane \
         WHERE m.at IS NOT NULL AND (l.receiver IS NULL OR (NOT l.parked AND (l.due_at IS NULL \
         OR l.due_at > GREATEST(m.at, $4)))) ORDER BY 1, 2, 3 \
         ON CONFLICT (receiver, account, lane) DO UPDATE SET due_at = LEAST(lanes.due_at, excluded.due_at) \
         WHERE NOT lanes.parked",
    )
    .bind(columns.0)
    .bind(columns.1)
    .bind(columns.2)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes lanes due that nobody looks at although there is something in them; found by leaps over the index.
pub(super) async fn mend_all(tx: &mut Tx) -> Result<(), Fail> {
    sqlx::query(
        "WITH RECURSIVE filled (receiver, account, lane) AS ( \
         (SELECT receiver, account, lane FROM deliveries WHERE lane IS NOT NULL ORDER BY receiver, account, lane LIMIT 1) \
         UNION ALL SELECT n.receiver, n.account, n.lane FROM filled f CROSS JOIN LATERAL (SELECT v.receiver, v.account, \
         v.lane FROM deliveries v WHERE v.lane IS NOT NULL AND (v.receiver, v.account, v.lane) > (f.receiver, f.account, \
         f.lane) ORDER BY v.receiver, v.account, v.lane LIMIT 1) n) \
         INSERT INTO lanes (receiver, account, lane, due_at) SELECT f.receiver, f.account, f.lane, $1 FROM filled f \
         WHERE NOT EXISTS (SELECT 1 FROM lanes l WHERE l.receiver = f.receiver AND l.account = f.account \
         AND l.lane = f.lane AND l.due_at IS NOT NULL) ORDER BY 1, 2, 3 \
         ON CONFLICT (receiver, account, lane) DO UPDATE SET due_at = excluded.due_at WHERE lanes.due_at IS NULL",
    )
    .bind(tx.now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Sets when lanes are due, after places became free, and wakes parked lanes that wait for those: two
/// for each, because one of them may find that another limit holds it back.
pub(super) async fn refresh(tx: &mut Tx, touched: &Touched) -> Result<(), Fail> {
    if touched.is_empty() {
        return Ok(());
    }
    let (receivers, accounts): (Vec<_>, Vec<_>) =
        touched.keys().map(|(receiver, account)| (receiver.clone(), account.clone())).unzip();
    // Made or locked, in the same order by everybody.
    sqlx::query(
        "INSERT INTO lanes (receiver, account, lane) SELECT t.receiver, t.account, n.lane \
         FROM unnest($1::text[], $2::text[]) t (receiver, account) CROSS JOIN (VALUES (0), (1)) n (lane) ORDER BY 1, 2, 3 \
         ON CONFLICT (receiver, account, lane) DO UPDATE SET parked = lanes.parked",
    )
    .bind(&receivers)
    .bind(&accounts)
    .execute(&mut **tx)
    .await?;
    // Not before now, so that a lane that was just served goes behind those that wait.
    sqlx::query(
        "UPDATE lanes SET parked = FALSE, due_at = (SELECT CASE WHEN MIN(v.next_at) IS NOT NULL \
         THEN GREATEST(MIN(v.next_at), $3) END FROM deliveries v WHERE v.receiver = lanes.receiver \
         AND v.account = lanes.account AND v.lane = lanes.lane) \
         FROM unnest($1::text[], $2::text[]) t (receiver, account) \
         WHERE lanes.receiver = t.receiver AND lanes.account = t.account",
    )
    .bind(&receivers)
    .bind(&accounts)
    .bind(tx.now)
    .execute(&mut **tx)
    .await?;
    for (receiver, account) in touched.keys() {
        for lane in [0, 1] {
            tx.lanes.insert((receiver.clone(), account.clone(), lane));
        }
    }
    let freed = |of: fn(&(String, String)) -> &String| {
        let mut places = BTreeMap::<String, i64>::new();
        for (lane, freed) in touched.iter().filter(|(_, freed)| **freed > 0) {
            *places.entry(of(lane).clone()).or_default() += 2 * i64::from(*freed);
        }
        places
    };
    for (sql, places) in [(WAKE_RECEIVERS, freed(|lane| &lane.0)), (WAKE_ACCOUNTS, freed(|lane| &lane.1))] {
        let (names, places): (Vec<_>, Vec<_>) = places.into_iter().unzip();
        sqlx::query(sql).bind(names).bind(places).bind(tx.now).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Wakes parked lanes; one that is being looked at is not waited for.
const WAKE_RECEIVERS: &str = "UPDATE lanes SET parked = FALSE, due_at = $3 WHERE (receiver, account, lane) IN ( \
     SELECT p.receiver, p.account, p.lane FROM unnest($1::text[], $2::bigint[]) t (name, places) CROSS JOIN LATERAL ( \
     SELECT l.receiver, l.account, l.lane FROM lanes l WHERE l.receiver = t.name AND l.parked ORDER BY l.due_at \
     LIMIT t.places FOR UPDATE SKIP LOCKED) p)";
const WAKE_ACCOUNTS: &str = "UPDATE lanes SET parked = FALSE, due_at = $3 WHERE (receiver, account, lane) IN ( \
     SELECT p.receiver, p.account, p.lane FROM unnest($1::text[], $2::bigint[]) t (name, places) CROSS JOIN LATERAL ( \
     SELECT l.receiver, l.account, l.lane FROM lanes l WHERE l.account = t.name AND l.parked ORDER BY l.due_at \
     LIMIT t.places FOR UPDATE SKIP LOCKED) p)";
