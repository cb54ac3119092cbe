-- Applied before the migrations at every `kapal migrate`: each statement replaces itself.
CREATE SCHEMA IF NOT EXISTS app;
GRANT USAGE ON SCHEMA app TO kapal_app, kapal_public, kapal_identity, kapal_ops;

-- The tenant of this transaction; NULL (so: no rows) when unset. After COMMIT the setting is '', hence nullif.
CREATE OR REPLACE FUNCTION app.aggregator_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('app.aggregator_id', true), '')::uuid $$;

-- The user whose assigned or own merchants this transaction is narrowed to; NULL when it sees the whole tenant.
CREATE OR REPLACE FUNCTION app.merchant_scope() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('app.merchant_scope', true), '')::uuid $$;

-- The only way to set a tenant. A real SET LOCAL, since set_config(.., true) never reaches Citus's workers.
CREATE OR REPLACE FUNCTION app.set_tenant(tenant uuid, narrowed_to uuid, timeout_ms integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL app.aggregator_id = %L', tenant);
    IF narrowed_to IS NOT NULL THEN
        EXECUTE format('SET LOCAL app.merchant_scope = %L', narrowed_to);
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
