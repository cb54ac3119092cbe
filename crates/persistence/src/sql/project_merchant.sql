-- What storefronts show of merchant $2 of tenant $1: its row while it is active; nothing, with its products, otherwise.
WITH shown AS (
    SELECT m.*, CASE WHEN r.level = 'district' THEN r.name || ', ' || u.name ELSE r.name END AS region_name,
           p.code AS province_code, p.name AS province_name
    FROM merchants m
    JOIN regions r ON r.code = m.region_code
    LEFT JOIN regions u ON u.code = r.parent_code
    JOIN regions p ON p.code = left(m.region_code, 2)
    WHERE m.aggregator_id = $1 AND m.id = $2 AND m.status = 'active'
),
products_gone AS (
    DELETE FROM published_products
    WHERE aggregator_id = $1 AND merchant_id = $2 AND NOT EXISTS (SELECT FROM shown)
),
merchant_gone AS (
    DELETE FROM published_merchants WHERE aggregator_id = $1 AND id = $2 AND NOT EXISTS (SELECT FROM shown)
)
INSERT INTO published_merchants (
    aggregator_id, id, slug, name, story, region_code, region_name, province_code, province_name, whatsapp, channels,
    created_at, version
)
SELECT s.aggregator_id, s.id, s.slug, s.name, s.story, s.region_code, s.region_name, s.province_code, s.province_name,
       (SELECT c.handle FROM channels c
        WHERE c.aggregator_id = $1 AND c.merchant_id = $2 AND c.kind = 'whatsapp' AND c.active),
       coalesce((SELECT jsonb_agg(jsonb_build_object('kind', c.kind, 'handle', c.handle) ORDER BY c.kind)
        FROM channels c
        WHERE c.aggregator_id = $1 AND c.merchant_id = $2 AND c.kind <> 'whatsapp' AND c.active), '[]'),
       s.created_at, s.version
FROM shown s
ON CONFLICT (aggregator_id, id) DO UPDATE SET
    slug = excluded.slug, name = excluded.name, story = excluded.story, region_code = excluded.region_code,
    region_name = excluded.region_name, province_code = excluded.province_code,
    province_name = excluded.province_name, whatsapp = excluded.whatsapp, channels = excluded.channels,
    version = excluded.version
