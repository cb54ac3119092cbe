//! Searches of a storefront: the index finds, the database shows. While there is no index, the database does both.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web;
use chrono::Utc;
use kapal_domain::Code;
use kapal_domain::ids::AggregatorId;
use kapal_persistence::{
    Address, Cursor, CursorValue, Db, Page, ProductOrder, ShownProduct, ShownProductFilter,
};
use kapal_search::{Facet, Filter, Found, Hit, Marks, Question, Relaxed, Scope, Standing, Tuning};
use uuid::Uuid;

use super::facets::Facets;
use super::shop::Shop;
use crate::{App, Problem};

/// So many hits are paged by relevance; what lies deeper is of no use.
pub const DEEPEST: usize = 1_000;

/// What is asked of a search.
#[derive(Debug, Clone)]
pub struct Search {
    /// What must be fulfilled; the words are in it.
    pub filter: ShownProductFilter,
    /// The order.
    pub order: ProductOrder,
    /// Whether facets are counted.
    pub with_facets: bool,
}

/// What a search found.
pub struct Answer {
    /// One page.
    pub page: Page<ShownProduct>,
    /// How the words were read.
    pub relaxed: Vec<Relaxed>,
    /// The words in another spelling.
    pub did_you_mean: Option<String>,
    /// What is marked in texts.
    pub marks: Marks,
    /// The counts.
    pub facets: Option<Facets>,
    /// Whether the words find nothing as they were typed.
    is_miss: bool,
}

impl From<Page<ShownProduct>> for Answer {
    fn from(page: Page<ShownProduct>) -> Self {
        let is_miss = page.items.is_empty();
        Self { page, relaxed: Vec::new(), did_you_mean: None, marks: Marks::default(), facets: None, is_miss }
    }
}

/// A search that the index answers.
#[derive(Clone)]
pub struct Indexed {
    index: Arc<kapal_search::Index>,
    scope: Scope,
    tuning: Tuning,
    filter: Filter,
    text: String,
}

impl Shop {
    /// Whose products the store has, as the index knows them; None where only the database knows, or while there is no
    /// index.
    pub fn scope(&self) -> Option<Scope> {
        self.app.search.index.progress()?;
        let heads = &self.app.db.heads;
        match &self.store.aggregator {
            None => Some(Scope::AllBut(heads.not_national())),
            Some(Address::Slug(slug)) => Some(Scope::One(heads.aggregator(slug)?)),
            Some(Address::Id(id)) => Some(Scope::One((*id).into())),
        }
    }

    /// The search as the index answers it; None where it is the database's.
    pub fn indexed(&self, search: &Search, after: Option<&Cursor>) -> Option<Indexed> {
        // Where a page that the database made goes on, the database goes on.
        if matches!(
            after.map(|cursor| cursor.0.as_slice()),
            Some([CursorValue::Float(_), CursorValue::Id(_)])
        ) {
            return None;
        }
        let filter = &search.filter;
        let scope = match (self.scope()?, &filter.origin) {
            (scope, None) => scope,
            (scope, Some(origin)) => {
                let origin = match origin {
                    Address::Slug(slug) => self.app.db.heads.aggregator(slug)?,
                    Address::Id(id) => (*id).into(),
                };
                let is_within = match &scope {
                    Scope::One(own) => *own == origin,
                    Scope::AllBut(hidden) => !hidden.contains(&origin),
                };
                is_within.then_some(Scope::One(origin))?
            }
        };
        let minor =
            |price: Option<kapal_domain::money::Money>| price.map(|p| u64::try_from(p.minor()).unwrap_or(0));
        let (merchant, merchant_id) = match &filter.merchant {
            Some(Address::Slug(slug)) => (Some(slug.clone()), None),
            Some(Address::Id(id)) => (None, Some((*id).into())),
            None => (None, None),
        };
        Some(Indexed {
            index: self.app.search.index.clone(),
            tuning: self.app.search.tuning(self.owner()),
            text: filter.text.clone().unwrap_or_default(),
            filter: Filter {
                category: filter.category.clone(),
                regions: filter.regions.clone(),
                merchant,
                merchant_id,
                min_price: minor(filter.min_price),
                max_price: minor(filter.max_price),
                mutiara: filter.mutiara,
                stars: filter.stars.and_then(|stars| u8::try_from(stars).ok()),
                certificate: filter.certificate.map(|kind| kind.as_str().to_owned()),
                level: filter.level.map(|level| level.as_str().to_owned()),
            },
            scope,
        })
    }

    /// Whose words, weights and log of misses count here: the platform's for the nation.
    pub fn owner(&self) -> AggregatorId {
        match &self.store.aggregator {
            Some(Address::Slug(slug)) => self.app.db.heads.aggregator(slug).unwrap_or(AggregatorId::PLATFORM),
            Some(Address::Id(id)) => (*id).into(),
            None => AggregatorId::PLATFORM,
        }
    }

    /// Whether the index holds all that is known to have happened in this store: only then may an answer be tagged with
    /// the store's state.
    pub fn is_indexed_up_to_date(&self) -> bool {
        let App { db, search, .. } = &**self.app;
        let Some(progress) = search.index.progress() else { return false };
        let of = self.store.aggregator.as_ref().map(|_| self.owner());
        let read = |id| progress.tenants.get(&id).map_or(0, |place| place.seq);
        db.heads.are_read(of, read) && db.heads.all().values().sum::<i64>() == search.tuned_as_of()
    }

