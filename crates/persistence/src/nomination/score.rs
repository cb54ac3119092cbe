//! Reviewers' scores: one's own, replaced at will until it is decided.

use chrono::Utc;
use diesel::sql_types::{Bool, Nullable, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl, QueryableByName, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{NominationId, OldScoreId};
use kapal_domain::nomination::NominationAction;
use kapal_domain::rubric::ScoreSheet;
use kapal_domain::{Code, Refusal};
use kapal_schema::{nominations, score_history, scores};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Nomination, NominationRow, ScoreRow};
use crate::sql::sql;
use crate::{Change, Result, Subject, TenantTx};

/// What a reviewer scores.
#[derive(Debug, Clone)]
pub struct NewScore {
    /// The points.
    pub sheet: ScoreSheet,
    /// What the reviewer thought; may be empty.
    pub comment: String,
}

sql! {
    IsTied { aggregator: Uuid => SqlUuid, person: Option<Uuid> => Nullable<SqlUuid>, merchant: Uuid => SqlUuid }
    "SELECT app.is_tied($1, $2, $3) AS tied"
}

#[derive(QueryableByName)]
struct Tied {
    #[diesel(sql_type = Bool)]
    tied: bool,
}

impl TenantTx<'_> {
    /// Gives or replaces the actor's own score. Says whether it is the first; the same once more changes nothing.
    pub async fn score_nomination(&mut self, id: NominationId, new: &NewScore) -> Result<(Nomination, bool)> {
        let before = self.lock_nomination(id).await?;
        let status = before.apply(NominationAction::Score)?;
        let is_unscored = before.status()?.is_unscored();
        let Nomination { row: before, product, rubric, scores, .. } = self.whole_nomination(before).await?;
        let reviewer = self.actor().id();
        if reviewer.is_none() || reviewer == before.nominated_by {
            return Err(Code::ConflictOfInterest.into());
        }
        self.refuse_tied(product.merchant_id).await?;
        self.expect_no_objection(product.merchant_id).await?;
        let points: Value =
            new.sheet.points().map(|(key, points)| (key.as_str().to_owned(), json!(points))).collect();
        let own = scores.iter().find(|score| Some(score.reviewer_id) == reviewer);
        if own.is_some_and(|own| own.points == points && own.comment == new.comment) {
            return Ok((self.whole_nomination(before).await?, false));
        }
        product.check_gates(&rubric.rubric)?;
        let is_first = own.is_none();
        if let Some(own) = own {
            self.keep_score(own, before.round, false).await?;
        }
        let now = Utc::now();
        diesel::insert_into(scores::table)
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
            .execute(&mut **self)
            .await?;
        let row = diesel::update(nominations::table.find((self.tenant(), before.id)))
            .set((
                nominations::status.eq(status.as_str()),
                // The whole round is scored on what held when it began.
                nominations::rubric_id.eq(if is_unscored { rubric.id } else { before.rubric_id }),
                nominations::version.eq(nominations::version + 1),
                nominations::updated_at.eq(now),
            ))
            .returning(NominationRow::as_returning())
            .get_result::<NominationRow>(&mut **self)
            .await?;
        // The points stay out of the log: they are blind.
        self.record(
            Change::new(EventKind::NominationScored, Subject("nomination", row.id))
                .data(json!({ "product_id": row.product_id, "status": row.status }))
                .from_to(
                    json!({ "status": before.status }),
                    json!({ "status": row.status, "round": row.round, "rubric_version": rubric.version }),
                ),
        );
        Ok((self.whole_nomination(row).await?, is_first))
    }

    /// Refuses who mentors or owns the merchant, or did.
    pub(super) async fn refuse_tied(&mut self, merchant: Uuid) -> Result<()> {
        let tied = IsTied { aggregator: self.tenant(), person: self.actor().id(), merchant };
        if tied.get_result::<Tied>(&mut **self).await?.tied {
            let detail = "Who mentors or owns the merchant, or did, never judges its products.";
            return Err(Refusal::because(Code::ConflictOfInterest, detail).into());
        }
        Ok(())
    }

    /// Keeps a score that is over: `stood` says that its round was decided on it.
    pub(super) async fn keep_score(&mut self, score: &ScoreRow, round: i16, stood: bool) -> Result<()> {
        diesel::insert_into(score_history::table)
            .values((
                score_history::aggregator_id.eq(self.tenant()),
                score_history::id.eq(OldScoreId::new().uuid()),
                score_history::nomination_id.eq(score.nomination_id),
                score_history::round.eq(round),
                score_history::reviewer_id.eq(score.reviewer_id),
                score_history::points.eq(&score.points),
                score_history::total.eq(score.total),
                score_history::comment.eq(&score.comment),
                score_history::stood.eq(stood),
                score_history::created_at.eq(score.created_at),
                score_history::updated_at.eq(score.updated_at),
            ))
            .execute(&mut **self)
            .await?;
        Ok(())
    }
}
