-- How much an aggregator lets what is known of a product besides its words raise it in searches, in per cent of the score of
-- the words. An aggregator without a row uses the standard ones of the domain.
CREATE TABLE search_weights (
    aggregator_id  uuid PRIMARY KEY REFERENCES aggregators (id),
    mutiara        smallint NOT NULL CHECK (mutiara BETWEEN 0 AND 100),
    -- Each star.
    each_star           smallint NOT NULL CHECK (each_star BETWEEN 0 AND 20),
    in_stock       smallint NOT NULL CHECK (in_stock BETWEEN 0 AND 100),
    -- On the day of publication; half of it after half_life_days.
    fresh          smallint NOT NULL CHECK (fresh BETWEEN 0 AND 100),
    half_life_days smallint NOT NULL CHECK (half_life_days BETWEEN 1 AND 1000),
    version        integer NOT NULL,
    updated_at     timestamptz NOT NULL
);
SELECT app.protect('search_weights');
SELECT app.distribute('search_weights');
