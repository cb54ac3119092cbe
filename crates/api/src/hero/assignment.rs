//! Which hero mentors which merchant, and who would fit.

use actix_web::{HttpRequest, delete, get, put};
use chrono::{DateTime, NaiveDate, Utc};
use kapal_domain::day::parse_day;
use kapal_domain::hero::Language;
use kapal_domain::ids::{FileId, MerchantId, ProgrammeId, UserId};
use kapal_domain::locale::Locale;
use kapal_domain::permission::{MentoringManage, MentoringRead};
use kapal_domain::{Code, Faults};
use kapal_persistence::{Assignment, NewAssignment, Outcome, Suggestion};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created, Done, Found, InLanguage, Put};
use crate::csv::{Record, csv, optional_cell, time_cell, wants_csv};
use crate::envelope::locale;
use crate::json::Json;
use crate::path::{At, parse_id};
use crate::query::{List, PageOf, Paging, Query, one};
use crate::{Problem, Staff};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(assign_hero)
        .service(get_assignment)
        .service(unassign_hero)
        .service(list_merchant_heroes)
        .service(suggest_heroes);
}

/// An assignment of a hero to a merchant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Assignment)]
pub struct AssignmentView {
    /// Id.
    id: Uuid,
    /// The merchant.
    merchant_id: Uuid,
    /// The hero.
    hero: HeroRef,
    /// `planned`, `active`, `ended`, or `cancelled` before its first day.
    #[schema(example = "active", max_length = 20)]
    status: String,
    /// Whether the hero is the merchant's first address.
    #[schema(example = true)]
    primary: bool,
    /// First day, in the zone of the merchant's region.
    #[schema(example = "2026-11-24")]
    starts_on: NaiveDate,
    /// Last day; null until somebody ends it.
    #[schema(example = "2027-11-23")]
    ends_on: Option<NaiveDate>,
    /// When hero and merchant signed their agreement.
    #[schema(example = "2026-11-20")]
    agreement_signed_on: Option<NaiveDate>,
    /// What they signed: a file of the merchant.
    agreement_file_id: Option<Uuid>,
    /// The programme that it is part of; null: of none.
    programme_id: Option<Uuid>,
    /// When it was ended.
    ended_at: Option<DateTime<Utc>>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

/// A hero as he stands beside a thing.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeroRef {
    /// The person.
    user_id: Uuid,
    /// Name; null when he has left.
    #[schema(example = "I Wayan Sudiarta", max_length = 120)]
    name: Option<String>,
}

impl From<Assignment> for AssignmentView {
    fn from(assignment: Assignment) -> Self {
        let row = assignment.row;
        Self {
            id: row.id,
            merchant_id: row.merchant_id,
            hero: HeroRef { user_id: row.user_id, name: assignment.hero_name },
            status: row.status,
            primary: row.is_primary,
            starts_on: row.starts_on,
            ends_on: row.ends_on,
            agreement_signed_on: row.agreement_signed_on,
            agreement_file_id: row.agreement_file_id,
            programme_id: row.programme_id,
            ended_at: row.ended_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Record for AssignmentView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "merchant_id",
        "hero_id",
        "hero",
        "status",
        "primary",
        "starts_on",
        "ends_on",
        "agreement_signed_on",
        "programme_id",
        "ended_at",
        "created_at",
        "updated_at",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.merchant_id.to_string(),
            self.hero.user_id.to_string(),
            optional_cell(self.hero.name.as_ref()),
            self.status.clone(),
            self.primary.to_string(),
            self.starts_on.to_string(),
            optional_cell(self.ends_on.as_ref()),
            optional_cell(self.agreement_signed_on.as_ref()),
            optional_cell(self.programme_id.as_ref()),
            self.ended_at.map(time_cell).unwrap_or_default(),
            time_cell(self.created_at),
            time_cell(self.updated_at),
        ]
    }
}

/// What an assignment is set to.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AssignmentPut {
    /// First day; today when left away, or as it was. A later day plans the assignment.
    #[schema(example = "2026-11-24", max_length = 10)]
    starts_on: Option<String>,
    /// Last day, not before today; without one it goes on until it is ended.
    #[schema(example = "2027-11-23", max_length = 10)]
    ends_on: Option<String>,
    /// When hero and merchant signed their agreement.
    #[schema(example = "2026-11-20", max_length = 10)]
    agreement_signed_on: Option<String>,
    /// What they signed: a file of this merchant.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    agreement_file_id: Option<String>,
    /// The programme that it is part of.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a12", max_length = 36)]
    programme_id: Option<String>,
    /// Whether the hero is the merchant's first address; false when left away.
    #[schema(example = true)]
    primary: Option<bool>,
}

