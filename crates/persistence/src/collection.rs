//! Collections: products under a title, for a time.

use std::collections::HashSet;
use std::ops::RangeFrom;

use chrono::{DateTime, Utc};
use diesel::{
    AsChangeset, BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, Queryable,
    Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::collection::{CollectionIntro, CollectionTitle, MAX_PRODUCTS, Window};
use kapal_domain::collection_rule::Rule;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{CollectionId, MediaId, ProductId};
use kapal_domain::slug::Slug;
use kapal_domain::{Code, Faults};
use kapal_schema::{collection_products, collections, products};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::collection_rule::{from_json, to_json};
use crate::{Change, Cursor, Error, Page, Result, Subject, TenantTx};

/// A collection as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = collections, check_for_backend(diesel::pg::Pg))]
pub struct CollectionRow {
    /// Id.
    pub id: Uuid,
    /// Part of public addresses.
    pub slug: String,
    /// Title in Indonesian.
    pub title_id: String,
    /// Title in English; may be empty.
    pub title_en: String,
    /// What it is about, in Indonesian; may be empty.
    pub description_id: String,
    /// The same in English; may be empty.
    pub description_en: String,
    /// From when it shows.
    pub starts_at: DateTime<Utc>,
    /// Until when.
    pub ends_at: Option<DateTime<Utc>>,
    /// What belongs to it; None where its products are put into it by hand.
    pub rule: Option<Value>,
    /// Its picture.
    pub media_id: Option<Uuid>,
    /// Grows with each change.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A collection with what belongs to it.
#[derive(Debug, Clone)]
pub struct Collection {
    /// The collection.
    pub row: CollectionRow,
    /// The rule that its products follow from, where there is one.
    pub rule: Option<Rule>,
    /// The products that were put into it by hand, in their order.
    pub product_ids: Vec<Uuid>,
}

impl Collection {
    fn new(row: CollectionRow, product_ids: Vec<Uuid>) -> Result<Self> {
        let rule = row.rule.clone().map(from_json).transpose()?;
        // What a restricted merchant had in it before there was a rule is still there, unseen.
        let product_ids = if rule.is_some() { Vec::new() } else { product_ids };
        Ok(Self { row, rule, product_ids })
    }
}

/// A collection to be made.
#[derive(Debug, Clone)]
pub struct NewCollection {
    /// Part of its address; made from the title where it is left away.
    pub slug: Option<Slug>,
    /// Title in Indonesian.
    pub title_id: CollectionTitle,
    /// Title in English.
    pub title_en: Option<CollectionTitle>,
    /// What it is about, in Indonesian.
    pub description_id: CollectionIntro,
    /// The same in English.
    pub description_en: CollectionIntro,
    /// When it shows.
    pub window: Window,
    /// What belongs to it; None: what is put into it by hand.
    pub rule: Option<Rule>,
    /// Its picture.
    pub media: Option<MediaId>,
}

/// What to change of a collection: None keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = collections)]
pub struct CollectionChanges {
    /// Title in Indonesian.
    pub title_id: Option<String>,
    /// Title in English.
    pub title_en: Option<String>,
    /// What it is about, in Indonesian.
    pub description_id: Option<String>,
    /// The same in English.
    pub description_en: Option<String>,
    /// From when it shows.
    pub starts_at: Option<DateTime<Utc>>,
    /// Until when.
    pub ends_at: Option<Option<DateTime<Utc>>>,
    /// Its picture.
    pub media_id: Option<Option<Uuid>>,
    /// What belongs to it. Either way between a rule and products by hand, what was there before goes.
    #[diesel(skip_update)]
    pub rule: Option<Option<Rule>>,
}

impl TenantTx<'_> {
    /// Makes a collection; one without a rule is empty.
    pub async fn insert_collection(&mut self, new: &NewCollection) -> Result<Collection> {
        if let Some(rule) = &new.rule {
            self.lock_links(Some(rule)).await?;
            self.check_rule(None, rule).await?;
        }
        let now = Utc::now();
        let base = new.slug.clone().unwrap_or_else(|| Slug::from_name(new.title_id.as_str()));
        let mut slug = base.clone();
        for attempt in 2.. {
            let inserted = diesel::insert_into(collections::table)
                .values((
                    collections::aggregator_id.eq(self.tenant()),
                    collections::id.eq(CollectionId::new().uuid()),
                    collections::slug.eq(slug.as_str()),
                    collections::title_id.eq(new.title_id.as_str()),
                    collections::title_en.eq(new.title_en.as_ref().map_or("", |title| title.as_str())),
                    collections::description_id.eq(new.description_id.as_str()),
                    collections::description_en.eq(new.description_en.as_str()),
                    collections::starts_at.eq(new.window.starts_at()),
                    collections::ends_at.eq(new.window.ends_at()),
                    collections::rule.eq(new.rule.as_ref().map(to_json)),
                    collections::media_id.eq(new.media.map(MediaId::uuid)),
                    collections::next_turn_at.eq(next_turn(new.window, new.rule.as_ref(), now)),
                    collections::created_at.eq(now),
                    collections::updated_at.eq(now),
                ))
                .on_conflict((collections::aggregator_id, collections::slug))
                .do_nothing()
                .returning(CollectionRow::as_returning())
                .get_result::<CollectionRow>(&mut **self)
                .await
                .optional()?;
            match inserted {
                Some(row) => {
                    self.link_collections(row.id, new.rule.as_ref()).await?;
                    self.record(
                        Change::new(EventKind::CollectionCreated, Subject("collection", row.id))
                            .data(json!({ "slug": row.slug }))
                            .from_to(Value::Null, facts(&row, &[])),
                    );
                    self.project_collection(row.id.into()).await?;
                    return Collection::new(row, Vec::new());
                }
                None if new.slug.is_some() => return Err(Code::DuplicateSlug.into()),
                None => slug = base.with_suffix(crate::suffix(attempt)),
            }
        }
        unreachable!("the loop ends by an insert or an error")
    }

    /// One collection.
    pub async fn collection(&mut self, id: CollectionId) -> Result<Collection> {
        let row = collections::table
            .find((self.tenant(), id.uuid()))
            .select(CollectionRow::as_select())
            .first::<CollectionRow>(&mut **self)
            .await?;
        self.filled(row).await
    }

    /// Collections, the newest first.
    pub async fn collections(&mut self, after: Option<&Cursor>, limit: usize) -> Result<Page<Collection>> {
        let mut query = collections::table
            .filter(collections::aggregator_id.eq(self.tenant()))
            .select(CollectionRow::as_select())
            .into_boxed();
        if let Some(cursor) = after {
            let (time, id) = cursor.time_and_id()?;
            query = query.filter(
                collections::created_at
                    .lt(time)
                    .or(collections::created_at.eq(time).and(collections::id.lt(id))),
            );
        }
        let rows = query
            .order((collections::created_at.desc(), collections::id.desc()))
            .limit(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .load::<CollectionRow>(&mut **self)
            .await?;
        let page = Page::cut(rows, limit, |row| Cursor::at(row.created_at, row.id));
        let members = self.collection_members(page.items.iter().map(|row| row.id).collect()).await?;
        let fill = |row: CollectionRow| {
            let own = members.iter().filter(|(collection, _)| *collection == row.id);
            let product_ids = own.map(|(_, product)| *product).collect();
            Collection::new(row, product_ids)
        };
        Ok(Page { items: page.items.into_iter().map(fill).collect::<Result<_>>()?, next: page.next })
    }

    /// Edits a collection whose version is still `expected`.
    pub async fn update_collection(
        &mut self,
        id: CollectionId,
        expected: i32,
        changes: &CollectionChanges,
    ) -> Result<Collection> {
        let new_rule = changes.rule.as_ref().and_then(Option::as_ref);
        self.lock_links(new_rule).await?;
        let row = self.lock_collection(id, expected).await?;
        let before = self.filled(row).await?;
        let ends_at = changes.ends_at.unwrap_or(before.row.ends_at);
        let window = Window::new(changes.starts_at.unwrap_or(before.row.starts_at), ends_at)
            .map_err(|code| Error::field("/ends_at", code))?;
        if let Some(rule) = new_rule {
            self.check_rule(Some(id), rule).await?;
            self.take_out_products(id).await?;
        }
        let rule = changes.rule.as_ref().unwrap_or(&before.rule).as_ref();
        let now = Utc::now();
        let row = diesel::update(collections::table.find((self.tenant(), id.uuid())))
            .set((
                changes,
                collections::rule.eq(rule.map(to_json)),
                collections::next_turn_at.eq(next_turn(window, rule, now)),
                collections::version.eq(collections::version + 1),
                collections::updated_at.eq(now),
            ))
            .returning(CollectionRow::as_returning())
            .get_result::<CollectionRow>(&mut **self)
            .await?;
        if changes.rule.is_some() {
            self.link_collections(row.id, rule).await?;
        }
        let collection = Collection::new(row, before.product_ids.clone())?;
        self.collection_changed(
            facts(&before.row, &before.product_ids),
            &collection.row,
            &collection.product_ids,
        );
        self.project_collection(id).await?;
        Ok(collection)
    }

    /// Puts exactly these products into a collection without a rule, in this order.
    pub async fn set_collection_products(
        &mut self,
        id: CollectionId,
        expected: i32,
        products: &[ProductId],
    ) -> Result<Collection> {
        let row = self.lock_collection(id, expected).await?;
        if row.rule.is_some() {
            return Err(Code::CollectionByRule.into());
        }
        let before = self.filled(row).await?;
        self.check_products("/product_ids", products).await?;
        self.take_out_products(id).await?;
        let places: Vec<_> = positions(before.row.version, MAX_PRODUCTS)
            .zip(products)
            .map(|(position, product)| {
                (
                    collection_products::aggregator_id.eq(self.tenant()),
                    collection_products::collection_id.eq(id.uuid()),
                    collection_products::position.eq(position),
                    collection_products::product_id.eq(product.uuid()),
                )
            })
            .collect();
        if !places.is_empty() {
            diesel::insert_into(collection_products::table).values(places).execute(&mut **self).await?;
        }
        let row = diesel::update(collections::table.find((self.tenant(), id.uuid())))
            .set((collections::version.eq(collections::version + 1), collections::updated_at.eq(Utc::now())))
            .returning(CollectionRow::as_returning())
            .get_result::<CollectionRow>(&mut **self)
            .await?;
        let product_ids: Vec<_> = products.iter().map(|product| product.uuid()).collect();
        self.collection_changed(facts(&before.row, &before.product_ids), &row, &product_ids);
        self.project_collection(id).await?;
        Collection::new(row, product_ids)
    }

    async fn take_out_products(&mut self, id: CollectionId) -> Result<()> {
        diesel::delete(
            collection_products::table
                .filter(collection_products::aggregator_id.eq(self.tenant()))
                .filter(collection_products::collection_id.eq(id.uuid())),
        )
        .execute(&mut **self)
        .await?;
        Ok(())
    }

    /// Deletes a collection that no rule names; its products stay.
    pub async fn delete_collection(&mut self, id: CollectionId, expected: i32) -> Result<()> {
        let row = self.lock_collection(id, expected).await?;
        let before = self.filled(row).await?;
        diesel::delete(collections::table.find((self.tenant(), id.uuid()))).execute(&mut **self).await?;
        self.record(
            Change::new(EventKind::CollectionDeleted, Subject("collection", before.row.id))
                .data(json!({ "slug": before.row.slug }))
                .from_to(facts(&before.row, &before.product_ids), Value::Null),
        );
        self.project_collection(id).await
    }

    /// Names every product of a request's list that is not of this tenant.
    pub(crate) async fn check_products(&mut self, pointer: &str, asked: &[ProductId]) -> Result<()> {
        let ids: Vec<_> = asked.iter().map(|product| product.uuid()).collect();
        let known: HashSet<Uuid> = products::table
            .filter(products::aggregator_id.eq(self.tenant()))
            .filter(products::id.eq_any(&ids))
            .select(products::id)
            .load::<Uuid>(&mut **self)
            .await?
            .into_iter()
            .collect();
        Ok(unknown(pointer, &ids, |id| known.contains(id)).finish()?)
    }

    async fn lock_collection(&mut self, id: CollectionId, expected: i32) -> Result<CollectionRow> {
        let row = collections::table
            .find((self.tenant(), id.uuid()))
            .select(CollectionRow::as_select())
            .for_update()
            .first::<CollectionRow>(&mut **self)
            .await?;
        if row.version == expected { Ok(row) } else { Err(Error::Stale(row.version)) }
    }

    async fn filled(&mut self, row: CollectionRow) -> Result<Collection> {
        let members = self.collection_members(vec![row.id]).await?;
        Collection::new(row, members.into_iter().map(|(_, product)| product).collect())
    }

    /// The products of these collections, in their order.
    async fn collection_members(&mut self, ids: Vec<Uuid>) -> Result<Vec<(Uuid, Uuid)>> {
        let members = collection_products::table
            .filter(collection_products::aggregator_id.eq(self.tenant()))
            .filter(collection_products::collection_id.eq_any(ids))
            .order((collection_products::collection_id, collection_products::position))
            .select((collection_products::collection_id, collection_products::product_id))
            .load::<(Uuid, Uuid)>(&mut **self)
            .await?;
        Ok(members)
    }

    fn collection_changed(&mut self, before: Value, row: &CollectionRow, product_ids: &[Uuid]) {
        self.record(
            Change::new(EventKind::CollectionUpdated, Subject("collection", row.id))
                .data(json!({ "slug": row.slug }))
                .from_to(before, facts(row, product_ids)),
        );
    }
}

/// When a storefront next shows something else of a collection by the clock alone.
fn next_turn(window: Window, rule: Option<&Rule>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    [window.next_turn(now), rule.and_then(|rule| rule.next_turn(now))].into_iter().flatten().min()
}

/// Positions for a list of at most `limit` that replaces one of this version: beyond all that were given before, since
/// what a restricted merchant has there keeps its place unseen.
pub(crate) fn positions(version: i32, limit: usize) -> RangeFrom<i32> {
    i32::try_from(limit).unwrap_or(i32::MAX).saturating_mul(version)..
}

/// A fault for each id that is not known, at its place in the list.
pub(crate) fn unknown(pointer: &str, asked: &[Uuid], is_known: impl Fn(&Uuid) -> bool) -> Faults {
    let mut faults = Faults::default();
    for (at, _) in asked.iter().enumerate().filter(|(_, id)| !is_known(id)) {
        faults.add(format!("{pointer}/{at}"), Code::UnknownReference);
    }
    faults
}

fn facts(row: &CollectionRow, product_ids: &[Uuid]) -> Value {
    json!({
        "slug": row.slug, "title": { "id": row.title_id, "en": row.title_en },
        "description": { "id": row.description_id, "en": row.description_en }, "starts_at": row.starts_at,
        "ends_at": row.ends_at, "rule": row.rule, "media_id": row.media_id, "product_ids": product_ids,
    })
}
