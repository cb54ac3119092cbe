//! The published projection: what a storefront shows, written in the transaction of each change. Each statement brings
//! one thing to its present state, so that calling it once too often changes nothing.

use diesel::sql_types::{Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::{AggregatorId, CollectionId, MerchantId, ProductId, SlotId};
use uuid::Uuid;

use crate::sql::sql;
use crate::tx::Tx;
use crate::{OperatorTx, Result, TenantTx};

sql! {
    ProjectMerchant { aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid }
    include_str!("sql/project_merchant.sql")
}

sql! {
    ProjectProducts { aggregator: Uuid => SqlUuid, product: Option<Uuid> => Nullable<SqlUuid>, merchant: Option<Uuid> => Nullable<SqlUuid> }
    include_str!("sql/project_products.sql")
}

// A projection is computed from what this transaction may not see yet. So it first waits for those who are changing the
// product or suspending its merchant; the statement after it then sees what they made of it.
// The merchant always after the product, so that nobody waits in a circle.
sql! {
    LockShown { aggregator: Uuid => SqlUuid, product: Uuid => SqlUuid }
    "SELECT 1 FROM products p JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
     WHERE p.aggregator_id = $1 AND p.id = $2 FOR NO KEY UPDATE OF p FOR SHARE OF m"
}

sql! {
    ProjectCollection { aggregator: Uuid => SqlUuid, collection: Uuid => SqlUuid }
    "WITH shown AS (SELECT * FROM collections WHERE aggregator_id = $1 AND id = $2),
     gone AS (
        DELETE FROM published_collections WHERE aggregator_id = $1 AND id = $2 AND NOT EXISTS (SELECT FROM shown)
     )
     INSERT INTO published_collections (aggregator_id, id, slug, title_id, title_en, description_id, description_en,
        starts_at, ends_at, rule, product_ids, images, version)
     SELECT c.aggregator_id, c.id, c.slug, c.title_id, c.title_en, c.description_id, c.description_en, c.starts_at,
        c.ends_at, c.rule, coalesce((SELECT array_agg(p.product_id ORDER BY p.position) FROM collection_products p
            WHERE p.aggregator_id = $1 AND p.collection_id = $2), '{}'),
        coalesce((SELECT jsonb_agg(jsonb_build_object('hash', m.hash, 'width', m.width, 'height', m.height,
                'widths', m.widths, 'blurhash', m.blurhash, 'alt_id', '', 'alt_en', '')) FROM media m
            WHERE m.aggregator_id = $1 AND m.id = c.media_id), '[]'), c.version
     FROM shown c
     ON CONFLICT (aggregator_id, id) DO UPDATE SET slug = excluded.slug, title_id = excluded.title_id,
        title_en = excluded.title_en, description_id = excluded.description_id,
        description_en = excluded.description_en, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
        rule = excluded.rule, product_ids = excluded.product_ids, images = excluded.images, version = excluded.version"
}

sql! {
    ProjectSlot { aggregator: Uuid => SqlUuid, slot: Uuid => SqlUuid }
    "WITH shown AS (SELECT * FROM featured_slots WHERE aggregator_id = $1 AND id = $2),
     gone AS (DELETE FROM published_slots WHERE aggregator_id = $1 AND id = $2 AND NOT EXISTS (SELECT FROM shown)),
     items AS (
        SELECT aggregator_id AS origin_id, product_id, position FROM slot_products
        WHERE aggregator_id = $1 AND slot_id = $2
        UNION ALL
        SELECT origin_aggregator_id, product_id, position FROM national_slot_products
        WHERE aggregator_id = $1 AND slot_id = $2
        UNION ALL
        SELECT e.origin_id, e.product_id, e.position FROM slot_exposures e JOIN shown ON shown.drawn = e.number
        WHERE e.aggregator_id = $1 AND e.slot_id = $2
     )
     INSERT INTO published_slots (aggregator_id, id, place, line, mode, category_slug, starts_at, ends_at, places,
        origin_ids, product_ids)
     SELECT s.aggregator_id, s.id, s.place, s.line, s.mode, (SELECT c.slug FROM categories c WHERE c.id = s.category_id),
        s.starts_at, s.ends_at, coalesce(s.places, 12),
        coalesce((SELECT array_agg(origin_id ORDER BY position) FROM items), '{}'),
        coalesce((SELECT array_agg(product_id ORDER BY position) FROM items), '{}')
     FROM shown s
     ON CONFLICT (aggregator_id, id) DO UPDATE SET place = excluded.place, line = excluded.line, mode = excluded.mode,
        category_slug = excluded.category_slug, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
        places = excluded.places, origin_ids = excluded.origin_ids, product_ids = excluded.product_ids"
}

sql! {
    ProjectAggregator { aggregator: Uuid => SqlUuid }
    "WITH shown AS (SELECT * FROM aggregators WHERE id = $1 AND status = 'active' AND kind = 'member'),
     gone AS (DELETE FROM published_aggregators WHERE id = $1 AND NOT EXISTS (SELECT FROM shown))
     INSERT INTO published_aggregators (id, slug, name, description_id, description_en, national, primary_colour,
        demonstration, version)
     SELECT id, slug, name, description_id, description_en, national, primary_colour, demonstration, version FROM shown
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, description_id = excluded.description_id,
        description_en = excluded.description_en, national = excluded.national,
        primary_colour = excluded.primary_colour, version = excluded.version"
}

sql! {
    // The worker looks again whether the gates of a merchant's mutiara are open. A nomination that somebody has locked is
    // being looked at, or taken away, and waits for this merchant.
    TouchMutiara { aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid }
    "UPDATE nominations SET next_turn_at = now() WHERE aggregator_id = $1 AND id IN (
        SELECT n.id FROM nominations n JOIN products p ON p.aggregator_id = n.aggregator_id AND p.id = n.product_id
        WHERE n.aggregator_id = $1 AND n.status = 'accepted' AND p.merchant_id = $2
        FOR UPDATE OF n SKIP LOCKED)"
}

