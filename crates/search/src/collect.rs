//! One pass over what matches: how many there are, the best of them, and how many there are of each kind.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{ColumnValues, StrColumn};
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};
use uuid::Uuid;

use crate::fields::PART;
use crate::signals::{Raise, Signals};

/// Where a hit stands: by score, ties by id, the best first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// How well it fits.
    pub score: f32,
    /// The product.
    pub id: Uuid,
}

impl Eq for Standing {}

impl Ord for Standing {
    /// The better one is the greater one.
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Standing {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Scores of different steps of a search lie this far apart: what the words as they were typed find always stands
/// before what a looser reading of them finds.
pub(crate) const STEP: f32 = 1_000.0;

/// The price bands, by the price in minor units at which the next one begins: from 25,000 to a million rupiah.
pub const BANDS: [u64; 6] = [2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000];

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facet {
    /// Categories, each with what is below it.
    Category,
    /// Provinces.
    Province,
    /// Bands of prices.
    Price,
    /// Kinds of certificates.
    Certificate,
    /// At least so many stars.
    Stars,
}

impl Facet {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Category, Self::Province, Self::Price, Self::Certificate, Self::Stars];
}

/// How many products there are of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// By the slug of the category.
    pub categories: BTreeMap<String, u64>,
    /// By the code of the province.
    pub provinces: BTreeMap<String, u64>,
    /// By band: the first is below the first of [`BANDS`].
    pub bands: [u64; BANDS.len() + 1],
    /// By kind.
    pub certificates: BTreeMap<String, u64>,
    /// At least one star, at least two, ..
    pub stars: [u64; 5],
}

impl Counts {
    /// Takes another's counts of a facet, or of all, to its own.
    pub(crate) fn add(&mut self, other: Self) {
        let sum = |own: &mut BTreeMap<String, u64>, other: BTreeMap<String, u64>| {
            for (value, count) in other {
                *own.entry(value).or_default() += count;
            }
        };
        sum(&mut self.categories, other.categories);
        sum(&mut self.provinces, other.provinces);
        sum(&mut self.certificates, other.certificates);
        self.bands.iter_mut().zip(other.bands).for_each(|(own, other)| *own += other);
        self.stars.iter_mut().zip(other.stars).for_each(|(own, other)| *own += other);
    }
}

/// What one pass found.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    pub total: u64,
    /// The best first.
    pub best: Vec<Ranked>,
    pub counts: Counts,
}

/// A hit, with whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ranked {
    pub standing: Standing,
    pub aggregator: String,
}

/// What a pass looks for.
pub(crate) struct Sweep<'a> {
    /// How many of the best; none of them needs no scores.
    pub best: usize,
    /// Only what stands behind this.
    pub after: Option<Standing>,
    /// What is counted.
    pub facets: &'a [Facet],
    pub raise: Arc<Raise>,
}

impl Collector for Sweep<'_> {
    type Fruit = Pass;
    type Child = OneSegment;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<OneSegment> {
        let columns = segment.fast_fields();
        let words = |facet, name| match self.facets.contains(&facet) {
            true => Ok::<_, tantivy::TantivyError>(columns.str(name)?.map(Tally::new)),
            false => Ok(None),
        };
        Ok(OneSegment {
            best: self.best,
            after: self.after,
            raise: self.raise.clone(),
            id_high: columns.column_first_or_default("id_high")?,
            id_low: columns.column_first_or_default("id_low")?,
            aggregators: columns.str("aggregator")?,
            signals: columns.column_first_or_default("signals")?,
            price: match self.facets.contains(&Facet::Price) {
                true => Some(columns.column_first_or_default("price")?),
                false => None,
            },
            categories: words(Facet::Category, "category")?,
            provinces: words(Facet::Province, "province")?,
            certificates: words(Facet::Certificate, "certificate")?,
            counts_stars: self.facets.contains(&Facet::Stars),
            total: 0,
            heap: BinaryHeap::new(),
            bands: [0; BANDS.len() + 1],
            stars: [0; 6],
        })
    }

    fn requires_scoring(&self) -> bool {
        self.best > 0
    }

    fn merge_fruits(&self, segments: Vec<tantivy::Result<Pass>>) -> tantivy::Result<Pass> {
        let mut all = Pass::default();
        for segment in segments {
            let segment = segment?;
            all.total += segment.total;
            all.best.extend(segment.best);
            all.counts.add(segment.counts);
        }
        all.best.sort_by_key(|best| std::cmp::Reverse(best.standing));
        all.best.truncate(self.best);
        Ok(all)
    }
}

/// Counts of the words of one column.
struct Tally {
    column: StrColumn,
    /// The words of a column that has one for each product: several times as quick to read.
    single: Option<Arc<dyn ColumnValues<u64>>>,
    counts: Vec<u32>,
}

