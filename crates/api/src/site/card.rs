//! The picture that messengers show of a page's link. Its address holds the hash of what is drawn on it: it never changes,
//! and a page that says something else has another.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use kapal_domain::Code;
use kapal_domain::media::PictureFormat;
use kapal_persistence::{Db, PictureFile, ShownImage, hex, sha256};
use kapal_pictures::{PREVIEW_HEIGHT, PREVIEW_WIDTH, Preview, preview};

use super::address::Subject;
use super::shell::SharedPicture;
use super::visit::Visit;
use super::{collection, home, merchant};
use crate::answer::Answered;
use crate::media::{PreviewView, spoilt};
use crate::{App, Problem};

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(nation_card).service(home_card).service(merchant_card).service(collection_card);
}

/// What stands on the picture.
pub(super) struct Card {
    pub name: String,
    /// Beside the name, in gold.
    pub line: String,
    pub maker: String,
    pub place: String,
    pub photo: Option<ShownImage>,
}

impl Card {
    /// What names it: counts only what is drawn.
    fn hash(&self) -> String {
        let photo = self.photo.as_ref().map_or("", |photo| photo.hash.as_str());
        let said = ["card-1", &self.name, &self.line, &self.maker, &self.place, photo];
        // No text holds a NUL.
        hex(&sha256(said.join("\0").as_bytes()))
    }

    /// Where it is.
    pub fn shared(&self, subject: Subject<'_>, query: &str, visit: &Visit) -> SharedPicture {
        let path = subject.path(visit.locale);
        SharedPicture {
            view: PreviewView {
                url: format!("{}{path}/card/{}.jpg{query}", visit.app.public_url, self.hash()),
                width: PREVIEW_WIDTH,
                height: PREVIEW_HEIGHT,
            },
            alt: [self.name.as_str(), &self.line]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(", "),
        }
    }

    async fn draw(self, app: &App) -> Result<Vec<u8>, Problem> {
        let photo = match &self.photo {
            Some(image) => {
                let widest = image.widths.iter().copied().max().unwrap_or(image.width);
                app.objects.get(&image.hash, widest, PictureFormat::Jpeg).await?
            }
            None => None,
        };
        let draw = move || {
            preview(&Preview {
                name: &self.name,
                price: &self.line,
                maker: &self.maker,
                place: &self.place,
                photo: photo.as_deref(),
            })
        };
        app.heavily(draw).await?.map_err(spoilt)
    }
}

/// The file: kept, or drawn and kept where the page still says so.
async fn serve(visit: Visit, make: impl AsyncFnOnce(&Visit, &Db) -> Result<Card, Problem>) -> Answered {
    let hash = visit.part("hash").to_owned();
    let app = &visit.app;
    let draw = async || {
        let card = make(&visit, &app.db).await?;
        if card.hash() != hash {
            return Err(Code::NotFound.into());
        }
        card.draw(app).await
    };
    let file = keep(app, &hash, PREVIEW_WIDTH, draw).await?;
    Ok(immutable(&hash, file))
}

/// The JPEG of this name and width: kept, or made and kept.
pub(super) async fn keep(
    app: &App,
    hash: &str,
    width: u32,
    make: impl AsyncFnOnce() -> Result<Vec<u8>, Problem>,
) -> Result<Vec<u8>, Problem> {
    let format = PictureFormat::Jpeg;
    if let Some(file) = app.objects.get(hash, width, format).await? {
        return Ok(file);
    }
    let bytes = make().await?;
    app.db
        .store_picture(&app.objects, hash, vec![PictureFile { width, format, bytes: bytes.clone() }])
        .await?;
    Ok(bytes)
}

/// A file whose address says what it is.
pub(super) fn immutable(hash: &str, file: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(PictureFormat::Jpeg.media_type())
        .insert_header((header::ETAG, format!("\"{}\"", &hash[..16])))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .body(file)
}

#[get("/{locale:id|en}/card/{hash:[0-9a-f]{64}}.jpg")]
async fn nation_card(visit: Visit) -> Answered {
    serve(visit, home::card).await
}

#[get("/{locale:id|en}/{aggregator}/card/{hash:[0-9a-f]{64}}.jpg")]
async fn home_card(visit: Visit) -> Answered {
    serve(visit, home::card).await
}

#[get("/{locale:id|en}/{aggregator}/m/{slug}/card/{hash:[0-9a-f]{64}}.jpg")]
async fn merchant_card(visit: Visit) -> Answered {
    serve(visit, merchant::card).await
}

#[get("/{locale:id|en}/{aggregator}/c/{slug}/card/{hash:[0-9a-f]{64}}.jpg")]
async fn collection_card(visit: Visit) -> Answered {
    serve(visit, collection::card).await
}
