//! Pictures to share, at addresses that hold the hash of what is drawn: see `card.rs`.

use actix_web::{get, web};
use kapal_domain::Code;
use kapal_domain::locale::Locale;
use kapal_domain::media::PictureFormat;
use kapal_persistence::{Address, Db, ShownImage, Store, hex, sha256};
use kapal_pictures::{Form, poster};

use super::address::Subject;
use super::card::{immutable, keep};
use super::shelf::counted;
use super::visit::Visit;
use super::words::Words;
use crate::answer::Answered;
use crate::media::spoilt;
use crate::{App, Problem};

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(product_poster).service(collection_poster);
}

/// The forms with the names that addresses know them by.
pub(crate) const FORMS: [(&str, Form); 2] = [("square", Form::Square), ("story", Form::Story)];

/// What is shared of a thing in one language.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub locale: Locale,
    pub name: String,
    /// A price, or how many products there are.
    pub line: String,
    pub maker: String,
    pub place: String,
    pub description: String,
    /// What its hashtags are made of.
    pub tags: Vec<String>,
    pub photo: Option<ShownImage>,
    /// The path of its page.
    pub path: String,
    /// Where its code and its captions lead.
    pub link: String,
}

impl Shared {
    /// A published product.
    pub async fn product(
        db: &Db,
        store: &Store,
        locale: Locale,
        id: &Address,
        public_url: &str,
    ) -> Result<Self, Problem> {
        let page = db.storefront_product(store, locale, id).await?;
        let product = page.product;
        let subject = Subject::Product(&product.aggregator_slug, &product.slug);
        Ok(Self {
            locale,
            line: product.price()?.display(locale),
            path: subject.path(locale),
            link: subject.link(locale, public_url),
            tags: [product.region_name.clone(), product.province_name, product.category_name].into(),
            name: product.name,
            maker: product.merchant_name,
            place: product.region_name,
            description: product.description,
            photo: product.images.into_iter().next(),
        })
    }

    /// A running collection.
    pub async fn collection(
        db: &Db,
        store: &Store,
        locale: Locale,
        id: &Address,
        public_url: &str,
    ) -> Result<Self, Problem> {
        let (collection, first) = db.storefront_collection(store, locale, id, None, 12).await?;
        let subject = Subject::Collection(&collection.aggregator_slug, &collection.slug);
        let products = &first.items;
        let regions = products.iter().map(|product| product.province_name.clone());
        let categories = products.iter().map(|product| product.category_name.clone());
        let photos = products.iter().flat_map(|product| product.images.first());
        Ok(Self {
            locale,
            line: counted(collection.product_count, locale),
            path: subject.path(locale),
            link: subject.link(locale, public_url),
            tags: regions.chain(categories).collect(),
            photo: collection.images.iter().chain(photos).next().cloned(),
            name: collection.title,
            maker: collection.aggregator_name,
            place: String::new(),
            description: collection.description,
        })
    }

    /// Names a picture by all that is drawn on it.
    fn hash(&self, form: &str) -> String {
        let photo = self.photo.as_ref().map_or("", |photo| photo.hash.as_str());
        let said = [
            "poster-1",
            form,
            self.locale.as_str(),
            &self.name,
            &self.line,
            &self.maker,
            &self.place,
            &self.link,
            photo,
        ];
        // No text holds a NUL.
        hex(&sha256(said.join("\0").as_bytes()))
    }

    /// Where the picture of a form is.
    pub fn picture(&self, form: &str, public_url: &str) -> String {
        format!("{public_url}{}/share/{form}/{}.jpg", self.path, self.hash(form))
    }

    /// The file of a form: kept, or drawn and kept.
    pub async fn file(&self, app: &App, (name, form): (&str, Form)) -> Result<Vec<u8>, Problem> {
        keep(app, &self.hash(name), form.size().0, async || self.draw(app, form).await).await
    }

    async fn draw(&self, app: &App, form: Form) -> Result<Vec<u8>, Problem> {
        let photo = match &self.photo {
            Some(image) => {
                let widest = image.widths.iter().copied().max().unwrap_or(image.width);
                app.objects.get(&image.hash, widest, PictureFormat::Jpeg).await?
            }
            None => None,
        };
        let it = self.clone();
        let draw = move || {
            poster(&kapal_pictures::Poster {
                form,
                name: &it.name,
                price: &it.line,
                maker: &it.maker,
                place: &it.place,
                call: Words::of(it.locale).scan,
                link: &it.link,
                photo: photo.as_deref(),
            })
        };
        app.heavily(draw).await?.map_err(spoilt)
    }
}

/// The picture of a form, as long as the thing is as it was when its address was given.
async fn serve(visit: Visit, read: impl AsyncFnOnce(&Visit) -> Result<Shared, Problem>) -> Answered {
    let (hash, form) = (visit.part("hash").to_owned(), visit.part("form").to_owned());
    let Some(known) = FORMS.into_iter().find(|(name, _)| *name == form) else {
        return Err(Code::NotFound.into());
    };
    let width = known.1.size().0;
    if let Some(file) = visit.app.objects.get(&hash, width, PictureFormat::Jpeg).await? {
        return Ok(immutable(&hash, file));
    }
    let shared = read(&visit).await?;
    if shared.hash(&form) != hash {
        return Err(Code::NotFound.into());
    }
    Ok(immutable(&hash, shared.file(&visit.app, known).await?))
}

#[get("/{locale:id|en}/{aggregator}/p/{slug}/share/{form}/{hash:[0-9a-f]{64}}.jpg")]
async fn product_poster(visit: Visit) -> Answered {
    serve(visit, async |visit| {
        let (db, url) = (&visit.app.db, &visit.app.public_url);
        Shared::product(db, &visit.store, visit.locale, &visit.address(), url).await
    })
    .await
}

#[get("/{locale:id|en}/{aggregator}/c/{slug}/share/{form}/{hash:[0-9a-f]{64}}.jpg")]
async fn collection_poster(visit: Visit) -> Answered {
    serve(visit, async |visit| {
        let (db, url) = (&visit.app.db, &visit.app.public_url);
        Shared::collection(db, &visit.store, visit.locale, &visit.address(), url).await
    })
    .await
}
