//! Tokens for credentials.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Request, State as Extract},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{jobs::read, reply::Refused};
use crate::{
    dialect::image_intelligence::auth::{self, Credentials, SCOPE},
    http::{State, auth as door},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ask {
    client_id: String,
    client_secret: String,
}

/// Answers a token for an account's key and secret.
pub(super) async fn issue(Extract(state): Extract<Arc<State>>, request: Request) -> Result<Json<Value>, Refused> {
    let ask: Ask = read(&state, request).await?;
    let credentials = Credentials { key: ask.client_id, secret: ask.client_secret };
    let account = door::check(&state, &credentials).await?;
    let now = state.clock.now();
    let lifetime = Duration::from_secs(state.image_intelligence.config.token_s);
    let (token, expires_at) = auth::issue(&account.key, &account.secret, now, lifetime);
    Ok(Json(json!({
        "accessToken": token,
        "expiresAt": expires_at,
        "issuedAt": auth::millis(now),
        "orgName": account.key,
        "appName": account.key,
        "scope": SCOPE,
    })))
}
