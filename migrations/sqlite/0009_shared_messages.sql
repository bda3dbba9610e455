-- Messages that several sweeps share, one after the other: the comment of a tuning on a pull request. The newest sweep has the
-- word in it.
CREATE TABLE shared_messages (
    key   TEXT   NOT NULL,
    sweep BIGINT NOT NULL REFERENCES sweeps (number) ON DELETE CASCADE,
    PRIMARY KEY (key, sweep)
) WITHOUT ROWID;
-- `slot` of an effect names its receipt. Effects that share one are carried out one after the other.
CREATE INDEX effects_by_slot ON effects (slot) WHERE slot IS NOT NULL;
