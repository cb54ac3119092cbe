WITH blocked AS (
    SELECT max(blocked_until) AS until FROM login_throttles WHERE key = ANY ($1) AND blocked_until > now()
), counted AS (
    INSERT INTO login_throttles AS t (key, failures, blocked_until, updated_at)
    SELECT $2, 1, now(), now() FROM blocked WHERE until IS NULL
    ON CONFLICT (key) DO UPDATE SET
        (failures, blocked_until, updated_at) = (
            SELECT f, now() + CASE WHEN f < $3 THEN interval '0' ELSE make_interval(secs => ($5::integer[])[least(f - $3 + 1, cardinality($5::integer[]))]) END, now()
            FROM (SELECT greatest(0, t.failures - floor(extract(epoch FROM now() - t.updated_at) / $4)::integer) + 1 AS f) next
        )
    -- Whoever waited here for a parallel attempt meets the delay that it brought.
    WHERE t.blocked_until <= now()
    RETURNING key
)
SELECT CASE WHEN EXISTS (SELECT FROM counted) THEN 0
            ELSE greatest(1, coalesce(ceil(extract(epoch FROM until - now()))::integer, 1)) END AS seconds
FROM blocked
