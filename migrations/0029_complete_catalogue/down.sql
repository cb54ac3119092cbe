DROP FUNCTION app.certificates(uuid, uuid);
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
DROP INDEX search_documents_related, search_documents_level, search_documents_tags, search_documents_certificates;
ALTER TABLE search_documents DROP COLUMN level, DROP COLUMN tags, DROP COLUMN certificates;
ALTER TABLE published_products DROP COLUMN details;
ALTER TABLE published_merchants DROP COLUMN level;
DROP TABLE product_certificates;
DROP INDEX product_variants_choices_key;
ALTER TABLE product_variants DROP CONSTRAINT product_variants_barcode_key, DROP CONSTRAINT product_variants_measures,
    DROP COLUMN choices, DROP COLUMN minimum_order, DROP COLUMN height_mm, DROP COLUMN width_mm, DROP COLUMN length_mm,
    DROP COLUMN weight_grams, DROP COLUMN compare_at_minor, DROP COLUMN barcode;
ALTER TABLE products DROP COLUMN tags, DROP COLUMN origin_country, DROP COLUMN hs_code, DROP COLUMN minimum_order,
    DROP COLUMN monthly_capacity, DROP COLUMN lead_time_days, DROP COLUMN options, DROP COLUMN attributes,
    DROP COLUMN halal_status;
DROP FUNCTION app.is_food(uuid);
DROP TABLE category_attributes;
ALTER TABLE categories DROP COLUMN hs_chapters, DROP COLUMN meta_category_path, DROP COLUMN meta_category_id,
    DROP COLUMN google_category_path, DROP COLUMN google_category_id, DROP COLUMN is_food;
