//! What is only looked up in the library, except lists of resources.

use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::{
    fail::Fail,
    read::page_with,
    rows::{self, at, key},
};
use crate::store::{
    ApiKey, ChunkRow, DerivedQuery, DerivedRow, DocumentQuery, DocumentRow, Page, ResourceKey, ResourceRow, Totals,
    ValueClass, VersionRow,
    cursor::{self, Place},
};

/// The most rows of a page.
const PAGE: u32 = 500;

/// What follows every text that begins with the one before it.
const AFTER_ALL: char = char::MAX;

pub(super) async fn resource(
    connection: &mut SqliteConnection,
    key: &ResourceKey,
) -> Result<Option<ResourceRow>, Fail> {
    let row = sqlx::query(
        "SELECT * FROM resources r WHERE r.account = ? AND r.kind = ? AND r.delivery = ? AND r.public_id = ?",
    )
    .bind(&key.account)
    .bind(&key.kind)
    .bind(&key.delivery)
    .bind(&key.public_id)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(rows::resource).transpose()
}

pub(super) async fn versions(connection: &mut SqliteConnection, key: &ResourceKey) -> Result<Vec<VersionRow>, Fail> {
    let found = sqlx::query(
        "SELECT * FROM versions WHERE account = ? AND kind = ? AND delivery = ? AND public_id = ? \
         ORDER BY stored_at DESC, version_id DESC LIMIT ?",
    )
    .bind(&key.account)
    .bind(&key.kind)
    .bind(&key.delivery)
    .bind(&key.public_id)
    .bind(PAGE)
    .fetch_all(connection)
    .await?;
    found.iter().rev().map(rows::version).collect()
}

pub(super) async fn versions_of(
    connection: &mut SqliteConnection,
    account: &str,
    resource: Uuid,
) -> Result<Vec<VersionRow>, Fail> {
    let found = sqlx::query(
        "SELECT * FROM versions WHERE resource = ? AND account = ? ORDER BY stored_at DESC, version_id DESC LIMIT ?",
    )
    .bind(key(resource))
    .bind(account)
    .bind(PAGE)
    .fetch_all(connection)
    .await?;
    found.iter().rev().map(rows::version).collect()
}

pub(super) async fn value_names(
    connection: &mut SqliteConnection,
    account: &str,
    kind: &str,
    class: ValueClass,
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<String>, Fail> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT DISTINCT name FROM resource_values WHERE account = ");
    query.push_bind(account).push(" AND class = ").push_bind(class.as_str());
    query.push(" AND kind = ").push_bind(kind);
    if !prefix.is_empty() {
        query.push(" AND name >= ").push_bind(prefix);
        query.push(" AND name < ").push_bind(format!("{prefix}{AFTER_ALL}"));
    }
    if let Some(after) = after {
        query.push(" AND name > ").push_bind(after);
    }
    query.push(" ORDER BY name LIMIT ").push_bind(limit);
    Ok(query.build_query_scalar().fetch_all(connection).await?)
}

pub(super) async fn derived(
    connection: &mut SqliteConnection,
    resource: Uuid,
    transformation: &str,
    extension: &str,
) -> Result<Option<DerivedRow>, Fail> {
    let row = sqlx::query(
        "SELECT * FROM derived WHERE resource = ? AND transformation = ? AND extension = ? \
                           ORDER BY created_at DESC, id DESC LIMIT 1",
    )
    .bind(key(resource))
    .bind(transformation)
    .bind(extension)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(rows::derived).transpose()
}

pub(super) async fn derived_made(
    connection: &mut SqliteConnection,
    account: &str,
    key: &str,
) -> Result<Vec<DerivedRow>, Fail> {
    let found = sqlx::query("SELECT * FROM derived WHERE account = ? AND key = ? ORDER BY created_at, id LIMIT ?")
        .bind(account)
        .bind(key)
        .bind(PAGE)
        .fetch_all(connection)
        .await?;
    found.iter().map(rows::derived).collect()
}

pub(super) async fn derived_by_id(
    connection: &mut SqliteConnection,
    account: &str,
    id: Uuid,
) -> Result<Option<DerivedRow>, Fail> {
    let row = sqlx::query("SELECT * FROM derived WHERE id = ? AND account = ?")
        .bind(key(id))
        .bind(account)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rows::derived).transpose()
}

