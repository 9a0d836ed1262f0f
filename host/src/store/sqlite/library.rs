//! Changes of the library.

use uuid::Uuid;

use super::{
    fail::Fail,
    keep,
    rows::{at, key},
    submit,
    writer::{Tx, Values},
};
use crate::store::{ApiKey, Change, ChunkRow, DerivedRow, DocumentRow, Error, ResourceRow, Submission, VersionRow};

pub(super) async fn change(tx: &mut Tx, change: Change) -> Result<(), Fail> {
    match change {
        Change::PutAsset(asset) => keep::put_asset(tx, asset).await,
        Change::PutResource { row, over } => put_resource(tx, &row, over).await,
        Change::DropResource { account, id, over } => drop_resource(tx, &account, id, over).await,
        Change::PutVersion(row) => put_version(tx, &row).await,
        Change::DropVersion { account, resource, version_id } => {
            let values = Values::new().with(account).with(key(resource)).with(version_id);
            tx.ask("DELETE FROM versions WHERE account = $1 AND resource = $2 AND version_id = $3", values).await?;
            Ok(())
        }
        Change::PutDerived(row) => put_derived(tx, &row).await,
        Change::DropDerived { account, id } => {
            let values = Values::new().with(account).with(key(id));
            tx.ask("DELETE FROM derived WHERE account = $1 AND id = $2", values).await?;
            Ok(())
        }
        Change::DropDerivedOf { account, resource } => {
            let values = Values::new().with(account).with(key(resource));
            tx.ask("DELETE FROM derived WHERE account = $1 AND resource = $2", values).await?;
            Ok(())
        }
        Change::PutDocument { row, new } => put_document(tx, &row, new).await,
        Change::DropDocument { account, class, name } => {
            let values = Values::new().with(account).with(class).with(name);
            tx.ask("DELETE FROM documents WHERE account = $1 AND class = $2 AND name = $3", values).await?;
            Ok(())
        }
        Change::PutKey(row) => put_key(tx, row).await,
        Change::DropKey { account, key } => {
            let values = Values::new().with(account).with(key);
            tx.ask("DELETE FROM api_keys WHERE account = $1 AND key = $2", values).await?;
            Ok(())
        }
        Change::PutChunk(row) => put_chunk(tx, &row).await,
        Change::DropChunks { account, upload } => {
            let values = Values::new().with(account).with(upload);
            tx.ask("DELETE FROM chunks WHERE account = $1 AND upload = $2", values).await?;
            Ok(())
        }
        Change::SubmitTogether(submission) => submit::submit(tx, *submission).await.map(|_| ()),
        Change::Submit { account, job } => {
            let submission =
                Submission { account, jobs: vec![*job], batch: None, idempotency: None, queue_limit: u64::MAX };
            submit::submit(tx, submission).await.map(|_| ())
        }
    }
}

