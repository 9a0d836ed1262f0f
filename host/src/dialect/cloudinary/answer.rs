//! Resources and results as answers show them.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::{
    naming,
    signature::{Algorithm, delivery_signature, delivery_text},
    url::{DeliveryType, Parts, ResourceType},
};
use crate::store::{DerivedRow, ResourceRow};

/// A JSON object.
pub type Object = Map<String, Value>;

/// Keys of [`crate::store::Facts::extra`].
pub mod fact {
    /// 32 hex digits, new with every save.
    pub const VERSION_ID: &str = "version_id";
    /// Rectangles of faces, as lists of four numbers.
    pub const FACES: &str = "face_coordinates";
    /// Rectangles of interest.
    pub const CUSTOM: &str = "custom_coordinates";
    /// Named regions.
    pub const REGIONS: &str = "regions";
    /// Headers of deliveries: an object.
    pub const HEADERS: &str = "headers";
    /// Who may see it.
    pub const ACCESS_CONTROL: &str = "access_control";
    /// What was found out about the picture: an object of fields as answers tell them.
    pub const ANALYSIS: &str = "analysis";
    /// When its moderation was decided.
    pub const MODERATION_UPDATED_AT: &str = "moderation_updated_at";
}

/// What addresses in answers are made of.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// Host, port and path of the server's own address, without a scheme.
    pub host: &'a str,
    /// The cloud.
    pub cloud: &'a str,
    /// What signs addresses that need it.
    pub secret: &'a str,
    /// How.
    pub algorithm: Algorithm,
}

/// The address without its scheme.
pub fn host(public_url: &str) -> &str {
    public_url.split_once("://").map_or(public_url, |(_, host)| host)
}

/// `2024-06-25T07:25:30Z`
pub fn seconds(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

impl Site<'_> {
    /// The plain and the secure address of what a transformation makes of a resource.
    pub fn urls(&self, row: &ResourceRow, transformation: &str, extension: Option<&str>) -> (String, String) {
        let delivery = DeliveryType::from_word(&row.key.delivery).unwrap_or(DeliveryType::Upload);
        let resource_type = ResourceType::from_word(&row.key.kind).unwrap_or(ResourceType::Raw);
        let mut parts = Parts {
            cloud: self.cloud,
            resource_type,
            delivery: &delivery,
            signature: None,
            transformation,
            version: Some(row.version),
            public_id: &row.key.public_id,
            extension,
        };
        let signature = matches!(delivery, DeliveryType::Private | DeliveryType::Authenticated).then(|| {
            let text = delivery_text(transformation, &parts.signed_id());
            delivery_signature(&text, self.secret, self.algorithm, false)
        });
        parts.signature = signature.as_deref();
        let path = parts.path();
        (format!("http://{}{path}", self.host), format!("https://{}{path}", self.host))
    }

    /// The extension that addresses of a resource end in.
    fn extension(row: &ResourceRow) -> Option<&str> {
        (row.key.kind != "raw" && !row.format.is_empty()).then_some(row.format.as_str())
    }

    /// What lists show of a resource, without tags and the like.
    pub fn item(&self, row: &ResourceRow) -> Object {
        let (url, secure_url) = self.urls(row, "", Self::extension(row));
        let mut shown = Object::new();
        let mut set = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        set("asset_id", row.id.simple().to_string().into());
        set("public_id", row.key.public_id.clone().into());
        if !row.format.is_empty() && row.key.kind != "raw" {
            set("format", row.format.clone().into());
        }
        set("version", row.version.into());
        set("resource_type", row.key.kind.clone().into());
        set("type", row.key.delivery.clone().into());
        set("created_at", seconds(row.created_at).into());
        if row.uploaded_at != row.created_at {
            set("uploaded_at", seconds(row.uploaded_at).into());
        }
        set("bytes", row.bytes.into());
        if row.width > 0 {
            set("width", row.width.into());
            set("height", row.height.into());
        }
        set("folder", row.folder.clone().into());
        set("asset_folder", row.asset_folder.clone().into());
        set("display_name", row.display_name.clone().into());
        set("access_mode", row.access_mode.clone().into());
        set("url", url.into());
        set("secure_url", secure_url.into());
        if let Some(rules) = row.facts.extra.get(fact::ACCESS_CONTROL) {
            set(fact::ACCESS_CONTROL, rules.clone());
        }
        shown
    }

    /// What uploads answer, without the signature and the API key.
    pub fn asset(&self, row: &ResourceRow) -> Object {
        let mut shown = self.item(row);
        let mut set = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        if let Some(version_id) = row.facts.extra.get(fact::VERSION_ID) {
            set(fact::VERSION_ID, version_id.clone());
        }
        set("tags", row.facts.tags.clone().into());
        if row.pages > 0 {
            set("pages", row.pages.into());
        }
        set("etag", row.etag.clone().into());
        set("placeholder", false.into());
        if !row.filename.is_empty() {
            set("original_filename", row.filename.clone().into());
        }
        if !row.moderation_kind.is_empty() {
            set("moderation", json!([moderation(row)]));
        }
        if let Some(context) = context(row) {
            set("context", context);
        }
        if !row.facts.metadata.is_empty() {
            set("metadata", row.facts.metadata.clone().into());
        }
        if let Some(coordinates) = coordinates(row) {
            set("coordinates", coordinates);
        }
        if let Some(regions) = row.facts.extra.get(fact::REGIONS) {
            set(fact::REGIONS, regions.clone());
        }
        shown
    }

    /// What is told of a kept result.
    pub fn derived(&self, row: &ResourceRow, derived: &DerivedRow) -> Object {
        let extension =
            if derived.extension.is_empty() { Self::extension(row) } else { Some(derived.extension.as_str()) };
        let (url, secure_url) = self.urls(row, &derived.transformation, extension);
        let mut shown = Object::new();
        let mut set = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        set("transformation", derived_name(derived).into());
        set("format", derived.format.clone().into());
        set("bytes", derived.bytes.into());
        set("id", derived.id.simple().to_string().into());
        set("url", url.into());
        set("secure_url", secure_url.into());
        if !derived.extension.is_empty() {
            set("extension", derived.extension.clone().into());
        }
        shown
    }
}

