//! A nomination as its readers see it: as much of the scores as is not blind for them.

use chrono::{DateTime, Utc};
use kapal_domain::file::FilePurpose;
use kapal_domain::ids::UserId;
use kapal_domain::nomination::ScoresSeen;
use kapal_domain::permission::{Demand, Permission};
use kapal_domain::rubric::{ReviewGate, Verdict};
use kapal_persistence::{DecidedRound, FileRow, Nomination, ScoreRow, Supporter};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::file::file_link;
use crate::lead::{masked_name, masked_phone};
use crate::{Problem, Staff};

/// A nomination. Scoring is blind: what others gave shows to reviewers once they have scored themselves, and to all
/// once it is decided, then without names to those who don't review.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Nomination)]
pub struct NominationView {
    /// Id.
    pub id: Uuid,
    /// The product.
    pub product_id: Uuid,
    /// Its name.
    #[schema(example = "Tenun Ikat Sabu", max_length = 150)]
    pub product_name: String,
    /// Its merchant.
    pub merchant_id: Uuid,
    /// The merchant's name.
    #[schema(example = "Tenun Mama Ina", max_length = 120)]
    pub merchant_name: String,
    /// Who nominated; null where it was somebody of the public.
    pub nominated_by: Option<Uuid>,
    /// `staff`, `hero`, `merchant` or `public`.
    #[schema(example = "hero", max_length = 20)]
    pub source: String,
    /// How many of the public asked for it.
    #[schema(example = 3, minimum = 0)]
    supports: i32,
    /// Those of the public who asked, the last ones first, at most 100; null in lists. Names and contacts are masked
    /// without the permission `pii:read`. A year after the decision, or once the mutiara has ended, they are deleted.
    #[schema(max_items = 100)]
    supporters: Option<Vec<SupporterView>>,
    /// Why it should be mutiara.
    #[schema(example = "Satu-satunya tenun pewarna alam di pulau ini.", max_length = 2000)]
    reason: String,
    /// What was shown for it, in its order; null in lists and in answers to later steps.
    #[schema(max_items = 10)]
    evidence: Option<Vec<EvidenceView>>,
    /// `open`, `in_review`, `accepted`, `declined`, `withdrawn`, `appealed`, `expired` or `revoked`.
    #[schema(example = "in_review", max_length = 20)]
    pub status: String,
    /// What it is scored on: settled with the first score of a round.
    rubric: RubricRef,
    /// What the product must have before anybody scores it.
    #[schema(max_items = 10)]
    pub gates: Vec<GateView>,
    /// The round of review: 2 after an appeal.
    #[schema(example = 1, minimum = 1, maximum = 2)]
    pub round: i16,
    /// The appeal; null where there was none.
    appeal: Option<AppealView>,
    /// How many reviewers have scored in this round.
    #[schema(example = 2, minimum = 0, maximum = 1000)]
    pub reviews: usize,
    /// What each reviewer gave; empty as long as it is blind for you.
    #[schema(max_items = 1000)]
    scores: Vec<ScoreView>,
    /// What the scores come to; null as long as it is blind for you.
    verdict: Option<VerdictView>,
    /// The average that it was decided on, from 0 to 100; null until then.
    #[schema(example = 82.4, minimum = 0, maximum = 100)]
    pub score: Option<f64>,
    /// The stars of that average; null until it is decided.
    #[schema(example = 4, minimum = 1, maximum = 5)]
    pub stars: Option<i16>,
    /// Why it was accepted or declined.
    #[schema(example = "Mutu teruji dan kemasan layak ekspor.", max_length = 2000)]
    pub decision_reason: Option<String>,
    /// What the merchant should do next.
    #[schema(example = json!(["Lengkapi label dengan tanggal produksi."]), max_items = 20)]
    actions: Vec<String>,
    /// Who decided.
    decided_by: Option<Uuid>,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
    /// Until when an accepted product is mutiara: twelve months, or until a document of its category's gates ends.
    pub valid_until: Option<DateTime<Utc>>,
    /// When it stopped being mutiara.
    ended_at: Option<DateTime<Utc>>,
    /// Who took it away; null where its time was over.
    ended_by: Option<Uuid>,
    /// Why it was taken away.
    #[schema(example = "Izin edar dicabut.", max_length = 2000)]
    end_reason: Option<String>,
    /// Grows with each change: the `ETag`.
    #[schema(example = 3, minimum = 1)]
    pub version: i32,
    /// When it was nominated.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The version of a rubric.
#[derive(Debug, Serialize, ToSchema)]
pub struct RubricRef {
    /// Its id; null for the platform's own.
    id: Option<Uuid>,
    /// The category that it was written for; null for the aggregator's and the platform's.
    category_id: Option<Uuid>,
    /// Its number; 0 for the platform's own.
    #[schema(example = 2, minimum = 0)]
    version: i32,
}

/// How the product stands to a gate now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewGate)]
pub struct GateView {
    /// `nib`, `category_documents`, `photos` or `price`.
    #[schema(example = "category_documents", max_length = 20)]
    pub gate: &'static str,
    /// Whether it has what the gate asks for.
    #[schema(example = false)]
    pub passed: bool,
    /// The kinds of documents that are missing, or have ended.
    #[schema(example = json!(["halal"]), max_items = 20)]
    missing: Vec<String>,
}

/// An appeal against a refusal, with the round that was refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Appeal)]
pub struct AppealView {
    /// Why.
    #[schema(example = "Label sudah dilengkapi sejak penilaian.", max_length = 2000)]
    reason: Option<String>,
    /// Who appealed.
    appealed_by: Option<Uuid>,
    /// When.
    appealed_at: Option<DateTime<Utc>>,
    /// Why the first round was declined.
    #[schema(example = "Label belum lengkap.", max_length = 2000)]
    decision_reason: String,
    /// What the merchant should have done.
    #[schema(example = json!(["Lengkapi label dengan tanggal produksi."]), max_items = 20)]
    actions: Vec<String>,
    /// Who declined.
    decided_by: Option<Uuid>,
    /// When.
    decided_at: DateTime<Utc>,
    /// The first round's average; null as long as it is blind for you.
    #[schema(example = 71.5, minimum = 0, maximum = 100)]
    score: Option<f64>,
    /// Its stars; null as long as they are blind for you.
    #[schema(example = 3, minimum = 1, maximum = 5)]
    stars: Option<i16>,
    /// What each reviewer of the first round gave; empty as long as it is blind for you.
    #[schema(max_items = 1000)]
    scores: Vec<ScoreView>,
}

/// Somebody of the public who nominated, with his consent to be kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Supporter)]
pub struct SupporterView {
    /// What he calls himself.
    #[schema(example = "Rina", max_length = 120)]
    name: Option<String>,
    /// His phone number or e-mail address.
    #[schema(example = "+6281234567890", max_length = 254)]
    contact: Option<String>,
    /// Why.
    #[schema(example = "Oleh-oleh wajib dari Sabu.", max_length = 2000)]
    reason: String,
    /// The language that he reads.
    #[schema(example = "id", max_length = 2)]
    locale: String,
    /// When he agreed.
    consent_at: DateTime<Utc>,
}

impl SupporterView {
    fn new(supporter: Supporter, shows_personal: bool) -> Self {
        let Supporter { name, contact, reason, locale, consent_at } = supporter;
        let (name, contact) = match shows_personal {
            true => (name, contact),
            false => (name.map(|name| masked_name(&name)), contact.map(|contact| masked_phone(&contact))),
        };
        Self { name, contact, reason, locale, consent_at }
    }
}

/// A file that speaks for a nomination.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NominationEvidence)]
pub struct EvidenceView {
    /// The file.
    file_id: Uuid,
    /// What it was called.
    #[schema(example = "hasil-uji.pdf", max_length = 200)]
    name: String,
    /// `application/pdf` or `image/jpeg`.
    #[schema(example = "application/pdf", max_length = 40)]
    media_type: String,
    /// Where its bytes are for five minutes, without a login: for reviewers, and for who may open it anyway; else null.
    #[schema(
        example = "https://kapal.example/v1/files/019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11/019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a12?by=019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a13&purpose=curation&expires=1795489200&signature=kYp3",
        max_length = 500
    )]
    url: Option<String>,
    /// Until when.
    url_expires_at: Option<DateTime<Utc>>,
}

