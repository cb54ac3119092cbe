-- A merchant's legal documents, one of each kind. That a number has the usual form proves nothing: only `verified` opens
-- a gate. All changes are made under the merchant's row lock.
CREATE TABLE legal_documents (
    aggregator_id     uuid NOT NULL REFERENCES aggregators (id),
    id                uuid NOT NULL,
    merchant_id       uuid NOT NULL,
    kind              text NOT NULL CHECK (kind IN ('nib', 'npwp', 'nik', 'pirt', 'bpom', 'halal', 'sni', 'trademark', 'svlk', 'nmid')),
    -- In the one spelling. NULL for a NIB, which stands in merchants.nib alone, and for what names a person.
    number            text CHECK (number IS NULL OR (char_length(number) BETWEEN 1 AND 60 AND kind NOT IN ('nib', 'nik', 'npwp'))),
    -- As it was typed; sealed where it names a person, with the keyed hash by which it is found.
    written           text CHECK (written IS NULL OR (char_length(written) BETWEEN 1 AND 80 AND kind NOT IN ('nik', 'npwp'))),
    number_sealed     bytea,
    number_hash       bytea,
    holder            text CHECK (char_length(holder) BETWEEN 1 AND 200),
    issuer            text CHECK (char_length(issuer) BETWEEN 1 AND 200),
    issued_on         date,
    -- The last day that it is valid; NULL: it has no end.
    expires_on        date CHECK (expires_on >= issued_on),
    file_id           uuid,
    status            text NOT NULL CHECK (status IN ('draft', 'submitted', 'verified', 'rejected', 'expired', 'revoked')),
    -- Why it was rejected or revoked, or what the verifier adds.
    note              text CHECK (char_length(note) <= 2000),
    entered_by        uuid,
    verified_by       uuid,
    verified_at       timestamptz,
    -- The least number of days before the end at which its people were reminded.
    reminded_days     integer CHECK (reminded_days IN (90, 30, 7)),
    -- When the worker has something to do: remind, or expire it.
    next_turn_at      timestamptz CHECK (next_turn_at IS NULL OR (status = 'verified' AND expires_on IS NOT NULL)),
    version           integer NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    CONSTRAINT legal_documents_kind_key UNIQUE (aggregator_id, merchant_id, kind),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id) ON DELETE CASCADE,
    CONSTRAINT legal_documents_file_fkey FOREIGN KEY (aggregator_id, merchant_id, file_id) REFERENCES files (aggregator_id, merchant_id, id),
    CHECK ((kind IN ('nik', 'npwp')) = (number_sealed IS NOT NULL)),
    CHECK ((number_sealed IS NULL) = (number_hash IS NULL)),
    CHECK (status <> 'verified' OR (file_id IS NOT NULL AND verified_at IS NOT NULL))
);
CREATE INDEX legal_documents_file ON legal_documents (aggregator_id, merchant_id, file_id);
CREATE INDEX legal_documents_status ON legal_documents (aggregator_id, kind, status, expires_on);
CREATE INDEX legal_documents_number ON legal_documents (aggregator_id, kind, number) WHERE number IS NOT NULL;
CREATE INDEX legal_documents_hash ON legal_documents (aggregator_id, kind, number_hash) WHERE number_hash IS NOT NULL;
CREATE INDEX legal_documents_turn ON legal_documents (next_turn_at) WHERE next_turn_at IS NOT NULL;
SELECT app.protect('legal_documents',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('legal_documents');

-- Which document the products of a category need before they are published: reference data that the operator edits.
-- It holds for the branches too, where these have no row for that document themselves.
CREATE TABLE category_gates (
    category_id   uuid NOT NULL REFERENCES categories (id),
    document      text NOT NULL CHECK (document IN ('nib', 'npwp', 'nik', 'pirt', 'bpom', 'halal', 'sni', 'trademark', 'svlk', 'nmid')),
    -- A document that serves as well, such as BPOM's own number in place of a P-IRT.
    instead       text CHECK (instead IN ('nib', 'npwp', 'nik', 'pirt', 'bpom', 'halal', 'sni', 'trademark', 'svlk', 'nmid') AND instead <> document),
    -- How the number begins, where one kind has several uses: TR is traditional medicine, NA cosmetics.
    number_prefix text CHECK (number_prefix ~ '^[A-Z]{1,4}$'),
    -- The first day on which it is mandatory for a business of this size; NULL: it is not.
    micro_from    date,
    small_from    date,
    medium_from   date,
    reason_id     text NOT NULL CHECK (char_length(reason_id) BETWEEN 1 AND 300),
    reason_en     text NOT NULL CHECK (char_length(reason_en) BETWEEN 1 AND 300),
    -- The rule that says so.
    source        text NOT NULL CHECK (char_length(source) BETWEEN 1 AND 200),
    PRIMARY KEY (category_id, document)
);
GRANT SELECT ON category_gates TO kapal_app, kapal_public;
GRANT SELECT, INSERT, UPDATE, DELETE ON category_gates TO kapal_ops;

-- When the worker has to look again at the products of a category and its branches: its gates were changed, or a day
-- comes on which one begins.
CREATE TABLE gate_turns (
    category_id  uuid PRIMARY KEY REFERENCES categories (id),
    next_turn_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON gate_turns TO kapal_ops;

-- The time zone of a region, by its province.
CREATE FUNCTION app.time_zone(region text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN left(region, 1) IN ('8', '9') THEN 'Asia/Jayapura'
        WHEN left(region, 1) IN ('5', '7') OR left(region, 2) IN ('63', '64', '65') THEN 'Asia/Makassar'
        ELSE 'Asia/Jakarta'
    END
$$;

-- The gates of a product's category that its merchant's documents leave shut today, each with the category that has it.
-- A NIB counts by being on file, since a merchant is verified with it, unless a document says that it holds no more.
-- A merchant of unknown size is held to the earliest date. What a product declares of itself, such as that it is not
-- halal, is asked for here too once products declare it; until then a branch opens a gate by a row without dates.
CREATE FUNCTION app.shut_gates(tenant uuid, product uuid) RETURNS SETOF category_gates LANGUAGE sql STABLE AS $$
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
    SELECT g.*
    FROM products p
    JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
    CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE app.time_zone(m.region_code))::date AS day) AS today
    JOIN nearest g ON today.day >= CASE m.scale
        WHEN 'micro' THEN g.micro_from WHEN 'small' THEN g.small_from WHEN 'medium' THEN g.medium_from
        ELSE least(g.micro_from, g.small_from, g.medium_from) END
    WHERE p.aggregator_id = tenant AND p.id = product
      AND NOT EXISTS (
        SELECT FROM legal_documents d
        WHERE d.aggregator_id = tenant AND d.merchant_id = m.id AND d.kind IN (g.document, g.instead)
          AND d.status = 'verified' AND coalesce(d.expires_on >= today.day, true)
          AND (d.kind <> g.document OR g.number_prefix IS NULL OR starts_with(d.number, g.number_prefix))
      )
      AND NOT (g.document = 'nib' AND m.nib IS NOT NULL AND NOT EXISTS (
        SELECT FROM legal_documents d
        WHERE d.aggregator_id = tenant AND d.merchant_id = m.id AND d.kind = 'nib'
          AND (d.status IN ('rejected', 'expired', 'revoked') OR d.expires_on < today.day)
      ))
    ORDER BY g.document
$$;
