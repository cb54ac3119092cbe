DROP FUNCTION app.count_of_media();
ALTER TABLE search_documents DROP COLUMN preview;
DROP FUNCTION app.preview_hash(uuid, text, bigint, text, text, text, jsonb, text);
ALTER TABLE published_products DROP COLUMN video_url;
ALTER TABLE products DROP COLUMN video_url;
ALTER TABLE product_media DROP COLUMN blurhash;
DROP INDEX media_hash;
ALTER TABLE media DROP COLUMN unused_since, DROP COLUMN blurhash;
DROP TABLE stored_pictures;
