//! `/v1/aggregators/{aggregator}/files`: evidence, such as a scan of a certificate. Private: the bytes are given by a
//! signed link of five minutes alone.

mod link;
mod upload;

use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, TimeDelta, Utc};
use kapal_domain::Code;
use kapal_domain::file::FilePurpose;
use kapal_domain::ids::{AggregatorId, FileId, MerchantId};
use kapal_domain::permission::{Demand, MerchantsRead, MerchantsWrite, Permission};
use kapal_persistence::{Actor, FileRow, Scope, sha256};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use self::link::{Link, LinkQuery};
use crate::answer::{Answered, Created, Found};
use crate::envelope::request_id;
use crate::json::BodyHash;
use crate::path::{At, parse_id};
use crate::query::{List, PageOf, Paging, Query, one};
use crate::{App, Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(upload_file).service(list_files).service(get_file).service(get_file_content);
}

/// How long a link opens its file.
const OPEN_FOR: TimeDelta = TimeDelta::minutes(5);

/// A file of evidence.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = File)]
pub struct FileView {
    /// Id: what a document's `file_id` takes.
    id: Uuid,
    /// Whom it is about.
    merchant_id: Uuid,
    /// What it was called.
    #[schema(example = "sertifikat-halal.pdf", max_length = 200)]
    name: String,
    /// `application/pdf` or `image/jpeg`.
    #[schema(example = "application/pdf", max_length = 40)]
    media_type: String,
    /// How long it is.
    #[schema(example = 183_204, minimum = 1, maximum = 15_728_640)]
    bytes: i64,
    /// Who uploaded it; null: not a person.
    created_by: Option<Uuid>,
    /// When.
    created_at: DateTime<Utc>,
}

impl From<FileRow> for FileView {
    fn from(row: FileRow) -> Self {
        Self {
            id: row.id,
            merchant_id: row.merchant_id,
            name: row.name,
            media_type: row.media_type,
            bytes: row.bytes,
            created_by: row.created_by,
            created_at: row.created_at,
        }
    }
}

/// A file of evidence and how to get it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FileWithLink)]
pub struct FileLinkView {
    #[serde(flatten)]
    file: FileView,
    /// Where its bytes are for five minutes, without a login; null for who may not open it.
    #[schema(
        example = "https://kapal.example/v1/files/019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11/019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a12?by=019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a13&purpose=verification&expires=1795489200&signature=kYp3",
        max_length = 500
    )]
    url: Option<String>,
    /// Until when.
    url_expires_at: Option<DateTime<Utc>>,
}

/// A file to upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `upload::read` reads")]
pub struct FileUpload {
    /// A PDF, or a JPEG, PNG or WebP picture; at most 15 MiB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Whom it is about.
    #[schema(value_type = String, format = "uuid", example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11")]
    merchant_id: String,
}

/// Upload a file of evidence
///
/// The kind is told by the content. A picture is made anew as JPEG, upright, at most 1,280 pixels wide and without its
/// metadata; a PDF is kept as it is. All is encrypted with a key of the merchant and never public. The files of an
/// aggregator take 5 GiB together at most.
#[utoipa::path(tag = "merchants", request_body(content = FileUpload, content_type = "multipart/form-data"), responses((status = 201, description = "The file.", body = FileView)), security(("bearer" = ["merchants:write"])))]
#[post("/v1/aggregators/{aggregator}/files")]
pub async fn upload_file(
    staff: Staff<MerchantsWrite>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answered {
    let upload = upload::read(&request, payload).await?;
    let fingerprint = [&sha256(&upload.file)[..], upload.merchant.uuid().as_bytes()].concat();
    request.extensions_mut().insert(BodyHash(sha256(&fingerprint)));
    let new = staff.app.decoding(kapal_pictures::weigh(&upload.file), move || upload.prepare()).await??;
    staff
        .run(async |tx| {
            let file = FileView::from(tx.insert_file(&staff.app.objects, &new).await?);
            let location = staff.path(format_args!("files/{}", file.id));
            Ok(Created { location, version: None, thing: file })
        })
        .await
}

/// Which files.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FileQuery {
    /// About this merchant.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", format = "uuid")]
    merchant_id: Option<String>,
}

