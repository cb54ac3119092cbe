//! Share kits: all that is needed to post a product or a collection, ready to be copied or as one file.

use std::io::{Cursor, Write};

use actix_web::http::header;
use actix_web::{HttpResponse, get};
use kapal_domain::Code;
use kapal_domain::caption::{Network, Told, caption, hashtags};
use kapal_domain::ids::{CollectionId, ProductId};
use kapal_domain::locale::Locale;
use kapal_domain::permission::ProductsRead;
use kapal_persistence::{Address, Store, TenantTx};
use kapal_pictures::QrCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::answer::{Answered, Done, Found, Reply, respond};
use crate::path::At;
use crate::query::{Query, one};
use crate::site::{FORMS, Shared};
use crate::{App, Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_product_share_kit).service(get_collection_share_kit);
}

/// What to share a thing with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShareKit)]
pub struct ShareKitView {
    /// Where the code and the Indonesian captions lead.
    #[schema(example = "https://kapal.example/id/koperasi-toraja/p/kopi-arabika-toraja", max_length = 400)]
    link: String,
    /// Texts for each network and language, within what the network takes.
    #[schema(max_items = 6)]
    captions: Vec<CaptionView>,
    /// Square and tall pictures in each language.
    #[schema(max_items = 4)]
    pictures: Vec<PosterView>,
    /// The link as a QR code.
    qr: QrView,
}

/// A text to post.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShareCaption)]
pub struct CaptionView {
    /// `whatsapp`, `instagram` or `facebook`.
    #[schema(example = "instagram", max_length = 10)]
    network: &'static str,
    /// Its language.
    #[schema(example = "id", max_length = 2)]
    locale: &'static str,
    /// The text; the hashtags that the network takes stand in it.
    #[schema(
        example = "Kopi Arabika Toraja · Rp75.000\nKopi Mama Ina, Toraja Utara\n\nLihat dan pesan:\nhttps://kapal.example/id/koperasi-toraja/p/kopi-arabika-toraja\n\n#TorajaUtara #Kopi",
        max_length = 5000
    )]
    text: String,
    /// Those hashtags.
    #[schema(example = json!(["#TorajaUtara", "#Kopi"]), max_items = 30)]
    hashtags: Vec<String>,
}

/// A picture to post.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SharePicture)]
pub struct PosterView {
    /// `square` or `story`.
    #[schema(example = "square", max_length = 10)]
    form: &'static str,
    /// Its language.
    #[schema(example = "id", max_length = 2)]
    locale: &'static str,
    /// A JPEG. Its address changes with what it shows.
    #[schema(
        example = "https://kapal.example/id/koperasi-toraja/p/kopi-arabika-toraja/share/square/5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef.jpg",
        max_length = 600
    )]
    url: String,
    /// Its width in pixels.
    #[schema(example = 1080, minimum = 1, maximum = 10000)]
    width: u32,
    /// Its height in pixels.
    #[schema(example = 1080, minimum = 1, maximum = 10000)]
    height: u32,
}

/// A QR code.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShareQr)]
pub struct QrView {
    /// What it says.
    #[schema(example = "https://kapal.example/id/koperasi-toraja/p/kopi-arabika-toraja", max_length = 400)]
    payload: String,
    /// Its picture, for printing in any size.
    #[schema(
        example = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 45 45\">…</svg>",
        max_length = 60000
    )]
    svg: String,
}

/// In which form a kit is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KitQuery {
    /// `json`, or `zip` for one file of texts and pictures.
    #[param(example = "zip", max_length = 4)]
    format: Option<String>,
}

impl KitQuery {
    fn is_zip(&self) -> Result<bool, Problem> {
        let wanted = one("format", self.format.as_ref(), |text| match text {
            "json" => Ok(false),
            "zip" => Ok(true),
            _ => Err(()),
        })?;
        Ok(wanted.unwrap_or_default())
    }
}

/// Read a product's share kit
///
/// Its link, captions in each language for WhatsApp, Instagram and Facebook within their limits, hashtags of its region and
/// category, square and tall pictures with its name, price, maker and QR code, and the code itself. With `format=zip` all
/// of it as one file. The product must be published.
#[utoipa::path(tag = "products", params(KitQuery), responses((status = 200, description = "The kit.", content((ShareKitView = "application/json"), (Vec<u8> = "application/zip")))), security(("bearer" = ["products:read"])))]
#[get("/v1/aggregators/{aggregator}/products/{product_id}/share-kit")]
pub async fn get_product_share_kit(
    staff: Staff<ProductsRead>,
    At(id): At<ProductId>,
    query: Query<KitQuery>,
) -> Answered {
    let is_zip = query.0.is_zip()?;
    // Whether one may see it is asked of its own table; what is shared of it is what the public sees.
    let is_seen = async |tx: &mut TenantTx<'_>| tx.product(id).await.map(|_| Done).map_err(Problem::from);
    staff.run(is_seen).await?;
    let (app, store, id) = (&staff.app, store(&staff), Address::Id(id.uuid()));
    let mut kit = Vec::new();
    for locale in Locale::ALL {
        let shared = Shared::product(&app.db, &store, *locale, &id, &app.public_url).await;
        kit.push(shared.map_err(unshareable)?);
    }
    answer(app, &kit, is_zip).await
}

