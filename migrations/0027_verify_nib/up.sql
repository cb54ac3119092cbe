-- Whoever verifies a merchant has looked at its NIB and says so: that is the document's verification, with or without a
-- file. Every other document needs its evidence.
ALTER TABLE legal_documents DROP CONSTRAINT legal_documents_check6;
ALTER TABLE legal_documents ADD CONSTRAINT legal_documents_verified
    CHECK (status <> 'verified' OR (verified_at IS NOT NULL AND (file_id IS NOT NULL OR kind = 'nib')));

-- Of a standard (SNI) there are two numbers: its own, and that of the product's certificate (SPPT SNI).
ALTER TABLE legal_documents ADD COLUMN certificate_number text
    CHECK (certificate_number IS NULL OR (char_length(certificate_number) BETWEEN 5 AND 60 AND kind = 'sni'));

-- What was verified before this held is written down: who and when stands in the audit chain. The owner of the tables is
-- under their row security too. A document that waited when its merchant was verified was verified with it; what was
-- entered since waits on.
ALTER TABLE merchants NO FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_entries NO FORCE ROW LEVEL SECURITY;
ALTER TABLE legal_documents NO FORCE ROW LEVEL SECURITY;
WITH verified AS (
    SELECT DISTINCT ON (m.aggregator_id, m.id) m.aggregator_id, m.id AS merchant_id, a.actor_id, a.at
    FROM merchants m
    JOIN audit_entries a ON a.aggregator_id = m.aggregator_id AND a.subject_id = m.id AND a.action = 'merchant.verified'
    WHERE m.status IN ('active', 'suspended') AND m.nib IS NOT NULL
    ORDER BY m.aggregator_id, m.id, a.seq DESC
)
INSERT INTO legal_documents AS d
    (aggregator_id, id, merchant_id, kind, status, judged, verified_by, verified_at, created_at, updated_at)
SELECT aggregator_id, gen_random_uuid(), merchant_id, 'nib', 'verified', true, actor_id, at, at, at FROM verified
ON CONFLICT (aggregator_id, merchant_id, kind) DO UPDATE
SET status = 'verified', judged = true, verified_by = excluded.verified_by, verified_at = excluded.verified_at,
    version = d.version + 1
WHERE NOT d.judged AND d.expires_on IS NULL AND d.updated_at <= excluded.verified_at;
ALTER TABLE legal_documents FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_entries FORCE ROW LEVEL SECURITY;
ALTER TABLE merchants FORCE ROW LEVEL SECURITY;

-- The gates of a product's category that its merchant's documents leave shut today, each with the category that has it.
-- A NIB is a document like the others: that it was typed opens nothing, its merchant's verification verifies it.
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
    ORDER BY g.document
$$;

-- The worker looks at what is published with a NIB that nobody has verified.
INSERT INTO gate_turns (category_id, next_turn_at)
SELECT DISTINCT category_id, now() FROM category_gates WHERE document = 'nib'
ON CONFLICT (category_id) DO UPDATE SET next_turn_at = excluded.next_turn_at;

-- When somebody last looked whether the channel is in use, and who.
ALTER TABLE channels ADD COLUMN confirmed_at timestamptz;
ALTER TABLE channels ADD COLUMN confirmed_by uuid;
ALTER TABLE channels ADD CONSTRAINT channels_confirmed CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL));

-- The second version of what classes demand: a NIB that was verified, a channel that was in use within 30 days.
INSERT INTO level_criteria (version, key, level, position, title_id, title_en, rule, parameters, source)
SELECT 2, key, level, position, title_id, title_en, rule, parameters, source FROM level_criteria WHERE version = 1;
UPDATE level_criteria SET title_id = 'NIB terverifikasi', title_en = 'A verified business identity number (NIB)'
WHERE version = 2 AND key = 'nib';
UPDATE level_criteria
SET title_id = 'WhatsApp atau akun media sosial aktif dalam 30 hari terakhir',
    title_en = 'WhatsApp or a social media account active within the last 30 days',
    parameters = parameters || '{"days": 30}'
WHERE version = 2 AND key = 'channel';

-- In which programme a hero mentors a merchant, where it is part of one.
ALTER TABLE hero_assignments ADD COLUMN programme_id uuid;
ALTER TABLE hero_assignments ADD CONSTRAINT hero_assignments_programme_fkey
    FOREIGN KEY (aggregator_id, programme_id) REFERENCES programmes (aggregator_id, id);
CREATE INDEX hero_assignments_programme ON hero_assignments (aggregator_id, programme_id);

-- NULL: held back while the merchant's processing is restricted.
ALTER TABLE published_certificates ALTER COLUMN merchant_name DROP NOT NULL;
ALTER TABLE published_certificates NO FORCE ROW LEVEL SECURITY;
ALTER TABLE certificates NO FORCE ROW LEVEL SECURITY;
ALTER TABLE restrictions NO FORCE ROW LEVEL SECURITY;
UPDATE published_certificates p SET merchant_name = NULL
FROM certificates c JOIN restrictions r ON r.aggregator_id = c.aggregator_id AND r.merchant_id = c.merchant_id
WHERE c.aggregator_id = p.aggregator_id AND c.enrolment_id = p.enrolment_id;
ALTER TABLE restrictions FORCE ROW LEVEL SECURITY;
ALTER TABLE certificates FORCE ROW LEVEL SECURITY;
ALTER TABLE published_certificates FORCE ROW LEVEL SECURITY;
