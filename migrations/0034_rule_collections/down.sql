DROP INDEX search_documents_province;
CREATE INDEX search_documents_province ON search_documents (locale, province_code, published_at DESC, product_id DESC);
DROP INDEX search_documents_mutiara;
CREATE INDEX search_documents_mutiara ON search_documents (aggregator_id, locale, published_at DESC, product_id DESC)
    WHERE is_mutiara OR stars IS NOT NULL;
DROP INDEX search_documents_related;
CREATE INDEX search_documents_related ON search_documents (aggregator_id, locale, category_slug, published_at DESC, product_id DESC);
DROP INDEX search_documents_stars;
ALTER TABLE published_collections DROP COLUMN images, DROP COLUMN rule;
DROP TABLE collection_links;
ALTER TABLE collections DROP COLUMN media_id, DROP COLUMN rule;
