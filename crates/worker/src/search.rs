//! The search index follows the tenants' logs. One process writes it, whoever has the lock; the others read what it
//! wrote, and one of them takes over when it ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use kapal_domain::ids::AggregatorId;
use kapal_domain::locale::Locale;
use kapal_persistence::{Db, Miss, SearchDocument, Stretch, TenantChanges};
use kapal_search::{Desk, Index, Place, Product, Progress, Text, Writer};
use tokio::sync::watch;
use uuid::Uuid;

/// How often is looked at what another process wrote.
const LOOK: Duration = Duration::from_millis(100);
/// How often is asked whether the lock is free.
const TAKE_OVER: Duration = Duration::from_secs(1);
/// The index is written no more often than this, so that a stream of changes makes few pieces of it.
const BETWEEN: Duration = Duration::from_millis(150);
/// Events that are read at once.
const EVENTS: i64 = 5_000;
/// Further behind than this, building anew is quicker.
const FAR_BEHIND: i64 = 200_000;
/// Documents that are read at once while building.
const BATCH: i64 = 4_000;
/// How often what was looked for in vain is written down.
const NOTE: Duration = Duration::from_secs(2);
/// After a failure it is tried again after this long.
const PAUSE: Duration = Duration::from_secs(5);

type Result<T> = std::result::Result<T, Failure>;

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Database(#[from] kapal_persistence::Error),
    #[error(transparent)]
    Index(#[from] kapal_search::Error),
    #[error("a computation was given up")]
    GivenUp,
}

/// Keeps the index and its tuning up with the logs, and writes down what was looked for in vain, until `stop` turns
/// true.
pub async fn follow(db: &Db, desk: &Desk, mut stop: watch::Receiver<bool>) {
    let index = desk.index.clone();
    let mut follower = Follower { db, desk, index, writer: None, asked: None, wrote: None, noted: None };
    while !*stop.borrow() {
        let pause = match follower.step().await {
            Ok(()) => LOOK,
            Err(error) => {
                tracing::warn!(target: "kapal::search", %error, "the search index can't follow and is tried again");
                // Whatever it was in the middle of is undone with it.
                follower.writer = None;
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = db.heads.moved(), if follower.writer.is_some() && pause == LOOK => {}
            stopped = stop.wait_for(|stop| *stop) => {
                let _ = stopped;
                break;
            }
        }
    }
    if let Err(error) = follower.note_misses().await {
        tracing::warn!(target: "kapal::search", %error, "what was looked for in vain can't be written down");
    }
}

struct Follower<'a> {
    db: &'a Db,
    desk: &'a Desk,
    index: Arc<Index>,
    writer: Option<Writer>,
    /// When the lock was last asked for.
    asked: Option<Instant>,
    /// When the index was last written.
    wrote: Option<Instant>,
    /// When misses were last written down.
    noted: Option<Instant>,
}

impl Follower<'_> {
    async fn step(&mut self) -> Result<()> {
        self.read_tuning().await?;
        if self.noted.is_none_or(|at| at.elapsed() >= NOTE) {
            self.note_misses().await?;
        }
        if self.writer.is_none() && self.asked.is_none_or(|at| at.elapsed() >= TAKE_OVER) {
            self.asked = Some(Instant::now());
            let index = self.index.clone();
            self.writer = compute(move || index.writer()).await?;
            if self.writer.is_some() {
                self.refresh().await?;
                self.trust().await?;
            }
        }
        if self.writer.is_none() {
            return self.refresh().await;
        }
        self.catch_up().await
    }

    /// Reads the aggregators' own words and weights where any log has moved.
    async fn read_tuning(&self) -> Result<()> {
        let as_of = self.db.heads.all().values().sum();
        if as_of != self.desk.tuned_as_of() {
            let (words, weights) = self.db.all_search_tunings().await?;
            self.desk.tune(as_of, words, weights);
        }
        Ok(())
    }

    async fn note_misses(&mut self) -> Result<()> {
        self.noted = Some(Instant::now());
        let misses = self.desk.take_misses().into_iter();
        let misses: Vec<_> =
            misses.map(|((aggregator, query), count)| Miss { aggregator, query, count }).collect();
        if !misses.is_empty() {
            self.db.note_misses(misses, Utc::now().date_naive()).await?;
        }
        Ok(())
    }

    async fn refresh(&self) -> Result<()> {
        let index = self.index.clone();
        compute(move || index.refresh()).await
    }

    /// Builds the index unless what there is was made of this database's logs.
    async fn trust(&mut self) -> Result<()> {
        let is_ours = match self.index.progress() {
            None => false,
            Some(progress) => {
                let places = progress.tenants.iter().filter(|(_, place)| !place.event.is_nil());
                let places: Vec<_> = places.map(|(id, place)| (*id, place.seq, place.event)).collect();
                self.db.is_log_of(&places).await?
            }
        };
        if is_ours { Ok(()) } else { self.build().await }
    }

    /// Reads everything. What changes meanwhile is caught up with afterwards: the places in the logs are taken first.
    async fn build(&mut self) -> Result<()> {
        let began = Instant::now();
        let heads = self.db.heads.all();
        let place = |seq| Place { seq, event: Uuid::nil() };
        let progress = Progress { tenants: heads.into_iter().map(|(id, seq)| (id, place(seq))).collect() };
        self.write(|writer| writer.clear()).await?;
        self.read_all(None).await?;
        self.commit(progress).await?;
        let (products, seconds) = (self.index.len(), began.elapsed().as_secs_f32());
        tracing::info!(target: "kapal::search", "the search index was built: {products} products in {seconds:.1} s");
        Ok(())
    }

    /// Puts in all products of an aggregator, or of all, none of which is there.
    async fn read_all(&mut self, aggregator: Option<AggregatorId>) -> Result<()> {
        let mut after: Option<SearchDocument> = None;
        loop {
            let documents = self.db.search_documents_after(aggregator, after.as_ref(), BATCH).await?;
            let is_last = documents.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
            after = documents.last().cloned();
            self.put(documents, Writer::add).await?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Reads what the logs tell since the last time, until there is nothing left.
    async fn catch_up(&mut self) -> Result<()> {
        loop {
            let Some(progress) = self.index.progress() else { return self.build().await };
            let heads = self.db.heads.all();
            let behind = heads.into_iter().filter_map(|(aggregator, upto)| {
                let after = progress.tenants.get(&aggregator).map_or(0, |place| place.seq);
                (upto > after).then_some(Stretch { aggregator, after, upto })
            });
            let behind: Vec<_> = behind.collect();
            if behind.is_empty() {
                return Ok(());
            }
            if behind.iter().map(|stretch| stretch.upto - stretch.after).sum::<i64>() > FAR_BEHIND {
                return self.build().await;
            }
            if let Some(early) = self.wrote.and_then(|at| BETWEEN.checked_sub(at.elapsed())) {
                tokio::time::sleep(early).await;
            }
            let changes = self.db.search_changes(&behind, EVENTS).await?;
            let mut progress = Progress::clone(&progress);
            for (aggregator, changes) in changes {
                let (seq, event) = changes.upto;
                self.apply(aggregator, changes).await?;
                progress.tenants.insert(aggregator, Place { seq, event });
            }
            self.commit(progress).await?;
        }
    }

    async fn apply(&mut self, aggregator: AggregatorId, changes: TenantChanges) -> Result<()> {
        if changes.everything {
            self.write(move |writer| {
                writer.remove_aggregator(aggregator);
                Ok(())
            })
            .await?;
            return self.read_all(Some(aggregator)).await;
        }
        if changes.products.is_empty() && changes.merchants.is_empty() {
            return Ok(());
        }
        let products: Vec<_> = changes.products.into_iter().collect();
        let merchants: Vec<_> = changes.merchants.into_iter().collect();
        let documents = self.db.search_documents_of(aggregator, products.clone(), merchants.clone()).await?;
        self.write(move |writer| {
            products.into_iter().for_each(|id| writer.remove_product(id.into()));
            merchants.into_iter().for_each(|id| writer.remove_merchant(id.into()));
            Ok(())
        })
        .await?;
        // A product may have come from another merchant: so it is looked for by its own id too.
        self.put(documents, Writer::put).await
    }

    async fn put(
        &mut self,
        documents: Vec<SearchDocument>,
        put: fn(&Writer, &Product) -> kapal_search::Result<()>,
    ) -> Result<()> {
        self.write(move |writer| products(documents).iter().try_for_each(|product| put(writer, product)))
            .await
    }

    async fn commit(&mut self, progress: Progress) -> Result<()> {
        let index = self.index.clone();
        self.write(move |writer| {
            writer.commit(&progress)?;
            index.refresh()
        })
        .await?;
        self.wrote = Some(Instant::now());
        Ok(())
    }

    /// Writes on a thread that may take its time. After a failure the writer is gone, and all that was not committed.
    async fn write<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Writer) -> kapal_search::Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut writer = self.writer.take().ok_or(Failure::GivenUp)?;
        let (writer, done) = compute(move || {
            let done = work(&mut writer)?;
            Ok((writer, done))
        })
        .await?;
        self.writer = Some(writer);
        Ok(done)
    }
}

