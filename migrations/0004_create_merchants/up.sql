-- Which merchants a narrowed member sees: the hero's assigned ones, the merchant account's own.
CREATE TABLE merchant_access (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    user_id       uuid NOT NULL,
    merchant_id   uuid NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('hero', 'member')),
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, user_id, merchant_id)
);
CREATE INDEX merchant_access_merchant ON merchant_access (aggregator_id, merchant_id);
SELECT app.protect('merchant_access', 'user_id = (SELECT app.merchant_scope())');
CREATE POLICY identity ON merchant_access FOR INSERT TO kapal_identity WITH CHECK (true);
GRANT INSERT ON merchant_access TO kapal_identity;
SELECT app.distribute('merchant_access');

CREATE TABLE merchants (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    slug          text NOT NULL,
    name          text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    legal_name    text CHECK (char_length(legal_name) BETWEEN 1 AND 200),
    status        text NOT NULL CHECK (status IN ('draft', 'submitted', 'needs_changes', 'active', 'suspended', 'archived')),
    region_code   text NOT NULL REFERENCES regions (code),
    scale         text CHECK (scale IN ('micro', 'small', 'medium')),
    scale_basis   text CHECK (scale_basis IN ('declared', 'capital', 'sales')),
    nib           text CHECK (nib ~ '^\d{13}$'),
    phone         text NOT NULL CHECK (phone ~ '^\+[1-9]\d{6,14}$'),
    story         text NOT NULL DEFAULT '' CHECK (char_length(story) <= 5000),
    -- What the reviewer asked for, or why the merchant was suspended.
    status_reason text CHECK (char_length(status_reason) <= 2000),
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    CONSTRAINT merchants_slug_key UNIQUE (aggregator_id, slug),
    CHECK ((scale IS NULL) = (scale_basis IS NULL))
);
CREATE UNIQUE INDEX merchants_nib_key ON merchants (aggregator_id, nib) WHERE status <> 'archived';
CREATE INDEX merchants_created ON merchants (aggregator_id, created_at DESC, id DESC);
CREATE INDEX merchants_name ON merchants (aggregator_id, lower(name), id);
CREATE INDEX merchants_status ON merchants (aggregator_id, status, created_at DESC, id DESC);
CREATE INDEX merchants_region ON merchants (region_code);
SELECT app.protect('merchants',
    'id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('merchants');

ALTER TABLE invitations ADD CONSTRAINT invitations_merchant_fkey
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id) ON DELETE CASCADE;
CREATE INDEX invitations_merchant ON invitations (aggregator_id, merchant_id);

CREATE TABLE channels (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    merchant_id   uuid NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('whatsapp', 'instagram', 'facebook', 'tiktok', 'shopee', 'tokopedia', 'website')),
    handle        text NOT NULL CHECK (char_length(handle) BETWEEN 1 AND 300),
    active        boolean NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, merchant_id, kind),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id) ON DELETE CASCADE
);
SELECT app.protect('channels',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('channels');
