//! `/v1/aggregators/{aggregator}/nominations`: the way of a product to mutiara.

use std::collections::BTreeMap;

use actix_web::{get, post, put};
use chrono::{DateTime, Utc};
use kapal_domain::ids::{NominationId, ProductId};
use kapal_domain::nomination::{Advice, Decision, MAX_ACTIONS, NominationStatus, Reason, ScoresSeen};
use kapal_domain::permission::{CurationDecide, CurationNominate, CurationScore, Demand, Permission};
use kapal_domain::rubric::{MAX_CRITERIA, Rubric, Verdict};
use kapal_domain::text::Prose;
use kapal_domain::{Code, Faults};
use kapal_persistence::{NewDecision, NewScore, Nomination, NominationFilter, ScoreRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created, Found, Put};
use crate::json::Json;
use crate::path::{At, parse_id};
use crate::query::{List, PageOf, Paging, one, several};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(create_nomination)
        .service(list_nominations)
        .service(get_nomination)
        .service(score_nomination)
        .service(decide_nomination)
        .service(withdraw_nomination);
}

/// A nomination. Scoring is blind: what others gave shows to reviewers once they have scored themselves, and to all
/// once it is decided, then without names to those who don't review.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Nomination)]
pub struct NominationView {
    /// Id.
    id: Uuid,
    /// The product.
    product_id: Uuid,
    /// Who nominated.
    nominated_by: Option<Uuid>,
    /// Why it should be mutiara.
    #[schema(example = "Satu-satunya tenun pewarna alam di pulau ini.", max_length = 2000)]
    reason: String,
    /// `open`, `in_review`, `accepted`, `declined`, `withdrawn`, `appealed`, `expired` or `revoked`.
    #[schema(example = "in_review", max_length = 20)]
    status: String,
    /// How many reviewers have scored.
    #[schema(example = 2, minimum = 0, maximum = 1000)]
    reviews: usize,
    /// What each reviewer gave; empty as long as it is blind for you.
    #[schema(max_items = 1000)]
    scores: Vec<ScoreView>,
    /// What the scores come to; null as long as it is blind for you.
    verdict: Option<VerdictView>,
    /// The average that it was decided on, from 0 to 100; null until then.
    #[schema(example = 82.4, minimum = 0, maximum = 100)]
    score: Option<f64>,
    /// The stars of that average; null until it is decided.
    #[schema(example = 4, minimum = 1, maximum = 5)]
    stars: Option<i16>,
    /// Why it was accepted or declined.
    #[schema(example = "Mutu teruji dan kemasan layak ekspor.", max_length = 2000)]
    decision_reason: Option<String>,
    /// What the merchant should do next.
    #[schema(example = json!(["Lengkapi label dengan tanggal produksi."]), max_items = 20)]
    actions: Vec<String>,
    /// Who decided.
    decided_by: Option<Uuid>,
    /// When it was decided.
    decided_at: Option<DateTime<Utc>>,
    /// Until when an accepted product is mutiara.
    valid_until: Option<DateTime<Utc>>,
    /// Grows with each change: the `ETag`.
    #[schema(example = 3, minimum = 1)]
    version: i32,
    /// When it was nominated.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

/// One reviewer's scores.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Score)]
pub struct ScoreView {
    /// The reviewer.
    reviewer_id: Uuid,
    /// Points from 1 to 5 by criterion.
    #[schema(value_type = BTreeMap<String, u8>, example = json!({ "kualitas": 5, "kemasan": 4, "legalitas": 4, "kapasitas": 3, "cerita": 5, "pasar": 4 }))]
    scores: serde_json::Value,
    /// Their weighted total, from 20 to 100.
    #[schema(example = 83, minimum = 0, maximum = 100)]
    total: f64,
    /// What the reviewer thought.
    #[schema(example = "Kemasan sudah rapat, label belum lengkap.", max_length = 2000)]
    comment: String,
    /// When the reviewer first scored.
    created_at: DateTime<Utc>,
    /// When the scores last changed.
    updated_at: DateTime<Utc>,
}

/// What the scores come to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Verdict)]
pub struct VerdictView {
    /// The average, from 0 to 100.
    #[schema(example = 82.4, minimum = 0, maximum = 100)]
    average: f64,
    /// Its stars.
    #[schema(example = 4, minimum = 1, maximum = 5)]
    stars: u8,
    /// Enough reviewers have scored.
    #[schema(example = true)]
    is_complete: bool,
    /// The reviewers are too far apart: one more has to score.
    #[schema(example = false)]
    needs_third: bool,
    /// A reviewer gave a criterion fewer than 3 points.
    #[schema(example = false)]
    below_three: bool,
    /// It may be accepted.
    #[schema(example = true)]
    qualifies: bool,
}

impl From<ScoreRow> for ScoreView {
    fn from(row: ScoreRow) -> Self {
        Self {
            reviewer_id: row.reviewer_id,
            scores: row.points,
            total: points(row.total),
            comment: row.comment,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<Verdict> for VerdictView {
    fn from(verdict: Verdict) -> Self {
        Self {
            average: points(verdict.average.hundredths()),
            stars: verdict.stars,
            is_complete: verdict.is_complete,
            needs_third: verdict.needs_third,
            below_three: verdict.below_three,
            qualifies: verdict.qualifies,
        }
    }
}

/// Hundredths as points: only to show them, nothing is decided by a float.
fn points(hundredths: i32) -> f64 {
    f64::from(hundredths) / 100.0
}

impl NominationView {
    /// The nomination as one member sees it.
    fn new<P: Demand>(staff: &Staff<P>, nomination: Nomination) -> Result<Self, Problem> {
        let Nomination { row, scores, verdict } = nomination;
        let has_scored = scores.iter().any(|score| score.reviewer_id == staff.user.uuid());
        let seen = ScoresSeen::by(staff.may(Permission::CurationScore), has_scored, row.status()?);
        let outcome = seen != ScoresSeen::Nothing;
        let everything = seen == ScoresSeen::Everything;
        Ok(Self {
            id: row.id,
            product_id: row.product_id,
            nominated_by: row.nominated_by,
            reason: row.reason,
            status: row.status,
            reviews: scores.len(),
            scores: if everything { scores.into_iter().map(Into::into).collect() } else { Vec::new() },
            verdict: verdict.filter(|_| everything).map(Into::into),
            score: row.score.filter(|_| outcome).map(points),
            stars: row.stars.filter(|_| outcome),
            decision_reason: row.decision_reason,
            actions: row.actions,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            valid_until: row.valid_until,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// A product to nominate.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NominationCreate {
    /// A published product.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", format = "uuid", max_length = 36)]
    product_id: String,
    /// Why it should be mutiara, with evidence.
    #[schema(example = "Satu-satunya tenun pewarna alam di pulau ini.", min_length = 1, max_length = 2000)]
    reason: String,
}

impl NominationCreate {
    fn parse(&self) -> Result<(ProductId, Reason), Faults> {
        let mut faults = Faults::default();
        let product = faults.take("/product_id", parse_id(&self.product_id));
        let reason = faults.take("/reason", Reason::parse(&self.reason));
        product.zip(reason).ok_or(faults)
    }
}

/// One's own scores.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ScoreBody {
    /// Points from 1 to 5 for every criterion of the rubric.
    #[schema(example = json!({ "kualitas": 5, "kemasan": 4, "legalitas": 4, "kapasitas": 3, "cerita": 5, "pasar": 4 }))]
    scores: BTreeMap<String, i64>,
    /// What you think of it.
    #[schema(example = "Kemasan sudah rapat, label belum lengkap.", max_length = 2000)]
    comment: Option<String>,
}

impl ScoreBody {
    fn parse(&self, rubric: &Rubric) -> Result<NewScore, Faults> {
        let mut faults = Faults::default();
        let scores = self.scores.iter().map(|(key, points)| (key.as_str(), *points));
        let sheet = if self.scores.len() > MAX_CRITERIA {
            faults.take("/scores", Err(Code::TooLong))
        } else {
            rubric.score(scores).map_err(|inner| faults.nest("/scores", inner)).ok()
        };
        let comment =
            faults.take("/comment", Prose::<0, 2000>::parse(self.comment.as_deref().unwrap_or_default()));
        let (Some(sheet), Some(comment)) = (sheet, comment) else { return Err(faults) };
        Ok(NewScore { sheet, comment: comment.into() })
    }
}

/// A decision.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DecisionBody {
    /// `accept` makes the product mutiara, `decline` does not.
    #[schema(example = "accept", pattern = "^(accept|decline)$", max_length = 10)]
    decision: String,
    /// Why.
    #[schema(example = "Mutu teruji dan kemasan layak ekspor.", min_length = 1, max_length = 2000)]
    reason: String,
    /// What the merchant should do next; a refusal names at least one.
    #[schema(example = json!(["Lengkapi label dengan tanggal produksi."]), max_items = 20)]
    actions: Option<Vec<String>>,
}

impl DecisionBody {
    fn parse(&self) -> Result<NewDecision, Faults> {
        let mut faults = Faults::default();
        let decision = faults.take("/decision", Decision::parse(&self.decision));
        let reason = faults.take("/reason", Reason::parse(&self.reason));
        let given = self.actions.as_deref().unwrap_or_default();
        let mut actions = Vec::new();
        match given.len() {
            0 if decision == Some(Decision::Decline) => faults.add("/actions", Code::Required),
            n if n > MAX_ACTIONS => faults.add("/actions", Code::TooLong),
            _ => {
                for (at, action) in given.iter().enumerate() {
                    actions.extend(faults.take(format!("/actions/{at}"), Advice::parse(action)));
                }
            }
        }
        match (decision, reason) {
            (Some(decision), Some(reason)) if faults.is_empty() => {
                Ok(NewDecision { decision, reason, actions })
            }
            _ => Err(faults),
        }
    }
}

/// Which nominations.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NominationQuery {
    /// Any of these states, separated by commas.
    #[param(example = "open,in_review", max_length = 100)]
    status: Option<String>,
    /// Of this product.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    product: Option<String>,
}

impl NominationQuery {
    fn parse(&self) -> Result<NominationFilter, Problem> {
        Ok(NominationFilter {
            statuses: several("status", self.status.as_ref(), NominationStatus::parse)?,
            product: one("product", self.product.as_ref(), parse_id)?,
        })
    }
}

/// Nominate a product
///
/// Proposes a published product as mutiara. A product has one running nomination at a time.
#[utoipa::path(tag = "curation", request_body = NominationCreate, responses((status = 201, description = "The nomination.", body = NominationView)), security(("bearer" = ["curation:nominate"])))]
#[post("/v1/aggregators/{aggregator}/nominations")]
pub async fn create_nomination(staff: Staff<CurationNominate>, body: Json<NominationCreate>) -> Answered {
    let (product, reason) = body.0.parse()?;
    staff
        .run(async |tx| {
            let nomination = tx.insert_nomination(product, &reason).await?;
            Ok(created(&staff, NominationView::new(&staff, nomination)?))
        })
        .await
}

/// List nominations
///
/// The newest first. Heroes and merchants see those of their own merchants.
#[utoipa::path(tag = "curation", params(NominationQuery, Paging), responses((status = 200, description = "A page of nominations.", body = PageOf<NominationView>)), security(("bearer" = ["curation:nominate"])))]
#[get("/v1/aggregators/{aggregator}/nominations")]
pub async fn list_nominations(staff: Staff<CurationNominate>, list: List<NominationQuery>) -> Answered {
    let filter = list.filter.parse()?;
    staff
        .run(async |tx| {
            let page = tx.nominations(&filter, list.after.as_ref(), list.limit).await?;
            let next = page.next;
            let views = page.items.into_iter().map(|nomination| NominationView::new(&staff, nomination));
            Ok(list.reply(kapal_persistence::Page { items: views.collect::<Result<_, _>>()?, next }))
        })
        .await
}

/// Read a nomination
///
/// One nomination, with as much of its scores as is not blind for you.
#[utoipa::path(tag = "curation", responses((status = 200, description = "The nomination.", body = NominationView)), security(("bearer" = ["curation:nominate"])))]
#[get("/v1/aggregators/{aggregator}/nominations/{nomination_id}")]
pub async fn get_nomination(staff: Staff<CurationNominate>, At(id): At<NominationId>) -> Answered {
    staff.run(async |tx| found(&staff, tx.nomination(id).await?)).await
}

/// Score a nomination
///
/// One's own points on every criterion of the rubric; they may be replaced until it is decided. The first score of all
/// starts the review. Who nominated the product, or mentors or owns its merchant, never scores it.
#[utoipa::path(
    tag = "curation", request_body = ScoreBody,
    responses(
        (status = 201, description = "Scored: the nomination, with what others gave.", body = NominationView),
        (status = 200, description = "Your scores are replaced, or were the same.", body = NominationView),
    ),
    security(("bearer" = ["curation:score"])), extensions(("x-unversioned" = json!(true))),
)]
#[put("/v1/aggregators/{aggregator}/nominations/{nomination_id}/scores")]
pub async fn score_nomination(
    staff: Staff<CurationScore>,
    At(id): At<NominationId>,
    body: Json<ScoreBody>,
) -> Answered {
    staff
        .run(async |tx| {
            let new = body.0.parse(&tx.rubric())?;
            let (nomination, is_first) = tx.score_nomination(id, &new).await?;
            let view = NominationView::new(&staff, nomination)?;
            Ok(match is_first {
                true => Put::Made(created(&staff, view)),
                false => Put::Kept(Found(Some(view.version), view)),
            })
        })
        .await
}

/// Decide a nomination
///
/// Needs the scores of as many reviewers as the rubric asks for, and one more where they are too far apart. `accept`
/// needs an average that reaches what the rubric says, no criterion below 3 points, and a product that is still
/// published, with its merchant's NIB, a picture and a price: it is mutiara from then on, for twelve months. `decline`
/// names at least one action that would help.
#[utoipa::path(tag = "curation", request_body = DecisionBody, responses((status = 200, description = "The nomination, decided.", body = NominationView)), security(("bearer" = ["curation:decide"])))]
#[post("/v1/aggregators/{aggregator}/nominations/{nomination_id}/decide")]
pub async fn decide_nomination(
    staff: Staff<CurationDecide>,
    At(id): At<NominationId>,
    body: Json<DecisionBody>,
) -> Answered {
    let new = body.0.parse()?;
    staff.run(async |tx| found(&staff, tx.decide_nomination(id, &new).await?)).await
}

/// Withdraw a nomination
///
/// Takes it back before it is decided: who nominated may, and who may decide.
#[utoipa::path(tag = "curation", responses((status = 200, description = "The nomination, withdrawn.", body = NominationView)), security(("bearer" = ["curation:nominate"])))]
#[post("/v1/aggregators/{aggregator}/nominations/{nomination_id}/withdraw")]
pub async fn withdraw_nomination(staff: Staff<CurationNominate>, At(id): At<NominationId>) -> Answered {
    let may_decide = staff.may(Permission::CurationDecide);
    staff.run(async |tx| found(&staff, tx.withdraw_nomination(id, may_decide).await?)).await
}

fn created<P: Demand>(staff: &Staff<P>, thing: NominationView) -> Created<NominationView> {
    let location = staff.path(format_args!("nominations/{}", thing.id));
    Created { location, version: Some(thing.version), thing }
}

fn found<P: Demand>(staff: &Staff<P>, nomination: Nomination) -> Result<Found<NominationView>, Problem> {
    let view = NominationView::new(staff, nomination)?;
    Ok(Found(Some(view.version), view))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults<T>(parsed: Result<T, Faults>) -> Vec<(String, Code)> {
        let faults = parsed.err().map(Faults::into_vec).unwrap_or_default();
        faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    fn scored(scores: serde_json::Value) -> Vec<(String, Code)> {
        let body: ScoreBody = serde_json::from_value(serde_json::json!({ "scores": scores })).unwrap();
        faults(body.parse(&Rubric::default_rubric()))
    }

    #[test]
    fn every_bad_criterion_is_named_at_once() {
        let good = serde_json::json!({ "kualitas": 5, "kemasan": 4, "legalitas": 4, "kapasitas": 3, "cerita": 5, "pasar": 4 });
        assert_eq!(scored(good.clone()), []);
        let mut bad = good;
        bad["kemasan"] = 6.into();
        bad["rasa/bau"] = 3.into();
        bad.as_object_mut().unwrap().remove("pasar");
        assert_eq!(
            scored(bad),
            [
                ("/scores/rasa~1bau".into(), Code::UnknownCriterion),
                ("/scores/kemasan".into(), Code::OutOfRange),
                ("/scores/pasar".into(), Code::MissingScore),
            ]
        );
        let many: serde_json::Map<_, _> = (0..21).map(|n| (format!("k{n}"), 1.into())).collect();
        assert_eq!(scored(many.into()), [("/scores".into(), Code::TooLong)]);
    }

    #[test]
    fn a_refusal_names_an_action() {
        let decided =
            |body: serde_json::Value| faults(serde_json::from_value::<DecisionBody>(body).unwrap().parse());
        let (accept, decline) = (
            serde_json::json!({ "decision": "accept", "reason": "Baik." }),
            serde_json::json!({ "decision": "decline", "reason": "" }),
        );
        assert_eq!(decided(accept), []);
        assert_eq!(
            decided(decline),
            [("/reason".into(), Code::Required), ("/actions".into(), Code::Required)]
        );
        let long = serde_json::json!({ "decision": "maybe", "reason": "?", "actions": vec!["x"; 21] });
        assert_eq!(
            decided(long),
            [("/decision".into(), Code::InvalidChoice), ("/actions".into(), Code::TooLong)]
        );
        let empty = serde_json::json!({ "decision": "decline", "reason": "?", "actions": ["a", " "] });
        assert_eq!(decided(empty), [("/actions/1".into(), Code::Required)]);
    }
}
