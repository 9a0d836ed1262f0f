//! `upload_presets`.

use serde_json::{Map, Value, json};

use super::{Admin, with_cursor};
use crate::{
    dialect::cloudinary::{
        naming,
        params::UploadParams,
        preset::{CLASS, Preset},
    },
    http::cloudinary::reply::Refusal,
    store::{Change, DocumentQuery, DocumentRow, Error},
};

/// What a call says beside the parameters that the preset keeps.
const NOT_SETTINGS: [&str; 6] = ["name", "unsigned", "signature", "api_key", "timestamp", "file"];

/// Settings that are told as booleans.
const BOOLEANS: [&str; 20] = [
    "async",
    "backup",
    "colors",
    "disallow_public_id",
    "discard_original_filename",
    "eager_async",
    "exif",
    "faces",
    "image_metadata",
    "invalidate",
    "live",
    "media_metadata",
    "overwrite",
    "phash",
    "quality_analysis",
    "return_delete_token",
    "unique_filename",
    "use_asset_folder_as_public_id_prefix",
    "use_filename",
    "use_filename_as_display_name",
];

pub(super) async fn dispatch(admin: &Admin, method: &str, name: &str) -> Result<Value, Refusal> {
    match (method, name) {
        ("GET", "") => list(admin).await,
        ("GET", name) => Ok(shown(name, &find(admin, name).await?)),
        ("POST", "") => create(admin).await,
        ("PUT", name) if !name.is_empty() => update(admin, name).await,
        ("DELETE", name) if !name.is_empty() => {
            find(admin, name).await?;
            let gone = Change::DropDocument {
                account: admin.account().to_owned(),
                class: CLASS.to_owned(),
                name: name.to_owned(),
            };
            admin.state().store.change(vec![gone], Vec::new()).await?;
            Ok(json!({"message": "deleted"}))
        }
        _ => Err(admin.no_route(&["upload_presets", name])),
    }
}

fn shown(name: &str, preset: &Preset) -> Value {
    json!({"name": name, "unsigned": preset.unsigned, "settings": preset.settings})
}

async fn list(admin: &Admin) -> Result<Value, Refusal> {
    let query = DocumentQuery {
        class: CLASS.to_owned(),
        cursor: admin.cursor(),
        limit: admin.page()?,
        ..DocumentQuery::default()
    };
    let page = admin.state().store.documents(admin.account(), query).await?;
    let presets = page.items.into_iter().map(|row| {
        let preset: Preset = serde_json::from_value(row.body).unwrap_or_default();
        shown(&row.name, &preset)
    });
    Ok(with_cursor(json!({"presets": presets.collect::<Vec<_>>()}), page.next))
}

async fn find(admin: &Admin, name: &str) -> Result<Preset, Refusal> {
    let found = Preset::find(admin.state().store.as_ref(), admin.account(), name).await?;
    found.ok_or_else(|| Refusal::new(404, format!("Can't find upload preset named {name}")))
}

async fn create(admin: &Admin) -> Result<Value, Refusal> {
    let name = admin.form.text("name").map_or_else(naming::made_up, str::to_owned);
    if name.len() > 255 || name.contains(|character: char| character.is_control() || character == '/') {
        return Err(Refusal::bad("Invalid value for parameter name (expected at most 255 bytes without /)"));
    }
    let preset = Preset { unsigned: admin.flag("unsigned")?, settings: settings(admin)? };
    match put(admin, &name, &preset, true).await {
        Err(Error::Exists { .. }) => Err(Refusal::new(409, format!("Upload preset {name} already exists"))),
        made => {
            made?;
            Ok(json!({"message": "created", "name": name}))
        }
    }
}

async fn update(admin: &Admin, name: &str) -> Result<Value, Refusal> {
    let mut preset = find(admin, name).await?;
    preset.unsigned = admin.form.boolean("unsigned")?.unwrap_or(preset.unsigned);
    preset.settings.extend(settings(admin)?);
    // An empty value takes a setting away.
    preset.settings.retain(|_, value| *value != "");
    put(admin, name, &preset, false).await?;
    Ok(json!({"message": "updated"}))
}

async fn put(admin: &Admin, name: &str, preset: &Preset, new: bool) -> Result<(), Error> {
    let now = admin.state().clock.now();
    let row = DocumentRow {
        account: admin.account().to_owned(),
        class: CLASS.to_owned(),
        name: name.to_owned(),
        body: serde_json::to_value(preset).unwrap_or_default(),
        created_at: now,
        updated_at: now,
    };
    admin.state().store.change(vec![Change::PutDocument { row, new }], Vec::new()).await
}

/// The parameters of the call, as they are kept and shown. They have to be such as an upload takes.
fn settings(admin: &Admin) -> Result<Map<String, Value>, Refusal> {
    UploadParams::parse(&admin.form)?;
    if admin.flag("live")? && admin.flag("async")? {
        return Err(Refusal::bad("live is not currently supported with async"));
    }
    let mut settings = Map::new();
    for (name, value) in &admin.form.0 {
        let base = name.split('[').next().unwrap_or(name);
        if NOT_SETTINGS.contains(&base) {
            continue;
        }
        let value = match value.as_str() {
            "1" | "true" if BOOLEANS.contains(&base) => Value::Bool(true),
            "0" | "false" if BOOLEANS.contains(&base) => Value::Bool(false),
            text => Value::from(text),
        };
        match settings.get_mut(base) {
            Some(Value::Array(list)) => list.push(value),
            _ if base != name => {
                settings.insert(base.to_owned(), Value::Array(vec![value]));
            }
            _ => {
                settings.insert(base.to_owned(), value);
            }
        }
    }
    Ok(settings)
}
