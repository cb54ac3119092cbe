DROP TABLE reference_editions;
DROP TABLE categories;
DROP TABLE regions;
