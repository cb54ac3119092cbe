-- What storefronts show of product $2, or of all products of merchant $3, of tenant $1: those that are published, of
-- an active merchant, whose category's gates its documents open. The rest is removed; search_documents follows by its
-- foreign key.
WITH RECURSIVE above AS (
    SELECT c.id, c.parent_id, ARRAY[c.slug] AS path, ARRAY[c.id] AS ids FROM categories c WHERE c.parent_id IS NULL
    UNION ALL
    SELECT c.id, c.parent_id, above.path || c.slug, above.ids || c.id FROM categories c JOIN above ON above.id = c.parent_id
),
asked AS (
    SELECT * FROM products p
    WHERE p.aggregator_id = $1 AND (p.id = $2 OR p.merchant_id = $3)
),
-- What is asked of the products of each of their categories; of one key, what stands nearest.
asked_of AS (
    SELECT DISTINCT ON (c.id, a.key) c.id AS category_id, a.key, a.kind, a.unit, a.name_id, a.name_en, a.choices,
           a.position, array_position(c.ids, a.category_id) AS level
    FROM above c JOIN category_attributes a ON a.category_id = ANY (c.ids)
    WHERE c.id IN (SELECT category_id FROM asked)
    ORDER BY c.id, a.key, level DESC
),
shown AS (
    SELECT p.aggregator_id, p.id, p.slug, p.merchant_id, p.category_id, p.is_mutiara, p.stars, p.published_at,
           p.updated_at, p.version, p.video_url, m.slug AS merchant_slug, m.name AS merchant_name, m.region_code, m.region_name,
           m.province_code, m.province_name, c.slug AS category_slug, c.name_id AS category_name_id,
           c.name_en AS category_name_en, above.path AS category_path, t.translations, t.names, t.descriptions, v.variants,
           v.price_minor, v.currency, v.available, coalesce(i.images, '[]') AS images, h.kinds AS certificates, p.tags,
           m.level, CASE WHEN p.is_mutiara THEN coalesce(n.decided_at, p.published_at) END AS mutiara_at,
           jsonb_build_object(
               'attributes', coalesce(a.attributes, '[]'), 'options', p.options, 'certificates', h.certificates,
               -- A certificate that no longer holds is not claimed.
               'halal_status', CASE WHEN p.halal_status = 'certified' AND NOT 'halal' = ANY (h.kinds)
                   THEN 'in_process' ELSE p.halal_status END,
               'lead_time_days', p.lead_time_days, 'monthly_capacity', p.monthly_capacity,
               'minimum_order', p.minimum_order, 'hs_code', p.hs_code, 'origin_country', p.origin_country,
               'tags', p.tags, 'level', m.level) AS details
    FROM asked p
    JOIN published_merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
    JOIN categories c ON c.id = p.category_id
    JOIN above ON above.id = c.id
    CROSS JOIN LATERAL (
        SELECT jsonb_object_agg(t.locale, jsonb_build_object('name', t.name, 'description', t.description)) AS translations,
               string_agg(t.name, ' ') AS names, string_agg(t.description, ' ') AS descriptions
        FROM product_translations t WHERE t.aggregator_id = p.aggregator_id AND t.product_id = p.id
    ) t
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('id', v.id, 'sku', v.sku, 'name', v.name, 'price_minor', v.price_minor,
                   'currency', v.currency, 'stock', v.stock, 'barcode', v.barcode, 'compare_at_minor', v.compare_at_minor,
                   'weight_grams', v.weight_grams, 'length_mm', v.length_mm, 'width_mm', v.width_mm,
                   'height_mm', v.height_mm, 'minimum_order', v.minimum_order, 'choices', v.choices)
                   ORDER BY v.position, v.id) AS variants,
               min(v.price_minor) AS price_minor, min(v.currency) AS currency, bool_or(v.stock > 0) AS available
        FROM product_variants v WHERE v.aggregator_id = p.aggregator_id AND v.product_id = p.id
    ) v
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('hash', i.hash, 'width', i.width, 'height', i.height, 'widths', i.widths,
                   'blurhash', i.blurhash, 'alt_id', i.alt_id, 'alt_en', i.alt_en) ORDER BY i.position) AS images
        FROM product_media i WHERE i.aggregator_id = p.aggregator_id AND i.product_id = p.id
    ) i
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('key', o.key, 'kind', o.kind, 'unit', o.unit, 'name_id', o.name_id,
                   'name_en', o.name_en, 'value', p.attributes -> o.key, 'choice', (
                       SELECT c FROM jsonb_array_elements(o.choices) AS c WHERE c -> 'key' = p.attributes -> o.key))
                   ORDER BY o.level, o.position, o.key) AS attributes
        FROM asked_of o WHERE o.category_id = p.category_id AND p.attributes ? o.key
    ) a
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(h.kind), '{}') AS kinds,
               coalesce(jsonb_agg(to_jsonb(h) ORDER BY h.kind), '[]') AS certificates
        FROM app.certificates(p.aggregator_id, p.id) h
    ) h
    CROSS JOIN LATERAL (
        SELECT max(n.decided_at) AS decided_at FROM nominations n
        WHERE n.aggregator_id = p.aggregator_id AND n.product_id = p.id AND n.status = 'accepted'
    ) n
    WHERE p.status = 'published' AND v.variants IS NOT NULL AND t.translations IS NOT NULL
      AND NOT EXISTS (SELECT FROM app.shut_gates(p.aggregator_id, p.id))
),
gone AS (
    DELETE FROM published_products d
    WHERE d.aggregator_id = $1 AND (d.id = $2 OR d.merchant_id = $3) AND d.id NOT IN (SELECT id FROM shown)
),
written AS (
    INSERT INTO published_products (
        aggregator_id, id, slug, merchant_id, category_id, translations, variants, images, is_mutiara, stars,
        published_at, updated_at, version, video_url, details, mutiara_at
    )
    SELECT aggregator_id, id, slug, merchant_id, category_id, translations, variants, images, is_mutiara, stars,
           published_at, updated_at, version, video_url, details, mutiara_at
    FROM shown
    ON CONFLICT (aggregator_id, id) DO UPDATE SET
        slug = excluded.slug, merchant_id = excluded.merchant_id, category_id = excluded.category_id,
        translations = excluded.translations, variants = excluded.variants, images = excluded.images,
        is_mutiara = excluded.is_mutiara, stars = excluded.stars, published_at = excluded.published_at,
        updated_at = excluded.updated_at, version = excluded.version, video_url = excluded.video_url,
        details = excluded.details, mutiara_at = excluded.mutiara_at
)
INSERT INTO search_documents (
    aggregator_id, product_id, locale, text_locale, slug, name, description, price_minor, currency, available,
    is_mutiara, stars, merchant_id, merchant_slug, merchant_name, region_code, region_name, province_code,
    province_name, category_slug, category_name, category_path, images, published_at, version, certificates,
    tags, level, vector
)
SELECT s.aggregator_id, s.id, l.locale, text_locale, s.slug, s.translations -> text_locale ->> 'name',
       s.translations -> text_locale ->> 'description', s.price_minor, s.currency, s.available, s.is_mutiara, s.stars,
       s.merchant_id, s.merchant_slug, s.merchant_name, s.region_code, s.region_name, s.province_code,
       s.province_name, s.category_slug,
       CASE l.locale WHEN 'en' THEN s.category_name_en ELSE s.category_name_id END, s.category_path, s.images,
       s.published_at, s.version, s.certificates, s.tags, s.level,
       setweight(to_tsvector('simple', s.names) || to_tsvector('indonesian', s.names) || to_tsvector('english', s.names), 'A')
       || setweight(to_tsvector('simple', s.descriptions) || to_tsvector('indonesian', s.descriptions)
           || to_tsvector('english', s.descriptions), 'C')
       || setweight(to_tsvector('simple',
           s.merchant_name || ' ' || s.region_name || ' ' || s.province_name || ' ' || s.category_name_id || ' '
           || s.category_name_en), 'B')
FROM shown s
CROSS JOIN (VALUES ('id'), ('en')) AS l (locale)
CROSS JOIN LATERAL (
    SELECT CASE WHEN s.translations ? l.locale THEN l.locale WHEN s.translations ? 'id' THEN 'id' ELSE 'en' END
) AS f (text_locale)
ON CONFLICT (aggregator_id, product_id, locale) DO UPDATE SET
    text_locale = excluded.text_locale, slug = excluded.slug, name = excluded.name,
    description = excluded.description, price_minor = excluded.price_minor, currency = excluded.currency,
    available = excluded.available, is_mutiara = excluded.is_mutiara, stars = excluded.stars,
    merchant_id = excluded.merchant_id, merchant_slug = excluded.merchant_slug,
    merchant_name = excluded.merchant_name, region_code = excluded.region_code, region_name = excluded.region_name,
    province_code = excluded.province_code, province_name = excluded.province_name,
    category_slug = excluded.category_slug, category_name = excluded.category_name,
    category_path = excluded.category_path, images = excluded.images, published_at = excluded.published_at,
    version = excluded.version, certificates = excluded.certificates, tags = excluded.tags, level = excluded.level,
    vector = excluded.vector
