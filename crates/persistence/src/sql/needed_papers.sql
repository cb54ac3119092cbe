-- The documents that the products of merchants $2 of tenant $1 need today, and how far each is: the rule of
-- app.shut_gates, told of merchants and with the gates that are open. A NIB that is missing is a step of its own.
WITH RECURSIVE above AS (
    SELECT c.id AS branch, c.id, c.parent_id, 0 AS distance FROM categories c
    UNION ALL
    SELECT above.branch, c.id, c.parent_id, above.distance + 1 FROM above JOIN categories c ON c.id = above.parent_id
), gates AS (
    -- What a branch settles itself, it does not take from above.
    SELECT DISTINCT ON (above.branch, g.document) above.branch, g.*
    FROM above JOIN category_gates g ON g.category_id = above.id
    ORDER BY above.branch, g.document, above.distance
), asked AS (
    SELECT m.id AS merchant_id, m.nib, m.scale, m.status IN ('draft', 'submitted', 'needs_changes') AS is_unverified,
        (now() AT TIME ZONE app.time_zone(m.region_code))::date AS day
    FROM merchants m
    WHERE m.aggregator_id = $1 AND m.id = ANY ($2)
), needed AS (
    SELECT m.merchant_id, m.is_unverified, m.day, g.document, g.instead, g.number_prefix
    FROM asked m
    JOIN products p ON p.aggregator_id = $1 AND p.merchant_id = m.merchant_id AND p.status <> 'archived'
    JOIN gates g ON g.branch = p.category_id AND NOT (g.document = 'halal' AND p.halal_status = 'declared_non_halal')
    WHERE (g.document <> 'nib' OR m.nib IS NOT NULL)
      AND m.day >= CASE m.scale
        WHEN 'micro' THEN g.micro_from WHEN 'small' THEN g.small_from WHEN 'medium' THEN g.medium_from
        ELSE least(g.micro_from, g.small_from, g.medium_from) END
    UNION
    -- A NIB whose document is there and not verified is told of before there is a product.
    SELECT m.merchant_id, m.is_unverified, m.day, 'nib', NULL, NULL
    FROM asked m
    JOIN legal_documents d ON d.aggregator_id = $1 AND d.merchant_id = m.merchant_id AND d.kind = 'nib'
    WHERE m.nib IS NOT NULL AND (d.status <> 'verified' OR d.expires_on < m.day)
), best AS (
    SELECT n.*, d.note,
        CASE
            WHEN d.status IN ('verified', 'submitted', 'rejected') THEN d.status
            WHEN d.status IN ('expired', 'revoked') THEN 'over'
            -- Whoever verifies the merchant verifies its NIB.
            WHEN n.document = 'nib' AND n.is_unverified THEN 'submitted'
            ELSE 'missing'
        END AS paper
    FROM needed n
    LEFT JOIN LATERAL (
        SELECT s.status, d.note
        FROM legal_documents d
        CROSS JOIN LATERAL (SELECT CASE WHEN d.expires_on < n.day THEN 'expired' ELSE d.status END AS status) AS s
        WHERE d.aggregator_id = $1 AND d.merchant_id = n.merchant_id AND d.kind IN (n.document, n.instead)
          AND (d.kind <> n.document OR n.number_prefix IS NULL OR starts_with(d.number, n.number_prefix))
        ORDER BY array_position(ARRAY['verified', 'submitted', 'rejected', 'expired', 'revoked', 'draft'], s.status)
        LIMIT 1
    ) d ON true
)
-- Two categories may differ in what they ask of one kind: what is least far counts.
SELECT DISTINCT ON (merchant_id, document) merchant_id, document, instead, number_prefix, paper, note
FROM best
ORDER BY merchant_id, document, array_position(ARRAY['missing', 'rejected', 'over', 'submitted', 'verified'], paper)
