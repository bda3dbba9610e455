-- Who asked for a sweep, where a person did, and for how many trials: quotas count them. Those that were asked for before
-- this count for nobody.
ALTER TABLE sweeps ADD COLUMN asker TEXT;
ALTER TABLE sweeps ADD COLUMN trial_limit BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sweeps_by_asker ON sweeps (asker, created_at) WHERE asker IS NOT NULL;
