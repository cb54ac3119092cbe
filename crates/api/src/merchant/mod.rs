//! `/v1/aggregators/{aggregator}/merchants`: onboarding, edits, and the steps of a merchant's life.

mod body;
mod list;
mod profile;
mod scale;
mod status;
mod view;

use actix_web::{delete, get, patch, post};
use kapal_domain::Code;
use kapal_domain::ids::MerchantId;
use kapal_domain::permission::{MerchantsRead, MerchantsWrite};
use kapal_persistence::Merchant;
use utoipa_actix_web::service_config::ServiceConfig;

use self::body::{MerchantCreate, MerchantPatch};
pub(crate) use self::status::ReasonBody;
pub(crate) use self::view::MerchantView;
use crate::answer::{Answered, Created, Done, Found};
use crate::json::Json;
use crate::path::{At, IfMatch};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(create_merchant)
        .service(list::list_merchants)
        .service(get_merchant)
        .service(update_merchant)
        .service(delete_merchant);
    scale::routes(config);
    status::routes(config);
}

/// Onboard a merchant
///
/// Makes a merchant as a draft. A local hero's new merchant is assigned to that hero. A NIB may be entered later, but
/// no product is published without one (Permendag 31/2023, article 33).
#[utoipa::path(tag = "merchants", request_body = MerchantCreate, responses((status = 201, description = "The merchant.", body = MerchantView)), security(("bearer" = ["merchants:write"])))]
#[post("/v1/aggregators/{aggregator}/merchants")]
pub async fn create_merchant(staff: Staff<MerchantsWrite>, body: Json<MerchantCreate>) -> Answered {
    if staff.membership.role == kapal_domain::permission::Role::Merchant {
        return Err(Problem::because(Code::Forbidden, "A merchant's own account can't make merchants."));
    }
    let new = body.0.parse(staff.user)?;
    staff
        .run(async |tx| {
            let merchant = MerchantView::from(tx.insert_merchant(&new).await?);
            let location = staff.path(format_args!("merchants/{}", merchant.id));
            Ok(Created { location, version: Some(merchant.version), thing: merchant })
        })
        .await
}

/// Read a merchant
///
/// One merchant with its state and region.
#[utoipa::path(tag = "merchants", responses((status = 200, description = "The merchant.", body = MerchantView)), security(("bearer" = ["merchants:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}")]
pub async fn get_merchant(staff: Staff<MerchantsRead>, At(id): At<MerchantId>) -> Answered {
    staff.run(async |tx| Ok(found(tx.merchant(id).await?))).await
}

/// Edit a merchant
///
/// A merge patch (RFC 7396). What a storefront shows of the merchant changes at once.
#[utoipa::path(tag = "merchants", request_body = MerchantPatch, responses((status = 200, description = "The merchant as it is now.", body = MerchantView)), security(("bearer" = ["merchants:write"])))]
#[patch("/v1/aggregators/{aggregator}/merchants/{merchant_id}")]
pub async fn update_merchant(
    staff: Staff<MerchantsWrite>,
    At(id): At<MerchantId>,
    IfMatch(version): IfMatch,
    body: Json<MerchantPatch>,
) -> Answered {
    let edit = body.0.parse(staff.user)?;
    staff.run(async |tx| Ok(found(tx.update_merchant(id, version, &edit).await?))).await
}

/// Delete a draft merchant
///
/// Works only for a draft that nothing refers to; archive any other.
#[utoipa::path(tag = "merchants", responses((status = 204, description = "It is gone.")), security(("bearer" = ["merchants:write"])))]
#[delete("/v1/aggregators/{aggregator}/merchants/{merchant_id}")]
pub async fn delete_merchant(
    staff: Staff<MerchantsWrite>,
    At(id): At<MerchantId>,
    IfMatch(version): IfMatch,
) -> Answered {
    staff
        .run(async |tx| {
            tx.delete_merchant(id, version).await?;
            Ok(Done)
        })
        .await
}

fn found(merchant: Merchant) -> Found<MerchantView> {
    Found(Some(merchant.row.version), merchant.into())
}
