//! `/v1/aggregators/{aggregator}/merchants/{merchant_id}/documents`: a merchant's legal documents, from the number that
//! is typed to the verdict of whoever has seen the evidence.

mod list;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, delete, get, post, put};
use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use kapal_domain::day::parse_day;
use kapal_domain::ids::{FileId, MerchantId};
use kapal_domain::legality::{
    CertificateNumber, DocumentAction, DocumentKind, DocumentNote, DocumentNumber, HolderName, IssuerName,
    Validity, Warning,
};
use kapal_domain::locale::Locale;
use kapal_domain::permission::{MerchantsRead, MerchantsVerify, MerchantsWrite};
use kapal_domain::{Code, Faults};
use kapal_persistence::{Document, NewDocument, Outcome, Page};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created, Done, Found, InLanguage, Put};
use crate::category::NoParameters;
use crate::envelope::locale;
use crate::gate::{Judged, judged};
use crate::json::{Json, OptionalJson};
use crate::path::{At, IfMatch, IfMatchOptional, OnlyNew, parse_id};
use crate::query::{List, PageOf, Paging};
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(put_document)
        .service(list_documents)
        .service(get_document)
        .service(delete_document)
        .service(verify_document)
        .service(reject_document)
        .service(revoke_document)
        .service(list::list_all_documents);
}

