-- Since when a product is mutiara: what tells of new ones needs their order. NULL where it is none, and where it has not
-- been shown anew since this column came.
ALTER TABLE published_products ADD COLUMN mutiara_at timestamptz;
CREATE INDEX published_products_mutiara ON published_products (aggregator_id, mutiara_at DESC) WHERE mutiara_at IS NOT NULL;
CREATE INDEX published_products_mutiara_national ON published_products (mutiara_at DESC) WHERE mutiara_at IS NOT NULL;
