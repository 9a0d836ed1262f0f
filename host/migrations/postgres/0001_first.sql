-- The model is the one of SQLite. Times are microseconds since the Unix epoch, states their names, JSON text.
-- Text is compared byte by byte ("C"), whatever the database is set to. An index holds no text of any length: where
-- one may be long, its MD5. Rows that are searched are lean; documents (spec, report, body) stand in tables of
-- their own. What changes often is vacuumed often: a claim walks over what is dead.

-- What has one value in the whole cluster: the key of cursors.
CREATE TABLE settings (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE accounts (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    secret TEXT NOT NULL,
    webhook_secret TEXT NOT NULL,
    previous_webhook_secret TEXT,
    previous_until BIGINT,
    created_at BIGINT NOT NULL,
    -- What an operator sets for one account; null is what the settings say for all.
    queue_limit BIGINT,
    requests_per_s BIGINT,
    polls_per_s BIGINT,
    event_bus TEXT,
    event_region TEXT
);

-- When an account was served last, for fairness.
CREATE TABLE turns (
    account TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    served_at BIGINT NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- How many jobs of an account wait: the sum of its rows, kept in step with jobs. Several rows, so that those
-- who change the count do not wait for each other's commit. One row alone may be below zero.
CREATE TABLE queues (
    account TEXT COLLATE "C" NOT NULL,
    shard SMALLINT NOT NULL,
    jobs BIGINT NOT NULL,
    PRIMARY KEY (account, shard)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- Rows that are only locked. Slot -1: whoever claims deliveries. The others: whoever adds to or ends something of
-- the order keys that belong to a slot.
CREATE TABLE locks (
    slot SMALLINT NOT NULL PRIMARY KEY
);
INSERT INTO locks (slot) SELECT generate_series(-1, 1023);

CREATE TABLE batches (
    id UUID NOT NULL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL,
    dialect TEXT COLLATE "C" NOT NULL,
    notification_url TEXT,
    reference TEXT,
    extra TEXT NOT NULL,
    -- How many of its jobs are not final yet.
    unfinished BIGINT NOT NULL,
    announced BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX batches_unannounced ON batches (finished_at) WHERE NOT announced AND finished_at IS NOT NULL;
CREATE INDEX batches_announced ON batches (finished_at) WHERE announced;
CREATE INDEX batches_listed ON batches (account, dialect, created_at, id);

-- No foreign key to accounts: each new row would lock the account's, and accounts are never removed.
CREATE TABLE jobs (
    id UUID NOT NULL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL,
    batch UUID,
    state TEXT COLLATE "C" NOT NULL,
    priority BIGINT NOT NULL,
    -- Waiting and due. A waiting job that is not becomes so once run_at has passed.
    ready BOOLEAN NOT NULL,
    run_at BIGINT NOT NULL,
    attempt BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL DEFAULT 1,
    cancel_requested BOOLEAN NOT NULL DEFAULT FALSE,
    lease_until BIGINT,
    lease_token UUID,
    reference TEXT COLLATE "C",
    done BIGINT NOT NULL DEFAULT 0,
    total BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX jobs_ready ON jobs (account, priority DESC, created_at, id) WHERE ready;
CREATE INDEX jobs_delayed ON jobs (run_at) WHERE state = 'queued' AND NOT ready;
CREATE INDEX jobs_queued ON jobs (created_at) WHERE state = 'queued';
CREATE INDEX jobs_lease ON jobs (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX jobs_running ON jobs (account) WHERE lease_until IS NOT NULL;
CREATE INDEX jobs_listed ON jobs (account, created_at, id);
CREATE INDEX jobs_state ON jobs (account, state, created_at, id);
CREATE INDEX jobs_batch ON jobs (batch, state, created_at, id) WHERE batch IS NOT NULL;
CREATE INDEX jobs_reference ON jobs (account, md5(reference), created_at, id) WHERE reference IS NOT NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE job_documents (
    job UUID NOT NULL PRIMARY KEY,
    spec TEXT NOT NULL,
    report TEXT NOT NULL
);

CREATE TABLE outputs (
    token TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    job UUID NOT NULL
);
CREATE INDEX outputs_job ON outputs (job);

CREATE TABLE idempotency (
    account TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    jobs TEXT NOT NULL,
    batch UUID,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (account, key)
);
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

CREATE TABLE assets (
    account TEXT COLLATE "C" NOT NULL REFERENCES accounts (key),
    id TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    bytes BIGINT NOT NULL,
    format TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account, id)
);
CREATE INDEX assets_blob ON assets (sha256);

-- Blobs that a job's spec or report refers to. Assets refer by their own row.
CREATE TABLE job_blobs (
    job UUID NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    bytes BIGINT,
    PRIMARY KEY (job, sha256)
);
CREATE INDEX job_blobs_blob ON job_blobs (sha256);

CREATE TABLE deliveries (
    id UUID NOT NULL PRIMARY KEY,
    -- What is sent as webhook-id: the first row's id in a replay.
    message_id UUID NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    job UUID,
    batch UUID,
    order_key UUID NOT NULL,
    sequence BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    url TEXT NOT NULL,
    -- Scheme, host and port of the URL.
    receiver TEXT COLLATE "C" NOT NULL,
    content_type TEXT NOT NULL,
    headers TEXT NOT NULL,
    signer TEXT NOT NULL,
    -- The further API key whose secret signs it.
    signing_key TEXT COLLATE "C",
    policy TEXT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    -- 0: may be claimed as a first try; 1: as a later one; null: leased, final, or behind a sibling.
    lane BIGINT,
    -- An earlier delivery of the same order key is pending.
    blocked BOOLEAN NOT NULL DEFAULT FALSE,
    attempts BIGINT NOT NULL DEFAULT 0,
    next_at BIGINT,
    lease_until BIGINT,
    lease_token UUID,
    replay_of UUID,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE UNIQUE INDEX deliveries_order ON deliveries (order_key, sequence, kind);
CREATE INDEX deliveries_claim ON deliveries (receiver, account, lane, next_at, id) WHERE lane IS NOT NULL;
CREATE INDEX deliveries_lease ON deliveries (lease_until, receiver, account) WHERE lease_until IS NOT NULL;
CREATE INDEX deliveries_listed ON deliveries (account, created_at, id);
CREATE INDEX deliveries_state ON deliveries (account, state, created_at, id);
CREATE INDEX deliveries_open ON deliveries (state) WHERE state IN ('pending', 'dead');
CREATE INDEX deliveries_job ON deliveries (job, created_at, id) WHERE job IS NOT NULL;
CREATE INDEX deliveries_delivered ON deliveries (finished_at) WHERE state = 'delivered';

CREATE TABLE delivery_bodies (
    delivery UUID NOT NULL PRIMARY KEY,
    body BYTEA NOT NULL
);

CREATE TABLE delivery_attempts (
    delivery UUID NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    elapsed BIGINT NOT NULL,
    status BIGINT,
    detail TEXT NOT NULL,
    PRIMARY KEY (delivery, number)
);

-- When to look again at the claimable deliveries of one receiver, account and lane: so a claim never
-- walks over the backlog of a receiver that cannot take more.
CREATE TABLE lanes (
    receiver TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    lane BIGINT NOT NULL,
    due_at BIGINT,
    -- Full when it was looked at; an attempt that ends wakes it before due_at.
    parked BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (receiver, account, lane)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX lanes_due ON lanes (lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX lanes_parked_receiver ON lanes (receiver, due_at) WHERE parked;
CREATE INDEX lanes_parked_account ON lanes (account, due_at) WHERE parked;

-- The breaker: only receivers that failed lately have a row.
CREATE TABLE receivers (
    receiver TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL DEFAULT 0,
    pause BIGINT NOT NULL DEFAULT 0,
    open_until BIGINT
);

-- The library: resources under public ids, what was derived from them, and named things of an account.

CREATE TABLE resources (
    id UUID NOT NULL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL REFERENCES accounts (key),
    kind TEXT COLLATE "C" NOT NULL,
    delivery TEXT COLLATE "C" NOT NULL,
    public_id TEXT COLLATE "C" NOT NULL,
    -- Grows with every change of the row: who changes it names the one it has read.
    revision BIGINT NOT NULL,
    version BIGINT NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    etag TEXT COLLATE "C" NOT NULL,
    bytes BIGINT NOT NULL,
    format TEXT COLLATE "C" NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    pages BIGINT NOT NULL,
    folder TEXT COLLATE "C" NOT NULL,
    asset_folder TEXT COLLATE "C" NOT NULL,
    display_name TEXT COLLATE "C" NOT NULL,
    filename TEXT COLLATE "C" NOT NULL,
    access_mode TEXT COLLATE "C" NOT NULL,
    moderation_kind TEXT COLLATE "C" NOT NULL,
    moderation_status TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    uploaded_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- Tags, context, metadata and the rest, as JSON. The first three stand in resource_values, too.
    document TEXT NOT NULL
);
CREATE UNIQUE INDEX resources_name ON resources (account, kind, delivery, public_id);
CREATE INDEX resources_listed ON resources (account, created_at, id);
CREATE INDEX resources_kind ON resources (account, kind, created_at, id);
CREATE INDEX resources_delivery ON resources (account, kind, delivery, created_at, id);
CREATE INDEX resources_folder ON resources (account, folder);
CREATE INDEX resources_blob ON resources (sha256);

-- Tags (with an empty value), context and metadata of resources, one row for each value. They are only written
-- together with their resource, whose row is locked then.
CREATE TABLE resource_values (
    resource UUID NOT NULL,
    class TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL
);
CREATE INDEX resource_values_resource ON resource_values (resource, class);
CREATE INDEX resource_values_name ON resource_values (account, class, md5(name), resource);
CREATE INDEX resource_values_kind ON resource_values (account, class, kind);

CREATE TABLE derived (
    id UUID NOT NULL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL REFERENCES accounts (key),
    resource UUID NOT NULL,
    transformation TEXT COLLATE "C" NOT NULL,
    extension TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    etag TEXT COLLATE "C" NOT NULL,
    bytes BIGINT NOT NULL,
    format TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX derived_name ON derived (resource, md5(transformation), extension, key);
CREATE INDEX derived_transformation ON derived (account, md5(transformation), created_at, id);
CREATE INDEX derived_key ON derived (account, key);
CREATE INDEX derived_blob ON derived (sha256);

-- Saves of resources that are kept when others take their place, and when the resource is gone.
CREATE TABLE versions (
    account TEXT COLLATE "C" NOT NULL REFERENCES accounts (key),
    kind TEXT COLLATE "C" NOT NULL,
    delivery TEXT COLLATE "C" NOT NULL,
    public_id TEXT COLLATE "C" NOT NULL,
    version_id TEXT COLLATE "C" NOT NULL,
    -- The resource that it is, or last was, a save of.
    resource UUID NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    bytes BIGINT NOT NULL,
    stored_at BIGINT NOT NULL,
    -- The resource as it was, as JSON; its name is that of the columns.
    document TEXT NOT NULL,
    PRIMARY KEY (account, kind, delivery, public_id, version_id)
);
CREATE INDEX versions_resource ON versions (resource);
CREATE INDEX versions_blob ON versions (sha256);

-- Presets, transformations, folders, fields: JSON under a class and a name.
CREATE TABLE documents (
    account TEXT COLLATE "C" NOT NULL REFERENCES accounts (key),
    class TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account, class, name)
);

-- Further API keys of accounts; the first one is the account itself.
CREATE TABLE api_keys (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL REFERENCES accounts (key),
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX api_keys_account ON api_keys (account, key);

-- The plugins that were installed, and what was decided about them. The whole set has one revision: who changes a plugin
-- names the one it has read.
CREATE TABLE plugin_set (
    one SMALLINT NOT NULL PRIMARY KEY CHECK (one = 1),
    revision BIGINT NOT NULL
);
INSERT INTO plugin_set (one, revision) VALUES (1, 0);

CREATE TABLE plugins (
    -- The account that it belongs to; empty: it is everybody's.
    owner TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    -- Versions, state, pins, grants and limits, as JSON.
    document TEXT NOT NULL,
    PRIMARY KEY (owner, name)
);

-- The components of all versions.
CREATE TABLE plugin_blobs (
    owner TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (owner, name, sha256)
);
CREATE INDEX plugin_blobs_blob ON plugin_blobs (sha256);

-- Who changed what of plugins and accounts.
CREATE TABLE audit (
    id UUID NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_listed ON audit (at, id);
CREATE INDEX audit_subject ON audit (subject, at, id);

-- Parts of files that arrive in several requests.
CREATE TABLE chunks (
    account TEXT COLLATE "C" NOT NULL REFERENCES accounts (key),
    upload TEXT COLLATE "C" NOT NULL,
    begins BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account, upload, begins)
);
CREATE INDEX chunks_blob ON chunks (sha256);
CREATE INDEX chunks_age ON chunks (created_at);
