//! The files of pictures: read from the store, or made when somebody first asks for them.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use kapal_domain::Code;
use kapal_domain::media::PictureFormat;
use kapal_persistence::{PictureFile, ShownPreview};
use kapal_pictures::{PREVIEW_HEIGHT, PREVIEW_WIDTH, Preview, Refusal, preview, webp_of_jpeg};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Answered;
use crate::{App, Problem};

/// The address of one file of a picture.
pub(crate) fn picture_url(public_url: &str, hash: &str, width: u32, format: PictureFormat) -> String {
    format!("{public_url}/media/{hash}/{width}.{format}")
}

/// The picture that messengers and social networks show of a product's link.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewPicture)]
pub struct PreviewView {
    /// A JPEG of at most 300 KiB with the product's photo, name, price and origin. Its address changes with what it says.
    #[schema(
        example = "https://kapal.example/media/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08/1200.jpg",
        max_length = 300
    )]
    pub url: String,
    /// Its width in pixels.
    #[schema(example = 1200, minimum = 1, maximum = 10000)]
    pub width: u32,
    /// Its height in pixels.
    #[schema(example = 630, minimum = 1, maximum = 10000)]
    pub height: u32,
}

impl PreviewView {
    pub(crate) fn new(hash: &str, public_url: &str) -> Self {
        let url = picture_url(public_url, hash, PREVIEW_WIDTH, PictureFormat::Jpeg);
        Self { url, width: PREVIEW_WIDTH, height: PREVIEW_HEIGHT }
    }
}

/// Which file is asked for.
struct Name {
    hash: String,
    width: u32,
    format: PictureFormat,
}

impl Name {
    /// Only the one spelling of a number names a file: no second address for the same bytes.
    fn parse((hash, width, ending): (String, String, String)) -> Option<Self> {
        let is_hash =
            hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let format = PictureFormat::parse(&ending).ok()?;
        let number = width.parse::<u32>().ok()?;
        (is_hash && number.to_string() == width).then_some(Self { hash, width: number, format })
    }

    /// The file, where it can be made of others: a WebP of the JPEG beside it, a preview of what it shows. It is kept.
    async fn make(&self, app: &App) -> Result<Option<Vec<u8>>, Problem> {
        let made = match self.format {
            PictureFormat::Webp => self.convert(app).await?,
            PictureFormat::Jpeg if self.width == PREVIEW_WIDTH => {
                match app.db.storefront_preview(&self.hash).await? {
                    Some(shown) => Some(draw(app, shown).await?),
                    None => None,
                }
            }
            PictureFormat::Jpeg => None,
        };
        if let Some(bytes) = &made {
            let file = PictureFile { width: self.width, format: self.format, bytes: bytes.clone() };
            app.db.store_picture(&app.objects, &self.hash, vec![file]).await?;
        }
        Ok(made)
    }

    async fn convert(&self, app: &App) -> Result<Option<Vec<u8>>, Problem> {
        match app.objects.get(&self.hash, self.width, PictureFormat::Jpeg).await? {
            Some(jpeg) => app.heavily(move || webp_of_jpeg(&jpeg)).await?.map(Some).map_err(spoilt),
            None => Ok(None),
        }
    }
}

async fn draw(app: &App, shown: ShownPreview) -> Result<Vec<u8>, Problem> {
    let price = shown.price()?.display(shown.locale());
    let photo = match shown.images.first() {
        Some(image) => {
            let widest = image.widths.iter().copied().max().unwrap_or(image.width);
            app.objects.get(&image.hash, widest, PictureFormat::Jpeg).await?
        }
        None => None,
    };
    let draw = move || {
        preview(&Preview {
            name: &shown.name,
            price: &price,
            maker: &shown.merchant_name,
            place: &shown.region_name,
            photo: photo.as_deref(),
        })
    };
    app.heavily(draw).await?.map_err(spoilt)
}

/// The files are our own, so that this is a fault of the store.
pub(crate) fn spoilt(refusal: Refusal) -> Problem {
    tracing::error!(%refusal, "a stored picture can't be read");
    Code::Internal.into()
}

/// Get a picture's file
///
/// A JPEG or WebP of one width, or the preview of a product's link. It never changes, so it may be kept for ever.
#[utoipa::path(tag = "storefront",
    params(
        ("hash" = String, Path, description = "What the picture is named by, as in its `url`.", pattern = "^[0-9a-f]{64}$", example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        ("width" = u32, Path, description = "One of the picture's `widths`.", minimum = 1, maximum = 1280, example = 640),
        ("ext" = String, Path, description = "`jpg` or `webp`, which is smaller.", pattern = "^(jpg|webp)$", example = "jpg"),
    ),
    responses((status = 200, description = "The file.", content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp")))))]
#[get("/media/{hash}/{width}.{ext}")]
pub async fn get_picture(app: web::Data<App>, path: web::Path<(String, String, String)>) -> Answered {
    let Some(name) = Name::parse(path.into_inner()) else { return Err(Code::NotFound.into()) };
    let stored = app.objects.get(&name.hash, name.width, name.format).await?;
    let bytes = match stored {
        Some(bytes) => bytes,
        None => name.make(&app).await?.ok_or(Problem::new(Code::NotFound))?,
    };
    Ok(HttpResponse::Ok()
        .content_type(name.format.media_type())
        .insert_header((header::ETAG, format!("\"{}-{}-{}\"", &name.hash[..16], name.width, name.format)))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .body(bytes))
}
