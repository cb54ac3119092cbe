//! The steps of a product's life.

use chrono::Utc;
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::ProductId;
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::product::{HalalStatus, ProductAction, ProductStatus};
use kapal_domain::product_certificate::CertificateKind;
use kapal_domain::product_option::check_choices;
use kapal_domain::{Code, Refusal};
use kapal_schema::products;
use serde_json::json;

use super::{Product, ProductRow};
use crate::{Result, TenantTx};

impl TenantTx<'_> {
    /// Takes a step of a product's life. `reason` is what a reviewer asks for.
    ///
    /// Who submits shows a product that is complete; who publishes needs besides an active merchant with a NIB on
    /// file (Permendag 31/2023, article 33) and the documents that the category demands.
    pub async fn change_product_status(
        &mut self,
        id: ProductId,
        action: ProductAction,
        reason: Option<&str>,
    ) -> Result<Product> {
        let row = self.lock_product(id).await?;
        let was = row.status()?;
        let status =
            was.apply(action).map_err(|code| Refusal::because(code, format!("The product is {was}.")))?;
        let mut product = self.whole_product(row).await?;
        match action {
            ProductAction::Submit => self.check_complete(&product).await?,
            ProductAction::Publish => self.check_publication(&product).await?,
            ProductAction::Archive => self.end_change_request(&product.row).await?,
            ProductAction::RequestChanges | ProductAction::Unpublish => {}
        }
        let now = Utc::now();
        let published_at = match status {
            ProductStatus::Published => product.row.published_at.or(Some(now)),
            _ => product.row.published_at,
        };
        product.row = diesel::update(products::table.find((self.tenant(), id.uuid())))
            .set((
                products::status.eq(status.as_str()),
                products::status_reason.eq(reason),
                products::published_at.eq(published_at),
                products::version.eq(products::version + 1),
                products::updated_at.eq(now),
            ))
            .returning(ProductRow::as_returning())
            .get_result::<ProductRow>(&mut **self)
            .await?;
        let kind = match action {
            ProductAction::Submit => EventKind::ProductSubmitted,
            ProductAction::RequestChanges => EventKind::ProductChangesRequested,
            ProductAction::Publish => EventKind::ProductPublished,
            ProductAction::Unpublish => EventKind::ProductUnpublished,
            ProductAction::Archive => EventKind::ProductArchived,
        };
        let (before, after) =
            (json!({ "status": was.as_str() }), json!({ "status": status.as_str(), "reason": reason }));
        self.record_product(kind, &product.row, before, after).await?;
        if [was, status].contains(&ProductStatus::Published) {
            self.project_product(product.row.id()).await?;
        }
        Ok(product)
    }

    /// Refuses what may not be on a storefront.
    pub(super) async fn check_publication(&mut self, product: &Product) -> Result<()> {
        self.check_merchant(&product.row).await?;
        self.check_complete(product).await
    }

    async fn check_complete(&mut self, product: &Product) -> Result<()> {
        let missing = product.missing();
        if !missing.is_empty() {
            let missing = format!("It lacks {}.", missing.join(", "));
            return Err(Refusal::because(Code::ProductIncomplete, missing).into());
        }
        self.check_claims(product).await
    }

    /// Refuses, field by field, what its category demands and it does not say, what it says of being halal without
    /// proof, and variants that leave an option open.
    async fn check_claims(&mut self, product: &Product) -> Result<()> {
        let details = &product.row.details;
        let demands = self.demands_of(product.row.category_id.into()).await?;
        let mut faults = demands.attributes.missing(&details.attributes()?);
        let halal = details.halal_status()?;
        let is_certified = halal == HalalStatus::Certified
            && self.holds_certificate(product.row.id(), CertificateKind::Halal).await?;
        faults.take("/halal_status", halal.check(demands.is_food, is_certified));
        let options = details.options()?;
        for (at, variant) in product.variants.iter().enumerate() {
            faults.nest(&format!("/variants/{at}"), check_choices(&options, &variant.choices()?));
        }
        Ok(faults.finish()?)
    }

    async fn check_merchant(&mut self, product: &ProductRow) -> Result<()> {
        let (status, nib) = self.hold_merchant(product.merchant_id).await?;
        if status != MerchantStatus::Active.as_str() {
            return Err(Refusal::because(Code::MerchantNotActive, format!("It is {status}.")).into());
        }
        if nib.is_none() {
            return Err(Code::NibRequired.into());
        }
        self.check_gates(product.id()).await
    }
}
