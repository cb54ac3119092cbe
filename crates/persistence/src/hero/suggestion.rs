//! Who would fit a merchant: heroes with room for one more, those of its area first, then the nearest.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Double, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::hero::{LANGUAGE_IS_WORTH_KM, Language};
use kapal_domain::ids::MerchantId;
use uuid::Uuid;

use crate::sql::sql;
use crate::{Result, TenantTx};

/// A hero who would fit.
#[derive(Debug, Clone, QueryableByName)]
pub struct Suggestion {
    /// The person.
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    /// As his merchants know him.
    #[diesel(sql_type = Text)]
    pub display_name: String,
    /// How many more merchants he takes.
    #[diesel(sql_type = BigInt)]
    pub free: i64,
    /// Whether his area holds the merchant's region.
    #[diesel(sql_type = Bool)]
    pub in_area: bool,
    /// Whether he speaks the language that was asked for.
    #[diesel(sql_type = Bool)]
    pub speaks: bool,
    /// Great-circle kilometres to the merchant; None where nobody knows where he lives.
    #[diesel(sql_type = Nullable<Double>)]
    pub distance_km: Option<f64>,
}

sql! {
    SuggestHeroes {
        aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid, language: Option<String> => Nullable<Text>,
        language_km: f64 => Double, limit: i64 => BigInt,
    }
    include_str!("../sql/suggest_heroes.sql")
}

impl TenantTx<'_> {
    /// The heroes who would fit a merchant best.
    pub async fn hero_suggestions(
        &mut self,
        merchant: MerchantId,
        language: Option<&Language>,
        limit: usize,
    ) -> Result<Vec<Suggestion>> {
        self.see_merchant(merchant).await?;
        let query = SuggestHeroes {
            aggregator: self.tenant(),
            merchant: merchant.uuid(),
            language: language.map(|language| language.as_str().to_owned()),
            language_km: LANGUAGE_IS_WORTH_KM,
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
        };
        Ok(query.load(&mut **self).await?)
    }
}