/// Read a collection's share kit
///
/// The same of a running collection.
#[utoipa::path(tag = "curation", params(KitQuery), responses((status = 200, description = "The kit.", content((ShareKitView = "application/json"), (Vec<u8> = "application/zip")))), security(("bearer" = ["products:read"])))]
#[get("/v1/aggregators/{aggregator}/collections/{collection_id}/share-kit")]
pub async fn get_collection_share_kit(
    staff: Staff<ProductsRead>,
    At(id): At<CollectionId>,
    query: Query<KitQuery>,
) -> Answered {
    let is_zip = query.0.is_zip()?;
    let is_seen = async |tx: &mut TenantTx<'_>| tx.collection(id).await.map(|_| Done).map_err(Problem::from);
    staff.run(is_seen).await?;
    let (app, store, id) = (&staff.app, store(&staff), Address::Id(id.uuid()));
    let mut kit = Vec::new();
    for locale in Locale::ALL {
        let shared = Shared::collection(&app.db, &store, *locale, &id, &app.public_url).await;
        kit.push(shared.map_err(unshareable)?);
    }
    answer(app, &kit, is_zip).await
}

fn store(staff: &Staff<ProductsRead>) -> Store {
    Store { aggregator: Some(Address::Id(staff.aggregator().uuid())), national: false }
}

/// What is not on the storefront has nothing to share.
fn unshareable(problem: Problem) -> Problem {
    if problem.code == Code::NotFound { Code::NotShareable.into() } else { problem }
}

/// The kit of a thing, told in each language.
async fn answer(app: &App, kit: &[Shared], is_zip: bool) -> Answered {
    let view = ShareKitView::new(kit, &app.public_url)?;
    if !is_zip {
        return Ok(respond(Found(None, view).answer()));
    }
    let mut files = vec![
        ("link.txt".to_owned(), format!("{}\n", view.link).into_bytes()),
        ("qr.svg".to_owned(), view.qr.svg.into_bytes()),
    ];
    for it in view.captions {
        files.push((format!("{}-{}.txt", it.network, it.locale), it.text.into_bytes()));
    }
    for shared in kit {
        for form in FORMS {
            files.push((format!("{}-{}.jpg", form.0, shared.locale), shared.file(app, form).await?));
        }
    }
    let bytes = zipped(files).map_err(|error| {
        tracing::error!(%error, "a share kit can't be put together");
        Problem::new(Code::Internal)
    })?;
    let name = kit.first().and_then(|shared| shared.path.rsplit('/').next()).unwrap_or("kit").to_owned();
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.zip\"")))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(bytes))
}

impl ShareKitView {
    fn new(kit: &[Shared], public_url: &str) -> Result<Self, Problem> {
        let link = kit.first().map(|shared| shared.link.clone()).unwrap_or_default();
        let code = QrCode::of(&link).map_err(crate::site::too_long)?;
        let side = code.side();
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{}\"/></svg>\n",
            code.outline()
        );
        Ok(Self {
            captions: kit.iter().flat_map(captions).collect(),
            pictures: kit.iter().flat_map(|shared| pictures(shared, public_url)).collect(),
            qr: QrView { payload: link.clone(), svg },
            link,
        })
    }
}

fn captions(shared: &Shared) -> impl Iterator<Item = CaptionView> {
    let tags = hashtags(shared.tags.iter().map(String::as_str), shared.locale);
    let origin = [shared.maker.as_str(), &shared.place].into_iter().filter(|text| !text.is_empty());
    let origin = origin.collect::<Vec<_>>().join(", ");
    Network::ALL.iter().map(move |network| {
        let told = Told {
            name: &shared.name,
            price: &shared.line,
            origin: &origin,
            description: &shared.description,
            link: &shared.link,
            tags: &tags,
        };
        CaptionView {
            network: network.as_str(),
            locale: shared.locale.as_str(),
            text: caption(*network, shared.locale, &told),
            hashtags: tags.iter().take(network.most_tags()).cloned().collect(),
        }
    })
}

fn pictures(shared: &Shared, public_url: &str) -> impl Iterator<Item = PosterView> {
    FORMS.into_iter().map(move |(name, form)| {
        let (width, height) = form.size();
        let url = shared.picture(name, public_url);
        PosterView { form: name, locale: shared.locale.as_str(), url, width, height }
    })
}

/// Files as one. Pictures are compressed already, and texts are short.
fn zipped(files: Vec<(String, Vec<u8>)>) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in files {
        writer.start_file(name, options)?;
        writer.write_all(&bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}
