CREATE TABLE aggregators (
    id             uuid PRIMARY KEY,
    slug           text NOT NULL CONSTRAINT aggregators_slug_key UNIQUE,
    name           text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    kind           text NOT NULL CHECK (kind IN ('member', 'platform')),
    status         text NOT NULL CHECK (status IN ('pending', 'active', 'suspended', 'closed')),
    description_id text NOT NULL DEFAULT '',
    description_en text NOT NULL DEFAULT '',
    -- Shown on the national storefront.
    national       boolean NOT NULL DEFAULT true,
    primary_colour text NOT NULL DEFAULT '#0b5d51' CHECK (primary_colour ~ '^#[0-9a-f]{6}$'),
    demonstration  boolean NOT NULL DEFAULT false,
    version        integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL
);
-- A reference table on Citus: its rows are protected by their own id.
ALTER TABLE aggregators ENABLE ROW LEVEL SECURITY;
ALTER TABLE aggregators FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON aggregators TO kapal_app USING (id = (SELECT app.aggregator_id())) WITH CHECK (id = (SELECT app.aggregator_id()));
CREATE POLICY identity ON aggregators FOR SELECT TO kapal_identity USING (true);
CREATE POLICY operations ON aggregators TO kapal_ops USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON aggregators TO kapal_app;
GRANT SELECT ON aggregators TO kapal_identity;
GRANT SELECT, INSERT, UPDATE ON aggregators TO kapal_ops;

-- One row per tenant: the numbers of its log and the end of its audit chain. A transaction's last statement locks it.
CREATE TABLE tenant_heads (
    aggregator_id uuid PRIMARY KEY REFERENCES aggregators (id),
    event_seq     bigint NOT NULL DEFAULT 0,
    -- The event that last changed what a storefront may show: dates caches and ETags.
    public_seq    bigint NOT NULL DEFAULT 0,
    audit_seq     bigint NOT NULL DEFAULT 0,
    audit_hash    bytea NOT NULL CHECK (octet_length(audit_hash) = 32)
);
SELECT app.protect('tenant_heads');
CREATE POLICY identity ON tenant_heads TO kapal_identity USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON tenant_heads TO kapal_identity;
CREATE POLICY storefront ON tenant_heads FOR SELECT TO kapal_public USING (true);
GRANT SELECT (aggregator_id, public_seq) ON tenant_heads TO kapal_public;
SELECT app.distribute('tenant_heads');

CREATE TABLE events (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    seq           bigint NOT NULL,
    occurred_at   timestamptz NOT NULL,
    id            uuid NOT NULL,
    kind          text NOT NULL,
    subject_type  text NOT NULL,
    subject_id    uuid NOT NULL,
    data          jsonb NOT NULL,
    PRIMARY KEY (aggregator_id, seq, occurred_at)
) PARTITION BY RANGE (occurred_at);
SELECT app.protect('events');
SELECT app.append_only('events');
CREATE POLICY identity ON events FOR INSERT TO kapal_identity WITH CHECK (true);
GRANT INSERT ON events TO kapal_identity;
SELECT app.distribute('events');

-- The audit chain: hash = sha256(hash of the entry before || seq || entry). `entry` is the exact text that was hashed;
-- the columns beside it are made from it, so that they can't say something else.
CREATE TABLE audit_entries (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    seq           bigint NOT NULL,
    entry         text NOT NULL,
    hash          bytea NOT NULL CHECK (octet_length(hash) = 32),
    id            uuid NOT NULL GENERATED ALWAYS AS (((entry::jsonb) ->> 'id')::uuid) STORED,
    action        text NOT NULL GENERATED ALWAYS AS ((entry::jsonb) ->> 'action') STORED,
    actor_id      uuid GENERATED ALWAYS AS (((entry::jsonb) ->> 'actor_id')::uuid) STORED,
    subject_type  text NOT NULL GENERATED ALWAYS AS ((entry::jsonb) ->> 'subject_type') STORED,
    subject_id    uuid NOT NULL GENERATED ALWAYS AS (((entry::jsonb) ->> 'subject_id')::uuid) STORED,
    PRIMARY KEY (aggregator_id, seq)
);
CREATE INDEX audit_entries_subject ON audit_entries (aggregator_id, subject_id, seq);
SELECT app.protect('audit_entries');
SELECT app.append_only('audit_entries');
CREATE POLICY identity ON audit_entries FOR INSERT TO kapal_identity WITH CHECK (true);
GRANT INSERT ON audit_entries TO kapal_identity;
SELECT app.distribute('audit_entries');

-- The answer of a request made with an Idempotency-Key, stored in the effect's own transaction.
CREATE TABLE idempotency_keys (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    principal     uuid NOT NULL,
    method        text NOT NULL,
    route         text NOT NULL,
    key           text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    fingerprint   bytea NOT NULL,
    -- Status, headers and body, sealed; NULL only while the first request runs.
    answer        bytea,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, principal, method, route, key)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
SELECT app.protect('idempotency_keys');
SELECT app.distribute('idempotency_keys');

-- Data keys, one or more per tenant, wrapped by a sub-key of the root secret: what personal columns are sealed with.
CREATE TABLE data_keys (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            integer NOT NULL,
    wrapped       bytea NOT NULL,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id)
);
SELECT app.protect('data_keys');
SELECT app.append_only('data_keys');
SELECT app.distribute('data_keys');
