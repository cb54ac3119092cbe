-- What a category asks of its products, and what other catalogues call it.
ALTER TABLE categories
    -- Whether its products are food or drink that must be halal certified, or say that they are not halal. NULL: as the
    -- category above it says.
    ADD COLUMN is_food              boolean,
    ADD COLUMN google_category_id   integer CHECK (google_category_id BETWEEN 1 AND 999999),
    ADD COLUMN google_category_path text CHECK (char_length(google_category_path) BETWEEN 1 AND 300),
    ADD COLUMN meta_category_id     integer CHECK (meta_category_id BETWEEN 1 AND 999999),
    ADD COLUMN meta_category_path   text CHECK (char_length(meta_category_path) BETWEEN 1 AND 300),
    -- Chapters of the Harmonized System: '01' to '97'. {}: as the category above it says.
    ADD COLUMN hs_chapters          text[] NOT NULL DEFAULT '{}' CHECK (cardinality(hs_chapters) <= 10);

-- What is asked of a category's products and of those in its branches. Where both have one key, the nearer one counts.
CREATE TABLE category_attributes (
    category_id uuid NOT NULL REFERENCES categories (id),
    key         text NOT NULL CHECK (char_length(key) <= 40 AND key ~ '^[a-z0-9]+([_-][a-z0-9]+)*$'),
    kind        text NOT NULL CHECK (kind IN ('text', 'number', 'choice', 'yes_no')),
    -- Whether a product without it is not submitted.
    required    boolean NOT NULL,
    -- Of numbers alone, such as g or °C.
    unit        text CHECK (unit IS NULL OR (char_length(unit) BETWEEN 1 AND 20 AND kind = 'number')),
    name_id     text NOT NULL CHECK (char_length(name_id) BETWEEN 1 AND 80),
    name_en     text NOT NULL CHECK (char_length(name_en) BETWEEN 1 AND 80),
    -- Of choices alone: [{"key", "id", "en"}], in their order.
    choices     jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(choices) = 'array'),
    position    integer NOT NULL,
    PRIMARY KEY (category_id, key),
    CHECK ((kind = 'choice') = (choices <> '[]'))
);
GRANT SELECT ON category_attributes TO kapal_app, kapal_public;
GRANT SELECT, INSERT, UPDATE, DELETE ON category_attributes TO kapal_ops;

-- Fresh produce needs no halal certificate (PP 42/2024). A new database takes the same from its reference data.
UPDATE categories SET is_food = slug IN ('makanan', 'minuman') WHERE slug IN ('makanan', 'minuman', 'beras', 'buah', 'hasil-bumi');

-- Whether a category's products are food: as it says itself, else as the nearest category above it does.
CREATE FUNCTION app.is_food(category uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    WITH RECURSIVE above AS (
        SELECT c.parent_id, c.is_food, 0 AS distance FROM categories c WHERE c.id = category
        UNION ALL
        SELECT c.parent_id, c.is_food, above.distance + 1 FROM above JOIN categories c ON c.id = above.parent_id
        WHERE above.is_food IS NULL
    )
    SELECT coalesce((SELECT is_food FROM above ORDER BY distance DESC LIMIT 1), false)
$$;

ALTER TABLE products
    ADD COLUMN halal_status     text NOT NULL DEFAULT 'not_applicable'
        CHECK (halal_status IN ('certified', 'in_process', 'declared_non_halal', 'not_applicable')),
    -- What its category's attributes say of it: {"key": text by language, number, key of a choice, or true and false}.
    ADD COLUMN attributes       jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(attributes) = 'object'),
    -- What its variants differ in: [{"key", "id", "en", "values": [{"key", "id", "en"}]}].
    ADD COLUMN options          jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(options) = 'array'),
    ADD COLUMN lead_time_days   integer CHECK (lead_time_days BETWEEN 0 AND 365),
    ADD COLUMN monthly_capacity integer CHECK (monthly_capacity BETWEEN 1 AND 1000000),
    ADD COLUMN minimum_order    integer CHECK (minimum_order BETWEEN 1 AND 100000),
    -- Harmonized System, with Indonesia's own digits where they are known.
    ADD COLUMN hs_code          text CHECK (hs_code ~ '^\d{6,8}$'),
    -- ISO 3166-1.
    ADD COLUMN origin_country   text NOT NULL DEFAULT 'ID' CHECK (origin_country ~ '^[A-Z]{2}$'),
    ADD COLUMN tags             text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 20);

