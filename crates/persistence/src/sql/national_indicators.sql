WITH ranked AS (
    -- A business that several carry counts once, as where it is furthest: active first, then the oldest.
    SELECT left(m.region_code, 2) AS province, m.scale, m.level, m.status,
        CASE WHEN m.nib IS NOT NULL THEN count(*) OVER (PARTITION BY m.nib) END AS aggregators,
        m.nib IS NULL OR 1 = row_number() OVER (PARTITION BY m.nib ORDER BY
            array_position(ARRAY['active', 'suspended', 'submitted', 'needs_changes', 'draft'], m.status), m.created_at, m.id) AS counts
    FROM merchants m
    JOIN aggregators a ON a.id = m.aggregator_id AND a.kind = 'member' AND a.status = 'active'
    -- What is restricted is in no figure (UU 27/2022, article 41), here and below.
    WHERE m.status <> 'archived' AND m.restricted_at IS NULL
), figures AS (
    -- All in one pass; `by` tells which of the five it is by.
    SELECT grouping(province, scale, level, status, aggregators) AS by, province, scale, level, status, aggregators,
        count(*) AS businesses, count(*) FILTER (WHERE aggregators IS NULL) AS without_nib,
        count(*) FILTER (WHERE aggregators > 1) AS in_several, coalesce(sum(coalesce(aggregators, 1)), 0)::bigint AS registrations
    FROM ranked
    WHERE counts
    GROUP BY GROUPING SETS ((), (province), (scale), (level), (status), (aggregators))
)
SELECT 'merchants' AS figure, v.value, v.count FROM figures CROSS JOIN LATERAL (VALUES ('counted_once', businesses),
    ('registrations', registrations), ('without_nib', without_nib), ('in_several_aggregators', in_several)) AS v (value, count)
WHERE by = b'11111'::integer
UNION ALL SELECT 'province', province, businesses FROM figures WHERE by = b'01111'::integer
UNION ALL SELECT 'scale', coalesce(scale, ''), businesses FROM figures WHERE by = b'10111'::integer
UNION ALL SELECT 'level', coalesce(level, ''), businesses FROM figures WHERE by = b'11011'::integer
UNION ALL SELECT 'status', status, businesses FROM figures WHERE by = b'11101'::integer
UNION ALL SELECT 'aggregators_of_one_nib', aggregators::text, businesses FROM figures
    WHERE by = b'11110'::integer AND aggregators IS NOT NULL
UNION ALL SELECT 'aggregators', status, count(*) FROM aggregators WHERE kind = 'member' GROUP BY status
UNION ALL SELECT 'products', figure, count FROM (
    SELECT count(*) FILTER (WHERE p.status <> 'archived') AS all, count(*) FILTER (WHERE p.status = 'published') AS published,
        count(*) FILTER (WHERE p.status = 'published' AND p.is_mutiara) AS mutiara
    FROM products p JOIN aggregators a ON a.id = p.aggregator_id AND a.kind = 'member' AND a.status = 'active'
    WHERE NOT EXISTS (SELECT FROM restrictions r WHERE r.aggregator_id = p.aggregator_id AND r.merchant_id = p.merchant_id)
) p CROSS JOIN LATERAL (VALUES ('all', p.all), ('published', p.published), ('mutiara', p.mutiara)) AS v (figure, count)
UNION ALL SELECT 'heroes', 'active', count(*) FROM heroes h
    JOIN aggregators a ON a.id = h.aggregator_id AND a.status = 'active'
    JOIN memberships m ON m.aggregator_id = h.aggregator_id AND m.user_id = h.user_id AND m.role = 'local_hero'
    WHERE h.active
UNION ALL SELECT 'heroes', 'assignments', count(*) FROM hero_assignments h
    JOIN aggregators a ON a.id = h.aggregator_id AND a.status = 'active'
    WHERE h.status = 'active' AND NOT EXISTS (
        SELECT FROM restrictions r WHERE r.aggregator_id = h.aggregator_id AND r.merchant_id = h.merchant_id)
UNION ALL SELECT 'visits', v.figure, v.count FROM (
    SELECT count(*) AS all, count(*) FILTER (WHERE v.started_at > $1) AS recent FROM visits v
    JOIN aggregators a ON a.id = v.aggregator_id AND a.status = 'active'
    WHERE NOT EXISTS (SELECT FROM restrictions r WHERE r.aggregator_id = v.aggregator_id AND r.merchant_id = v.merchant_id)
) s CROSS JOIN LATERAL (VALUES ('all', s.all), ('last_30_days', s.recent)) AS v (figure, count)