async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> kapal_search::Result<T> + Send + 'static,
) -> Result<T> {
    Ok(tokio::task::spawn_blocking(work).await.map_err(|_| Failure::GivenUp)??)
}

/// Documents put together by product. Their order doesn't matter.
fn products(documents: Vec<SearchDocument>) -> Vec<Product> {
    let mut products = BTreeMap::<Uuid, Product>::new();
    for document in documents {
        // Where a translation is missing the row has the texts of another one, which are taken from there.
        let is_translated = document.text_locale == document.locale;
        let text = Text {
            locale: Locale::parse(&document.locale).unwrap_or_default(),
            name: if is_translated { document.name } else { String::new() },
            description: if is_translated { document.description } else { String::new() },
            category: document.category_name,
        };
        let product = products.entry(document.product_id).or_insert_with(|| Product {
            aggregator: document.aggregator_id.into(),
            id: document.product_id.into(),
            texts: Vec::new(),
            merchant: document.merchant_id.into(),
            merchant_slug: document.merchant_slug,
            merchant_name: document.merchant_name,
            region_code: document.region_code,
            region_name: document.region_name,
            province_code: document.province_code,
            province_name: document.province_name,
            category_path: document.category_path,
            price: u64::try_from(document.price_minor).unwrap_or(0),
            available: document.available,
            is_mutiara: document.is_mutiara,
            stars: document.stars.and_then(|stars| u8::try_from(stars).ok()).unwrap_or(0),
            certificates: document.certificates,
            level: document.level,
            published_at: document.published_at,
        });
        product.texts.push(text);
    }
    products.into_values().collect()
}
