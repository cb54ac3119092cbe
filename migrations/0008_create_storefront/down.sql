DROP TABLE published_slots;
DROP TABLE published_collections;
DROP TABLE search_documents;
DROP TABLE published_products;
DROP TABLE published_merchants;
DROP TABLE published_aggregators;
