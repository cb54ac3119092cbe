-- Words that an aggregator's buyers use for one thing: ["ngopi", "kopi"], ... Read by whoever answers searches.
CREATE TABLE search_synonyms (
    aggregator_id uuid PRIMARY KEY REFERENCES aggregators (id),
    -- [["kopi", "ngopi"], ..]
    groups        jsonb NOT NULL CHECK (jsonb_typeof(groups) = 'array' AND jsonb_array_length(groups) <= 500),
    version       integer NOT NULL,
    updated_at    timestamptz NOT NULL
);
SELECT app.protect('search_synonyms');
SELECT app.distribute('search_synonyms');

-- What was looked for in vain: the words alone, without who asked and when but for the day. The national storefront's
-- are the platform's.
CREATE TABLE search_misses (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    query         text NOT NULL CHECK (char_length(query) BETWEEN 1 AND 200),
    count         bigint NOT NULL CHECK (count > 0),
    last_on       date NOT NULL,
    PRIMARY KEY (aggregator_id, query)
);
CREATE INDEX search_misses_commonest ON search_misses (aggregator_id, count DESC, query);
SELECT app.protect('search_misses');
SELECT app.distribute('search_misses');
