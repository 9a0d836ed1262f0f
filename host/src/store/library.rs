//! The library of an account: resources under public ids, old saves of them, what was derived from them, named documents,
//! API keys and the parts of unfinished uploads.
//!
//! All writing goes through [`Change`]s: those of one call, or of one job's end, happen together or not
//! at all. Who changes a resource names the revision it has read; when somebody else was faster, nothing
//! happens and the answer is [`Error::Conflict`].

use std::{collections::BTreeMap, time::SystemTime};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{AssetRow, Error, Filter, NewJob, Page, ResourceQuery, Submission, filter::Column};
use crate::webhook::NewDelivery;

/// What a resource is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ResourceKey {
    /// Whose.
    pub account: String,
    /// What it is: `image`, `video`, `raw`.
    pub kind: String,
    /// How it is handed out: `upload`, `private`, ...
    pub delivery: String,
    /// Its name.
    pub public_id: String,
}

/// A stored file with what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceRow {
    /// Its id, which stays when it is renamed or replaced.
    pub id: Uuid,
    /// What it is found by.
    pub key: ResourceKey,
    /// Grows by one with every change; 1 at first. Given by the store.
    pub revision: u64,
    /// Of its bytes: Unix seconds.
    pub version: u64,
    /// The key of its bytes.
    pub sha256: String,
    /// MD5 of its bytes in lower-case hex.
    pub etag: String,
    /// Their size.
    pub bytes: u64,
    /// The format's name; empty when it has none.
    pub format: String,
    /// Columns as displayed; 0 when it is no picture.
    pub width: u32,
    /// Rows as displayed; 0 when it is no picture.
    pub height: u32,
    /// Pages or frames; 0 when it has none.
    pub pages: u32,
    /// What stands before the last slash of the name, or nothing.
    pub folder: String,
    /// The folder in which people see it.
    pub asset_folder: String,
    /// The name that people see.
    pub display_name: String,
    /// The name of the file it came from, without its extension, or nothing.
    pub filename: String,
    /// `public`, `authenticated`.
    pub access_mode: String,
    /// Who looks at it ("manual"), or nothing.
    pub moderation_kind: String,
    /// `pending`, `approved`, `rejected`, or nothing.
    pub moderation_status: String,
    /// First stored at.
    pub created_at: SystemTime,
    /// Its present bytes were stored at.
    pub uploaded_at: SystemTime,
    /// Last changed at.
    pub updated_at: SystemTime,
    /// The rest.
    pub facts: Facts,
}

impl ResourceRow {
    /// A public resource without bytes yet, of which nothing is known but its name.
    pub fn new(key: ResourceKey, at: SystemTime) -> ResourceRow {
        ResourceRow {
            id: Uuid::new_v4(),
            key,
            revision: 0,
            version: 0,
            sha256: String::new(),
            etag: String::new(),
            bytes: 0,
            format: String::new(),
            width: 0,
            height: 0,
            pages: 0,
            folder: String::new(),
            asset_folder: String::new(),
            display_name: String::new(),
            filename: String::new(),
            access_mode: "public".to_owned(),
            moderation_kind: String::new(),
            moderation_status: String::new(),
            created_at: at,
            uploaded_at: at,
            updated_at: at,
            facts: Facts::default(),
        }
    }
}

/// What is known of a resource beyond its columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Tags, each once.
    pub tags: Vec<String>,
    /// Contextual metadata.
    pub context: BTreeMap<String, String>,
    /// Structured metadata: texts, numbers, or lists of texts by field.
    pub metadata: Map<String, Value>,
    /// Opaque to the store.
    pub extra: Map<String, Value>,
}

/// A kind of values that resources have many of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueClass {
    /// Tags: the name is the tag, there is no value.
    Tag,
    /// Contextual metadata.
    Context,
    /// Structured metadata; a list has a row for each of its values.
    Metadata,
}

impl ValueClass {
    /// Its name in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            ValueClass::Tag => "tag",
            ValueClass::Context => "context",
            ValueClass::Metadata => "metadata",
        }
    }
}

