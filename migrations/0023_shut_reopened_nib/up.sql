-- Whether somebody ever verified, rejected or revoked the document, or its end came, whatever was entered since: what
-- was once judged is not deleted, and opens no gate until it is verified.
ALTER TABLE legal_documents ADD COLUMN judged boolean NOT NULL DEFAULT false;
-- The owner of the table is under its row security too.
ALTER TABLE legal_documents NO FORCE ROW LEVEL SECURITY;
UPDATE legal_documents SET judged = true WHERE status NOT IN ('draft', 'submitted');
ALTER TABLE legal_documents FORCE ROW LEVEL SECURITY;
ALTER TABLE legal_documents ADD CONSTRAINT legal_documents_judged CHECK (judged OR status IN ('draft', 'submitted'));

-- The gates of a product's category that its merchant's documents leave shut today, each with the category that has it.
-- A NIB counts by being on file, since a merchant is verified with it, unless the document that proves it was judged
-- and is not verified now: who enters it anew after it was revoked has it verified first.
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
      AND NOT EXISTS (
        SELECT FROM legal_documents d
        WHERE d.aggregator_id = tenant AND d.merchant_id = m.id AND d.kind IN (g.document, g.instead)
          AND d.status = 'verified' AND coalesce(d.expires_on >= today.day, true)
          AND (d.kind <> g.document OR g.number_prefix IS NULL OR starts_with(d.number, g.number_prefix))
      )
      AND NOT (g.document = 'nib' AND m.nib IS NOT NULL AND NOT EXISTS (
        SELECT FROM legal_documents d
        WHERE d.aggregator_id = tenant AND d.merchant_id = m.id AND d.kind = 'nib'
          AND ((d.judged AND d.status <> 'verified') OR d.expires_on < today.day)
      ))
    ORDER BY g.document
$$;
