-- Training programmes: a cohort with a curriculum and a number of seats.
CREATE TABLE programmes (
    aggregator_id          uuid NOT NULL REFERENCES aggregators (id),
    id                     uuid NOT NULL,
    status                 text NOT NULL CHECK (status IN ('draft', 'open', 'running', 'finished', 'cancelled')),
    name_id                text NOT NULL CHECK (char_length(name_id) BETWEEN 2 AND 150),
    name_en                text NOT NULL CHECK (char_length(name_en) <= 150),
    description_id         text NOT NULL CHECK (char_length(description_id) <= 2000),
    description_en         text NOT NULL CHECK (char_length(description_en) <= 2000),
    starts_on              date NOT NULL,
    ends_on                date NOT NULL CHECK (ends_on >= starts_on),
    -- NULL: online.
    region_code            text REFERENCES regions (code),
    -- The member who teaches. No key: the programme outlives the membership.
    trainer_id             uuid,
    capacity               integer NOT NULL CHECK (capacity BETWEEN 1 AND 10000),
    -- Enrolments that were not dropped. Counted here, since who is narrowed to some merchants can't count the others.
    seats_taken            integer NOT NULL DEFAULT 0 CHECK (seats_taken BETWEEN 0 AND capacity),
    -- How much of the curriculum must have been attended for completion.
    min_attendance_percent smallint NOT NULL CHECK (min_attendance_percent BETWEEN 1 AND 100),
    version                integer NOT NULL DEFAULT 1,
    created_at             timestamptz NOT NULL,
    updated_at             timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id)
);
CREATE INDEX programmes_created ON programmes (aggregator_id, created_at DESC, id DESC);
CREATE INDEX programmes_status ON programmes (aggregator_id, status, created_at DESC, id DESC);
SELECT app.protect('programmes');
SELECT app.distribute('programmes');

-- The curriculum, in its order.
CREATE TABLE programme_topics (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    programme_id  uuid NOT NULL,
    key           text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_]{0,39}$'),
    position      integer NOT NULL,
    title_id      text NOT NULL CHECK (char_length(title_id) BETWEEN 2 AND 150),
    title_en      text NOT NULL CHECK (char_length(title_en) <= 150),
    hours         smallint NOT NULL CHECK (hours BETWEEN 1 AND 200),
    PRIMARY KEY (aggregator_id, programme_id, key),
    FOREIGN KEY (aggregator_id, programme_id) REFERENCES programmes (aggregator_id, id) ON DELETE CASCADE
);
SELECT app.protect('programme_topics');
SELECT app.distribute('programme_topics');

