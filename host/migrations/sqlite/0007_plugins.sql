-- The plugins that were installed, and what was decided about them. The whole set has one revision: who changes a plugin
-- names the one it has read.
CREATE TABLE plugin_set (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    revision INTEGER NOT NULL
);
INSERT INTO plugin_set (one, revision) VALUES (1, 0);

CREATE TABLE plugins (
    -- The account that it belongs to; empty: it is everybody's.
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Versions, state, pins, grants and limits, as JSON.
    document TEXT NOT NULL,
    PRIMARY KEY (owner, name)
) WITHOUT ROWID;

-- The components of all versions.
CREATE TABLE plugin_blobs (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (owner, name, sha256)
) WITHOUT ROWID;
CREATE INDEX plugin_blobs_blob ON plugin_blobs (sha256);

-- Who changed what of plugins and accounts.
CREATE TABLE audit (
    id BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX audit_listed ON audit (at, id);
CREATE INDEX audit_subject ON audit (subject, at, id);
