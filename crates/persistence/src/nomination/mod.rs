//! Nominations, their reviewers' scores, and what was decided. Every step locks the nomination first.

mod create;
mod decide;
mod end;
mod evidence;
mod forget;
mod list;
mod score;
mod turn;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Bool, Text, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl, Queryable, QueryableByName, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::NominationId;
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::nomination::{NominationAction, NominationStatus};
use kapal_domain::product::ProductStatus;
use kapal_domain::rubric::{GateFacts, ReviewGate, Rubric, ScoreSheet, Verdict};
use kapal_domain::{Code, Refusal};
use kapal_schema::{nomination_rounds, nominations, score_history, scores};
use serde_json::Value;
use uuid::Uuid;

pub use create::{NewNomination, PublicNomination, Supporter};
pub use decide::NewDecision;
pub use list::NominationFilter;
pub use score::NewScore;
pub(crate) use turn::MutiaraEnd;

use crate::identity::stored;
use crate::sql::sql;
use crate::{Error, Result, RubricVersion, TenantTx};

/// A nomination as it is stored.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = nominations, check_for_backend(diesel::pg::Pg))]
pub struct NominationRow {
    /// Id.
    pub id: Uuid,
    /// The product.
    pub product_id: Uuid,
    /// Who nominated; None where it was somebody of the public.
    pub nominated_by: Option<Uuid>,
    /// As what.
    pub source: String,
    /// Why.
    pub reason: String,
    /// State.
    pub status: String,
    /// How many of the public asked for it.
    pub supports: i32,
    rubric_id: Option<Uuid>,
    /// The round of review: the second one is an appeal's.
    pub round: i16,
    /// Why the first round was appealed.
    pub appeal_reason: Option<String>,
    /// By whom.
    pub appealed_by: Option<Uuid>,
    /// When.
    pub appealed_at: Option<DateTime<Utc>>,
    /// Why it was accepted or declined.
    pub decision_reason: Option<String>,
    /// What the merchant should do next.
    pub actions: Vec<String>,
    /// Who decided.
    pub decided_by: Option<Uuid>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Average of the reviewers when it was decided, in hundredths of a point.
    pub score: Option<i32>,
    /// Its stars.
    pub stars: Option<i16>,
    /// Until when an accepted product is mutiara.
    pub valid_until: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Who took it away.
    pub ended_by: Option<Uuid>,
    /// Why.
    pub end_reason: Option<String>,
    /// Grows with each change.
    pub version: i32,
    /// When it was nominated.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl NominationRow {
    /// The state.
    pub fn status(&self) -> Result<NominationStatus> {
        stored(NominationStatus::parse(&self.status))
    }

    fn apply(&self, action: NominationAction) -> Result<NominationStatus> {
        let refuse = |code| Refusal::because(code, format!("The nomination is {}.", self.status)).into();
        self.status()?.apply(action, self.round > 1).map_err(refuse)
    }
}

/// One reviewer's scores.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = scores, check_for_backend(diesel::pg::Pg))]
pub struct ScoreRow {
    /// The nomination.
    pub nomination_id: Uuid,
    /// The reviewer.
    pub reviewer_id: Uuid,
    /// Points by criterion key.
    pub points: Value,
    /// Their weighted total in hundredths of a point.
    pub total: i32,
    /// What the reviewer thought.
    pub comment: String,
    /// When the reviewer first scored.
    pub created_at: DateTime<Utc>,
    /// When the scores last changed.
    pub updated_at: DateTime<Utc>,
}

impl ScoreRow {
    fn sheet(&self, rubric: &Rubric) -> Result<ScoreSheet> {
        let points = self.points.as_object().into_iter().flatten();
        let points = points.map(|(key, points)| (key.as_str(), points.as_i64().unwrap_or_default()));
        rubric.score(points).map_err(|faults| Error::Internal(format!("stored scores: {faults:?}")))
    }
}