/// A legal document of a merchant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LegalDocument)]
pub struct DocumentView {
    /// Id.
    id: Uuid,
    /// Whose it is.
    merchant_id: Uuid,
    /// `nib`, `npwp`, `nik`, `pirt`, `bpom`, `halal`, `sni`, `trademark`, `svlk` or `nmid`.
    #[schema(example = "halal", max_length = 10)]
    kind: String,
    /// In the one spelling; a NIK and an NPWP masked, whoever reads it. Null once the merchant's data were erased.
    #[schema(example = "ID32110000123456789", max_length = 60)]
    number: Option<String>,
    /// As it was typed; null for a NIK and an NPWP.
    #[schema(example = "ID 32110000123456789", max_length = 80)]
    written: Option<String>,
    /// Of a standard, the number of the product's certificate (SPPT SNI); null for every other kind.
    #[schema(example = "SPPT SNI 012/LSPr/2025", max_length = 60)]
    certificate_number: Option<String>,
    /// Whether the number looks as such numbers do. It says nothing about whether there is such a document.
    #[schema(example = true)]
    format_ok: bool,
    /// What is odd about it.
    #[schema(max_items = 10)]
    warnings: Vec<WarningView>,
    /// Who it is made out to.
    #[schema(example = "Ina Wulandari", max_length = 200)]
    holder: Option<String>,
    /// Who issued it.
    #[schema(example = "BPJPH", max_length = 200)]
    issuer: Option<String>,
    /// When it was issued.
    #[schema(example = "2025-03-01")]
    issued_on: Option<NaiveDate>,
    /// The last day that it is valid; null: it has no end.
    #[schema(example = "2029-03-01")]
    expires_on: Option<NaiveDate>,
    /// The evidence.
    file_id: Option<Uuid>,
    /// `draft`, `submitted`, `verified`, `rejected`, `expired` or `revoked`.
    #[schema(example = "verified", max_length = 20)]
    status: String,
    /// What the verifier said.
    #[schema(example = "Foto tidak terbaca.", max_length = 2000)]
    note: Option<String>,
    /// Who entered what it says now.
    entered_by: Option<Uuid>,
    /// Who verified it.
    verified_by: Option<Uuid>,
    /// When.
    verified_at: Option<DateTime<Utc>>,
    /// Grows with each change: the `ETag`.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// When it was first entered.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

/// What is odd about a document without being wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DocumentWarning)]
pub struct WarningView {
    /// `unusual_form`, `year_differs` or `used_elsewhere`.
    #[schema(example = "year_differs", max_length = 40)]
    code: &'static str,
    /// In the asked language.
    #[schema(example = "The year of expiry within the number is not that of expires_on.", max_length = 200)]
    detail: &'static str,
}

impl DocumentView {
    fn new(document: Document, locale: Locale) -> Self {
        let Document { row, number, warnings } = document;
        let is_personal = number.as_ref().is_some_and(|number| number.kind().is_personal());
        Self {
            id: row.id,
            merchant_id: row.merchant_id,
            format_ok: number.is_some() && !warnings.contains(&Warning::UnusualForm),
            written: number.as_ref().filter(|_| !is_personal).map(|number| number.written().to_owned()),
            number: number.map(|number| number.shown()),
            warnings: warnings
                .into_iter()
                .map(|warning| WarningView { code: warning.as_str(), detail: warning.text().get(locale) })
                .collect(),
            kind: row.kind,
            certificate_number: row.certificate_number,
            holder: row.holder,
            issuer: row.issuer,
            issued_on: row.issued_on,
            expires_on: row.expires_on,
            file_id: row.file_id,
            status: row.status,
            note: row.note,
            entered_by: row.entered_by,
            verified_by: row.verified_by,
            verified_at: row.verified_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// What a document is set to.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DocumentPut {
    /// In any usual spelling.
    #[schema(example = "ID 32110000123456789", min_length = 1, max_length = 80)]
    number: String,
    /// With a standard (`sni`) alone: the number of the product's certificate (SPPT SNI), which is another one.
    #[schema(example = "SPPT SNI 012/LSPr/2025", min_length = 5, max_length = 60)]
    certificate_number: Option<String>,
    /// Who it is made out to.
    #[schema(example = "Ina Wulandari", min_length = 2, max_length = 200)]
    holder: Option<String>,
    /// Who issued it.
    #[schema(example = "BPJPH", min_length = 2, max_length = 200)]
    issuer: Option<String>,
    /// When it was issued.
    #[schema(format = "date", max_length = 10, example = "2025-03-01")]
    issued_on: Option<String>,
    /// The last day that it is valid; left away where it has no end.
    #[schema(format = "date", max_length = 10, example = "2029-03-01")]
    expires_on: Option<String>,
    /// The evidence: a file about the same merchant. Without one the document is not verified.
    #[schema(format = "uuid", max_length = 36, example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11")]
    file_id: Option<String>,
    /// Keeps it a draft; else it is submitted for verification.
    #[schema(example = false)]
    draft: Option<bool>,
}

impl DocumentPut {
    fn parse(&self, kind: DocumentKind) -> Result<NewDocument, Faults> {
        let mut faults = Faults::default();
        let day = |text: &Option<String>| text.as_deref().map(parse_day);
        let number = faults.take("/number", DocumentNumber::parse(kind, &self.number));
        let certificate = self.certificate_number.as_deref();
        let certificate_number =
            faults.take_optional("/certificate_number", certificate.map(CertificateNumber::parse));
        if certificate.is_some() && kind != DocumentKind::Sni {
            faults.add_detail("/certificate_number", Code::InvalidChoice, "Only a standard has one.");
        }
        let holder = faults.take_optional("/holder", self.holder.as_deref().map(HolderName::parse));
        let issuer = faults.take_optional("/issuer", self.issuer.as_deref().map(IssuerName::parse));
        let issued_on = faults.take_optional("/issued_on", day(&self.issued_on).map(past));
        let expires_on = faults.take_optional("/expires_on", day(&self.expires_on));
        let file = faults.take_optional("/file_id", self.file_id.as_deref().map(parse_id::<FileId>));
        let validity = match (issued_on, expires_on) {
            (Some(from), Some(to)) => faults.take("/expires_on", Validity::new(from, to)),
            _ => None,
        };
        let (
            Some(number),
            Some(certificate_number),
            Some(holder),
            Some(issuer),
            Some(validity),
            Some(file),
            true,
        ) = (number, certificate_number, holder, issuer, validity, file, faults.is_empty())
        else {
            return Err(faults);
        };
        let submitted = !self.draft.unwrap_or_default();
        Ok(NewDocument { number, certificate_number, holder, issuer, validity, file, submitted })
    }
}

/// A day that has come somewhere in Indonesia.
pub(crate) fn past(day: Result<NaiveDate, Code>) -> Result<NaiveDate, Code> {
    let day = day?;
    let east = FixedOffset::east_opt(9 * 3_600).map(|zone| Utc::now().with_timezone(&zone).date_naive());
    if east.is_some_and(|today| day > today) { Err(Code::DateInFuture) } else { Ok(day) }
}

/// The kind of document in the path. What is none names nothing: 404.
pub struct InKind(DocumentKind);

impl FromRequest for InKind {
    type Error = Problem;
    type Future = Judged<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let kind = request.match_info().get("kind").and_then(|text| DocumentKind::parse(text).ok());
        judged(request, kind.map(InKind).ok_or(Problem::new(Code::NotFound)))
    }
}

/// Enter a document
///
/// Makes or replaces the merchant's document of this kind. The number is normalised and its form checked: what can't be
/// right is refused, what is only unusual comes back as `warnings`. Neither says that there is such a document: that
/// takes evidence and somebody who verifies it. Whatever is changed has to be verified anew, and until then products
/// that need the document are off the storefront; the same again changes nothing. A NIB is also the merchant's `nib`, and
/// the other way round: an edit of one is an edit of both. A new document needs no `If-Match`, one that is replaced does.
#[utoipa::path(tag = "legality", request_body = DocumentPut, responses((status = 201, description = "The document is new.", body = DocumentView), (status = 200, description = "The document was there.", body = DocumentView)), security(("bearer" = ["merchants:write"])))]
#[put("/v1/aggregators/{aggregator}/merchants/{merchant_id}/documents/{kind}")]
pub async fn put_document(
    staff: Staff<MerchantsWrite>,
    request: HttpRequest,
    At(merchant): At<MerchantId>,
    InKind(kind): InKind,
    IfMatchOptional(version): IfMatchOptional,
    OnlyNew(only_new): OnlyNew,
    body: Json<DocumentPut>,
) -> Answered {
    let (new, locale) = (body.0.parse(kind)?, locale(&request));
    staff
        .run(async |tx| {
            let location = staff.path(format_args!("merchants/{merchant}/documents/{kind}"));
            let answer = match tx.set_document(merchant, version, only_new, &new).await? {
                Outcome::Made(document) => Put::Made(Created {
                    location,
                    version: Some(document.row.version),
                    thing: DocumentView::new(document, locale),
                }),
                Outcome::Kept(document) => Put::Kept(found(document, locale)),
            };
            Ok(InLanguage(locale, answer))
        })
        .await
}

/// List a merchant's documents
///
/// All of them, on one page: there is one of each kind at most.
#[utoipa::path(tag = "legality", params(Paging), responses((status = 200, description = "The documents.", body = PageOf<DocumentView>)), security(("bearer" = ["merchants:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/documents")]
pub async fn list_documents(
    staff: Staff<MerchantsRead>,
    request: HttpRequest,
    At(merchant): At<MerchantId>,
    list: List<NoParameters>,
) -> Answered {
    let locale = locale(&request);
    staff
        .run(async |tx| {
            let items = tx.documents(merchant).await?;
            let page = Page { items, next: None }.map(|document| DocumentView::new(document, locale));
            Ok(InLanguage(locale, list.reply(page)))
        })
        .await
}

/// Read a document
///
/// One document of a merchant.
#[utoipa::path(tag = "legality", responses((status = 200, description = "The document.", body = DocumentView)), security(("bearer" = ["merchants:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/documents/{kind}")]
pub async fn get_document(
    staff: Staff<MerchantsRead>,
    request: HttpRequest,
    At(merchant): At<MerchantId>,
    InKind(kind): InKind,
) -> Answered {
    let locale = locale(&request);
    staff.run(async |tx| Ok(InLanguage(locale, found(tx.document(merchant, kind).await?, locale)))).await
}

/// Delete a document
///
/// Only one that was never verified, rejected or revoked, whatever was entered since. A merchant's `nib` stays when the
/// document that proves it goes.
#[utoipa::path(tag = "legality", responses((status = 204, description = "It is gone.")), security(("bearer" = ["merchants:write"])))]
#[delete("/v1/aggregators/{aggregator}/merchants/{merchant_id}/documents/{kind}")]
pub async fn delete_document(
    staff: Staff<MerchantsWrite>,
    At(merchant): At<MerchantId>,
    InKind(kind): InKind,
    IfMatch(version): IfMatch,
) -> Answered {
    staff
        .run(async |tx| {
            tx.delete_document(merchant, kind, version).await?;
            Ok(Done)
        })
        .await
}

/// What a verifier says.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NoteBody {
    /// In words that the merchant can act on.
    #[schema(example = "Foto tidak terbaca; mohon unggah ulang.", min_length = 1, max_length = 2000)]
    note: String,
}

impl NoteBody {
    fn parse(&self) -> Result<DocumentNote, Faults> {
        let mut faults = Faults::default();
        faults.take("/note", DocumentNote::parse(&self.note)).ok_or(faults)
    }
}

/// Verify a document
///
/// Says that you have seen the evidence and it is good. It needs a file and a last day that is not over. Products that
/// waited for it come back at once. Send the `ETag` that you have read as `If-Match`, so that you verify nothing that was
/// changed meanwhile.
#[utoipa::path(tag = "legality", params(("If-Match" = Option<String>, Header, description = "The `ETag` of what you have looked at.", max_length = 20, example = "\"3\"")), request_body = NoteBody, responses((status = 200, description = "The document, verified.", body = DocumentView), (status = 412, description = "It was changed.")), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/documents/{kind}/verify")]
pub async fn verify_document(
    staff: Staff<MerchantsVerify>,
    request: HttpRequest,
    At(merchant): At<MerchantId>,
    InKind(kind): InKind,
    IfMatchOptional(version): IfMatchOptional,
    body: OptionalJson<NoteBody>,
) -> Answered {
    let note = body.0.map(|body| body.parse()).transpose()?;
    step(&staff, &request, (merchant, kind), DocumentAction::Verify, version, note).await
}

/// Reject a document
///
/// Says what is missing or wrong in a submitted one.
#[utoipa::path(tag = "legality", params(("If-Match" = Option<String>, Header, description = "The `ETag` of what you have looked at.", max_length = 20, example = "\"3\"")), request_body = NoteBody, responses((status = 200, description = "The document, rejected.", body = DocumentView), (status = 412, description = "It was changed.")), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/documents/{kind}/reject")]
pub async fn reject_document(
    staff: Staff<MerchantsVerify>,
    request: HttpRequest,
    At(merchant): At<MerchantId>,
    InKind(kind): InKind,
    IfMatchOptional(version): IfMatchOptional,
    body: Json<NoteBody>,
) -> Answered {
    let note = body.0.parse()?;
    step(&staff, &request, (merchant, kind), DocumentAction::Reject, version, Some(note)).await
}

/// Revoke a document
///
/// Says that what was verified holds no more, such as a certificate that was withdrawn. Products that need it leave
/// every storefront at once.
#[utoipa::path(tag = "legality", params(("If-Match" = Option<String>, Header, description = "The `ETag` of what you have looked at.", max_length = 20, example = "\"3\"")), request_body = NoteBody, responses((status = 200, description = "The document, revoked.", body = DocumentView), (status = 412, description = "It was changed.")), security(("bearer" = ["merchants:verify"])))]
#[post("/v1/aggregators/{aggregator}/merchants/{merchant_id}/documents/{kind}/revoke")]
pub async fn revoke_document(
    staff: Staff<MerchantsVerify>,
    request: HttpRequest,
    At(merchant): At<MerchantId>,
    InKind(kind): InKind,
    IfMatchOptional(version): IfMatchOptional,
    body: Json<NoteBody>,
) -> Answered {
    let note = body.0.parse()?;
    step(&staff, &request, (merchant, kind), DocumentAction::Revoke, version, Some(note)).await
}

async fn step(
    staff: &Staff<MerchantsVerify>,
    request: &HttpRequest,
    (merchant, kind): (MerchantId, DocumentKind),
    action: DocumentAction,
    version: Option<i32>,
    note: Option<DocumentNote>,
) -> Answered {
    let locale = locale(request);
    staff
        .run(async |tx| {
            let changed = tx.change_document_status(merchant, kind, action, version, note.as_ref()).await?;
            Ok(InLanguage(locale, found(changed, locale)))
        })
        .await
}

fn found(document: Document, locale: Locale) -> Found<DocumentView> {
    Found(Some(document.row.version), DocumentView::new(document, locale))
}
