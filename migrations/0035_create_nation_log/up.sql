-- The nation's log: stretches of the tenants' logs in the order in which they were found, so that a place in all of them is
-- one number. A stretch names events, it does not repeat them.
CREATE TABLE nation_stretches (
    -- The platform, whose log it is.
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    seq           bigint NOT NULL,
    -- Whose events: those after one and up to another.
    origin_id     uuid NOT NULL,
    after_seq     bigint NOT NULL,
    upto_seq      bigint NOT NULL,
    noted_at      timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, seq),
    CHECK (upto_seq > after_seq)
);
CREATE INDEX nation_stretches_age ON nation_stretches (noted_at);
SELECT app.protect('nation_stretches');
SELECT app.distribute('nation_stretches');

-- How far each tenant's log is in the nation's, and where there it was last found.
CREATE TABLE nation_places (
    aggregator_id uuid PRIMARY KEY REFERENCES aggregators (id),
    log_seq       bigint NOT NULL,
    nation_seq    bigint NOT NULL
);
SELECT app.protect('nation_places');
SELECT app.distribute('nation_places');
