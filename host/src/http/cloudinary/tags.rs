//! `tags`: added, removed, replaced.

use axum::response::Response;
use serde_json::json;

use super::{
    Call,
    asked::{Asked, MAX_IDS},
    form::Sent,
    reply::{Refusal, anew, json_response},
};
use crate::{
    dialect::cloudinary::{
        changed::TAGS,
        params::{ParamError, tags as read_tags},
    },
    store::{Column, Filter, ResourceQuery, ResourceRow, Test, ValueClass},
};

pub(super) async fn tags(call: Call, kind: &str, sent: Sent) -> Result<Response, Refusal> {
    let asked = Asked::new(&call, kind, sent, true).await?;
    anew!(tags_once(&asked).await)
}

async fn tags_once(asked: &Asked<'_>) -> Result<Response, Refusal> {
    let command = asked.required("command")?;
    let named = read_tags(&asked.form, "tag")?;
    if named.is_empty() && command != "remove_all" {
        return Err(Refusal::bad("Missing required parameter - tag"));
    }
    let rows = asked.named().await?;
    let mut pairs = Vec::new();
    let mut set = |row: ResourceRow, tags: Vec<String>| {
        let mut after = row.clone();
        after.facts.tags = tags;
        pairs.push((row, after));
    };
    let without =
        |tags: &[String]| -> Vec<String> { tags.iter().filter(|tag| !named.contains(tag)).cloned().collect() };
    let with = |tags: &[String]| -> Vec<String> {
        let new = named.iter().filter(|tag| !tags.contains(tag));
        tags.iter().chain(new).cloned().collect()
    };
    if command == "set_exclusive" {
        for row in others_with(asked, &named, &rows).await? {
            let tags = without(&row.facts.tags);
            set(row, tags);
        }
    }
    let ids: Vec<String> = rows.iter().map(|row| row.key.public_id.clone()).collect();
    for row in rows {
        let tags = match command {
            "add" | "set_exclusive" => with(&row.facts.tags),
            "remove" => without(&row.facts.tags),
            "replace" => named.clone(),
            "remove_all" => Vec::new(),
            other => {
                let expected = "add, remove, replace, remove_all or set_exclusive".to_owned();
                return Err(ParamError::Invalid { field: "command", value: other.to_owned(), expected }.into());
            }
        };
        set(row, tags);
    }
    asked.rewrite(TAGS, pairs).await?;
    Ok(json_response(&json!({"public_ids": ids})))
}

/// Assets of the same kind that have one of the tags and are none of these.
async fn others_with(asked: &Asked<'_>, tags: &[String], these: &[ResourceRow]) -> Result<Vec<ResourceRow>, Refusal> {
    let tagged = Filter::Value { class: ValueClass::Tag, name: Some(Test::OneOf(tags.to_vec())), value: None };
    let kind = Filter::Column(Column::Kind, Test::Is(asked.kind.to_owned()));
    let mut query = ResourceQuery { filter: Filter::All(vec![kind, tagged]), limit: 500, ..ResourceQuery::default() };
    let mut found = Vec::new();
    loop {
        let page = asked.state.store.resources(&asked.caller.account.key, query.clone()).await?;
        found.extend(page.items.into_iter().filter(|row| !these.iter().any(|this| this.id == row.id)));
        match page.next {
            Some(next) if found.len() < MAX_IDS => query.cursor = Some(next),
            Some(_) => return Err(Refusal::bad(format!("More than {MAX_IDS} other assets have the tag"))),
            None => return Ok(found),
        }
    }
}
