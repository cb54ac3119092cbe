-- What storefronts show of merchant $2 of tenant $1: its row while it is active; nothing, with its products, otherwise.
WITH shown AS (
    SELECT m.*, CASE WHEN r.level = 'district' THEN r.name || ', ' || u.name ELSE r.name END AS region_name,
           p.code AS province_code, p.name AS province_name,
           -- A story whose consent was withdrawn is on no storefront.
           f.story_withdrawn_on IS NULL AS tells_story, coalesce(f.story_en, '') AS story_en, f.logo_id
    FROM merchants m
    LEFT JOIN merchant_profiles f ON f.aggregator_id = m.aggregator_id AND f.merchant_id = m.id
    JOIN regions r ON r.code = m.region_code
    LEFT JOIN regions u ON u.code = r.parent_code
    JOIN regions p ON p.code = left(m.region_code, 2)
    WHERE m.aggregator_id = $1 AND m.id = $2 AND m.status = 'active' AND m.restricted_at IS NULL
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
    created_at, version, story_en, logo, level
)
SELECT s.aggregator_id, s.id, s.slug, s.name, CASE WHEN s.tells_story THEN s.story ELSE '' END, s.region_code, s.region_name, s.province_code, s.province_name,
       (SELECT c.handle FROM channels c
        WHERE c.aggregator_id = $1 AND c.merchant_id = $2 AND c.kind = 'whatsapp' AND c.active),
       coalesce((SELECT jsonb_agg(jsonb_build_object('kind', c.kind, 'handle', c.handle) ORDER BY c.kind)
        FROM channels c
        WHERE c.aggregator_id = $1 AND c.merchant_id = $2 AND c.kind <> 'whatsapp' AND c.active), '[]'),
       s.created_at, s.version, CASE WHEN s.tells_story THEN s.story_en ELSE '' END,
       coalesce((SELECT jsonb_build_array(jsonb_build_object('hash', l.hash, 'width', l.width, 'height', l.height,
            'widths', l.widths, 'blurhash', l.blurhash, 'alt_id', '', 'alt_en', ''))
        FROM media l WHERE l.aggregator_id = $1 AND l.id = s.logo_id), '[]'), s.level
FROM shown s
ON CONFLICT (aggregator_id, id) DO UPDATE SET
    slug = excluded.slug, name = excluded.name, story = excluded.story, region_code = excluded.region_code,
    region_name = excluded.region_name, province_code = excluded.province_code,
    province_name = excluded.province_name, whatsapp = excluded.whatsapp, channels = excluded.channels,
    version = excluded.version, story_en = excluded.story_en, logo = excluded.logo, level = excluded.level
