//! The end of a mutiara: by time, or taken away.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::NominationId;
use kapal_domain::nomination::{NominationAction, Reason};
use kapal_schema::{nominations, products};
use serde_json::json;
use uuid::Uuid;

use super::{Nomination, NominationRow};
use crate::projection::{lock_shown, project_product};
use crate::tx::Tx;
use crate::{Change, Result, Subject, TenantTx};

impl TenantTx<'_> {
    /// Takes mutiara away from a product.
    pub async fn revoke_nomination(&mut self, id: NominationId, reason: &Reason) -> Result<Nomination> {
        let before = self.lock_nomination(id).await?;
        let status = before.apply(NominationAction::Revoke)?;
        let now = Utc::now();
        let aggregator = self.tenant();
        end_mutiara(self, aggregator, before.product_id, now).await?;
        let row = diesel::update(nominations::table.find((aggregator, before.id)))
            .set((
                nominations::status.eq(status.as_str()),
                nominations::ended_at.eq(now),
                nominations::ended_by.eq(self.actor().id()),
                nominations::end_reason.eq(reason.as_str()),
                nominations::version.eq(nominations::version + 1),
                nominations::updated_at.eq(now),
            ))
            .returning(NominationRow::as_returning())
            .get_result::<NominationRow>(&mut **self)
            .await?;
        let nomination = self.whole_nomination(row).await?;
        let row = &nomination.row;
        let facts = json!({ "status": row.status, "reason": row.end_reason });
        let facts = self.sealed_facts(nomination.product.merchant_id, facts).await?;
        self.record(
            Change::new(EventKind::NominationRevoked, Subject("nomination", row.id))
                .data(json!({ "product_id": row.product_id, "status": row.status }))
                .from_to(json!({ "status": before.status }), facts),
        );
        Ok(nomination)
    }
}

/// Makes a product one like others again, and shows it so.
pub(super) async fn end_mutiara(
    tx: &mut Tx,
    aggregator: Uuid,
    product: Uuid,
    now: DateTime<Utc>,
) -> Result<()> {
    lock_shown(tx, aggregator, product).await?;
    diesel::update(products::table.find((aggregator, product)))
        .set((
            products::is_mutiara.eq(false),
            products::stars.eq(None::<i16>),
            products::version.eq(products::version + 1),
            products::updated_at.eq(now),
        ))
        .execute(tx)
        .await?;
    project_product(tx, aggregator, product).await
}
