-- The published projection: all that a storefront shows, written in the transaction of each change, read by
-- kapal_public and nothing else. What is not here can't leak.
CREATE TABLE published_aggregators (
    id             uuid PRIMARY KEY REFERENCES aggregators (id),
    slug           text NOT NULL CONSTRAINT published_aggregators_slug_key UNIQUE,
    name           text NOT NULL,
    description_id text NOT NULL,
    description_en text NOT NULL,
    national       boolean NOT NULL,
    primary_colour text NOT NULL,
    demonstration  boolean NOT NULL,
    version        integer NOT NULL
);
ALTER TABLE published_aggregators ENABLE ROW LEVEL SECURITY;
ALTER TABLE published_aggregators FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON published_aggregators TO kapal_app USING (id = (SELECT app.aggregator_id())) WITH CHECK (id = (SELECT app.aggregator_id()));
CREATE POLICY operations ON published_aggregators TO kapal_ops USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON published_aggregators TO kapal_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON published_aggregators TO kapal_ops;
SELECT app.publish('published_aggregators');

CREATE TABLE published_merchants (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    slug          text NOT NULL,
    name          text NOT NULL,
    story         text NOT NULL,
    region_code   text NOT NULL,
    region_name   text NOT NULL,
    province_code text NOT NULL,
    province_name text NOT NULL,
    -- E.164; NULL without an active WhatsApp channel.
    whatsapp      text,
    -- Other active channels: [{"kind", "handle"}].
    channels      jsonb NOT NULL,
    created_at    timestamptz NOT NULL,
    version       integer NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    CONSTRAINT published_merchants_slug_key UNIQUE (aggregator_id, slug)
);
CREATE INDEX published_merchants_newest ON published_merchants (aggregator_id, created_at DESC, id DESC);
CREATE INDEX published_merchants_nation_newest ON published_merchants (created_at DESC, id DESC);
SELECT app.protect('published_merchants');
SELECT app.publish('published_merchants');
SELECT app.distribute('published_merchants');

CREATE TABLE published_products (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    slug          text NOT NULL,
    merchant_id   uuid NOT NULL,
    category_id   uuid NOT NULL,
    -- {"id": {"name", "description"}, ..}
    translations  jsonb NOT NULL,
    -- [{"id", "sku", "name", "price_minor", "currency", "stock"}]
    variants      jsonb NOT NULL,
    -- [{"hash", "width", "height", "widths", "alt_id", "alt_en"}]
    images        jsonb NOT NULL,
    is_mutiara    boolean NOT NULL,
    stars         smallint,
    published_at  timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    version       integer NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    CONSTRAINT published_products_slug_key UNIQUE (aggregator_id, slug),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES published_merchants (aggregator_id, id)
);
CREATE INDEX published_products_merchant ON published_products (aggregator_id, merchant_id);
SELECT app.protect('published_products');
SELECT app.publish('published_products');
SELECT app.distribute('published_products');

-- One row per published product and language, fat enough to answer a list page alone.
CREATE TABLE search_documents (
    aggregator_id   uuid NOT NULL REFERENCES aggregators (id),
    product_id      uuid NOT NULL,
    locale          text NOT NULL CHECK (locale IN ('id', 'en')),
    -- The language that the texts are really in, when the asked one is missing.
    text_locale     text NOT NULL,
    slug            text NOT NULL,
    name            text NOT NULL,
    description     text NOT NULL,
    price_minor     bigint NOT NULL,
    currency        text NOT NULL,
    available       boolean NOT NULL,
    is_mutiara      boolean NOT NULL,
    stars           smallint,
    merchant_id     uuid NOT NULL,
    merchant_slug   text NOT NULL,
    merchant_name   text NOT NULL,
    region_code     text NOT NULL,
    region_name     text NOT NULL,
    province_code   text NOT NULL,
    province_name   text NOT NULL,
    category_slug   text NOT NULL,
    category_name   text NOT NULL,
    -- The category and those above it, so that a filter finds the products of the branches too.
    category_path   text[] NOT NULL,
    images          jsonb NOT NULL,
    published_at    timestamptz NOT NULL,
    version         integer NOT NULL,
    vector          tsvector NOT NULL,
    PRIMARY KEY (aggregator_id, product_id, locale),
    FOREIGN KEY (aggregator_id, product_id) REFERENCES published_products (aggregator_id, id) ON DELETE CASCADE
);
ALTER TABLE search_documents ALTER COLUMN vector SET STORAGE MAIN;
CREATE INDEX search_documents_newest ON search_documents (aggregator_id, locale, published_at DESC, product_id DESC);
CREATE INDEX search_documents_price ON search_documents (aggregator_id, locale, price_minor, product_id);
CREATE INDEX search_documents_name ON search_documents (aggregator_id, locale, name COLLATE "C", product_id);
CREATE INDEX search_documents_merchant ON search_documents (aggregator_id, merchant_id);
CREATE INDEX search_documents_nation_newest ON search_documents (locale, published_at DESC, product_id DESC);
CREATE INDEX search_documents_nation_price ON search_documents (locale, price_minor, product_id);
CREATE INDEX search_documents_nation_name ON search_documents (locale, name COLLATE "C", product_id);
CREATE INDEX search_documents_vector ON search_documents USING gin (vector);
CREATE INDEX search_documents_category ON search_documents USING gin (category_path);
-- For the counts of categories.
CREATE INDEX search_documents_counts ON search_documents (locale, category_slug, aggregator_id);
-- Few rows, asked for often.
CREATE INDEX search_documents_mutiara ON search_documents (aggregator_id, locale, published_at DESC, product_id DESC)
    WHERE is_mutiara OR stars IS NOT NULL;
CREATE INDEX search_documents_nation_mutiara ON search_documents (locale, published_at DESC, product_id DESC)
    WHERE is_mutiara OR stars IS NOT NULL;
CREATE INDEX search_documents_province ON search_documents (locale, province_code, published_at DESC, product_id DESC);
SELECT app.protect('search_documents');
SELECT app.publish('search_documents');
SELECT app.distribute('search_documents');

CREATE TABLE published_collections (
    aggregator_id  uuid NOT NULL REFERENCES aggregators (id),
    id             uuid NOT NULL,
    slug           text NOT NULL,
    title_id       text NOT NULL,
    title_en       text NOT NULL,
    description_id text NOT NULL,
    description_en text NOT NULL,
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz,
    product_ids    uuid[] NOT NULL,
    version        integer NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    CONSTRAINT published_collections_slug_key UNIQUE (aggregator_id, slug)
);
SELECT app.protect('published_collections');
SELECT app.publish('published_collections');
SELECT app.distribute('published_collections');

CREATE TABLE published_slots (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    place         text NOT NULL,
    category_slug text,
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz,
    -- Which product of which aggregator stands at each place, in order: two arrays of one length.
    origin_ids    uuid[] NOT NULL,
    product_ids   uuid[] NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    CHECK (cardinality(origin_ids) = cardinality(product_ids))
);
SELECT app.protect('published_slots');
SELECT app.publish('published_slots');
SELECT app.distribute('published_slots');
