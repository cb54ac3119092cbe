//! `/v1/aggregators/{aggregator}/members`: who works for an aggregator.

use actix_web::{delete, get, patch};
use chrono::{DateTime, Utc};
use kapal_domain::ids::UserId;
use kapal_domain::permission::{MembersRead, MembersWrite, Role};
use kapal_domain::user::MemberSort;
use kapal_persistence::{MemberFilter, MemberRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Done, Found};
use crate::csv::{Record, csv, time_cell, wants_csv};
use crate::json::Json;
use crate::path::{At, IfMatch};
use crate::query::{List, PageOf, Paging, one, several};
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

impl Record for MemberView {
    const COLUMNS: &'static [&'static str] =
        &["user_id", "name", "email", "role", "created_at", "updated_at"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.user_id.to_string(),
            self.name.clone(),
            self.email.clone(),
            self.role.clone(),
            time_cell(self.created_at),
            time_cell(self.updated_at),
        ]
    }
}

/// Which members.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MemberQuery {
    /// Any of these roles, separated by commas.
    #[param(example = "admin,curator", max_length = 100)]
    role: Option<String>,
    /// Beginnings of words of the name or the address: all of them.
    #[param(example = "andi", max_length = 100)]
    q: Option<String>,
    /// The order: `-created_at` (the default), `created_at`, `name` or `-name`.
    #[param(example = "name", max_length = 20)]
    sort: Option<String>,
}

impl MemberQuery {
    fn parse(&self) -> Result<MemberFilter, Problem> {
        Ok(MemberFilter {
            roles: several("role", self.role.as_ref(), Role::parse)?,
            text: self.q.clone(),
            sort: one("sort", self.sort.as_ref(), MemberSort::parse)?.unwrap_or_default(),
        })
    }
}

/// List members
///
/// Who works for the aggregator. With `Accept: text/csv` the whole list comes as a file.
#[utoipa::path(tag = "members", params(MemberQuery, Paging), responses((status = 200, description = "A page of members, or all of them as a file.", content((PageOf<MemberView> = "application/json"), (String = "text/csv")))), security(("bearer" = ["members:read"])))]
#[get("/v1/aggregators/{aggregator}/members")]
pub async fn list_members(staff: Staff<MembersRead>, list: List<MemberQuery>) -> Answered {
    let filter = list.filter.parse()?;
    if wants_csv(staff.request()) {
        return csv(staff, "members", async move |tx, after, limit| {
            Ok(tx.members(&filter, after, limit).await?.map(MemberView::from))
        })
        .await;
    }
    staff
        .run(async |tx| {
            let page = tx.members(&filter, list.after.as_ref(), list.limit).await?;
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
