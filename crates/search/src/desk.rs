//! What a process that answers searches holds beside the index: how the aggregators tuned it, and what was looked for in
//! vain until it is written down.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use kapal_domain::ids::AggregatorId;
use kapal_domain::search_weights::SearchWeights;

use crate::{Index, Synonyms};

/// So many different queries are held at most; more are not counted.
const HELD: usize = 2_000;
/// A query with so many digits may be somebody's number.
const DIGITS: usize = 6;
/// Longer queries are not what a shelf could be filled by.
const LONGEST: usize = 100;

/// How an aggregator's searches are tuned.
#[derive(Debug, Clone)]
pub struct Tuning {
    /// Words for one thing: its own, and those that everybody shares.
    pub synonyms: Arc<Synonyms>,
    /// What counts besides the words.
    pub weights: SearchWeights,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { synonyms: Arc::new(Synonyms::shared().clone()), weights: SearchWeights::STANDARD }
    }
}

/// Where searches are answered.
pub struct Desk {
    /// The index.
    pub index: Arc<Index>,
    tuned: RwLock<(i64, HashMap<AggregatorId, Tuning>)>,
    misses: Mutex<BTreeMap<(AggregatorId, String), i64>>,
}

impl Desk {
    /// A desk over an index; nobody has tuned anything yet.
    #[must_use]
    pub fn new(index: Index) -> Self {
        Self { index: Arc::new(index), tuned: RwLock::new((-1, HashMap::new())), misses: Mutex::default() }
    }

    /// Takes the aggregators' own words and weights, as they were when the logs had come so far together.
    pub fn tune(
        &self,
        as_of: i64,
        words: impl IntoIterator<Item = (AggregatorId, Vec<Vec<String>>)>,
        weights: impl IntoIterator<Item = (AggregatorId, SearchWeights)>,
    ) {
        let mut tuned = HashMap::<_, Tuning>::new();
        for (aggregator, groups) in words {
            let groups = groups.iter().map(|group| group.iter().map(String::as_str));
            tuned.entry(aggregator).or_default().synonyms = Arc::new(Synonyms::shared().clone().and(groups));
        }
        for (aggregator, weights) in weights {
            tuned.entry(aggregator).or_default().weights = weights;
        }
        *self.tuned.write().unwrap_or_else(PoisonError::into_inner) = (as_of, tuned);
    }

    /// How far the logs had come together when what tunes the searches was read.
    #[must_use]
    pub fn tuned_as_of(&self) -> i64 {
        self.tuned.read().unwrap_or_else(PoisonError::into_inner).0
    }

    /// How an aggregator tuned its searches; as everybody's are where it did not.
    #[must_use]
    pub fn tuning(&self, aggregator: AggregatorId) -> Tuning {
        let tuned = self.tuned.read().unwrap_or_else(PoisonError::into_inner);
        tuned.1.get(&aggregator).cloned().unwrap_or_default()
    }

    /// Notes words that found nothing. What could be about a person, an address or a number, is not kept.
    pub fn note_miss(&self, aggregator: AggregatorId, text: &str) {
        let query = crate::normalised(text);
        let digits = text.chars().filter(char::is_ascii_digit).count();
        if query.is_empty() || query.chars().count() > LONGEST || digits >= DIGITS || text.contains('@') {
            return;
        }
        let mut misses = self.misses.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = misses.len() >= HELD;
        match misses.get_mut(&(aggregator, query.clone())) {
            Some(count) => *count += 1,
            None if is_full => {}
            None => {
                misses.insert((aggregator, query), 1);
            }
        }
    }

    /// What was looked for in vain since the last time, each query once with how often.
    #[must_use]
    pub fn take_misses(&self) -> BTreeMap<(AggregatorId, String), i64> {
        std::mem::take(&mut *self.misses.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
