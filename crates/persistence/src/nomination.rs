//! Nominations, their reviewers' scores, and what was decided. Every step locks the nomination first.

use chrono::{DateTime, Months, Utc};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, QueryableByName,
    Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{NominationId, ProductId};
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::nomination::{Advice, Decision, NominationAction, NominationStatus, Reason};
use kapal_domain::product::ProductStatus;
use kapal_domain::rubric::{Rubric, ScoreSheet, Verdict};
use kapal_domain::{Code, Refusal};
use kapal_schema::{nominations, products, scores};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::sql::sql;
use crate::{Change, Cursor, Error, Page, Result, Subject, TenantTx};

/// How long a product stays mutiara until it is reviewed again.
const MUTIARA_MONTHS: Months = Months::new(12);

/// A nomination as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = nominations, check_for_backend(diesel::pg::Pg))]
pub struct NominationRow {
    /// Id.
    pub id: Uuid,
    /// The product.
    pub product_id: Uuid,
    /// Who nominated.
    pub nominated_by: Option<Uuid>,
    /// Why.
    pub reason: String,
    /// State.
    pub status: String,
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
        self.status()?.apply(action, false).map_err(refuse)
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

/// A nomination with what its reviewers gave.
#[derive(Debug, Clone)]
pub struct Nomination {
    /// The nomination.
    pub row: NominationRow,
    /// The scores, the first reviewer's first.
    pub scores: Vec<ScoreRow>,
    /// What they come to; None without any.
    pub verdict: Option<Verdict>,
}

impl Nomination {
    fn new(row: NominationRow, scores: Vec<ScoreRow>, rubric: &Rubric) -> Result<Self> {
        let sheets = scores.iter().map(|score| score.sheet(rubric)).collect::<Result<Vec<_>>>()?;
        Ok(Self { row, scores, verdict: rubric.verdict(&sheets) })
    }
}

/// Which nominations to list.
#[derive(Debug, Clone, Default)]
pub struct NominationFilter {
    /// Any of these states.
    pub statuses: Vec<NominationStatus>,
    /// Of this product.
    pub product: Option<ProductId>,
}

/// What a reviewer scores.
#[derive(Debug, Clone)]
pub struct NewScore {
    /// The points.
    pub sheet: ScoreSheet,
    /// What the reviewer thought; may be empty.
    pub comment: String,
}

/// A decision.
#[derive(Debug, Clone)]
pub struct NewDecision {
    /// Yes or no.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// What the merchant should do next; a refusal names at least one.
    pub actions: Vec<Advice>,
}

sql! {
    /// Whether the product's maker is, or was, the person's own or mentored merchant.
    IsTied { aggregator: Uuid => diesel::sql_types::Uuid, product: Uuid => diesel::sql_types::Uuid, person: Option<Uuid> => diesel::sql_types::Nullable<diesel::sql_types::Uuid> }
    "SELECT EXISTS (
        SELECT FROM products p
        WHERE p.aggregator_id = $1 AND p.id = $2 AND (
            EXISTS (SELECT FROM merchant_access a
                WHERE a.aggregator_id = $1 AND a.user_id = $3 AND a.merchant_id = p.merchant_id)
            OR EXISTS (SELECT FROM former_merchant_members f
                WHERE f.aggregator_id = $1 AND f.user_id = $3 AND f.merchant_id = p.merchant_id)
            OR EXISTS (SELECT FROM hero_assignments h
                WHERE h.aggregator_id = $1 AND h.user_id = $3 AND h.merchant_id = p.merchant_id AND h.status <> 'cancelled'))
     ) AS tied"
}

#[derive(QueryableByName)]
struct Tied {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    tied: bool,
}

sql! {
    /// What the gates of mutiara ask about a product, which stays locked.
    Gates { aggregator: Uuid => diesel::sql_types::Uuid, product: Uuid => diesel::sql_types::Uuid }
    "SELECT p.status, m.status AS merchant_status, m.nib IS NOT NULL AS has_nib,
        EXISTS (SELECT FROM product_media i WHERE i.aggregator_id = $1 AND i.product_id = $2) AS has_picture,
        EXISTS (SELECT FROM product_variants v WHERE v.aggregator_id = $1 AND v.product_id = $2) AS has_price
     FROM products p
     JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
     WHERE p.aggregator_id = $1 AND p.id = $2
     FOR UPDATE OF p"
}

