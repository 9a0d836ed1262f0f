-- Saves of resources that are kept when others take their place, and when the resource is gone.
CREATE TABLE versions (
    account TEXT NOT NULL REFERENCES accounts (key),
    kind TEXT NOT NULL,
    delivery TEXT NOT NULL,
    public_id TEXT NOT NULL,
    version_id TEXT NOT NULL,
    -- The resource that it is, or last was, a save of.
    resource BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    -- The resource as it was, as JSON; its name is that of the columns.
    document TEXT NOT NULL,
    PRIMARY KEY (account, kind, delivery, public_id, version_id)
) WITHOUT ROWID;
CREATE INDEX versions_resource ON versions (resource);
CREATE INDEX versions_blob ON versions (sha256);
