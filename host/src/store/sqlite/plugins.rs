//! The set of plugins, and the log of changes.

use async_trait::async_trait;
use sqlx::{QueryBuilder, Row, Sqlite as Database, SqliteConnection, sqlite::SqliteRow};

use super::{
    Sqlite, at as attempted, deliveries,
    fail::Fail,
    read::{PAGE, page_with},
    rows::{at, id, key, time},
    writer::Tx,
};
use crate::store::{
    AuditFilter, AuditRow, Error, Page, PluginChange, PluginRow, PluginSet, Plugins,
    cursor::{self, Place},
};

#[async_trait]
impl Plugins for Sqlite {
    async fn plugin_set(&self) -> Result<PluginSet, Error> {
        attempted("read the plugins", set(&mut *self.snapshot().await?).await)
    }

    async fn plugin_revision(&self) -> Result<u64, Error> {
        attempted("look for changed plugins", revision(&mut *self.reader().await?).await)
    }

    async fn change_plugin(&self, change: PluginChange) -> Result<u64, Error> {
        self.writer.call("change the plugin", move |tx| Box::pin(self::change(tx, change))).await
    }

    async fn audit(&self, entry: AuditRow) -> Result<(), Error> {
        self.writer.call("write the audit log", move |tx| Box::pin(async move { write(tx, &[entry]).await })).await
    }

    async fn audit_log(&self, filter: AuditFilter) -> Result<Page<AuditRow>, Error> {
        attempted("read the audit log", log(&mut *self.reader().await?, &self.cursor_key, filter).await)
    }
}

async fn revision(connection: &mut SqliteConnection) -> Result<u64, Fail> {
    let revision: i64 = sqlx::query_scalar("SELECT revision FROM plugin_set").fetch_one(connection).await?;
    Ok(revision.max(0) as u64)
}

async fn set(connection: &mut SqliteConnection) -> Result<PluginSet, Fail> {
    let revision = revision(&mut *connection).await?;
    let found = sqlx::query(
        "SELECT owner, name, document, (SELECT json_group_array(sha256) FROM plugin_blobs b \
         WHERE b.owner = plugins.owner AND b.name = plugins.name) AS blobs FROM plugins ORDER BY owner, name",
    )
    .fetch_all(connection)
    .await?;
    let row = |row: &SqliteRow| -> Result<PluginRow, Fail> {
        Ok(PluginRow {
            owner: row.try_get("owner")?,
            name: row.try_get("name")?,
            document: serde_json::from_str(row.try_get("document")?)?,
            blobs: serde_json::from_str(row.try_get("blobs")?)?,
        })
    };
    Ok(PluginSet { revision, rows: found.iter().map(row).collect::<Result<_, _>>()? })
}

async fn change(tx: &mut Tx, change: PluginChange) -> Result<u64, Fail> {
    let PluginChange { revision, row, removed, audit, owed } = change;
    let moved = sqlx::query("UPDATE plugin_set SET revision = revision + 1 WHERE revision = ?")
        .bind(i64::try_from(revision).unwrap_or(i64::MAX))
        .execute(tx.open().await?)
        .await?;
    if moved.rows_affected() == 0 {
        return Err(Error::Conflict { what: "the set of plugins".to_owned() }.into());
    }
    for sql in
        ["DELETE FROM plugins WHERE owner = ? AND name = ?", "DELETE FROM plugin_blobs WHERE owner = ? AND name = ?"]
    {
        sqlx::query(sql).bind(&row.owner).bind(&row.name).execute(tx.open().await?).await?;
    }
    if !removed {
        sqlx::query("INSERT INTO plugins (owner, name, document) VALUES (?, ?, ?)")
            .bind(&row.owner)
            .bind(&row.name)
            .bind(row.document.to_string())
            .execute(tx.open().await?)
            .await?;
        sqlx::query("INSERT OR IGNORE INTO plugin_blobs (owner, name, sha256) SELECT ?, ?, value FROM json_each(?)")
            .bind(&row.owner)
            .bind(&row.name)
            .bind(serde_json::to_string(&row.blobs)?)
            .execute(tx.open().await?)
            .await?;
    }
    write(tx, &audit).await?;
    deliveries::insert(tx, &owed).await?;
    Ok(revision + 1)
}

async fn write(tx: &mut Tx, entries: &[AuditRow]) -> Result<(), Fail> {
    for entry in entries {
        sqlx::query("INSERT INTO audit (id, at, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(key(entry.id))
            .bind(at(entry.at))
            .bind(&entry.actor)
            .bind(&entry.action)
            .bind(&entry.subject)
            .bind(entry.detail.to_string())
            .execute(tx.open().await?)
            .await?;
    }
    Ok(())
}

async fn log(
    connection: &mut SqliteConnection,
    secret: &[u8; 32],
    filter: AuditFilter,
) -> Result<Page<AuditRow>, Fail> {
    let mut query = QueryBuilder::<Database>::new("SELECT * FROM audit WHERE TRUE");
    if let Some(subject) = &filter.subject {
        query.push(" AND subject = ").push_bind(subject);
    }
    if let Some(cursor) = &filter.cursor {
        let place = cursor::read(secret, "audit", "", cursor)?;
        query.push(" AND (at, id) < (").push_bind(place.at).push(", ").push_bind(key(place.id)).push(")");
    }
    let limit = filter.limit.clamp(1, PAGE);
    query.push(" ORDER BY at DESC, id DESC LIMIT ").push_bind(limit + 1);
    let found = query.build().fetch_all(connection).await?;
    page_with(&found, limit, entry, |entry| {
        cursor::write(secret, "audit", "", Place { at: at(entry.at), id: entry.id })
    })
}

fn entry(row: &SqliteRow) -> Result<AuditRow, Fail> {
    Ok(AuditRow {
        id: id(row, "id")?,
        at: time(row.try_get("at")?),
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        detail: serde_json::from_str(row.try_get("detail")?)?,
    })
}
