-- What all evidence of the tenant takes, whatever part of it the transaction sees: an aggregator's space is one, whoever
-- uploads. It runs as its caller and undoes the narrowing meanwhile: a definer's function would see nothing, since the
-- owner of the tables is under row security too. An error ends the transaction, and its settings with it.
CREATE FUNCTION app.bytes_of_files() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    scope text := coalesce(current_setting('app.merchant_scope', true), '');
    mode text := app.restricted_mode();
    total bigint;
BEGIN
    SET LOCAL app.merchant_scope = '';
    SET LOCAL app.restricted_mode = 'seen';
    SELECT coalesce(sum(bytes), 0) INTO total FROM files
    WHERE aggregator_id = (SELECT app.aggregator_id()) AND erased_at IS NULL;
    EXECUTE format('SET LOCAL app.merchant_scope = %L', scope);
    EXECUTE format('SET LOCAL app.restricted_mode = %L', mode);
    RETURN total;
END $$;
REVOKE EXECUTE ON FUNCTION app.bytes_of_files() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.bytes_of_files() TO kapal_app;
