-- What is said of a restricted merchant's products where only the product is named: nominations, their scores, and the
-- places in collections and slots.
SELECT app.hide_restricted_products('nominations');
SELECT app.hide_restricted_products('collection_products');
SELECT app.hide_restricted_products('slot_products');
SELECT app.hide_restricted_by('scores',
    'EXISTS (SELECT FROM nominations n WHERE n.aggregator_id = (SELECT app.aggregator_id()) AND n.id = nomination_id AND '
    || app.of_free_product('n.product_id') || ')');
