-- What a node needs to have to run a job: its release, and the revision of the set of plugins that it offers.
ALTER TABLE jobs ADD COLUMN needs_release INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN needs_plugins INTEGER NOT NULL DEFAULT 0;

-- Nodes that are up, for display.
CREATE TABLE nodes (
    name TEXT NOT NULL PRIMARY KEY,
    -- Of the process: another one of the same name replaces it.
    process BLOB NOT NULL,
    document TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Work that one node at a time does.
CREATE TABLE holds (
    name TEXT NOT NULL PRIMARY KEY,
    holder BLOB NOT NULL,
    held_until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX holds_ended ON holds (held_until);

-- Buckets of tokens that nodes share, in millionths of a token.
CREATE TABLE buckets (
    name TEXT NOT NULL PRIMARY KEY,
    level INTEGER NOT NULL,
    filled_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX buckets_unused ON buckets (filled_at);
