-- The documents that the products of merchants $2 of tenant $1 need today, and how far each is: the rule of
-- app.shut_gates, told of merchants and with the gates that are open. A NIB that is missing is a step of its own.
WITH needed AS (
    SELECT DISTINCT m.id AS merchant_id, m.nib, today.day, g.document, g.instead, g.number_prefix
    FROM merchants m
    CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE app.time_zone(m.region_code))::date AS day) AS today
    JOIN products p ON p.aggregator_id = $1 AND p.merchant_id = m.id AND p.status <> 'archived'
    JOIN categories c ON c.id = p.category_id
    -- The tree has two levels: what a branch settles itself, it does not take from above.
    JOIN category_gates g ON g.category_id = c.id OR (g.category_id = c.parent_id
        AND NOT EXISTS (SELECT FROM category_gates own WHERE own.category_id = c.id AND own.document = g.document))
    WHERE m.aggregator_id = $1 AND m.id = ANY ($2) AND (g.document <> 'nib' OR m.nib IS NOT NULL)
      AND today.day >= CASE m.scale
        WHEN 'micro' THEN g.micro_from WHEN 'small' THEN g.small_from WHEN 'medium' THEN g.medium_from
        ELSE least(g.micro_from, g.small_from, g.medium_from) END
), best AS (
    SELECT n.*, d.note,
        CASE
            WHEN d.status = 'verified' OR (n.document = 'nib' AND NOT coalesce(d.judged OR d.status = 'expired', false)) THEN 'verified'
            WHEN d.status IN ('expired', 'revoked') THEN 'over'
            WHEN d.status IN ('submitted', 'rejected') THEN d.status
            ELSE 'missing'
        END AS paper
    FROM needed n
    LEFT JOIN LATERAL (
        SELECT s.status, d.note, d.judged
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
