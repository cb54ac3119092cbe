-- Whether somebody has joined as the merchant itself. A narrowed transaction sees its own user's rows of merchant_access
-- alone, yet a hero must know whether the merchant acts for itself: this tells that, and not who it is.
CREATE POLICY accounts ON merchant_access FOR SELECT TO CURRENT_USER USING (kind = 'member');
CREATE FUNCTION app.has_account(merchant uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM merchant_access a
        WHERE a.aggregator_id = app.aggregator_id() AND a.merchant_id = merchant AND a.kind = 'member')
$$;
REVOKE EXECUTE ON FUNCTION app.has_account(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.has_account(uuid) TO kapal_app;

-- Whoever sees a merchant sees the heroes who mentor it now: found from what the user sees, not from all assignments.
ALTER POLICY tenant ON heroes USING (aggregator_id = (SELECT app.aggregator_id()) AND ((SELECT app.merchant_scope()) IS NULL
    OR user_id = (SELECT app.merchant_scope())
    OR user_id IN (SELECT h.user_id FROM merchant_access a
        JOIN hero_assignments h ON h.aggregator_id = a.aggregator_id AND h.merchant_id = a.merchant_id AND h.status = 'active'
        WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))));
