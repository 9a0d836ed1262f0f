//! What is only looked up in the library, except lists of resources.

use uuid::Uuid;

use super::{
    Fail, Fields, Query, Session, Values,
    read::{PAGE, page_with},
    rows::{self, at},
};
use crate::store::{
    ApiKey, ChunkRow, DerivedQuery, DerivedRow, DocumentQuery, DocumentRow, Page, ResourceKey, ResourceRow, Totals,
    ValueClass, VersionRow,
    cursor::{self, Place},
};

/// What follows every text that begins with the one before it.
const AFTER_ALL: char = char::MAX;

fn named(key: &ResourceKey) -> Values {
    Values::new().with(&key.account).with(&key.kind).with(&key.delivery).with(&key.public_id)
}

pub(super) async fn resource<S: Session>(session: &mut S, key: &ResourceKey) -> Result<Option<ResourceRow>, Fail> {
    const ONE: &str = "SELECT * FROM resources WHERE account = $1 AND kind = $2 AND delivery = $3 AND public_id = $4";
    session.ask(ONE, named(key)).await?.first().map(rows::resource).transpose()
}

pub(super) async fn versions<S: Session>(session: &mut S, key: &ResourceKey) -> Result<Vec<VersionRow>, Fail> {
    const LIST: &str = "SELECT * FROM versions WHERE account = $1 AND kind = $2 AND delivery = $3 AND public_id = $4 \
         ORDER BY stored_at DESC, version_id DESC LIMIT $5";
    session.ask(LIST, named(key).with(PAGE)).await?.iter().rev().map(rows::version).collect()
}

pub(super) async fn versions_of<S: Session>(
    session: &mut S,
    account: &str,
    resource: Uuid,
) -> Result<Vec<VersionRow>, Fail> {
    const LIST: &str = "SELECT * FROM versions WHERE resource = $1 AND account = $2 \
         ORDER BY stored_at DESC, version_id DESC LIMIT $3";
    let values = Values::new().with(resource).with(account).with(PAGE);
    session.ask(LIST, values).await?.iter().rev().map(rows::version).collect()
}

