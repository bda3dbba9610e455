-- Which trigger started a sweep, so that the same commit is not tuned twice by one.
ALTER TABLE sweeps ADD COLUMN trigger_name TEXT;
CREATE INDEX sweeps_by_commit ON sweeps (repository, sha, trigger_name) WHERE trigger_name IS NOT NULL;
