-- What an operator sets for one account; null is what the settings say for all.
ALTER TABLE accounts ADD COLUMN queue_limit BIGINT;
ALTER TABLE accounts ADD COLUMN requests_per_s INTEGER;
ALTER TABLE accounts ADD COLUMN polls_per_s INTEGER;
ALTER TABLE accounts ADD COLUMN event_bus TEXT;
ALTER TABLE accounts ADD COLUMN event_region TEXT;
