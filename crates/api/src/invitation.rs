//! Invitations: `/v1/aggregators/{aggregator}/invitations` for those who invite, `/v1/invitations/{token}` for those
//! who are invited.

use actix_web::{delete, get, post, web};
use chrono::{DateTime, Utc};
use kapal_domain::ids::{InvitationId, MerchantId};
use kapal_domain::locale::Locale;
use kapal_domain::permission::{MembersRead, MembersWrite, Role};
use kapal_domain::user::{Email, Password, PersonName};
use kapal_domain::{Code, Faults};
use kapal_persistence::{Error, InvitationRow, InvitationSeen, Joiner, NewInvitation, NewUser};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::account::{MembershipView, NoFilter};
use crate::answer::{Answered, Created, Done, Found, Put};
use crate::envelope::locale;
use crate::json::{Json, OptionalJson};
use crate::password::{hash_new, prove};
use crate::path::At;
use crate::query::{List, PageOf, Paging};
use crate::{Anyone, Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(create_invitation)
        .service(list_invitations)
        .service(revoke_invitation)
        .service(get_invitation)
        .service(accept_invitation);
}

/// An invitation, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub struct InvitationView {
    /// Id.
    id: Uuid,
    /// Who is invited.
    #[schema(example = "kurator@ekraf-sulawesi.id", max_length = 254)]
    email: String,
    /// As what.
    #[schema(example = "curator", max_length = 20)]
    role: String,
    /// The merchant of a merchant's account.
    merchant_id: Option<Uuid>,
    /// `open`, `accepted`, `revoked` or `expired`.
    #[schema(example = "open", max_length = 20)]
    status: &'static str,
    /// Who invited; null for the platform.
    invited_by: Option<Uuid>,
    /// When.
    created_at: DateTime<Utc>,
    /// Until when it can be accepted.
    expires_at: DateTime<Utc>,
    /// When it was accepted.
    accepted_at: Option<DateTime<Utc>>,
}

impl From<InvitationRow> for InvitationView {
    fn from(row: InvitationRow) -> Self {
        Self {
            status: row.status().as_str(),
            id: row.id,
            email: row.email,
            role: row.role,
            merchant_id: row.merchant_id,
            invited_by: row.invited_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            accepted_at: row.accepted_at,
        }
    }
}

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema)]
pub struct InvitationCreate {
    /// Whom.
    #[schema(example = "kurator@ekraf-sulawesi.id", max_length = 254)]
    email: String,
    /// As what.
    #[schema(
        example = "curator",
        pattern = "^(owner|admin|curator|merchant_manager|analyst|local_hero|merchant)$",
        max_length = 20
    )]
    role: String,
    /// For the role `merchant`, and for no other: whose account it will be.
    #[schema(example = json!(null), format = "uuid", max_length = 36)]
    merchant_id: Option<String>,
    /// The letter's language; Indonesian where none is named.
    #[schema(example = "id", pattern = "^(id|en)$", max_length = 2)]
    locale: Option<String>,
}

impl InvitationCreate {
    fn parse(&self) -> Result<NewInvitation, Faults> {
        let mut faults = Faults::default();
        let email = faults.take("/email", Email::parse(&self.email));
        let role = faults.take("/role", Role::parse(&self.role));
        let merchant = match (role, &self.merchant_id) {
            (Some(Role::Merchant), None) => faults.take("/merchant_id", Err(Code::Required)),
            (Some(Role::Merchant) | None, Some(id)) => {
                let id = Uuid::try_parse(id).map_err(|_| Code::InvalidId);
                faults.take("/merchant_id", id).map(|id| Some(MerchantId::from(id)))
            }
            (Some(_), Some(_)) => {
                let detail = "Only an invitation as merchant names one.";
                faults.add_detail("/merchant_id", Code::InvalidChoice, detail);
                None
            }
            (_, None) => Some(None),
        };
        let locale = faults.take_optional("/locale", self.locale.as_deref().map(Locale::parse));
        let (Some(email), Some(role), Some(merchant), Some(locale)) = (email, role, merchant, locale) else {
            return Err(faults);
        };
        Ok(NewInvitation { email, role, merchant, locale: locale.unwrap_or_default() })
    }
}

