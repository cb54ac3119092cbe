//! `/v1/aggregators/{aggregator}/rubric`: what reviewers score on, version by version.

use actix_web::{get, put};
use chrono::{DateTime, Utc};
use kapal_domain::ids::CategoryId;
use kapal_domain::locale::Bilingual;
use kapal_domain::permission::{CurationDecide, CurationScore};
use kapal_domain::rubric::{
    Anchor, Criterion, CriterionKey, MAX_CRITERIA, Marks, ReviewGate, Rubric, RubricText,
};
use kapal_domain::{Code, Faults};
use kapal_persistence::{RubricVersion, TenantTx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created, Found, Put};
use crate::json::Json;
use crate::query::{List, PageOf, Paging, Query};
use crate::texts::TextsBody;
use crate::views::TextsView;
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(list_rubric_versions).service(get_rubric).service(publish_rubric);
}

/// What reviewers score on, and what a mutiara needs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rubric)]
pub struct RubricView {
    /// Id of this version; null for the platform's own rubric.
    id: Option<Uuid>,
    /// The category that it was written for; null for the aggregator's and the platform's.
    category_id: Option<Uuid>,
    /// Its number; 0 for the platform's own.
    #[schema(example = 2, minimum = 0)]
    version: i32,
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
    /// What a product must have before anybody scores it: `nib`, `category_documents`, `photos`, `price`.
    #[schema(example = json!(["nib", "category_documents", "photos", "price"]), max_items = 4)]
    gates: Vec<&'static str>,
    /// How many pictures the gate `photos` asks for.
    #[schema(example = 1, minimum = 1, maximum = 10)]
    min_photos: u8,
    /// Who wrote this version.
    created_by: Option<Uuid>,
    /// When it was written.
    created_at: Option<DateTime<Utc>>,
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
    /// What 1, 3 and 5 points mean, or every number of points.
    #[schema(max_items = 5)]
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

impl From<RubricVersion> for RubricView {
    fn from(of: RubricVersion) -> Self {
        let marks = of.rubric.marks();
        Self {
            id: of.id,
            category_id: of.category_id,
            version: of.version,
            criteria: of.rubric.criteria().iter().map(CriterionView::from).collect(),
            mutiara_at: marks.mutiara_at,
            max_difference: marks.max_difference,
            reviewers: marks.reviewers,
            gates: marks.gates.iter().map(|gate| gate.as_str()).collect(),
            min_photos: marks.min_photos,
            created_by: of.created_by,
            created_at: of.created_at,
        }
    }
}

impl From<&Criterion> for CriterionView {
    fn from(criterion: &Criterion) -> Self {
        let anchor = |of: &Anchor| AnchorView { points: of.points, meaning: texts(&of.meaning) };
        Self {
            key: criterion.key.as_str().to_owned(),
            weight: criterion.weight,
            name: texts(&criterion.name),
            anchors: criterion.anchors.iter().map(anchor).collect(),
        }
    }
}

fn texts(text: &Bilingual<RubricText>) -> TextsView {
    TextsView { id: text.id.to_string(), en: text.en.to_string() }
}

/// A rubric to be written.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RubricBody)]
pub struct RubricBody {
    /// The criteria: 1 to 20, with weights that add up to 100.
    #[schema(min_items = 1, max_items = 20)]
    criteria: Vec<CriterionBody>,
    /// The average score from which a product may be mutiara; 75 when it is left away.
    #[schema(example = 75, minimum = 1, maximum = 100)]
    mutiara_at: Option<i64>,
    /// The difference of two scores above which one more reviewer has to score; 15 when it is left away.
    #[schema(example = 15, minimum = 0, maximum = 100)]
    max_difference: Option<i64>,
    /// How many reviewers have to score; 2 when it is left away.
    #[schema(example = 2, minimum = 1, maximum = 10)]
    reviewers: Option<i64>,
    /// What a product must have before anybody scores it; all of them when it is left away.
    #[schema(example = json!(["nib", "category_documents", "photos", "price"]), max_items = 4)]
    gates: Option<Vec<String>>,
    /// How many pictures the gate `photos` asks for; 1 when it is left away.
    #[schema(example = 3, minimum = 1, maximum = 10)]
    min_photos: Option<i64>,
}

/// A criterion to be written.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CriterionBody {
    /// What it is called in scores: 1 to 40 of a-z, 0-9 and _, a letter first.
    #[schema(example = "kemasan", min_length = 1, max_length = 40)]
    key: String,
    /// Its part of the score, in hundredths.
    #[schema(example = 100, minimum = 1, maximum = 100)]
    weight: i64,
    /// Its name in both languages, up to 200 characters.
    name: TextsBody,
    /// What 1, 3 and 5 points mean, or every number of points, in that order.
    #[schema(min_items = 3, max_items = 5, example = json!([
        { "points": 1, "meaning": { "id": "Polos", "en": "Plain" } },
        { "points": 3, "meaning": { "id": "Bermerek", "en": "Branded" } },
        { "points": 5, "meaning": { "id": "Layak ekspor", "en": "Export grade" } },
    ]))]
    anchors: Vec<AnchorBody>,
}

