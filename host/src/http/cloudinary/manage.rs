//! What moves assets or takes them away: `destroy`, `rename`.

use axum::response::Response;
use serde_json::{Value, json};

use super::{
    Call,
    asked::{Asked, over, told},
    form::Sent,
    reply::{Refusal, anew, json_response},
};
use crate::{
    dialect::cloudinary::{
        answer::shown_place,
        params::{Form, UploadParams},
    },
    store::{Change, ResourceKey},
};

pub(super) async fn destroy(call: Call, kind: &str, sent: Sent) -> Result<Response, Refusal> {
    let asked = Asked::new(&call, kind, sent, false).await?;
    anew!(destroy_once(&asked).await)
}

async fn destroy_once(asked: &Asked<'_>) -> Result<Response, Refusal> {
    let key = asked.key(asked.required("public_id")?)?;
    let Some(row) = asked.state.store.resource(&key).await? else {
        return Ok(json_response(&json!({"result": "not found"})));
    };
    let gone = Change::DropResource { account: key.account, id: row.id, over: row.revision };
    asked.change(vec![gone], "delete", json!({"resources": [told(&row)]})).await?;
    Ok(json_response(&json!({"result": "ok"})))
}

pub(super) async fn rename(call: Call, kind: &str, sent: Sent) -> Result<Response, Refusal> {
    let asked = Asked::new(&call, kind, sent, false).await?;
    anew!(rename_once(&asked).await)
}

async fn rename_once(asked: &Asked<'_>) -> Result<Response, Refusal> {
    let from = asked.key(asked.required("from_public_id")?)?;
    let to_name = UploadParams::parse(&Form::new([("public_id", asked.required("to_public_id")?)]))?;
    let to = ResourceKey {
        public_id: to_name.public_id.unwrap_or_default(),
        delivery: asked.delivery("to_type")?.unwrap_or_else(|| from.delivery.clone()),
        ..from.clone()
    };
    let overwrite = asked.form.boolean("overwrite")?.unwrap_or(false);
    let store = &asked.state.store;
    let mut row = store.resource(&from).await?.ok_or_else(|| Refusal::no_resource(&from.public_id))?;
    if to == from {
        return Err(Refusal::bad("to_public_id is the same as from_public_id"));
    }
    let mut changes = Vec::new();
    if let Some(target) = store.resource(&to).await? {
        if !overwrite {
            return Err(Refusal::bad(format!("to_public_id({}) already exists", to.public_id)));
        }
        changes.push(Change::DropResource { account: to.account.clone(), id: target.id, over: target.revision });
    }
    let (folder, name) = shown_place(&to.public_id);
    if row.display_name == shown_place(&from.public_id).1 {
        row.display_name = name;
    }
    if row.asset_folder == row.folder {
        row.asset_folder.clone_from(&folder);
    }
    row.folder = folder;
    row.key = to;
    row.updated_at = asked.state.clock.now();
    changes.push(over(row.clone()));
    let mut body = told(&row);
    if let Value::Object(body) = &mut body {
        for (field, name) in [("from_public_id", &from.public_id), ("to_public_id", &row.key.public_id)] {
            body.insert(field.to_owned(), name.clone().into());
        }
        body.remove("public_id");
        body.remove("version");
    }
    asked.change(changes, "rename", body).await?;
    let mut answer = asked.answer(&row);
    for field in ["context", "metadata"] {
        if !matches!(asked.form.text(field), Some("1" | "true")) {
            answer.remove(field);
        }
    }
    Ok(json_response(&answer))
}
