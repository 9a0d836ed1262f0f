//! Changes of the library.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{Accept, Fail, Query, Session, Values, assets, rows::at};
use crate::store::{
    ApiKey, Change, ChunkRow, DerivedRow, DocumentRow, Error, NewJob, ResourceRow, Submission, VersionRow,
};

/// Values of a resource that one statement writes.
const VALUES: usize = 512;

pub(in crate::store) async fn change<S: Accept>(session: &mut S, change: &Change) -> Result<(), Fail> {
    match change {
        Change::PutAsset(asset) => assets::put(session, asset).await,
        Change::PutResource { row, over } => put_resource(session, row, *over).await,
        Change::DropResource { account, id, over } => drop_resource(session, account, *id, *over).await,
        Change::PutVersion(row) => put_version(session, row).await,
        Change::DropVersion { account, resource, version_id } => {
            let values = Values::new().with(account).with(*resource).with(version_id);
            session
                .ask("DELETE FROM versions WHERE account = $1 AND resource = $2 AND version_id = $3", values)
                .await?;
            Ok(())
        }
        Change::PutDerived(row) => put_derived(session, row).await,
        Change::DropDerived { account, id } => {
            let values = Values::new().with(account).with(*id);
            session.ask("DELETE FROM derived WHERE account = $1 AND id = $2", values).await?;
            Ok(())
        }
        Change::DropDerivedOf { account, resource } => {
            let values = Values::new().with(account).with(*resource);
            session.ask("DELETE FROM derived WHERE account = $1 AND resource = $2", values).await?;
            Ok(())
        }
        Change::PutDocument { row, new } => put_document(session, row, *new).await,
        Change::DropDocument { account, class, name } => {
            let values = Values::new().with(account).with(class).with(name);
            session.ask("DELETE FROM documents WHERE account = $1 AND class = $2 AND name = $3", values).await?;
            Ok(())
        }
        Change::PutKey(row) => put_key(session, row).await,
        Change::DropKey { account, key } => {
            let values = Values::new().with(account).with(key);
            session.ask("DELETE FROM api_keys WHERE account = $1 AND key = $2", values).await?;
            Ok(())
        }
        Change::PutChunk(row) => put_chunk(session, row).await,
        Change::DropChunks { account, upload } => {
            let values = Values::new().with(account).with(upload);
            session.ask("DELETE FROM chunks WHERE account = $1 AND upload = $2", values).await?;
            Ok(())
        }
        Change::SubmitTogether(submission) => session.submit(submission).await.map(|_| ()),
        Change::Submit { account, job } => {
            let submission = Submission {
                account: account.clone(),
                jobs: vec![NewJob::clone(job)],
                batch: None,
                idempotency: None,
                queue_limit: u64::MAX,
            };
            session.submit(&submission).await.map(|_| ())
        }
    }
}

/// A new row comes without its revision, an old one is written over it: no row written is a conflict.
async fn put_resource<S: Session>(session: &mut S, row: &ResourceRow, over: Option<u64>) -> Result<(), Fail> {
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
        .with(row.id)
        .with(&row.key.account)
        .with(&row.key.kind)
        .with(&row.key.delivery)
        .with(&row.key.public_id)
        .with(row.version as i64)
        .with(&row.sha256)
        .with(&row.etag)
        .with(row.bytes as i64)
        .with(&row.format)
        .with(row.width)
        .with(row.height)
        .with(row.pages)
        .with(&row.folder)
        .with(&row.asset_folder)
        .with(&row.display_name)
        .with(&row.filename)
        .with(&row.access_mode)
        .with(&row.moderation_kind)
        .with(&row.moderation_status)
        .with(at(row.created_at))
        .with(at(row.uploaded_at))
        .with(at(row.updated_at))
        .with(serde_json::to_string(&row.facts)?);
    let written = match over {
        None => session.ask(NEW, values).await,
        Some(revision) => session.ask(OVER, values.with(revision as i64)).await,
    };
    match written {
        Ok(rows) if rows.is_empty() => return Err(conflict().into()),
        // Another transaction has just taken the name.
        Err(fail) if fail.is_taken() => return Err(conflict().into()),
        Err(fail) => return Err(fail),
        Ok(_) => {}
    }
    if over.is_some() {
        name_versions(session, row).await?;
    }
    put_values(session, row).await
}

/// The saves of a resource go by its name.
async fn name_versions<S: Session>(session: &mut S, row: &ResourceRow) -> Result<(), Fail> {
    const NAME: &str = "UPDATE versions SET kind = $3, delivery = $4, public_id = $5 WHERE resource = $1 AND account = $2 \
         AND (kind, delivery, public_id) <> ($3, $4, $5)";
    let values = Values::new()
        .with(row.id)
        .with(&row.key.account)
        .with(&row.key.kind)
        .with(&row.key.delivery)
        .with(&row.key.public_id);
    session.ask(NAME, values).await?;
    Ok(())
}

