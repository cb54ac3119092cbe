DROP INDEX published_products_mutiara_national;
DROP INDEX published_products_mutiara;
ALTER TABLE published_products DROP COLUMN mutiara_at;