impl AssignmentPut {
    fn parse(&self) -> Result<NewAssignment, Faults> {
        let mut faults = Faults::default();
        let starts_on = faults.take_optional("/starts_on", self.starts_on.as_deref().map(parse_day));
        let ends_on = faults.take_optional("/ends_on", self.ends_on.as_deref().map(parse_day));
        let signed = self.agreement_signed_on.as_deref().map(parse_day);
        let agreement_signed_on = faults.take_optional("/agreement_signed_on", signed);
        let file = self.agreement_file_id.as_deref().map(parse_id::<FileId>);
        let agreement_file = faults.take_optional("/agreement_file_id", file);
        let programme = self.programme_id.as_deref().map(parse_id::<ProgrammeId>);
        let programme = faults.take_optional("/programme_id", programme);
        let (
            Some(starts_on),
            Some(ends_on),
            Some(agreement_signed_on),
            Some(agreement_file),
            Some(programme),
        ) = (starts_on, ends_on, agreement_signed_on, agreement_file, programme)
        else {
            return Err(faults);
        };
        let primary = self.primary.unwrap_or_default();
        Ok(NewAssignment { starts_on, ends_on, agreement_signed_on, agreement_file, programme, primary })
    }
}

/// Assign a hero to a merchant
///
/// From its first day to its last the hero sees the merchant and all that belongs to it. The same again changes
/// nothing; other dates, agreement, programme or rank change the open assignment. A merchant has one primary hero at a time, a
/// hero at most as many merchants as his capacity.
#[utoipa::path(tag = "mentoring", request_body = AssignmentPut, responses((status = 201, description = "The assignment is new.", body = AssignmentView), (status = 200, description = "There was one.", body = AssignmentView)), security(("bearer" = ["mentoring:manage"])), extensions(("x-unversioned" = json!(true))))]
#[put("/v1/aggregators/{aggregator}/heroes/{user_id}/merchants/{merchant_id}")]
pub async fn assign_hero(
    staff: Staff<MentoringManage>,
    At(hero): At<UserId>,
    At(merchant): At<MerchantId>,
    body: Json<AssignmentPut>,
) -> Answered {
    let new = body.0.parse()?;
    staff
        .run(async |tx| {
            Ok(match tx.assign_hero(hero, merchant, &new).await? {
                Outcome::Made(assignment) => Put::Made(Created {
                    location: staff.path(format_args!("heroes/{hero}/merchants/{merchant}")),
                    version: None,
                    thing: AssignmentView::from(assignment),
                }),
                Outcome::Kept(assignment) => Put::Kept(Found(None, AssignmentView::from(assignment))),
            })
        })
        .await
}

/// Read an open assignment
///
/// The planned or active assignment of a hero to a merchant.
#[utoipa::path(tag = "mentoring", responses((status = 200, description = "The assignment.", body = AssignmentView)), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/heroes/{user_id}/merchants/{merchant_id}")]
pub async fn get_assignment(
    staff: Staff<MentoringRead>,
    At(hero): At<UserId>,
    At(merchant): At<MerchantId>,
) -> Answered {
    staff.run(async |tx| Ok(Found(None, AssignmentView::from(tx.assignment(hero, merchant).await?)))).await
}

/// End an assignment
///
/// From now on the hero does not see the merchant any more; a planned assignment is cancelled. Again changes nothing.
/// The row stays in the merchant's history.
#[utoipa::path(tag = "mentoring", responses((status = 204, description = "The hero does not mentor the merchant.")), security(("bearer" = ["mentoring:manage"])), extensions(("x-unversioned" = json!(true))))]
#[delete("/v1/aggregators/{aggregator}/heroes/{user_id}/merchants/{merchant_id}")]
pub async fn unassign_hero(
    staff: Staff<MentoringManage>,
    At(hero): At<UserId>,
    At(merchant): At<MerchantId>,
) -> Answered {
    staff
        .run(async |tx| {
            tx.unassign_hero(hero, merchant).await?;
            Ok(Done)
        })
        .await
}

/// Which assignments to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AssignmentQuery {
    /// Those of this programme.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a12", max_length = 36)]
    programme_id: Option<String>,
}

/// List a merchant's heroes
///
/// Who mentors the merchant, is going to, or did: the newest assignment first. With `Accept: text/csv` the whole list
/// comes as a file.
#[utoipa::path(tag = "mentoring", params(AssignmentQuery, Paging), responses((status = 200, description = "A page of assignments, or all of them as a file.", content((PageOf<AssignmentView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/heroes")]
pub async fn list_merchant_heroes(
    staff: Staff<MentoringRead>,
    At(merchant): At<MerchantId>,
    list: List<AssignmentQuery>,
) -> Answered {
    let programme = one("programme_id", list.filter.programme_id.as_ref(), parse_id::<ProgrammeId>)?;
    if wants_csv(staff.request()) {
        return csv(staff, "assignments", async move |tx, after, limit| {
            Ok(tx.assignments(merchant, programme, after, limit).await?.map(AssignmentView::from))
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.assignments(merchant, programme, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(AssignmentView::from)))
        })
        .await
}

