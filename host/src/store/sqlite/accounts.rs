//! Accounts and their secrets.

use sqlx::SqliteConnection;

use super::{
    fail::Fail,
    rows::{self, at},
    writer::Tx,
};
use crate::store::{Account, Error};

pub(super) async fn create(tx: &mut Tx, account: Account) -> Result<(), Fail> {
    let made = sqlx::query(
        "INSERT INTO accounts (key, secret, webhook_secret, previous_webhook_secret, previous_until, created_at, \
         queue_limit, requests_per_s, polls_per_s, event_bus, event_region) \
         SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM api_keys WHERE key = ?) ON CONFLICT (key) DO NOTHING",
    )
    .bind(&account.key)
    .bind(&account.secret)
    .bind(&account.webhook_secret)
    .bind(&account.previous_webhook_secret)
    .bind(account.previous_until.map(at))
    .bind(at(account.created_at))
    .bind(account.settings.queue_limit.map(limit))
    .bind(account.settings.requests_per_s)
    .bind(account.settings.polls_per_s)
    .bind(&account.settings.event_bus)
    .bind(&account.settings.event_region)
    .bind(&account.key)
    .execute(tx.open().await?)
    .await?;
    if made.rows_affected() == 0 {
        return Err(Error::Exists { what: "account", name: account.key }.into());
    }
    Ok(())
}

/// As the column holds it.
fn limit(limit: u64) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) async fn update(tx: &mut Tx, account: Account) -> Result<bool, Fail> {
    let changed = sqlx::query(
        "UPDATE accounts SET secret = ?, webhook_secret = ?, previous_webhook_secret = ?, previous_until = ?, \
         queue_limit = ?, requests_per_s = ?, polls_per_s = ?, event_bus = ?, event_region = ? WHERE key = ?",
    )
    .bind(&account.secret)
    .bind(&account.webhook_secret)
    .bind(&account.previous_webhook_secret)
    .bind(account.previous_until.map(at))
    .bind(account.settings.queue_limit.map(limit))
    .bind(account.settings.requests_per_s)
    .bind(account.settings.polls_per_s)
    .bind(&account.settings.event_bus)
    .bind(&account.settings.event_region)
    .bind(&account.key)
    .execute(tx.open().await?)
    .await?;
    Ok(changed.rows_affected() > 0)
}

pub(super) async fn one(connection: &mut SqliteConnection, key: &str) -> Result<Option<Account>, Fail> {
    let row = sqlx::query("SELECT * FROM accounts WHERE key = ?").bind(key).fetch_optional(connection).await?;
    row.as_ref().map(rows::account).transpose()
}

pub(super) async fn all(connection: &mut SqliteConnection) -> Result<Vec<Account>, Fail> {
    let found = sqlx::query("SELECT * FROM accounts ORDER BY key").fetch_all(connection).await?;
    found.iter().map(rows::account).collect()
}
