//! `/v1/platform/aggregators`: aggregators, as the operator makes and switches them.

use actix_web::{get, patch, post};
use kapal_domain::Faults;
use kapal_domain::aggregator::{AggregatorAction, AggregatorName, AggregatorStatus};
use kapal_domain::ids::AggregatorId;
use kapal_domain::slug::Slug;
use kapal_domain::user::Email;
use kapal_persistence::NewAggregator;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::aggregator::{AggregatorPatch, AggregatorView, found};
use crate::answer::{Answered, Created};
use crate::json::Json;
use crate::path::{At, IfMatch};
use crate::query::{List, PageOf, Paging, several};
use crate::{Operator, Problem};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(create_aggregator)
        .service(list_aggregators)
        .service(get_platform_aggregator)
        .service(update_platform_aggregator)
        .service(activate_aggregator)
        .service(suspend_aggregator)
        .service(close_aggregator);
}

/// An aggregator to be made.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AggregatorCreate {
    /// Part of public addresses: unique, permanent.
    #[schema(
        example = "koperasi-toraja",
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        min_length = 2,
        max_length = 80
    )]
    slug: String,
    /// Name.
    #[schema(example = "Koperasi Toraja Bersama", min_length = 2, max_length = 120)]
    name: String,
    /// Who is invited as its first owner.
    #[schema(example = "ketua@koperasi-toraja.example", max_length = 254)]
    owner_email: String,
}

impl AggregatorCreate {
    fn parse(&self) -> Result<(NewAggregator, Email), Faults> {
        let mut faults = Faults::default();
        let slug = faults.take("/slug", Slug::parse(&self.slug));
        let name = faults.take("/name", AggregatorName::parse(&self.name));
        let owner = faults.take("/owner_email", Email::parse(&self.owner_email));
        let (Some(slug), Some(name), Some(owner)) = (slug, name, owner) else { return Err(faults) };
        Ok((NewAggregator { slug, name, demonstration: false }, owner))
    }
}

/// Which aggregators.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AggregatorQuery {
    /// Any of these states, separated by commas.
    #[param(example = "pending,active", max_length = 60)]
    status: Option<String>,
}

impl AggregatorQuery {
    fn parse(&self) -> Result<Vec<AggregatorStatus>, Problem> {
        several("status", self.status.as_ref(), AggregatorStatus::parse)
    }
}

/// Make an aggregator
///
/// Makes it pending and mails its first owner an invitation; activate it to open its storefront.
#[utoipa::path(tag = "platform", request_body = AggregatorCreate, responses((status = 201, description = "The aggregator.", body = AggregatorView)), security(("bearer" = ["operator"])))]
#[post("/v1/platform/aggregators")]
pub async fn create_aggregator(operator: Operator, body: Json<AggregatorCreate>) -> Answered {
    let (new, owner) = body.0.parse()?;
    let public_url = &operator.app.public_url;
    operator
        .run(async |tx| {
            let row = tx.insert_aggregator(&new).await?;
            tx.invite_owner(&row, &owner, public_url).await?;
            let aggregator = AggregatorView::from(row);
            let location = format!("/v1/platform/aggregators/{}", aggregator.id);
            Ok(Created { location, version: Some(aggregator.version), thing: aggregator })
        })
        .await
}

/// List aggregators
///
/// All aggregators, the newest first.
#[utoipa::path(tag = "platform", params(AggregatorQuery, Paging), responses((status = 200, description = "A page of aggregators.", body = PageOf<AggregatorView>)), security(("bearer" = ["operator"])))]
#[get("/v1/platform/aggregators")]
pub async fn list_aggregators(operator: Operator, list: List<AggregatorQuery>) -> Answered {
    let statuses = list.filter.parse()?;
    operator
        .run(async |tx| {
            let page = tx.aggregators(&statuses, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(AggregatorView::from)))
        })
        .await
}

/// Read an aggregator as operator
///
/// One aggregator.
#[utoipa::path(tag = "platform", responses((status = 200, description = "The aggregator.", body = AggregatorView)), security(("bearer" = ["operator"])))]
#[get("/v1/platform/aggregators/{aggregator_id}")]
pub async fn get_platform_aggregator(operator: Operator, At(id): At<AggregatorId>) -> Answered {
    operator.run(async |tx| Ok(found(tx.aggregator(id).await?))).await
}

/// Edit an aggregator as operator
///
/// A merge patch (RFC 7396) of name and description.
#[utoipa::path(tag = "platform", request_body = AggregatorPatch, responses((status = 200, description = "The aggregator as it is now.", body = AggregatorView)), security(("bearer" = ["operator"])))]
#[patch("/v1/platform/aggregators/{aggregator_id}")]
pub async fn update_platform_aggregator(
    operator: Operator,
    At(id): At<AggregatorId>,
    IfMatch(version): IfMatch,
    body: Json<AggregatorPatch>,
) -> Answered {
    let changes = body.0.parse()?;
    operator.run(async |tx| Ok(found(tx.update_aggregator(id, version, &changes).await?))).await
}

/// Activate an aggregator
///
/// Opens its storefront: from pending, or back from suspension.
#[utoipa::path(tag = "platform", responses((status = 200, description = "The aggregator, active.", body = AggregatorView)), security(("bearer" = ["operator"])))]
#[post("/v1/platform/aggregators/{aggregator_id}/activate")]
pub async fn activate_aggregator(operator: Operator, At(id): At<AggregatorId>) -> Answered {
    step(&operator, id, AggregatorAction::Activate).await
}

/// Suspend an aggregator
///
/// Its storefront answers 404 from now on; its staff can read but not write.
#[utoipa::path(tag = "platform", responses((status = 200, description = "The aggregator, suspended.", body = AggregatorView)), security(("bearer" = ["operator"])))]
#[post("/v1/platform/aggregators/{aggregator_id}/suspend")]
pub async fn suspend_aggregator(operator: Operator, At(id): At<AggregatorId>) -> Answered {
    step(&operator, id, AggregatorAction::Suspend).await
}

/// Close an aggregator
///
/// Ends it for good; its history stays.
#[utoipa::path(tag = "platform", responses((status = 200, description = "The aggregator, closed.", body = AggregatorView)), security(("bearer" = ["operator"])))]
#[post("/v1/platform/aggregators/{aggregator_id}/close")]
pub async fn close_aggregator(operator: Operator, At(id): At<AggregatorId>) -> Answered {
    step(&operator, id, AggregatorAction::Close).await
}

async fn step(operator: &Operator, id: AggregatorId, action: AggregatorAction) -> Answered {
    operator.run(async |tx| Ok(found(tx.change_aggregator_status(id, action).await?))).await
}