/// Invite somebody
///
/// Sends a letter with a link that is good for seven days. Whoever holds it joins with a new account or with the one
/// that the address has. Only an owner invites owners.
#[utoipa::path(tag = "members", request_body = InvitationCreate, responses((status = 201, description = "The invitation.", body = InvitationView)), security(("bearer" = ["members:write"])))]
#[post("/v1/aggregators/{aggregator}/invitations")]
pub async fn create_invitation(staff: Staff<MembersWrite>, body: Json<InvitationCreate>) -> Answered {
    let new = body.0.parse()?;
    staff
        .run(async |tx| {
            let invited = tx.invite(&new, staff.membership.role, &staff.app.public_url).await;
            let row = invited.map_err(at_merchant)?.row;
            let location = staff.path(format_args!("invitations/{}", row.id));
            Ok(Created { location, version: None, thing: InvitationView::from(row) })
        })
        .await
}

/// The one reference that an invitation has.
fn at_merchant(error: Error) -> Problem {
    match error {
        Error::Refused(refusal) if refusal.code == Code::UnknownReference => {
            Problem::field("/merchant_id", refusal.code)
        }
        other => other.into(),
    }
}

/// List invitations
///
/// Open and past invitations, the newest first.
#[utoipa::path(tag = "members", params(Paging), responses((status = 200, description = "A page of invitations.", body = PageOf<InvitationView>)), security(("bearer" = ["members:read"])))]
#[get("/v1/aggregators/{aggregator}/invitations")]
pub async fn list_invitations(staff: Staff<MembersRead>, list: List<NoFilter>) -> Answered {
    staff
        .run(async |tx| {
            let page = tx.invitations(list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(InvitationView::from)))
        })
        .await
}

/// Take an invitation back
///
/// Its link is worth nothing from then on.
#[utoipa::path(tag = "members", responses((status = 204, description = "Done.")), security(("bearer" = ["members:write"])), extensions(("x-unversioned" = json!(true))))]
#[delete("/v1/aggregators/{aggregator}/invitations/{invitation_id}")]
pub async fn revoke_invitation(staff: Staff<MembersWrite>, At(id): At<InvitationId>) -> Answered {
    staff
        .run(async |tx| {
            tx.revoke_invitation(id, staff.membership.role).await?;
            Ok(Done)
        })
        .await
}

/// An invitation, as the holder of its link sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvitationSeen)]
pub struct InvitationSeenView {
    /// To which aggregator.
    aggregator: InvitingAggregator,
    /// As what.
    #[schema(example = "curator", max_length = 20)]
    role: String,
    /// Who is invited, most of the address hidden.
    #[schema(example = "k***@ekraf-sulawesi.id", max_length = 254)]
    email: String,
    /// Name of who invites; null for the platform.
    #[schema(example = "Sri Wahyuni", max_length = 120)]
    invited_by: Option<String>,
    /// `open`, `accepted`, `revoked` or `expired`.
    #[schema(example = "open", max_length = 20)]
    status: &'static str,
    /// Whether accepting makes a new account, which takes a name and a password.
    #[schema(example = true)]
    needs_password: bool,
    /// Until when it can be accepted.
    expires_at: DateTime<Utc>,
}

/// An aggregator as an invitation names it.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitingAggregator {
    /// Part of addresses.
    #[schema(example = "ekraf-sulawesi", max_length = 80)]
    slug: String,
    /// Name.
    #[schema(example = "Ekraf Sulawesi", max_length = 120)]
    name: String,
}

impl From<InvitationSeen> for InvitationSeenView {
    fn from(seen: InvitationSeen) -> Self {
        Self {
            status: seen.row.status().as_str(),
            aggregator: InvitingAggregator { slug: seen.slug, name: seen.aggregator_name },
            role: seen.row.role,
            email: masked(&seen.row.email),
            invited_by: seen.inviter,
            needs_password: !seen.has_account,
            expires_at: seen.row.expires_at,
        }
    }
}

