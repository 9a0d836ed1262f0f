//! Statements on PostgreSQL, and its rows.

use std::{borrow::Cow, time::Duration};

use futures_util::future::BoxFuture;
use sqlx::{
    Arguments, AssertSqlSafe, PgConnection, Row,
    postgres::{PgArguments, PgRow},
};
use tokio::time::timeout;
use uuid::Uuid;

use crate::store::sql::{Fail, Fields, Query, Session, Value, Values, moving::LANES};

/// How long a statement outside of transactions may take before the connection counts as lost. The network alone would
/// say so after a quarter of an hour.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The answer of the server, if it comes within `patience`.
pub(super) async fn answered<T, E: From<sqlx::Error>>(
    patience: Duration,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(patience, answer).await.unwrap_or_else(|_| Err(silence().into()))
}

/// What a silent server is as an error.
pub(super) fn silence() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the database does not answer"))
}

impl Session for PgConnection {
    type Row = PgRow;

    const HEX_ID: &'static str = "replace(CAST(r.id AS TEXT), '-', '') COLLATE \"C\"";
    const MEMBER: (&'static str, &'static str) = ("CAST(extra AS JSON) ->> ", "");
    const UNANNOUNCED: &'static str = "NOT announced";
    const DERIVED_NAME: &'static str = "resource, md5(transformation), extension, key";
    const KEEP_PARENT: &'static str = " FOR KEY SHARE";
    const AFTER_MOVING: &'static [&'static str] = &[
        LANES,
        "INSERT INTO turns (account, served_at) SELECT key, 0 FROM accounts",
        "INSERT INTO queues (account, shard, jobs) SELECT account, 0, COUNT(*) FROM jobs WHERE state = 'queued' \
         GROUP BY account",
    ];

    fn push_is(query: &mut Query, column: &str, text: &str) {
        query.push("(md5(").push(column).push(") = md5(").bind(text).push(") AND ");
        query.push(column).push(" = ").bind(text).push(")");
    }

    fn run(&mut self, sql: Cow<'static, str>, values: Values) -> BoxFuture<'_, Result<Vec<PgRow>, Fail>> {
        Box::pin(answered(PATIENCE, rows(self, sql, values)))
    }
}

/// The rows of a statement, whenever they come.
pub(super) async fn rows(
    connection: &mut PgConnection,
    sql: Cow<'static, str>,
    values: Values,
) -> Result<Vec<PgRow>, Fail> {
    let mut arguments = PgArguments::default();
    for value in values.0 {
        let added = match value {
            Value::Id(id) => Arguments::add(&mut arguments, id),
            Value::Text(text) => Arguments::add(&mut arguments, text.map(clean)),
            Value::Number(number) => Arguments::add(&mut arguments, number),
            Value::Flag(flag) => Arguments::add(&mut arguments, flag),
            Value::Bytes(bytes) => Arguments::add(&mut arguments, bytes),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(match sql {
        Cow::Borrowed(sql) => sqlx::query_with(sql, arguments).fetch_all(connection).await?,
        Cow::Owned(sql) => sqlx::query_with(AssertSqlSafe(sql), arguments).fetch_all(connection).await?,
    })
}

/// PostgreSQL's text cannot hold the character zero: another one stands for it.
pub(super) fn clean(text: impl Into<String>) -> String {
    let text = text.into();
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

impl Fields for PgRow {
    fn optional_id(&self, column: &str) -> Result<Option<Uuid>, Fail> {
        Ok(self.try_get(column)?)
    }

    fn optional_text(&self, column: &str) -> Result<Option<&str>, Fail> {
        Ok(self.try_get(column)?)
    }

    fn optional_number(&self, column: &str) -> Result<Option<i64>, Fail> {
        Ok(self.try_get(column)?)
    }

    fn bytes(&self, column: &str) -> Result<Vec<u8>, Fail> {
        Ok(self.try_get(column)?)
    }

    fn flag(&self, column: &str) -> Result<bool, Fail> {
        Ok(self.try_get(column)?)
    }
}

/// The steps of the schema that the database has.
pub(super) async fn versions(connection: &mut PgConnection) -> Result<Vec<i64>, Fail> {
    let rows = connection.ask("SELECT version FROM _sqlx_migrations", Values::new()).await?;
    rows.iter().map(|row| row.number("version")).collect()
}
