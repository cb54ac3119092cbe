-- In the order of the keys, so that two that count the same ones don't wait for each other.
INSERT INTO login_throttles AS t (key, failures, blocked_until, updated_at)
SELECT a.key, a.attempts, now(), now() FROM unnest($1, $2) AS a (key, attempts) ORDER BY a.key
ON CONFLICT (key) DO UPDATE SET
    (failures, blocked_until, updated_at) = (
        SELECT f, now() + CASE WHEN f < $3 THEN interval '0' ELSE make_interval(secs => ($5)[least(f - $3 + 1, cardinality($5))]) END, now()
        FROM (SELECT greatest(0, t.failures - floor(extract(epoch FROM now() - t.updated_at) / $4)::integer) + excluded.failures AS f) next
    )
WHERE t.blocked_until <= now()
RETURNING key
