//! How aggregators tune the search: read by whoever answers searches, set by one at a time.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::AggregatorId;
use kapal_domain::search_weights::SearchWeights;
use uuid::Uuid;

use super::SynonymGroups;
use super::synonyms::all_synonyms;
use super::weights::all_weights;
use crate::db::lend;
use crate::{Db, Result, TenantTx};

/// The own words, and the own weights, of all aggregators that have any.
pub type SearchTunings = (Vec<(AggregatorId, SynonymGroups)>, Vec<(AggregatorId, SearchWeights)>);

impl Db {
    /// What all aggregators tuned.
    pub async fn all_search_tunings(&self) -> Result<SearchTunings> {
        let mut connection = lend(&self.ops).await?;
        Ok((all_synonyms(&mut connection).await?, all_weights(&mut connection).await?))
    }
}

impl TenantTx<'_> {
    /// Waits for whoever tunes it: the aggregator's row stands for the one that isn't there yet.
    pub(super) async fn lock_search_tuning(&mut self) -> Result<()> {
        use kapal_schema::aggregators;
        aggregators::table
            .select(aggregators::id)
            .filter(aggregators::id.eq(self.tenant()))
            .for_no_key_update()
            .get_result::<Uuid>(&mut **self)
            .await?;
        Ok(())
    }
}