impl EvidenceView {
    /// With a link for a member who may open it.
    pub fn new<P: Demand>(staff: &Staff<P>, file: FileRow) -> Self {
        let link = file_link(staff, &file, FilePurpose::Curation, Some(Permission::CurationScore));
        let (url, url_expires_at) = link.unzip();
        Self { file_id: file.id, name: file.name, media_type: file.media_type, url, url_expires_at }
    }
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

/// Who reads.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    user: UserId,
    may_score: bool,
    sees_personal: bool,
}

impl Reader {
    /// The member who asks.
    pub fn of<P: Demand>(staff: &Staff<P>) -> Self {
        Self {
            user: staff.user,
            may_score: staff.may(Permission::CurationScore),
            sees_personal: staff.may(Permission::PiiRead),
        }
    }
}

impl NominationView {
    /// The nomination as one member sees it.
    pub fn new(reader: Reader, nomination: Nomination) -> Result<Self, Problem> {
        let Nomination { row, product, rubric, shut_gates, scores, verdict, appealed } = nomination;
        let has_scored = scores.iter().any(|score| score.reviewer_id == reader.user.uuid());
        let seen = ScoresSeen::by(reader.may_score, has_scored, row.status()?);
        let outcome = seen != ScoresSeen::Nothing;
        let everything = seen == ScoresSeen::Everything;
        let gates = rubric.rubric.marks().gates.iter().map(|gate| GateView {
            gate: gate.as_str(),
            passed: !shut_gates.contains(gate),
            missing: match gate {
                ReviewGate::CategoryDocuments => product.missing_documents.clone(),
                _ => Vec::new(),
            },
        });
        let appeal = appealed.map(|DecidedRound { row: round, scores }| AppealView {
            reason: row.appeal_reason.clone(),
            appealed_by: row.appealed_by,
            appealed_at: row.appealed_at,
            decision_reason: round.decision_reason,
            actions: round.actions,
            decided_by: round.decided_by,
            decided_at: round.decided_at,
            // Who is to score anew is as blind for the first round as for the second.
            score: Some(points(round.score)).filter(|_| outcome || !reader.may_score),
            stars: Some(round.stars).filter(|_| outcome || !reader.may_score),
            scores: if everything { scores.into_iter().map(Into::into).collect() } else { Vec::new() },
        });
        Ok(Self {
            id: row.id,
            product_id: row.product_id,
            product_name: product.name.clone(),
            merchant_id: product.merchant_id,
            merchant_name: product.merchant_name.clone(),
            nominated_by: row.nominated_by,
            source: row.source,
            supports: row.supports,
            supporters: None,
            reason: row.reason,
            evidence: None,
            status: row.status,
            rubric: RubricRef { id: rubric.id, category_id: rubric.category_id, version: rubric.version },
            gates: gates.collect(),
            round: row.round,
            appeal,
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
            ended_at: row.ended_at,
            ended_by: row.ended_by,
            end_reason: row.end_reason,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }

    /// The same with what was shown for it.
    pub fn with_evidence<P: Demand>(self, staff: &Staff<P>, files: Vec<FileRow>) -> Self {
        let evidence = files.into_iter().map(|file| EvidenceView::new(staff, file));
        Self { evidence: Some(evidence.collect()), ..self }
    }

    /// The same with those of the public who asked for it.
    pub fn with_supporters(self, reader: Reader, supporters: Vec<Supporter>) -> Self {
        let view = |supporter| SupporterView::new(supporter, reader.sees_personal);
        Self { supporters: Some(supporters.into_iter().map(view).collect()), ..self }
    }
}