/// List files of evidence
///
/// The newest first. Heroes see those of the merchants assigned to them, merchants their own.
#[utoipa::path(tag = "merchants", params(FileQuery, Paging), responses((status = 200, description = "A page of files.", body = PageOf<FileView>)), security(("bearer" = ["merchants:read"])))]
#[get("/v1/aggregators/{aggregator}/files")]
pub async fn list_files(staff: Staff<MerchantsRead>, list: List<FileQuery>) -> Answered {
    let merchant = list.filter.merchant_id.as_deref().map(parse_id::<MerchantId>).transpose();
    let merchant =
        merchant.map_err(|_| Problem::because(Code::InvalidParameter, "merchant_id is not an id."))?;
    staff
        .run(async |tx| {
            let page = tx.files(merchant, list.after.as_ref(), list.limit).await?;
            Ok(list.reply(page.map(FileView::from)))
        })
        .await
}

/// What the link is for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FilePurposeQuery {
    /// What the file is opened for: `verification` (when it is left away), `curation`, `mentoring`, `payment`, `subject_request`,
    /// `dispute` or `audit`.
    #[param(example = "verification", max_length = 20)]
    purpose: Option<String>,
}

/// Read a file's entry
///
/// With a link to its bytes for who may open it: whoever uploaded it, verifies documents (`merchants:verify`) or reads
/// personal data (`pii:read`). Evidence shows personal numbers, so each opening is noted in the audit chain with its
/// purpose.
#[utoipa::path(tag = "merchants", params(FilePurposeQuery), responses((status = 200, description = "The file's entry.", body = FileLinkView)), security(("bearer" = ["merchants:read"])))]
#[get("/v1/aggregators/{aggregator}/files/{file_id}")]
pub async fn get_file(
    staff: Staff<MerchantsRead>,
    At(id): At<FileId>,
    query: Query<FilePurposeQuery>,
) -> Answered {
    let purpose = one("purpose", query.0.purpose.as_ref(), FilePurpose::parse)?;
    let purpose = purpose.unwrap_or(FilePurpose::Verification);
    staff
        .run(async |tx| {
            let file = tx.file(id).await?;
            let link = file_link(&staff, &file, purpose, None);
            let (url, url_expires_at) = link.unzip();
            Ok(Found(None, FileLinkView { file: file.into(), url, url_expires_at }))
        })
        .await
}

/// A link to a file's bytes, and until when it opens them, for who may open it: whoever uploaded it, verifies documents,
/// reads personal data, or has the permission that lets in here.
pub(crate) fn file_link<P: Demand>(
    staff: &Staff<P>,
    file: &FileRow,
    purpose: FilePurpose,
    lets_in: Option<Permission>,
) -> Option<(String, DateTime<Utc>)> {
    let permissions = [Permission::MerchantsVerify, Permission::PiiRead].into_iter().chain(lets_in);
    let is_uploader = file.created_by == Some(staff.user.uuid());
    if !is_uploader && !permissions.into_iter().any(|permission| staff.may(permission)) {
        return None;
    }
    let expires = Utc::now() + OPEN_FOR;
    let link = Link::new(staff.aggregator(), file.id.into(), staff.user, purpose, expires);
    Some((link.url(&staff.app), expires))
}

/// Get a file's bytes
///
/// By the link of the file's entry, for five minutes; the signature stands for the login. Always as an attachment.
#[utoipa::path(tag = "merchants", params(
        ("aggregator" = String, Path, description = "Id of the aggregator.", format = "uuid", example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11"),
        LinkQuery,
    ),
    responses((status = 200, description = "The file.", body = Vec<u8>, content_type = "application/octet-stream"), (status = 403, description = "Forged or expired.")))]
#[get("/v1/files/{aggregator}/{file_id}")]
pub async fn get_file_content(
    app: web::Data<App>,
    request: HttpRequest,
    At(file): At<FileId>,
    query: Query<LinkQuery>,
) -> Answered {
    let aggregator = request.match_info().get("aggregator").unwrap_or_default();
    let aggregator = parse_id::<AggregatorId>(aggregator).map_err(|_| Problem::new(Code::NotFound))?;
    let (by, purpose) = query.0.check(&app, aggregator, file)?;
    let scope =
        Scope { aggregator, actor: Actor::User(by), narrowed: false, request_id: request_id(&request) };
    let mut tx = app.db.tenant(scope).await?;
    let opened = tx.open_file(&app.objects, file, purpose).await;
    let (row, bytes) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            tx.rollback().await;
            return Err(error.into());
        }
    };
    tx.commit().await?;
    let name = percent_encode(&row.name);
    Ok(HttpResponse::Ok()
        .content_type(row.media_type)
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{name}")))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(bytes))
}

/// A name as RFC 8187 writes it in a header.
fn percent_encode(name: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let encode = |byte: u8| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    name.bytes().map(encode).collect()
}
