-- What a member shows for a nomination: files of evidence about the product's merchant.
CREATE TABLE nomination_files (
    aggregator_id uuid NOT NULL REFERENCES aggregators (id),
    nomination_id uuid NOT NULL,
    file_id       uuid NOT NULL,
    merchant_id   uuid NOT NULL,
    -- In the order in which they were named.
    position      smallint NOT NULL CHECK (position BETWEEN 0 AND 9),
    PRIMARY KEY (aggregator_id, nomination_id, file_id),
    CONSTRAINT nomination_files_nomination_fkey FOREIGN KEY (aggregator_id, nomination_id)
        REFERENCES nominations (aggregator_id, id),
    -- No other merchant's file can be named.
    CONSTRAINT nomination_files_file_fkey FOREIGN KEY (aggregator_id, merchant_id, file_id)
        REFERENCES files (aggregator_id, merchant_id, id)
);
CREATE INDEX nomination_files_file ON nomination_files (aggregator_id, merchant_id, file_id);
SELECT app.protect('nomination_files',
    'merchant_id IN (SELECT a.merchant_id FROM merchant_access a WHERE a.aggregator_id = (SELECT app.aggregator_id()) AND a.user_id = (SELECT app.merchant_scope()))');
SELECT app.hide_restricted('nomination_files');
SELECT app.distribute('nomination_files');

-- The gates of a product's category that ask for a document today, each with the last day of the documents that open it:
-- without end infinity, shut NULL. A NIB is a document like the others: that it was typed opens nothing, its merchant's
-- verification verifies it. What says of itself that it is not halal needs no halal certificate (UU 33/2014).
CREATE FUNCTION app.gates(tenant uuid, product uuid)
RETURNS TABLE (gate category_gates, open_until date, time_zone text) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE above AS (
        SELECT c.id, c.parent_id, 0 AS distance
        FROM products p JOIN categories c ON c.id = p.category_id
        WHERE p.aggregator_id = tenant AND p.id = product
        UNION ALL
        SELECT c.id, c.parent_id, above.distance + 1 FROM above JOIN categories c ON c.id = above.parent_id
    ),
    nearest AS (
        SELECT DISTINCT ON (g.document) g AS gate, g.document, g.instead, g.number_prefix, g.micro_from, g.small_from, g.medium_from
        FROM above JOIN category_gates g ON g.category_id = above.id
        ORDER BY g.document, above.distance
    )
    SELECT g.gate, last.day, here.zone
    FROM products p
    JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
    CROSS JOIN LATERAL (SELECT app.time_zone(m.region_code) AS zone) AS here
    CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE here.zone)::date AS day) AS today
    JOIN nearest g ON today.day >= CASE m.scale
        WHEN 'micro' THEN g.micro_from WHEN 'small' THEN g.small_from WHEN 'medium' THEN g.medium_from
        ELSE least(g.micro_from, g.small_from, g.medium_from) END
    CROSS JOIN LATERAL (
        SELECT max(coalesce(d.expires_on, 'infinity')) AS day FROM legal_documents d
        WHERE d.aggregator_id = tenant AND d.merchant_id = m.id AND d.kind IN (g.document, g.instead)
          AND d.status = 'verified' AND coalesce(d.expires_on >= today.day, true)
          AND (d.kind <> g.document OR g.number_prefix IS NULL OR starts_with(d.number, g.number_prefix))
    ) AS last
    WHERE p.aggregator_id = tenant AND p.id = product
      AND NOT (g.document = 'halal' AND p.halal_status = 'declared_non_halal')
$$;

-- Those that are shut today, each with the category that has it.
CREATE OR REPLACE FUNCTION app.shut_gates(tenant uuid, product uuid) RETURNS SETOF category_gates LANGUAGE sql STABLE AS $$
    SELECT (g.gate).* FROM app.gates(tenant, product) g WHERE g.open_until IS NULL ORDER BY (g.gate).document
$$;

-- The moment at which the first document ends that keeps a gate of the product open today; NULL when none of them ends.
CREATE OR REPLACE FUNCTION app.gates_end(tenant uuid, product uuid) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT min((g.open_until + 1)::timestamp AT TIME ZONE g.time_zone) FROM app.gates(tenant, product) g WHERE isfinite(g.open_until)
$$;

-- Seeds that were wrong: Google's number of prepared foods is another one (5740 are dips and spreads), and the paragraph
-- that the gate of exported wood named was never looked up. What an operator wrote himself stays.
UPDATE categories SET google_category_id = 5814
WHERE google_category_id = 5740 AND google_category_path = 'Food, Beverages & Tobacco > Food Items > Prepared Foods';
UPDATE category_gates SET source = 'SVLK; nomor peraturan belum diperiksa'
WHERE document = 'svlk' AND source = 'Permen LHK 8/2021';

-- What fixed bookings showed of each province in a time: a product of one for each day of its booking that began in it. All
-- of them, whatever part the transaction sees, as the windows of rotations are counted. It undoes the narrowing meanwhile
-- (app.bytes_of_files says why).
CREATE FUNCTION app.fixed_exposures(tenant uuid, since timestamptz, until timestamptz, slot uuid)
RETURNS TABLE (code text, exposures bigint) LANGUAGE plpgsql AS $$
DECLARE
    scope text := coalesce(current_setting('app.merchant_scope', true), '');
    mode text := app.restricted_mode();
    over timestamptz := least(until, now());
BEGIN
    SET LOCAL app.merchant_scope = '';
    SET LOCAL app.restricted_mode = 'seen';
    RETURN QUERY
    SELECT left(m.region_code, 2), sum(greatest(0,
        ceil(extract(epoch FROM least(over, coalesce(s.ends_at, over)) - s.starts_at) / 86400)
        - ceil(extract(epoch FROM greatest(since, s.starts_at) - s.starts_at) / 86400)))::bigint
    FROM featured_slots s
    JOIN (
        SELECT n.aggregator_id, n.slot_id, n.aggregator_id AS origin_id, n.product_id FROM slot_products n
        WHERE n.aggregator_id = tenant
        UNION ALL
        SELECT n.aggregator_id, n.slot_id, n.origin_aggregator_id, n.product_id FROM national_slot_products n
        WHERE n.aggregator_id = tenant
    ) AS standing ON standing.aggregator_id = s.aggregator_id AND standing.slot_id = s.id
    JOIN products p ON p.aggregator_id = standing.origin_id AND p.id = standing.product_id
    JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
    WHERE s.aggregator_id = tenant AND s.mode = 'fixed' AND s.starts_at < over
        AND (s.ends_at IS NULL OR s.ends_at > since) AND (slot IS NULL OR s.id = slot)
    GROUP BY 1;
    EXECUTE format('SET LOCAL app.merchant_scope = %L', scope);
    EXECUTE format('SET LOCAL app.restricted_mode = %L', mode);
END $$;
REVOKE EXECUTE ON FUNCTION app.fixed_exposures(uuid, timestamptz, timestamptz, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.fixed_exposures(uuid, timestamptz, timestamptz, uuid) TO kapal_app, kapal_ops;