impl Facts {
    /// Class, name and value of everything that can be searched for.
    pub fn values(&self) -> Vec<(ValueClass, String, String)> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let tags = self.tags.iter().map(|tag| (ValueClass::Tag, tag.clone(), String::new()));
        let context = self.context.iter().map(|(name, value)| (ValueClass::Context, name.clone(), value.clone()));
        let metadata = self.metadata.iter().flat_map(|(name, value)| {
            let values = match value {
                Value::Array(list) => list.iter().map(text).collect(),
                single => vec![text(single)],
            };
            values.into_iter().map(|value| (ValueClass::Metadata, name.clone(), value))
        });
        tags.chain(context).chain(metadata).collect()
    }
}

/// A save of a resource that is kept when another takes its place, and when the resource is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionRow {
    /// The client's name of it, unique among those of the resource.
    pub version_id: String,
    /// The resource as it was then, under the name that it has or had last.
    pub row: ResourceRow,
}

/// A result that was made of a resource and is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DerivedRow {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub account: String,
    /// What it was made of.
    pub resource: Uuid,
    /// What was done, in canonical form.
    pub transformation: String,
    /// The extension that was asked for, or nothing.
    pub extension: String,
    /// What it is found again by: its source, what was done and by whom, hashed; nothing for what is only found by
    /// its name.
    pub key: String,
    /// The key of its bytes.
    pub sha256: String,
    /// MD5 of its bytes in lower-case hex.
    pub etag: String,
    /// Their size.
    pub bytes: u64,
    /// The format's name.
    pub format: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Made at.
    pub created_at: SystemTime,
}

/// Which derived results to list, oldest first.
#[derive(Clone, Debug, Default)]
pub struct DerivedQuery {
    /// Only of this resource.
    pub resource: Option<Uuid>,
    /// Only with this transformation.
    pub transformation: Option<String>,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// At most this many, 1 to 500.
    pub limit: u32,
}

/// Something that an account has under a name: a preset, a named transformation, a folder, a field.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentRow {
    /// Whose.
    pub account: String,
    /// What it is ("preset").
    pub class: String,
    /// Its name, unique among its class.
    pub name: String,
    /// What it says; opaque to the store.
    pub body: Value,
    /// Made at; kept when it is replaced.
    pub created_at: SystemTime,
    /// Last changed at.
    pub updated_at: SystemTime,
}

/// Which documents to list, by name.
#[derive(Clone, Debug, Default)]
pub struct DocumentQuery {
    /// What they are.
    pub class: String,
    /// Only names that begin so.
    pub prefix: String,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// At most this many, 1 to 500.
    pub limit: u32,
}

/// A further API key of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The key: letters, digits, `_`, `-`; unique on this server.
    pub key: String,
    /// Whose.
    pub account: String,
    /// Its secret. Kept in clear text, because requests are signed with it.
    pub secret: String,
    /// Made at.
    pub created_at: SystemTime,
}

/// A part of a file that arrives in several requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkRow {
    /// Whose.
    pub account: String,
    /// The client's name for the whole.
    pub upload: String,
    /// The place of its first byte.
    pub begins: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Their key.
    pub sha256: String,
    /// Arrived at.
    pub created_at: SystemTime,
}

/// What an account has stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Resources.
    pub resources: u64,
    /// Results that are kept.
    pub derived: u64,
    /// Bytes of both, and of the saves that are kept and are not what the resource is now.
    pub bytes: u64,
}