/// A new row comes without its revision, an old one is written over it: no row written is a conflict.
async fn put_resource(tx: &mut Tx, row: &ResourceRow, over: Option<u64>) -> Result<(), Fail> {
    const NEW: &str = "INSERT INTO resources (id, account, kind, delivery, public_id, revision, version, sha256, etag, \
         bytes, format, width, height, pages, folder, asset_folder, display_name, filename, access_mode, \
         moderation_kind, moderation_status, created_at, uploaded_at, updated_at, document) \
         VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
         $22, $23, $24) ON CONFLICT DO NOTHING RETURNING revision";
    const OVER: &str = "UPDATE resources SET kind = $3, delivery = $4, public_id = $5, revision = revision + 1, \
         version = $6, sha256 = $7, etag = $8, bytes = $9, format = $10, width = $11, height = $12, pages = $13, \
         folder = $14, asset_folder = $15, display_name = $16, filename = $17, access_mode = $18, \
         moderation_kind = $19, moderation_status = $20, created_at = $21, uploaded_at = $22, updated_at = $23, \
         document = $24 WHERE id = $1 AND account = $2 AND revision = $25 AND NOT EXISTS (SELECT 1 FROM resources taken \
         WHERE taken.account = $2 AND taken.kind = $3 AND taken.delivery = $4 AND taken.public_id = $5 \
         AND taken.id <> $1) RETURNING revision";
    let conflict = || Error::Conflict { what: format!("resource {}", row.key.public_id) };
    let values = Values::new()
        .with(key(row.id))
        .with(row.key.account.clone())
        .with(row.key.kind.clone())
        .with(row.key.delivery.clone())
        .with(row.key.public_id.clone())
        .with(row.version as i64)
        .with(row.sha256.clone())
        .with(row.etag.clone())
        .with(row.bytes as i64)
        .with(row.format.clone())
        .with(row.width)
        .with(row.height)
        .with(row.pages)
        .with(row.folder.clone())
        .with(row.asset_folder.clone())
        .with(row.display_name.clone())
        .with(row.filename.clone())
        .with(row.access_mode.clone())
        .with(row.moderation_kind.clone())
        .with(row.moderation_status.clone())
        .with(at(row.created_at))
        .with(at(row.uploaded_at))
        .with(at(row.updated_at))
        .with(serde_json::to_string(&row.facts)?);
    let written = match over {
        None => tx.ask(NEW, values).await?,
        Some(revision) => tx.ask(OVER, values.with(revision as i64)).await?,
    };
    if written.is_empty() {
        return Err(conflict().into());
    }
    if over.is_some() {
        name_versions(tx, row).await?;
    }
    put_values(tx, row).await
}

/// The saves of a resource go by its name.
async fn name_versions(tx: &mut Tx, row: &ResourceRow) -> Result<(), Fail> {
    const NAME: &str = "UPDATE versions SET kind = $3, delivery = $4, public_id = $5 WHERE resource = $1 AND account = $2 \
         AND (kind, delivery, public_id) <> ($3, $4, $5)";
    let values = Values::new()
        .with(key(row.id))
        .with(row.key.account.clone())
        .with(row.key.kind.clone())
        .with(row.key.delivery.clone())
        .with(row.key.public_id.clone());
    tx.ask(NAME, values).await?;
    Ok(())
}

async fn put_version(tx: &mut Tx, version: &VersionRow) -> Result<(), Fail> {
    const PUT: &str = "INSERT INTO versions (account, kind, delivery, public_id, version_id, resource, sha256, bytes, \
         stored_at, document) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (account, kind, delivery, public_id, version_id) DO UPDATE SET resource = excluded.resource, \
         sha256 = excluded.sha256, bytes = excluded.bytes, stored_at = excluded.stored_at, document = excluded.document";
    let row = &version.row;
    let values = Values::new()
        .with(row.key.account.clone())
        .with(row.key.kind.clone())
        .with(row.key.delivery.clone())
        .with(row.key.public_id.clone())
        .with(version.version_id.clone())
        .with(key(row.id))
        .with(row.sha256.clone())
        .with(row.bytes as i64)
        .with(at(row.uploaded_at))
        .with(serde_json::to_string(row)?);
    tx.ask(PUT, values).await?;
    Ok(())
}

async fn put_values(tx: &mut Tx, row: &ResourceRow) -> Result<(), Fail> {
    const VALUES: &str = "DELETE FROM resource_values WHERE resource = $1; \
         INSERT INTO resource_values (resource, class, name, value, account, kind) \
         SELECT $1, value ->> 0, value ->> 1, value ->> 2, $2, $3 FROM json_each($4) WHERE TRUE ON CONFLICT DO NOTHING";
    let listed: Vec<_> =
        row.facts.values().into_iter().map(|(class, name, value)| (class.as_str(), name, value)).collect();
    let values = Values::new()
        .with(key(row.id))
        .with(row.key.account.clone())
        .with(row.key.kind.clone())
        .with(serde_json::to_string(&listed)?);
    tx.ask(VALUES, values).await?;
    Ok(())
}

