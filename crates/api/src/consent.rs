//! `/v1/aggregators/{aggregator}/merchants/{merchant_id}/consents`: who agreed to what, and took it back.

use actix_web::{get, post};
use chrono::{DateTime, Utc};
use kapal_domain::ids::{ConsentId, FileId, MerchantId};
use kapal_domain::locale::Locale;
use kapal_domain::permission::{MerchantsRead, MerchantsWrite};
use kapal_domain::privacy::{ConsentChannel, LawfulBasis, Purpose, TextVersion};
use kapal_domain::{Code, Faults};
use kapal_persistence::{ConsentRow, NewConsent, hex};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::account::NoFilter;
use crate::answer::{Answered, Created, Found};
use crate::json::Json;
use crate::path::{At, parse_id};
use crate::query::{List, PageOf, Paging};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(record_consent).service(list_consents).service(withdraw_consent);
}

/// A record of consent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
pub struct ConsentView {
    /// Id.
    id: Uuid,
    /// To what: `storefront_profile`, `photos`, `whatsapp_contact`, `marketing`, `surveys`, `partner_sharing` or
    /// `credit_referral`.
    #[schema(example = "photos", max_length = 40)]
    purpose: String,
    /// What makes the use lawful (UU 27/2022, article 20).
    #[schema(example = "consent", max_length = 40)]
    lawful_basis: String,
    /// Which text was shown.
    #[schema(example = "foto-2026-03", max_length = 40)]
    text_version: String,
    /// Its SHA-256.
    #[schema(
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        min_length = 64,
        max_length = 64
    )]
    text_hash: String,
    /// In which language.
    #[schema(example = "id", max_length = 2)]
    locale: String,
    /// By which way: `app`, `paper` or `whatsapp`.
    #[schema(example = "paper", max_length = 20)]
    channel: String,
    /// Who recorded it: of one's own, oneself.
    taken_by: Uuid,
    /// The signed paper or a picture of the chat.
    evidence_file_id: Option<Uuid>,
    /// When the person agreed.
    given_at: DateTime<Utc>,
    /// When it was recorded.
    recorded_at: DateTime<Utc>,
    /// When the person took it back; null while it stands.
    withdrawn_at: Option<DateTime<Utc>>,
}

impl From<ConsentRow> for ConsentView {
    fn from(row: ConsentRow) -> Self {
        Self {
            id: row.id,
            purpose: row.purpose,
            lawful_basis: row.lawful_basis,
            text_version: row.text_version,
            text_hash: hex(&row.text_hash),
            locale: row.locale,
            channel: row.channel,
            taken_by: row.taken_by,
            evidence_file_id: row.evidence_file_id,
            given_at: row.given_at,
            recorded_at: row.recorded_at,
            withdrawn_at: row.withdrawn_at,
        }
    }
}

/// Consent to be recorded.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ConsentCreate {
    /// To what. Each purpose is agreed to on its own.
    #[schema(
        example = "photos",
        pattern = "^(storefront_profile|photos|whatsapp_contact|marketing|surveys|partner_sharing|credit_referral)$",
        max_length = 40
    )]
    pub(crate) purpose: String,
    /// What makes the use lawful; `consent` when it is left away.
    #[schema(
        example = "consent",
        pattern = "^(consent|contract|legal_duty|vital_interest|public_task|legitimate_interest)$",
        max_length = 40
    )]
    pub(crate) lawful_basis: Option<String>,
    /// Which text was shown.
    #[schema(example = "foto-2026-03", min_length = 1, max_length = 40)]
    pub(crate) text_version: String,
    /// Its SHA-256, in hexadecimal.
    #[schema(
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        pattern = "^[0-9a-f]{64}$",
        max_length = 64
    )]
    pub(crate) text_hash: String,
    /// In which language it was shown.
    #[schema(example = "id", pattern = "^(id|en)$", max_length = 2)]
    pub(crate) locale: String,
    /// By which way the person agreed.
    #[schema(example = "paper", pattern = "^(app|paper|whatsapp)$", max_length = 20)]
    pub(crate) channel: String,
    /// When the person agreed; now when it is left away.
    #[schema(example = "2026-11-20T03:00:00Z", format = "date-time", max_length = 40)]
    pub(crate) given_at: Option<String>,
    /// A file of this merchant: the signed paper or a picture of the chat.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", format = "uuid", max_length = 36)]
    pub(crate) evidence_file_id: Option<String>,
}

