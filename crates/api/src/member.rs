//! `/v1/aggregators/{aggregator}/members`: who works for an aggregator.

use actix_web::{delete, get, patch};
use chrono::{DateTime, Utc};
use kapal_domain::ids::UserId;
use kapal_domain::permission::{MembersRead, MembersWrite, Role};
use kapal_persistence::MemberRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::account::NoFilter;
use crate::answer::{Answered, Done, Found};
use crate::json::Json;
use crate::path::{At, IfMatch};
use crate::query::{List, PageOf, Paging};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(list_members).service(update_member).service(remove_member);
}

/// A member of an aggregator.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberView {
    /// The person.
    user_id: Uuid,
    /// Address.
    #[schema(example = "kurator@ekraf-sulawesi.id", max_length = 254)]
    email: String,
    /// Name.
    #[schema(example = "Andi Tenri", max_length = 120)]
    name: String,
    /// `owner`, `admin`, `curator`, `merchant_manager`, `analyst`, `local_hero` or `merchant`.
    #[schema(example = "curator", max_length = 20)]
    role: String,
    /// Grows with each change: the `ETag`.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// When the person joined.
    created_at: DateTime<Utc>,
    /// When the membership last changed.
    updated_at: DateTime<Utc>,
}

impl From<MemberRow> for MemberView {
    fn from(row: MemberRow) -> Self {
        Self {
            user_id: row.user_id,
            email: row.email,
            name: row.name,
            role: row.role,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// List members
///
/// Who works for the aggregator, the newest member first.
#[utoipa::path(tag = "members", params(Paging), responses((status = 200, description = "A page of members.", body = PageOf<MemberView>)), security(("bearer" = ["members:read"])))]
#[get("/v1/aggregators/{aggregator}/members")]
pub async fn list_members(staff: Staff<MembersRead>, list: List<NoFilter>) -> Answered {
    staff
        .run(async |tx| {
            let page = tx.members(list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(MemberView::from)))
        })
        .await
}

/// What to change of a member.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MemberPatch {
    /// The new role. A merchant's account begins with an invitation instead.
    #[schema(
        example = "admin",
        pattern = "^(owner|admin|curator|merchant_manager|analyst|local_hero|merchant)$",
        max_length = 20
    )]
    role: String,
}

/// Change a member's role
///
/// Counts from the member's next request. Only an owner makes, changes or removes owners, and one always stays.
/// `If-Match` is the member's `version` from the list.
#[utoipa::path(tag = "members", request_body(content = MemberPatch, content_type = "application/merge-patch+json"), responses((status = 200, description = "The member.", body = MemberView)), security(("bearer" = ["members:write"])))]
#[patch("/v1/aggregators/{aggregator}/members/{user_id}")]
pub async fn update_member(
    staff: Staff<MembersWrite>,
    At(user): At<UserId>,
    version: IfMatch,
    body: Json<MemberPatch>,
) -> Answered {
    let role = Role::parse(&body.0.role).map_err(|code| Problem::field("/role", code))?;
    staff
        .run(async |tx| {
            let row = tx.change_member_role(user, version.0, role, staff.membership.role).await?;
            Ok(Found(Some(row.version), MemberView::from(row)))
        })
        .await
}

/// Remove a member
///
/// Ends the membership at once; the account stays. Only an owner removes owners, and one always stays.
#[utoipa::path(tag = "members", responses((status = 204, description = "Done.")), security(("bearer" = ["members:write"])))]
#[delete("/v1/aggregators/{aggregator}/members/{user_id}")]
pub async fn remove_member(staff: Staff<MembersWrite>, At(user): At<UserId>, version: IfMatch) -> Answered {
    staff
        .run(async |tx| {
            tx.remove_member(user, version.0, staff.membership.role).await?;
            Ok(Done)
        })
        .await
}
