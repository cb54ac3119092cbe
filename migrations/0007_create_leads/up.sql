CREATE TABLE leads (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    -- Short and human: it stands in the buyer's WhatsApp text.
    code          text NOT NULL,
    merchant_id   uuid NOT NULL,
    product_id    uuid NOT NULL,
    source        text NOT NULL CHECK (source IN ('web', 'app', 'share', 'qr', 'whatsapp', 'instagram', 'facebook', 'tiktok', 'other')),
    locale        text NOT NULL CHECK (locale IN ('id', 'en')),
    status        text NOT NULL CHECK (status IN ('new', 'contacted', 'won', 'lost', 'spam')),
    -- The buyer's own words, sealed by the tenant's data key; kept only with consent.
    name_sealed   bytea,
    phone_sealed  bytea,
    consent_at    timestamptz CHECK (consent_at IS NOT NULL OR (name_sealed IS NULL AND phone_sealed IS NULL)),
    note          text NOT NULL DEFAULT '' CHECK (char_length(note) <= 2000),
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    CONSTRAINT leads_code_key UNIQUE (aggregator_id, code),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id),
    FOREIGN KEY (aggregator_id, product_id) REFERENCES products (aggregator_id, id)
);
CREATE INDEX leads_created ON leads (aggregator_id, created_at DESC, id DESC);
CREATE INDEX leads_merchant ON leads (aggregator_id, merchant_id, created_at DESC);
CREATE INDEX leads_product ON leads (aggregator_id, product_id);
SELECT app.protect('leads',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('leads');
