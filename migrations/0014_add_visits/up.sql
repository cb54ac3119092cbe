-- What members do with a merchant, noted by a phone that may be offline: the id is the phone's, versions are never
-- overwritten. A row here says who and how far; what was said stands in visit_versions.
CREATE TABLE visits (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    merchant_id   uuid NOT NULL,
    -- The member who visited. No key: the visit outlives the membership.
    author_id     uuid NOT NULL,
    version       integer NOT NULL,
    -- Keyed hashes of what each version says, the first one's first: how a change that comes again is known.
    digests       text[] NOT NULL,
    -- Of the present version, for lists and for the agenda.
    started_at    timestamptz NOT NULL,
    next_on       date,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    UNIQUE (aggregator_id, merchant_id, id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id),
    CHECK (version = cardinality(digests))
);
CREATE INDEX visits_started ON visits (aggregator_id, started_at DESC, id DESC);
CREATE INDEX visits_merchant ON visits (aggregator_id, merchant_id, started_at DESC, id DESC);
CREATE INDEX visits_author ON visits (aggregator_id, author_id, started_at DESC, id DESC);
CREATE INDEX visits_next ON visits (aggregator_id, next_on) WHERE next_on IS NOT NULL;
SELECT app.protect('visits',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('visits');

CREATE TABLE visit_versions (
    aggregator_id   uuid NOT NULL REFERENCES aggregators (id),
    visit_id        uuid NOT NULL,
    version         integer NOT NULL CHECK (version > 0),
    merchant_id     uuid NOT NULL,
    -- Who sent it, from which phone, and when it arrived: the server's clock against the phone's started_at.
    recorded_by     uuid NOT NULL,
    device_id       text CHECK (char_length(device_id) BETWEEN 1 AND 100),
    recorded_at     timestamptz NOT NULL,
    started_at      timestamptz NOT NULL,
    ended_at        timestamptz NOT NULL CHECK (ended_at >= started_at),
    mode            text NOT NULL CHECK (mode IN ('visit', 'phone', 'video', 'group')),
    topics          text[] NOT NULL CHECK (cardinality(topics) > 0 AND topics <@
        ARRAY['legality', 'production', 'packaging', 'finance', 'marketing', 'digital', 'export', 'organisation']),
    problems        text NOT NULL CHECK (char_length(problems) <= 4000),
    advice          text NOT NULL CHECK (char_length(advice) <= 4000),
    next_on         date,
    -- Where it was, kept with consent alone and sealed: latitude, longitude and accuracy.
    location_sealed bytea,
    -- The tasks as they were agreed on; what became of them stands in action_items.
    tasks           jsonb NOT NULL,
    PRIMARY KEY (aggregator_id, visit_id, version),
    FOREIGN KEY (aggregator_id, merchant_id, visit_id) REFERENCES visits (aggregator_id, merchant_id, id)
);
CREATE INDEX visit_versions_merchant ON visit_versions (aggregator_id, merchant_id, visit_id);
SELECT app.protect('visit_versions',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
-- A version is never overwritten; only what is personal in it can be taken out.
REVOKE UPDATE, DELETE ON visit_versions FROM kapal_app, kapal_ops;
GRANT UPDATE (problems, advice, location_sealed, tasks) ON visit_versions TO kapal_app, kapal_ops;
SELECT app.distribute('visit_versions');

CREATE TABLE visit_photos (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    visit_id      uuid NOT NULL,
    version       integer NOT NULL,
    position      integer NOT NULL,
    merchant_id   uuid NOT NULL,
    file_id       uuid NOT NULL,
    PRIMARY KEY (aggregator_id, visit_id, version, position),
    FOREIGN KEY (aggregator_id, visit_id, version) REFERENCES visit_versions (aggregator_id, visit_id, version),
    FOREIGN KEY (aggregator_id, merchant_id, file_id) REFERENCES files (aggregator_id, merchant_id, id)
);
CREATE INDEX visit_photos_file ON visit_photos (aggregator_id, merchant_id, file_id);
SELECT app.protect('visit_photos',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('visit_photos');

-- The merchant's word that a visit was so. It belongs to one version: a correction after it is unconfirmed.
CREATE TABLE visit_confirmations (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    visit_id      uuid NOT NULL,
    version       integer NOT NULL,
    merchant_id   uuid NOT NULL,
    method        text NOT NULL CHECK (method IN ('pin', 'signature')),
    -- The picture of the signature.
    file_id       uuid CHECK ((method = 'signature') = (file_id IS NOT NULL)),
    recorded_by   uuid NOT NULL,
    recorded_at   timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, visit_id, version),
    FOREIGN KEY (aggregator_id, visit_id, version) REFERENCES visit_versions (aggregator_id, visit_id, version),
    FOREIGN KEY (aggregator_id, merchant_id, file_id) REFERENCES files (aggregator_id, merchant_id, id)
);
CREATE INDEX visit_confirmations_file ON visit_confirmations (aggregator_id, merchant_id, file_id);
SELECT app.protect('visit_confirmations',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('visit_confirmations');

-- What merchants confirm with. Six digits are soon tried through whatever the hash costs: this is a keyed one, whose key
-- is not in the database.
CREATE TABLE merchant_pins (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    merchant_id   uuid NOT NULL,
    hash          bytea NOT NULL CHECK (octet_length(hash) = 32),
    set_by        uuid NOT NULL,
    set_at        timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, merchant_id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id) ON DELETE CASCADE
);
SELECT app.protect('merchant_pins',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('merchant_pins');

CREATE TABLE action_items (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    merchant_id   uuid NOT NULL,
    text          text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 500),
    -- Who must act.
    owner         text NOT NULL CHECK (owner IN ('merchant', 'hero', 'staff')),
    due_on        date,
    status        text NOT NULL CHECK (status IN ('open', 'done', 'dropped')),
    done_at       timestamptz CHECK ((status = 'done') = (done_at IS NOT NULL)),
    -- What it came from, where it did not come from somebody's own mind.
    visit_id      uuid,
    nomination_id uuid,
    created_by    uuid,
    version       integer NOT NULL,
    -- As in visits.
    digests       text[] NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id),
    FOREIGN KEY (aggregator_id, merchant_id, visit_id) REFERENCES visits (aggregator_id, merchant_id, id),
    FOREIGN KEY (aggregator_id, nomination_id) REFERENCES nominations (aggregator_id, id),
    CHECK (visit_id IS NULL OR nomination_id IS NULL),
    CHECK (version = cardinality(digests))
);
CREATE INDEX action_items_merchant ON action_items (aggregator_id, merchant_id, created_at DESC, id DESC);
CREATE INDEX action_items_visit ON action_items (aggregator_id, merchant_id, visit_id);
CREATE INDEX action_items_nomination ON action_items (aggregator_id, nomination_id);
CREATE INDEX action_items_due ON action_items (aggregator_id, due_on) WHERE status = 'open' AND due_on IS NOT NULL;
SELECT app.protect('action_items',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('action_items');
