//! Delta sync: the whole catalogue once, then what changed.

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, get};
use kapal_domain::Code;
use kapal_persistence::{Changed, ChangedThing, Changes};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::collection::CollectionCard;
use super::merchant::MerchantCard;
use super::shop::Shop;
use super::store::CategoryCard;
use super::views::ProductCard;
use crate::Problem;
use crate::answer::{Answered, Found};
use crate::pieces::in_pieces;
use crate::query::Query;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(list_storefront_changes)
        .service(list_national_changes)
        .service(get_storefront_snapshot)
        .service(get_national_snapshot);
}

/// Things on a page, where the client doesn't say how many.
const USUAL: u32 = 500;
/// The most things on a page, and those that a snapshot reads at a time.
const MOST: u32 = 1_000;
/// So many snapshots are written at once.
static SNAPSHOTS: Semaphore = Semaphore::const_new(4);

/// Since when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// `next` of the answer before; left away, the whole catalogue begins.
    #[param(max_length = 1000)]
    since: Option<String>,
    /// At most so many changes.
    #[param(minimum = 1, maximum = 1000, default = 500, example = 500)]
    limit: Option<u32>,
}

/// What changed in a storefront.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontChanges)]
pub struct ChangesView {
    /// In no order that means something. The same thing may be told more than once: what is told last counts.
    #[schema(max_items = 1000)]
    changes: Vec<ChangeView>,
    /// Keep it, and send it as `since` for what changes from here on. Good for 90 days.
    #[schema(example = "mFQGm2NbW3siaW50IjoxfV0", max_length = 1000)]
    next: String,
    /// Whether there is more now.
    #[schema(example = false)]
    has_more: bool,
}

/// What became of one thing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontChange)]
pub struct ChangeView {
    /// What it is: `category`, `merchant`, `collection` or `product`.
    #[serde(rename = "type")]
    #[schema(example = "product", max_length = 20)]
    kind: &'static str,
    /// Its id.
    id: Uuid,
    /// `upsert`: it is new or has changed, and `data` is how it is now. `delete`: the storefront no longer has it; of what
    /// you never had, there is nothing to do.
    #[schema(example = "upsert", max_length = 10)]
    op: &'static str,
    /// The state of the storefront that it is told of, which only grows.
    #[schema(example = 4711, minimum = 0)]
    version: i64,
    /// The thing as this storefront's lists show it; left away for `delete`.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<ThingView>,
}

/// A thing as lists show it, by the change's `type`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorefrontThing)]
#[serde(untagged)]
pub enum ThingView {
    /// A product.
    Product(Box<ProductCard>),
    /// A merchant.
    Merchant(Box<MerchantCard>),
    /// A collection.
    Collection(Box<CollectionCard>),
    /// A category.
    Category(CategoryCard),
}

impl ThingView {
    fn new(thing: ChangedThing, shop: &Shop) -> Result<Self, Problem> {
        let (url, locale) = (&shop.app.public_url, shop.locale);
        Ok(match thing {
            ChangedThing::Category(category) => Self::Category(category.into()),
            ChangedThing::Merchant(merchant) => {
                Self::Merchant(Box::new(MerchantCard::new(merchant, url, locale)?))
            }
            ChangedThing::Collection(collection) => {
                Self::Collection(Box::new(CollectionCard::new(collection, shop)))
            }
            ChangedThing::Product(product) => {
                Self::Product(Box::new(ProductCard::new(*product, url, locale)?))
            }
        })
    }
}

fn views(changes: Vec<Changed>, state: i64, shop: &Shop) -> Result<Vec<ChangeView>, Problem> {
    let view = |change: Changed| {
        let data = change.thing.map(|thing| ThingView::new(thing, shop)).transpose()?;
        let op = if data.is_some() { "upsert" } else { "delete" };
        Ok(ChangeView { kind: change.kind.as_str(), id: change.id, op, version: state, data })
    };
    changes.into_iter().map(view).collect()
}

