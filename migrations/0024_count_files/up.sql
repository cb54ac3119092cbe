-- What all evidence of the tenant takes, whatever part of it the transaction sees: an aggregator's space is one, whoever
-- uploads. It runs as its caller, with the narrowing undone for itself: a definer's function would see nothing, since the
-- owner of the tables is under row security too.
CREATE FUNCTION app.bytes_of_files() RETURNS bigint LANGUAGE sql STABLE
SET app.merchant_scope = '' SET app.restricted_mode = 'seen' AS $$
    SELECT coalesce(sum(bytes), 0)::bigint FROM files
    WHERE aggregator_id = (SELECT app.aggregator_id()) AND erased_at IS NULL
$$;
REVOKE EXECUTE ON FUNCTION app.bytes_of_files() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.bytes_of_files() TO kapal_app;
