CREATE TABLE products (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    merchant_id   uuid NOT NULL,
    category_id   uuid NOT NULL REFERENCES categories (id),
    slug          text NOT NULL,
    status        text NOT NULL CHECK (status IN ('draft', 'submitted', 'needs_changes', 'published', 'unpublished', 'archived')),
    is_mutiara    boolean NOT NULL DEFAULT false,
    stars         smallint CHECK (stars BETWEEN 1 AND 5),
    status_reason text CHECK (char_length(status_reason) <= 2000),
    version       integer NOT NULL DEFAULT 1,
    published_at  timestamptz,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    CONSTRAINT products_slug_key UNIQUE (aggregator_id, slug),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id)
);
CREATE INDEX products_merchant ON products (aggregator_id, merchant_id, status);
CREATE INDEX products_created ON products (aggregator_id, created_at DESC, id DESC);
CREATE INDEX products_status ON products (aggregator_id, status, created_at DESC, id DESC);
CREATE INDEX products_category ON products (category_id);
SELECT app.protect('products',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('products');

-- The parts of a product are seen by whoever sees the product: the sub-select is itself under products' policy.
CREATE TABLE product_translations (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    product_id    uuid NOT NULL,
    locale        text NOT NULL CHECK (locale IN ('id', 'en')),
    name          text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 150),
    description   text NOT NULL CHECK (char_length(description) <= 5000),
    PRIMARY KEY (aggregator_id, product_id, locale),
    FOREIGN KEY (aggregator_id, product_id) REFERENCES products (aggregator_id, id) ON DELETE CASCADE
);
CREATE INDEX product_translations_name ON product_translations (aggregator_id, lower(name));
SELECT app.protect('product_translations',
    'EXISTS (SELECT FROM products p WHERE p.aggregator_id = (SELECT app.aggregator_id()) AND p.id = product_id)');
SELECT app.distribute('product_translations');

CREATE TABLE product_variants (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    product_id    uuid NOT NULL,
    sku           text CHECK (char_length(sku) BETWEEN 1 AND 40),
    name          text NOT NULL DEFAULT '' CHECK (char_length(name) <= 80),
    -- ISO 4217 minor units: Rp75.000 is 7,500,000. Whole rupiah only, as no sen are in use.
    price_minor   bigint NOT NULL CHECK (price_minor >= 0 AND (currency <> 'IDR' OR price_minor % 100 = 0)),
    currency      text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    stock         integer NOT NULL CHECK (stock BETWEEN 0 AND 1000000),
    position      integer NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    CONSTRAINT product_variants_sku_key UNIQUE (aggregator_id, product_id, sku),
    FOREIGN KEY (aggregator_id, product_id) REFERENCES products (aggregator_id, id) ON DELETE CASCADE
);
CREATE INDEX product_variants_product ON product_variants (aggregator_id, product_id, position);
SELECT app.protect('product_variants',
    'EXISTS (SELECT FROM products p WHERE p.aggregator_id = (SELECT app.aggregator_id()) AND p.id = product_id)');
SELECT app.distribute('product_variants');

-- Why a stock changed: who, by how much, to what.
CREATE TABLE stock_movements (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    variant_id    uuid NOT NULL,
    product_id    uuid NOT NULL,
    delta         integer NOT NULL,
    stock         integer NOT NULL,
    reason        text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 200),
    actor_id      uuid,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    FOREIGN KEY (aggregator_id, variant_id) REFERENCES product_variants (aggregator_id, id) ON DELETE CASCADE
);
CREATE INDEX stock_movements_variant ON stock_movements (aggregator_id, variant_id, created_at DESC);
SELECT app.protect('stock_movements',
    'EXISTS (SELECT FROM products p WHERE p.aggregator_id = (SELECT app.aggregator_id()) AND p.id = product_id)');
SELECT app.append_only('stock_movements');
SELECT app.distribute('stock_movements');

-- A picture: its files lie in the object store under the SHA-256 of the upload, shared by equal uploads.
CREATE TABLE media (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    hash          text NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
    width         integer NOT NULL,
    height        integer NOT NULL,
    -- The widths that were made of it; file names are {hash}/{width}.jpg.
    widths        integer[] NOT NULL,
    -- NULL: not by a person.
    uploaded_by   uuid,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id)
);
SELECT app.distribute('media');

CREATE TABLE product_media (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    product_id    uuid NOT NULL,
    position      integer NOT NULL,
    media_id      uuid NOT NULL,
    hash          text NOT NULL,
    width         integer NOT NULL,
    height        integer NOT NULL,
    widths        integer[] NOT NULL,
    alt_id        text NOT NULL DEFAULT '' CHECK (char_length(alt_id) <= 250),
    alt_en        text NOT NULL DEFAULT '' CHECK (char_length(alt_en) <= 250),
    PRIMARY KEY (aggregator_id, product_id, position),
    CONSTRAINT product_media_once UNIQUE (aggregator_id, product_id, media_id),
    FOREIGN KEY (aggregator_id, product_id) REFERENCES products (aggregator_id, id) ON DELETE CASCADE,
    FOREIGN KEY (aggregator_id, media_id) REFERENCES media (aggregator_id, id)
);
CREATE INDEX product_media_media ON product_media (aggregator_id, media_id);
SELECT app.protect('product_media',
    'EXISTS (SELECT FROM products p WHERE p.aggregator_id = (SELECT app.aggregator_id()) AND p.id = product_id)');
SELECT app.distribute('product_media');

-- A narrowed user sees the pictures that he uploaded, and those of the products that he sees.
SELECT app.protect('media',
    '(uploaded_by = (SELECT app.merchant_scope()) OR id IN (SELECT m.media_id FROM product_media m WHERE m.aggregator_id = (SELECT app.aggregator_id())))');
