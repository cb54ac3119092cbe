-- Collections by rules (ADR 14).
ALTER TABLE collections
    -- What belongs to it; NULL: its products are put into it by hand. In the one form that the domain's RuleText has.
    ADD COLUMN rule jsonb,
    -- Its picture.
    ADD COLUMN media_id uuid,
    ADD CONSTRAINT collections_rule_check CHECK (
        jsonb_typeof(rule) = 'object'
        AND rule ?& ARRAY['sort', 'limit']
        AND rule ->> 'sort' IN ('newest', 'price', '-price', 'name', 'stars')
        AND (rule ->> 'limit')::integer BETWEEN 1 AND 200
        -- A rule that asks for nothing would take in everything.
        AND rule - ARRAY['sort', 'limit'] <> '{}'
        AND rule - ARRAY['sort', 'limit', 'categories', 'regions', 'price_from', 'price_to', 'certificates', 'stars',
            'mutiara', 'new_days', 'tags', 'levels', 'collections'] = '{}'),
    ADD CONSTRAINT collections_media_fkey FOREIGN KEY (aggregator_id, media_id) REFERENCES media (aggregator_id, id);
CREATE INDEX collections_media ON collections (aggregator_id, media_id);

-- Which collections the rule of a collection names: what is named stays there, and a rule never leads back to itself.
CREATE TABLE collection_links (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    collection_id uuid NOT NULL,
    named_id      uuid NOT NULL,
    PRIMARY KEY (aggregator_id, collection_id, named_id),
    CONSTRAINT collection_links_collection_fkey FOREIGN KEY (aggregator_id, collection_id)
        REFERENCES collections (aggregator_id, id) ON DELETE CASCADE,
    CONSTRAINT collection_links_named_fkey FOREIGN KEY (aggregator_id, named_id) REFERENCES collections (aggregator_id, id),
    CONSTRAINT collection_links_self_check CHECK (collection_id <> named_id)
);
CREATE INDEX collection_links_named ON collection_links (aggregator_id, named_id);
SELECT app.protect('collection_links');
SELECT app.distribute('collection_links');

ALTER TABLE published_collections
    ADD COLUMN rule jsonb,
    -- Its picture or none, as the pictures of products are; its title tells it.
    ADD COLUMN images jsonb NOT NULL DEFAULT '[]';

-- Rules that order by stars: what has none stands last.
CREATE INDEX search_documents_stars
    ON search_documents (aggregator_id, locale, (coalesce(stars, 0)) DESC, published_at DESC, product_id DESC);
-- The three that rules mostly ask for carry all that the rest of a rule asks: a document itself is far wider.
DROP INDEX search_documents_related;
CREATE INDEX search_documents_related
    ON search_documents (aggregator_id, locale, category_slug, published_at DESC, product_id DESC)
    INCLUDE (name, price_minor, currency, stars, is_mutiara, level, province_code, region_code, certificates, tags);
DROP INDEX search_documents_mutiara;
CREATE INDEX search_documents_mutiara ON search_documents (aggregator_id, locale, published_at DESC, product_id DESC)
    INCLUDE (name, price_minor, currency, stars, is_mutiara, level, province_code, region_code, category_slug, certificates, tags)
    WHERE is_mutiara OR stars IS NOT NULL;
DROP INDEX search_documents_province;
CREATE INDEX search_documents_province ON search_documents (locale, province_code, published_at DESC, product_id DESC)
    INCLUDE (aggregator_id, name, price_minor, currency, stars, is_mutiara, level, region_code, category_slug, certificates, tags);
