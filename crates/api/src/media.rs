//! Pictures: `…/media` takes an upload, `/media/{hash}/{width}.jpg` gives its files for ever.

use actix_multipart::{Field, Multipart};
use actix_web::http::header;
use actix_web::web::BytesMut;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, get, post, web};
use futures_util::StreamExt;
use kapal_domain::permission::ProductsWrite;
use kapal_domain::{Code, Faults};
use kapal_persistence::{MediaRow, NewMedia, hex, sha256};
use kapal_pictures::{MAX_BYTES, Picture, Refusal};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created};
use crate::json::BodyHash;
use crate::{App, Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(upload_media).service(get_picture);
}

/// What a multipart body may have besides the file: boundaries and the part's own headers.
const ENVELOPE: usize = 64 * 1024;

/// Where a picture is served in one of its widths.
pub(crate) fn picture_url(app: &App, hash: &str, width: i32) -> String {
    format!("{}/media/{hash}/{width}.jpg", app.public_url)
}

/// An uploaded picture.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Media)]
pub struct MediaView {
    /// Id: what a product's `media` takes.
    id: Uuid,
    /// Width of the upload in pixels, upright.
    #[schema(example = 2400, minimum = 100, maximum = 12_000)]
    width: i32,
    /// Height of the upload in pixels, upright.
    #[schema(example = 1600, minimum = 100, maximum = 12_000)]
    height: i32,
    /// The widest file. It never changes.
    #[schema(
        example = "https://kapal.example/media/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08/1280.jpg",
        max_length = 300
    )]
    url: String,
    /// The widths that it is kept in: each stands at the end of `url` in place of the widest.
    #[schema(example = json!([320, 640, 1280]), min_items = 1, max_items = 3)]
    widths: Vec<i32>,
}

impl MediaView {
    fn new(row: MediaRow, app: &App) -> Self {
        let widest = row.widths.iter().copied().max().unwrap_or_default();
        let url = picture_url(app, &row.hash, widest);
        Self { id: row.id, width: row.width, height: row.height, url, widths: row.widths }
    }
}

/// A picture to upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `read_file` reads")]
pub struct MediaUpload {
    /// The picture: JPEG, PNG or WebP, at most 15 MiB, 40 megapixels, 12,000 pixels a side.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Upload a picture
///
/// The kind is told by the content. The picture is turned upright, its metadata (place, camera) is removed, and it is
/// kept as JPEG in widths of 320, 640 and 1,280 pixels, as far as it is that wide. Put it on a product by its id.
#[utoipa::path(tag = "products", request_body(content = MediaUpload, content_type = "multipart/form-data"), responses((status = 201, description = "The picture.", body = MediaView)), security(("bearer" = ["products:write"])))]
#[post("/v1/aggregators/{aggregator}/media")]
pub async fn upload_media(
    staff: Staff<ProductsWrite>,
    request: HttpRequest,
    payload: web::Payload,
) -> Answered {
    let file = read_file(&request, payload).await?;
    let digest = sha256(&file);
    request.extensions_mut().insert(BodyHash(digest));
    let hash = hex(&digest);
    let picture =
        staff.app.heavily(move || kapal_pictures::prepare(&file)).await?.map_err(picture_refused)?;
    let new = describe(&hash, &picture)?;
    let files = picture.renditions.into_iter().map(|r| (r.width, r.bytes)).collect();
    // Before the row, so that no row is ever without its files; files without a row are found by their hash again.
    staff.app.objects.put(&hash, files).await?;
    staff
        .run(async |tx| {
            let media = MediaView::new(tx.insert_media(&new).await?, &staff.app);
            Ok(Created {
                location: staff.path(format_args!("media/{}", media.id)),
                version: None,
                thing: media,
            })
        })
        .await
}

fn describe(hash: &str, picture: &Picture) -> Result<NewMedia, Problem> {
    let pixels = |n: u32| i32::try_from(n).map_err(|_| Problem::from(Code::PictureTooLarge));
    Ok(NewMedia {
        hash: hash.to_owned(),
        width: pixels(picture.width)?,
        height: pixels(picture.height)?,
        widths: picture.renditions.iter().map(|r| pixels(r.width)).collect::<Result<_, _>>()?,
    })
}

/// Why a picture is not taken, as the fault of the part `file`.
pub(crate) fn picture_refused(refusal: Refusal) -> Problem {
    let code = match refusal {
        Refusal::TooLarge => return too_large(MAX_BYTES),
        Refusal::NotAPicture => Code::NotAPicture,
        Refusal::TooManyPixels => Code::PictureTooLarge,
        Refusal::TooSmall => Code::PictureTooSmall,
        Refusal::Animated | Refusal::Damaged => Code::PictureDamaged,
    };
    let mut faults = Faults::default();
    match refusal {
        Refusal::Animated => faults.add_detail("/file", code, "It moves: send a still."),
        _ => faults.add("/file", code),
    }
    faults.into()
}

fn too_large(limit: usize) -> Problem {
    Problem::because(Code::PayloadTooLarge, format!("The limit is {limit} bytes."))
}

/// Refuses other content types, and what announces that it is too large.
pub(crate) fn must_be_multipart(request: &HttpRequest, limit: usize) -> Result<(), Problem> {
    if !request.content_type().eq_ignore_ascii_case("multipart/form-data") {
        return Err(Problem::because(
            Code::UnsupportedMediaType,
            "Send Content-Type: multipart/form-data with a part named file.",
        ));
    }
    let announced =
        request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit + ENVELOPE) {
        return Err(too_large(limit));
    }
    Ok(())
}