/// A change of the library.
#[derive(Clone, Debug)]
pub enum Change {
    /// Keeps an asset, replacing one of the same id.
    PutAsset(AssetRow),
    /// Writes a resource. `over` is the revision that was read, none for a new one.
    PutResource {
        /// The row; its revision is given by the store.
        row: Box<ResourceRow>,
        /// What it replaces.
        over: Option<u64>,
    },
    /// Forgets a resource and what was derived from it.
    DropResource {
        /// Whose.
        account: String,
        /// Which.
        id: Uuid,
        /// The revision that was read.
        over: u64,
    },
    /// Keeps a save of a resource, replacing one of the same name and version. It outlives the resource.
    PutVersion(Box<VersionRow>),
    /// Forgets a save.
    DropVersion {
        /// Whose.
        account: String,
        /// Of which resource.
        resource: Uuid,
        /// Which.
        version_id: String,
    },
    /// Keeps a result, replacing one of the same resource, transformation, extension and key. Nothing
    /// happens when the resource is gone.
    PutDerived(DerivedRow),
    /// Forgets a result.
    DropDerived {
        /// Whose.
        account: String,
        /// Which.
        id: Uuid,
    },
    /// Forgets all results of a resource.
    DropDerivedOf {
        /// Whose.
        account: String,
        /// Of which resource.
        resource: Uuid,
    },
    /// Writes a document. With `new` there must be none of the name ([`Error::Exists`]).
    PutDocument {
        /// The row.
        row: DocumentRow,
        /// Whether it must be new.
        new: bool,
    },
    /// Forgets a document.
    DropDocument {
        /// Whose.
        account: String,
        /// What it is.
        class: String,
        /// Its name.
        name: String,
    },
    /// Makes an API key; [`Error::Exists`] when a key or an account has the name.
    PutKey(ApiKey),
    /// Ends an API key.
    DropKey {
        /// Whose.
        account: String,
        /// Which.
        key: String,
    },
    /// Keeps a part of an upload, in the place of one that begins there.
    PutChunk(ChunkRow),
    /// Forgets the parts of an upload.
    DropChunks {
        /// Whose.
        account: String,
        /// The client's name for the whole.
        upload: String,
    },
    /// Accepts jobs that belong together.
    SubmitTogether(Box<Submission>),
    /// Accepts a job, whatever waits already.
    Submit {
        /// Whose.
        account: String,
        /// The job.
        job: Box<NewJob>,
    },
}

/// The port. Times of rows are given by the caller.
#[async_trait]
pub trait Library: Send + Sync {
    /// Makes all changes, and owes the deliveries that tell of them, in one commit.
    ///
    /// Errors: [`Error::Conflict`] when a revision is not the one that was read, or a name is taken.
    async fn change(&self, changes: Vec<Change>, deliveries: Vec<NewDelivery>) -> Result<(), Error>;

    /// The resource of this name.
    async fn resource(&self, key: &ResourceKey) -> Result<Option<ResourceRow>, Error>;
    /// The account's resources, filtered and sorted.
    async fn resources(&self, account: &str, query: ResourceQuery) -> Result<Page<ResourceRow>, Error>;
    /// How many resources pass, by the values of a column (of one group when there is none).
    async fn count_resources(
        &self,
        account: &str,
        filter: &Filter,
        by: Option<Column>,
    ) -> Result<Vec<(String, u64)>, Error>;
    /// Names of a class of values that resources of a kind have and that begin with `prefix`, sorted;
    /// after `after`, at most `limit`.
    async fn value_names(
        &self,
        account: &str,
        kind: &str,
        class: ValueClass,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, Error>;

    /// The saves that are kept of the resource of this name, also when it is gone, oldest first; the newest 500.
    async fn versions(&self, key: &ResourceKey) -> Result<Vec<VersionRow>, Error>;
    /// The saves of the account's resource of this id, in the same way.
    async fn versions_of(&self, account: &str, resource: Uuid) -> Result<Vec<VersionRow>, Error>;

    /// The kept result of a resource; the newest, when clients choose among several.
    async fn derived(&self, resource: Uuid, transformation: &str, extension: &str)
    -> Result<Option<DerivedRow>, Error>;
    /// The account's results of this key, one for each name that they are kept under.
    async fn derived_made(&self, account: &str, key: &str) -> Result<Vec<DerivedRow>, Error>;
    /// The account's result of this id.
    async fn derived_by_id(&self, account: &str, id: Uuid) -> Result<Option<DerivedRow>, Error>;
    /// The account's results.
    async fn derived_list(&self, account: &str, query: DerivedQuery) -> Result<Page<DerivedRow>, Error>;

    /// The account's document.
    async fn document(&self, account: &str, class: &str, name: &str) -> Result<Option<DocumentRow>, Error>;
    /// The account's documents.
    async fn documents(&self, account: &str, query: DocumentQuery) -> Result<Page<DocumentRow>, Error>;

    /// The API key.
    async fn api_key(&self, key: &str) -> Result<Option<ApiKey>, Error>;
    /// The account's further API keys, by key.
    async fn api_keys(&self, account: &str) -> Result<Vec<ApiKey>, Error>;

    /// The parts of an upload, by place.
    async fn chunks(&self, account: &str, upload: &str) -> Result<Vec<ChunkRow>, Error>;

    /// What the account has stored.
    async fn totals(&self, account: &str) -> Result<Totals, Error>;
}
