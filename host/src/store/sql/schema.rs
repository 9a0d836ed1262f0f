//! The schema and how it grows: SQL files in `migrations`, built into the binary.

use sqlx::{
    SqlSafeStr,
    migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator},
};

use super::Fail;
use crate::store::{Error, Schema};

/// Version, name and text of every step, in order. Steps that were released are never changed.
pub(in crate::store) type Steps = &'static [(i64, &'static str, &'static str)];

/// The step that a binary brings a database to.
fn newest(steps: Steps) -> i64 {
    steps.last().map_or(0, |step| step.0)
}

/// Brings the database up to the newest schema. Those who do so at the same time wait for each other.
///
/// Errors: a database that a newer binary wrote, or one whose steps differ from ours.
pub(in crate::store) async fn migrate(connection: &mut impl Migrate, steps: Steps) -> Result<(), Error> {
    let migrations = steps.iter().map(|&(version, name, sql)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect()).run_direct(None, connection, false).await.map_err(|error| {
        let message = match error {
            MigrateError::VersionMissing(version) => newer(version, newest(steps)),
            other => other.to_string(),
        };
        Error::Failed { attempt: "bring the database up to date", message }
    })
}

fn newer(version: i64, newest: i64) -> String {
    format!("its schema has step {version}, this binary knows {newest} only: use a newer binary")
}

/// Compares the steps that the database has with ours; `versions` is what reading them gave.
pub(in crate::store) fn compare(versions: Result<Vec<i64>, Fail>, steps: Steps) -> Result<Schema, Fail> {
    let found = match versions {
        Ok(versions) => versions.into_iter().max().unwrap_or(0),
        Err(fail) if is_no_table(&fail) => 0,
        Err(fail) => return Err(fail),
    };
    let newest = newest(steps);
    if found > newest {
        return Err(Fail::Value(newer(found, newest)));
    }
    Ok(Schema { found, newest })
}

/// Whether a table is missing: the database is empty.
fn is_no_table(fail: &Fail) -> bool {
    let Fail::Sql(sqlx::Error::Database(error)) = fail else { return false };
    // PostgreSQL has a code of its own for it, SQLite has not.
    error.code().is_some_and(|code| code == "42P01") || error.message().starts_with("no such table")
}
