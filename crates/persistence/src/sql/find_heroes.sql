SELECT h.user_id, h.display_name, h.phone_sealed, h.languages, h.capacity, h.latitude, h.longitude, h.home_region_code,
    h.active, h.note, h.version, h.created_at, h.updated_at, n.assigned, n.planned,
    coalesce((SELECT array_agg(a.region_code ORDER BY a.region_code) FROM hero_areas a
        WHERE a.aggregator_id = $1 AND a.user_id = h.user_id), '{}') AS area_codes
FROM heroes h
-- Who has another role by now is no hero; his profile waits.
JOIN memberships m ON m.aggregator_id = $1 AND m.user_id = h.user_id AND m.role = 'local_hero'
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE a.status = 'active') AS assigned, count(*) FILTER (WHERE a.status = 'planned') AS planned
    FROM hero_assignments a
    JOIN merchants c ON c.aggregator_id = $1 AND c.id = a.merchant_id AND c.status <> 'archived'
    WHERE a.aggregator_id = $1 AND a.user_id = h.user_id AND a.status IN ('planned', 'active')
) n
WHERE h.aggregator_id = $1
  AND ($2::uuid IS NULL OR h.user_id = $2)
  -- Whose area holds the region, or lies in it.
  AND ($3::text IS NULL OR EXISTS (
        SELECT FROM hero_areas a WHERE a.aggregator_id = $1 AND a.user_id = h.user_id
          AND (a.region_code = ANY ($4) OR a.region_code LIKE $3 || '.%')))
  AND ($5::boolean IS NULL OR $5 = (h.active AND h.capacity > n.assigned + n.planned))
  AND ($6::boolean IS NULL OR h.active = $6)
  AND ($7::text IS NULL OR $7 = ANY (h.languages))
  AND h.display_name ILIKE ALL ($8)
  AND ($12::uuid IS NULL OR EXISTS (
        SELECT FROM hero_assignments a WHERE a.aggregator_id = $1 AND a.user_id = h.user_id AND a.programme_id = $12
          AND a.status IN ('planned', 'active')))
  AND ($9::timestamptz IS NULL OR (h.created_at, h.user_id) < ($9, $10::uuid))
ORDER BY h.created_at DESC, h.user_id DESC
LIMIT $11
