DROP FUNCTION app.fixed_exposures;
CREATE OR REPLACE FUNCTION app.gates_end(tenant uuid, product uuid) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    WITH RECURSIVE above AS (
        SELECT c.id, c.parent_id, 0 AS distance
        FROM products p JOIN categories c ON c.id = p.category_id
        WHERE p.aggregator_id = tenant AND p.id = product
        UNION ALL
        SELECT c.id, c.parent_id, above.distance + 1 FROM above JOIN categories c ON c.id = above.parent_id
    ),
    nearest AS (
        SELECT DISTINCT ON (g.document) g.*
        FROM above JOIN category_gates g ON g.category_id = above.id
        ORDER BY g.document, above.distance
    )
    SELECT min((last.day + 1)::timestamp AT TIME ZONE app.time_zone(m.region_code))
    FROM products p
    JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
    CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE app.time_zone(m.region_code))::date AS day) AS today
    JOIN nearest g ON today.day >= CASE m.scale
        WHEN 'micro' THEN g.micro_from WHEN 'small' THEN g.small_from WHEN 'medium' THEN g.medium_from
        ELSE least(g.micro_from, g.small_from, g.medium_from) END
    CROSS JOIN LATERAL (
        SELECT max(coalesce(d.expires_on, 'infinity')) AS day FROM legal_documents d
        WHERE d.aggregator_id = tenant AND d.merchant_id = m.id AND d.kind IN (g.document, g.instead)
          AND d.status = 'verified' AND coalesce(d.expires_on >= today.day, true)
          AND (d.kind <> g.document OR g.number_prefix IS NULL OR starts_with(d.number, g.number_prefix))
    ) AS last
    WHERE p.aggregator_id = tenant AND p.id = product AND isfinite(last.day)
$$;
CREATE OR REPLACE FUNCTION app.shut_gates(tenant uuid, product uuid) RETURNS SETOF category_gates LANGUAGE sql STABLE AS $$
    WITH RECURSIVE above AS (
        SELECT c.id, c.parent_id, 0 AS distance
        FROM products p JOIN categories c ON c.id = p.category_id
        WHERE p.aggregator_id = tenant AND p.id = product
        UNION ALL
        SELECT c.id, c.parent_id, above.distance + 1 FROM above JOIN categories c ON c.id = above.parent_id
    ),
    nearest AS (
        SELECT DISTINCT ON (g.document) g.*
        FROM above JOIN category_gates g ON g.category_id = above.id
        ORDER BY g.document, above.distance
    )
    SELECT g.*
    FROM products p
    JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
    CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE app.time_zone(m.region_code))::date AS day) AS today
    JOIN nearest g ON today.day >= CASE m.scale
        WHEN 'micro' THEN g.micro_from WHEN 'small' THEN g.small_from WHEN 'medium' THEN g.medium_from
        ELSE least(g.micro_from, g.small_from, g.medium_from) END
    WHERE p.aggregator_id = tenant AND p.id = product
      AND NOT (g.document = 'halal' AND p.halal_status = 'declared_non_halal')
      AND NOT EXISTS (
        SELECT FROM legal_documents d
        WHERE d.aggregator_id = tenant AND d.merchant_id = m.id AND d.kind IN (g.document, g.instead)
          AND d.status = 'verified' AND coalesce(d.expires_on >= today.day, true)
          AND (d.kind <> g.document OR g.number_prefix IS NULL OR starts_with(d.number, g.number_prefix))
      )
    ORDER BY g.document
$$;
DROP FUNCTION app.gates;
DROP TABLE nomination_files;