/// How a round ended that was appealed.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = nomination_rounds, check_for_backend(diesel::pg::Pg))]
pub struct RoundRow {
    nomination_id: Uuid,
    /// Which round.
    pub round: i16,
    /// Why it was declined.
    pub decision_reason: String,
    /// What the merchant should do next.
    pub actions: Vec<String>,
    /// Average of the reviewers, in hundredths of a point.
    pub score: i32,
    /// Its stars.
    pub stars: i16,
    /// Who decided.
    pub decided_by: Option<Uuid>,
    /// When.
    pub decided_at: DateTime<Utc>,
}

/// A round that was appealed.
#[derive(Debug, Clone)]
pub struct DecidedRound {
    /// How it ended.
    pub row: RoundRow,
    /// What the reviewers gave.
    pub scores: Vec<ScoreRow>,
}

/// What a nomination is about, and how it stands to the gates.
#[derive(Debug, Clone, QueryableByName)]
pub struct NominatedProduct {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    status: String,
    /// Whose it is.
    #[diesel(sql_type = SqlUuid)]
    pub merchant_id: Uuid,
    /// The merchant's name.
    #[diesel(sql_type = Text)]
    pub merchant_name: String,
    #[diesel(sql_type = Text)]
    merchant_status: String,
    /// Where the merchant is.
    #[diesel(sql_type = Text)]
    pub region_code: String,
    #[diesel(sql_type = Bool)]
    has_nib: bool,
    /// The documents of its category that nobody has verified, or that have ended.
    #[diesel(sql_type = Array<Text>)]
    pub missing_documents: Vec<String>,
    /// How many pictures it has.
    #[diesel(sql_type = BigInt)]
    pub photos: i64,
    #[diesel(sql_type = Bool)]
    has_price: bool,
}

impl NominatedProduct {
    fn gate_facts(&self) -> GateFacts {
        let is_shut = self.missing_documents.iter().any(|document| document == ReviewGate::Nib.as_str());
        GateFacts {
            has_nib: self.has_nib && !is_shut,
            missing_documents: self.missing_documents.clone(),
            photos: usize::try_from(self.photos).unwrap_or_default(),
            has_price: self.has_price,
        }
    }

    /// Refuses what storefronts can't show.
    fn check_shown(&self) -> Result<(), Refusal> {
        if self.status != ProductStatus::Published.as_str() {
            return Err(not_published(&self.status));
        }
        if self.merchant_status != MerchantStatus::Active.as_str() {
            let detail = format!("The merchant is {}.", self.merchant_status);
            return Err(Refusal::because(Code::MerchantNotActive, detail));
        }
        Ok(())
    }

    /// Refuses what leaves a gate of the rubric shut. They were open when the product was published.
    fn check_gates(&self, rubric: &Rubric) -> Result<(), Refusal> {
        let shut = rubric.shut_gates(&self.gate_facts());
        if shut.is_empty() {
            return Ok(());
        }
        let named = |gate: &ReviewGate| match gate {
            ReviewGate::CategoryDocuments => format!("{gate} ({})", self.missing_documents.join(", ")),
            _ => gate.to_string(),
        };
        let shut: Vec<_> = shut.iter().map(named).collect();
        Err(Refusal::because(Code::GatesShut, format!("Shut: {}.", shut.join(", "))))
    }
}

/// A nomination with what its reviewers gave.
#[derive(Debug, Clone)]
pub struct Nomination {
    /// The nomination.
    pub row: NominationRow,
    /// What it is about.
    pub product: NominatedProduct,
    /// What it is scored on.
    pub rubric: RubricVersion,
    /// The gates that the product leaves shut now.
    pub shut_gates: Vec<ReviewGate>,
    /// The scores of this round, the first reviewer's first.
    pub scores: Vec<ScoreRow>,
    /// What they come to; None without any.
    pub verdict: Option<Verdict>,
    /// The round that was appealed.
    pub appealed: Option<DecidedRound>,
}

