-- Rubrics: what reviewers score on. A version is written once; the highest one of a chain holds. A chain is the
-- aggregator's own, or that of a category, which holds for the categories below it too.
CREATE TABLE rubrics (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    -- NULL: the aggregator's own.
    category_id   uuid REFERENCES categories (id),
    version       integer NOT NULL CHECK (version >= 1),
    -- Criteria with weights and anchors, gates and marks.
    content       jsonb NOT NULL,
    created_by    uuid,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    CONSTRAINT rubrics_version_key UNIQUE NULLS NOT DISTINCT (aggregator_id, category_id, version)
);
CREATE INDEX rubrics_category ON rubrics (category_id);
SELECT app.protect('rubrics');
SELECT app.append_only('rubrics');
SELECT app.distribute('rubrics');

ALTER TABLE nominations
    -- Who proposed it. Of those before this was noted nobody knows any more.
    ADD COLUMN source        text NOT NULL DEFAULT 'staff' CHECK (source IN ('staff', 'hero', 'merchant', 'public')),
    -- The rubric that it is scored on, from the first score of a round; NULL then is the platform's own.
    ADD COLUMN rubric_id     uuid,
    -- An appeal begins the second round.
    ADD COLUMN round         smallint NOT NULL DEFAULT 1 CHECK (round IN (1, 2)),
    ADD COLUMN appeal_reason text CHECK (char_length(appeal_reason) BETWEEN 1 AND 2000),
    ADD COLUMN appealed_by   uuid,
    ADD COLUMN appealed_at   timestamptz,
    -- How many of the public asked for the same.
    ADD COLUMN supports      integer NOT NULL DEFAULT 0 CHECK (supports >= 0),
    -- The least number of days before the end of a mutiara at which its people were reminded.
    ADD COLUMN reminded_days integer CHECK (reminded_days IN (90, 30, 7)),
    -- When the worker has to look at a mutiara: to remind, to end it, or since a document changed. NULL: at once.
    ADD COLUMN next_turn_at  timestamptz,
    -- When and why it was taken away, or when its time was over.
    ADD COLUMN ended_at      timestamptz,
    ADD COLUMN ended_by      uuid,
    ADD COLUMN end_reason    text CHECK (char_length(end_reason) BETWEEN 1 AND 2000),
    ADD CONSTRAINT nominations_rubric_fkey FOREIGN KEY (aggregator_id, rubric_id) REFERENCES rubrics (aggregator_id, id),
    ADD CONSTRAINT nominations_appeal CHECK ((round = 2) = (appealed_at IS NOT NULL) AND (round = 2) = (appeal_reason IS NOT NULL)),
    ADD CONSTRAINT nominations_end CHECK (ended_at IS NULL OR status IN ('expired', 'revoked')),
    ADD CONSTRAINT nominations_revoked CHECK (status <> 'revoked' OR end_reason IS NOT NULL);
CREATE INDEX nominations_turn ON nominations (coalesce(next_turn_at, '-infinity')) WHERE status = 'accepted';
CREATE INDEX nominations_status ON nominations (aggregator_id, status, created_at DESC, id DESC);
CREATE INDEX nominations_valid ON nominations (aggregator_id, coalesce(valid_until, '9999-12-31Z'), id);
CREATE INDEX nominations_rubric ON nominations (aggregator_id, rubric_id);

-- How a round ended that an appeal took up again.
CREATE TABLE nomination_rounds (
    aggregator_id   uuid NOT NULL REFERENCES aggregators (id),
    nomination_id   uuid NOT NULL,
    round           smallint NOT NULL,
    rubric_id       uuid,
    decision_reason text NOT NULL CHECK (char_length(decision_reason) BETWEEN 1 AND 2000),
    actions         text[] NOT NULL,
    score           integer NOT NULL CHECK (score BETWEEN 0 AND 10000),
    stars           smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    decided_by      uuid,
    decided_at      timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, nomination_id, round),
    FOREIGN KEY (aggregator_id, nomination_id) REFERENCES nominations (aggregator_id, id),
    FOREIGN KEY (aggregator_id, rubric_id) REFERENCES rubrics (aggregator_id, id)
);
CREATE INDEX nomination_rounds_rubric ON nomination_rounds (aggregator_id, rubric_id);

