//! The library as resources: what clients uploaded, beside the assets of the native API.
//!
//! A derived image is written down with the resource that it was made of, so that the admin API shows it and what
//! forgets the resource forgets it too. It is found again by its key, which is remembered in memory.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use super::{Access, AssetResources, Cloud, Derivation, Derived, Fetching, Resource, ResourceId, Resources};
use crate::{
    clock::Clock,
    dialect::cloudinary::{
        answer::fact,
        geometry::{Rect, Size},
        intake::extension_of,
        lower::TextStyle,
        made,
        named::{self, Named, Used},
        signature::Algorithm,
        transformation::{Eager, Layer, Node, Param, Style, Transformation},
    },
    error::{Code, Failure},
    store::{self, Change, DerivedRow, ResourceKey, ResourceRow, Store},
};

/// The library, then the assets.
pub struct LibraryResources {
    store: Arc<dyn Store>,
    assets: AssetResources,
    algorithm: Algorithm,
    clock: Clock,
}

impl LibraryResources {
    /// The library of this store; short signatures are made by `algorithm`.
    pub fn new(store: Arc<dyn Store>, fetch: Fetching, algorithm: Algorithm, clock: Clock) -> LibraryResources {
        LibraryResources { assets: AssetResources::new(store.clone(), fetch), store, algorithm, clock }
    }

    async fn row(&self, account: &str, id: &ResourceId) -> Result<Option<ResourceRow>, Failure> {
        let key = ResourceKey {
            account: account.to_owned(),
            kind: id.kind.word().to_owned(),
            delivery: id.delivery.word().to_owned(),
            public_id: id.public_id.clone(),
        };
        self.store.resource(&key).await.map_err(failed)
    }
}

fn failed(error: store::Error) -> Failure {
    Failure::new(Code::StorageFailed, error.to_string())
}

#[async_trait]
impl Resources for LibraryResources {
    async fn cloud(&self, name: &str) -> Result<Option<Cloud>, Failure> {
        let Some(mut cloud) = self.assets.cloud(name).await? else { return Ok(None) };
        let keys = self.store.api_keys(&cloud.account).await.map_err(failed)?;
        cloud.secrets.extend(keys.into_iter().map(|key| key.secret));
        cloud.algorithm = self.algorithm;
        Ok(Some(cloud))
    }

    async fn find(&self, account: &str, id: &ResourceId) -> Result<Option<Resource>, Failure> {
        match self.row(account, id).await? {
            Some(row) => Ok(Some(resource(row, self.clock.now()))),
            None => self.assets.find(account, id).await,
        }
    }

    async fn named(&self, account: &str, name: &str) -> Result<Option<Transformation>, Failure> {
        let definition = named::definition(self.store.as_ref(), account, name).await.map_err(failed)?;
        Ok(definition.and_then(|text| Eager::parse(&text).ok()).map(|eager| eager.transformation))
    }

    async fn style(&self, account: &str, public_id: &str) -> Result<Option<TextStyle>, Failure> {
        let key = ResourceKey {
            account: account.to_owned(),
            kind: "image".to_owned(),
            delivery: "text".to_owned(),
            public_id: public_id.to_owned(),
        };
        let row = self.store.resource(&key).await.map_err(failed)?;
        Ok(row.and_then(|row| style(row.facts.extra.get(made::STYLE)?.as_str()?)))
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

    async fn derived(&self, account: &str, key: &str) -> Result<Option<Derived>, Failure> {
        self.assets.derived(account, key).await
    }

    async fn keep_derived(&self, account: &str, derivation: &Derivation, derived: &Derived) -> Result<(), Failure> {
        if let Some(row) = self.row(account, &derivation.of).await? {
            let extension = derivation.extension.clone().unwrap_or_default();
            // The extension of the resource itself asks for nothing.
            let extension = if extension_of(&extension) == row.format { String::new() } else { extension };
            let name = match (derivation.transformation.as_str(), extension.as_str()) {
                (transformation, "") => transformation.to_owned(),
                ("", extension) => extension.to_owned(),
                (transformation, extension) => format!("{transformation}/{extension}"),
            };
            let at = self.clock.now();
            let mut changes = Vec::new();
            if !name.is_empty() {
                changes.extend(named::used(self.store.as_ref(), account, &name, at).await.map_err(failed)?);
            }
            changes.push(Change::PutDerived(DerivedRow {
                id: Uuid::new_v4(),
                account: account.to_owned(),
                resource: row.id,
                transformation: derivation.transformation.clone(),
                extension,
                sha256: derived.sha256.clone(),
                etag: derived.etag.clone(),
                bytes: derived.bytes,
                format: extension_of(&derived.format).to_owned(),
                width: derived.width,
                height: derived.height,
                created_at: at,
            }));
            self.store.change(changes, Vec::new()).await.map_err(failed)?;
        }
        self.assets.keep_derived(account, derivation, derived).await
    }

    async fn keep_fetched(&self, account: &str, id: &ResourceId, resource: &Resource) -> Result<(), Failure> {
        self.assets.keep_fetched(account, id, resource).await
    }
}

fn resource(row: ResourceRow, now: std::time::SystemTime) -> Resource {
    let is_picture = row.width > 0;
    let rects = |key: &str| -> Vec<Rect> {
        row.facts.extra.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(rect).collect()
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Resource {
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

/// Reads a style as [`crate::dialect::cloudinary::words::Words::style`] writes it: it is that of a layer.
fn style(text: &str) -> Option<TextStyle> {
    let (font, rest) = text.split_once(',').map_or((text, ""), |(font, rest)| (font, rest));
    let separator = if rest.is_empty() { "" } else { "," };
    let transformation = Transformation::parse(&format!("l_text:{font}:x{separator}{rest}")).ok()?;
    let component = transformation.nodes.iter().find_map(|node| match node {
        Node::Layer { open, .. } => Some(open),
        Node::Apply(component) => Some(component),
        _ => None,
    })?;
    let mut found = TextStyle { font: font_of(component.layer()?.0)?, color: None, background: None };
    for param in &component.params {
        match param {
            Param::Color(color) => found.color = Some(color.clone()),
            Param::Background(background) => found.background = Some(background.clone()),
            _ => {}
        }
    }
    Some(found)
}

fn font_of(layer: &Layer) -> Option<crate::dialect::cloudinary::transformation::FontStyle> {
    match layer {
        Layer::Text { style: Style::Font(font), .. } => Some((**font).clone()),
        _ => None,
    }
}
