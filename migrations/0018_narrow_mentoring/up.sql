-- Whoever sees a merchant sees the heroes who mentor it now: found from what the user sees, not from all assignments.
DO $$
DECLARE
    rule text := 'aggregator_id = (SELECT app.aggregator_id()) AND ((SELECT app.merchant_scope()) IS NULL
        OR user_id = (SELECT app.merchant_scope())
        OR user_id IN (SELECT h.user_id FROM merchant_access a
            JOIN hero_assignments h ON h.aggregator_id = a.aggregator_id AND h.merchant_id = a.merchant_id AND h.status = ''active''
            WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope())))';
BEGIN
    EXECUTE format('ALTER POLICY tenant ON heroes USING (%s) WITH CHECK (%s)', rule, rule);
END $$;
