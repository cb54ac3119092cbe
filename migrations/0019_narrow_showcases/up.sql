-- What stands in a collection or a slot: a narrowed user is told of the products of his merchants alone.
DO $$
DECLARE
    name text;
    rule text := 'aggregator_id = (SELECT app.aggregator_id()) AND ((SELECT app.merchant_scope()) IS NULL
        OR product_id IN (SELECT p.id FROM merchant_access a
            JOIN products p ON p.aggregator_id = a.aggregator_id AND p.merchant_id = a.merchant_id
            WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope())))';
BEGIN
    FOREACH name IN ARRAY ARRAY['collection_products', 'slot_products'] LOOP
        EXECUTE format('ALTER POLICY tenant ON %I USING (%s) WITH CHECK (%s)', name, rule, rule);
    END LOOP;
END $$;