-- Scores as they were: replaced by their reviewer, or of a round that is over.
CREATE TABLE score_history (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    nomination_id uuid NOT NULL,
    round         smallint NOT NULL,
    reviewer_id   uuid NOT NULL,
    points        jsonb NOT NULL,
    total         integer NOT NULL CHECK (total BETWEEN 0 AND 10000),
    comment       text NOT NULL CHECK (char_length(comment) <= 2000),
    -- Whether its round was decided on it; else its reviewer thought again.
    stood         boolean NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    FOREIGN KEY (aggregator_id, nomination_id) REFERENCES nominations (aggregator_id, id)
);
CREATE INDEX score_history_nomination ON score_history (aggregator_id, nomination_id, round);
CREATE UNIQUE INDEX score_history_stood_key ON score_history (aggregator_id, nomination_id, round, reviewer_id) WHERE stood;

-- Who of the public nominated, each person once. What they say of themselves is sealed under the merchant's key, so that
-- it goes with the merchant.
CREATE TABLE nomination_supports (
    aggregator_id  uuid NOT NULL REFERENCES aggregators (id),
    id             uuid NOT NULL,
    nomination_id  uuid NOT NULL,
    name_sealed    bytea NOT NULL,
    contact_sealed bytea NOT NULL,
    -- Keyed, to know a person again without reading the contact.
    contact_hash   bytea NOT NULL,
    reason         text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 2000),
    locale         text NOT NULL CHECK (locale IN ('id', 'en')),
    consent_at     timestamptz NOT NULL,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    CONSTRAINT nomination_supports_person_key UNIQUE (aggregator_id, nomination_id, contact_hash),
    FOREIGN KEY (aggregator_id, nomination_id) REFERENCES nominations (aggregator_id, id)
);
CREATE INDEX nomination_supports_person ON nomination_supports (aggregator_id, contact_hash, created_at);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['nomination_rounds', 'score_history', 'nomination_supports'] LOOP
        PERFORM app.protect(name,
            'nomination_id IN (SELECT n.id FROM nominations n WHERE n.aggregator_id = (SELECT app.aggregator_id()))');
        PERFORM app.hide_restricted_by(name,
            'EXISTS (SELECT FROM nominations n WHERE n.aggregator_id = (SELECT app.aggregator_id()) AND n.id = nomination_id AND '
            || app.of_free_product('n.product_id') || ')');
    END LOOP;
END $$;
SELECT app.distribute('nomination_rounds');
SELECT app.distribute('score_history');
SELECT app.distribute('nomination_supports');

-- Whether somebody mentors or owns a merchant, or did: who does never scores its products.
CREATE FUNCTION app.is_tied(tenant uuid, person uuid, merchant uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM merchant_access a
            WHERE a.aggregator_id = tenant AND a.user_id = person AND a.merchant_id = merchant)
        OR EXISTS (SELECT FROM former_merchant_members f
            WHERE f.aggregator_id = tenant AND f.user_id = person AND f.merchant_id = merchant)
        OR EXISTS (SELECT FROM hero_assignments h
            WHERE h.aggregator_id = tenant AND h.user_id = person AND h.merchant_id = merchant AND h.status <> 'cancelled')
$$;

-- The moment at which the first document ends that keeps a gate of the product open today; NULL when none of them ends.
-- Which gates there are, and whether they are shut, app.shut_gates says.
CREATE FUNCTION app.gates_end(tenant uuid, product uuid) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    WITH RECURSIVE above AS (
        SELECT c.id, c.parent_id, 0 AS distance
        FROM products p JOIN categories c ON c.id = p.category_id
        WHERE p.aggregator_id = tenant AND p.id = product
        UNION ALL
        SELECT c.id, c.parent_id, above.distance + 1 FROM above JOIN categories c ON c.id = above.parent_id
    ),
    nearest AS (
        SELECT DISTINCT ON (g.document) g.*
        FROM above JOIN category_gates g ON g.category_id = above.id
        ORDER BY g.document, above.distance
    )
    SELECT min((last.day + 1)::timestamp AT TIME ZONE app.time_zone(m.region_code))
    FROM products p
    JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
    CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE app.time_zone(m.region_code))::date AS day) AS today
    JOIN nearest g ON today.day >= CASE m.scale
        WHEN 'micro' THEN g.micro_from WHEN 'small' THEN g.small_from WHEN 'medium' THEN g.medium_from
        ELSE least(g.micro_from, g.small_from, g.medium_from) END
    CROSS JOIN LATERAL (
        SELECT max(coalesce(d.expires_on, 'infinity')) AS day FROM legal_documents d
        WHERE d.aggregator_id = tenant AND d.merchant_id = m.id AND d.kind IN (g.document, g.instead)
          AND d.status = 'verified' AND coalesce(d.expires_on >= today.day, true)
          AND (d.kind <> g.document OR g.number_prefix IS NULL OR starts_with(d.number, g.number_prefix))
    ) AS last
    WHERE p.aggregator_id = tenant AND p.id = product AND isfinite(last.day)
$$;
