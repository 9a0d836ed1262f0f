//! `triggers`: addresses that are told of all events of a type.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Admin, upload::check_url};
use crate::{
    dialect::cloudinary::{
        answer::seconds,
        trigger::{ALL, CLASS, MAX_TRIGGERS, Trigger},
    },
    http::cloudinary::reply::Refusal,
    store::{Change, DocumentQuery, DocumentRow},
};

/// Types of events that something here tells of.
const EVENTS: [&str; 19] = [
    ALL,
    "create_folder",
    "delete",
    "delete_folder",
    "eager",
    "error",
    "explode",
    "generate_archive",
    "moderation",
    "move_or_rename_asset_folder",
    "multi",
    "rename",
    "resource_context_changed",
    "resource_display_name_changed",
    "resource_metadata_changed",
    "resource_tags_changed",
    "restore_asset_version",
    "sprite",
    "upload",
];

pub(super) async fn dispatch(admin: &Admin, method: &str, path: &[&str]) -> Result<Value, Refusal> {
    match (method, path) {
        ("GET", []) => {
            let wanted = admin.form.text("event_type");
            let rows = all(admin).await?;
            let shown = rows.iter().map(shown).filter(|one| wanted.is_none_or(|wanted| one["event_type"] == wanted));
            Ok(json!({"triggers": shown.collect::<Vec<_>>()}))
        }
        ("POST", []) => create(admin).await,
        ("PUT", [id]) => {
            let mut row = find(admin, id).await?;
            let uri = admin.required("new_uri")?;
            check_url(admin.state(), "new_uri", uri)?;
            row.body["uri"] = uri.into();
            row.updated_at = admin.state().clock.now();
            let answer = shown(&row);
            admin.state().store.change(vec![Change::PutDocument { row, new: false }], Vec::new()).await?;
            Ok(answer)
        }
        ("DELETE", [id]) => {
            let row = find(admin, id).await?;
            let gone = Change::DropDocument { account: row.account, class: row.class, name: row.name };
            admin.state().store.change(vec![gone], Vec::new()).await?;
            Ok(json!({"message": "ok"}))
        }
        _ => Err(admin.no_route(&[&["triggers"], path].concat())),
    }
}

async fn all(admin: &Admin) -> Result<Vec<DocumentRow>, Refusal> {
    let query = DocumentQuery { class: CLASS.to_owned(), limit: MAX_TRIGGERS, ..DocumentQuery::default() };
    Ok(admin.state().store.documents(admin.account(), query).await?.items)
}

async fn find(admin: &Admin, id: &str) -> Result<DocumentRow, Refusal> {
    let found = admin.state().store.document(admin.account(), CLASS, id).await?;
    found.ok_or_else(|| Refusal::new(404, format!("Trigger not found - {id}")))
}

async fn create(admin: &Admin) -> Result<Value, Refusal> {
    let (uri, event_type) = (admin.required("uri")?, admin.required("event_type")?);
    check_url(admin.state(), "uri", uri)?;
    if !EVENTS.contains(&event_type) {
        return Err(Refusal::bad(format!("Invalid value for parameter event_type: {event_type}")));
    }
    if all(admin).await?.len() >= MAX_TRIGGERS as usize {
        return Err(Refusal::bad(format!("Too many triggers (expected at most {MAX_TRIGGERS})")));
    }
    let now = admin.state().clock.now();
    let row = DocumentRow {
        account: admin.account().to_owned(),
        class: CLASS.to_owned(),
        name: Uuid::new_v4().simple().to_string(),
        body: json!(Trigger { uri: uri.to_owned(), event_type: event_type.to_owned() }),
        created_at: now,
        updated_at: now,
    };
    let answer = shown(&row);
    admin.state().store.change(vec![Change::PutDocument { row, new: true }], Vec::new()).await?;
    Ok(answer)
}

fn shown(row: &DocumentRow) -> Value {
    json!({
        "id": row.name, "product_environment_id": row.account, "uri": row.body["uri"], "uri_type": "webhook",
        "event_type": row.body["event_type"], "created_at": seconds(row.created_at),
        "updated_at": seconds(row.updated_at),
    })
}
