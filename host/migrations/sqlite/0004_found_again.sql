-- Results are found again by what they were made of and by. One address may have several: formats that clients choose
-- among. Those that were kept before have no key and are made again.
ALTER TABLE derived ADD COLUMN key TEXT NOT NULL DEFAULT '';
DROP INDEX derived_name;
CREATE UNIQUE INDEX derived_name ON derived (resource, transformation, extension, key);
CREATE INDEX derived_key ON derived (account, key);

-- Callbacks may be signed with the secret of a further API key of their account.
ALTER TABLE deliveries ADD COLUMN signing_key TEXT;
