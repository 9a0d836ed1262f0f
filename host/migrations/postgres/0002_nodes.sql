-- What a node needs to have to run a job: its release, and the revision of the set of plugins that it offers.
ALTER TABLE jobs ADD COLUMN needs_release BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN needs_plugins BIGINT NOT NULL DEFAULT 0;

-- Nodes that are up, for display.
CREATE TABLE nodes (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- Of the process: another one of the same name replaces it.
    process UUID NOT NULL,
    document TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);

-- Work that one node at a time does. After a crash nobody has any.
CREATE UNLOGGED TABLE holds (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    holder UUID NOT NULL,
    held_until BIGINT NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX holds_ended ON holds (held_until);

-- Buckets of tokens that nodes share, in millionths of a token. After a crash all are full.
CREATE UNLOGGED TABLE buckets (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    level BIGINT NOT NULL,
    filled_at BIGINT NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX buckets_unused ON buckets (filled_at);

-- Numbers are read as 64 bits.
ALTER TABLE plugin_set ALTER COLUMN one TYPE BIGINT;
