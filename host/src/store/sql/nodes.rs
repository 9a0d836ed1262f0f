//! What nodes agree about, the same for every adapter.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::{
    Fail, Fields, Session, Timed, Values,
    backend::Backend,
    rows::{self, span},
};
use crate::store::{Error, Level, NodeInfo, NodeRow, Nodes};

/// How long a node that gave no sign of life, a hold that has ended, and a bucket that nobody draws from are kept.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// The parts of a token that buckets count in.
const PARTS: i64 = 1_000_000;

/// A second in the unit of times.
const SECOND: i64 = 1_000_000;

#[async_trait]
impl<B: Backend> Nodes for B {
    fn level(&self) -> &Level {
        Backend::level(self)
    }

    fn is_shared(&self) -> bool {
        B::IS_SHARED
    }

    async fn hold(&self, name: &str, holder: Uuid, lease: Duration) -> Result<bool, Error> {
        let values = (name.to_owned(), holder, lease);
        self.write("take work", values, |tx, (name, holder, lease)| Box::pin(hold(tx, name, *holder, *lease))).await
    }

    async fn let_go(&self, name: &str, holder: Uuid) -> Result<(), Error> {
        const END: &str = "DELETE FROM holds WHERE name = $1 AND holder = $2";
        let values = Values::new().with(name).with(holder);
        self.write("give work up", values, |tx, values| Box::pin(run(tx, END, values))).await
    }

    async fn draw(&self, bucket: &str, per_second: u32, wanted: u32) -> Result<u32, Error> {
        let values = (bucket.to_owned(), per_second, wanted);
        self.write("take tokens", values, |tx, (bucket, rate, wanted)| Box::pin(draw(tx, bucket, *rate, *wanted))).await
    }

    async fn sign_in(&self, name: &str, process: Uuid, info: NodeInfo) -> Result<(), Error> {
        let values = (name.to_owned(), process, info);
        self.write("sign the node in", values, |tx, (name, process, info)| Box::pin(sign_in(tx, name, *process, info)))
            .await
    }

    async fn sign_out(&self, name: &str, process: Uuid) -> Result<(), Error> {
        const OUT: &str = "DELETE FROM nodes WHERE name = $1 AND process = $2";
        let values = Values::new().with(name).with(process);
        self.write("sign the node out", values, |tx, values| Box::pin(run(tx, OUT, values))).await
    }

    async fn nodes(&self) -> Result<Vec<NodeRow>, Error> {
        const NODES: &str = "SELECT * FROM nodes ORDER BY name";
        let found = self.reader().await?.ask(NODES, Values::new()).await;
        self.told("list the nodes", found.and_then(|rows| rows.iter().map(rows::node).collect()))
    }
}

async fn run(tx: &mut impl Session, sql: &'static str, values: &Values) -> Result<(), Fail> {
    tx.ask(sql, values.clone()).await.map(|_| ())
}

async fn hold(tx: &mut impl Timed, name: &str, holder: Uuid, lease: Duration) -> Result<bool, Fail> {
    const HOLD: &str = "INSERT INTO holds (name, holder, held_until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE \
         SET holder = excluded.holder, held_until = excluded.held_until \
         WHERE holds.holder = excluded.holder OR holds.held_until <= $4 RETURNING name";
    let now = tx.now();
    let values = Values::new().with(name).with(holder).with(now.saturating_add(span(lease))).with(now);
    Ok(!tx.ask(HOLD, values).await?.is_empty())
}

async fn draw(tx: &mut impl Timed, bucket: &str, per_second: u32, wanted: u32) -> Result<u32, Fail> {
    // Locks the row. Somebody who began before the last one adds nothing, and does not turn the time back; a clock that
    // was set back does.
    const FILL: &str = "INSERT INTO buckets (name, level, filled_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET \
         level = CASE WHEN $3 <= buckets.filled_at THEN buckets.level \
         WHEN $3 - buckets.filled_at >= $4 OR buckets.level + ($3 - buckets.filled_at) * $5 > $2 THEN $2 \
         ELSE buckets.level + ($3 - buckets.filled_at) * $5 END, \
         filled_at = CASE WHEN $3 > buckets.filled_at OR buckets.filled_at - $3 >= $4 THEN $3 ELSE buckets.filled_at END \
         RETURNING level";
    const TAKE: &str = "UPDATE buckets SET level = level - $2 WHERE name = $1";
    let full = i64::from(per_second) * PARTS;
    let values = Values::new().with(bucket).with(full).with(tx.now()).with(SECOND).with(per_second);
    let rows = tx.ask(FILL, values).await?;
    let level = rows.first().map_or(Ok(0), |row| row.number("level"))?.min(full);
    let drawn = (level / PARTS).clamp(0, i64::from(wanted));
    if drawn > 0 {
        tx.ask(TAKE, Values::new().with(bucket).with(drawn * PARTS)).await?;
    }
    Ok(drawn as u32)
}

async fn sign_in(tx: &mut impl Timed, name: &str, process: Uuid, info: &NodeInfo) -> Result<(), Fail> {
    const IN: &str = "INSERT INTO nodes (name, process, document, started_at, seen_at) VALUES ($1, $2, $3, $4, $4) \
         ON CONFLICT (name) DO UPDATE SET document = excluded.document, seen_at = excluded.seen_at, \
         started_at = CASE WHEN nodes.process = excluded.process THEN nodes.started_at ELSE excluded.started_at END, \
         process = excluded.process";
    let (now, before) = (tx.now(), tx.now().saturating_sub(span(KEPT)));
    let values = Values::new().with(name).with(process).with(serde_json::to_string(info)?).with(now);
    tx.ask(IN, values).await?;
    for sql in [
        "DELETE FROM nodes WHERE seen_at < $1",
        "DELETE FROM holds WHERE held_until < $1",
        "DELETE FROM buckets WHERE filled_at < $1",
    ] {
        tx.ask(sql, Values::new().with(before)).await?;
    }
    Ok(())
}
