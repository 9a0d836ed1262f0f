//! Copies of everything, the same for every adapter.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::{Fail, Fields, Query, Session, Value, Values, backend::Backend};
use crate::store::{
    Error,
    moving::{Cell, Kind, Moving, Rows, TABLES, Table},
};

/// Rows that are told together.
const PAGE: u32 = 500;

/// Values of one statement at most.
const VALUES: usize = 2000;

#[async_trait]
impl<B: Backend> Moving for B {
    async fn tell(&self, listener: mpsc::Sender<Rows>) -> Result<(), Error> {
        let mut snapshot = self.snapshot().await?;
        for table in TABLES {
            let mut after = None;
            loop {
                let rows = self.told("read the table", page(&mut *snapshot, table, after.as_deref()).await)?;
                let is_last = rows.len() < PAGE as usize;
                after = rows.last().map(|row| place(table, row));
                let gone = |_| Error::Failed { attempt: "tell the rows", message: "nobody listens".to_owned() };
                listener.send(Rows { table, columns: table.columns.to_vec(), rows }).await.map_err(gone)?;
                if is_last {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn take_in(&self, rows: mpsc::Receiver<Result<Rows, String>>) -> Result<(), Error> {
        self.write_all(rows).await
    }
}

/// A row's place in the order.
fn place(table: &Table, row: &[Cell]) -> Vec<Cell> {
    let cell = |name: &&str| {
        let at = table.columns.iter().position(|column| column.0 == *name);
        at.and_then(|at| row.get(at)).cloned().unwrap_or(Cell::Null)
    };
    table.key.iter().map(cell).collect()
}

async fn page(session: &mut impl Session, table: &Table, after: Option<&[Cell]>) -> Result<Vec<Vec<Cell>>, Fail> {
    let names: Vec<&str> = table.columns.iter().map(|column| column.0).collect();
    let key = table.key.join(", ");
    let mut query = Query::new(format!("SELECT {} FROM {}", names.join(", "), table.name));
    if let Some(after) = after {
        query.push(" WHERE (").push(&key).push(") > (");
        for (at, (name, cell)) in table.key.iter().zip(after).enumerate() {
            let kind = table.column(name).map_or(Kind::Text, |column| column.1);
            query.push(if at == 0 { "" } else { ", " }).bind(value(kind, cell)?);
        }
        query.push(")");
    }
    query.push(" ORDER BY ").push(&key).push(" LIMIT ").bind(PAGE);
    let rows = query.all(session).await?;
    rows.iter().map(|row| table.columns.iter().map(|(name, kind)| cell(row, name, *kind)).collect()).collect()
}

fn cell(row: &impl Fields, column: &str, kind: Kind) -> Result<Cell, Fail> {
    Ok(match kind {
        Kind::Id => row.optional_id(column)?.map_or(Cell::Null, Cell::Id),
        // One of the databases cannot hold it.
        Kind::Text => row.optional_text(column)?.map_or(Cell::Null, |text| Cell::Text(text.replace('\0', "\u{fffd}"))),
        Kind::Number => row.optional_number(column)?.map_or(Cell::Null, Cell::Number),
        Kind::Flag => Cell::Flag(row.flag(column)?),
        Kind::Bytes => Cell::Bytes(row.bytes(column)?),
    })
}

fn value(kind: Kind, cell: &Cell) -> Result<Value, Fail> {
    Ok(match (kind, cell) {
        (Kind::Id, Cell::Null) => Value::Id(None),
        (Kind::Text, Cell::Null) => Value::Text(None),
        (Kind::Number, Cell::Null) => Value::Number(None),
        (Kind::Id, Cell::Id(id)) => Value::Id(Some(*id)),
        (Kind::Text, Cell::Text(text)) => Value::Text(Some(text.clone())),
        (Kind::Number, Cell::Number(number)) => Value::Number(Some(*number)),
        (Kind::Flag, Cell::Flag(flag)) => Value::Flag(*flag),
        (Kind::Bytes, Cell::Bytes(bytes)) => Value::Bytes(bytes.clone()),
        (kind, cell) => return Err(Fail::Value(format!("expected {kind:?}, found {cell:?}"))),
    })
}

/// Takes rows in, then brings what is kept beside them in step.
pub(in crate::store) async fn take_in<S: Session>(
    session: &mut S,
    mut rows: mpsc::Receiver<Result<Rows, String>>,
) -> Result<(), Fail> {
    let accounts = session.ask("SELECT key FROM accounts LIMIT 1", Values::new()).await?;
    if let Some(account) = accounts.first() {
        return Err(Error::Exists { what: "account", name: account.text("key")?.to_owned() }.into());
    }
    session.ask("DELETE FROM plugin_set", Values::new()).await?;
    while let Some(rows) = rows.recv().await {
        let Rows { table, columns, rows } = rows.map_err(Fail::Value)?;
        let together = (VALUES / columns.len().max(1)).max(1);
        for rows in rows.chunks(together) {
            insert(session, table, &columns, rows).await?;
        }
    }
    for sql in S::AFTER_MOVING {
        session.ask(*sql, Values::new()).await?;
    }
    Ok(())
}

async fn insert(
    session: &mut impl Session,
    table: &Table,
    columns: &[(&'static str, Kind)],
    rows: &[Vec<Cell>],
) -> Result<(), Fail> {
    let names: Vec<&str> = columns.iter().map(|column| column.0).collect();
    let mut query = Query::new(format!("INSERT INTO {} ({}) VALUES ", table.name, names.join(", ")));
    for (nth, row) in rows.iter().enumerate() {
        query.push(if nth == 0 { "(" } else { ", (" });
        for (at, ((name, kind), cell)) in columns.iter().zip(row).enumerate() {
            let value = value(*kind, cell).map_err(|_| {
                Fail::Value(format!("table {}, column {name}: expected {kind:?}, found {cell:?}", table.name))
            })?;
            query.push(if at == 0 { "" } else { ", " }).bind(value);
        }
        query.push(")");
    }
    query.all(session).await.map(|_| ())
}

/// Makes lanes of what is to be delivered.
pub(in crate::store) const LANES: &str = "INSERT INTO lanes (receiver, account, lane, due_at) SELECT receiver, account, lane, \
     MIN(next_at) FROM deliveries WHERE lane IS NOT NULL GROUP BY receiver, account, lane";
