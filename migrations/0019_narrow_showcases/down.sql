ALTER POLICY tenant ON collection_products
    USING (aggregator_id = (SELECT app.aggregator_id())) WITH CHECK (aggregator_id = (SELECT app.aggregator_id()));
ALTER POLICY tenant ON slot_products
    USING (aggregator_id = (SELECT app.aggregator_id())) WITH CHECK (aggregator_id = (SELECT app.aggregator_id()));
