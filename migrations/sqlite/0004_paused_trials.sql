-- Trials that the pruner has paused: a state between running and finished, so that finished ones rank one higher. A check is
-- not to be changed but with its table. `resume_step` is the last step of earlier attempts, where a trial goes on from there.
CREATE TABLE trials_with_pauses (
    sweep          BIGINT  NOT NULL REFERENCES sweeps (number) ON DELETE CASCADE,
    number         INTEGER NOT NULL,
    attempt        INTEGER NOT NULL,
    rank           INTEGER NOT NULL,
    state          TEXT    NOT NULL
                   CHECK (state IN ('waiting', 'running', 'paused', 'complete', 'pruned', 'failed')),
    lost_attempts  INTEGER NOT NULL,
    resume_step    BIGINT,
    stopping       TEXT,
    stopping_since INTEGER,
    progress_done  BIGINT,
    progress_total BIGINT,
    proposed_at    BIGINT  NOT NULL,
    started_at     BIGINT,
    ended_at       BIGINT,
    params         TEXT    NOT NULL,
    metrics        TEXT,
    steps          TEXT,
    held           TEXT,
    reason         TEXT,
    log_tail       TEXT,
    PRIMARY KEY (sweep, number)
) WITHOUT ROWID;
INSERT INTO trials_with_pauses (sweep, number, attempt, rank, state, lost_attempts, stopping, stopping_since, progress_done,
    progress_total, proposed_at, started_at, ended_at, params, metrics, steps, held, reason, log_tail)
SELECT sweep, number, attempt, CASE WHEN state IN ('complete', 'pruned', 'failed') THEN 3 ELSE rank END, state,
    lost_attempts, stopping, stopping_since, progress_done, progress_total, proposed_at, started_at, ended_at, params,
    metrics, steps, held, reason, log_tail
FROM trials;
DROP TABLE trials;
ALTER TABLE trials_with_pauses RENAME TO trials;
CREATE INDEX trials_by_state ON trials (state, sweep);
