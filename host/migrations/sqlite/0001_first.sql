-- Times are microseconds since the Unix epoch, ids 16 bytes, states their names, JSON text.
-- Rows that are searched are lean; documents (spec, report, body) stand in tables of their own.

CREATE TABLE accounts (
    key TEXT NOT NULL PRIMARY KEY,
    secret TEXT NOT NULL,
    webhook_secret TEXT NOT NULL,
    previous_webhook_secret TEXT,
    previous_until INTEGER,
    created_at INTEGER NOT NULL,
    -- Bookkeeping for fairness and for the limit of waiting jobs, kept in step with jobs.
    queued INTEGER NOT NULL DEFAULT 0,
    running INTEGER NOT NULL DEFAULT 0,
    served_at INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX accounts_queued ON accounts (key) WHERE queued > 0;

CREATE TABLE batches (
    id BLOB NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (key),
    dialect TEXT NOT NULL,
    notification_url TEXT,
    reference TEXT,
    extra TEXT NOT NULL,
    -- How many of its jobs are not final yet.
    unfinished INTEGER NOT NULL,
    announced INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) WITHOUT ROWID;
CREATE INDEX batches_unannounced ON batches (finished_at) WHERE announced = 0 AND finished_at IS NOT NULL;
CREATE INDEX batches_announced ON batches (finished_at) WHERE announced = 1;

CREATE TABLE jobs (
    id BLOB NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (key),
    batch BLOB,
    state TEXT NOT NULL,
    priority INTEGER NOT NULL,
    -- 1: waiting and due. A waiting job with 0 becomes 1 once run_at has passed.
    ready INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 1,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    lease_token BLOB,
    reference TEXT,
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER
) WITHOUT ROWID;
CREATE INDEX jobs_ready ON jobs (account, priority DESC, created_at, id) WHERE ready = 1;
CREATE INDEX jobs_delayed ON jobs (run_at) WHERE state = 'queued' AND ready = 0;
CREATE INDEX jobs_lease ON jobs (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX jobs_listed ON jobs (account, created_at, id);
CREATE INDEX jobs_state ON jobs (account, state, created_at, id);
CREATE INDEX jobs_batch ON jobs (batch, state, created_at, id) WHERE batch IS NOT NULL;
CREATE INDEX jobs_reference ON jobs (account, reference, created_at, id) WHERE reference IS NOT NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE job_documents (
    job BLOB NOT NULL PRIMARY KEY,
    spec TEXT NOT NULL,
    report TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE outputs (
    token TEXT NOT NULL PRIMARY KEY,
    job BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX outputs_job ON outputs (job);

CREATE TABLE idempotency (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    jobs TEXT NOT NULL,
    batch BLOB,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (account, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

CREATE TABLE assets (
    account TEXT NOT NULL REFERENCES accounts (key),
    id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    format TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account, id)
) WITHOUT ROWID;
CREATE INDEX assets_blob ON assets (sha256);

-- Blobs that a job's spec or report refers to. Assets refer by their own row.
CREATE TABLE job_blobs (
    job BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    bytes INTEGER,
    PRIMARY KEY (job, sha256)
) WITHOUT ROWID;
CREATE INDEX job_blobs_blob ON job_blobs (sha256);

CREATE TABLE deliveries (
    id BLOB NOT NULL PRIMARY KEY,
    -- What is sent as webhook-id: the first row's id in a replay.
    message_id BLOB NOT NULL,
    account TEXT NOT NULL REFERENCES accounts (key),
    job BLOB,
    batch BLOB,
    order_key BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    url TEXT NOT NULL,
    -- Scheme, host and port of the URL.
    receiver TEXT NOT NULL,
    content_type TEXT NOT NULL,
    headers TEXT NOT NULL,
    signer TEXT NOT NULL,
    policy TEXT NOT NULL,
    state TEXT NOT NULL,
    -- 0: may be claimed as a first try; 1: as a later one; NULL: leased, final, or behind a sibling.
    lane INTEGER,
    -- 1: an earlier delivery of the same order key is pending.
    blocked INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    lease_until INTEGER,
    lease_token BLOB,
    replay_of BLOB,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) WITHOUT ROWID;
CREATE UNIQUE INDEX deliveries_order ON deliveries (order_key, sequence, kind);
CREATE INDEX deliveries_claim ON deliveries (receiver, account, lane, next_at, id) WHERE lane IS NOT NULL;
CREATE INDEX deliveries_lease ON deliveries (lease_until, receiver, account) WHERE lease_until IS NOT NULL;
CREATE INDEX deliveries_listed ON deliveries (account, created_at, id);
CREATE INDEX deliveries_state ON deliveries (account, state, created_at, id);
CREATE INDEX deliveries_job ON deliveries (job, created_at, id) WHERE job IS NOT NULL;
CREATE INDEX deliveries_delivered ON deliveries (finished_at) WHERE state = 'delivered';

CREATE TABLE delivery_bodies (
    delivery BLOB NOT NULL PRIMARY KEY,
    body BLOB NOT NULL
);

CREATE TABLE delivery_attempts (
    delivery BLOB NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    elapsed INTEGER NOT NULL,
    status INTEGER,
    detail TEXT NOT NULL,
    PRIMARY KEY (delivery, number)
) WITHOUT ROWID;

-- When to look again at the claimable deliveries of one receiver, account and lane: so a claim never
-- walks over the backlog of a receiver that cannot take more.
CREATE TABLE lanes (
    receiver TEXT NOT NULL,
    account TEXT NOT NULL,
    lane INTEGER NOT NULL,
    due_at INTEGER,
    -- 1: full when it was looked at; an attempt that ends wakes it before due_at.
    parked INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (receiver, account, lane)
) WITHOUT ROWID;
CREATE INDEX lanes_due ON lanes (lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX lanes_parked_receiver ON lanes (receiver, due_at) WHERE parked = 1;
CREATE INDEX lanes_parked_account ON lanes (account, due_at) WHERE parked = 1;

-- The breaker: only receivers that failed lately have a row.
CREATE TABLE receivers (
    receiver TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    pause INTEGER NOT NULL,
    open_until INTEGER
) WITHOUT ROWID;