    /// Answers a search.
    pub async fn search(
        &self,
        db: &Db,
        search: &Search,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Answer, Problem> {
        let answer = match self.indexed(search, after) {
            Some(indexed) => self.search_index(db, search, &indexed, after, limit).await?,
            None => self.search_database(db, search, after, limit).await?,
        };
        if let Some(text) = search.filter.text.as_deref().filter(|_| answer.is_miss && after.is_none())
            && unworded(&search.filter).is_empty()
        {
            self.app.search.note_miss(self.owner(), text);
        }
        Ok(answer)
    }

    async fn search_database(
        &self,
        db: &Db,
        search: &Search,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Answer, Problem> {
        let page = db
            .storefront_products(&self.store, self.locale, &search.filter, search.order, after, limit)
            .await?;
        let facets = match search.with_facets {
            true => Some(Facets::of_database(self, db, &search.filter).await?),
            false => None,
        };
        Ok(Answer { facets, ..page.into() })
    }

    async fn search_index(
        &self,
        db: &Db,
        search: &Search,
        indexed: &Indexed,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Answer, Problem> {
        let mut answer = match search.order {
            ProductOrder::Relevance => self.by_relevance(db, search, indexed, after, limit).await?,
            order if search.filter.text.is_some() => {
                // Other orders are those of the most relevant.
                let found = indexed.find(None, DEEPEST, facets(search)).await?;
                let hits = keys(&found.hits);
                let filter = unworded(&search.filter);
                let page = db
                    .storefront_hits_in_order(&self.store, self.locale, &filter, &hits, order, (after, limit))
                    .await?;
                self.told(search, found, page)
            }
            order => {
                let found = indexed.find(None, 0, facets(search)).await?;
                let page = db
                    .storefront_products(&self.store, self.locale, &search.filter, order, after, limit)
                    .await?;
                self.told(search, found, page)
            }
        };
        if let Some(facets) = &mut answer.facets {
            facets.label(self, db).await?;
        }
        Ok(answer)
    }

    async fn by_relevance(
        &self,
        db: &Db,
        search: &Search,
        indexed: &Indexed,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Answer, Problem> {
        let (mut behind, shown) = match after.map(|cursor| cursor.0.as_slice()) {
            None => (None, 0),
            Some([CursorValue::Float(score), CursorValue::Int(shown), CursorValue::Id(id)]) => {
                (Some(Standing { score: *score, id: *id }), usize::try_from(*shown).unwrap_or(DEEPEST))
            }
            Some(_) => return Err(Code::CursorMismatch.into()),
        };
        let limit = limit.min(DEEPEST.saturating_sub(shown));
        let filter = unworded(&search.filter);
        let mut first = None;
        let mut rows: Vec<(Standing, ShownProduct)> = Vec::new();
        // One more than is shown tells whether there is a next page. Hits that the database doesn't show any more are
        // made up for by the next ones.
        while rows.len() <= limit {
            let wanted = limit + 1 - rows.len();
            let counted = if first.is_none() { facets(search) } else { &[] };
            let found = indexed.find(behind, wanted, counted).await?;
            let shown = db.storefront_hits(&self.store, self.locale, &filter, &keys(&found.hits)).await?;
            let mut shown: HashMap<Uuid, ShownProduct> =
                shown.into_iter().map(|p| (p.product_id, p)).collect();
            let in_order =
                found.hits.iter().filter_map(|hit| Some((hit.standing, shown.remove(&hit.standing.id)?)));
            rows.extend(in_order);
            behind = found.hits.last().map(|hit| hit.standing);
            let is_last = found.hits.len() < wanted;
            first.get_or_insert(found);
            if is_last {
                break;
            }
        }
        let has_more = rows.len() > limit && shown + limit < DEEPEST;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(|(standing, _)| {
            let shown = i64::try_from(shown + limit).unwrap_or(i64::MAX);
            Cursor(vec![
                CursorValue::Float(standing.score),
                CursorValue::Int(shown),
                CursorValue::Id(standing.id),
            ])
        });
        let page = Page { items: rows.into_iter().map(|(_, product)| product).collect(), next };
        Ok(self.told(search, first.unwrap_or_default(), page))
    }

    fn told(&self, search: &Search, found: Found, page: Page<ShownProduct>) -> Answer {
        Answer {
            page,
            relaxed: found.relaxed,
            did_you_mean: found.did_you_mean,
            marks: found.marks,
            is_miss: !found.is_exact,
            facets: search.with_facets.then(|| Facets::exact(found.counts)),
        }
    }
}

impl Indexed {
    async fn find(
        &self,
        after: Option<Standing>,
        limit: usize,
        facets: &'static [Facet],
    ) -> Result<Found, Problem> {
        let this = self.clone();
        let found = web::block(move || {
            this.index.search(&Question {
                scope: &this.scope,
                text: &this.text,
                filter: &this.filter,
                synonyms: &this.tuning.synonyms,
                weights: this.tuning.weights,
                after,
                limit,
                facets,
                now: Utc::now(),
            })
        });
        in_index(found.await)
    }
}

/// What came of a computation on the index.
pub(super) fn in_index<T>(
    computed: Result<Result<T, kapal_search::Error>, actix_web::error::BlockingError>,
) -> Result<T, Problem> {
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "a search failed");
        Problem::new(Code::Internal)
    };
    computed.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
}

fn facets(search: &Search) -> &'static [Facet] {
    if search.with_facets { &Facet::ALL } else { &[] }
}

fn keys(hits: &[Hit]) -> Vec<(Uuid, Uuid)> {
    hits.iter().map(|hit| (hit.aggregator.uuid(), hit.product.uuid())).collect()
}

/// The filter without its words: those are the index's affair.
fn unworded(filter: &ShownProductFilter) -> ShownProductFilter {
    ShownProductFilter { text: None, ..filter.clone() }
}
