-- The inbox of leads: how a lead came, who was answered when, what came of it.
ALTER TABLE leads
    -- What the buyer did: asked by an app, or pressed a link that opens WhatsApp.
    ADD COLUMN kind text NOT NULL DEFAULT 'contact' CHECK (kind IN ('contact', 'click')),
    -- Where the link stood, in the words of whoever put it there.
    ADD COLUMN channel text CHECK (char_length(channel) BETWEEN 1 AND 60),
    ADD COLUMN utm jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(utm) = 'object'),
    -- What the product was shown in. Not foreign keys: a slot may be the platform's, and a lead outlives both.
    ADD COLUMN collection_id uuid,
    ADD COLUMN slot_id uuid,
    -- When it first moved on from new.
    ADD COLUMN answered_at timestamptz,
    ADD COLUMN outcome text NOT NULL DEFAULT '' CHECK (char_length(outcome) <= 500),
    ADD COLUMN won_minor bigint CHECK (won_minor > 0),
    ADD COLUMN won_currency text,
    -- When those concerned are reminded of a lead that nobody answered; NULL once they were, or it was.
    ADD COLUMN remind_at timestamptz,
    ADD CONSTRAINT leads_won_check
        CHECK ((won_minor IS NULL) = (won_currency IS NULL) AND (won_minor IS NULL OR status = 'won')),
    ADD CONSTRAINT leads_remind_check CHECK (remind_at IS NULL OR status = 'new');
CREATE INDEX leads_updated ON leads (aggregator_id, updated_at DESC, id DESC);
CREATE INDEX leads_remind ON leads (remind_at) WHERE remind_at IS NOT NULL;

-- Who pressed a link a moment ago, as a keyed hash whose key changes each day: a second press is no second lead. Rows are
-- deleted as soon as they are over.
CREATE TABLE recent_clicks (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    product_id    uuid NOT NULL,
    visitor       bytea NOT NULL CHECK (octet_length(visitor) = 32),
    -- The lead's code.
    code          text NOT NULL,
    until         timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, product_id, visitor)
);
CREATE INDEX recent_clicks_until ON recent_clicks (until);
SELECT app.protect('recent_clicks', 'product_id IN (SELECT p.id FROM merchant_access a
            JOIN products p ON p.aggregator_id = a.aggregator_id AND p.merchant_id = a.merchant_id
            WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.hide_restricted_products('recent_clicks');
SELECT app.distribute('recent_clicks');

-- Codes of /go name a product by the end of its id, which never changes: see the domain's LinkCode.
CREATE INDEX published_products_link ON published_products (right(id::text, 16));