CREATE TABLE enrolments (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    programme_id  uuid NOT NULL,
    merchant_id   uuid NOT NULL,
    status        text NOT NULL CHECK (status IN ('enrolled', 'completed', 'dropped')),
    -- Why it was dropped.
    reason        text CHECK (char_length(reason) BETWEEN 1 AND 2000),
    -- When it was completed or dropped.
    ended_at      timestamptz,
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    UNIQUE (aggregator_id, programme_id, id),
    UNIQUE (aggregator_id, merchant_id, id),
    CONSTRAINT enrolments_merchant_key UNIQUE (aggregator_id, programme_id, merchant_id),
    FOREIGN KEY (aggregator_id, programme_id) REFERENCES programmes (aggregator_id, id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id),
    CHECK ((status = 'enrolled') = (ended_at IS NULL)),
    CHECK (status = 'dropped' OR reason IS NULL)
);
CREATE INDEX enrolments_programme ON enrolments (aggregator_id, programme_id, created_at DESC, id DESC);
CREATE INDEX enrolments_merchant ON enrolments (aggregator_id, merchant_id, created_at DESC, id DESC);
SELECT app.protect('enrolments',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('enrolments');

-- Who was there for which part of the curriculum. The topic's key is a foreign one, so that no curriculum loses a topic
-- that somebody has attended.
CREATE TABLE attendances (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    enrolment_id  uuid NOT NULL,
    topic_key     text NOT NULL,
    programme_id  uuid NOT NULL,
    merchant_id   uuid NOT NULL,
    attended_on   date NOT NULL,
    PRIMARY KEY (aggregator_id, enrolment_id, topic_key),
    FOREIGN KEY (aggregator_id, programme_id, enrolment_id) REFERENCES enrolments (aggregator_id, programme_id, id),
    FOREIGN KEY (aggregator_id, merchant_id, enrolment_id) REFERENCES enrolments (aggregator_id, merchant_id, id),
    FOREIGN KEY (aggregator_id, programme_id, topic_key) REFERENCES programme_topics (aggregator_id, programme_id, key)
);
CREATE INDEX attendances_programme ON attendances (aggregator_id, programme_id, enrolment_id);
CREATE INDEX attendances_topic ON attendances (aggregator_id, programme_id, topic_key);
CREATE INDEX attendances_merchant ON attendances (aggregator_id, merchant_id, enrolment_id);
SELECT app.protect('attendances',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('attendances');

-- The last certificate number of an aggregator's year: each commits one, so that numbers have no holes.
CREATE TABLE certificate_series (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    year          integer NOT NULL,
    last          integer NOT NULL CHECK (last > 0),
    PRIMARY KEY (aggregator_id, year)
);
SELECT app.protect('certificate_series');
SELECT app.distribute('certificate_series');

-- What a certificate says, as it was said on the day of issue: a later change of a name changes no paper.
CREATE TABLE certificates (
    aggregator_id   uuid NOT NULL REFERENCES aggregators (id),
    enrolment_id    uuid NOT NULL,
    merchant_id     uuid NOT NULL,
    number          text NOT NULL CHECK (char_length(number) <= 120),
    code            text NOT NULL CHECK (char_length(code) = 19),
    aggregator_name text NOT NULL,
    merchant_name   text NOT NULL,
    programme_name_id text NOT NULL,
    programme_name_en text NOT NULL,
    starts_on       date NOT NULL,
    ends_on         date NOT NULL,
    -- Of the topics that were attended.
    hours           integer NOT NULL CHECK (hours > 0),
    issued_on       date NOT NULL,
    issued_by       uuid,
    revoked_at      timestamptz,
    revoked_by      uuid,
    revoke_reason   text CHECK (char_length(revoke_reason) BETWEEN 1 AND 2000),
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, enrolment_id),
    CONSTRAINT certificates_number_key UNIQUE (aggregator_id, number),
    FOREIGN KEY (aggregator_id, merchant_id, enrolment_id) REFERENCES enrolments (aggregator_id, merchant_id, id),
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL))
);
CREATE INDEX certificates_merchant ON certificates (aggregator_id, merchant_id, enrolment_id);
SELECT app.protect('certificates',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('certificates');

-- What everybody may check who has a certificate's code: never more than stands on the paper. Found by the hash of the
-- code, so that a reader of this table gets no codes. A certificate outlives the openness of its aggregator.
CREATE TABLE published_certificates (
    aggregator_id   uuid NOT NULL REFERENCES aggregators (id),
    enrolment_id    uuid NOT NULL,
    code_hash       bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    number          text NOT NULL,
    aggregator_name text NOT NULL,
    merchant_name   text NOT NULL,
    programme_name_id text NOT NULL,
    programme_name_en text NOT NULL,
    starts_on       date NOT NULL,
    ends_on         date NOT NULL,
    hours           integer NOT NULL,
    issued_on       date NOT NULL,
    revoked_on      date,
    PRIMARY KEY (aggregator_id, enrolment_id),
    FOREIGN KEY (aggregator_id, enrolment_id) REFERENCES certificates (aggregator_id, enrolment_id) ON DELETE CASCADE
);
CREATE INDEX published_certificates_code ON published_certificates (code_hash);
SELECT app.protect('published_certificates');
SELECT app.publish('published_certificates');
SELECT app.distribute('published_certificates');