/// Waits for those who change a product or suspend its merchant, and keeps others from it.
pub(crate) async fn lock_shown(tx: &mut Tx, aggregator: Uuid, product: Uuid) -> Result<()> {
    LockShown { aggregator, product }.execute(tx).await?;
    Ok(())
}

/// Brings what storefronts show of a product to its present state; it is locked.
pub(crate) async fn project_product(tx: &mut Tx, aggregator: Uuid, product: Uuid) -> Result<()> {
    ProjectProducts { aggregator, product: Some(product), merchant: None }.execute(tx).await?;
    Ok(())
}

impl TenantTx<'_> {
    /// Brings what storefronts show of a merchant and of all its products to its present state.
    pub(crate) async fn project_merchant(&mut self, id: MerchantId) -> Result<()> {
        let aggregator = self.tenant();
        ProjectMerchant { aggregator, merchant: id.uuid() }.execute(&mut **self).await?;
        ProjectProducts { aggregator, product: None, merchant: Some(id.uuid()) }.execute(&mut **self).await?;
        TouchMutiara { aggregator, merchant: id.uuid() }.execute(&mut **self).await?;
        Ok(())
    }

    /// As [`lock_shown`].
    pub(crate) async fn lock_shown(&mut self, id: ProductId) -> Result<()> {
        let aggregator = self.tenant();
        lock_shown(self, aggregator, id.uuid()).await
    }

    /// Brings what storefronts show of a product to its present state.
    pub(crate) async fn project_product(&mut self, id: ProductId) -> Result<()> {
        let aggregator = self.tenant();
        lock_shown(self, aggregator, id.uuid()).await?;
        project_product(self, aggregator, id.uuid()).await
    }

    /// Brings what storefronts show of a collection to its present state.
    pub(crate) async fn project_collection(&mut self, id: CollectionId) -> Result<()> {
        ProjectCollection { aggregator: self.tenant(), collection: id.uuid() }.execute(&mut **self).await?;
        Ok(())
    }

    /// Brings what storefronts show of a slot to its present state.
    pub(crate) async fn project_slot(&mut self, id: SlotId) -> Result<()> {
        ProjectSlot { aggregator: self.tenant(), slot: id.uuid() }.execute(&mut **self).await?;
        Ok(())
    }
}

impl OperatorTx<'_> {
    /// Brings what storefronts show of a merchant's products to its present state; the merchant is locked.
    pub(crate) async fn project_products_of(
        &mut self,
        aggregator: AggregatorId,
        merchant: MerchantId,
    ) -> Result<()> {
        ProjectProducts { aggregator: aggregator.uuid(), product: None, merchant: Some(merchant.uuid()) }
            .execute(&mut **self)
            .await?;
        TouchMutiara { aggregator: aggregator.uuid(), merchant: merchant.uuid() }
            .execute(&mut **self)
            .await?;
        Ok(())
    }

    /// Brings what storefronts show of a product to its present state; the product is locked.
    pub(crate) async fn project_product_of(&mut self, aggregator: AggregatorId, id: ProductId) -> Result<()> {
        let (aggregator, product) = (aggregator.uuid(), id.uuid());
        LockShown { aggregator, product }.execute(&mut **self).await?;
        ProjectProducts { aggregator, product: Some(product), merchant: None }.execute(&mut **self).await?;
        Ok(())
    }

    /// Brings what storefronts show of a slot to its present state.
    pub(crate) async fn project_slot(&mut self, aggregator: Uuid, id: SlotId) -> Result<()> {
        ProjectSlot { aggregator, slot: id.uuid() }.execute(&mut **self).await?;
        Ok(())
    }
}

/// Brings what storefronts show of an aggregator to its present state.
pub(crate) async fn project_aggregator(tx: &mut Tx, id: AggregatorId) -> Result<()> {
    ProjectAggregator { aggregator: id.uuid() }.execute(tx).await?;
    Ok(())
}
