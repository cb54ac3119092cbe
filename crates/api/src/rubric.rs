//! `/v1/aggregators/{aggregator}/rubric`: what reviewers score on.

use actix_web::get;
use kapal_domain::locale::Bilingual;
use kapal_domain::permission::CurationScore;
use kapal_domain::rubric::{ANCHOR_POINTS, Criterion, Rubric, RubricText};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Staff;
use crate::answer::{Answered, Found};
use crate::views::TextsView;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_rubric);
}

/// What reviewers score on, and what a mutiara needs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rubric)]
pub struct RubricView {
    /// The criteria, in the order in which they are shown.
    #[schema(max_items = 20)]
    criteria: Vec<CriterionView>,
    /// The average score from which a product may be mutiara.
    #[schema(example = 75, minimum = 1, maximum = 100)]
    mutiara_at: u8,
    /// The difference of two scores above which one more reviewer has to score.
    #[schema(example = 15, minimum = 0, maximum = 100)]
    max_difference: u8,
    /// How many reviewers have to score.
    #[schema(example = 2, minimum = 1, maximum = 10)]
    reviewers: u8,
}

/// One thing that reviewers judge.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Criterion)]
pub struct CriterionView {
    /// What it is called in scores.
    #[schema(example = "kemasan", max_length = 40)]
    key: String,
    /// Its part of the score, in hundredths: all of them add up to 100.
    #[schema(example = 15, minimum = 1, maximum = 100)]
    weight: u8,
    /// Its name.
    name: TextsView,
    /// What 1, 3 and 5 points mean.
    #[schema(max_items = 3)]
    anchors: Vec<AnchorView>,
}

/// What a number of points means.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Anchor)]
pub struct AnchorView {
    /// The points.
    #[schema(example = 3, minimum = 1, maximum = 5)]
    points: u8,
    /// What they mean.
    meaning: TextsView,
}

impl From<&Rubric> for RubricView {
    fn from(rubric: &Rubric) -> Self {
        Self {
            criteria: rubric.criteria().iter().map(CriterionView::from).collect(),
            mutiara_at: rubric.mutiara_at(),
            max_difference: rubric.max_difference(),
            reviewers: rubric.reviewers(),
        }
    }
}

impl From<&Criterion> for CriterionView {
    fn from(criterion: &Criterion) -> Self {
        let anchors = ANCHOR_POINTS.into_iter().zip(&criterion.anchors);
        Self {
            key: criterion.key.as_str().to_owned(),
            weight: criterion.weight,
            name: texts(&criterion.name),
            anchors: anchors.map(|(points, text)| AnchorView { points, meaning: texts(text) }).collect(),
        }
    }
}

fn texts(text: &Bilingual<RubricText>) -> TextsView {
    TextsView { id: text.id.to_string(), en: text.en.to_string() }
}

/// Read the rubric
///
/// The criteria that reviewers score on, with weights that add up to 100 and what 1, 3 and 5 points mean. A score is
/// the sum of weight × points / 5.
#[utoipa::path(tag = "curation", responses((status = 200, description = "The rubric.", body = RubricView)), security(("bearer" = ["curation:score"])))]
#[get("/v1/aggregators/{aggregator}/rubric")]
pub async fn get_rubric(staff: Staff<CurationScore>) -> Answered {
    staff.run(async |tx| Ok(Found(None, RubricView::from(&tx.rubric())))).await
}
