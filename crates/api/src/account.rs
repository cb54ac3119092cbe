//! `/v1/me`: one's own account, memberships and logins.

use actix_web::{delete, get, patch};
use chrono::{DateTime, Utc};
use kapal_domain::Faults;
use kapal_domain::ids::SessionId;
use kapal_domain::locale::Locale;
use kapal_domain::user::{Email, Password, PersonName};
use kapal_persistence::{EndReason, Me, MyMembership, SessionRow, UserChanges};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Done, Found};
use crate::envelope::request_id;
use crate::export::ExportView;
use crate::json::{Json, Patch};
use crate::password::prove;
use crate::path::{At, IfMatch};
use crate::query::{List, PageOf, Paging};
use crate::{Account, Problem};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(get_me)
        .service(update_me)
        .service(export_me)
        .service(delete_me)
        .service(list_sessions)
        .service(end_session);
}

/// One's own account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeView {
    /// Id.
    id: Uuid,
    /// Address.
    #[schema(example = "owner@ekraf-sulawesi.id", max_length = 254)]
    email: String,
    /// Name.
    #[schema(example = "Sri Wahyuni", max_length = 120)]
    name: String,
    /// Language of letters: `id` or `en`.
    #[schema(example = "id", max_length = 2)]
    locale: String,
    /// Whether the person runs the platform.
    #[schema(example = false)]
    is_operator: bool,
    /// Roles, by the aggregators' names.
    #[schema(max_items = 1000)]
    memberships: Vec<MembershipView>,
    /// When the account was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

/// A role in an aggregator, with what it allows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Membership)]
pub struct MembershipView {
    /// The aggregator.
    aggregator: AggregatorRef,
    /// `owner`, `admin`, `curator`, `merchant_manager`, `analyst`, `local_hero` or `merchant`.
    #[schema(example = "owner", max_length = 20)]
    role: &'static str,
    /// What the role allows.
    #[schema(example = json!(["merchants:read", "merchants:write"]), max_items = 100)]
    permissions: Vec<&'static str>,
}

/// An aggregator as it stands beside a role.
#[derive(Debug, Serialize, ToSchema)]
pub struct AggregatorRef {
    /// Id.
    id: Uuid,
    /// Part of addresses.
    #[schema(example = "ekraf-sulawesi", max_length = 80)]
    slug: String,
    /// Name.
    #[schema(example = "Ekraf Sulawesi", max_length = 120)]
    name: String,
    /// `pending`, `active`, `suspended` or `closed`.
    #[schema(example = "active", max_length = 20)]
    status: &'static str,
}

impl From<MyMembership> for MembershipView {
    fn from(MyMembership { membership, aggregator_name }: MyMembership) -> Self {
        Self {
            aggregator: AggregatorRef {
                id: membership.aggregator.uuid(),
                slug: membership.slug,
                name: aggregator_name,
                status: membership.status.as_str(),
            },
            role: membership.role.as_str(),
            permissions: membership.role.permissions().iter().map(|p| p.as_str()).collect(),
        }
    }
}

fn found(me: Me) -> Found<MeView> {
    let version = me.version();
    let view = MeView {
        id: me.row.id,
        email: me.row.email,
        name: me.row.name,
        locale: me.row.locale,
        is_operator: me.row.is_operator,
        memberships: me.memberships.into_iter().map(Into::into).collect(),
        created_at: me.row.created_at,
        updated_at: me.row.updated_at,
    };
    Found(Some(version), view)
}

/// Read one's own account
///
/// The account, and where it has which role with which permissions.
#[utoipa::path(tag = "account", responses((status = 200, description = "The account.", body = MeView)), security(("bearer" = [])))]
#[get("/v1/me")]
pub async fn get_me(account: Account) -> Answered {
    account.run(async |tx| Ok(found(tx.me(account.user).await?))).await
}

/// What to change of one's own account (RFC 7396): absent keeps.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MePatch {
    /// Name; aggregators see it too.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Sri Wahyuni", min_length = 1, max_length = 120)]
    name: Patch<String>,
    /// Language of letters.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "en", pattern = "^(id|en)$", max_length = 2)]
    locale: Patch<String>,
}

impl MePatch {
    fn parse(&self) -> Result<UserChanges, Faults> {
        let mut faults = Faults::default();
        let name = self.name.required(&mut faults, "/name", |v| PersonName::parse(v).map(String::from));
        let locale =
            self.locale.required(&mut faults, "/locale", |v| Locale::parse(v).map(|l| l.as_str().to_owned()));
        let (Some(name), Some(locale)) = (name, locale) else { return Err(faults) };
        Ok(UserChanges { name, locale })
    }
}

