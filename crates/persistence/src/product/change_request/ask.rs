//! How an edit of a published product becomes a change request, or part of the one that is under way.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::change_request::{ChangeRequestAction, ChangeRequestStatus};
use kapal_domain::ids::ChangeRequestId;
use kapal_schema::change_requests;
use serde_json::json;
use uuid::Uuid;

use super::{ChangeRequestRow, Edited, ProductEdit, Said, difference, fields_of};
use crate::product::{Product, ProductRow};
use crate::{Result, TenantTx};

const RUNNING: [&str; 2] = [ChangeRequestStatus::Open.as_str(), ChangeRequestStatus::NeedsChanges.as_str()];

impl TenantTx<'_> {
    /// Asks for a review of an edit of a published product that is locked. An edit that changes nothing asks for nothing,
    /// and one that takes back all that was asked for withdraws the request.
    pub(in crate::product) async fn ask_for_review(
        &mut self,
        product: Product,
        edit: ProductEdit,
    ) -> Result<Edited<Product>> {
        let running = self.running_change_request(product.row.id).await?;
        let (old_edit, old_base) = match &running {
            Some(row) => (row.edit()?, row.base()?),
            None => Default::default(),
        };
        let (live, named) = (fields_of(&product)?, edit.fields());
        let whole = old_edit.clone().amended_by(edit);
        // All of it is judged as if it were made now.
        self.plan_product_changes(&product, &whole.product).await?;
        let mut base = old_base.clone();
        base.extend(named.keys().map(|at| (at.clone(), live.get(at).cloned().unwrap_or_default())));
        let changes_nothing = difference(&live, &base, whole.fields()).is_empty();
        let (mut row, action) = match running {
            None if changes_nothing => return Ok(Edited::Made(product)),
            None => (self.new_change_request(product.row.id), ChangeRequestAction::Open),
            Some(row) => (row, ChangeRequestAction::Amend),
        };
        let is_new = action == ChangeRequestAction::Open;
        let is_repeated = whole == old_edit && base == old_base && row.status()? == ChangeRequestStatus::Open;
        if is_new || !is_repeated {
            let status = match is_new {
                true => ChangeRequestStatus::Open,
                false if changes_nothing => ChangeRequestStatus::Withdrawn,
                false => row.status()?.apply(action)?,
            };
            (row.edit, row.base, row.base_version) = (json!(whole), json!(base), product.row.version);
            let said = Said { fields: named, ..Said::default() };
            row = self.take_step(row, &product.row, action, status, said).await?;
        }
        Ok(Edited::Asked(Box::new(self.whole_change_request(row, product).await?)))
    }

    /// What is not stored yet: version 0.
    fn new_change_request(&self, product: Uuid) -> ChangeRequestRow {
        let now = chrono::Utc::now();
        ChangeRequestRow {
            id: ChangeRequestId::new().uuid(),
            product_id: product,
            status: ChangeRequestStatus::Open.as_str().to_owned(),
            base_version: 0,
            edit: json!({}),
            base: json!({}),
            created_by: self.actor().id(),
            version: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// What is asked of a product that is locked, as its editor sees it: the product with that edit made.
    pub(in crate::product) async fn edit_under_way(&mut self, product: &ProductRow) -> Result<ProductEdit> {
        let running = self.running_change_request(product.id).await?;
        running.map_or_else(|| Ok(ProductEdit::default()), |row| row.edit())
    }

    /// The product has ended: so does the request that is under way.
    pub(in crate::product) async fn end_change_request(&mut self, product: &ProductRow) -> Result<()> {
        if let Some(row) = self.running_change_request(product.id).await? {
            let (action, status) = (ChangeRequestAction::Withdraw, ChangeRequestStatus::Withdrawn);
            self.take_step(row, product, action, status, Said::default()).await?;
        }
        Ok(())
    }

    async fn running_change_request(&mut self, product: Uuid) -> Result<Option<ChangeRequestRow>> {
        Ok(change_requests::table
            .filter(change_requests::aggregator_id.eq(self.tenant()))
            .filter(change_requests::product_id.eq(product))
            .filter(change_requests::status.eq_any(RUNNING))
            .select(ChangeRequestRow::as_select())
            .for_update()
            .first(&mut **self)
            .await
            .optional()?)
    }
}
