WITH carried AS (
    SELECT m.aggregator_id, m.id, m.nib, m.status, m.scale, m.level, m.created_at, left(m.region_code, 2) AS province,
        coalesce(m.nib, m.id::text) AS business
    FROM merchants m
    JOIN aggregators a ON a.id = m.aggregator_id AND a.kind = 'member' AND a.status = 'active'
    WHERE m.status <> 'archived'
), businesses AS (
    -- A business that several carry counts once, as where it is furthest: active first, then the oldest.
    SELECT DISTINCT ON (business) *
    FROM carried
    ORDER BY business, array_position(ARRAY['active', 'suspended', 'submitted', 'needs_changes', 'draft'], status), created_at, id
), shared AS (
    SELECT nib, count(*) AS aggregators FROM carried WHERE nib IS NOT NULL GROUP BY nib
)
SELECT 'merchants' AS figure, 'counted_once' AS value, count(*) AS count FROM businesses
UNION ALL SELECT 'merchants', 'registrations', count(*) FROM carried
UNION ALL SELECT 'merchants', 'without_nib', count(*) FROM businesses WHERE nib IS NULL
UNION ALL SELECT 'merchants', 'in_several_aggregators', count(*) FROM shared WHERE aggregators > 1
UNION ALL SELECT 'aggregators_of_one_nib', aggregators::text, count(*) FROM shared GROUP BY aggregators
UNION ALL SELECT 'province', province, count(*) FROM businesses GROUP BY province
UNION ALL SELECT 'scale', coalesce(scale, ''), count(*) FROM businesses GROUP BY scale
UNION ALL SELECT 'level', coalesce(level, ''), count(*) FROM businesses GROUP BY level
UNION ALL SELECT 'status', status, count(*) FROM businesses GROUP BY status
UNION ALL SELECT 'aggregators', status, count(*) FROM aggregators WHERE kind = 'member' GROUP BY status
UNION ALL SELECT 'products', figure, count FROM (
    SELECT count(*) FILTER (WHERE p.status <> 'archived') AS all, count(*) FILTER (WHERE p.status = 'published') AS published,
        count(*) FILTER (WHERE p.status = 'published' AND p.is_mutiara) AS mutiara
    FROM products p JOIN aggregators a ON a.id = p.aggregator_id AND a.kind = 'member' AND a.status = 'active'
) p CROSS JOIN LATERAL (VALUES ('all', p.all), ('published', p.published), ('mutiara', p.mutiara)) AS v (figure, count)
UNION ALL SELECT 'heroes', 'active', count(*) FROM heroes h
    JOIN aggregators a ON a.id = h.aggregator_id AND a.status = 'active'
    JOIN memberships m ON m.aggregator_id = h.aggregator_id AND m.user_id = h.user_id AND m.role = 'local_hero'
    WHERE h.active
UNION ALL SELECT 'heroes', 'assignments', count(*) FROM hero_assignments h
    JOIN aggregators a ON a.id = h.aggregator_id AND a.status = 'active'
    WHERE h.status = 'active'
UNION ALL SELECT 'visits', v.figure, v.count FROM (
    SELECT count(*) AS all, count(*) FILTER (WHERE v.started_at > $1) AS recent FROM visits v
    JOIN aggregators a ON a.id = v.aggregator_id AND a.status = 'active'
) s CROSS JOIN LATERAL (VALUES ('all', s.all), ('last_30_days', s.recent)) AS v (figure, count)
