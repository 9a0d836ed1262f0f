//! The library as resources: what clients uploaded, beside the assets of the native API.
//!
//! A derived image is written down with the resource that it was made of, so that the admin API shows it and what
//! forgets the resource forgets it too. It is found again by its key. A remote file that was fetched is a resource of
//! the type `fetch`; the oldest one makes room.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Access, AssetResources, Cloud, Derivation, Derived, Fetching, Resource, ResourceId, Resources};
use crate::{
    clock::Clock,
    dialect::cloudinary::{
        answer::{derived_name, fact},
        geometry::{Rect, Size},
        intake::extension_of,
        lower::TextStyle,
        named::{self, Named, Used},
        references, settings,
        transformation::{Eager, Transformation},
        url::DeliveryType,
    },
    error::{Code, Failure},
    store::{
        self, Change, Column, DerivedRow, Direction, Filter, ResourceKey, ResourceQuery, ResourceRow, Store, Test,
    },
};

/// Remote files of an account that are kept.
const MAX_FETCHED: u64 = 10_000;

/// The library, then the assets.
pub struct LibraryResources {
    store: Arc<dyn Store>,
    assets: AssetResources,
    config: settings::Config,
    clock: Clock,
    /// Who takes work, among the nodes.
    holder: Uuid,
}

impl LibraryResources {
    /// The library of this store; what clouds have not set is as `config` has it.
    pub fn new(store: Arc<dyn Store>, fetch: Fetching, config: settings::Config, clock: Clock) -> LibraryResources {
        let assets = AssetResources::new(store.clone(), fetch);
        LibraryResources { assets, store, config, clock, holder: Uuid::new_v4() }
    }

    /// What goes so that one more remote file may be kept.
    async fn room(&self, account: &str) -> Result<Vec<Change>, Failure> {
        let filter = Filter::Column(Column::Delivery, Test::Is(DeliveryType::Fetch.word().to_owned()));
        let kept = self.store.count_resources(account, &filter, None).await.map_err(failed)?;
        if kept.first().is_none_or(|(_, kept)| *kept < MAX_FETCHED) {
            return Ok(Vec::new());
        }
        let order = vec![(Column::UploadedAt, Direction::Ascending)];
        let query = ResourceQuery { filter, order, limit: 1, ..ResourceQuery::default() };
        let oldest = self.store.resources(account, query).await.map_err(failed)?.items.into_iter();
        let gone = |row: ResourceRow| Change::DropResource { account: row.key.account, id: row.id, over: row.revision };
        Ok(oldest.map(gone).collect())
    }
}

fn key(account: &str, id: &ResourceId) -> ResourceKey {
    ResourceKey {
        account: account.to_owned(),
        kind: id.kind.word().to_owned(),
        delivery: id.delivery.word().to_owned(),
        public_id: id.public_id.clone(),
    }
}

fn failed(error: store::Error) -> Failure {
    Failure::new(Code::StorageFailed, error.to_string())
}

/// What work on an image is called among the nodes.
fn work(key: &str) -> String {
    format!("image/{}", hex::encode(Sha256::digest(key)))
}

#[async_trait]
impl Resources for LibraryResources {
    async fn take(&self, key: &str, lease: Duration) -> bool {
        if !self.store.is_shared() {
            return true;
        }
        let taken = self.store.hold(&work(key), self.holder, lease).await;
        taken.unwrap_or_else(|error| {
            tracing::debug!("an image may be made twice: {error}");
            true
        })
    }

    async fn give(&self, key: &str) {
        if self.store.is_shared()
            && let Err(error) = self.store.let_go(&work(key), self.holder).await
        {
            tracing::debug!("others wait for an image longer than they need: {error}");
        }
    }

    async fn cloud(&self, name: &str) -> Result<Option<Cloud>, Failure> {
        let Some(mut cloud) = self.assets.cloud(name).await? else { return Ok(None) };
        let keys = self.store.api_keys(&cloud.account).await.map_err(failed)?;
        cloud.secrets.extend(keys.into_iter().map(|key| key.secret));
        let set = settings::Cloud::of(self.store.as_ref(), &cloud.account, self.config).await.map_err(failed)?;
        cloud.algorithm = set.algorithm;
        cloud.strict = set.set.strict_transformations == Some(true);
        cloud.token_key = set.set.token_key;
        Ok(Some(cloud))
    }

    async fn find(&self, account: &str, id: &ResourceId) -> Result<Option<Resource>, Failure> {
        match self.store.resource(&key(account, id)).await.map_err(failed)? {
            Some(row) => Ok(Some(resource(row, self.clock.now()))),
            None => self.assets.find(account, id).await,
        }
    }

    async fn named(&self, account: &str, name: &str) -> Result<Option<Transformation>, Failure> {
        let definition = named::definition(self.store.as_ref(), account, name).await.map_err(failed)?;
        Ok(definition.and_then(|text| Eager::parse(&text).ok()).map(|eager| eager.transformation))
    }

    async fn style(&self, account: &str, public_id: &str) -> Result<Option<TextStyle>, Failure> {
        references::style(self.store.as_ref(), account, public_id).await.map_err(failed)
    }

    async fn allows(&self, account: &str, transformation: &Transformation) -> Result<bool, Failure> {
        let text = transformation.to_string();
        let find = async |class: &str, name: &str| {
            let found = self.store.document(account, class, name).await.map_err(failed)?;
            Ok::<_, Failure>(found.map(|row| row.body))
        };
        if let Some(name) = text.strip_prefix("t_")
            && let Some(body) = find(named::NAMED, name).await?
        {
            return Ok(serde_json::from_value::<Named>(body).is_ok_and(|known| known.allowed_for_strict));
        }
        let body = find(named::USED, &text).await?;
        Ok(body.is_some_and(|body| serde_json::from_value::<Used>(body).is_ok_and(|known| known.allowed_for_strict)))
    }

