//! `context` and `metadata`: values of assets by name.

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::json;

use super::{
    Call,
    asked::Asked,
    form::Sent,
    reply::{Refusal, anew, json_response},
};
use crate::dialect::cloudinary::{
    changed::{CONTEXT, METADATA},
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
    let mut pairs = Vec::new();
    for row in rows {
        let mut after = row.clone();
        after.facts.context = change(&row.facts.context)?;
        pairs.push((row, after));
    }
    asked.rewrite(CONTEXT, pairs).await?;
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
    let mut pairs = Vec::new();
    for row in rows {
        let mut after = row.clone();
        fields::write(&mut after.facts.metadata, given.clone());
        pairs.push((row, after));
    }
    asked.rewrite(METADATA, pairs).await?;
    Ok(json_response(&json!({"public_ids": ids})))
}
