//! `/v1/me/consents`: what the owner of an account agreed to, and took back.

use actix_web::{get, post};
use kapal_domain::Faults;
use kapal_domain::ids::ConsentId;
use kapal_persistence::NewConsent;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Account;
use crate::account::NoFilter;
use crate::answer::{Answered, Created, Found};
use crate::consent::{ConsentCreate, ConsentView, ConsentWithdraw};
use crate::json::Json;
use crate::path::At;
use crate::query::{List, PageOf, Paging};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(record_own_consent).service(list_own_consents).service(withdraw_own_consent);
}

/// One's own consent to be recorded.
#[derive(Debug, Deserialize, ToSchema)]
pub struct OwnConsentCreate {
    /// To what. Each purpose is agreed to on its own.
    #[schema(
        example = "marketing",
        pattern = "^(storefront_profile|photos|whatsapp_contact|marketing|surveys|partner_sharing|credit_referral)$",
        max_length = 40
    )]
    purpose: String,
    /// What makes the use lawful; `consent` when it is left away.
    #[schema(
        example = "consent",
        pattern = "^(consent|contract|legal_duty|vital_interest|public_task|legitimate_interest)$",
        max_length = 40
    )]
    lawful_basis: Option<String>,
    /// Which text was shown.
    #[schema(example = "kabar-2026-03", min_length = 1, max_length = 40)]
    text_version: String,
    /// Its SHA-256, in hexadecimal.
    #[schema(
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        pattern = "^[0-9a-f]{64}$",
        max_length = 64
    )]
    text_hash: String,
    /// In which language it was shown.
    #[schema(example = "id", pattern = "^(id|en)$", max_length = 2)]
    locale: String,
    /// By which way you agreed; `app` when it is left away.
    #[schema(example = "app", pattern = "^(app|paper|whatsapp)$", max_length = 20)]
    channel: Option<String>,
    /// When you agreed; now when it is left away.
    #[schema(example = "2026-11-20T03:00:00Z", format = "date-time", max_length = 40)]
    given_at: Option<String>,
}

impl OwnConsentCreate {
    fn parse(self) -> Result<NewConsent, Faults> {
        let Self { purpose, lawful_basis, text_version, text_hash, locale, channel, given_at } = self;
        let channel = channel.unwrap_or_else(|| "app".to_owned());
        let evidence_file_id = None;
        let create = ConsentCreate {
            purpose,
            lawful_basis,
            text_version,
            text_hash,
            locale,
            channel,
            given_at,
            evidence_file_id,
        };
        create.parse()
    }
}

/// Record one's own consent
///
/// Keeps what law wants shown (UU 27/2022, articles 21 to 24): what you agreed to, in which words, by which way. A record
/// is never changed, and outlives the account; taking consent back is a record of its own.
#[utoipa::path(tag = "account", request_body = OwnConsentCreate, responses((status = 201, description = "The record.", body = ConsentView)), security(("bearer" = [])))]
#[post("/v1/me/consents")]
pub async fn record_own_consent(account: Account, body: Json<OwnConsentCreate>) -> Answered {
    let new = body.0.parse()?;
    account
        .run(async |tx| {
            let thing = ConsentView::from(tx.insert_own_consent(account.user, &new).await?);
            Ok(Created { location: "/v1/me/consents".into(), version: None, thing })
        })
        .await
}

/// List one's own consents
///
/// The latest record first, with when each was taken back.
#[utoipa::path(tag = "account", params(Paging), responses((status = 200, description = "A page of consents.", body = PageOf<ConsentView>)), security(("bearer" = [])))]
#[get("/v1/me/consents")]
pub async fn list_own_consents(account: Account, list: List<NoFilter>) -> Answered {
    account
        .run(async |tx| {
            let page = tx.own_consents(account.user, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(ConsentView::from)))
        })
        .await
}

/// Withdraw one's own consent
///
/// Adds the record that takes it back. The use must end within 72 hours (UU 27/2022, article 40).
#[utoipa::path(tag = "account", request_body = ConsentWithdraw, responses((status = 200, description = "The consent, taken back.", body = ConsentView)), security(("bearer" = [])))]
#[post("/v1/me/consents/{consent_id}/withdraw")]
pub async fn withdraw_own_consent(
    account: Account,
    At(consent): At<ConsentId>,
    body: Json<ConsentWithdraw>,
) -> Answered {
    let channel = body.0.parse()?;
    account
        .run(async |tx| {
            let row = tx.withdraw_own_consent(account.user, consent, channel).await?;
            Ok(Found(None, ConsentView::from(row)))
        })
        .await
}
