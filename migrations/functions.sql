-- Applied before the migrations at every `kapal migrate`: each statement replaces itself.
CREATE SCHEMA IF NOT EXISTS app;
GRANT USAGE ON SCHEMA app TO kapal_app, kapal_public, kapal_identity, kapal_ops;

-- The tenant of this transaction; NULL (so: no rows) when unset. After COMMIT the setting is '', hence nullif.
CREATE OR REPLACE FUNCTION app.aggregator_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('app.aggregator_id', true), '')::uuid $$;

-- The user whose assigned or own merchants this transaction is narrowed to; NULL when it sees the whole tenant.
CREATE OR REPLACE FUNCTION app.merchant_scope() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('app.merchant_scope', true), '')::uuid $$;

-- How a transaction meets merchants whose processing is restricted (UU 27/2022, article 41): '' hides them, 'seen' lets
-- them be read, 'handled' lets the request about them be carried out.
CREATE OR REPLACE FUNCTION app.restricted_mode() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(current_setting('app.restricted_mode', true), '') $$;

-- The time in an audit entry. RFC 3339 with `Z` means the same under every setting, which PostgreSQL can't know.
CREATE OR REPLACE FUNCTION app.instant(rfc3339 text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT rfc3339::timestamptz $$;

-- The only way to set a tenant. A real SET LOCAL, since set_config(.., true) never reaches Citus's workers.
DROP FUNCTION IF EXISTS app.set_tenant(uuid, uuid, integer);
CREATE OR REPLACE FUNCTION app.set_tenant(tenant uuid, narrowed_to uuid, timeout_ms integer, restricted_mode text DEFAULT '')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL app.aggregator_id = %L', tenant);
    IF narrowed_to IS NOT NULL THEN
        EXECUTE format('SET LOCAL app.merchant_scope = %L', narrowed_to);
    END IF;
    IF restricted_mode <> '' THEN
        EXECUTE format('SET LOCAL app.restricted_mode = %L', restricted_mode);
    END IF;
    EXECUTE format('SET LOCAL statement_timeout = %L', timeout_ms);
END $$;

-- Makes a table a tenant's: forced row security, the tenant policy for kapal_app, all rows for kapal_ops. `narrow` is
-- what a row must fulfil besides when the transaction is narrowed to one user's merchants.
CREATE OR REPLACE FUNCTION app.protect(name text, narrow text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rule text := 'aggregator_id = (SELECT app.aggregator_id())';
BEGIN
    IF narrow IS NOT NULL THEN
        rule := rule || ' AND ((SELECT app.merchant_scope()) IS NULL OR ' || narrow || ')';
    END IF;
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON %I TO kapal_app USING (%s) WITH CHECK (%s)', name, rule, rule);
    EXECUTE format('CREATE POLICY operations ON %I TO kapal_ops USING (true) WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO kapal_app, kapal_ops', name);
END $$;

-- Keeps a table's rows about restricted merchants out of every list, figure and export, and refuses their change, unless
-- the transaction says that it handles the restriction. A write is refused by name, a delete finds nothing. The list is a
-- table of its own: a policy that asked merchants would itself be under merchants' policy.
CREATE OR REPLACE FUNCTION app.hide_restricted(name text, merchant text DEFAULT 'merchant_id') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM app.hide_restricted_by(name,
        format('%I NOT IN (SELECT r.merchant_id FROM restrictions r WHERE r.aggregator_id = (SELECT app.aggregator_id()))', merchant));
END $$;

-- The same for a table that names a product alone.
CREATE OR REPLACE FUNCTION app.hide_restricted_products(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM app.hide_restricted_by(name, app.of_free_product('product_id'));
END $$;

-- The condition that a product is of no restricted merchant. It says what is to be seen, not what is to be hidden: the
-- products of restricted merchants are themselves hidden from it.
CREATE OR REPLACE FUNCTION app.of_free_product(product text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT format('EXISTS (SELECT FROM products p WHERE p.aggregator_id = (SELECT app.aggregator_id()) AND p.id = %s'
    ' AND p.merchant_id NOT IN (SELECT r.merchant_id FROM restrictions r WHERE r.aggregator_id = (SELECT app.aggregator_id())))', product) $$;

-- What both have in common: `free` is what a row fulfils that is of no restricted merchant.
CREATE OR REPLACE FUNCTION app.hide_restricted_by(name text, free text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($policy$CREATE POLICY restriction ON %I AS RESTRICTIVE TO kapal_app
        USING ((SELECT app.restricted_mode()) <> '' OR %s)
        WITH CHECK ((SELECT app.restricted_mode()) = 'handled' OR %s)$policy$, name, free, free);
    EXECUTE format($policy$CREATE POLICY restriction_delete ON %I AS RESTRICTIVE FOR DELETE TO kapal_app
        USING ((SELECT app.restricted_mode()) = 'handled' OR %s)$policy$, name, free);
END $$;

-- Lets the storefront's role read a table of the published projection.
CREATE OR REPLACE FUNCTION app.publish(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE POLICY storefront ON %I FOR SELECT TO kapal_public USING (true)', name);
    EXECUTE format('GRANT SELECT ON %I TO kapal_public', name);
END $$;

-- Takes UPDATE and DELETE away: the table only grows.
CREATE OR REPLACE FUNCTION app.append_only(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON %I FROM kapal_app, kapal_ops', name);
END $$;

-- Spreads a tenant table over the nodes where Citus is there; does nothing elsewhere.
CREATE OR REPLACE FUNCTION app.distribute(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        EXECUTE format('SELECT create_distributed_table(%L, %L)', name, 'aggregator_id');
    END IF;
END $$;

-- Makes the monthly partitions of this and the next three months. Called by `kapal migrate` and daily by the worker.
CREATE OR REPLACE FUNCTION app.ensure_partitions() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    parent text;
    month date;
BEGIN
    FOR parent IN SELECT relname FROM pg_class WHERE relkind = 'p' AND relnamespace = 'public'::regnamespace LOOP
        FOR ahead IN 0..3 LOOP
            month := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead);
            EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                parent || '_' || to_char(month, 'YYYY_MM'), parent,
                month::text || ' 00:00:00+00', (month + interval '1 month')::date::text || ' 00:00:00+00');
        END LOOP;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION app.ensure_partitions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.ensure_partitions() TO kapal_ops;