sql! {
    // The nominated products of a tenant, and what the gates ask of them.
    NominatedProducts { aggregator: Uuid => SqlUuid, products: Vec<Uuid> => Array<SqlUuid> }
    "SELECT p.id, p.status, p.merchant_id, m.name AS merchant_name, m.status AS merchant_status, m.region_code,
        m.nib IS NOT NULL AS has_nib,
        coalesce((SELECT t.name FROM product_translations t WHERE t.aggregator_id = $1 AND t.product_id = p.id
            ORDER BY t.locale = 'id' DESC LIMIT 1), p.slug) AS name,
        ARRAY(SELECT g.document FROM app.shut_gates($1, p.id) g) AS missing_documents,
        (SELECT count(*) FROM product_media i WHERE i.aggregator_id = $1 AND i.product_id = p.id) AS photos,
        EXISTS (SELECT FROM product_variants v WHERE v.aggregator_id = $1 AND v.product_id = p.id) AS has_price
     FROM products p
     JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
     WHERE p.aggregator_id = $1 AND p.id = ANY ($2)"
}

fn not_published(status: &str) -> Refusal {
    Refusal::because(Code::ProductNotPublished, format!("The product is {status}."))
}

impl TenantTx<'_> {
    /// One nomination.
    pub async fn nomination(&mut self, id: NominationId) -> Result<Nomination> {
        let row = nominations::table
            .find((self.tenant(), id.uuid()))
            .select(NominationRow::as_select())
            .first::<NominationRow>(&mut **self)
            .await?;
        self.whole_nomination(row).await
    }

    /// The rubric that a nomination is scored on. It stays so until the end of the transaction.
    pub async fn rubric_of(&mut self, id: NominationId) -> Result<RubricVersion> {
        let row = self.lock_nomination(id).await?;
        let found = self.rubrics_of(vec![row.id]).await?.remove(&row.id);
        Ok(found.unwrap_or_else(RubricVersion::standard))
    }

    async fn lock_nomination(&mut self, id: NominationId) -> Result<NominationRow> {
        let row = nominations::table
            .find((self.tenant(), id.uuid()))
            .select(NominationRow::as_select())
            .for_update()
            .first::<NominationRow>(&mut **self)
            .await?;
        Ok(row)
    }

    async fn nominated_product(&mut self, id: Uuid) -> Result<NominatedProduct> {
        let query = NominatedProducts { aggregator: self.tenant(), products: vec![id] };
        Ok(query.get_result::<NominatedProduct>(&mut **self).await?)
    }

    async fn whole_nomination(&mut self, row: NominationRow) -> Result<Nomination> {
        self.whole_nominations(vec![row]).await?.pop().ok_or(Error::NotFound)
    }

    /// Nominations with all that is shown beside them: three statements, and two more where one was appealed.
    async fn whole_nominations(&mut self, rows: Vec<NominationRow>) -> Result<Vec<Nomination>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let products = rows.iter().map(|row| row.product_id).collect();
        let query = NominatedProducts { aggregator: self.tenant(), products };
        let products = query.load::<NominatedProduct>(&mut **self).await?;
        let products: BTreeMap<_, _> = products.into_iter().map(|product| (product.id, product)).collect();
        let mut rubrics = self.rubrics_of(ids.clone()).await?;
        let mut scores = self.scores(ids).await?;
        let appealed = rows.iter().filter(|row| row.round > 1).map(|row| row.id).collect();
        let mut rounds = self.appealed_rounds(appealed).await?;
        rows.into_iter()
            .map(|row| {
                let product = products.get(&row.product_id).cloned().ok_or(Error::NotFound)?;
                let rubric = rubrics.remove(&row.id).unwrap_or_else(RubricVersion::standard);
                let scores: Vec<_> = scores.extract_if(.., |score| score.nomination_id == row.id).collect();
                let sheets =
                    scores.iter().map(|score| score.sheet(&rubric.rubric)).collect::<Result<Vec<_>>>()?;
                let verdict = rubric.rubric.verdict(&sheets);
                let shut_gates = rubric.rubric.shut_gates(&product.gate_facts());
                let appealed = rounds.remove(&row.id);
                Ok(Nomination { row, product, rubric, shut_gates, scores, verdict, appealed })
            })
            .collect()
    }

    async fn scores(&mut self, nominations: Vec<Uuid>) -> Result<Vec<ScoreRow>> {
        let rows = scores::table
            .filter(scores::aggregator_id.eq(self.tenant()))
            .filter(scores::nomination_id.eq_any(nominations))
            .order((scores::created_at, scores::reviewer_id))
            .select(ScoreRow::as_select())
            .load::<ScoreRow>(&mut **self)
            .await?;
        Ok(rows)
    }

    async fn appealed_rounds(&mut self, nominations: Vec<Uuid>) -> Result<BTreeMap<Uuid, DecidedRound>> {
        if nominations.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rounds = nomination_rounds::table
            .filter(nomination_rounds::aggregator_id.eq(self.tenant()))
            .filter(nomination_rounds::nomination_id.eq_any(&nominations))
            .select(RoundRow::as_select())
            .load::<RoundRow>(&mut **self)
            .await?;
        let mut scores = score_history::table
            .filter(score_history::aggregator_id.eq(self.tenant()))
            .filter(score_history::nomination_id.eq_any(&nominations))
            .filter(score_history::stood)
            .order((score_history::created_at, score_history::reviewer_id))
            .select((
                score_history::nomination_id,
                score_history::reviewer_id,
                score_history::points,
                score_history::total,
                score_history::comment,
                score_history::created_at,
                score_history::updated_at,
            ))
            .load::<ScoreRow>(&mut **self)
            .await?;
        let with_scores = |row: RoundRow| {
            let scores = scores.extract_if(.., |score| score.nomination_id == row.nomination_id).collect();
            (row.nomination_id, DecidedRound { row, scores })
        };
        Ok(rounds.into_iter().map(with_scores).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed() -> NominatedProduct {
        NominatedProduct {
            id: Uuid::nil(),
            name: "Tenun".into(),
            status: "published".into(),
            merchant_id: Uuid::nil(),
            merchant_name: "Mama Ina".into(),
            merchant_status: "active".into(),
            region_code: "53.01".into(),
            has_nib: true,
            missing_documents: Vec::new(),
            photos: 1,
            has_price: true,
        }
    }

    #[test]
    fn what_is_not_shown_is_refused_with_its_state() {
        let code = |product: NominatedProduct| product.check_shown().map_err(|refusal| refusal.code);
        assert_eq!(code(passed()), Ok(()));
        let taken_down = NominatedProduct { status: "unpublished".into(), ..passed() };
        assert_eq!(code(taken_down), Err(Code::ProductNotPublished));
        let suspended = NominatedProduct { merchant_status: "suspended".into(), ..passed() };
        assert_eq!(code(suspended), Err(Code::MerchantNotActive));
    }

    #[test]
    fn every_gate_that_is_shut_is_named() {
        let rubric = Rubric::default_rubric();
        let said = |product: NominatedProduct| {
            let refusal = product.check_gates(&rubric).err();
            refusal.and_then(|refusal| refusal.detail).map(|detail| detail.en)
        };
        assert_eq!(said(passed()), None);
        let bare = NominatedProduct { has_nib: false, photos: 0, has_price: false, ..passed() };
        assert_eq!(said(bare).as_deref(), Some("Shut: nib, photos, price."));
        let papers = NominatedProduct { missing_documents: vec!["halal".into(), "nib".into()], ..passed() };
        assert_eq!(said(papers).as_deref(), Some("Shut: nib, category_documents (halal, nib)."));
    }
}
