//! Decisions, what they advise, and the one appeal against them.

use chrono::{DateTime, Days, NaiveDate, Utc};
use diesel::sql_types::{Bool, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl, QueryableByName, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::NominationId;
use kapal_domain::nomination::{ADVICE_DAYS, Advice, Decision, MUTIARA_MONTHS, NominationAction, Reason};
use kapal_domain::region::RegionCode;
use kapal_domain::rubric::{Marks, Verdict};
use kapal_domain::{Code, Refusal};
use kapal_schema::{nomination_rounds, nominations, products, scores};
use serde_json::json;
use uuid::Uuid;

use super::{Nomination, NominationRow};
use crate::identity::stored;
use crate::sql::sql;
use crate::{Change, Error, Result, Subject, TenantTx, hex};

/// A decision.
#[derive(Debug, Clone)]
pub struct NewDecision {
    /// Yes or no.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// What the merchant should do next; a refusal names at least one.
    pub actions: Vec<Advice>,
    /// Until when; in thirty days where it is left open.
    pub due_on: Option<NaiveDate>,
}

sql! {
    /// Whether a gate of the product is shut, and when the first document ends that keeps one open.
    GatesEnd { aggregator: Uuid => SqlUuid, product: Uuid => SqlUuid }
    "SELECT EXISTS (SELECT FROM app.shut_gates($1, $2)) AS is_shut, app.gates_end($1, $2) AS ends_at"
}

#[derive(QueryableByName)]
pub(super) struct Gates {
    #[diesel(sql_type = Bool)]
    pub is_shut: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub ends_at: Option<DateTime<Utc>>,
}

impl Gates {
    /// Until when a product is mutiara that was decided at a moment: twelve months, or until a gate document ends.
    pub(super) fn valid_until(&self, decided_at: DateTime<Utc>) -> DateTime<Utc> {
        let year = decided_at.checked_add_months(MUTIARA_MONTHS).unwrap_or(decided_at);
        self.ends_at.map_or(year, |ends_at| ends_at.min(year))
    }
}

impl TenantTx<'_> {
    /// Decides a nomination that enough reviewers have scored. Accepted, its product is mutiara from now on; what is
    /// advised becomes the merchant's action items.
    pub async fn decide_nomination(&mut self, id: NominationId, new: &NewDecision) -> Result<Nomination> {
        let before = self.lock_nomination(id).await?;
        let nomination = self.whole_nomination(before).await?;
        let (before, product) = (&nomination.row, &nomination.product);
        self.refuse_tied(product.merchant_id).await?;
        let marks = nomination.rubric.rubric.marks();
        if before.status()?.is_undecided() && !nomination.verdict.is_some_and(|v| v.is_complete) {
            return Err(too_few(marks, nomination.scores.len()).into());
        }
        let status = before.apply(new.decision.action())?;
        let Some(verdict) = nomination.verdict else { return Err(too_few(marks, 0).into()) };
        if !has_new_reviewer(&nomination) {
            return Err(Code::NewReviewerNeeded.into());
        }
        let now = Utc::now();
        let valid_until = match new.decision {
            Decision::Accept => {
                if !verdict.qualifies {
                    return Err(below(marks, &verdict).into());
                }
                Some(self.make_mutiara(&nomination, verdict.stars, now).await?)
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
        if !new.actions.is_empty() {
            let zone = stored(RegionCode::parse(&product.region_code))?.time_zone();
            let today = now.with_timezone(&zone).date_naive();
            let due_on = new.due_on.or_else(|| today.checked_add_days(Days::new(ADVICE_DAYS)));
            self.insert_advice(product.merchant_id.into(), id, &new.actions, due_on).await?;
        }
        let kind = match new.decision {
            Decision::Accept => EventKind::NominationAccepted,
            Decision::Decline => EventKind::NominationDeclined,
        };
        // Proves later which points it was decided on, and tells nobody now: an appeal makes them blind again.
        let reviews: Vec<_> = nomination
            .scores
            .iter()
            .map(|score| {
                let digest = hex(&self.blind("scores", &format!("{}/{}", score.reviewer_id, score.points)));
                json!({ "reviewer_id": score.reviewer_id, "digest": digest })
            })
            .collect();
        let facts = json!({
            "status": row.status, "round": row.round, "reason": row.decision_reason, "actions": row.actions,
            "score": row.score, "stars": row.stars, "valid_until": row.valid_until, "scores": reviews,
        });
        let facts = self.sealed_facts(product.merchant_id, facts).await?;
        self.record(
            Change::new(kind, Subject("nomination", row.id))
                .data(json!({ "product_id": row.product_id, "status": row.status, "stars": row.stars }))
                .from_to(json!({ "status": before.status }), facts),
        );
        self.whole_nomination(row).await
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
        self.whole_nomination(row).await
    }

    /// Asks for a second review of what was declined, once: who nominated may, and the merchant's side. The round that is
    /// over is kept; the new one begins without scores.
    pub async fn appeal_nomination(&mut self, id: NominationId, reason: &Reason) -> Result<Nomination> {
        let before = self.lock_nomination(id).await?;
        // A narrowed user sees the nominations of his merchants alone.
        if self.narrowed_to().is_none() && before.nominated_by != self.actor().id() {
            let detail = "Only who nominated, the merchant and its hero appeal.";
            return Err(Refusal::because(Code::Forbidden, detail).into());
        }
        let status = before.apply(NominationAction::Appeal)?;
        let Nomination { row: before, product, scores, .. } = self.whole_nomination(before).await?;
        let undecided = || Error::Internal(format!("{id} was declined without a decision"));
        diesel::insert_into(nomination_rounds::table)
            .values((
                nomination_rounds::aggregator_id.eq(self.tenant()),
                nomination_rounds::nomination_id.eq(before.id),
                nomination_rounds::round.eq(before.round),
                nomination_rounds::rubric_id.eq(before.rubric_id),
                nomination_rounds::decision_reason
                    .eq(before.decision_reason.as_ref().ok_or_else(undecided)?),
                nomination_rounds::actions.eq(&before.actions),
                nomination_rounds::score.eq(before.score.ok_or_else(undecided)?),
                nomination_rounds::stars.eq(before.stars.ok_or_else(undecided)?),
                nomination_rounds::decided_by.eq(before.decided_by),
                nomination_rounds::decided_at.eq(before.decided_at.ok_or_else(undecided)?),
            ))
            .execute(&mut **self)
            .await?;
        for score in &scores {
            self.keep_score(score, before.round, true).await?;
        }
        diesel::delete(
            scores::table
                .filter(scores::aggregator_id.eq(self.tenant()))
                .filter(scores::nomination_id.eq(before.id)),
        )
        .execute(&mut **self)
        .await?;
        let now = Utc::now();
        let row = diesel::update(nominations::table.find((self.tenant(), before.id)))
            .set((
                nominations::status.eq(status.as_str()),
                nominations::round.eq(before.round + 1),
                nominations::appeal_reason.eq(reason.as_str()),
                nominations::appealed_by.eq(self.actor().id()),
                nominations::appealed_at.eq(now),
                (
                    nominations::rubric_id.eq(None::<Uuid>),
                    nominations::decision_reason.eq(None::<String>),
                    nominations::actions.eq(Vec::<String>::new()),
                    nominations::decided_by.eq(None::<Uuid>),
                    nominations::decided_at.eq(None::<DateTime<Utc>>),
                    nominations::score.eq(None::<i32>),
                    nominations::stars.eq(None::<i16>),
                ),
                nominations::version.eq(nominations::version + 1),
                nominations::updated_at.eq(now),
            ))
            .returning(NominationRow::as_returning())
            .get_result::<NominationRow>(&mut **self)
            .await?;
        let facts = json!({ "status": row.status, "round": row.round, "reason": row.appeal_reason });
        let facts = self.sealed_facts(product.merchant_id, facts).await?;
        self.record(
            Change::new(EventKind::NominationAppealed, Subject("nomination", row.id))
                .data(json!({ "product_id": row.product_id, "status": row.status }))
                .from_to(json!({ "status": before.status, "round": before.round }), facts),
        );
        self.whole_nomination(row).await
    }

    /// Marks a product that passes every gate, and shows it so. Answers until when.
    async fn make_mutiara(
        &mut self,
        nomination: &Nomination,
        stars: u8,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>> {
        let (aggregator, product) = (self.tenant(), nomination.row.product_id);
        // Nobody takes it down, and no document of its merchant ends, before this is committed.
        self.lock_shown(product.into()).await?;
        let seen = self.nominated_product(product).await?;
        seen.check_shown()?;
        seen.check_gates(&nomination.rubric.rubric)?;
        let gates = GatesEnd { aggregator, product }.get_result::<Gates>(&mut **self).await?;
        diesel::update(products::table.find((aggregator, product)))
            .set((
                products::is_mutiara.eq(true),
                products::stars.eq(i16::from(stars)),
                products::version.eq(products::version + 1),
                products::updated_at.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        self.project_product(product.into()).await?;
        Ok(gates.valid_until(now))
    }
}

/// Whether somebody scored who was not part of the round that was appealed.
fn has_new_reviewer(nomination: &Nomination) -> bool {
    nomination.appealed.as_ref().is_none_or(|round| {
        let judged_before = |reviewer: Uuid| round.scores.iter().any(|old| old.reviewer_id == reviewer);
        nomination.scores.iter().any(|score| !judged_before(score.reviewer_id))
    })
}

fn too_few(marks: &Marks, scored: usize) -> Refusal {
    if scored < usize::from(marks.reviewers) {
        let detail = format!("{scored} of {} reviewers have scored.", marks.reviewers);
        return Refusal::because(Code::NotEnoughScores, detail);
    }
    let apart =
        format!("The reviewers differ by more than {} points: one more has to score.", marks.max_difference);
    Refusal::because(Code::ThirdReviewerNeeded, apart)
}

fn below(marks: &Marks, verdict: &Verdict) -> Refusal {
    let weakness = if verdict.below_three { ", and a criterion has fewer than 3 points" } else { "" };
    let detail =
        format!("The average is {}, a mutiara needs {}{weakness}.", verdict.average, marks.mutiara_at);
    Refusal::because(Code::BelowThreshold, detail)
}

#[cfg(test)]
mod tests {
    use kapal_domain::rubric::Rubric;

    use super::*;

    #[test]
    fn a_refused_decision_says_its_figures() {
        let rubric = Rubric::default_rubric();
        let said =
            |refusal: Refusal| (refusal.code, refusal.detail.map(|detail| detail.en).unwrap_or_default());
        assert_eq!(
            said(too_few(rubric.marks(), 1)),
            (Code::NotEnoughScores, "1 of 2 reviewers have scored.".into())
        );
        assert_eq!(
            said(too_few(rubric.marks(), 2)),
            (
                Code::ThirdReviewerNeeded,
                "The reviewers differ by more than 15 points: one more has to score.".into()
            )
        );
        let sheet = |points| {
            let keys = rubric.criteria().iter().map(|c| (c.key.as_str(), points));
            rubric.score(keys).unwrap()
        };
        let verdict = rubric.verdict(&[sheet(2), sheet(2)]).unwrap();
        assert_eq!(
            said(below(rubric.marks(), &verdict)).1,
            "The average is 40.00, a mutiara needs 75, and a criterion has fewer than 3 points."
        );
    }

    #[test]
    fn a_mutiara_holds_a_year_or_until_a_gate_document_ends() {
        let decided: DateTime<Utc> = "2026-11-24T03:00:00Z".parse().unwrap();
        let until = |ends_at: Option<&str>| {
            let gates = Gates { is_shut: false, ends_at: ends_at.map(|at| at.parse().unwrap()) };
            gates.valid_until(decided).to_rfc3339()
        };
        assert_eq!(until(None), "2027-11-24T03:00:00+00:00");
        assert_eq!(until(Some("2027-02-01T00:00:00Z")), "2027-02-01T00:00:00+00:00");
        assert_eq!(until(Some("2029-02-01T00:00:00Z")), "2027-11-24T03:00:00+00:00");
    }
}
