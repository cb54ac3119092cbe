DROP TABLE national_slot_products;
DROP TABLE slot_products;
DROP TABLE featured_slots;
DROP TABLE collection_products;
DROP TABLE collections;
DROP TABLE scores;
DROP TABLE nominations;
