DROP TABLE action_items;
DROP TABLE merchant_pins;
DROP TABLE visit_confirmations;
DROP TABLE visit_photos;
DROP TABLE visit_versions;
DROP TABLE visits;