impl Tally {
    fn new(column: StrColumn) -> Self {
        let counts = vec![0; column.num_terms()];
        let ords = column.ords();
        let single = ords.get_cardinality().is_full().then(|| ords.values.clone());
        Self { column, single, counts }
    }

    fn count(&mut self, doc: DocId) {
        let counts = &mut self.counts;
        let mut add = |ord: u64| {
            if let Some(count) = usize::try_from(ord).ok().and_then(|ord| counts.get_mut(ord)) {
                *count += 1;
            }
        };
        match &self.single {
            Some(single) => add(single.get_val(doc)),
            None => self.column.term_ords(doc).for_each(add),
        }
    }

    fn named(self) -> tantivy::Result<BTreeMap<String, u64>> {
        let mut named = BTreeMap::new();
        for (ord, count) in (0_u64..).zip(self.counts).filter(|(_, count)| *count > 0) {
            let mut word = String::new();
            self.column.ord_to_str(ord, &mut word)?;
            named.insert(word, u64::from(count));
        }
        Ok(named)
    }
}

/// The pass over one piece of the index.
pub(crate) struct OneSegment {
    best: usize,
    after: Option<Standing>,
    raise: Arc<Raise>,
    id_high: Arc<dyn ColumnValues<u64>>,
    id_low: Arc<dyn ColumnValues<u64>>,
    aggregators: Option<StrColumn>,
    signals: Arc<dyn ColumnValues<u64>>,
    price: Option<Arc<dyn ColumnValues<u64>>>,
    categories: Option<Tally>,
    provinces: Option<Tally>,
    certificates: Option<Tally>,
    counts_stars: bool,
    total: u64,
    /// The worst of the best on top.
    heap: BinaryHeap<std::cmp::Reverse<(Standing, DocId)>>,
    bands: [u64; BANDS.len() + 1],
    stars: [u64; 6],
}

impl OneSegment {
    fn offer(&mut self, doc: DocId, words: Score, packed: u64) {
        let step = (words / STEP).floor() * STEP;
        // However much is raised, a looser reading stays behind a stricter one.
        let score = step + ((words - step) * self.raise.of(packed)).min(STEP - 1.0);
        let is_full = self.heap.len() == self.best;
        let worst = self.heap.peek().map(|std::cmp::Reverse((worst, _))| *worst);
        // The id is only looked up where the score leaves it open.
        if is_full && worst.is_some_and(|worst| score < worst.score)
            || self.after.is_some_and(|after| score > after.score)
        {
            return;
        }
        let id = Uuid::from_u64_pair(self.id_high.get_val(doc), self.id_low.get_val(doc));
        let standing = Standing { score, id };
        if self.after.is_some_and(|after| standing >= after) {
            return;
        }
        if is_full {
            if worst.is_some_and(|worst| standing < worst) {
                return;
            }
            self.heap.pop();
        }
        self.heap.push(std::cmp::Reverse((standing, doc)));
    }
}

impl SegmentCollector for OneSegment {
    type Fruit = tantivy::Result<Pass>;

    fn collect(&mut self, doc: DocId, words: Score) {
        self.total += 1;
        if self.best > 0 || self.counts_stars {
            let packed = self.signals.get_val(doc);
            if self.counts_stars {
                self.stars[Signals::stars(packed).min(5)] += 1;
            }
            if self.best > 0 {
                self.offer(doc, words, packed);
            }
        }
        if let Some(price) = &self.price {
            self.bands[BANDS.partition_point(|from| *from <= price.get_val(doc))] += 1;
        }
        for tally in [&mut self.categories, &mut self.provinces, &mut self.certificates].into_iter().flatten()
        {
            tally.count(doc);
        }
    }

    fn harvest(self) -> tantivy::Result<Pass> {
        let mut best = Vec::with_capacity(self.heap.len());
        for std::cmp::Reverse((standing, doc)) in self.heap {
            let mut aggregator = String::new();
            if let Some(column) = &self.aggregators
                && let Some(ord) = column.term_ords(doc).next()
            {
                column.ord_to_str(ord, &mut aggregator)?;
            }
            best.push(Ranked { standing, aggregator });
        }
        let named = |tally: Option<Tally>| tally.map_or(Ok(BTreeMap::new()), Tally::named);
        let mut stars = [0; 5];
        for (at_least, count) in (1..).zip(&mut stars) {
            *count = self.stars[at_least..].iter().sum();
        }
        let mut categories = BTreeMap::new();
        for (path, count) in named(self.categories)? {
            for slug in path.split(PART) {
                *categories.entry(slug.to_owned()).or_default() += count;
            }
        }
        let counts = Counts {
            categories,
            provinces: named(self.provinces)?,
            bands: self.bands,
            certificates: named(self.certificates)?,
            stars,
        };
        Ok(Pass { total: self.total, best, counts })
    }
}