-- What was there before said nothing: it is certified where its merchant's certificate was verified, else under way. The
-- owner of the table is under its row security too.
ALTER TABLE products NO FORCE ROW LEVEL SECURITY;
ALTER TABLE legal_documents NO FORCE ROW LEVEL SECURITY;
UPDATE products p SET halal_status = CASE WHEN EXISTS (
        SELECT FROM legal_documents d
        WHERE d.aggregator_id = p.aggregator_id AND d.merchant_id = p.merchant_id AND d.kind = 'halal' AND d.status = 'verified')
    THEN 'certified' ELSE 'in_process' END
WHERE p.category_id IN (SELECT c.id FROM categories c WHERE app.is_food(c.id));
ALTER TABLE legal_documents FORCE ROW LEVEL SECURITY;
ALTER TABLE products FORCE ROW LEVEL SECURITY;

ALTER TABLE product_variants
    -- GTIN of 8, 12, 13 or 14 digits.
    ADD COLUMN barcode          text CHECK (barcode ~ '^(\d{8}|\d{12,14})$'),
    ADD COLUMN compare_at_minor bigint CHECK (compare_at_minor >= price_minor AND (currency <> 'IDR' OR compare_at_minor % 100 = 0)),
    ADD COLUMN weight_grams     integer CHECK (weight_grams BETWEEN 1 AND 1000000),
    -- Packed, in millimetres: all three or none.
    ADD COLUMN length_mm        integer CHECK (length_mm BETWEEN 1 AND 10000),
    ADD COLUMN width_mm         integer CHECK (width_mm BETWEEN 1 AND 10000),
    ADD COLUMN height_mm        integer CHECK (height_mm BETWEEN 1 AND 10000),
    ADD COLUMN minimum_order    integer CHECK (minimum_order BETWEEN 1 AND 100000),
    -- Its value of each of the product's options: {"size": "250-g"}.
    ADD COLUMN choices          jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(choices) = 'object'),
    ADD CONSTRAINT product_variants_measures CHECK (num_nulls(length_mm, width_mm, height_mm) IN (0, 3)),
    ADD CONSTRAINT product_variants_barcode_key UNIQUE (aggregator_id, product_id, barcode);
CREATE UNIQUE INDEX product_variants_choices_key ON product_variants (aggregator_id, product_id, choices) WHERE choices <> '{}';

-- Permits and certificates of one product. Their numbers are shown to everybody (Permendag 31/2023, articles 5 and 11);
-- who publishes the product has looked at them.
CREATE TABLE product_certificates (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    product_id    uuid NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('halal', 'pirt', 'bpom', 'sni', 'svlk', 'trademark', 'organic')),
    -- In the one spelling, and as it was typed.
    number        text NOT NULL CHECK (char_length(number) BETWEEN 1 AND 60),
    written       text NOT NULL CHECK (char_length(written) BETWEEN 1 AND 80),
    issuer        text CHECK (char_length(issuer) BETWEEN 1 AND 200),
    issued_on     date,
    -- The last day that it is valid; NULL: it has no end.
    expires_on    date CHECK (expires_on >= issued_on),
    -- When the worker takes it off the storefront; NULL once it has.
    next_turn_at  timestamptz CHECK (next_turn_at IS NULL OR expires_on IS NOT NULL),
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, product_id, kind),
    FOREIGN KEY (aggregator_id, product_id) REFERENCES products (aggregator_id, id) ON DELETE CASCADE
);
CREATE INDEX product_certificates_turn ON product_certificates (next_turn_at) WHERE next_turn_at IS NOT NULL;
SELECT app.protect('product_certificates',
    'EXISTS (SELECT FROM products p WHERE p.aggregator_id = (SELECT app.aggregator_id()) AND p.id = product_id)');
SELECT app.distribute('product_certificates');

-- What a storefront shows of it.
ALTER TABLE published_merchants ADD COLUMN level text;
-- All that a product's own page shows besides; read by its names, of which one that is missing says nothing.
ALTER TABLE published_products ADD COLUMN details jsonb NOT NULL DEFAULT '{}';
ALTER TABLE search_documents
    -- Kinds: the product's own, and those of its merchant's verified documents that apply to it.
    ADD COLUMN certificates text[] NOT NULL DEFAULT '{}',
    ADD COLUMN tags         text[] NOT NULL DEFAULT '{}',
    -- The merchant's class.
    ADD COLUMN level        text;
