//! `sprite`, `multi`, `explode`, `text`: what is made of many assets, of one with many pages, or of none.

use axum::response::Response;
use serde_json::json;

use super::{
    Call,
    caller::{self, Caller, Signing},
    files,
    form::Sent,
    jobs,
    reply::{Refusal, json_response},
    upload,
};
use crate::{
    dialect::cloudinary::{
        NAME,
        call::{self, Action, Origin},
        explode::{self, MAX_PAGES, Together},
        many::{self, MAX_MEMBERS, Member},
        naming,
        params::{Form, UploadParams},
        references::References,
        transformation::{FormatName, Transformation},
        url::{Address, DeliveryType, Host},
        words,
    },
    http::{State, submit},
    job::{Rendering, new_id},
    source::Source,
    store::{Column, Direction, Filter, NewBatch, ResourceKey, ResourceQuery, Submission, Test, ValueClass},
};

/// A call whose credentials are right and whose parameters are read.
struct Asked {
    caller: Caller,
    form: Form,
    params: UploadParams,
    origin: Origin,
}

async fn asked(call: &Call, sent: Sent) -> Result<Asked, Refusal> {
    let signing = Signing { lists: false, may_be_unsigned: false };
    let caller = caller::signed(&call.state, &call.cloud, &call.headers, &sent.form, signing).await?;
    let params = UploadParams::parse(&sent.form)?;
    upload::check_notified(&call.state, &params)?;
    let origin = upload::origin(call, &caller, &params);
    Ok(Asked { caller, form: sent.form, params, origin })
}

pub(super) async fn sprite(call: Call, sent: Sent) -> Result<Response, Refusal> {
    collect(call, "image", sent, Action::Sprite).await
}

pub(super) async fn multi(call: Call, kind: &str, sent: Sent) -> Result<Response, Refusal> {
    if kind != "image" {
        return Err(Refusal::bad("Videos are not made: multi takes the resource type image"));
    }
    collect(call, kind, sent, Action::Multi).await
}

async fn collect(call: Call, kind: &str, sent: Sent, action: Action) -> Result<Response, Refusal> {
    let asked = asked(&call, sent).await?;
    let (state, account) = (&call.state, asked.caller.account.key.as_str());
    let urls = asked.form.list("urls");
    let members = match asked.form.text("tag") {
        Some(tag) => tagged(state, account, tag).await?,
        None if urls.is_empty() => return Err(Refusal::bad("Missing required parameter - tag or urls")),
        None => remote(state, account, &urls).await?,
    };
    let transformation = asked.params.transformation.as_ref().map(|incoming| incoming.transformation.clone());
    let transformation = transformation.unwrap_or_default();
    let references = references(state, account);
    let made = match action {
        Action::Sprite => many::sprite(&references, &members, &transformation, asked.params.format).await?,
        _ => many::multi(&references, &members, &transformation, asked.params.format).await?,
    };
    let delivery = if action == Action::Sprite { DeliveryType::Sprite } else { DeliveryType::Multi };
    let wanted = call::Call {
        action,
        origin: asked.origin,
        kind: kind.to_owned(),
        delivery: delivery.word().to_owned(),
        name: asked
            .params
            .public_id
            .or_else(|| asked.form.text("tag").map(str::to_owned))
            .unwrap_or_else(naming::made_up),
        named: true,
        filename: String::new(),
        made_by: transformation.to_string(),
        form: Vec::new(),
    };
    let later = (asked.params.asynchronous == Some(true)).then(|| {
        json_response(&json!({"status": "processing", "batch_id": wanted.origin.batch_id, "public_id": wanted.name}))
    });
    let job = wanted.making(made.source, made.steps, made.encoding, made.blobs)?;
    if let Some(later) = later {
        return jobs::accept(state, account, job).await.map(|_| later);
    }
    let row = jobs::run(state, account, job).await?;
    if asked.form.text("mode") == Some("download") {
        let output = row.report.outputs.first();
        let (sha256, format) =
            output.and_then(|output| Some((output.sha256.clone()?, output.format.clone()?))).unwrap_or_default();
        return files::attachment(state, &sha256, &wanted.name, &format).await;
    }
    jobs::plain_answer(&row)
}

fn references<'a>(state: &'a State, account: &'a str) -> References<'a> {
    References { store: state.store.as_ref(), blobs: &state.blobs, account }
}

/// The images of a tag, by name.
async fn tagged(state: &State, account: &str, tag: &str) -> Result<Vec<Member>, Refusal> {
    let is = |column, text: &str| Filter::Column(column, Test::Is(text.to_owned()));
    let tagged = Filter::Value { class: ValueClass::Tag, name: Some(Test::Is(tag.to_owned())), value: None };
    let query = ResourceQuery {
        filter: Filter::All(vec![is(Column::Kind, "image"), is(Column::Delivery, "upload"), tagged]),
        order: vec![(Column::PublicId, Direction::Ascending)],
        cursor: None,
        limit: MAX_MEMBERS as u32,
    };
    let page = state.store.resources(account, query).await?;
    if page.next.is_some() {
        return Err(Refusal::bad(format!("More than {MAX_MEMBERS} images have the tag {tag}")));
    }
    if page.items.is_empty() {
        return Err(Refusal::no_resource(tag));
    }
    Ok(page.items.iter().map(Member::of).collect())
}

