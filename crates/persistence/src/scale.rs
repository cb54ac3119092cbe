//! The class of a merchant by PP 7/2021, with its history. The figure that a class was derived from is sealed.

use chrono::{DateTime, Utc};
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::{MerchantId, ScaleId};
use kapal_domain::merchant::Scale;
use kapal_domain::money::Money;
use kapal_schema::merchant_scales;
use uuid::Uuid;

use crate::{Cursor, Page, Result, TenantTx};

/// Where a figure is sealed.
pub(crate) const AMOUNT: &str = "merchant_scales/amount_sealed";

/// What a class is derived from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaleClaim {
    /// The class.
    pub scale: Scale,
    /// `declared`, `capital` or `sales`.
    pub basis: &'static str,
    /// The year of the figure.
    pub year: Option<i32>,
    /// The figure; a mere declaration has none.
    pub amount: Option<Money>,
}

impl ScaleClaim {
    /// A class that is declared without a figure.
    #[must_use]
    pub const fn declared(scale: Scale) -> Self {
        Self { scale, basis: "declared", year: None, amount: None }
    }
}

/// A class that a merchant is or was in.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = merchant_scales, check_for_backend(diesel::pg::Pg))]
pub struct ScaleRow {
    /// Id.
    pub id: Uuid,
    /// The class; None where it was taken away.
    pub scale: Option<String>,
    /// `declared`, `capital` or `sales`.
    pub basis: Option<String>,
    /// The year of the figure.
    pub year: Option<i32>,
    /// The figure in rupiah, sealed.
    pub amount_sealed: Option<Vec<u8>>,
    /// Who told it.
    pub recorded_by: Option<Uuid>,
    /// When.
    pub recorded_at: DateTime<Utc>,
}

impl TenantTx<'_> {
    /// Adds to a merchant's history; the caller records the change. None: the class was taken away.
    pub(crate) async fn insert_scale(
        &mut self,
        merchant: MerchantId,
        claim: Option<&ScaleClaim>,
    ) -> Result<()> {
        let id = ScaleId::new().uuid();
        let amount = match claim.and_then(|claim| claim.amount) {
            Some(amount) => Some(self.seal_for(merchant.uuid(), AMOUNT, id, &amount.to_decimal()).await?),
            None => None,
        };
        diesel::insert_into(merchant_scales::table)
            .values((
                merchant_scales::aggregator_id.eq(self.tenant()),
                merchant_scales::id.eq(id),
                merchant_scales::merchant_id.eq(merchant.uuid()),
                merchant_scales::scale.eq(claim.map(|claim| claim.scale.as_str())),
                merchant_scales::basis.eq(claim.map(|claim| claim.basis)),
                merchant_scales::year.eq(claim.and_then(|claim| claim.year)),
                merchant_scales::amount_sealed.eq(amount),
                merchant_scales::recorded_by.eq(self.actor().id()),
                merchant_scales::recorded_at.eq(Utc::now()),
            ))
            .execute(&mut **self)
            .await?;
        Ok(())
    }

    /// The classes that a merchant was in, the present one first.
    pub async fn scales(
        &mut self,
        merchant: MerchantId,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<ScaleRow>> {
        self.expect_merchant(merchant).await?;
        let mut query = merchant_scales::table
            .filter(merchant_scales::aggregator_id.eq(self.tenant()))
            .filter(merchant_scales::merchant_id.eq(merchant.uuid()))
            .select(ScaleRow::as_select())
            .into_boxed();
        if let Some(cursor) = after {
            let (time, id) = cursor.time_and_id()?;
            query = query
                .filter(merchant_scales::recorded_at.le(time))
                .filter(merchant_scales::recorded_at.lt(time).or(merchant_scales::id.lt(id)));
        }
        let wanted = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let rows = query
            .order((merchant_scales::recorded_at.desc(), merchant_scales::id.desc()))
            .limit(wanted)
            .load::<ScaleRow>(&mut **self)
            .await?;
        Ok(Page::cut(rows, limit, |row| Cursor::at(row.recorded_at, row.id)))
    }

    /// The newest row with a figure of this basis.
    pub(crate) async fn newest_figure(
        &mut self,
        merchant: MerchantId,
        basis: &str,
    ) -> Result<Option<ScaleRow>> {
        use diesel::OptionalExtension;
        Ok(merchant_scales::table
            .filter(merchant_scales::aggregator_id.eq(self.tenant()))
            .filter(merchant_scales::merchant_id.eq(merchant.uuid()))
            .filter(merchant_scales::basis.eq(basis))
            .order((merchant_scales::recorded_at.desc(), merchant_scales::id.desc()))
            .select(ScaleRow::as_select())
            .first::<ScaleRow>(&mut **self)
            .await
            .optional()?)
    }
}
