//! What is set for accounts.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Request, State as Extract},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    State,
    auth::{Admin, Caller},
    body,
    reply::{Issue, Problem},
};
use crate::{
    account::{Settings, Update},
    clock::rfc3339,
    error::Code,
    plugins::audit,
    store::Account,
};

/// An account, as its owner and the operator see it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountDocument {
    /// Its name and API key.
    key: String,
    /// What signs its callbacks.
    webhook_secret: String,
    /// When the secret before it stops signing beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_webhook_secret_until: Option<String>,
    /// What is set for it alone; null is as for all.
    settings: Settings,
    /// When it was made.
    created_at: String,
}

impl From<Account> for AccountDocument {
    fn from(account: Account) -> AccountDocument {
        AccountDocument {
            key: account.key,
            webhook_secret: account.webhook_secret,
            previous_webhook_secret_until: account.previous_until.map(rfc3339),
            settings: account.settings,
            created_at: rfc3339(account.created_at),
        }
    }
}

/// What an owner may change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnUpdate {
    /// `whsec_` and base64 of 24 to 64 bytes; null for a new one. The present one goes on signing beside it for a day.
    webhook_secret: Option<String>,
}

/// Shows the account of the request.
#[utoipa::path(
    get, path = "/v1/account", tag = "accounts",
    responses(
        (status = 200, description = "The account.", body = AccountDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn own(Caller(account): Caller) -> Json<AccountDocument> {
    Json(account.into())
}

/// Replaces the webhook secret of the account of the request.
#[utoipa::path(
    patch, path = "/v1/account", tag = "accounts",
    request_body = OwnUpdate,
    responses(
        (status = 200, description = "The account as it is now.", body = AccountDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn change_own(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    request: Request,
) -> Result<Json<AccountDocument>, Problem> {
    let OwnUpdate { webhook_secret } = body::read(&state, request).await?;
    let actor = account.key.clone();
    change(&state, &actor, account, Update { webhook_secret: Some(webhook_secret), ..Update::default() }).await
}

/// Shows an account. For accounts in `server.admin_accounts`.
#[utoipa::path(
    get, path = "/v1/accounts/{key}", tag = "accounts",
    params(("key" = String, Path, description = "The account.")),
    responses(
        (status = 200, description = "The account.", body = AccountDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    Extract(state): Extract<Arc<State>>,
    _: Admin,
    Path(key): Path<String>,
) -> Result<Json<AccountDocument>, Problem> {
    Ok(Json(find(&state, &key).await?.into()))
}

/// Changes what is set for an account. For accounts in `server.admin_accounts`.
#[utoipa::path(
    patch, path = "/v1/accounts/{key}", tag = "accounts",
    params(("key" = String, Path, description = "The account.")),
    request_body = Update,
    responses(
        (status = 200, description = "The account as it is now.", body = AccountDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn patch(
    Extract(state): Extract<Arc<State>>,
    Admin(admin): Admin,
    Path(key): Path<String>,
    request: Request,
) -> Result<Json<AccountDocument>, Problem> {
    let update = body::read(&state, request).await?;
    change(&state, &admin.key, find(&state, &key).await?, update).await
}

async fn find(state: &State, key: &str) -> Result<Account, Problem> {
    state.store.account(key).await?.ok_or_else(|| Problem::not_found("account", key))
}

async fn change(
    state: &State,
    actor: &str,
    account: Account,
    update: Update,
) -> Result<Json<AccountDocument>, Problem> {
    let before = account.clone();
    let changed = update.apply(account, state.clock.now()).map_err(|(member, problem)| {
        Problem::issues(vec![Issue::at(format!("/{member}"), Code::InvalidRequest, problem)])
    })?;
    state.store.update_account(changed.clone()).await?;
    let detail = audit::settings(&before, &changed);
    state.store.audit(audit::entry(actor, "account.changed", &changed.key, detail, state.clock.now())).await?;
    Ok(Json(changed.into()))
}