CREATE INDEX search_documents_certificates ON search_documents USING gin (certificates);
CREATE INDEX search_documents_tags ON search_documents USING gin (tags);
CREATE INDEX search_documents_level ON search_documents (locale, level, published_at DESC, product_id DESC) WHERE level IS NOT NULL;
CREATE INDEX search_documents_related ON search_documents (aggregator_id, locale, category_slug, published_at DESC, product_id DESC);

-- The gates of a product's category that its merchant's documents leave shut today, each with the category that has it.
-- A NIB is a document like the others: that it was typed opens nothing, its merchant's verification verifies it. What
-- says of itself that it is not halal needs no halal certificate (UU 33/2014).
CREATE OR REPLACE FUNCTION app.shut_gates(tenant uuid, product uuid) RETURNS SETOF category_gates LANGUAGE sql STABLE AS $$
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
      AND NOT (g.document = 'halal' AND p.halal_status = 'declared_non_halal')
      AND NOT EXISTS (
        SELECT FROM legal_documents d
        WHERE d.aggregator_id = tenant AND d.merchant_id = m.id AND d.kind IN (g.document, g.instead)
          AND d.status = 'verified' AND coalesce(d.expires_on >= today.day, true)
          AND (d.kind <> g.document OR g.number_prefix IS NULL OR starts_with(d.number, g.number_prefix))
      )
    ORDER BY g.document
$$;

-- The permits and certificates of a product that hold today, each once: its own, and those of its merchant's verified
-- documents that apply to it. A P-IRT, BPOM, SNI or SVLK number applies where the category asks for it; a halal
-- certificate where the product says that it is under it; a trademark to everything.
CREATE FUNCTION app.certificates(tenant uuid, product uuid)
RETURNS TABLE (kind text, number text, issuer text, expires_on date) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE of AS (
        SELECT p.merchant_id, p.category_id, p.halal_status,
               (now() AT TIME ZONE app.time_zone(m.region_code))::date AS today
        FROM products p JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
        WHERE p.aggregator_id = tenant AND p.id = product
    ),
    above AS (
        SELECT c.id, c.parent_id, 0 AS distance FROM of JOIN categories c ON c.id = of.category_id
        UNION ALL
        SELECT c.id, c.parent_id, above.distance + 1 FROM above JOIN categories c ON c.id = above.parent_id
    ),
    -- A gate without dates says that the document is not needed.
    nearest AS (
        SELECT DISTINCT ON (g.document) g.document, g.instead,
               num_nonnulls(g.micro_from, g.small_from, g.medium_from) > 0 AS is_asked
        FROM above JOIN category_gates g ON g.category_id = above.id
        ORDER BY g.document, above.distance
    ),
    held AS (
        SELECT 0 AS rank, c.kind, c.number, c.issuer, c.expires_on
        FROM of JOIN product_certificates c ON c.aggregator_id = tenant AND c.product_id = product
        WHERE coalesce(c.expires_on >= of.today, true) AND NOT (c.kind = 'halal' AND of.halal_status = 'declared_non_halal')
        UNION ALL
        SELECT 1, d.kind, d.number, d.issuer, d.expires_on
        FROM of JOIN legal_documents d ON d.aggregator_id = tenant AND d.merchant_id = of.merchant_id
        WHERE d.status = 'verified' AND coalesce(d.expires_on >= of.today, true) AND d.number IS NOT NULL
          AND CASE
            WHEN d.kind = 'trademark' THEN true
            WHEN d.kind = 'halal' THEN of.halal_status = 'certified'
            WHEN d.kind IN ('pirt', 'bpom', 'sni', 'svlk') THEN EXISTS (
                SELECT FROM nearest g WHERE g.is_asked AND d.kind IN (g.document, g.instead))
            ELSE false END
    )
    SELECT DISTINCT ON (h.kind) h.kind, h.number, h.issuer, h.expires_on FROM held h ORDER BY h.kind, h.rank
$$;

-- The worker projects anew what is published already.
INSERT INTO gate_turns (category_id, next_turn_at) SELECT id, now() FROM categories WHERE parent_id IS NULL
ON CONFLICT (category_id) DO UPDATE SET next_turn_at = excluded.next_turn_at;
