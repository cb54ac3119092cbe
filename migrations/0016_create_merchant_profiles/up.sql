-- What a merchant tells about the business beyond what every list shows. One row at most; none means nothing told yet.
-- Its version is the merchant's.
CREATE TABLE merchant_profiles (
    aggregator_id         uuid NOT NULL REFERENCES aggregators (id),
    merchant_id           uuid NOT NULL,
    business_form         text CHECK (business_form IN ('perorangan', 'cv', 'firma', 'pt', 'pt_perorangan', 'koperasi', 'yayasan', 'bumdes', 'kelompok')),
    -- The same code means another thing in another edition.
    kbli_version          text CHECK (kbli_version IN ('2020', '2025')),
    kbli_code             text CHECK (kbli_code ~ '^\d{5}$'),
    founded_year          integer CHECK (founded_year >= 1800),
    workers_total         integer CHECK (workers_total BETWEEN 0 AND 100000),
    workers_women         integer CHECK (workers_women BETWEEN 0 AND coalesce(workers_total, 100000)),
    workers_youth         integer CHECK (workers_youth BETWEEN 0 AND coalesce(workers_total, 100000)),
    workers_disability    integer CHECK (workers_disability BETWEEN 0 AND coalesce(workers_total, 100000)),
    -- For staff alone: never on a storefront.
    address               text CHECK (char_length(address) BETWEEN 5 AND 500),
    latitude              double precision CHECK (latitude BETWEEN -11.2 AND 6.3),
    longitude             double precision CHECK (longitude BETWEEN 94.7 AND 141.1),
    -- The story in English; the Indonesian one is the merchant's own.
    story_en              text NOT NULL DEFAULT '' CHECK (char_length(story_en) <= 5000),
    logo_id               uuid,
    -- Who agreed to the story being shown, and who took the consent. Withdrawn: the story is on no storefront.
    story_consent_on      date,
    story_consent_channel text CHECK (story_consent_channel IN ('app', 'paper', 'whatsapp')),
    story_consent_by      uuid,
    story_withdrawn_on    date,
    PRIMARY KEY (aggregator_id, merchant_id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id) ON DELETE CASCADE,
    FOREIGN KEY (aggregator_id, logo_id) REFERENCES media (aggregator_id, id),
    CHECK ((kbli_version IS NULL) = (kbli_code IS NULL)),
    CHECK ((latitude IS NULL) = (longitude IS NULL)),
    CHECK ((story_consent_on IS NULL) = (story_consent_channel IS NULL))
);
CREATE INDEX merchant_profiles_logo ON merchant_profiles (aggregator_id, logo_id);
SELECT app.protect('merchant_profiles',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('merchant_profiles');

-- Each class that a merchant was ever in, and why. The newest is the merchant's own; NULL means that it was taken away.
CREATE TABLE merchant_scales (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    merchant_id   uuid NOT NULL,
    scale         text CHECK (scale IN ('micro', 'small', 'medium')),
    basis         text CHECK (basis IN ('declared', 'capital', 'sales')),
    -- Which year the figure is of.
    year          integer CHECK (year >= 1800),
    -- Capital or yearly sales in rupiah, sealed for the merchant.
    amount_sealed bytea,
    recorded_by   uuid,
    recorded_at   timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id) ON DELETE CASCADE,
    CHECK ((scale IS NULL) = (basis IS NULL)),
    CHECK ((amount_sealed IS NOT NULL) = (basis IS NOT NULL AND basis <> 'declared'))
);
CREATE INDEX merchant_scales_merchant ON merchant_scales (aggregator_id, merchant_id, recorded_at DESC, id DESC);
SELECT app.protect('merchant_scales',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.append_only('merchant_scales');
SELECT app.distribute('merchant_scales');

-- Where a merchant is paid. Number and holder are sealed for the merchant.
CREATE TABLE bank_accounts (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    merchant_id   uuid NOT NULL,
    bank_code     text CHECK (bank_code ~ '^\d{3}$'),
    bank_name     text NOT NULL CHECK (char_length(bank_name) BETWEEN 2 AND 60),
    number_sealed bytea NOT NULL,
    holder_sealed bytea NOT NULL,
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, merchant_id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id) ON DELETE CASCADE
);
SELECT app.protect('bank_accounts',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('bank_accounts');

ALTER TABLE published_merchants
    ADD COLUMN story_en text NOT NULL DEFAULT '',
    -- None or one: [{"hash", "width", "height", "widths", "alt_id", "alt_en"}]
    ADD COLUMN logo     jsonb NOT NULL DEFAULT '[]';
