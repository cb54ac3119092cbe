//! `/v1/aggregators/{aggregator}/merchants/{merchant_id}/channels/{kind}`: where buyers reach a merchant.

use actix_web::{delete, get, post, put, web};
use chrono::{DateTime, Utc};
use kapal_domain::channel::{ChannelKind, Handle};
use kapal_domain::ids::MerchantId;
use kapal_domain::permission::{MentoringWrite, MerchantsRead, MerchantsWrite};
use kapal_domain::{Code, Faults};
use kapal_persistence::{ChannelRow, Outcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::answer::{Answered, Created, Done, Found, Put};
use crate::json::Json;
use crate::path::At;
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(set_channel).service(get_channel).service(confirm_channel).service(delete_channel);
}

/// A channel of a merchant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Channel)]
pub struct ChannelView {
    /// `whatsapp`, `instagram`, `facebook`, `tiktok`, `shopee`, `tokopedia` or `website`.
    #[schema(example = "whatsapp", max_length = 20)]
    kind: String,
    /// Phone in E.164, account name without @, or https address.
    #[schema(example = "+6281234567890", max_length = 300)]
    handle: String,
    /// The public address of the account.
    #[schema(example = "https://wa.me/6281234567890", max_length = 400)]
    url: String,
    /// Whether buyers are sent there.
    #[schema(example = true)]
    active: bool,
    /// When a hero or staff last looked and found it in use; null: nobody since the account was set.
    confirmed_at: Option<DateTime<Utc>>,
    /// When it was first set.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl ChannelView {
    fn new(kind: ChannelKind, row: ChannelRow) -> Self {
        Self {
            url: Handle::parse(kind, &row.handle).map(|handle| handle.url()).unwrap_or_default(),
            kind: row.kind,
            handle: row.handle,
            active: row.active,
            confirmed_at: row.confirmed_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// What a channel is set to.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ChannelPut {
    /// A phone in any usual spelling for WhatsApp; else the account's name or the address of its page.
    #[schema(example = "0812-3456-7890", min_length = 1, max_length = 300)]
    handle: String,
    /// Whether buyers are sent there; true when left away.
    #[schema(example = true)]
    active: Option<bool>,
}

/// Set a channel
///
/// Makes or replaces one channel; the storefront follows at once. The same again changes nothing.
#[utoipa::path(tag = "channels", request_body = ChannelPut, responses((status = 201, description = "The channel is new.", body = ChannelView), (status = 200, description = "The channel was there.", body = ChannelView)), security(("bearer" = ["merchants:write"])), extensions(("x-unversioned" = json!(true))))]
#[put("/v1/aggregators/{aggregator}/merchants/{merchant_id}/channels/{kind}")]
pub async fn set_channel(
    staff: Staff<MerchantsWrite>,
    At(merchant): At<MerchantId>,
    path: web::Path<Segments>,
    body: Json<ChannelPut>,
) -> Answered {
    let kind = path.kind()?;
    let mut faults = Faults::default();
    let handle = faults.take("/handle", Handle::parse(kind, &body.0.handle)).ok_or(faults)?;
    let active = body.0.active.unwrap_or(true);
    staff
        .run(async |tx| {
            let location = staff.path(format_args!("merchants/{merchant}/channels/{kind}"));
            Ok(match tx.set_channel(merchant, &handle, active).await? {
                Outcome::Made(row) => {
                    Put::Made(Created { location, version: None, thing: ChannelView::new(kind, row) })
                }
                Outcome::Kept(row) => Put::Kept(Found(None, ChannelView::new(kind, row))),
            })
        })
        .await
}

/// Read a channel
///
/// One channel of a merchant.
#[utoipa::path(tag = "channels", responses((status = 200, description = "The channel.", body = ChannelView)), security(("bearer" = ["merchants:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/channels/{kind}")]
pub async fn get_channel(
    staff: Staff<MerchantsRead>,
    At(merchant): At<MerchantId>,
    path: web::Path<Segments>,
) -> Answered {
    let kind = path.kind()?;
    staff.run(async |tx| Ok(Found(None, ChannelView::new(kind, tx.channel(merchant, kind).await?)))).await
}

/// Confirm a channel
///
/// Says that you have looked and the account is in use: naik kelas counts it as active for 30 days from then on. A channel
/// to which buyers are not sent can't be confirmed.
#[utoipa::path(tag = "channels", responses((status = 200, description = "The channel, confirmed.", body = ChannelView)), security(("bearer" = ["mentoring:write"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/channels/{kind}/confirm")]
pub async fn confirm_channel(
    staff: Staff<MentoringWrite>,
    At(merchant): At<MerchantId>,
    path: web::Path<Segments>,
) -> Answered {
    let kind = path.kind()?;
    staff
        .run(async |tx| Ok(Found(None, ChannelView::new(kind, tx.confirm_channel(merchant, kind).await?))))
        .await
}

/// Remove a channel
///
/// Without an active WhatsApp channel, contacts of buyers still come in as leads.
#[utoipa::path(tag = "channels", responses((status = 204, description = "It is gone.")), security(("bearer" = ["merchants:write"])), extensions(("x-unversioned" = json!(true))))]
#[delete("/v1/aggregators/{aggregator}/merchants/{merchant_id}/channels/{kind}")]
pub async fn delete_channel(
    staff: Staff<MerchantsWrite>,
    At(merchant): At<MerchantId>,
    path: web::Path<Segments>,
) -> Answered {
    let kind = path.kind()?;
    staff
        .run(async |tx| {
            tx.delete_channel(merchant, kind).await?;
            Ok(Done)
        })
        .await
}

/// The path's own words.
#[derive(Debug, Deserialize)]
pub struct Segments {
    kind: String,
}

impl Segments {
    fn kind(&self) -> Result<ChannelKind, Problem> {
        ChannelKind::parse(&self.kind).map_err(|_| Problem::new(Code::NotFound))
    }
}
