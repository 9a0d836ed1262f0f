//! Tokens that delete one asset, for browsers: `return_delete_token` and `delete_by_token`.

use std::time::Duration;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Call,
    caller::Caller,
    form::Sent,
    jobs,
    reply::{Refusal, anew, json_response},
};
use crate::{
    dialect::cloudinary::engine::Ended,
    http::State,
    store::{Change, DocumentRow, JobRow, ResourceKey},
};

/// The class of documents that tokens are.
const CLASS: &str = "delete_token";

/// How long a token is good.
const LIFE: Duration = Duration::from_secs(600);

/// What a token stands for.
#[derive(Serialize, Deserialize)]
struct Token {
    key: ResourceKey,
}

/// The answer of an upload, with a token.
pub(super) async fn answer(state: &State, caller: &Caller, row: &JobRow) -> Result<Response, Refusal> {
    let Some(ended) = Ended::of(row) else { return jobs::answer(caller, row) };
    let mut answer = jobs::signed(caller, ended.answer);
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let key = ResourceKey {
        account: caller.account.key.clone(),
        kind: text("resource_type"),
        delivery: text("type"),
        public_id: text("public_id"),
    };
    let token = hex::encode(rand::random::<[u8; 32]>());
    let now = state.clock.now();
    let document = DocumentRow {
        account: caller.account.key.clone(),
        class: CLASS.to_owned(),
        name: token.clone(),
        body: json!(Token { key }),
        created_at: now,
        updated_at: now,
    };
    state.store.change(vec![Change::PutDocument { row: document, new: true }], Vec::new()).await?;
    answer.insert("delete_token".to_owned(), token.into());
    Ok(json_response(&answer))
}

/// Deletes what a token stands for; the token ends with it.
pub(super) async fn delete(call: Call, sent: Sent) -> Result<Response, Refusal> {
    let token = sent.form.text("token").ok_or_else(|| Refusal::bad("Missing required parameter - token"))?;
    anew!(delete_once(&call, token).await)
}

async fn delete_once(call: &Call, token: &str) -> Result<Response, Refusal> {
    let store = &call.state.store;
    let invalid = || Refusal::bad("Invalid token");
    let found = store.document(&call.cloud, CLASS, token).await?.ok_or_else(invalid)?;
    let gone = Change::DropDocument { account: call.cloud.clone(), class: CLASS.to_owned(), name: token.to_owned() };
    let age = call.state.clock.now().duration_since(found.created_at).unwrap_or_default();
    let mut changes = vec![gone];
    let token: Token = serde_json::from_value(found.body).map_err(|_| invalid())?;
    if age > LIFE {
        store.change(changes, Vec::new()).await?;
        return Err(invalid());
    }
    if let Some(row) = store.resource(&token.key).await? {
        changes.push(Change::DropResource { account: row.key.account, id: row.id, over: row.revision });
    }
    store.change(changes, Vec::new()).await?;
    Ok(json_response(&json!({"result": "ok"})))
}
