-- What waits for a yes or a no before it starts, by the event that asked for it.
CREATE TABLE previews (
    event BIGINT PRIMARY KEY NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    state TEXT   NOT NULL CHECK (state IN ('asked', 'started', 'cancelled')),
    body  TEXT   NOT NULL
);
