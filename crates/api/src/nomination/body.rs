//! What requests about nominations carry.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kapal_domain::day::parse_day;
use kapal_domain::ids::{FileId, ProductId};
use kapal_domain::nomination::{Advice, Decision, MAX_ACTIONS, MAX_EVIDENCE, Reason};
use kapal_domain::rubric::{MAX_CRITERIA, Rubric};
use kapal_domain::text::Prose;
use kapal_domain::{Code, Faults};
use kapal_persistence::{NewDecision, NewScore};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::path::parse_id;

/// A product to nominate.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NominationCreate {
    /// A published product.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", format = "uuid", max_length = 36)]
    product_id: String,
    /// Why it should be mutiara, with evidence.
    #[schema(example = "Satu-satunya tenun pewarna alam di pulau ini.", min_length = 1, max_length = 2000)]
    reason: String,
    /// Files of evidence about the product's merchant, such as a test report or a photo of an award.
    #[schema(example = json!(["019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a12"]), max_items = 10)]
    evidence_file_ids: Option<Vec<String>>,
}

/// What is proposed.
pub(super) struct Proposal {
    pub product: ProductId,
    pub reason: Reason,
    pub evidence: Vec<FileId>,
}

impl NominationCreate {
    pub(super) fn parse(&self) -> Result<Proposal, Faults> {
        let mut faults = Faults::default();
        let product = faults.take("/product_id", parse_id(&self.product_id));
        let reason = faults.take("/reason", Reason::parse(&self.reason));
        let given = self.evidence_file_ids.as_deref().unwrap_or_default();
        if given.len() > MAX_EVIDENCE {
            faults.add("/evidence_file_ids", Code::TooLong);
        }
        let mut evidence = Vec::new();
        for (at, id) in given.iter().take(MAX_EVIDENCE).enumerate() {
            let place = format!("/evidence_file_ids/{at}");
            match faults.take(place.as_str(), parse_id::<FileId>(id)) {
                Some(file) if evidence.contains(&file) => faults.add(place, Code::DuplicateEntry),
                file => evidence.extend(file),
            }
        }
        match (product, reason) {
            (Some(product), Some(reason)) if faults.is_empty() => Ok(Proposal { product, reason, evidence }),
            _ => Err(faults),
        }
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
    /// What can be judged before it is known which rubric the nomination is scored on.
    pub(super) fn check(&self) -> Result<(), Faults> {
        let mut faults = Faults::default();
        faults.take("/comment", Prose::<0, 2000>::parse(self.comment.as_deref().unwrap_or_default()));
        if self.scores.len() > MAX_CRITERIA {
            faults.add("/scores", Code::TooLong);
        }
        faults.finish()
    }

    pub(super) fn parse(&self, rubric: &Rubric) -> Result<NewScore, Faults> {
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
    /// Until when the merchant has time for them, not before today; thirty days when it is left away.
    #[schema(example = "2027-01-31", format = "date", max_length = 10)]
    due_on: Option<String>,
}

impl DecisionBody {
    pub(super) fn parse(&self) -> Result<NewDecision, Faults> {
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
        let due_on = faults.take_optional("/due_on", self.due_on.as_deref().map(to_come));
        match (decision, reason, due_on) {
            (Some(decision), Some(reason), Some(due_on)) if faults.is_empty() => {
                Ok(NewDecision { decision, reason, actions, due_on })
            }
            _ => Err(faults),
        }
    }
}

/// Why something is asked for or taken away.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NominationReason {
    /// Why.
    #[schema(example = "Label sudah dilengkapi sejak penilaian.", min_length = 1, max_length = 2000)]
    reason: String,
}

impl NominationReason {
    pub(super) fn parse(&self) -> Result<Reason, Faults> {
        let mut faults = Faults::default();
        faults.take("/reason", Reason::parse(&self.reason)).ok_or(faults)
    }
}

/// A day that is not over anywhere in Indonesia, and comes within ten years.
fn to_come(text: &str) -> Result<NaiveDate, Code> {
    let day = parse_day(text)?;
    let today = chrono::Utc::now().date_naive();
    let ahead = day.signed_duration_since(today).num_days();
    if (0..=3_652).contains(&ahead) { Ok(day) } else { Err(Code::OutOfRange) }
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
