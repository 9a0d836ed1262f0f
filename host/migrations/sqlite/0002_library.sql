-- The library: resources under public ids, what was derived from them, and named things of an account.

CREATE TABLE resources (
    id BLOB NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (key),
    kind TEXT NOT NULL,
    delivery TEXT NOT NULL,
    public_id TEXT NOT NULL,
    -- Grows with every change of the row: who changes it names the one it has read.
    revision INTEGER NOT NULL,
    version INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    etag TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    format TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    pages INTEGER NOT NULL,
    folder TEXT NOT NULL,
    asset_folder TEXT NOT NULL,
    display_name TEXT NOT NULL,
    filename TEXT NOT NULL,
    access_mode TEXT NOT NULL,
    moderation_kind TEXT NOT NULL,
    moderation_status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    uploaded_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- Tags, context, metadata and the rest, as JSON. The first three stand in resource_values, too.
    document TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX resources_name ON resources (account, kind, delivery, public_id);
CREATE INDEX resources_listed ON resources (account, created_at, id);
CREATE INDEX resources_kind ON resources (account, kind, created_at, id);
CREATE INDEX resources_delivery ON resources (account, kind, delivery, created_at, id);
CREATE INDEX resources_folder ON resources (account, folder);
CREATE INDEX resources_blob ON resources (sha256);

-- Tags (with an empty value), context and metadata of resources, one row for each value.
CREATE TABLE resource_values (
    resource BLOB NOT NULL,
    class TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (resource, class, name, value)
) WITHOUT ROWID;
CREATE INDEX resource_values_name ON resource_values (account, class, name, value, resource);
CREATE INDEX resource_values_kind ON resource_values (account, class, kind, name);

CREATE TABLE derived (
    id BLOB NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (key),
    resource BLOB NOT NULL,
    transformation TEXT NOT NULL,
    extension TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    etag TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    format TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX derived_name ON derived (resource, transformation, extension);
CREATE INDEX derived_transformation ON derived (account, transformation, created_at, id);
CREATE INDEX derived_blob ON derived (sha256);

-- Presets, transformations, folders, fields: JSON under a class and a name.
CREATE TABLE documents (
    account TEXT NOT NULL REFERENCES accounts (key),
    class TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account, class, name)
) WITHOUT ROWID;

-- Further API keys of accounts; the first one is the account itself.
CREATE TABLE api_keys (
    key TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (key),
    secret TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX api_keys_account ON api_keys (account, key);

-- Parts of files that arrive in several requests.
CREATE TABLE chunks (
    account TEXT NOT NULL REFERENCES accounts (key),
    upload TEXT NOT NULL,
    begins INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account, upload, begins)
) WITHOUT ROWID;
CREATE INDEX chunks_blob ON chunks (sha256);
CREATE INDEX chunks_age ON chunks (created_at);
