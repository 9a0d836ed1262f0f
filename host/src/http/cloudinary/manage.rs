//! What changes assets that are there: `explicit`, `destroy`, `rename`, `tags`, `context`, `metadata`.

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call,
    caller::{self, Caller, Signing},
    form::Sent,
    jobs,
    reply::{Refusal, anew, json_response},
    upload,
};
use crate::{
    dialect::cloudinary::{
        answer::{Object, shown_place},
        call::{self, Action, Origin},
        callback::Notice,
        eager,
        explicit::apply,
        intake::{asked, metadata_value},
        params::{Form, ParamError, UploadParams, metadata as read_metadata, pairs, tags as read_tags},
        trigger,
        url::DeliveryType,
    },
    http::State,
    job::Accepts,
    source::Source,
    store::{Change, Column, Filter, ResourceKey, ResourceQuery, ResourceRow, Test, ValueClass},
    webhook::NewDelivery,
};

/// Assets of one call, at most.
const MAX_IDS: usize = 1000;

/// A checked call on assets.
struct Asked<'a> {
    state: &'a State,
    caller: Caller,
    kind: &'a str,
    form: Form,
    request_id: String,
    /// The client's name of the call, or ours of what is done later.
    batch_id: Option<String>,
}

impl<'a> Asked<'a> {
    async fn new(call: &'a Call, kind: &'a str, sent: Sent, lists: bool) -> Result<Asked<'a>, Refusal> {
        let signing = Signing { lists, may_be_unsigned: false };
        let caller = caller::signed(&call.state, &call.cloud, &call.headers, &sent.form, signing).await?;
        if !["image", "video", "raw"].contains(&kind) {
            return Err(Refusal::bad(format!(
                "Invalid value for parameter resource_type: {kind} (expected image, video or raw)"
            )));
        }
        for url in lines(&sent.form, "notification_url").iter().filter(|url| !url.starts_with("poll:")) {
            upload::check_url(&call.state, "notification_url", url)?;
        }
        let batch_id = sent.form.text("batch_id").map(str::to_owned);
        let request_id = call.request_id.clone();
        Ok(Asked { state: &call.state, caller, kind, form: sent.form, request_id, batch_id })
    }

    /// A parameter that has to be there.
    fn required(&self, field: &str) -> Result<&str, Refusal> {
        self.form.text(field).ok_or_else(|| Refusal::bad(format!("Missing required parameter - {field}")))
    }

    fn delivery(&self, field: &'static str) -> Result<Option<String>, Refusal> {
        let Some(word) = self.form.text(field) else { return Ok(None) };
        let known = DeliveryType::from_word(word).map(|delivery| delivery.word().to_owned());
        let expected = "upload, private, authenticated, fetch or another delivery type".to_owned();
        known.map(Some).ok_or_else(|| ParamError::Invalid { field, value: word.to_owned(), expected }.into())
    }

    fn key(&self, public_id: &str) -> Result<ResourceKey, Refusal> {
        Ok(ResourceKey {
            account: self.caller.account.key.clone(),
            kind: self.kind.to_owned(),
            delivery: self.delivery("type")?.unwrap_or_else(|| "upload".to_owned()),
            public_id: public_id.to_owned(),
        })
    }

    fn origin(&self) -> Origin {
        Origin {
            api_key: self.caller.key.clone(),
            request_id: self.request_id.clone(),
            batch_id: self.batch_id.clone(),
            ..Origin::default()
        }
    }

    /// Who is to be told of an event: the call's addresses, else the account's.
    async fn addresses(&self, event: &str) -> Result<Vec<String>, Refusal> {
        let called = lines(&self.form, "notification_url");
        if !called.is_empty() {
            return Ok(called);
        }
        Ok(trigger::addresses(self.state.store.as_ref(), &self.caller.account.key, event).await?)
    }

    /// Makes changes and owes what is told of them.
    async fn change(&self, changes: Vec<Change>, event: &'static str, body: Value) -> Result<(), Refusal> {
        let urls = self.addresses(event).await?;
        let owed = self.notices(event, body, &urls);
        self.state.store.change(changes, owed).await?;
        self.state.delivery_ready.notify_one();
        Ok(())
    }

    fn notices(&self, event: &'static str, body: Value, urls: &[String]) -> Vec<NewDelivery> {
        let Value::Object(body) = body else { return Vec::new() };
        let notice = Notice {
            kind: event,
            account: &self.caller.account.key,
            origin: &self.origin(),
            job: None,
            event: Uuid::now_v7(),
            at: self.state.clock.now(),
            body,
        };
        notice.to(urls, self.state.cloudinary.dialect.algorithm)
    }

    /// The assets of `public_ids` that are there, in the order asked.
    async fn named(&self) -> Result<Vec<ResourceRow>, Refusal> {
        let ids = self.form.list("public_ids");
        if ids.is_empty() {
            return Err(Refusal::bad("Missing required parameter - public_ids"));
        }
        if ids.len() > MAX_IDS {
            return Err(Refusal::bad(format!("Too many public_ids: {} (expected at most {MAX_IDS})", ids.len())));
        }
        let mut found = Vec::new();
        for id in ids {
            let row = self.state.store.resource(&self.key(id)?).await?;
            found.extend(row.filter(|row| !found.iter().any(|known: &ResourceRow| known.id == row.id)));
        }
        Ok(found)
    }

    fn answer(&self, row: &ResourceRow) -> Object {
        jobs::signed(self.state, &self.caller, upload::site(self.state, &self.caller.account).asset(row))
    }
}