pub(super) async fn value_names<S: Session>(
    session: &mut S,
    account: &str,
    kind: &str,
    class: ValueClass,
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<String>, Fail> {
    let mut query = Query::new("SELECT DISTINCT name FROM resource_values WHERE account = ");
    query.bind(account).push(" AND class = ").bind(class.as_str()).push(" AND kind = ").bind(kind);
    if !prefix.is_empty() {
        query.push(" AND name >= ").bind(prefix);
        query.push(" AND name < ").bind(format!("{prefix}{AFTER_ALL}"));
    }
    if let Some(after) = after {
        query.push(" AND name > ").bind(after);
    }
    query.push(" ORDER BY name LIMIT ").bind(limit);
    query.all(session).await?.iter().map(|row| Ok(row.text("name")?.to_owned())).collect()
}

pub(super) async fn derived<S: Session>(
    session: &mut S,
    resource: Uuid,
    transformation: &str,
    extension: &str,
) -> Result<Option<DerivedRow>, Fail> {
    let mut query = Query::new("SELECT * FROM derived WHERE resource = ");
    query.bind(resource).push(" AND extension = ").bind(extension).push(" AND ");
    S::push_is(&mut query, "transformation", transformation);
    query.push(" ORDER BY created_at DESC, id DESC LIMIT 1");
    query.all(session).await?.first().map(rows::derived).transpose()
}

pub(super) async fn derived_made<S: Session>(
    session: &mut S,
    account: &str,
    key: &str,
) -> Result<Vec<DerivedRow>, Fail> {
    const MADE: &str = "SELECT * FROM derived WHERE account = $1 AND key = $2 ORDER BY created_at, id LIMIT $3";
    let values = Values::new().with(account).with(key).with(PAGE);
    session.ask(MADE, values).await?.iter().map(rows::derived).collect()
}

pub(super) async fn derived_by_id<S: Session>(
    session: &mut S,
    account: &str,
    id: Uuid,
) -> Result<Option<DerivedRow>, Fail> {
    const ONE: &str = "SELECT * FROM derived WHERE id = $1 AND account = $2";
    session.ask(ONE, Values::new().with(id).with(account)).await?.first().map(rows::derived).transpose()
}

pub(super) async fn derived_list<S: Session>(
    session: &mut S,
    secret: &[u8; 32],
    account: &str,
    wanted: DerivedQuery,
) -> Result<Page<DerivedRow>, Fail> {
    let list = format!("derived {:?} {:?}", wanted.resource, wanted.transformation);
    let mut query = Query::new("SELECT * FROM derived WHERE account = ");
    query.bind(account);
    if let Some(resource) = wanted.resource {
        query.push(" AND resource = ").bind(resource);
    }
    if let Some(transformation) = &wanted.transformation {
        query.push(" AND ");
        S::push_is(&mut query, "transformation", transformation);
    }
    if let Some(cursor) = &wanted.cursor {
        let place = cursor::read(secret, &list, account, cursor)?;
        query.push(" AND (created_at, id) > (").bind(place.at).push(", ").bind(place.id).push(")");
    }
    let limit = wanted.limit.clamp(1, PAGE);
    query.push(" ORDER BY created_at, id LIMIT ").bind(limit + 1);
    page_with(&query.all(session).await?, limit, rows::derived, |row| {
        cursor::write(secret, &list, account, Place { at: at(row.created_at), id: row.id })
    })
}

pub(super) async fn document<S: Session>(
    session: &mut S,
    account: &str,
    class: &str,
    name: &str,
) -> Result<Option<DocumentRow>, Fail> {
    const ONE: &str = "SELECT * FROM documents WHERE account = $1 AND class = $2 AND name = $3";
    let values = Values::new().with(account).with(class).with(name);
    session.ask(ONE, values).await?.first().map(rows::document).transpose()
}

pub(super) async fn documents<S: Session>(
    session: &mut S,
    secret: &[u8; 32],
    account: &str,
    wanted: DocumentQuery,
) -> Result<Page<DocumentRow>, Fail> {
    let list = format!("documents {} {}", wanted.class, wanted.prefix);
    let mut query = Query::new("SELECT * FROM documents WHERE account = ");
    query.bind(account).push(" AND class = ").bind(&wanted.class);
    if !wanted.prefix.is_empty() {
        query.push(" AND name >= ").bind(&wanted.prefix);
        query.push(" AND name < ").bind(format!("{}{AFTER_ALL}", wanted.prefix));
    }
    if let Some(cursor) = &wanted.cursor {
        let after: String = cursor::read_json(secret, &list, account, cursor)?;
        query.push(" AND name > ").bind(after);
    }
    let limit = wanted.limit.clamp(1, PAGE);
    query.push(" ORDER BY name LIMIT ").bind(limit + 1);
    page_with(&query.all(session).await?, limit, rows::document, |row| {
        cursor::write_json(secret, &list, account, &row.name)
    })
}

pub(super) async fn api_key<S: Session>(session: &mut S, key: &str) -> Result<Option<ApiKey>, Fail> {
    let found = session.ask("SELECT * FROM api_keys WHERE key = $1", Values::new().with(key)).await?;
    found.first().map(rows::api_key).transpose()
}

pub(super) async fn api_keys<S: Session>(session: &mut S, account: &str) -> Result<Vec<ApiKey>, Fail> {
    const LIST: &str = "SELECT * FROM api_keys WHERE account = $1 ORDER BY key";
    session.ask(LIST, Values::new().with(account)).await?.iter().map(rows::api_key).collect()
}

pub(super) async fn chunks<S: Session>(session: &mut S, account: &str, upload: &str) -> Result<Vec<ChunkRow>, Fail> {
    const LIST: &str = "SELECT * FROM chunks WHERE account = $1 AND upload = $2 ORDER BY begins";
    session.ask(LIST, Values::new().with(account).with(upload)).await?.iter().map(rows::chunk).collect()
}

pub(super) async fn totals<S: Session>(session: &mut S, account: &str) -> Result<Totals, Fail> {
    let resources = sum(session, account, "resources t WHERE account = $1").await?;
    let derived = sum(session, account, "derived t WHERE account = $1").await?;
    let versions = sum(
        session,
        account,
        "versions t WHERE account = $1 \
         AND NOT EXISTS (SELECT 1 FROM resources r WHERE r.id = t.resource AND r.sha256 = t.sha256)",
    )
    .await?;
    Ok(Totals { resources: resources.0, derived: derived.0, bytes: resources.1 + derived.1 + versions.1 })
}

/// How many rows, and their bytes.
async fn sum<S: Session>(session: &mut S, account: &str, from: &str) -> Result<(u64, u64), Fail> {
    let sql = format!("SELECT COUNT(*) AS found, CAST(COALESCE(SUM(t.bytes), 0) AS BIGINT) AS bytes FROM {from}");
    let rows = session.ask(sql, Values::new().with(account)).await?;
    rows.first().map_or(Ok((0, 0)), |row| Ok((row.count("found")?, row.count("bytes")?)))
}
