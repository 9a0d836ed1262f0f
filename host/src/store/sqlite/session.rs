//! Statements on SQLite, and its rows.

use std::borrow::Cow;

use futures_util::future::BoxFuture;
use sqlx::{
    Arguments, AssertSqlSafe, Row, SqliteConnection,
    error::BoxDynError,
    sqlite::{SqliteArguments, SqliteRow},
};
use uuid::Uuid;

use crate::store::sql::{Fail, Fields, Session, Value, Values, moving::LANES};

impl Session for SqliteConnection {
    type Row = SqliteRow;

    const HEX_ID: &'static str = "lower(hex(r.id))";
    const MEMBER: (&'static str, &'static str) = ("extra ->> ", "$.");
    const UNANNOUNCED: &'static str = "announced = 0";
    const DERIVED_NAME: &'static str = "resource, transformation, extension, key";
    const KEEP_PARENT: &'static str = "";
    const AFTER_MOVING: &'static [&'static str] = &[
        LANES,
        "UPDATE accounts SET \
         queued = (SELECT COUNT(*) FROM jobs WHERE jobs.account = accounts.key AND state = 'queued'), \
         running = (SELECT COUNT(*) FROM jobs WHERE jobs.account = accounts.key AND state = 'running')",
    ];

    /// Several statements are parted by `;`: they share the values, and the answer is the rows of all. (Values named
    /// `?1` would not do: the numbers left out would each take a value.)
    fn run(&mut self, sql: Cow<'static, str>, values: Values) -> BoxFuture<'_, Result<Vec<SqliteRow>, Fail>> {
        Box::pin(async move {
            let values = arguments(values).map_err(sqlx::Error::Encode)?;
            Ok(match sql {
                Cow::Borrowed(sql) => sqlx::query_with(sql, values).fetch_all(self).await?,
                Cow::Owned(sql) => sqlx::query_with(AssertSqlSafe(sql), values).fetch_all(self).await?,
            })
        })
    }
}

fn arguments(values: Values) -> Result<SqliteArguments, BoxDynError> {
    let mut arguments = SqliteArguments::default();
    for value in values.0 {
        match value {
            Value::Id(id) => Arguments::add(&mut arguments, id.map(|id| id.as_bytes().to_vec()))?,
            Value::Text(text) => Arguments::add(&mut arguments, text)?,
            Value::Number(number) => Arguments::add(&mut arguments, number)?,
            Value::Flag(flag) => Arguments::add(&mut arguments, i64::from(flag))?,
            Value::Bytes(bytes) => Arguments::add(&mut arguments, bytes)?,
        }
    }
    Ok(arguments)
}

/// An id as it is bound.
pub(super) fn key(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

impl Fields for SqliteRow {
    fn optional_id(&self, column: &str) -> Result<Option<Uuid>, Fail> {
        let bytes = self.try_get::<Option<&[u8]>, _>(column)?;
        bytes.map(|bytes| Uuid::from_slice(bytes).map_err(|error| Fail::Value(error.to_string()))).transpose()
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
        Ok(self.try_get::<i64, _>(column)? != 0)
    }
}

/// The steps of the schema that the database has.
pub(super) async fn versions(connection: &mut SqliteConnection) -> Result<Vec<i64>, Fail> {
    let rows = connection.ask("SELECT version FROM _sqlx_migrations", Values::new()).await?;
    rows.iter().map(|row| row.number("version")).collect()
}
