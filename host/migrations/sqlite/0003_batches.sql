-- Batches are listed by account and time.
CREATE INDEX batches_listed ON batches (account, dialect, created_at, id);
