//! The set of plugins, and the log of changes, the same for every adapter.

use async_trait::async_trait;

use super::{
    Fail, Fields, Query, Session, Values,
    backend::Backend,
    read::{PAGE, page_with},
    rows::{self, at},
};
use crate::store::{
    AuditFilter, AuditRow, Error, Page, PluginChange, PluginRow, PluginSet, Plugins,
    cursor::{self, Place},
};

#[async_trait]
impl<B: Backend> Plugins for B {
    async fn plugin_set(&self) -> Result<PluginSet, Error> {
        self.told("read the plugins", set(&mut *self.snapshot().await?).await)
    }

    async fn plugin_revision(&self) -> Result<u64, Error> {
        self.told("look for changed plugins", revision(&mut *self.reader().await?).await)
    }

    async fn change_plugin(&self, change: PluginChange) -> Result<u64, Error> {
        self.write_plugin(change).await
    }

    async fn audit(&self, entry: AuditRow) -> Result<(), Error> {
        Backend::write(self, "write the audit log", [entry], |tx, entries| Box::pin(write(tx, entries))).await
    }

    async fn audit_log(&self, filter: AuditFilter) -> Result<Page<AuditRow>, Error> {
        self.told("read the audit log", log(&mut *self.reader().await?, self.cursor_key(), filter).await)
    }
}

async fn revision<S: Session>(session: &mut S) -> Result<u64, Fail> {
    let rows = session.ask("SELECT revision FROM plugin_set", Values::new()).await?;
    rows.first().ok_or_else(|| Fail::Value("the set of plugins is gone".into()))?.count("revision")
}

async fn set<S: Session>(session: &mut S) -> Result<PluginSet, Fail> {
    const PLUGINS: &str = "SELECT owner, name, document FROM plugins ORDER BY owner, name";
    const BLOBS: &str = "SELECT sha256 FROM plugin_blobs WHERE owner = $1 AND name = $2 ORDER BY sha256";
    let mut set = PluginSet { revision: revision(session).await?, rows: Vec::new() };
    for row in &session.ask(PLUGINS, Values::new()).await? {
        let (owner, name) = (row.text("owner")?, row.text("name")?);
        let blobs = session.ask(BLOBS, Values::new().with(owner).with(name)).await?;
        set.rows.push(PluginRow {
            owner: owner.to_owned(),
            name: name.to_owned(),
            document: serde_json::from_str(row.text("document")?)?,
            blobs: blobs.iter().map(|blob| Ok(blob.text("sha256")?.to_owned())).collect::<Result<_, Fail>>()?,
        });
    }
    Ok(set)
}

/// Changes the set and writes it down; answers the new revision. What is owed is the adapter's to write.
pub(in crate::store) async fn change<S: Session>(session: &mut S, change: &PluginChange) -> Result<u64, Fail> {
    const MOVE: &str = "UPDATE plugin_set SET revision = revision + 1 WHERE revision = $1 RETURNING revision";
    const PLUGIN: &str = "INSERT INTO plugins (owner, name, document) VALUES ($1, $2, $3)";
    const BLOB: &str = "INSERT INTO plugin_blobs (owner, name, sha256) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let row = &change.row;
    let read = i64::try_from(change.revision).unwrap_or(i64::MAX);
    let moved = session.ask(MOVE, Values::new().with(read)).await?;
    let moved = moved.first().ok_or_else(|| Error::Conflict { what: "the set of plugins".to_owned() })?;
    let named = || Values::new().with(&row.owner).with(&row.name);
    for sql in [
        "DELETE FROM plugins WHERE owner = $1 AND name = $2",
        "DELETE FROM plugin_blobs WHERE owner = $1 AND name = $2",
    ] {
        session.ask(sql, named()).await?;
    }
    if !change.removed {
        session.ask(PLUGIN, named().with(row.document.to_string())).await?;
        for sha256 in &row.blobs {
            session.ask(BLOB, named().with(sha256)).await?;
        }
    }
    write(session, &change.audit).await?;
    moved.count("revision")
}

/// Writes entries of the log.
pub(in crate::store) async fn write<S: Session>(session: &mut S, entries: &[AuditRow]) -> Result<(), Fail> {
    const WRITE: &str = "INSERT INTO audit (id, at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)";
    for entry in entries {
        let values = Values::new()
            .with(entry.id)
            .with(at(entry.at))
            .with(&entry.actor)
            .with(&entry.action)
            .with(&entry.subject)
            .with(entry.detail.to_string());
        session.ask(WRITE, values).await?;
    }
    Ok(())
}

async fn log<S: Session>(session: &mut S, secret: &[u8; 32], filter: AuditFilter) -> Result<Page<AuditRow>, Fail> {
    let mut query = Query::new("SELECT * FROM audit WHERE TRUE");
    if let Some(subject) = &filter.subject {
        query.push(" AND subject = ").bind(subject);
    }
    if let Some(cursor) = &filter.cursor {
        let place = cursor::read(secret, "audit", "", cursor)?;
        query.push(" AND (at, id) < (").bind(place.at).push(", ").bind(place.id).push(")");
    }
    let limit = filter.limit.clamp(1, PAGE);
    query.push(" ORDER BY at DESC, id DESC LIMIT ").bind(limit + 1);
    page_with(&query.all(session).await?, limit, rows::audit, |entry| {
        cursor::write(secret, "audit", "", Place { at: at(entry.at), id: entry.id })
    })
}
