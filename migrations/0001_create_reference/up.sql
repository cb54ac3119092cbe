-- Reference data: small, global, read by every role, written by `kapal migrate` and the operator.
CREATE TABLE regions (
    code        text PRIMARY KEY CHECK (code ~ '^\d{2}(\.\d{2}(\.\d{2}(\.\d{4})?)?)?$'),
    parent_code text REFERENCES regions (code),
    level       text NOT NULL CHECK (level IN ('province', 'regency', 'district', 'village')),
    name        text NOT NULL,
    latitude    double precision NOT NULL,
    longitude   double precision NOT NULL,
    active      boolean NOT NULL DEFAULT true,
    -- The name in lower case without "Kabupaten", "Kota" and punctuation: what a search looks at.
    search_name text NOT NULL
);
CREATE INDEX regions_parent ON regions (parent_code, name);
GRANT SELECT ON regions TO kapal_app, kapal_public, kapal_identity;
GRANT SELECT, INSERT, UPDATE ON regions TO kapal_ops;

CREATE TABLE categories (
    id         uuid PRIMARY KEY,
    slug       text NOT NULL CONSTRAINT categories_slug_key UNIQUE,
    parent_id  uuid REFERENCES categories (id),
    name_id    text NOT NULL CHECK (char_length(name_id) BETWEEN 1 AND 80),
    name_en    text NOT NULL CHECK (char_length(name_en) BETWEEN 1 AND 80),
    position   integer NOT NULL DEFAULT 0,
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX categories_parent ON categories (parent_id);
GRANT SELECT ON categories TO kapal_app, kapal_public;
GRANT SELECT, INSERT, UPDATE ON categories TO kapal_ops;

-- Which edition of the embedded reference data was loaded, so that a start does not load it again.
CREATE TABLE reference_editions (
    name   text PRIMARY KEY,
    sha256 text NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON reference_editions TO kapal_ops;
