//! The webhook of all jobs of an account.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State as Extract},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    jobs::read,
    reply::{Caller, Refused},
};
use crate::{
    dialect::image_intelligence::{
        auth::millis,
        lower,
        registered::{self, CLASS, ONE, Registered, WebhookRequest},
    },
    http::{State, submit},
    store::{Change, DocumentRow},
};

/// Registers the webhook, in the place of an earlier one.
pub(super) async fn register(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    request: Request,
) -> Result<Json<Value>, Refused> {
    let request: WebhookRequest = read(&state, request).await?;
    let transforms = state.plugins.snapshot();
    let checked = lower::url("url", &request.url, &submit::rules(&state, &*transforms, false));
    checked.and_then(|()| request.check()).map_err(Refused::wrong)?;
    let now = state.clock.now();
    let registered =
        Registered { id: Uuid::new_v4(), url: request.url, secret_key: request.secret_key, created_at: millis(now) };
    let row = DocumentRow {
        account: account.key.clone(),
        class: CLASS.to_owned(),
        name: ONE.to_owned(),
        body: json!(registered),
        created_at: now,
        updated_at: now,
    };
    state.store.change(vec![Change::PutDocument { row, new: false }], Vec::new()).await?;
    Ok(Json(registered.shown(&account.key)))
}

/// Shows the webhook, in a list.
pub(super) async fn list(Extract(state): Extract<Arc<State>>, Caller(account): Caller) -> Result<Json<Value>, Refused> {
    let found = registered::of(state.store.as_ref(), &account.key).await?;
    Ok(Json(found.iter().map(|registered| registered.shown(&account.key)).collect()))
}
