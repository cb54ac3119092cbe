-- Local heroes (pahlawan lokal): who mentors, where, in which languages, how many merchants at most. The person is a
-- member with the role local_hero; the profile stays for the history when he is no longer.
CREATE TABLE heroes (
    aggregator_id    uuid NOT NULL REFERENCES aggregators (id),
    -- Of a person: users are not a tenant's, so it is no foreign key.
    user_id          uuid NOT NULL,
    display_name     text NOT NULL CHECK (char_length(display_name) BETWEEN 1 AND 120),
    -- E.164, sealed under the person's own key.
    phone_sealed     bytea,
    -- Plain codes or BCP 47 tags in lower case: id, jv, su, min, bug, ban.
    languages        text[] NOT NULL DEFAULT '{}' CHECK (cardinality(languages) <= 20),
    -- Merchants at most, those of assignments that are still to begin included.
    capacity         integer NOT NULL CHECK (capacity BETWEEN 0 AND 500),
    -- Where distances are measured from: a place that he gave, to about a kilometre, else the middle of a region.
    latitude         double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude        double precision CHECK (longitude BETWEEN -180 AND 180),
    home_region_code text REFERENCES regions (code),
    -- Whether he takes new merchants.
    active           boolean NOT NULL DEFAULT true,
    note             text NOT NULL DEFAULT '' CHECK (char_length(note) <= 2000),
    version          integer NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, user_id),
    CHECK ((latitude IS NULL) = (longitude IS NULL))
);
CREATE INDEX heroes_created ON heroes (aggregator_id, created_at DESC, user_id DESC);

-- Where he works: regions of any level.
CREATE TABLE hero_areas (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    user_id       uuid NOT NULL,
    region_code   text NOT NULL REFERENCES regions (code),
    PRIMARY KEY (aggregator_id, user_id, region_code),
    FOREIGN KEY (aggregator_id, user_id) REFERENCES heroes (aggregator_id, user_id)
);
CREATE INDEX hero_areas_region ON hero_areas (aggregator_id, region_code, user_id);

-- Who mentors whom, and did. A row is ended, never deleted, except with a merchant that never left draft.
CREATE TABLE hero_assignments (
    aggregator_id       uuid NOT NULL REFERENCES aggregators (id),
    id                  uuid NOT NULL,
    -- Of a person, as above: a hero who brings in a merchant needs no profile yet.
    user_id             uuid NOT NULL,
    merchant_id         uuid NOT NULL,
    status              text NOT NULL CHECK (status IN ('planned', 'active', 'ended', 'cancelled')),
    is_primary          boolean NOT NULL,
    -- First and last day, in the zone of the merchant's region.
    starts_on           date NOT NULL,
    ends_on             date,
    time_zone           text NOT NULL,
    agreement_signed_on date,
    agreement_file_id   uuid,
    -- When the worker has to look: the begin of a planned one, the end of an active one.
    next_turn_at        timestamptz,
    ended_at            timestamptz,
    assigned_by         uuid,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id) ON DELETE CASCADE,
    CONSTRAINT hero_assignments_agreement_fkey FOREIGN KEY (aggregator_id, merchant_id, agreement_file_id) REFERENCES files (aggregator_id, merchant_id, id),
    CHECK (ends_on >= starts_on),
    CHECK (agreement_file_id IS NULL OR agreement_signed_on IS NOT NULL),
    CHECK ((ended_at IS NOT NULL) = (status IN ('ended', 'cancelled'))),
    CHECK (next_turn_at IS NOT NULL OR status <> 'planned'),
    CHECK (next_turn_at IS NULL OR status IN ('planned', 'active'))
);
CREATE UNIQUE INDEX hero_assignments_primary_key ON hero_assignments (aggregator_id, merchant_id)
    WHERE is_primary AND status = 'active';
CREATE UNIQUE INDEX hero_assignments_open_key ON hero_assignments (aggregator_id, user_id, merchant_id)
    WHERE status IN ('planned', 'active');
CREATE INDEX hero_assignments_merchant ON hero_assignments (aggregator_id, merchant_id, created_at DESC, id DESC);
CREATE INDEX hero_assignments_agreement ON hero_assignments (aggregator_id, merchant_id, agreement_file_id);
CREATE INDEX hero_assignments_turn ON hero_assignments (next_turn_at) WHERE next_turn_at IS NOT NULL;

-- Whose account a merchant's own user had, kept when the role changes: who belonged to a merchant never scores it.
CREATE TABLE former_merchant_members (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    -- Of a person, as above.
    user_id       uuid NOT NULL,
    merchant_id   uuid NOT NULL,
    ended_at      timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, user_id, merchant_id),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id) ON DELETE CASCADE
);
CREATE INDEX former_merchant_members_merchant ON former_merchant_members (aggregator_id, merchant_id);

-- What a reviewer asked to be changed of a merchant, field by field; a row goes when its field changes or the merchant
-- is verified.
CREATE TABLE requested_changes (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    merchant_id   uuid NOT NULL,
    -- A JSON pointer into the merchant, or to what belongs to it: /nib, /channels/whatsapp, /documents/halal.
    pointer       text NOT NULL CHECK (char_length(pointer) BETWEEN 2 AND 60),
    reason        text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
    requested_at  timestamptz NOT NULL,
    PRIMARY KEY (aggregator_id, merchant_id, pointer),
    FOREIGN KEY (aggregator_id, merchant_id) REFERENCES merchants (aggregator_id, id) ON DELETE CASCADE
);

SELECT app.protect('hero_assignments',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
-- A hero sees himself; whoever sees a merchant sees the heroes who mentor it now.
SELECT app.protect('heroes',
    '(user_id = (SELECT app.merchant_scope()) OR user_id IN (SELECT a.user_id FROM hero_assignments a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.status = ''active''))');
SELECT app.protect('hero_areas',
    'user_id IN (SELECT h.user_id FROM heroes h WHERE h.aggregator_id = (SELECT app.aggregator_id()))');
SELECT app.protect('former_merchant_members', 'user_id = (SELECT app.merchant_scope())');
SELECT app.protect('requested_changes',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.distribute('heroes');
SELECT app.distribute('hero_areas');
SELECT app.distribute('hero_assignments');
SELECT app.distribute('former_merchant_members');
SELECT app.distribute('requested_changes');

-- National figures count a business once, whoever carries it.
CREATE INDEX merchants_nib ON merchants (nib) WHERE nib IS NOT NULL AND status <> 'archived';