impl ConsentCreate {
    pub(crate) fn parse(&self) -> Result<NewConsent, Faults> {
        let mut faults = Faults::default();
        let purpose = faults.take("/purpose", Purpose::parse(&self.purpose));
        let basis = self.lawful_basis.as_deref().map_or(Ok(LawfulBasis::Consent), LawfulBasis::parse);
        let lawful_basis = faults.take("/lawful_basis", basis);
        let text_version = faults.take("/text_version", TextVersion::parse(&self.text_version));
        let text_hash = faults.take("/text_hash", parse_hash(&self.text_hash));
        let locale = faults.take("/locale", Locale::parse(&self.locale));
        let channel = faults.take("/channel", ConsentChannel::parse(&self.channel));
        let given_at = past(&mut faults, "/given_at", self.given_at.as_deref());
        let evidence = self.evidence_file_id.as_deref().map(parse_id::<FileId>);
        let evidence = faults.take_optional("/evidence_file_id", evidence);
        let (
            Some(purpose),
            Some(lawful_basis),
            Some(text_version),
            Some(text_hash),
            Some(locale),
            Some(channel),
            Some(given_at),
            Some(evidence),
        ) = (purpose, lawful_basis, text_version, text_hash, locale, channel, given_at, evidence)
        else {
            return Err(faults);
        };
        Ok(NewConsent { purpose, lawful_basis, text_version, text_hash, locale, channel, given_at, evidence })
    }
}

fn parse_hash(text: &str) -> Result<[u8; 32], Code> {
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if text.len() != 64 || !text.bytes().all(is_hex) {
        return Err(Code::InvalidHash);
    }
    let mut hash = [0; 32];
    for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(digits).map_err(|_| Code::InvalidHash)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| Code::InvalidHash)?;
    }
    Ok(hash)
}

/// A time that has been; now when none is given.
pub(crate) fn past(faults: &mut Faults, pointer: &str, text: Option<&str>) -> Option<DateTime<Utc>> {
    let now = Utc::now();
    let Some(text) = text else { return Some(now) };
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| Code::InvalidDate);
    let time = faults.take(pointer, time)?.to_utc();
    if time > now {
        faults.add_detail(pointer, Code::OutOfRange, "It is in the future.");
        return None;
    }
    Some(time)
}

/// Record a consent
///
/// Keeps what law wants shown (UU 27/2022, articles 21 to 24): who agreed to what, in which words, by which way. A record
/// is never changed; taking consent back is a record of its own.
#[utoipa::path(tag = "privacy", request_body = ConsentCreate, responses((status = 201, description = "The record.", body = ConsentView)), security(("bearer" = ["merchants:write"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/consents")]
pub async fn record_consent(
    staff: Staff<MerchantsWrite>,
    At(merchant): At<MerchantId>,
    body: Json<ConsentCreate>,
) -> Answered {
    let new = body.0.parse()?;
    staff
        .run(async |tx| {
            let thing = ConsentView::from(tx.insert_consent(merchant, &new).await?);
            let location = staff.path(format_args!("merchants/{merchant}/consents"));
            Ok(Created { location, version: None, thing })
        })
        .await
}

/// List consents
///
/// A merchant's consents, the latest record first, with when each was taken back.
#[utoipa::path(tag = "privacy", params(Paging), responses((status = 200, description = "A page of consents.", body = PageOf<ConsentView>)), security(("bearer" = ["merchants:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/consents")]
pub async fn list_consents(
    staff: Staff<MerchantsRead>,
    At(merchant): At<MerchantId>,
    list: List<NoFilter>,
) -> Answered {
    staff
        .run(async |tx| {
            let page = tx.consents(merchant, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(ConsentView::from)))
        })
        .await
}

/// How consent is taken back.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ConsentWithdraw {
    /// By which way the person said so.
    #[schema(example = "whatsapp", pattern = "^(app|paper|whatsapp)$", max_length = 20)]
    channel: String,
}

impl ConsentWithdraw {
    pub(crate) fn parse(&self) -> Result<ConsentChannel, Problem> {
        ConsentChannel::parse(&self.channel).map_err(|code| Problem::field("/channel", code))
    }
}

/// Withdraw a consent
///
/// Adds the record that takes it back. Where no other consent stands for the purpose, its effect comes at once:
/// `storefront_profile` takes the maker's story off the storefront, `photos` the merchant's picture. Every other use must
/// end within 72 hours (UU 27/2022, article 40).
#[utoipa::path(tag = "privacy", request_body = ConsentWithdraw, responses((status = 200, description = "The consent, taken back.", body = ConsentView)), security(("bearer" = ["merchants:write"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/consents/{consent_id}/withdraw")]
pub async fn withdraw_consent(
    staff: Staff<MerchantsWrite>,
    At(merchant): At<MerchantId>,
    At(consent): At<ConsentId>,
    body: Json<ConsentWithdraw>,
) -> Answered {
    let channel = body.0.parse()?;
    staff
        .handling_restricted()
        .run(async |tx| {
            Ok(Found(None, ConsentView::from(tx.withdraw_consent(merchant, consent, channel).await?)))
        })
        .await
}