/// How heroes are suggested.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SuggestionQuery {
    /// What the merchant speaks: a hero who does too is worth a detour.
    #[param(example = "ban", max_length = 35)]
    language: Option<String>,
    /// How many heroes: 1 to 50.
    #[param(example = 5, minimum = 1, maximum = 50, default = 10)]
    limit: Option<u32>,
}

/// Heroes who would fit a merchant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeroSuggestions)]
pub struct SuggestionsView {
    /// The best first.
    #[schema(max_items = 50)]
    data: Vec<SuggestionView>,
}

/// A hero who would fit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeroSuggestion)]
pub struct SuggestionView {
    /// The hero.
    hero: HeroRef,
    /// How many more merchants he takes.
    #[schema(example = 8, minimum = 1)]
    free: i64,
    /// Great-circle kilometres from where he starts; null where that is not known.
    #[schema(example = 12.4, minimum = 0)]
    distance_km: Option<f64>,
    /// Why he is suggested.
    reason: SuggestionReason,
}

/// Why a hero is suggested.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuggestionReason {
    /// `area` or `near`, with `_and_language` where he speaks the merchant's; `free` where nobody knows where he is.
    #[schema(example = "area_and_language", max_length = 30)]
    code: &'static str,
    /// The same as a sentence in the asked language.
    #[schema(
        example = "Wilayah kerjanya mencakup pelaku usaha ini; ia berbicara bahasanya.",
        max_length = 300
    )]
    text: &'static str,
}

impl SuggestionView {
    fn new(suggestion: Suggestion, locale: Locale) -> Self {
        Self {
            hero: HeroRef { user_id: suggestion.user_id, name: Some(suggestion.display_name) },
            free: suggestion.free,
            // To a hundred metres: homes are known to a kilometre.
            distance_km: suggestion.distance_km.map(|km| (km * 10.0).round() / 10.0),
            reason: reason(suggestion.in_area, suggestion.speaks, suggestion.distance_km.is_some(), locale),
        }
    }
}

fn reason(in_area: bool, speaks: bool, is_placed: bool, locale: Locale) -> SuggestionReason {
    let (code, id, en) = match (in_area, speaks, is_placed) {
        (true, true, _) => (
            "area_and_language",
            "Wilayah kerjanya mencakup pelaku usaha ini; ia berbicara bahasanya.",
            "His area holds the merchant, and he speaks its language.",
        ),
        (true, false, _) => {
            ("area", "Wilayah kerjanya mencakup pelaku usaha ini.", "His area holds the merchant.")
        }
        (false, true, true) => (
            "near_and_language",
            "Ia termasuk yang terdekat dan berbicara bahasanya.",
            "He is among the nearest, and speaks the merchant's language.",
        ),
        (false, false, true) => ("near", "Ia termasuk yang terdekat.", "He is among the nearest."),
        (false, _, false) => ("free", "Ia masih punya tempat.", "He has room for one more."),
    };
    SuggestionReason { code, text: if locale == Locale::Id { id } else { en } }
}

/// Suggest heroes for a merchant
///
/// Active heroes with room for one more: first those whose area holds the merchant, each group by the distance from
/// where they start, less 50 km for those who speak the merchant's language.
#[utoipa::path(tag = "mentoring", params(SuggestionQuery), responses((status = 200, description = "The heroes, the best first.", body = SuggestionsView)), security(("bearer" = ["mentoring:manage"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/hero-suggestions")]
pub async fn suggest_heroes(
    staff: Staff<MentoringManage>,
    request: HttpRequest,
    At(merchant): At<MerchantId>,
    query: Query<SuggestionQuery>,
) -> Answered {
    let bad = |detail: &str| Problem::because(Code::InvalidParameter, detail);
    let language = query.0.language.as_deref().map(Language::parse).transpose();
    let language = language.map_err(|_| bad("language is no language."))?;
    let limit = query.0.limit.unwrap_or(10);
    if !(1..=50).contains(&limit) {
        return Err(bad("limit is a whole number from 1 to 50."));
    }
    let locale = locale(&request);
    staff
        .run(async |tx| {
            let found = tx.hero_suggestions(merchant, language.as_ref(), limit as usize).await?;
            let data = found.into_iter().map(|suggestion| SuggestionView::new(suggestion, locale)).collect();
            Ok(InLanguage(locale, Found(None, SuggestionsView { data })))
        })
        .await
}
