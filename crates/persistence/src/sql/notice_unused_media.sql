-- Notes since when nothing of tenant $1 shows a picture, and forgets it of those that are shown again. Whatever else
-- comes to show pictures is added to `shown`, here and in delete_unused_media.sql; a test compares with the foreign keys.
WITH shown AS (
    SELECT s.media_id FROM product_media s WHERE s.aggregator_id = $1
    UNION ALL
    SELECT s.logo_id FROM merchant_profiles s WHERE s.aggregator_id = $1 AND s.logo_id IS NOT NULL
    UNION ALL
    -- What a change request is to show: named in its edit, without a key.
    SELECT (p ->> 'media')::uuid FROM change_requests c
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(c.edit -> 'pictures') WHEN 'array' THEN c.edit -> 'pictures' ELSE '[]' END) AS p
    WHERE c.aggregator_id = $1 AND c.status IN ('open', 'needs_changes')
    UNION ALL
    SELECT s.media_id FROM collections s WHERE s.aggregator_id = $1 AND s.media_id IS NOT NULL
),
looked_at AS (
    SELECT m.id, m.id IN (SELECT media_id FROM shown) AS is_shown FROM media m WHERE m.aggregator_id = $1
)
UPDATE media m SET unused_since = CASE WHEN l.is_shown THEN NULL ELSE $2 END
FROM looked_at l
WHERE m.aggregator_id = $1 AND m.id = l.id AND (m.unused_since IS NULL) <> l.is_shown
