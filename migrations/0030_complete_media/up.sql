-- Which pictures have files in the object store, whoever they are of: uploads and previews, by the hash that names their
-- files. A row is written before its files and goes after them, so that no file is ever forgotten. `stored_at` is new
-- whenever somebody is about to need the files: what was noted lately is not deleted.
CREATE TABLE stored_pictures (
    hash      text PRIMARY KEY CHECK (hash ~ '^[0-9a-f]{64}$'),
    stored_at timestamptz NOT NULL
);
CREATE INDEX stored_pictures_stored ON stored_pictures (stored_at, hash);
GRANT SELECT, INSERT, UPDATE ON stored_pictures TO kapal_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON stored_pictures TO kapal_ops;
-- The owner of the table is under its row security too.
ALTER TABLE media NO FORCE ROW LEVEL SECURITY;
INSERT INTO stored_pictures (hash, stored_at) SELECT hash, max(created_at) FROM media GROUP BY hash;
ALTER TABLE media FORCE ROW LEVEL SECURITY;

-- Colours to show until the picture has arrived (BlurHash); NULL for uploads from before there were any.
ALTER TABLE media ADD COLUMN blurhash text CHECK (char_length(blurhash) BETWEEN 6 AND 100);
-- Since when nothing shows the picture; NULL while something does, or until somebody looked.
ALTER TABLE media ADD COLUMN unused_since timestamptz;
CREATE INDEX media_unused ON media (aggregator_id, unused_since) WHERE unused_since IS NOT NULL;
CREATE INDEX media_hash ON media (hash);
ALTER TABLE product_media ADD COLUMN blurhash text CHECK (char_length(blurhash) BETWEEN 6 AND 100);

-- A short video about the product, on the network that plays it, by its canonical address.
ALTER TABLE products ADD COLUMN video_url text CHECK (video_url ~ '^https://' AND char_length(video_url) <= 300);
ALTER TABLE published_products ADD COLUMN video_url text;

-- Names the preview of a product's link by all that is drawn on it: another price is another picture at another address.
-- The first item is the version of the drawing itself.
CREATE FUNCTION app.preview_hash(
    product uuid, name text, price_minor bigint, currency text, merchant_name text, region_name text, images jsonb,
    locale text
) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN encode(sha256(convert_to(jsonb_build_array(
        1, product, name, price_minor, currency, merchant_name, region_name, images -> 0 ->> 'hash', locale)::text, 'UTF8')), 'hex');
END $$;
REVOKE EXECUTE ON FUNCTION app.preview_hash(uuid, text, bigint, text, text, text, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.preview_hash(uuid, text, bigint, text, text, text, jsonb, text) TO kapal_app, kapal_ops;
ALTER TABLE search_documents ADD COLUMN preview text NOT NULL GENERATED ALWAYS AS (
    app.preview_hash(product_id, name, price_minor, currency, merchant_name, region_name, images, locale)) STORED;
CREATE INDEX search_documents_preview ON search_documents USING hash (preview);

-- How many pictures the tenant has, whatever part of them the transaction sees: see app.bytes_of_files.
CREATE FUNCTION app.count_of_media() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    scope text := coalesce(current_setting('app.merchant_scope', true), '');
    mode text := app.restricted_mode();
    total bigint;
BEGIN
    SET LOCAL app.merchant_scope = '';
    SET LOCAL app.restricted_mode = 'seen';
    SELECT count(*) INTO total FROM media WHERE aggregator_id = (SELECT app.aggregator_id());
    EXECUTE format('SET LOCAL app.merchant_scope = %L', scope);
    EXECUTE format('SET LOCAL app.restricted_mode = %L', mode);
    RETURN total;
END $$;
REVOKE EXECUTE ON FUNCTION app.count_of_media() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.count_of_media() TO kapal_app;