    async fn derived(&self, account: &str, derivation: &Derivation) -> Result<Option<Derived>, Failure> {
        let Some(of) = derivation.of else { return self.assets.derived(account, derivation).await };
        let rows = self.store.derived_made(account, &derivation.key).await.map_err(failed)?;
        let is_ours = |row: &&DerivedRow| {
            row.resource == of
                && row.transformation == derivation.transformation
                && row.extension == derivation.extension
        };
        if let Some(row) = rows.iter().find(is_ours) {
            return Ok(Some(made(row)));
        }
        // The same was made for another name or in other words.
        let Some(derived) = rows.first().map(made) else { return Ok(None) };
        self.keep_derived(account, derivation, &derived).await?;
        Ok(Some(derived))
    }

    async fn keep_derived(&self, account: &str, derivation: &Derivation, derived: &Derived) -> Result<(), Failure> {
        let Some(of) = derivation.of else { return self.assets.keep_derived(account, derivation, derived).await };
        let at = self.clock.now();
        let row = DerivedRow {
            id: Uuid::new_v4(),
            account: account.to_owned(),
            resource: of,
            transformation: derivation.transformation.clone(),
            extension: derivation.extension.clone(),
            key: derivation.key.clone(),
            sha256: derived.sha256.clone(),
            etag: derived.etag.clone(),
            bytes: derived.bytes,
            format: extension_of(&derived.format).to_owned(),
            width: derived.width,
            height: derived.height,
            created_at: at,
        };
        let name = derived_name(&row);
        let mut changes = Vec::new();
        if !name.is_empty() {
            changes.extend(named::used(self.store.as_ref(), account, &name, at).await.map_err(failed)?);
        }
        changes.push(Change::PutDerived(row));
        self.store.change(changes, Vec::new()).await.map_err(failed)
    }

    async fn keep_fetched(&self, account: &str, id: &ResourceId, fetched: Resource) -> Result<Resource, Failure> {
        let at = self.clock.now();
        let row = ResourceRow {
            version: crate::clock::micros(at) / 1_000_000,
            sha256: fetched.sha256.clone(),
            etag: fetched.etag.clone(),
            bytes: fetched.bytes,
            format: extension_of(&fetched.format).to_owned(),
            width: fetched.size.map_or(0, |size| size.width),
            height: fetched.size.map_or(0, |size| size.height),
            pages: fetched.frames.unwrap_or_default(),
            display_name: id.public_id.clone(),
            ..ResourceRow::new(key(account, id), at)
        };
        let known = self.store.resource(&row.key).await.map_err(failed)?;
        let row = match &known {
            Some(known) => ResourceRow { id: known.id, created_at: known.created_at, ..row },
            None => row,
        };
        let mut changes = self.room(account).await?;
        let over = known.map(|known| known.revision);
        if over.is_some() {
            changes.push(Change::DropDerivedOf { account: account.to_owned(), resource: row.id });
        }
        changes.push(Change::PutResource { row: Box::new(row.clone()), over });
        match self.store.change(changes, Vec::new()).await {
            // Another node has fetched it, too: it is found when it is asked for again.
            Err(store::Error::Conflict { .. }) => Ok(fetched),
            kept => {
                kept.map_err(failed)?;
                Ok(resource(row, at))
            }
        }
    }
}

fn made(row: &DerivedRow) -> Derived {
    Derived {
        sha256: row.sha256.clone(),
        bytes: row.bytes,
        etag: row.etag.clone(),
        format: if row.format == "jpg" { "jpeg".to_owned() } else { row.format.clone() },
        width: row.width,
        height: row.height,
        made: row.created_at,
    }
}

fn resource(row: ResourceRow, now: std::time::SystemTime) -> Resource {
    let is_picture = row.width > 0;
    let rects = |key: &str| -> Vec<Rect> {
        row.facts.extra.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(rect).collect()
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Resource {
        row: Some(row.id),
        faces: rects(fact::FACES),
        custom: rects(fact::CUSTOM),
        access: access(&row, now),
        metadata: row.facts.metadata.iter().map(|(field, value)| (field.clone(), text(value))).collect(),
        format: if row.format == "jpg" { "jpeg".to_owned() } else { row.format },
        size: is_picture.then(|| Size::new(row.width, row.height)),
        frames: is_picture.then_some(row.pages),
        sha256: row.sha256,
        bytes: row.bytes,
        etag: row.etag,
        modified: row.uploaded_at,
        tags: row.facts.tags,
        context: row.facts.context,
    }
}

/// A resource is restricted by its mode, or by rules of which none lets everybody have it now.
fn access(row: &ResourceRow, now: std::time::SystemTime) -> Access {
    let rules = row.facts.extra.get(fact::ACCESS_CONTROL).and_then(Value::as_array);
    let open = |rule: &Value| {
        let time = |name: &str| rule.get(name).and_then(Value::as_str).map(humantime::parse_rfc3339_weak);
        let begun = time("start").is_none_or(|start| start.is_ok_and(|start| start <= now));
        let ended = time("end").is_some_and(|end| end.map_or(true, |end| end < now));
        rule.get("access_type").and_then(Value::as_str) == Some("anonymous") && begun && !ended
    };
    match rules {
        Some(rules) if !rules.iter().any(open) => Access::Restricted,
        _ if row.access_mode == "authenticated" => Access::Restricted,
        _ => Access::ByType,
    }
}

fn rect(value: &Value) -> Option<Rect> {
    let number = |index: usize| u32::try_from(value.get(index)?.as_u64()?).ok();
    Some(Rect { x: number(0)?, y: number(1)?, size: Size::new(number(2)?, number(3)?) })
}