/// What a number of points is to mean.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AnchorBody {
    /// The points.
    #[schema(example = 3, minimum = 1, maximum = 5)]
    points: i64,
    /// What they mean, in both languages, up to 200 characters.
    meaning: TextsBody,
}

impl RubricBody {
    fn parse(&self) -> Result<Rubric, Faults> {
        let mut faults = Faults::default();
        if self.criteria.len() > MAX_CRITERIA {
            faults.add("/criteria", Code::TooLong);
            return Err(faults);
        }
        let standard = Rubric::default_rubric();
        let marks = standard.marks();
        let mut criteria = Vec::with_capacity(self.criteria.len());
        for (at, criterion) in self.criteria.iter().enumerate() {
            criteria.extend(criterion.parse(&mut faults, &format!("/criteria/{at}")));
        }
        let mut number = |place: &str, given: Option<i64>, unsaid: u8| {
            faults.take(place, given.map_or(Ok(unsaid), small)).unwrap_or(unsaid)
        };
        let mutiara_at = number("/mutiara_at", self.mutiara_at, marks.mutiara_at);
        let max_difference = number("/max_difference", self.max_difference, marks.max_difference);
        let reviewers = number("/reviewers", self.reviewers, marks.reviewers);
        let min_photos = number("/min_photos", self.min_photos, marks.min_photos);
        let gates = match &self.gates {
            None => marks.gates.clone(),
            Some(given) => {
                let parse = |(at, gate): (usize, &String)| {
                    faults.take(format!("/gates/{at}"), ReviewGate::parse(gate))
                };
                given.iter().enumerate().take(ReviewGate::ALL.len() + 1).filter_map(parse).collect()
            }
        };
        faults.finish()?;
        Rubric::new(criteria, Marks { mutiara_at, max_difference, reviewers, gates, min_photos })
    }
}

impl CriterionBody {
    fn parse(&self, faults: &mut Faults, place: &str) -> Option<Criterion> {
        let key = faults.take(format!("{place}/key"), CriterionKey::parse(&self.key));
        let weight = faults.take(format!("{place}/weight"), small(self.weight));
        let name = both(faults, &format!("{place}/name"), &self.name);
        let mut anchors = Vec::new();
        if self.anchors.len() > 5 {
            faults.add(format!("{place}/anchors"), Code::InvalidAnchors);
        } else {
            for (at, anchor) in self.anchors.iter().enumerate() {
                let place = format!("{place}/anchors/{at}");
                let points = faults.take(format!("{place}/points"), small(anchor.points));
                let meaning = both(faults, &format!("{place}/meaning"), &anchor.meaning);
                anchors.extend(points.zip(meaning).map(|(points, meaning)| Anchor { points, meaning }));
            }
        }
        let (key, weight, name) = (key?, weight?, name?);
        Some(Criterion { key, weight, name, anchors })
    }
}

/// A number that is bounded later; one that no byte holds is out of every bound.
fn small(number: i64) -> Result<u8, Code> {
    u8::try_from(number).map_err(|_| Code::OutOfRange)
}

fn both(faults: &mut Faults, place: &str, text: &TextsBody) -> Option<Bilingual<RubricText>> {
    let id = faults.take(format!("{place}/id"), RubricText::parse(text.id.as_deref().unwrap_or_default()));
    let en = faults.take(format!("{place}/en"), RubricText::parse(text.en.as_deref().unwrap_or_default()));
    id.zip(en).map(|(id, en)| Bilingual { id, en })
}

/// Which rubric.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RubricQuery {
    /// Id or slug of a category.
    #[param(example = "kuliner", max_length = 80)]
    category: Option<String>,
}

impl RubricQuery {
    async fn category(&self, tx: &mut TenantTx<'_>) -> Result<Option<CategoryId>, Problem> {
        let Some(name) = &self.category else { return Ok(None) };
        match tx.category_named(name).await {
            Ok(category) => Ok(Some(category)),
            Err(kapal_persistence::Error::NotFound) => {
                Err(Problem::because(Code::InvalidParameter, "category is not known."))
            }
            Err(other) => Err(other.into()),
        }
    }
}