async fn drop_resource(tx: &mut Tx, account: &str, id: Uuid, over: u64) -> Result<(), Fail> {
    const DROP: &str = "DELETE FROM resources WHERE id = $1 AND account = $2 AND revision = $3 RETURNING revision; \
         DELETE FROM resource_values WHERE resource = $1 AND account = $2; \
         DELETE FROM derived WHERE resource = $1 AND account = $2";
    let values = Values::new().with(key(id)).with(account.to_owned()).with(over as i64);
    if tx.ask(DROP, values).await?.is_empty() {
        return Err(Error::Conflict { what: format!("resource {}", id.simple()) }.into());
    }
    Ok(())
}

async fn put_derived(tx: &mut Tx, row: &DerivedRow) -> Result<(), Fail> {
    const PUT: &str = "INSERT INTO derived (id, account, resource, transformation, extension, sha256, etag, bytes, format, \
         width, height, created_at, key) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 \
         WHERE EXISTS (SELECT 1 FROM resources WHERE id = $3 AND account = $2) \
         ON CONFLICT (resource, transformation, extension, key) DO UPDATE SET sha256 = excluded.sha256, \
         etag = excluded.etag, bytes = excluded.bytes, format = excluded.format, width = excluded.width, \
         height = excluded.height, created_at = excluded.created_at";
    let values = Values::new()
        .with(key(row.id))
        .with(row.account.clone())
        .with(key(row.resource))
        .with(row.transformation.clone())
        .with(row.extension.clone())
        .with(row.sha256.clone())
        .with(row.etag.clone())
        .with(row.bytes as i64)
        .with(row.format.clone())
        .with(row.width)
        .with(row.height)
        .with(at(row.created_at))
        .with(row.key.clone());
    tx.ask(PUT, values).await?;
    Ok(())
}

async fn put_document(tx: &mut Tx, row: &DocumentRow, new: bool) -> Result<(), Fail> {
    const NEW: &str = "INSERT INTO documents (account, class, name, body, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING name";
    const ANY: &str = "INSERT INTO documents (account, class, name, body, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, class, name) DO UPDATE SET body = excluded.body, \
         updated_at = excluded.updated_at RETURNING name";
    let values = Values::new()
        .with(row.account.clone())
        .with(row.class.clone())
        .with(row.name.clone())
        .with(serde_json::to_string(&row.body)?)
        .with(at(row.created_at))
        .with(at(row.updated_at));
    if tx.ask(if new { NEW } else { ANY }, values).await?.is_empty() {
        return Err(Error::Exists { what: "document", name: row.name.clone() }.into());
    }
    Ok(())
}

async fn put_key(tx: &mut Tx, row: ApiKey) -> Result<(), Fail> {
    const PUT: &str = "INSERT INTO api_keys (key, account, secret, created_at) SELECT $1, $2, $3, $4 \
         WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE key = $1) ON CONFLICT DO NOTHING RETURNING key";
    let values = Values::new().with(row.key.clone()).with(row.account).with(row.secret).with(at(row.created_at));
    if tx.ask(PUT, values).await?.is_empty() {
        return Err(Error::Exists { what: "API key", name: row.key }.into());
    }
    Ok(())
}

async fn put_chunk(tx: &mut Tx, row: &ChunkRow) -> Result<(), Fail> {
    const PUT: &str = "INSERT INTO chunks (account, upload, begins, bytes, sha256, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, upload, begins) DO UPDATE SET bytes = excluded.bytes, \
         sha256 = excluded.sha256, created_at = excluded.created_at";
    let values = Values::new()
        .with(row.account.clone())
        .with(row.upload.clone())
        .with(row.begins as i64)
        .with(row.bytes as i64)
        .with(row.sha256.clone())
        .with(at(row.created_at));
    tx.ask(PUT, values).await?;
    Ok(())
}