/// Follow a storefront's catalogue
///
/// Without `since`, the whole catalogue begins, in pages: ask again with `next` as long as `has_more`. Keep the last
/// `next`: sent days later, it gives what has changed since, with what was removed as `delete`. Whoever puts each `upsert`
/// in the place of what had that `type` and `id`, and drops what is told as `delete`, has what the lists show, whatever
/// changed while the pages were read. Texts are in the asked language: after a change of language begin anew. A token that
/// is older than 90 days answers 410 `sync_token_expired`: drop everything and begin anew.
#[utoipa::path(tag = "storefront", params(ChangesQuery), responses((status = 200, description = "What changed.", body = ChangesView), (status = 410, description = "The token is too old.")))]
#[get("/v1/storefronts/{aggregator}/changes")]
pub async fn list_storefront_changes(shop: Shop, query: Query<ChangesQuery>) -> Answered {
    changes(shop, query.0).await
}

/// Follow the nation's catalogue
///
/// The same for the nation: a product, merchant or collection of an aggregator that leaves the national storefront is told
/// as `delete`.
#[utoipa::path(tag = "storefront", params(ChangesQuery), responses((status = 200, description = "What changed.", body = ChangesView), (status = 410, description = "The token is too old.")))]
#[get("/v1/storefront/changes")]
pub async fn list_national_changes(shop: Shop, query: Query<ChangesQuery>) -> Answered {
    changes(shop, query.0).await
}

async fn changes(shop: Shop, query: ChangesQuery) -> Answered {
    let limit = query.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::because(Code::InvalidParameter, "limit is a whole number from 1 to 1000."));
    }
    shop.answer_today(async |db| {
        let found =
            db.storefront_changes(&shop.store, shop.locale, query.since.as_deref(), limit as usize).await?;
        let changes = views(found.changes, found.state, &shop)?;
        Ok(Found(None, ChangesView { changes, next: found.next, has_more: found.has_more }))
    })
    .await
}

/// Load a storefront's whole catalogue
///
/// All that the pages of `changes` begin with, in one file: a JSON object in each line, as in `changes`. The last line has
/// none of a change's fields but `next`, the token to go on with; a file without it broke off and is not whole. Ask for it
/// with `Accept-Encoding: gzip` or `br`: it is compressed as it is written.
#[utoipa::path(tag = "storefront", responses((status = 200, description = "Changes, one in a line, and the token.", content_type = "application/x-ndjson", body = String)))]
#[get("/v1/storefronts/{aggregator}/changes/snapshot")]
pub async fn get_storefront_snapshot(shop: Shop) -> Answered {
    snapshot(shop).await
}

/// Load the nation's whole catalogue
///
/// The same for the nation.
#[utoipa::path(tag = "storefront", responses((status = 200, description = "Changes, one in a line, and the token.", content_type = "application/x-ndjson", body = String)))]
#[get("/v1/storefront/changes/snapshot")]
pub async fn get_national_snapshot(shop: Shop) -> Answered {
    snapshot(shop).await
}

/// The last line of a snapshot.
#[derive(Serialize)]
struct LastLine<'a> {
    next: &'a str,
}

/// What is still to be written of a snapshot; one of few that are written at the same time.
struct Writing {
    shop: Shop,
    since: Option<String>,
    _permit: SemaphorePermit<'static>,
}

async fn snapshot(shop: Shop) -> Answered {
    let of = shop.clone();
    of.respond_today(async |_| {
        let Ok(permit) = SNAPSHOTS.try_acquire() else {
            return Err(Problem::new(Code::Overloaded).with_header(header::RETRY_AFTER, 5));
        };
        let body = in_pieces(Writing { shop, since: None, _permit: permit }, lines).await?;
        Ok(HttpResponse::Ok().content_type("application/x-ndjson").streaming(body))
    })
    .await
}

/// The next lines, and what is left.
async fn lines(writing: Writing) -> Result<(Bytes, Option<Writing>), Problem> {
    let shop = &writing.shop;
    let found =
        shop.app.db.storefront_changes(&shop.store, shop.locale, writing.since.as_deref(), MOST as usize);
    let Changes { changes, state, next, is_whole, .. } = found.await?;
    let mut text = Vec::new();
    for change in views(changes, state, shop)? {
        write_line(&mut text, &change);
    }
    if is_whole {
        write_line(&mut text, &LastLine { next: &next });
        return Ok((text.into(), None));
    }
    Ok((text.into(), Some(Writing { since: Some(next), ..writing })))
}

fn write_line(text: &mut Vec<u8>, value: &impl Serialize) {
    // Our views have no maps with other keys than text, so this can't fail.
    let _ = serde_json::to_writer(&mut *text, value);
    text.push(b'\n');
}
