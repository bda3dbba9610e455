-- Trials of earlier sweeps that a sweep starts from, as they were when it was asked for: what becomes of those sweeps makes
-- no difference to it any longer. `place` is their order in its history; `source` and `number` say whose they were.
CREATE TABLE earlier_trials (
    sweep   BIGINT  NOT NULL REFERENCES sweeps (number) ON DELETE CASCADE,
    place   INTEGER NOT NULL,
    source  TEXT    NOT NULL,
    number  INTEGER NOT NULL,
    state   TEXT    NOT NULL CHECK (state IN ('complete', 'pruned')),
    params  TEXT    NOT NULL,
    metrics TEXT,
    steps   TEXT,
    PRIMARY KEY (sweep, place)
) WITHOUT ROWID;
