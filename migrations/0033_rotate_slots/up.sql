-- Fair rotation of featured slots (ADR 13).
ALTER TABLE featured_slots
    DROP CONSTRAINT featured_slots_mode_check,
    ADD CONSTRAINT featured_slots_mode_check CHECK (mode IN ('fixed', 'rotating')),
    -- Several lines of one place stand below each other: rows of home, and of the national home.
    ADD COLUMN line smallint NOT NULL DEFAULT 1 CHECK (line BETWEEN 1 AND 20),
    -- How a rotation goes: products side by side, hours of a window, and the windows that a province waits at most.
    ADD COLUMN places smallint CHECK (places BETWEEN 1 AND 12),
    ADD COLUMN window_hours smallint CHECK (window_hours BETWEEN 1 AND 168),
    ADD COLUMN longest_wait smallint CHECK (longest_wait BETWEEN 1 AND 365),
    -- The number of the window that was drawn last.
    ADD COLUMN drawn bigint NOT NULL DEFAULT 0 CHECK (drawn >= 0),
    ADD CONSTRAINT featured_slots_one_line_check CHECK (line = 1 OR place IN ('home_row', 'national')),
    ADD CONSTRAINT featured_slots_rules_check
        CHECK (num_nonnulls(places, window_hours, longest_wait) = CASE mode WHEN 'rotating' THEN 3 ELSE 0 END);
CREATE INDEX featured_slots_place ON featured_slots (aggregator_id, place, line);

-- The windows of rotations, what stood in them, and where each province stood after them. No foreign key to the slot: what
-- was shown stays known after a booking is deleted.
CREATE TABLE slot_windows (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    slot_id       uuid NOT NULL,
    number        bigint NOT NULL,
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL CHECK (ends_at > starts_at),
    -- Products that stood in it.
    shown         smallint NOT NULL CHECK (shown BETWEEN 0 AND 12),
    PRIMARY KEY (aggregator_id, slot_id, number)
);
CREATE INDEX slot_windows_time ON slot_windows (aggregator_id, starts_at);
SELECT app.protect('slot_windows');
SELECT app.append_only('slot_windows');
SELECT app.distribute('slot_windows');

CREATE TABLE slot_exposures (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    slot_id       uuid NOT NULL,
    number        bigint NOT NULL,
    position      smallint NOT NULL,
    -- Steps in when one of the others is taken off the storefront before the window ends; no exposure.
    is_reserve    boolean NOT NULL,
    -- Not foreign keys: the platform shows products of other tenants.
    origin_id     uuid NOT NULL,
    product_id    uuid NOT NULL,
    province_code text NOT NULL,
    why           text NOT NULL CHECK (why IN ('owed', 'waited')),
    -- Windows that its province had gone unshown, and what it was owed then, in billionths of an exposure.
    waited        integer NOT NULL,
    owed          bigint NOT NULL,
    PRIMARY KEY (aggregator_id, slot_id, number, position),
    FOREIGN KEY (aggregator_id, slot_id, number) REFERENCES slot_windows (aggregator_id, slot_id, number)
);
CREATE INDEX slot_exposures_product ON slot_exposures (aggregator_id, slot_id, product_id, number);
SELECT app.protect('slot_exposures', 'product_id IN (SELECT p.id FROM merchant_access a
            JOIN products p ON p.aggregator_id = a.aggregator_id AND p.merchant_id = a.merchant_id
            WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.hide_restricted_products('slot_exposures');
SELECT app.append_only('slot_exposures');
SELECT app.distribute('slot_exposures');

CREATE TABLE slot_provinces (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    slot_id       uuid NOT NULL,
    number        bigint NOT NULL,
    province_code text NOT NULL,
    -- Merchants with eligible products, and the part of all exposures that follows, in billionths.
    merchants     integer NOT NULL,
    target        bigint NOT NULL,
    shown         smallint NOT NULL,
    -- After this window: what the province is owed, and the windows since it was last shown.
    credit        bigint NOT NULL,
    waited        integer NOT NULL,
    PRIMARY KEY (aggregator_id, slot_id, number, province_code),
    FOREIGN KEY (aggregator_id, slot_id, number) REFERENCES slot_windows (aggregator_id, slot_id, number)
);
SELECT app.protect('slot_provinces');
SELECT app.append_only('slot_provinces');
SELECT app.distribute('slot_provinces');

ALTER TABLE published_slots
    ADD COLUMN line smallint NOT NULL DEFAULT 1,
    ADD COLUMN mode text NOT NULL DEFAULT 'fixed',
    -- How many of the products are shown side by side; those after them step in for what is taken away.
    ADD COLUMN places smallint NOT NULL DEFAULT 12;
