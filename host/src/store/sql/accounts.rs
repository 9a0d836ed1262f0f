//! Accounts and their secrets.

use super::{
    Fail, Session, Values,
    rows::{self, at},
};
use crate::store::{Account, Error};

pub(in crate::store) async fn create<S: Session>(session: &mut S, account: &Account) -> Result<(), Fail> {
    const CREATE: &str = "INSERT INTO accounts (key, secret, webhook_secret, previous_webhook_secret, previous_until, \
         queue_limit, requests_per_s, polls_per_s, event_bus, event_region, created_at) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 WHERE NOT EXISTS (SELECT 1 FROM api_keys WHERE key = $1) \
         ON CONFLICT (key) DO NOTHING RETURNING key";
    if session.ask(CREATE, columns(account).with(at(account.created_at))).await?.is_empty() {
        return Err(Error::Exists { what: "account", name: account.key.clone() }.into());
    }
    Ok(())
}

pub(in crate::store) async fn update<S: Session>(session: &mut S, account: &Account) -> Result<bool, Fail> {
    const UPDATE: &str = "UPDATE accounts SET secret = $2, webhook_secret = $3, previous_webhook_secret = $4, \
         previous_until = $5, queue_limit = $6, requests_per_s = $7, polls_per_s = $8, event_bus = $9, \
         event_region = $10 WHERE key = $1 RETURNING key";
    Ok(!session.ask(UPDATE, columns(account)).await?.is_empty())
}

/// All but the time when it was made.
fn columns(account: &Account) -> Values {
    let settings = &account.settings;
    Values::new()
        .with(&account.key)
        .with(&account.secret)
        .with(&account.webhook_secret)
        .with(&account.previous_webhook_secret)
        .with(account.previous_until.map(at))
        .with(settings.queue_limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX)))
        .with(settings.requests_per_s)
        .with(settings.polls_per_s)
        .with(&settings.event_bus)
        .with(&settings.event_region)
}

pub(in crate::store) async fn one<S: Session>(session: &mut S, key: &str) -> Result<Option<Account>, Fail> {
    let found = session.ask("SELECT * FROM accounts WHERE key = $1", Values::new().with(key)).await?;
    found.first().map(rows::account).transpose()
}

pub(in crate::store) async fn all<S: Session>(session: &mut S) -> Result<Vec<Account>, Fail> {
    let found = session.ask("SELECT * FROM accounts ORDER BY key", Values::new()).await?;
    found.iter().map(rows::account).collect()
}