#[derive(QueryableByName)]
struct GateRow {
    #[diesel(sql_type = diesel::sql_types::Text)]
    status: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    merchant_status: String,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    has_nib: bool,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    has_picture: bool,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    has_price: bool,
}

impl GateRow {
    /// The first gate that is shut. They were passed when the product was published, and may have shut since.
    fn check(&self) -> Result<(), Refusal> {
        if self.status != ProductStatus::Published.as_str() {
            return Err(not_published(&self.status));
        }
        if self.merchant_status != MerchantStatus::Active.as_str() {
            let detail = format!("The merchant is {}.", self.merchant_status);
            return Err(Refusal::because(Code::MerchantNotActive, detail));
        }
        if !self.has_nib {
            return Err(Code::NibRequired.into());
        }
        if !self.has_picture {
            return Err(Refusal::because(Code::ProductIncomplete, "It has no picture."));
        }
        if !self.has_price {
            return Err(Refusal::because(Code::ProductIncomplete, "It has no variant with a price."));
        }
        Ok(())
    }
}

fn not_published(status: &str) -> Refusal {
    Refusal::because(Code::ProductNotPublished, format!("The product is {status}."))
}

impl TenantTx<'_> {
    /// The rubric that reviewers score on: the default one, since an aggregator has none of its own.
    #[must_use]
    pub fn rubric(&self) -> Rubric {
        Rubric::default_rubric()
    }

    /// Nominates a published product.
    pub async fn insert_nomination(&mut self, product: ProductId, reason: &Reason) -> Result<Nomination> {
        let (status, merchant) = products::table
            .find((self.tenant(), product.uuid()))
            .select((products::status, products::merchant_id))
            .for_share()
            .first::<(String, Uuid)>(&mut **self)
            .await
            .optional()?
            .ok_or_else(|| Error::field("/product_id", Code::UnknownReference))?;
        if status != ProductStatus::Published.as_str() {
            return Err(not_published(&status).into());
        }
        self.expect_no_objection(merchant).await?;
        let now = Utc::now();
        let row = diesel::insert_into(nominations::table)
            .values((
                nominations::aggregator_id.eq(self.tenant()),
                nominations::id.eq(NominationId::new().uuid()),
                nominations::product_id.eq(product.uuid()),
                nominations::nominated_by.eq(self.actor().id()),
                nominations::reason.eq(reason.as_str()),
                nominations::status.eq(NominationStatus::Open.as_str()),
                nominations::created_at.eq(now),
                nominations::updated_at.eq(now),
            ))
            .returning(NominationRow::as_returning())
            .get_result::<NominationRow>(&mut **self)
            .await?;
        let after = json!({ "product_id": row.product_id, "status": row.status, "reason": row.reason });
        let after = self.sealed_facts(merchant, after).await?;
        self.record(
            Change::new(EventKind::NominationCreated, Subject("nomination", row.id))
                .data(json!({ "product_id": row.product_id, "status": row.status }))
                .from_to(Value::Null, after),
        );
        Ok(Nomination { row, scores: Vec::new(), verdict: None })
    }

    /// One nomination.
    pub async fn nomination(&mut self, id: NominationId) -> Result<Nomination> {
        let row = nominations::table
            .find((self.tenant(), id.uuid()))
            .select(NominationRow::as_select())
            .first::<NominationRow>(&mut **self)
            .await?;
        let scores = self.scores(vec![row.id]).await?;
        Nomination::new(row, scores, &self.rubric())
    }

    /// Nominations, the newest first.
    pub async fn nominations(
        &mut self,
        filter: &NominationFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Nomination>> {
        let mut query = nominations::table
            .filter(nominations::aggregator_id.eq(self.tenant()))
            .select(NominationRow::as_select())
            .into_boxed();
        if !filter.statuses.is_empty() {
            let statuses: Vec<_> = filter.statuses.iter().map(|s| s.as_str()).collect();
            query = query.filter(nominations::status.eq_any(statuses));
        }
        if let Some(product) = filter.product {
            query = query.filter(nominations::product_id.eq(product.uuid()));
        }
        if let Some(cursor) = after {
            let (time, id) = cursor.time_and_id()?;
            query = query.filter(
                nominations::created_at
                    .lt(time)
                    .or(nominations::created_at.eq(time).and(nominations::id.lt(id))),
            );
        }
        let rows = query
            .order((nominations::created_at.desc(), nominations::id.desc()))
            .limit(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .load::<NominationRow>(&mut **self)
            .await?;
        let page = Page::cut(rows, limit, |row| Cursor::at(row.created_at, row.id));
        let mut scores = self.scores(page.items.iter().map(|row| row.id).collect()).await?;
        let rubric = self.rubric();
        let with_scores = |row: NominationRow| {
            let own = scores.extract_if(.., |score| score.nomination_id == row.id).collect();
            Nomination::new(row, own, &rubric)
        };
        let items = page.items.into_iter().map(with_scores).collect::<Result<_>>()?;
        Ok(Page { items, next: page.next })
    }

    /// Gives or replaces the actor's own score. Says whether it is the first; the same once more changes nothing.
    pub async fn score_nomination(&mut self, id: NominationId, new: &NewScore) -> Result<(Nomination, bool)> {
        let before = self.lock_nomination(id).await?;
        let status = before.apply(NominationAction::Score)?;
        let reviewer = self.actor().id();
        if reviewer.is_none() || reviewer == before.nominated_by {
            return Err(Code::ConflictOfInterest.into());
        }
        let tied = IsTied { aggregator: self.tenant(), product: before.product_id, person: reviewer };
        if tied.get_result::<Tied>(&mut **self).await?.tied {
            let detail = "Who mentors or owns the merchant, or did, never scores its products.";
            return Err(Refusal::because(Code::ConflictOfInterest, detail).into());
        }
        let merchant = self.merchant_of(before.product_id).await?;
        self.expect_no_objection(merchant).await?;
        let mut all = self.scores(vec![before.id]).await?;
        let points: Value =
            new.sheet.points().map(|(key, points)| (key.as_str().to_owned(), json!(points))).collect();
        let own = all.iter().position(|score| Some(score.reviewer_id) == reviewer);
        if own.is_some_and(|at| all[at].points == points && all[at].comment == new.comment) {
            return Ok((Nomination::new(before, all, &self.rubric())?, false));
        }
        let now = Utc::now();
        let score = diesel::insert_into(scores::table)
            .values((
                scores::aggregator_id.eq(self.tenant()),
                scores::nomination_id.eq(before.id),
                scores::reviewer_id.eq(reviewer.unwrap_or_default()),
                scores::points.eq(&points),
                scores::total.eq(new.sheet.total().hundredths()),
                scores::comment.eq(&new.comment),
                scores::created_at.eq(now),
                scores::updated_at.eq(now),
            ))
            .on_conflict((scores::aggregator_id, scores::nomination_id, scores::reviewer_id))
            .do_update()
            .set((
                scores::points.eq(&points),
                scores::total.eq(new.sheet.total().hundredths()),
                scores::comment.eq(&new.comment),
                scores::updated_at.eq(now),
            ))
            .returning(ScoreRow::as_returning())
            .get_result::<ScoreRow>(&mut **self)
            .await?;
        match own {
            Some(at) => all[at] = score,
            None => all.push(score),
        }
        let row = diesel::update(nominations::table.find((self.tenant(), before.id)))
            .set((
                nominations::status.eq(status.as_str()),
                nominations::version.eq(nominations::version + 1),
                nominations::updated_at.eq(now),
            ))
            .returning(NominationRow::as_returning())
            .get_result::<NominationRow>(&mut **self)
            .await?;
        // The points themselves enter the log with the decision: until then they are blind.
        self.record(
            Change::new(EventKind::NominationScored, Subject("nomination", row.id))
                .data(json!({ "product_id": row.product_id, "status": row.status }))
                .from_to(json!({ "status": before.status }), json!({ "status": row.status })),
        );
        Ok((Nomination::new(row, all, &self.rubric())?, own.is_none()))
    }

    /// Decides a nomination that enough reviewers have scored. Accepted, its product is mutiara from now on.
    pub async fn decide_nomination(&mut self, id: NominationId, new: &NewDecision) -> Result<Nomination> {
        let before = self.lock_nomination(id).await?;
        let rubric = self.rubric();
        let nomination = Nomination::new(before, self.scores(vec![id.uuid()]).await?, &rubric)?;
        let (before, scores) = (nomination.row, nomination.scores);
        if before.status()?.is_undecided() && !nomination.verdict.is_some_and(|v| v.is_complete) {
            return Err(too_few(&rubric, scores.len()).into());
        }
        let status = before.apply(new.decision.action())?;
        let Some(verdict) = nomination.verdict else { return Err(too_few(&rubric, 0).into()) };
        let now = Utc::now();
        let valid_until = match new.decision {
            Decision::Accept => {
                if !verdict.qualifies {
                    return Err(below(&rubric, &verdict).into());
                }
                self.make_mutiara(before.product_id.into(), verdict.stars, now).await?;
                now.checked_add_months(MUTIARA_MONTHS)
            }
            Decision::Decline => None,
        };
        let row = diesel::update(nominations::table.find((self.tenant(), before.id)))
            .set((
                nominations::status.eq(status.as_str()),
                nominations::decision_reason.eq(new.reason.as_str()),
                nominations::actions.eq(new.actions.iter().map(|a| a.as_str()).collect::<Vec<_>>()),
                nominations::decided_by.eq(self.actor().id()),
                nominations::decided_at.eq(now),
                nominations::score.eq(verdict.average.hundredths()),
                nominations::stars.eq(i16::from(verdict.stars)),
                nominations::valid_until.eq(valid_until),
                nominations::version.eq(nominations::version + 1),
                nominations::updated_at.eq(now),
            ))
            .returning(NominationRow::as_returning())
            .get_result::<NominationRow>(&mut **self)
            .await?;
        let merchant = self.merchant_of(before.product_id).await?;
        if !new.actions.is_empty() {
            self.insert_advice(merchant.into(), id, &new.actions).await?;
        }
        let kind = match new.decision {
            Decision::Accept => EventKind::NominationAccepted,
            Decision::Decline => EventKind::NominationDeclined,
        };
        let reviews: Vec<_> = scores
            .iter()
            .map(|s| json!({ "reviewer_id": s.reviewer_id, "points": s.points, "total": s.total }))
            .collect();
        let after = json!({
            "status": row.status, "reason": row.decision_reason, "actions": row.actions, "score": row.score,
            "stars": row.stars, "valid_until": row.valid_until, "scores": reviews,
        });
        let after = self.sealed_facts(merchant, after).await?;
        self.record(
            Change::new(kind, Subject("nomination", row.id))
                .data(json!({ "product_id": row.product_id, "status": row.status, "stars": row.stars }))
                .from_to(json!({ "status": before.status }), after),
        );
        Ok(Nomination { row, scores, verdict: Some(verdict) })
    }

    /// Takes a nomination back before it is decided: who nominated may, and who may decide.
    pub async fn withdraw_nomination(&mut self, id: NominationId, may_decide: bool) -> Result<Nomination> {
        let before = self.lock_nomination(id).await?;
        if !may_decide && before.nominated_by != self.actor().id() {
            let detail = "Only who nominated or who may decide takes a nomination back.";
            return Err(Refusal::because(Code::Forbidden, detail).into());
        }
        let status = before.apply(NominationAction::Withdraw)?;
        let row = diesel::update(nominations::table.find((self.tenant(), before.id)))
            .set((
                nominations::status.eq(status.as_str()),
                nominations::version.eq(nominations::version + 1),
                nominations::updated_at.eq(Utc::now()),
            ))
            .returning(NominationRow::as_returning())
            .get_result::<NominationRow>(&mut **self)
            .await?;
        self.record(
            Change::new(EventKind::NominationWithdrawn, Subject("nomination", row.id))
                .data(json!({ "product_id": row.product_id, "status": row.status }))
                .from_to(json!({ "status": before.status }), json!({ "status": row.status })),
        );
        let scores = self.scores(vec![row.id]).await?;
        Nomination::new(row, scores, &self.rubric())
    }

    async fn merchant_of(&mut self, product: Uuid) -> Result<Uuid> {
        let found = products::table.find((self.tenant(), product)).select(products::merchant_id);
        Ok(found.first(&mut **self).await?)
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

    /// Marks a product that passes every gate, and shows it so.
    async fn make_mutiara(&mut self, product: ProductId, stars: u8, now: DateTime<Utc>) -> Result<()> {
        let gates = Gates { aggregator: self.tenant(), product: product.uuid() };
        gates.get_result::<GateRow>(&mut **self).await?.check()?;
        diesel::update(products::table.find((self.tenant(), product.uuid())))
            .set((
                products::is_mutiara.eq(true),
                products::stars.eq(i16::from(stars)),
                products::version.eq(products::version + 1),
                products::updated_at.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        self.project_product(product).await
    }
}

fn too_few(rubric: &Rubric, scored: usize) -> Refusal {
    let wanted = rubric.reviewers();
    let detail = if scored < usize::from(wanted) {
        format!("{scored} of {wanted} reviewers have scored.")
    } else {
        format!(
            "The reviewers differ by more than {} points: one more has to score.",
            rubric.max_difference()
        )
    };
    Refusal::because(Code::NotEnoughScores, detail)
}

fn below(rubric: &Rubric, verdict: &Verdict) -> Refusal {
    let weakness = if verdict.below_three { ", and a criterion has fewer than 3 points" } else { "" };
    let detail =
        format!("The average is {}, a mutiara needs {}{weakness}.", verdict.average, rubric.mutiara_at());
    Refusal::because(Code::BelowThreshold, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed() -> GateRow {
        GateRow {
            status: "published".into(),
            merchant_status: "active".into(),
            has_nib: true,
            has_picture: true,
            has_price: true,
        }
    }

    #[test]
    fn every_gate_must_be_open() {
        let code = |gates: GateRow| gates.check().map_err(|refusal| refusal.code);
        assert_eq!(code(passed()), Ok(()));
        for (shut, expected) in [
            (GateRow { status: "unpublished".into(), ..passed() }, Code::ProductNotPublished),
            (GateRow { merchant_status: "suspended".into(), ..passed() }, Code::MerchantNotActive),
            (GateRow { has_nib: false, ..passed() }, Code::NibRequired),
            (GateRow { has_picture: false, ..passed() }, Code::ProductIncomplete),
            (GateRow { has_price: false, ..passed() }, Code::ProductIncomplete),
        ] {
            assert_eq!(code(shut), Err(expected));
        }
    }

    #[test]
    fn a_refused_decision_says_its_figures() {
        let rubric = Rubric::default_rubric();
        let detail = |refusal: Refusal| refusal.detail.map(|detail| detail.en).unwrap_or_default();
        assert_eq!(detail(too_few(&rubric, 1)), "1 of 2 reviewers have scored.");
        assert_eq!(
            detail(too_few(&rubric, 2)),
            "The reviewers differ by more than 15 points: one more has to score."
        );
        let sheet = |points| {
            let keys = rubric.criteria().iter().map(|c| (c.key.as_str(), points));
            rubric.score(keys).unwrap()
        };
        let verdict = rubric.verdict(&[sheet(2), sheet(2)]).unwrap();
        assert_eq!(
            detail(below(&rubric, &verdict)),
            "The average is 40.00, a mutiara needs 75, and a criterion has fewer than 3 points."
        );
    }
}