async fn put_version<S: Session>(session: &mut S, version: &VersionRow) -> Result<(), Fail> {
    const PUT: &str = "INSERT INTO versions (account, kind, delivery, public_id, version_id, resource, sha256, bytes, \
         stored_at, document) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (account, kind, delivery, public_id, version_id) DO UPDATE SET resource = excluded.resource, \
         sha256 = excluded.sha256, bytes = excluded.bytes, stored_at = excluded.stored_at, document = excluded.document";
    let row = &version.row;
    let values = Values::new()
        .with(&row.key.account)
        .with(&row.key.kind)
        .with(&row.key.delivery)
        .with(&row.key.public_id)
        .with(&version.version_id)
        .with(row.id)
        .with(&row.sha256)
        .with(row.bytes as i64)
        .with(at(row.uploaded_at))
        .with(serde_json::to_string(row)?);
    session.ask(PUT, values).await?;
    Ok(())
}

async fn put_values<S: Session>(session: &mut S, row: &ResourceRow) -> Result<(), Fail> {
    session.ask("DELETE FROM resource_values WHERE resource = $1", Values::new().with(row.id)).await?;
    let values: BTreeSet<_> =
        row.facts.values().into_iter().map(|(class, name, value)| (class.as_str(), name, value)).collect();
    for part in Vec::from_iter(values).chunks(VALUES) {
        let mut before = "INSERT INTO resource_values (resource, class, name, value, account, kind) VALUES (";
        let mut query = Query::new("");
        for (class, name, value) in part {
            query.push(before).bind(row.id).push(", ").bind(*class).push(", ").bind(name);
            query.push(", ").bind(value).push(", ").bind(&row.key.account).push(", ").bind(&row.key.kind);
            before = "), (";
        }
        query.push(")");
        query.all(session).await?;
    }
    Ok(())
}

async fn drop_resource<S: Session>(session: &mut S, account: &str, id: Uuid, over: u64) -> Result<(), Fail> {
    const DROP: &str = "DELETE FROM resources WHERE id = $1 AND account = $2 AND revision = $3 RETURNING revision";
    if session.ask(DROP, Values::new().with(id).with(account).with(over as i64)).await?.is_empty() {
        return Err(Error::Conflict { what: format!("resource {}", id.simple()) }.into());
    }
    for sql in [
        "DELETE FROM resource_values WHERE resource = $1 AND account = $2",
        "DELETE FROM derived WHERE resource = $1 AND account = $2",
    ] {
        session.ask(sql, Values::new().with(id).with(account)).await?;
    }
    Ok(())
}

async fn put_derived<S: Session>(session: &mut S, row: &DerivedRow) -> Result<(), Fail> {
    let put = [
        "INSERT INTO derived (id, account, resource, transformation, extension, sha256, etag, bytes, format, width, \
         height, created_at, key) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 FROM resources \
         WHERE id = $3 AND account = $2",
        S::KEEP_PARENT,
        " ON CONFLICT (",
        S::DERIVED_NAME,
        ") DO UPDATE SET sha256 = excluded.sha256, \
         etag = excluded.etag, bytes = excluded.bytes, format = excluded.format, width = excluded.width, \
         height = excluded.height, created_at = excluded.created_at",
    ];
    let values = Values::new()
        .with(row.id)
        .with(&row.account)
        .with(row.resource)
        .with(&row.transformation)
        .with(&row.extension)
        .with(&row.sha256)
        .with(&row.etag)
        .with(row.bytes as i64)
        .with(&row.format)
        .with(row.width)
        .with(row.height)
        .with(at(row.created_at))
        .with(&row.key);
    session.ask(put.concat(), values).await?;
    Ok(())
}

async fn put_document<S: Session>(session: &mut S, row: &DocumentRow, new: bool) -> Result<(), Fail> {
    const NEW: &str = "INSERT INTO documents (account, class, name, body, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING name";
    const ANY: &str = "INSERT INTO documents (account, class, name, body, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, class, name) DO UPDATE SET body = excluded.body, \
         updated_at = excluded.updated_at RETURNING name";
    let values = Values::new()
        .with(&row.account)
        .with(&row.class)
        .with(&row.name)
        .with(serde_json::to_string(&row.body)?)
        .with(at(row.created_at))
        .with(at(row.updated_at));
    if session.ask(if new { NEW } else { ANY }, values).await?.is_empty() {
        return Err(Error::Exists { what: "document", name: row.name.clone() }.into());
    }
    Ok(())
}

async fn put_key<S: Session>(session: &mut S, row: &ApiKey) -> Result<(), Fail> {
    const PUT: &str = "INSERT INTO api_keys (key, account, secret, created_at) SELECT $1, $2, $3, $4 \
         WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE key = $1) ON CONFLICT DO NOTHING RETURNING key";
    let values = Values::new().with(&row.key).with(&row.account).with(&row.secret).with(at(row.created_at));
    if session.ask(PUT, values).await?.is_empty() {
        return Err(Error::Exists { what: "API key", name: row.key.clone() }.into());
    }
    Ok(())
}

async fn put_chunk<S: Session>(session: &mut S, row: &ChunkRow) -> Result<(), Fail> {
    const PUT: &str = "INSERT INTO chunks (account, upload, begins, bytes, sha256, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, upload, begins) DO UPDATE SET bytes = excluded.bytes, \
         sha256 = excluded.sha256, created_at = excluded.created_at";
    let values = Values::new()
        .with(&row.account)
        .with(&row.upload)
        .with(row.begins as i64)
        .with(row.bytes as i64)
        .with(&row.sha256)
        .with(at(row.created_at));
    session.ask(PUT, values).await?;
    Ok(())
}