/// The one part `file` of a multipart body. What is too large or has other parts is not read to its end.
async fn read_file(request: &HttpRequest, payload: web::Payload) -> Result<BytesMut, Problem> {
    must_be_multipart(request, MAX_BYTES)?;
    let mut form = Multipart::new(request.headers(), payload.into_inner());
    let mut file = None;
    while let Some(part) = form.next().await {
        let part = part.map_err(malformed)?;
        match part.name() {
            Some("file") if file.is_none() => file = Some(read_part(part, MAX_BYTES).await?),
            Some("file") => return Err(Problem::field("/file", Code::DuplicateEntry)),
            name => {
                let pointer = format!("/{}", name.unwrap_or_default().chars().take(100).collect::<String>());
                return Err(Problem::field(&pointer, Code::UnknownField));
            }
        }
    }
    file.ok_or_else(|| Problem::field("/file", Code::Required))
}

/// One part, as long as it is not too large.
pub(crate) async fn read_part(mut part: Field, limit: usize) -> Result<BytesMut, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(malformed)?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

pub(crate) fn malformed(error: actix_multipart::MultipartError) -> Problem {
    Problem::because(Code::MalformedRequest, error.to_string())
}

/// Get a picture's file
///
/// A JPEG of one width. It never changes, so it may be kept for ever.
#[utoipa::path(tag = "storefront",
    params(
        ("hash" = String, Path, description = "SHA-256 of the upload, as in a picture's `url`.", pattern = "^[0-9a-f]{64}$", example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        ("width" = u32, Path, description = "One of the picture's `widths`.", minimum = 1, maximum = 1280, example = 640),
    ),
    responses((status = 200, description = "The file.", body = Vec<u8>, content_type = "image/jpeg")))]
#[get("/media/{hash}/{width}.jpg")]
pub async fn get_picture(app: web::Data<App>, path: web::Path<(String, String)>) -> Answered {
    let (hash, text) = path.into_inner();
    let is_hash = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    // Only the one spelling of a number names a file: no second address for the same bytes.
    let width = text.parse::<u32>().ok().filter(|width| is_hash && width.to_string() == text);
    let Some(width) = width else { return Err(Code::NotFound.into()) };
    let bytes = app.objects.get(&hash, width).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(HttpResponse::Ok()
        .content_type("image/jpeg")
        .insert_header((header::ETAG, format!("\"{}-{width}\"", &hash[..16])))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .body(bytes))
}