/// Edit one's own account
///
/// Changes name or language.
#[utoipa::path(tag = "account", request_body(content = MePatch, content_type = "application/merge-patch+json"), responses((status = 200, description = "The account.", body = MeView)), security(("bearer" = [])))]
#[patch("/v1/me")]
pub async fn update_me(account: Account, version: IfMatch, body: Json<MePatch>) -> Answered {
    let changes = body.0.parse()?;
    account.run(async |tx| Ok(found(tx.update_me(account.user, version.0, &changes).await?))).await
}

/// Export one's own data
///
/// All that is held about the account: memberships, logins, invitations, consents, a hero's profile, and what was done
/// with it (UU 27/2022, article 32). What an aggregator holds of a member is asked for at the aggregator, which answers for it.
#[utoipa::path(tag = "account", responses((status = 200, description = "All that is held.", body = ExportView)), security(("bearer" = [])))]
#[get("/v1/me/export")]
pub async fn export_me(account: Account) -> Answered {
    let phones = account.app.db.own_phones(account.user, &request_id(account.request())).await?;
    account
        .run(async |tx| {
            let all = tx.export_me(account.user, &phones).await?;
            Ok(Found(None, ExportView::new(account.user.uuid(), all)))
        })
        .await
}

/// That it is really meant.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MeErase {
    /// The account's password.
    #[schema(example = "perahu kecil di laut", max_length = 1000)]
    password: String,
}

/// Erase one's own account
///
/// Ends every login and membership at once and for good; the address is free again. What law wants kept names nobody
/// from then on. An aggregator's last owner makes another member owner first.
#[utoipa::path(tag = "account", request_body = MeErase, responses((status = 204, description = "It is gone.")), security(("bearer" = [])), extensions(("x-unversioned" = json!(true))))]
#[delete("/v1/me")]
pub async fn delete_me(account: Account, body: Json<MeErase>) -> Answered {
    let app = &account.app;
    // What can be nobody's password is no attempt.
    Password::parse(&body.0.password).map_err(|code| Problem::field("/password", code))?;
    let own = app.db.credentials(account.user).await?;
    let email = Email::parse(&own.email)?;
    let proven = prove(app, account.request(), &email, &body.0.password).await?;
    account
        .run(async |tx| {
            tx.erase_me(account.user, &proven.credentials.password_hash).await?;
            tx.forgive_account(&proven.keys).await?;
            Ok(Done)
        })
        .await
}

/// A login on some device.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    /// Id.
    id: Uuid,
    /// Whether it is the one that asks.
    #[schema(example = true)]
    current: bool,
    /// What the client says it is.
    #[schema(example = "KapalApp/1.4 (Android 15)", max_length = 200)]
    user_agent: String,
    /// The network that it came from, without the last part of the address.
    #[schema(example = "203.0.113.0/24", max_length = 50)]
    address: String,
    /// When it began.
    created_at: DateTime<Utc>,
    /// When its tokens were last renewed.
    last_used_at: DateTime<Utc>,
    /// When it ends at the latest.
    expires_at: DateTime<Utc>,
}

impl SessionView {
    fn new(row: SessionRow, current: SessionId) -> Self {
        Self {
            id: row.id,
            current: row.id == current.uuid(),
            user_agent: row.user_agent,
            address: row.address,
            created_at: row.created_at,
            last_used_at: row.rotated_at,
            expires_at: row.expires_at,
        }
    }
}

/// No filters.
#[derive(Debug, Deserialize)]
pub struct NoFilter {}

/// List one's own logins
///
/// Where the account is logged in, the newest login first.
#[utoipa::path(tag = "account", params(Paging), responses((status = 200, description = "A page of logins.", body = PageOf<SessionView>)), security(("bearer" = [])))]
#[get("/v1/me/sessions")]
pub async fn list_sessions(account: Account, list: List<NoFilter>) -> Answered {
    account
        .run(async |tx| {
            let page = tx.sessions(account.user, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(|row| SessionView::new(row, account.session))))
        })
        .await
}

/// End a login
///
/// Logs the account out on one device, at once.
#[utoipa::path(tag = "account", responses((status = 204, description = "Done.")), security(("bearer" = [])), extensions(("x-unversioned" = json!(true))))]
#[delete("/v1/me/sessions/{session_id}")]
pub async fn end_session(account: Account, At(id): At<SessionId>) -> Answered {
    account
        .run(async |tx| {
            tx.end_session(account.user, id, EndReason::Removed).await?;
            Ok(Done)
        })
        .await
}
