CREATE TABLE nominations (
    aggregator_id   uuid NOT NULL REFERENCES aggregators (id),
    id              uuid NOT NULL,
    product_id      uuid NOT NULL,
    nominated_by    uuid,
    reason          text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 2000),
    status          text NOT NULL CHECK (status IN ('open', 'in_review', 'accepted', 'declined', 'withdrawn', 'appealed', 'expired', 'revoked')),
    decision_reason text CHECK (char_length(decision_reason) BETWEEN 1 AND 2000),
    -- What the merchant should do next, one line each; a refusal names at least one.
    actions         text[] NOT NULL DEFAULT '{}',
    decided_by      uuid,
    decided_at      timestamptz,
    -- Average of the reviewers in hundredths of a point (0 to 10,000), and its stars.
    score           integer CHECK (score BETWEEN 0 AND 10000),
    stars           smallint CHECK (stars BETWEEN 1 AND 5),
    valid_until     timestamptz,
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    FOREIGN KEY (aggregator_id, product_id) REFERENCES products (aggregator_id, id),
    CHECK (status <> 'declined' OR cardinality(actions) > 0)
);
CREATE UNIQUE INDEX nominations_running_key ON nominations (aggregator_id, product_id)
    WHERE status IN ('open', 'in_review', 'appealed', 'accepted');
CREATE INDEX nominations_product ON nominations (aggregator_id, product_id);
CREATE INDEX nominations_created ON nominations (aggregator_id, created_at DESC, id DESC);
SELECT app.protect('nominations',
    'product_id IN (SELECT p.id FROM products p WHERE p.aggregator_id = (SELECT app.aggregator_id()))');
SELECT app.distribute('nominations');

CREATE TABLE scores (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    nomination_id uuid NOT NULL,
    reviewer_id   uuid NOT NULL,
    -- Points 1 to 5 by criterion key, and their weighted total in hundredths of a point.
    points        jsonb NOT NULL,
    total         integer NOT NULL CHECK (total BETWEEN 0 AND 10000),
    comment       text NOT NULL DEFAULT '' CHECK (char_length(comment) <= 2000),
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, nomination_id, reviewer_id),
    FOREIGN KEY (aggregator_id, nomination_id) REFERENCES nominations (aggregator_id, id)
);
SELECT app.protect('scores',
    'nomination_id IN (SELECT n.id FROM nominations n WHERE n.aggregator_id = (SELECT app.aggregator_id()))');
SELECT app.distribute('scores');

CREATE TABLE collections (
    aggregator_id  uuid NOT NULL REFERENCES aggregators (id),
    id             uuid NOT NULL,
    slug           text NOT NULL,
    title_id       text NOT NULL CHECK (char_length(title_id) BETWEEN 1 AND 120),
    title_en       text NOT NULL DEFAULT '' CHECK (char_length(title_en) <= 120),
    description_id text NOT NULL DEFAULT '' CHECK (char_length(description_id) <= 2000),
    description_en text NOT NULL DEFAULT '' CHECK (char_length(description_en) <= 2000),
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz CHECK (ends_at > starts_at),
    -- As in featured_slots.
    next_turn_at   timestamptz,
    version        integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    CONSTRAINT collections_slug_key UNIQUE (aggregator_id, slug)
);
CREATE INDEX collections_turn ON collections (next_turn_at) WHERE next_turn_at IS NOT NULL;
SELECT app.protect('collections');
SELECT app.distribute('collections');

CREATE TABLE collection_products (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    collection_id uuid NOT NULL,
    position      integer NOT NULL,
    product_id    uuid NOT NULL,
    PRIMARY KEY (aggregator_id, collection_id, position),
    CONSTRAINT collection_products_once UNIQUE (aggregator_id, collection_id, product_id),
    FOREIGN KEY (aggregator_id, collection_id) REFERENCES collections (aggregator_id, id) ON DELETE CASCADE,
    FOREIGN KEY (aggregator_id, product_id) REFERENCES products (aggregator_id, id) ON DELETE CASCADE
);
CREATE INDEX collection_products_product ON collection_products (aggregator_id, product_id);
SELECT app.protect('collection_products');
SELECT app.distribute('collection_products');

CREATE TABLE featured_slots (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    id            uuid NOT NULL,
    place         text NOT NULL CHECK (place IN ('home_hero', 'home_row', 'category_top', 'national')),
    category_id   uuid REFERENCES categories (id) CHECK ((place = 'category_top') = (category_id IS NOT NULL)),
    -- How the places are filled: products named one by one now; a rotation comes beside it.
    mode          text NOT NULL CHECK (mode IN ('fixed')),
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz CHECK (ends_at > starts_at),
    time_zone     text NOT NULL,
    -- The next moment at which the slot begins or ends: the worker writes `slot.turned` then. NULL when none is left.
    next_turn_at  timestamptz,
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id)
);
CREATE INDEX featured_slots_turn ON featured_slots (next_turn_at) WHERE next_turn_at IS NOT NULL;
CREATE INDEX featured_slots_category ON featured_slots (category_id);
SELECT app.protect('featured_slots');
SELECT app.distribute('featured_slots');

CREATE TABLE slot_products (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    slot_id       uuid NOT NULL,
    position      integer NOT NULL,
    product_id    uuid NOT NULL,
    PRIMARY KEY (aggregator_id, slot_id, position),
    CONSTRAINT slot_products_once UNIQUE (aggregator_id, slot_id, product_id),
    FOREIGN KEY (aggregator_id, slot_id) REFERENCES featured_slots (aggregator_id, id) ON DELETE CASCADE,
    FOREIGN KEY (aggregator_id, product_id) REFERENCES products (aggregator_id, id) ON DELETE CASCADE
);
CREATE INDEX slot_products_product ON slot_products (aggregator_id, product_id);
SELECT app.protect('slot_products');
SELECT app.distribute('slot_products');

-- What stands in the platform's own slots: products of other tenants, so not foreign keys.
CREATE TABLE national_slot_products (
    aggregator_id        uuid NOT NULL REFERENCES aggregators (id),
    slot_id              uuid NOT NULL,
    position             integer NOT NULL,
    origin_aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    product_id           uuid NOT NULL,
    PRIMARY KEY (aggregator_id, slot_id, position),
    FOREIGN KEY (aggregator_id, slot_id) REFERENCES featured_slots (aggregator_id, id) ON DELETE CASCADE
);
CREATE INDEX national_slot_products_origin ON national_slot_products (origin_aggregator_id);
SELECT app.protect('national_slot_products');
SELECT app.distribute('national_slot_products');
