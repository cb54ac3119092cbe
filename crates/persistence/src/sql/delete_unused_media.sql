-- Deletes those of the pictures $2 of tenant $1 that nothing shows. They are locked, so that nothing new shows them.
WITH shown AS (
    SELECT s.media_id FROM product_media s WHERE s.aggregator_id = $1 AND s.media_id = ANY ($2)
    UNION ALL
    SELECT s.logo_id FROM merchant_profiles s WHERE s.aggregator_id = $1 AND s.logo_id = ANY ($2)
    UNION ALL
    SELECT (p ->> 'media')::uuid FROM change_requests c
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(c.edit -> 'pictures') WHEN 'array' THEN c.edit -> 'pictures' ELSE '[]' END) AS p
    WHERE c.aggregator_id = $1 AND c.status IN ('open', 'needs_changes')
    UNION ALL
    SELECT s.media_id FROM collections s WHERE s.aggregator_id = $1 AND s.media_id = ANY ($2)
)
DELETE FROM media m
WHERE m.aggregator_id = $1 AND m.id = ANY ($2) AND m.id NOT IN (SELECT media_id FROM shown)
RETURNING m.id, m.hash, m.width, m.height