fn lines(form: &Form, field: &str) -> Vec<String> {
    let lines = form.text(field).unwrap_or_default().lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// What notices tell of an asset.
fn told(row: &ResourceRow) -> Value {
    json!({
        "resource_type": row.key.kind,
        "type": row.key.delivery,
        "asset_id": row.id.simple().to_string(),
        "public_id": row.key.public_id,
        "version": row.version,
        "asset_folder": row.asset_folder,
        "display_name": row.display_name,
    })
}

fn over(row: ResourceRow) -> Change {
    let over = Some(row.revision);
    Change::PutResource { row: Box::new(row), over }
}

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
    let mut told = Vec::new();
    let mut changes = Vec::new();
    let now = asked.state.clock.now();
    let mut set = |mut row: ResourceRow, tags: Vec<String>| {
        let old = std::mem::replace(&mut row.facts.tags, tags);
        let missing = |from: &[String], than: &[String]| -> Vec<String> {
            from.iter().filter(|tag| !than.contains(tag)).cloned().collect()
        };
        let (added, removed) = (missing(&row.facts.tags, &old), missing(&old, &row.facts.tags));
        if added.is_empty() && removed.is_empty() {
            return;
        }
        told.push(json!({
            "public_id": row.key.public_id, "asset_id": row.id.simple().to_string(), "resource_type": row.key.kind,
            "type": row.key.delivery, "added": added, "removed": removed,
        }));
        row.updated_at = now;
        changes.push(over(row));
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
    if !changes.is_empty() {
        asked.change(changes, "resource_tags_changed", json!({"source": "api", "resources": told})).await?;
    }
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
    let rows = asked.named().await?;
    let ids: Vec<String> = rows.iter().map(|row| row.key.public_id.clone()).collect();
    let (mut told, mut changes) = (Object::new(), Vec::new());
    for mut row in rows {
        let previous = row.facts.metadata.clone();
        row.facts.metadata.extend(given.iter().map(|(field, value)| (field.clone(), metadata_value(value))));
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

pub(super) async fn explicit(call: Call, kind: &str, sent: Sent) -> Result<Response, Refusal> {
    let mut asked = Asked::new(&call, kind, sent, false).await?;
    let params = UploadParams::parse(&asked.form)?;
    upload::check_notified(asked.state, &params)?;
    eager::check(&params)?;
    let id = asked.required("public_id")?.to_owned();
    let delivery = params.delivery.clone().ok_or_else(|| Refusal::bad("Missing required parameter - type"))?;
    let key = ResourceKey { public_id: params.public_id.clone().unwrap_or_default(), ..asked.key(&id)? };
    let wanted = call::Call {
        action: Action::Upload,
        origin: upload::origin(&call, &asked.caller, &params),
        kind: kind.to_owned(),
        delivery: key.delivery.clone(),
        name: key.public_id.clone(),
        named: true,
        filename: String::new(),
        made_by: String::new(),
        form: upload::kept(asked.form.clone()),
    };
    asked.batch_id.clone_from(&wanted.origin.batch_id);
    let found = asked.state.store.resource(&key).await?;
    if found.is_none() && matches!(delivery, DeliveryType::Fetch) {
        // The remote file becomes an asset first.
        upload::check_url(asked.state, "public_id", &id)?;
        return run(&asked, wanted, Source::Url { url: id }, &params).await;
    }
    if let Some(row) = &found
        && !params.eager.is_empty()
        && params.eager_async != Some(true)
    {
        let source = Source::Blob { sha256: row.sha256.clone(), asset: None };
        return run(&asked, call::Call { action: Action::Explicit, ..wanted }, source, &params).await;
    }
    if params.asynchronous == Some(true) {
        let answer = jobs::pending(&wanted);
        match anew!(explicit_once(&asked, &wanted, &params).await) {
            Ok(_) => {}
            Err(refusal) => {
                let body = json!({
                    "error": {"message": refusal.message}, "public_id": key.public_id, "resource_type": key.kind,
                    "type": key.delivery,
                });
                asked.change(Vec::new(), "error", body).await?;
            }
        }
        return Ok(answer);
    }
    anew!(explicit_once(&asked, &wanted, &params).await).map(|answer| json_response(&answer))
}

/// Does it as a job, and waits for its end unless the client does not.
async fn run(asked: &Asked<'_>, call: call::Call, source: Source, params: &UploadParams) -> Result<Response, Refusal> {
    let pending = (params.asynchronous == Some(true)).then(|| jobs::pending(&call));
    let outputs = eager::output_ids(params, call.action == Action::Upload);
    let job = call.job(source, Accepts::Pictures, outputs)?;
    let id = jobs::accept(asked.state, &asked.caller.account.key, job).await?;
    if let Some(pending) = pending {
        return Ok(pending);
    }
    let row = jobs::end(asked.state, &asked.caller.account.key, id).await?;
    jobs::answer(asked.state, &asked.caller, &row)
}

/// Writes what an `explicit` says into the asset.
async fn explicit_once(asked: &Asked<'_>, call: &call::Call, params: &UploadParams) -> Result<Object, Refusal> {
    let key = call.key(&asked.caller.account.key, asked.kind, &call.name);
    let row = asked.state.store.resource(&key).await?;
    let mut row = row.ok_or_else(|| Refusal::no_resource(&key.public_id))?;
    apply(&mut row, params, asked.state.clock.now());
    let site = upload::site(asked.state, &asked.caller.account);
    let mut answer = site.asset(&row);
    self::asked(&mut answer, &row, params);
    let mut changes = vec![over(row.clone())];
    if !params.eager.is_empty() {
        let (told, job) = eager::later(params, call, &row, &site)?;
        answer.extend(told);
        changes.push(job);
    }
    let mut told = answer.clone();
    told.insert("api_key".to_owned(), asked.caller.key.clone().into());
    asked.change(changes, "upload", told.into()).await?;
    asked.state.job_ready.notify_one();
    Ok(jobs::signed(asked.state, &asked.caller, answer))
}
