//! `resources`: lists, one resource, updates.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Admin, list, remove, versions, with_cursor};
use crate::{
    dialect::cloudinary::{
        analysis::Analyses,
        answer::{fact, seconds},
        call::{self, Action, Origin},
        callback::Notice,
        changed, fields,
        intake::describe,
        params::UploadParams,
        trigger, works,
    },
    http::cloudinary::{
        jobs,
        reply::{Refusal, anew},
        upload,
    },
    job::Accepts,
    source::Source,
    store::{Change, Column, DerivedQuery, Filter, ResourceKey, ResourceRow, Test},
};

pub(super) async fn dispatch(admin: &Admin, method: &str, path: &[&str]) -> Result<Value, Refusal> {
    match (method, path) {
        ("GET", []) => kinds(admin).await,
        ("DELETE", []) => remove::by_asset_ids(admin).await,
        ("GET", ["by_asset_ids"]) => {
            let ids = owned(admin.form.list("asset_ids"));
            admin.resources(vec![Filter::Column(Column::Id, Test::OneOf(ids))]).await
        }
        ("GET", ["by_asset_folder"]) => {
            let folder = admin.form.text("asset_folder").unwrap_or_default().trim_matches('/').to_owned();
            admin.resources(vec![Filter::Column(Column::AssetFolder, Test::Is(folder))]).await
        }
        ("GET", [id]) if Uuid::try_parse(id).is_ok() => {
            let found = by_id(admin, id).await?.ok_or_else(|| Refusal::no_resource(id))?;
            one(admin, found).await
        }
        ("GET", [kind @ ("image" | "video" | "raw")]) => listed(admin, kind, None).await,
        ("GET", [kind @ ("image" | "video" | "raw"), "tags", tag @ ..]) => {
            admin.resources(vec![list::of_kind(kind), list::tagged(&tag.join("/"))]).await
        }
        ("GET", [kind @ ("image" | "video" | "raw"), "context"]) => {
            let context = list::with_context(admin.required("key")?, admin.form.text("value"));
            admin.resources(vec![list::of_kind(kind), context]).await
        }
        ("GET", [kind @ ("image" | "video" | "raw"), "moderations", moderation, status]) => {
            let column = |column, text: &str| Filter::Column(column, Test::Is(text.to_owned()));
            let filters = vec![
                list::of_kind(kind),
                column(Column::ModerationKind, moderation),
                column(Column::ModerationStatus, status),
            ];
            admin.resources(filters).await
        }
        ("GET", [kind @ ("image" | "video" | "raw"), delivery]) => listed(admin, kind, Some(delivery)).await,
        ("GET", [kind @ ("image" | "video" | "raw"), delivery, id @ ..]) => {
            let key = key(admin, kind, delivery, &id.join("/"));
            match admin.state().store.resource(&key).await? {
                Some(found) => one(admin, found).await,
                None if admin.flag("versions")? => versions::placeholder(admin, &key).await,
                None => Err(Refusal::no_resource(&key.public_id)),
            }
        }
        ("DELETE", ["backup", asset_id]) => versions::forget(admin, asset_id).await,
        ("POST", [kind @ ("image" | "video" | "raw"), delivery, "restore"]) => {
            versions::restore(admin, kind, delivery).await
        }
        ("POST", [kind @ ("image" | "video" | "raw"), delivery, id @ ..]) if !id.is_empty() => {
            anew!(update(admin, kind, delivery, &id.join("/")).await)
        }
        ("DELETE", [kind @ ("image" | "video" | "raw"), "tags", tag @ ..]) => {
            remove::matching(admin, Filter::All(vec![list::of_kind(kind), list::tagged(&tag.join("/"))])).await
        }
        ("DELETE", [kind @ ("image" | "video" | "raw"), delivery]) => remove::listed(admin, kind, delivery).await,
        _ => Err(admin.no_route(&[&["resources"], path].concat())),
    }
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// The kinds of which there are resources; all three when there are none.
async fn kinds(admin: &Admin) -> Result<Value, Refusal> {
    let found = admin.state().store.count_resources(admin.account(), &Filter::default(), Some(Column::Kind)).await?;
    let kinds: Vec<String> = match found.as_slice() {
        [] => ["image", "raw", "video"].map(str::to_owned).to_vec(),
        found => found.iter().map(|(kind, _)| kind.clone()).collect(),
    };
    Ok(json!({"resource_types": kinds}))
}

async fn listed(admin: &Admin, kind: &str, delivery: Option<&str>) -> Result<Value, Refusal> {
    let mut filters = vec![list::of_kind(kind)];
    let delivery = delivery.or(admin.form.text("type"));
    filters.extend(delivery.map(|delivery| Filter::Column(Column::Delivery, Test::Is(delivery.to_owned()))));
    if let Some(prefix) = admin.form.text("prefix") {
        filters.push(Filter::Column(Column::PublicId, Test::Prefix(prefix.to_owned())));
    }
    let ids = owned(admin.form.list("public_ids"));
    if !ids.is_empty() {
        filters.push(Filter::Column(Column::PublicId, Test::OneOf(ids)));
    }
    admin.resources(filters).await
}

/// The key of a resource of the caller's cloud.
pub(super) fn key(admin: &Admin, kind: &str, delivery: &str, id: &str) -> ResourceKey {
    ResourceKey {
        account: admin.account().to_owned(),
        kind: kind.to_owned(),
        delivery: delivery.to_owned(),
        public_id: id.to_owned(),
    }
}

/// The resource of a name, or the refusal that says that there is none.
pub(super) async fn named(admin: &Admin, kind: &str, delivery: &str, id: &str) -> Result<ResourceRow, Refusal> {
    admin.state().store.resource(&key(admin, kind, delivery, id)).await?.ok_or_else(|| Refusal::no_resource(id))
}

async fn by_id(admin: &Admin, id: &str) -> Result<Option<ResourceRow>, Refusal> {
    let filter = Filter::Column(Column::Id, Test::OneOf(vec![id.to_owned()]));
    let query = crate::store::ResourceQuery { filter, limit: 1, ..Default::default() };
    Ok(admin.state().store.resources(admin.account(), query).await?.items.pop())
}

/// What is asked about a picture is found out first, if nobody has asked before.
async fn looked_at(admin: &Admin, row: ResourceRow, analyses: Analyses) -> Result<ResourceRow, Refusal> {
    if row.key.kind != "image" || analyses.are_known(&row) {
        return Ok(row);
    }
    let params = UploadParams::parse(&admin.form)?;
    let look = call::Call {
        action: Action::Look,
        origin: admin.origin(),
        kind: row.key.kind.clone(),
        delivery: row.key.delivery.clone(),
        name: row.key.public_id.clone(),
        named: true,
        filename: String::new(),
        made_by: String::new(),
        form: upload::kept(admin.form.clone()),
    };
    let outputs = works::output_ids(&params, false);
    let source = Source::Blob { sha256: row.sha256.clone(), asset: None };
    let job = look.job(source, Accepts::Pictures, outputs)?;
    jobs::run(admin.state(), admin.account(), job).await?;
    named(admin, &row.key.kind, &row.key.delivery, &row.key.public_id).await
}

/// Everything that is known of a resource.
async fn one(admin: &Admin, row: ResourceRow) -> Result<Value, Refusal> {
    let site = admin.site();
    let analyses = Analyses::of(&UploadParams::parse(&admin.form)?);
    let row = &looked_at(admin, row, analyses).await?;
    let mut shown = list::full(&site.asset(row), row);
    if row.facts.tags.is_empty() {
        shown.remove("tags");
    }
    if !admin.flag("coordinates")? {
        shown.remove("coordinates");
    }
    analyses.tell(&mut shown, row);
    if admin.flag("faces")? {
        let faces = row.facts.extra.get(fact::FACES).cloned().unwrap_or_else(|| json!([]));
        shown.insert("faces".to_owned(), faces);
    }
    if admin.flag("versions")? {
        let kept = admin.state().store.versions(&row.key).await?;
        shown.insert("versions".to_owned(), crate::dialect::cloudinary::versions::told(&kept));
    }
    let query = DerivedQuery {
        resource: Some(row.id),
        cursor: admin.form.text("derived_next_cursor").map(str::to_owned),
        limit: admin.page()?,
        ..DerivedQuery::default()
    };
    let derived = admin.state().store.derived_list(admin.account(), query).await?;
    let items: Vec<Value> = derived.items.iter().map(|one| site.derived(row, one).into()).collect();
    shown.insert("derived".to_owned(), items.into());
    if let Some(next) = &derived.next {
        shown.insert("derived_next_cursor".to_owned(), next.clone().into());
    }
    Ok(with_cursor(shown.into(), derived.next))
}

/// Changes what the call names; add-ons are refused in the words that clients look for.
async fn update(admin: &Admin, kind: &str, delivery: &str, id: &str) -> Result<Value, Refusal> {
    const ADD_ONS: [&str; 6] =
        ["ocr", "raw_convert", "categorization", "detection", "background_removal", "similarity_search"];
    for field in ADD_ONS {
        if let Some(value) = admin.form.text(field) {
            return Err(Refusal::bad(format!("Illegal value for {field}: {value}")));
        }
    }
    let params = UploadParams::parse(&admin.form)?;
    let mut row = named(admin, kind, delivery, id).await?;
    let before = row.clone();
    if admin.form.has("tags") {
        row.facts.tags.clear();
    }
    if admin.form.has("context") {
        row.facts.context.clear();
    }
    let metadata = fields::checked(admin.state().store.as_ref(), admin.account(), &params.metadata, false).await?;
    describe(&mut row, &params, metadata);
    let now = admin.state().clock.now();
    if let Some(status) = admin.form.text("moderation_status") {
        if !["approved", "rejected", "pending"].contains(&status) {
            let expected = "approved, rejected or pending";
            return Err(Refusal::bad(format!("Illegal value for moderation_status: {status} (expected {expected})")));
        }
        if row.moderation_kind.is_empty() {
            row.moderation_kind = "manual".to_owned();
        }
        row.moderation_status = status.to_owned();
        row.facts.extra.insert(fact::MODERATION_UPDATED_AT.to_owned(), seconds(now).into());
    }
    row.updated_at = now;
    let over = Some(row.revision);
    let change = Change::PutResource { row: Box::new(row.clone()), over };
    let mut owed = Vec::new();
    for (event, body) in changed::all(&before, &row) {
        owed.extend(admin.notices(event, body).await?);
    }
    if admin.form.text("moderation_status").is_some() {
        owed.extend(moderated(admin, &row).await?);
    }
    admin.state().store.change(vec![change], owed).await?;
    admin.state().delivery_ready.notify_one();
    one(admin, row).await
}

async fn moderated(admin: &Admin, row: &ResourceRow) -> Result<Vec<crate::webhook::NewDelivery>, Refusal> {
    let (url, secure_url) = admin.site().urls(row, "", Some(row.format.as_str()).filter(|format| !format.is_empty()));
    let body = json!({
        "moderation_status": row.moderation_status, "moderation_kind": row.moderation_kind,
        "moderation_response": "overridden", "moderation_updated_at": seconds(row.updated_at),
        "public_id": row.key.public_id, "asset_id": row.id.simple().to_string(), "version": row.version,
        "uploaded_at": seconds(row.uploaded_at), "url": url, "secure_url": secure_url, "etag": row.etag,
    });
    admin.notices("moderation", body).await
}

impl Admin {
    fn origin(&self) -> Origin {
        Origin {
            api_key: self.caller.key.clone(),
            request_id: self.call.request_id.clone(),
            algorithm: self.caller.cloud.algorithm,
            ..Origin::default()
        }
    }

    /// What is told of an event: to the call's address, else to the account's.
    pub(super) async fn notices(
        &self,
        event: &'static str,
        body: Value,
    ) -> Result<Vec<crate::webhook::NewDelivery>, Refusal> {
        let mut urls = Vec::new();
        if let Some(url) = self.form.text("notification_url") {
            upload::check_url(self.state(), "notification_url", url)?;
            urls.push(url.to_owned());
        } else {
            urls = trigger::addresses(self.state().store.as_ref(), self.account(), event).await?;
        }
        let Value::Object(body) = body else { return Ok(Vec::new()) };
        let origin = self.origin();
        let notice = Notice {
            kind: event,
            account: self.account(),
            origin: &origin,
            job: None,
            event: Uuid::now_v7(),
            at: self.state().clock.now(),
            body,
        };
        Ok(notice.to(&urls))
    }
}
