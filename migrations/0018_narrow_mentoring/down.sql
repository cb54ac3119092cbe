DO $$
DECLARE
    rule text := 'aggregator_id = (SELECT app.aggregator_id()) AND ((SELECT app.merchant_scope()) IS NULL
        OR user_id = (SELECT app.merchant_scope())
        OR user_id IN (SELECT a.user_id FROM hero_assignments a
            WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.status = ''active''))';
BEGIN
    EXECUTE format('ALTER POLICY tenant ON heroes USING (%s) WITH CHECK (%s)', rule, rule);
END $$;