pub(super) async fn derived_list(
    connection: &mut SqliteConnection,
    secret: &[u8; 32],
    account: &str,
    wanted: DerivedQuery,
) -> Result<Page<DerivedRow>, Fail> {
    let list = format!("derived {:?} {:?}", wanted.resource, wanted.transformation);
    let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM derived WHERE account = ");
    query.push_bind(account);
    if let Some(resource) = wanted.resource {
        query.push(" AND resource = ").push_bind(key(resource));
    }
    if let Some(transformation) = &wanted.transformation {
        query.push(" AND transformation = ").push_bind(transformation);
    }
    if let Some(cursor) = &wanted.cursor {
        let place = cursor::read(secret, &list, account, cursor)?;
        query.push(" AND (created_at, id) > (").push_bind(place.at).push(", ").push_bind(key(place.id)).push(")");
    }
    let limit = wanted.limit.clamp(1, PAGE);
    query.push(" ORDER BY created_at, id LIMIT ").push_bind(limit + 1);
    let found = query.build().fetch_all(connection).await?;
    page_with(&found, limit, rows::derived, |row| {
        cursor::write(secret, &list, account, Place { at: at(row.created_at), id: row.id })
    })
}

pub(super) async fn document(
    connection: &mut SqliteConnection,
    account: &str,
    class: &str,
    name: &str,
) -> Result<Option<DocumentRow>, Fail> {
    let row = sqlx::query("SELECT * FROM documents WHERE account = ? AND class = ? AND name = ?")
        .bind(account)
        .bind(class)
        .bind(name)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rows::document).transpose()
}

pub(super) async fn documents(
    connection: &mut SqliteConnection,
    secret: &[u8; 32],
    account: &str,
    wanted: DocumentQuery,
) -> Result<Page<DocumentRow>, Fail> {
    let list = format!("documents {} {}", wanted.class, wanted.prefix);
    let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM documents WHERE account = ");
    query.push_bind(account).push(" AND class = ").push_bind(&wanted.class);
    if !wanted.prefix.is_empty() {
        query.push(" AND name >= ").push_bind(&wanted.prefix);
        query.push(" AND name < ").push_bind(format!("{}{AFTER_ALL}", wanted.prefix));
    }
    if let Some(cursor) = &wanted.cursor {
        let after: String = cursor::read_json(secret, &list, account, cursor)?;
        query.push(" AND name > ").push_bind(after);
    }
    let limit = wanted.limit.clamp(1, PAGE);
    query.push(" ORDER BY name LIMIT ").push_bind(limit + 1);
    let found = query.build().fetch_all(connection).await?;
    page_with(&found, limit, rows::document, |row| cursor::write_json(secret, &list, account, &row.name))
}

pub(super) async fn api_key(connection: &mut SqliteConnection, key: &str) -> Result<Option<ApiKey>, Fail> {
    let row = sqlx::query("SELECT * FROM api_keys WHERE key = ?").bind(key).fetch_optional(connection).await?;
    row.as_ref().map(rows::api_key).transpose()
}

pub(super) async fn api_keys(connection: &mut SqliteConnection, account: &str) -> Result<Vec<ApiKey>, Fail> {
    let found = sqlx::query("SELECT * FROM api_keys WHERE account = ? ORDER BY key").bind(account);
    found.fetch_all(connection).await?.iter().map(rows::api_key).collect()
}

pub(super) async fn chunks(
    connection: &mut SqliteConnection,
    account: &str,
    upload: &str,
) -> Result<Vec<ChunkRow>, Fail> {
    let found = sqlx::query("SELECT * FROM chunks WHERE account = ? AND upload = ? ORDER BY begins")
        .bind(account)
        .bind(upload)
        .fetch_all(connection)
        .await?;
    found.iter().map(rows::chunk).collect()
}

pub(super) async fn totals(connection: &mut SqliteConnection, account: &str) -> Result<Totals, Fail> {
    let mut count = async |sql: &'static str| -> Result<(u64, u64), Fail> {
        let row = sqlx::query(sql).bind(account).fetch_one(&mut *connection).await?;
        Ok((row.try_get::<i64, _>("rows")?.max(0) as u64, row.try_get::<i64, _>("bytes")?.max(0) as u64))
    };
    let resources =
        count("SELECT COUNT(*) AS rows, COALESCE(SUM(bytes), 0) AS bytes FROM resources WHERE account = ?").await?;
    let derived =
        count("SELECT COUNT(*) AS rows, COALESCE(SUM(bytes), 0) AS bytes FROM derived WHERE account = ?").await?;
    let versions = count(
        "SELECT COUNT(*) AS rows, COALESCE(SUM(bytes), 0) AS bytes FROM versions v WHERE account = ? \
         AND NOT EXISTS (SELECT 1 FROM resources r WHERE r.id = v.resource AND r.sha256 = v.sha256)",
    )
    .await?;
    Ok(Totals { resources: resources.0, derived: derived.0, bytes: resources.1 + derived.1 + versions.1 })
}
