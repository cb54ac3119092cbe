//! Pictures: `…/media` takes an upload, `/media/{hash}/{width}.{ext}` gives its files for ever.

mod file;

use actix_multipart::{Field, Multipart};
use actix_web::http::header;
use actix_web::web::BytesMut;
use actix_web::{HttpMessage, HttpRequest, post, web};
use futures_util::StreamExt;
use kapal_domain::media::PictureFormat;
use kapal_domain::permission::ProductsWrite;
use kapal_domain::{Code, Faults};
use kapal_persistence::{MediaRow, NewMedia, PictureFile, hex, sha256};
use kapal_pictures::{MAX_BYTES, Picture, Refusal};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created};
use crate::json::BodyHash;
use crate::{App, Problem, Staff};

pub(crate) use file::{PreviewView, picture_url, spoilt};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(upload_media).service(file::get_picture);
}

/// What a multipart body may have besides the file: boundaries and the part's own headers.
const ENVELOPE: usize = 64 * 1024;

/// Where the widest JPEG of a picture is served.
pub(crate) fn widest_url(app: &App, hash: &str, widths: &[i32]) -> String {
    let widest = widths.iter().filter_map(|width| u32::try_from(*width).ok()).max().unwrap_or_default();
    picture_url(&app.public_url, hash, widest, PictureFormat::Jpeg)
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
    /// The widths that it is kept in: each stands at the end of `url` in place of the widest, and `webp` in place of `jpg`.
    #[schema(example = json!([320, 640, 1280]), min_items = 1, max_items = 3)]
    widths: Vec<i32>,
    /// Its colours as a BlurHash, to be shown until the file has arrived.
    #[schema(example = "LEHV6nWB2yk8pyo0adR*.7kCMdnj", max_length = 100)]
    blurhash: Option<String>,
}

impl MediaView {
    fn new(row: MediaRow, app: &App) -> Self {
        let url = widest_url(app, &row.hash, &row.widths);
        let MediaRow { id, width, height, widths, blurhash, .. } = row;
        Self { id, width, height, url, widths, blurhash }
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
/// kept as JPEG and WebP in widths of 320, 640 and 1,280 pixels, as far as it is that wide. Put it on a product by its id.
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
        staff.app.decoding(kapal_pictures::weigh(&file), move || kapal_pictures::prepare(&file)).await?;
    let picture = picture.map_err(picture_refused)?;
    let new = describe(&hash, &picture)?;
    // Before the row, so that no row is ever without its files; files without a row go after a day.
    staff.app.db.store_picture(&staff.app.objects, &hash, files(picture)).await?;
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
        blurhash: picture.blurhash.clone(),
    })
}

fn files(picture: Picture) -> Vec<PictureFile> {
    let both = picture.renditions.into_iter().map(|made| {
        let file = |format, bytes| PictureFile { width: made.width, format, bytes };
        [file(PictureFormat::Jpeg, made.jpeg), file(PictureFormat::Webp, made.webp)]
    });
    both.flatten().collect()
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
