//! `/v1/aggregators/{aggregator}/collections`: products under a title, for a time.

use actix_web::{delete, get, patch, post, put};
use chrono::{DateTime, Utc};
use kapal_domain::collection::{CollectionIntro, CollectionTitle, MAX_PRODUCTS};
use kapal_domain::ids::{CollectionId, MediaId};
use kapal_domain::permission::{Demand, ProductsRead, StorefrontWrite};
use kapal_domain::slot::parse_moment;
use kapal_domain::slug::Slug;
use kapal_domain::{Code, Faults};
use kapal_persistence::{Collection, CollectionChanges, Matches, NewCollection};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created, Done, Found};
use crate::collection_rule::{MatchesView, RuleBody};
use crate::json::{Json, Patch};
use crate::path::{At, IfMatch, parse_id};
use crate::query::{List, PageOf, Paging};
use crate::slot::{parse_products, parse_window};
use crate::texts::{TextsBody, TextsPatch, clearable};
use crate::views::TextsView;
use crate::{Problem, Staff};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(create_collection)
        .service(list_collections)
        .service(get_collection)
        .service(update_collection)
        .service(delete_collection)
        .service(set_collection_products);
}

/// A collection, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Collection)]
pub struct CollectionView {
    /// Id.
    id: Uuid,
    /// Part of public addresses.
    #[schema(example = "kado-lebaran", max_length = 80)]
    slug: String,
    /// Its title.
    title: TextsView,
    /// What it is about.
    description: TextsView,
    /// From when it shows.
    starts_at: DateTime<Utc>,
    /// Until when; null when it stays.
    ends_at: Option<DateTime<Utc>>,
    /// The products that were put into it by hand, in their order; none where it has a rule. A storefront shows those that
    /// are published.
    #[schema(max_items = 100)]
    product_ids: Vec<Uuid>,
    /// What belongs to it; null where its products are put into it by hand.
    rule: Option<RuleBody>,
    /// How many published products meet the rule now; null without one. Not a part of the `ETag`.
    matches: Option<MatchesView>,
    /// Its picture.
    media_id: Option<Uuid>,
    /// Grows with each change: the `ETag`.
    #[schema(example = 2, minimum = 1)]
    version: i32,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl CollectionView {
    fn new(collection: Collection, matches: Option<Matches>) -> Self {
        let row = collection.row;
        Self {
            id: row.id,
            slug: row.slug,
            title: TextsView { id: row.title_id, en: row.title_en },
            description: TextsView { id: row.description_id, en: row.description_en },
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            product_ids: collection.product_ids,
            rule: collection.rule.as_ref().map(RuleBody::from),
            matches: matches.map(MatchesView::from),
            media_id: row.media_id,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A collection to make.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CollectionCreate {
    /// Its title, 2 to 120 characters; the Indonesian one is required.
    title: TextsBody,
    /// What it is about.
    description: Option<TextsBody>,
    /// Part of its public address, for good; made from the title when it is left away.
    #[schema(example = "kado-lebaran", min_length = 2, max_length = 80)]
    slug: Option<String>,
    /// From when it shows; now when it is left away.
    #[schema(example = "2026-11-24T03:00:00Z", format = "date-time", max_length = 40)]
    starts_at: Option<String>,
    /// Until when; left away it stays.
    #[schema(example = "2027-01-31T16:59:59Z", format = "date-time", max_length = 40)]
    ends_at: Option<String>,
    /// What belongs to it; left away, its products are put into it by hand.
    rule: Option<RuleBody>,
    /// An uploaded picture of it.
    #[schema(example = json!(null), format = "uuid", max_length = 36)]
    media_id: Option<String>,
}

impl CollectionCreate {
    fn parse(&self) -> Result<NewCollection, Faults> {
        let mut faults = Faults::default();
        let title_id =
            faults.take("/title/id", CollectionTitle::parse(self.title.id.as_deref().unwrap_or_default()));
        let title_en = faults.take("/title/en", optional_title(self.title.en.as_deref().unwrap_or_default()));
        let (id, en) = self.description.as_ref().map_or((None, None), |d| (d.id.as_deref(), d.en.as_deref()));
        let description_id = faults.take("/description/id", CollectionIntro::parse(id.unwrap_or_default()));
        let description_en = faults.take("/description/en", CollectionIntro::parse(en.unwrap_or_default()));
        let slug = faults.take_optional("/slug", self.slug.as_deref().map(Slug::parse));
        let window = parse_window(&mut faults, "", self.starts_at.as_deref(), self.ends_at.as_deref());
        let rule = match &self.rule {
            None => Some(None),
            Some(rule) => rule.parse(&mut faults).map(Some),
        };
        let media = faults.take_optional("/media_id", self.media_id.as_deref().map(parse_id));
        let (
            Some(title_id),
            Some(title_en),
            Some(description_id),
            Some(description_en),
            Some(slug),
            Some(window),
            Some(rule),
            Some(media),
        ) = (title_id, title_en, description_id, description_en, slug, window, rule, media)
        else {
            return Err(faults);
        };
        Ok(NewCollection { slug, title_id, title_en, description_id, description_en, window, rule, media })
    }
}

/// The English title, which may be missing.
fn optional_title(text: &str) -> Result<Option<CollectionTitle>, Code> {
    if text.trim().is_empty() { Ok(None) } else { CollectionTitle::parse(text).map(Some) }
}

/// What to change of a collection (RFC 7396): absent keeps, null clears.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CollectionPatch {
    /// Its title.
    #[serde(default)]
    #[schema(value_type = Option<TextsPatch>)]
    title: Patch<TextsPatch>,
    /// What it is about.
    #[serde(default)]
    #[schema(value_type = Option<TextsPatch>)]
    description: Patch<TextsPatch>,
    /// From when it shows.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "2026-11-24T03:00:00Z", format = "date-time", max_length = 40)]
    starts_at: Patch<String>,
    /// Until when; null: it stays.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "2027-01-31T16:59:59Z", format = "date-time", max_length = 40)]
    ends_at: Patch<String>,
    /// What belongs to it; it takes the place of the whole rule before it. A rule takes out what was put in by hand; null
    /// leaves the collection empty, to be filled by hand.
    #[serde(default)]
    #[schema(value_type = Option<RuleBody>)]
    rule: Patch<RuleBody>,
    /// An uploaded picture of it; null: none.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), format = "uuid", max_length = 36)]
    media_id: Patch<String>,
}

impl CollectionPatch {
    fn parse(&self) -> Result<CollectionChanges, Faults> {
        let mut faults = Faults::default();
        let (title_id, title_en) = match &self.title {
            Patch::Keep => (Some(None), Some(None)),
            Patch::Clear => (faults.take("/title", Err(Code::Required)), None),
            Patch::Set(title) => (
                title.id.required(&mut faults, "/title/id", |t| CollectionTitle::parse(t).map(String::from)),
                clearable(&title.en, &mut faults, "/title/en", |t| {
                    Ok(optional_title(t)?.map_or_else(String::new, String::from))
                }),
            ),
        };
        let (description_id, description_en) = match &self.description {
            Patch::Keep => (Some(None), Some(None)),
            Patch::Clear => (Some(Some(String::new())), Some(Some(String::new()))),
            Patch::Set(description) => {
                let intro = |t: &str| CollectionIntro::parse(t).map(String::from);
                (
                    clearable(&description.id, &mut faults, "/description/id", intro),
                    clearable(&description.en, &mut faults, "/description/en", intro),
                )
            }
        };
        let starts_at = self.starts_at.required(&mut faults, "/starts_at", |t| parse_moment(t));
        let ends_at = self.ends_at.optional(&mut faults, "/ends_at", |t| parse_moment(t));
        let rule = match &self.rule {
            Patch::Keep => Some(None),
            Patch::Clear => Some(Some(None)),
            Patch::Set(rule) => rule.parse(&mut faults).map(|rule| Some(Some(rule))),
        };
        let media_id = self.media_id.optional(&mut faults, "/media_id", |t| parse_id(t).map(MediaId::uuid));
        let (
            Some(title_id),
            Some(title_en),
            Some(description_id),
            Some(description_en),
            Some(starts_at),
            Some(ends_at),
            Some(rule),
            Some(media_id),
        ) = (title_id, title_en, description_id, description_en, starts_at, ends_at, rule, media_id)
        else {
            return Err(faults);
        };
        Ok(CollectionChanges {
            title_id,
            title_en,
            description_id,
            description_en,
            starts_at,
            ends_at,
            media_id,
            rule,
        })
    }
}

/// What stands in a collection.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CollectionProducts {
    /// The products, in their order.
    #[schema(example = json!(["019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11"]), max_items = 100)]
    product_ids: Vec<String>,
}

/// The filter of a list that has none.
#[derive(Debug, Deserialize)]
pub struct NoFilter {}

/// Make a collection
///
/// With a rule it has all products that meet it from now on. Without one it is empty; its products are put into it
/// afterwards.
#[utoipa::path(tag = "curation", request_body = CollectionCreate, responses((status = 201, description = "The collection.", body = CollectionView)), security(("bearer" = ["storefront:write"])))]
#[post("/v1/aggregators/{aggregator}/collections")]
pub async fn create_collection(staff: Staff<StorefrontWrite>, body: Json<CollectionCreate>) -> Answered {
    let new = body.0.parse()?;
    staff
        .run(async |tx| {
            let collection = viewed(&staff, tx.insert_collection(&new).await?).await?;
            let location = staff.path(format_args!("collections/{}", collection.id));
            Ok(Created { location, version: Some(collection.version), thing: collection })
        })
        .await
}

/// List collections
///
/// The newest first, also those whose time is over or still to come.
#[utoipa::path(tag = "curation", params(Paging), responses((status = 200, description = "A page of collections.", body = PageOf<CollectionView>)), security(("bearer" = ["products:read"])))]
#[get("/v1/aggregators/{aggregator}/collections")]
pub async fn list_collections(staff: Staff<ProductsRead>, list: List<NoFilter>) -> Answered {
    staff
        .run(async |tx| {
            let page = tx.collections(list.after.as_ref(), list.limit).await?;
            let rules: Vec<_> = page.items.iter().filter_map(|collection| collection.rule.as_ref()).collect();
            let counted = staff.app.db.rule_matches(staff.aggregator(), &rules).await?;
            let mut counted = counted.into_iter();
            Ok(list.reply(page.map(|collection| {
                let matches = collection.rule.as_ref().and_then(|_| counted.next());
                CollectionView::new(collection, matches)
            })))
        })
        .await
}

/// Read a collection
///
/// One collection with its products in their order, or with its rule.
#[utoipa::path(tag = "curation", responses((status = 200, description = "The collection.", body = CollectionView)), security(("bearer" = ["products:read"])))]
#[get("/v1/aggregators/{aggregator}/collections/{collection_id}")]
pub async fn get_collection(staff: Staff<ProductsRead>, At(id): At<CollectionId>) -> Answered {
    staff.run(async |tx| found(&staff, tx.collection(id).await?).await).await
}

/// Edit a collection
///
/// A merge patch (RFC 7396) of its texts, times and picture; a rule is put whole. Its slug stays, so that links stay.
#[utoipa::path(tag = "curation", request_body = CollectionPatch, responses((status = 200, description = "The collection as it is now.", body = CollectionView)), security(("bearer" = ["storefront:write"])))]
#[patch("/v1/aggregators/{aggregator}/collections/{collection_id}")]
pub async fn update_collection(
    staff: Staff<StorefrontWrite>,
    At(id): At<CollectionId>,
    IfMatch(version): IfMatch,
    body: Json<CollectionPatch>,
) -> Answered {
    let changes = body.0.parse()?;
    staff.run(async |tx| found(&staff, tx.update_collection(id, version, &changes).await?).await).await
}

/// Delete a collection
///
/// Takes it off the storefront at once; its products stay. One that a rule names can't be deleted.
#[utoipa::path(tag = "curation", responses((status = 204, description = "It is gone.")), security(("bearer" = ["storefront:write"])))]
#[delete("/v1/aggregators/{aggregator}/collections/{collection_id}")]
pub async fn delete_collection(
    staff: Staff<StorefrontWrite>,
    At(id): At<CollectionId>,
    IfMatch(version): IfMatch,
) -> Answered {
    staff
        .run(async |tx| {
            tx.delete_collection(id, version).await?;
            Ok(Done)
        })
        .await
}

/// Put the products of a collection
///
/// Exactly these products in this order, in place of those before; refused where it has a rule. `If-Match` is the
/// collection's version.
#[utoipa::path(tag = "curation", request_body = CollectionProducts, responses((status = 200, description = "The collection as it is now.", body = CollectionView)), security(("bearer" = ["storefront:write"])))]
#[put("/v1/aggregators/{aggregator}/collections/{collection_id}/products")]
pub async fn set_collection_products(
    staff: Staff<StorefrontWrite>,
    At(id): At<CollectionId>,
    IfMatch(version): IfMatch,
    body: Json<CollectionProducts>,
) -> Answered {
    let mut faults = Faults::default();
    let products = parse_products(&mut faults, "/product_ids", &body.0.product_ids, 0..=MAX_PRODUCTS);
    let products = products.ok_or(faults)?;
    staff.run(async |tx| found(&staff, tx.set_collection_products(id, version, &products).await?).await).await
}

async fn viewed<P: Demand>(staff: &Staff<P>, collection: Collection) -> Result<CollectionView, Problem> {
    let rules: Vec<_> = collection.rule.iter().collect();
    let matches = staff.app.db.rule_matches(staff.aggregator(), &rules).await?.pop();
    Ok(CollectionView::new(collection, matches))
}

async fn found<P: Demand>(
    staff: &Staff<P>,
    collection: Collection,
) -> Result<Found<CollectionView>, Problem> {
    Ok(Found(Some(collection.row.version), viewed(staff, collection).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults<T>(parsed: Result<T, Faults>) -> Vec<(String, Code)> {
        let faults = parsed.err().map(Faults::into_vec).unwrap_or_default();
        faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let body = json!({
            "title": { "en": "x" }, "slug": "Not a slug", "starts_at": "tomorrow", "ends_at": "2026-01-01T00:00:00Z",
        });
        let create: CollectionCreate = serde_json::from_value(body).unwrap();
        assert_eq!(
            faults(create.parse()),
            [
                ("/title/id".into(), Code::Required),
                ("/title/en".into(), Code::TooShort),
                ("/slug".into(), Code::InvalidSlug),
                ("/starts_at".into(), Code::InvalidDate),
            ]
        );
    }

    #[test]
    fn a_patch_keeps_clears_and_sets() {
        let patch = |body| serde_json::from_value::<CollectionPatch>(body).unwrap().parse();
        let changes =
            patch(json!({ "title": { "en": null }, "description": null, "ends_at": null })).unwrap();
        assert_eq!(changes.title_id, None);
        assert_eq!(changes.title_en.as_deref(), Some(""));
        assert_eq!(changes.description_id.as_deref(), Some(""));
        assert_eq!((changes.starts_at, changes.ends_at), (None, Some(None)));
        assert_eq!(
            faults(patch(json!({ "title": null, "starts_at": null }))),
            [("/title".into(), Code::Required), ("/starts_at".into(), Code::Required)]
        );
    }
}
