ALTER TABLE published_certificates NO FORCE ROW LEVEL SECURITY;
ALTER TABLE certificates NO FORCE ROW LEVEL SECURITY;
UPDATE published_certificates p SET merchant_name = c.merchant_name FROM certificates c
WHERE c.aggregator_id = p.aggregator_id AND c.enrolment_id = p.enrolment_id AND p.merchant_name IS NULL;
ALTER TABLE certificates FORCE ROW LEVEL SECURITY;
ALTER TABLE published_certificates FORCE ROW LEVEL SECURITY;
ALTER TABLE published_certificates ALTER COLUMN merchant_name SET NOT NULL;
ALTER TABLE hero_assignments DROP COLUMN programme_id;
-- What was assessed by the second version goes back to the first, whose criteria have the same keys.
ALTER TABLE assessments NO FORCE ROW LEVEL SECURITY;
ALTER TABLE assessment_findings NO FORCE ROW LEVEL SECURITY;
UPDATE assessments SET criteria_version = 1 WHERE criteria_version = 2;
UPDATE assessment_findings SET criteria_version = 1 WHERE criteria_version = 2;
ALTER TABLE assessment_findings FORCE ROW LEVEL SECURITY;
ALTER TABLE assessments FORCE ROW LEVEL SECURITY;
DELETE FROM level_criteria WHERE version = 2;
ALTER TABLE channels DROP COLUMN confirmed_at, DROP COLUMN confirmed_by;
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
ALTER TABLE legal_documents DROP COLUMN certificate_number;
-- Verified without a file: by being on file it counts here.
ALTER TABLE legal_documents NO FORCE ROW LEVEL SECURITY;
DELETE FROM legal_documents WHERE kind = 'nib' AND status = 'verified' AND file_id IS NULL;
ALTER TABLE legal_documents FORCE ROW LEVEL SECURITY;
ALTER TABLE legal_documents DROP CONSTRAINT legal_documents_verified;
ALTER TABLE legal_documents ADD CONSTRAINT legal_documents_check6
    CHECK (status <> 'verified' OR (file_id IS NOT NULL AND verified_at IS NOT NULL));
