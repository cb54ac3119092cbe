DROP INDEX search_documents_stars;
ALTER TABLE published_collections DROP COLUMN images, DROP COLUMN rule;
DROP TABLE collection_links;
ALTER TABLE collections DROP COLUMN media_id, DROP COLUMN rule;