/// The first letter and the host of an address.
fn masked(email: &str) -> String {
    let (mailbox, host) = email.split_once('@').unwrap_or_default();
    format!("{}***@{host}", mailbox.chars().take(1).collect::<String>())
}

/// Read an invitation
///
/// Who invites to what, for the holder of the link.
#[utoipa::path(tag = "account", responses((status = 200, description = "The invitation.", body = InvitationSeenView), (status = 429, description = "Too many.")))]
#[get("/v1/invitations/{token}")]
pub async fn get_invitation(anyone: Anyone, token: web::Path<String>) -> Answered {
    anyone.app.limits.login(anyone.request())?;
    let seen = anyone.app.db.invitation_by_token(&token).await?;
    anyone.run(async |_| Ok(Found(None, InvitationSeenView::from(seen)))).await
}

/// Who joins.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct InvitationAccept {
    /// Name, for a new account.
    #[schema(example = "Andi Tenri", min_length = 1, max_length = 120)]
    name: Option<String>,
    /// Password: the new account's, of 12 characters or more that are not easy to guess, or that of the account that
    /// the address has.
    #[schema(example = "perahu kecil di laut", max_length = 128)]
    password: Option<String>,
}

impl InvitationAccept {
    /// The account that the invited address has, when its password is right, or the one that it gets.
    async fn joiner(&self, anyone: &Anyone, seen: &InvitationSeen) -> Result<Joiner, Problem> {
        let (app, email) = (&anyone.app, Email::parse(&seen.row.email)?);
        let required = |text: &Option<String>| text.clone().ok_or(Code::Required);
        if seen.has_account {
            let password = required(&self.password).map_err(|code| Problem::field("/password", code))?;
            let proven = prove(app, anyone.request(), &email, &password).await?;
            return Ok(Joiner::Known(proven.credentials.user()));
        }
        let mut faults = Faults::default();
        let name = faults.take("/name", required(&self.name).and_then(|name| PersonName::parse(&name)));
        let password =
            faults.take("/password", required(&self.password).and_then(|text| Password::parse(&text)));
        let (Some(name), Some(password)) = (name, password) else { return Err(faults.into()) };
        let about = vec![email.to_string(), name.to_string()];
        let password_hash = hash_new(app, password, about, "/password").await?;
        Ok(Joiner::New(NewUser { email, name, password_hash, locale: locale(anyone.request()) }))
    }
}

/// Accept an invitation
///
/// Makes the invited person a member. A new account takes `name` and `password`; whoever has one sends its password, or
/// an access token of it. Log in afterwards.
#[utoipa::path(tag = "account", request_body = InvitationAccept, responses((status = 200, description = "The membership of an account that was there.", body = MembershipView), (status = 201, description = "The membership of a new account.", body = MembershipView), (status = 401, description = "The password is wrong."), (status = 403, description = "It is for another address.")))]
#[post("/v1/invitations/{token}/accept")]
pub async fn accept_invitation(
    anyone: Anyone,
    token: web::Path<String>,
    body: OptionalJson<InvitationAccept>,
) -> Answered {
    anyone.app.limits.login(anyone.request())?;
    let seen = anyone.app.db.invitation_by_token(&token).await?;
    let joiner = match anyone.account().await? {
        Some(user) => Joiner::Known(user),
        None => body.0.unwrap_or_default().joiner(&anyone, &seen).await?,
    };
    anyone
        .run(async |tx| {
            let membership = MembershipView::from(tx.accept_invitation(&token, &joiner).await?);
            Ok(match joiner {
                Joiner::New(_) => {
                    Put::Made(Created { location: "/v1/me".into(), version: None, thing: membership })
                }
                Joiner::Known(_) => Put::Kept(Found(None, membership)),
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_its_first_letter_and_its_host() {
        assert_eq!(masked("sri@toko.id"), "s***@toko.id");
        assert_eq!(masked("a@toko.id"), "a***@toko.id");
    }
}
