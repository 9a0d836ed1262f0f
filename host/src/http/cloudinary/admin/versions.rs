//! Old saves of assets: made the asset again, listed, forgotten.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Admin, remove::is_few, resources::key};
use crate::{
    dialect::cloudinary::versions,
    http::cloudinary::reply::{Refusal, anew},
    store::{Change, ResourceKey, ResourceRow},
};

/// Makes saves the assets again, each by its public id.
pub(super) async fn restore(admin: &Admin, kind: &str, delivery: &str) -> Result<Value, Refusal> {
    let ids = admin.form.list("public_ids");
    if ids.is_empty() {
        return Err(Refusal::bad("Missing required parameter - public_ids"));
    }
    is_few(&ids, "public_ids")?;
    let wanted = admin.form.list("versions");
    let mut answer = Map::new();
    for id in ids {
        let key = key(admin, kind, delivery, id);
        let told = match anew!(one(admin, &key, &wanted).await)? {
            Some(row) => admin.site().asset(&row).into(),
            None => json!({"error": "no_backup"}),
        };
        answer.insert(id.to_owned(), told);
    }
    Ok(answer.into())
}

async fn one(admin: &Admin, key: &ResourceKey, wanted: &[&str]) -> Result<Option<ResourceRow>, Refusal> {
    let store = &admin.state().store;
    let kept = store.versions(key).await?;
    let Some(save) = versions::chosen(&kept, wanted) else { return Ok(None) };
    let now = store.resource(key).await?;
    if let Some(now) = now.as_ref().filter(|now| versions::version_id(now) == save.version_id) {
        return Ok(Some(now.clone()));
    }
    let (row, changes) = versions::restored(save, now.as_ref(), admin.state().clock.now());
    let body = json!({"resources": [{
        "resource_type": key.kind, "type": key.delivery, "asset_id": row.id.simple().to_string(),
        "public_id": key.public_id, "version": row.version, "version_id": save.version_id,
    }]});
    let owed = admin.notices("restore_asset_version", body).await?;
    store.change(changes, owed).await?;
    admin.state().delivery_ready.notify_one();
    Ok(Some(row))
}

/// What is shown of an asset that is gone and has saves: nothing is in its place.
pub(super) async fn placeholder(admin: &Admin, key: &ResourceKey) -> Result<Value, Refusal> {
    let kept = admin.state().store.versions(key).await?;
    let last = kept.last().ok_or_else(|| Refusal::no_resource(&key.public_id))?;
    let mut shown = super::list::full(&admin.site().asset(&last.row), &last.row);
    shown.insert("bytes".to_owned(), 0.into());
    shown.insert("placeholder".to_owned(), true.into());
    shown.insert("derived".to_owned(), json!([]));
    shown.insert("versions".to_owned(), versions::told(&kept));
    Ok(shown.into())
}

/// Forgets saves of the asset of an id.
pub(super) async fn forget(admin: &Admin, asset_id: &str) -> Result<Value, Refusal> {
    let wanted = admin.form.list("version_ids");
    if wanted.is_empty() {
        return Err(Refusal::bad("Missing required parameter - version_ids"));
    }
    is_few(&wanted, "version_ids")?;
    let resource = Uuid::try_parse(asset_id).map_err(|_| Refusal::no_resource(asset_id))?;
    let mut kept = admin.state().store.versions_of(admin.account(), resource).await?;
    kept.retain(|version| wanted.contains(&version.version_id.as_str()));
    let gone: Vec<String> = kept.into_iter().map(|version| version.version_id).collect();
    let drop = |version_id: &String| Change::DropVersion {
        account: admin.account().to_owned(),
        resource,
        version_id: version_id.clone(),
    };
    admin.state().store.change(gone.iter().map(drop).collect(), Vec::new()).await?;
    Ok(json!({"asset_id": asset_id, "deleted_version_ids": gone}))
}
