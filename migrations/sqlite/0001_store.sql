-- The first schema. Instants are whole microseconds since 1970-01-01 UTC; `body` columns are JSON.

-- What belongs to the store as a whole.
CREATE TABLE instance (
    name  TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
);

-- The inbox. While an event is leased, `due_at` is the end of its lease.
CREATE TABLE events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    source      TEXT    NOT NULL,
    delivery    TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('ready', 'leased', 'done', 'dead')),
    outcome     TEXT,
    attempts    INTEGER NOT NULL DEFAULT 0,
    received_at BIGINT  NOT NULL,
    due_at      BIGINT  NOT NULL,
    error       TEXT,
    decisions   TEXT    NOT NULL DEFAULT '[]',
    body        TEXT    NOT NULL,
    UNIQUE (source, delivery)
);
CREATE INDEX events_open ON events (id) WHERE state IN ('ready', 'leased');
CREATE INDEX events_by_outcome ON events (source, state, outcome);
CREATE INDEX events_by_age ON events (received_at);

CREATE TABLE schedules (
    name      TEXT   PRIMARY KEY NOT NULL,
    last_slot BIGINT NOT NULL
);

-- The columns beside `body` are copies of what is searched for. `number` is the order of creation.
CREATE TABLE sweeps (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL UNIQUE,
    revision     BIGINT  NOT NULL DEFAULT 1,
    state        TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'stopping', 'finished')),
    outcome      TEXT,
    succeeded    INTEGER NOT NULL,
    tuning       TEXT    NOT NULL,
    engine       TEXT    NOT NULL,
    group_name   TEXT,
    schedule     TEXT,
    repository   TEXT,
    branch       TEXT,
    sha          TEXT,
    pull_request BIGINT,
    created_at   BIGINT  NOT NULL,
    ended_at     BIGINT,
    body         TEXT    NOT NULL
);
CREATE INDEX sweeps_by_state ON sweeps (state, number);
CREATE INDEX sweeps_by_tuning ON sweeps (tuning, number);
CREATE INDEX sweeps_by_branch ON sweeps (tuning, branch, ended_at) WHERE succeeded = 1;
CREATE INDEX sweeps_by_schedule ON sweeps (schedule, number) WHERE schedule IS NOT NULL;

-- Beside the sweep and not in it, because a report changes its length and the sweep's row does not.
CREATE TABLE reports (
    sweep BIGINT PRIMARY KEY NOT NULL REFERENCES sweeps (number) ON DELETE CASCADE,
    best  DOUBLE PRECISION,
    body  TEXT   NOT NULL
) WITHOUT ROWID;

-- Without a row id the trials of one sweep lie side by side.
CREATE TABLE trials (
    sweep          BIGINT  NOT NULL REFERENCES sweeps (number) ON DELETE CASCADE,
    number         INTEGER NOT NULL,
    attempt        INTEGER NOT NULL,
    rank           INTEGER NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('waiting', 'running', 'complete', 'pruned', 'failed')),
    lost_attempts  INTEGER NOT NULL,
    stopping       TEXT,
    progress_done  BIGINT,
    progress_total BIGINT,
    proposed_at    BIGINT  NOT NULL,
    started_at     BIGINT,
    ended_at       BIGINT,
    params         TEXT    NOT NULL,
    metrics        TEXT,
    steps          TEXT,
    reason         TEXT,
    log_tail       TEXT,
    PRIMARY KEY (sweep, number)
) WITHOUT ROWID;
CREATE INDEX trials_by_state ON trials (state, sweep);

CREATE TABLE signals (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    sweep BIGINT NOT NULL REFERENCES sweeps (number) ON DELETE CASCADE,
    body  TEXT   NOT NULL
);
CREATE INDEX signals_by_sweep ON signals (sweep, id);

-- The outbox: what is to be done outside, at most one row for each key; what is done is not in it any longer.
CREATE TABLE effects (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    key            TEXT    NOT NULL UNIQUE,
    slot           TEXT,
    lane           TEXT    NOT NULL,
    sweep          TEXT,
    state          TEXT    NOT NULL CHECK (state IN ('ready', 'leased', 'dead')),
    version        BIGINT  NOT NULL DEFAULT 1,
    due_at         BIGINT  NOT NULL,
    backing_off    INTEGER NOT NULL DEFAULT 0,
    leased_until   BIGINT,
    leased_version BIGINT,
    attempts       INTEGER NOT NULL DEFAULT 0,
    perhaps_done   INTEGER NOT NULL DEFAULT 0,
    error          TEXT,
    body           TEXT    NOT NULL
);
CREATE INDEX effects_by_lane ON effects (lane, state, due_at, id);

-- How a service names the message of a slot. Outlives the effect, so that the next edition edits the same message.
CREATE TABLE receipts (
    slot TEXT PRIMARY KEY NOT NULL,
    body TEXT NOT NULL
);
