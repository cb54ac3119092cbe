WITH here AS (
    SELECT m.id, m.region_code, radians(coalesce(p.latitude, r.latitude)) AS latitude,
        radians(coalesce(p.longitude, r.longitude)) AS longitude
    FROM merchants m
    JOIN regions r ON r.code = m.region_code
    LEFT JOIN merchant_profiles p ON p.aggregator_id = $1 AND p.merchant_id = m.id
    WHERE m.aggregator_id = $1 AND m.id = $2
), placed AS (
    SELECT h.user_id, h.display_name, h.capacity,
        EXISTS (SELECT FROM hero_areas a WHERE a.aggregator_id = $1 AND a.user_id = h.user_id
            AND a.region_code IN (left(here.region_code, 2), left(here.region_code, 5), here.region_code)) AS in_area,
        coalesce($3 = ANY (h.languages), false) AS speaks,
        radians(coalesce(h.latitude, r.latitude)) AS latitude, radians(coalesce(h.longitude, r.longitude)) AS longitude,
        here.latitude AS to_latitude, here.longitude AS to_longitude
    FROM here
    CROSS JOIN heroes h
    JOIN memberships m ON m.aggregator_id = $1 AND m.user_id = h.user_id AND m.role = 'local_hero'
    -- Where he starts from: his home, else its region, else the first region that he works in.
    LEFT JOIN regions r ON r.code = coalesce(h.home_region_code,
        (SELECT min(a.region_code) FROM hero_areas a WHERE a.aggregator_id = $1 AND a.user_id = h.user_id))
    WHERE h.aggregator_id = $1 AND h.active AND h.capacity > 0
), far AS (
    -- The haversine on a sphere of 6,371 km. `least` would pass over a place that nobody knows.
    SELECT *, CASE WHEN latitude IS NOT NULL THEN 12742 * asin(least(1, sqrt(sin((latitude - to_latitude) / 2) ^ 2
        + cos(latitude) * cos(to_latitude) * sin((longitude - to_longitude) / 2) ^ 2))) END AS distance_km
    FROM placed
)
SELECT c.user_id, c.display_name, c.capacity - n.open AS free, c.in_area, c.speaks, c.distance_km
-- In order first: the merchants of those who come first are counted, and of nobody else.
FROM (
    SELECT *, distance_km - CASE WHEN speaks THEN $4 ELSE 0 END AS detour FROM far ORDER BY in_area DESC, detour
) c
CROSS JOIN LATERAL (
    SELECT count(*) AS open, count(*) FILTER (WHERE a.merchant_id = $2) AS with_this
    FROM hero_assignments a
    JOIN merchants m ON m.aggregator_id = $1 AND m.id = a.merchant_id AND m.status <> 'archived'
    WHERE a.aggregator_id = $1 AND a.user_id = c.user_id AND a.status IN ('planned', 'active')
) n
WHERE c.capacity > n.open AND n.with_this = 0
ORDER BY c.in_area DESC, c.detour, free DESC, c.user_id
LIMIT $5