/// The transformation with the format that was asked for, as clients name it.
pub fn derived_name(derived: &DerivedRow) -> String {
    match (derived.transformation.as_str(), derived.extension.as_str()) {
        (transformation, "") => transformation.to_owned(),
        ("", extension) => extension.to_owned(),
        (transformation, extension) => format!("{transformation}/{extension}"),
    }
}

/// `{"custom": {...}}`, if there is any.
pub fn context(row: &ResourceRow) -> Option<Value> {
    (!row.facts.context.is_empty()).then(|| json!({"custom": row.facts.context}))
}

/// Rectangles of faces and of interest, if there are any.
pub fn coordinates(row: &ResourceRow) -> Option<Value> {
    let mut shown = Object::new();
    for (name, key) in [("faces", fact::FACES), ("custom", fact::CUSTOM)] {
        if let Some(rects) = row.facts.extra.get(key) {
            shown.insert(name.to_owned(), rects.clone());
        }
    }
    (!shown.is_empty()).then(|| shown.into())
}

/// How far the moderation of a resource is.
pub fn moderation(row: &ResourceRow) -> Value {
    let mut shown = Object::new();
    shown.insert("status".to_owned(), row.moderation_status.clone().into());
    shown.insert("kind".to_owned(), row.moderation_kind.clone().into());
    if let Some(at) = row.facts.extra.get(fact::MODERATION_UPDATED_AT) {
        shown.insert("updated_at".to_owned(), at.clone());
    }
    shown.into()
}

/// The folder and the name that people see, of an asset that has no others.
pub fn shown_place(public_id: &str) -> (String, String) {
    let (folder, name) = naming::split(public_id);
    (folder.to_owned(), name.to_owned())
}