/// Read the rubric
///
/// The criteria that reviewers score on, with weights that add up to 100 and what points mean. A score is the sum of
/// weight × points / 5. With `category` it is the one that holds for its products: the category's own, that of a category
/// above it, the aggregator's, the platform's.
#[utoipa::path(tag = "curation", params(RubricQuery), responses((status = 200, description = "The rubric.", body = RubricView)), security(("bearer" = ["curation:score"])))]
#[get("/v1/aggregators/{aggregator}/rubric")]
pub async fn get_rubric(staff: Staff<CurationScore>, query: Query<RubricQuery>) -> Answered {
    staff
        .run(async |tx| {
            let category = query.0.category(tx).await?;
            Ok(Found(None, RubricView::from(tx.rubric_for(category).await?)))
        })
        .await
}

/// List the versions of a rubric
///
/// Those that were written for the aggregator, or with `category` for that category, the newest first.
#[utoipa::path(tag = "curation", params(RubricQuery, Paging), responses((status = 200, description = "A page of versions.", body = PageOf<RubricView>)), security(("bearer" = ["curation:score"])))]
#[get("/v1/aggregators/{aggregator}/rubric/versions")]
pub async fn list_rubric_versions(staff: Staff<CurationScore>, list: List<RubricQuery>) -> Answered {
    staff
        .run(async |tx| {
            let category = list.filter.category(tx).await?;
            let page = tx.rubric_versions(category, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(RubricView::from)))
        })
        .await
}

/// Write a rubric
///
/// Writes the next version, of the aggregator's rubric or with `category` of that category's, which holds for the
/// categories below it too. No version is ever lost or changed; nominations that have a score stay with theirs.
#[utoipa::path(
    tag = "curation", params(RubricQuery), request_body = RubricBody,
    responses(
        (status = 201, description = "The new version.", body = RubricView),
        (status = 200, description = "The present version says the same.", body = RubricView),
    ),
    security(("bearer" = ["curation:decide"])), extensions(("x-unversioned" = json!(true))),
)]
#[put("/v1/aggregators/{aggregator}/rubric")]
pub async fn publish_rubric(
    staff: Staff<CurationDecide>,
    query: Query<RubricQuery>,
    body: Json<RubricBody>,
) -> Answered {
    let rubric = body.0.parse()?;
    staff
        .run(async |tx| {
            let category = query.0.category(tx).await?;
            let (version, is_new) = tx.publish_rubric(category, &rubric).await?;
            let view = RubricView::from(version);
            Ok(match is_new {
                true => Put::Made(Created { location: staff.path("rubric"), version: None, thing: view }),
                false => Put::Kept(Found(None, view)),
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> serde_json::Value {
        let text = |text: &str| serde_json::json!({ "id": text, "en": text });
        let anchors: Vec<_> =
            [1, 3, 5].map(|n| serde_json::json!({ "points": n, "meaning": text("arti") })).into();
        let criterion = |key: &str, weight: u8| serde_json::json!({ "key": key, "weight": weight, "name": text("Nama"), "anchors": anchors });
        serde_json::json!({ "criteria": [criterion("rasa", 60), criterion("kemasan", 40)] })
    }

    fn faults(body: serde_json::Value) -> Vec<(String, Code)> {
        let body: RubricBody = serde_json::from_value(body).unwrap();
        let faults = body.parse().err().map(Faults::into_vec).unwrap_or_default();
        faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn what_is_left_away_is_as_in_the_platforms_rubric() {
        let given: RubricBody = serde_json::from_value(body()).unwrap();
        assert_eq!(given.parse().unwrap().marks(), Rubric::default_rubric().marks());
    }

    #[test]
    fn every_fault_is_named_at_its_place() {
        let mut bad = body();
        bad["criteria"][0]["weight"] = 59.into();
        assert_eq!(faults(bad), [("/criteria".into(), Code::InvalidRubric)]);
        let mut bad = body();
        bad["criteria"][1]["key"] = "Kemasan!".into();
        bad["criteria"][1]["anchors"][2]["meaning"]["en"] = "".into();
        bad["reviewers"] = 300.into();
        bad["gates"] = serde_json::json!(["nib", "taste"]);
        assert_eq!(
            faults(bad),
            [
                ("/criteria/1/key".into(), Code::InvalidCharacters),
                ("/criteria/1/anchors/2/meaning/en".into(), Code::Required),
                ("/reviewers".into(), Code::OutOfRange),
                ("/gates/1".into(), Code::InvalidChoice),
            ]
        );
    }
}
