//! `context` and `metadata`: values of assets by name.

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::{Value, json};

use super::{
    Call,
    asked::{Asked, over},
    form::Sent,
    reply::{Refusal, anew, json_response},
};
use crate::dialect::cloudinary::{
    answer::Object,
    fields,
    params::{ParamError, metadata as read_metadata, pairs},
};

pub(super) async fn context(call: Call, kind: &str, sent: Sent) -> Result<Response, Refusal> {
    let asked = Asked::new(&call, kind, sent, true).await?;
    anew!(context_once(&asked).await)
}

async fn context_once(asked: &Asked<'_>) -> Result<Response, Refusal> {
    let given = pairs("context", asked.form.text("context").unwrap_or_default())?;
    let command = asked.required("command")?;
    let change = |context: &BTreeMap<String, String>| match command {
        "add" if given.is_empty() => Err(Refusal::bad("Missing required parameter - context")),
        "add" => {
            let mut context = context.clone();
            for (key, value) in &given {
                // An empty value takes the key away.
                match value.as_str() {
                    "" => context.remove(key),
                    value => context.insert(key.clone(), value.to_owned()),
                };
            }
            Ok(context)
        }
        "remove_all" => Ok(BTreeMap::new()),
        other => {
            let expected = "add or remove_all".to_owned();
            Err(ParamError::Invalid { field: "command", value: other.to_owned(), expected }.into())
        }
    };
    let rows = asked.named().await?;
    let ids: Vec<String> = rows.iter().map(|row| row.key.public_id.clone()).collect();
    let (mut told, mut changes) = (Object::new(), Vec::new());
    for mut row in rows {
        let context = change(&row.facts.context)?;
        let old = std::mem::replace(&mut row.facts.context, context);
        let new = &row.facts.context;
        let pick = |wanted: &dyn Fn(&str, &str) -> bool| -> Object {
            let picked = new.iter().filter(|(key, value)| wanted(key, value));
            picked.map(|(key, value)| (key.clone(), Value::from(value.clone()))).collect()
        };
        let added = pick(&|key, _| !old.contains_key(key));
        let updated = pick(&|key, value| old.get(key).is_some_and(|old| old != value));
        let removed: Vec<&String> = old.keys().filter(|key| !new.contains_key(*key)).collect();
        let entry = json!({
            "added": added, "updated": updated, "removed": removed, "asset_id": row.id.simple().to_string(),
            "resource_type": row.key.kind, "type": row.key.delivery,
        });
        told.insert(row.key.public_id.clone(), entry);
        row.updated_at = asked.state.clock.now();
        changes.push(over(row));
    }
    if !changes.is_empty() {
        asked.change(changes, "resource_context_changed", json!({"source": "api", "resources": told})).await?;
    }
    Ok(json_response(&json!({"public_ids": ids})))
}

pub(super) async fn metadata(call: Call, kind: &str, sent: Sent) -> Result<Response, Refusal> {
    let asked = Asked::new(&call, kind, sent, true).await?;
    anew!(metadata_once(&asked).await)
}

async fn metadata_once(asked: &Asked<'_>) -> Result<Response, Refusal> {
    let given = read_metadata(asked.required("metadata")?)?;
    let lenient = asked.form.boolean("clear_invalid")?.unwrap_or(false);
    let (store, account) = (asked.state.store.as_ref(), asked.caller.account.key.as_str());
    let given = fields::checked(store, account, &given, lenient).await?;
    let rows = asked.named().await?;
    let ids: Vec<String> = rows.iter().map(|row| row.key.public_id.clone()).collect();
    let (mut told, mut changes) = (Object::new(), Vec::new());
    for mut row in rows {
        let previous = row.facts.metadata.clone();
        fields::write(&mut row.facts.metadata, given.clone());
        let entry = json!({
            "previous_metadata": previous, "new_metadata": row.facts.metadata, "asset_id": row.id.simple().to_string(),
            "resource_type": row.key.kind, "type": row.key.delivery,
        });
        told.insert(row.key.public_id.clone(), entry);
        row.updated_at = asked.state.clock.now();
        changes.push(over(row));
    }
    if !changes.is_empty() {
        asked.change(changes, "resource_metadata_changed", json!({"source": "api", "resources": told})).await?;
    }
    Ok(json_response(&json!({"public_ids": ids})))
}
