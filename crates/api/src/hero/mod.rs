//! `/v1/aggregators/{aggregator}/heroes`: local heroes, what they take on and whom they mentor.

mod agenda;
mod assignment;
mod body;
mod view;

use actix_web::{get, patch, post};
use kapal_domain::Code;
use kapal_domain::ids::UserId;
use kapal_domain::permission::{MentoringManage, MentoringRead, MentoringWrite, Permission};
use utoipa_actix_web::service_config::ServiceConfig;

use self::body::{HeroCreate, HeroPatch, HeroQuery};
use self::view::{HeroView, Reader};
use crate::answer::{Answered, Created, Found};
use crate::csv::{csv, wants_csv};
use crate::json::Json;
use crate::path::{At, IfMatch};
use crate::query::{List, PageOf, Paging};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(create_hero).service(list_heroes).service(get_hero).service(update_hero);
    agenda::routes(config);
    assignment::routes(config);
}

/// Make a hero's profile
///
/// For a member whose role is local_hero. The phone is personal: it is kept sealed, and shown with the single profile
/// alone.
#[utoipa::path(tag = "mentoring", request_body = HeroCreate, responses((status = 201, description = "The profile.", body = HeroView)), security(("bearer" = ["mentoring:manage"])))]
#[post("/v1/aggregators/{aggregator}/heroes")]
pub async fn create_hero(staff: Staff<MentoringManage>, body: Json<HeroCreate>) -> Answered {
    let new = body.0.parse()?;
    staff
        .run(async |tx| {
            let hero = tx.insert_hero(&new).await?;
            let location = staff.path(format_args!("heroes/{}", hero.row.user_id));
            Ok(Created {
                location,
                version: Some(hero.row.version),
                thing: HeroView::new(hero, Reader::from(&staff)),
            })
        })
        .await
}

/// List heroes
///
/// Local heroes with what they have taken on; without phones. A hero sees himself and those
/// who share a merchant with him, a merchant those who mentor it. With `Accept: text/csv` the whole list comes as a file.
#[utoipa::path(tag = "mentoring", params(HeroQuery, Paging), responses((status = 200, description = "A page of heroes, or all of them as a file.", content((PageOf<HeroView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/heroes")]
pub async fn list_heroes(staff: Staff<MentoringRead>, list: List<HeroQuery>) -> Answered {
    let (filter, reader) = (list.filter.parse()?, Reader::from(&staff));
    if wants_csv(staff.request()) {
        return csv(staff, "heroes", async move |tx, after, limit| {
            Ok(tx.heroes(&filter, after, limit).await?.map(|hero| HeroView::new(hero, reader)))
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.heroes(&filter, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(|hero| HeroView::new(hero, reader))))
        })
        .await
}

/// Read a hero
///
/// One hero with phone, area and how many merchants he mentors now. Where he lives is shown to himself and to who manages
/// mentoring, what staff wrote about him to the latter alone.
#[utoipa::path(tag = "mentoring", responses((status = 200, description = "The hero.", body = HeroView)), security(("bearer" = ["mentoring:read"])))]
#[get("/v1/aggregators/{aggregator}/heroes/{user_id}")]
pub async fn get_hero(staff: Staff<MentoringRead>, At(user): At<UserId>) -> Answered {
    staff
        .run(async |tx| {
            let hero = tx.hero(user).await?;
            Ok(Found(Some(hero.row.version), HeroView::new(hero, Reader::from(&staff))))
        })
        .await
}

/// Edit a hero
///
/// A merge patch (RFC 7396). Heroes edit their own name, phone, languages and home; all else needs `mentoring:manage`.
/// A capacity below what a hero has takes nothing away: he gets no new merchant until he is below it.
#[utoipa::path(tag = "mentoring", request_body = HeroPatch, responses((status = 200, description = "The hero as he is now.", body = HeroView)), security(("bearer" = ["mentoring:write"])))]
#[patch("/v1/aggregators/{aggregator}/heroes/{user_id}")]
pub async fn update_hero(
    staff: Staff<MentoringWrite>,
    At(user): At<UserId>,
    IfMatch(version): IfMatch,
    body: Json<HeroPatch>,
) -> Answered {
    let changes = body.0.parse()?;
    let may_all = staff.may(Permission::MentoringManage);
    let may = may_all || (user == staff.user && body.0.is_own());
    staff
        .run(async |tx| {
            if !may {
                // Whom he doesn't see is not there for him either.
                tx.hero(user).await?;
                let detail = "Heroes edit their own name, phone, languages and home.";
                return Err(Problem::because(Code::Forbidden, detail));
            }
            let hero = tx.update_hero(user, version, &changes).await?;
            Ok(Found(Some(hero.row.version), HeroView::new(hero, Reader::from(&staff))))
        })
        .await
}
