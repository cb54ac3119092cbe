DROP TABLE search_weights;
