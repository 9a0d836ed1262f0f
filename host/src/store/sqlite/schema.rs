//! The schema and how it grows: SQL files in `migrations/sqlite`, built into the binary.

use sqlx::{
    SqlSafeStr, SqliteConnection,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use crate::store::Error;

/// Version, name and text of every step, in order. Steps that were released are never changed.
const STEPS: &[(i64, &str, &str)] = &[
    (1, "first", include_str!("../../../migrations/sqlite/0001_first.sql")),
    (2, "library", include_str!("../../../migrations/sqlite/0002_library.sql")),
    (3, "batches", include_str!("../../../migrations/sqlite/0003_batches.sql")),
    (4, "found_again", include_str!("../../../migrations/sqlite/0004_found_again.sql")),
    (5, "account settings", include_str!("../../../migrations/sqlite/0005_account_settings.sql")),
    (6, "versions", include_str!("../../../migrations/sqlite/0006_versions.sql")),
    (7, "plugins", include_str!("../../../migrations/sqlite/0007_plugins.sql")),
];

/// Brings the database up to the newest schema.
///
/// Errors: a database that a newer binary wrote, or one whose steps differ from ours.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), Error> {
    let steps = STEPS.iter().map(|&(version, name, sql)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(steps.collect()).run(connection).await.map_err(|error| {
        let newest = STEPS.last().map_or(0, |step| step.0);
        let message = match error {
            MigrateError::VersionMissing(version) => {
                format!("its schema has step {version}, this binary knows {newest} only: use a newer binary")
            }
            other => other.to_string(),
        };
        Error::Failed { attempt: "bring the database up to date", message }
    })
}