/// Images by their addresses: those of this server are read from the store, others are measured first.
async fn remote(state: &State, account: &str, urls: &[&str]) -> Result<Vec<Member>, Refusal> {
    if urls.len() > MAX_MEMBERS {
        return Err(Refusal::bad(format!("Too many urls: {} (expected at most {MAX_MEMBERS})", urls.len())));
    }
    let mut members: Vec<Member> = Vec::new();
    for url in urls {
        let mut member = match own(state, account, url).await? {
            Some(member) => member,
            None => {
                upload::check_url(state, "urls", url)?;
                let source = Source::Url { url: (*url).to_owned() };
                let measured = state.cloudinary.measure.measure(&source, &Rendering::default()).await;
                let report = measured.map_err(|failure| {
                    let (status, message) =
                        crate::dialect::cloudinary::engine::told_failure(failure.code, &failure.message, Some(url));
                    Refusal::new(status, message)
                })?;
                let name = naming::stem(&naming::base_name(url)).to_owned();
                Member::remote(name, (*url).to_owned(), &report)
            }
        };
        // Names are told apart; a sheet needs as many as it has pictures.
        let plain = member.name.clone();
        let mut number = 1;
        while member.name.is_empty() || members.iter().any(|known| known.name == member.name) {
            number += 1;
            member.name = format!("{plain}_{number}");
        }
        members.push(member);
    }
    Ok(members)
}

/// The image behind an address of this server, with what the address does to it.
async fn own(state: &State, account: &str, url: &str) -> Result<Option<Member>, Refusal> {
    let Some((_, rest)) = url.split_once("://") else { return Ok(None) };
    let host = state.public_url.split_once("://").map_or("", |(_, host)| host);
    let Some(path) = rest.strip_prefix(host).filter(|path| path.starts_with('/')) else { return Ok(None) };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let Ok(address) = Address::parse(path, Host::Shared) else { return Ok(None) };
    if address.cloud != account || address.delivery != DeliveryType::Upload {
        return Ok(None);
    }
    let key = ResourceKey {
        account: account.to_owned(),
        kind: address.resource_type.word().to_owned(),
        delivery: address.delivery.word().to_owned(),
        public_id: address.public_id.clone(),
    };
    let row = state.store.resource(&key).await?.ok_or_else(|| Refusal::no_resource(&address.public_id))?;
    Ok(Some(Member { before: address.transformation, ..Member::of(&row) }))
}

pub(super) async fn explode(call: Call, kind: &str, sent: Sent) -> Result<Response, Refusal> {
    let mut asked = asked(&call, sent).await?;
    let (state, account) = (&call.state, asked.caller.account.key.clone());
    let id = asked.params.public_id.clone().ok_or_else(|| Refusal::bad("Missing required parameter - public_id"))?;
    let text = asked.params.transformation.as_ref().map_or("", |incoming| incoming.text.as_str());
    let format = asked.params.format.or_else(|| FormatName::from_name("png"));
    let format = format.ok_or_else(|| Refusal::bad("Invalid value for parameter format"))?;
    let delivery = asked.params.delivery.as_ref().unwrap_or(&DeliveryType::Upload).word().to_owned();
    explode::pages(text, 1)?;
    let batch_id = asked.origin.batch_id.get_or_insert_with(Origin::new_batch_id).clone();
    let wanted = call::Call {
        action: Action::Page,
        origin: asked.origin,
        kind: kind.to_owned(),
        delivery,
        name: id,
        named: true,
        filename: String::new(),
        made_by: String::new(),
        form: Vec::new(),
    };
    let row = state.store.resource(&wanted.key(&account, kind, &wanted.name)).await?;
    let row = row.ok_or_else(|| Refusal::no_resource(&wanted.name))?;
    if row.pages > MAX_PAGES {
        return Err(Refusal::bad(format!("The asset has {} pages (expected at most {MAX_PAGES})", row.pages)));
    }
    let jobs = explode::jobs(&wanted, &row, text, format)?;
    let exploded = Together { call: wanted, asset_id: row.id.simple().to_string() };
    let batch = NewBatch {
        id: new_id(),
        dialect: NAME.to_owned(),
        notification_url: None,
        reference: Some(batch_id.clone()),
        extra: serde_json::to_value(exploded).unwrap_or_default(),
    };
    let queue_limit = state.limits.queue_limit;
    submit::accept(state, Submission { account, jobs, batch: Some(batch), idempotency: None, queue_limit }).await?;
    Ok(json_response(&json!({"status": "processing", "batch_id": batch_id})))
}

pub(super) async fn text(call: Call, sent: Sent) -> Result<Response, Refusal> {
    let asked = asked(&call, sent).await?;
    let (state, account) = (&call.state, asked.caller.account.key.clone());
    let words = words::Words::read(&asked.form)?;
    let transformation =
        Transformation::parse(&words.transformation()).map_err(|error| Refusal::bad(error.to_string()))?;
    let (steps, encoding) = many::written(&references(state, &account), &transformation).await?;
    let wanted = call::Call {
        action: Action::Text,
        origin: asked.origin,
        kind: "image".to_owned(),
        delivery: DeliveryType::Text.word().to_owned(),
        name: asked.params.full_public_id().unwrap_or_else(naming::made_up),
        named: true,
        filename: String::new(),
        made_by: words.style(),
        form: Vec::new(),
    };
    let blank = Source::Canvas { width: 1, height: 1, color: [0; 4] };
    let job = wanted.making(blank, steps, encoding, Vec::new())?;
    jobs::answer(&asked.caller, &jobs::run(state, &account, job).await?)
}
