//! What a process that answers searches holds beside the index: the aggregators' own synonyms, and what was looked for in
//! vain until it is written down.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use kapal_domain::ids::AggregatorId;

use crate::{Index, Synonyms};

/// So many different queries are held at most; more are not counted.
const HELD: usize = 2_000;
/// A query with so many digits may be somebody's number.
const DIGITS: usize = 6;
/// Longer queries are not what a shelf could be filled by.
const LONGEST: usize = 100;

/// Where searches are answered.
pub struct Desk {
    /// The index.
    pub index: Arc<Index>,
    synonyms: RwLock<(i64, HashMap<AggregatorId, Arc<Synonyms>>)>,
    misses: Mutex<BTreeMap<(AggregatorId, String), i64>>,
}

impl Desk {
    /// A desk over an index; nobody has words of their own yet.
    #[must_use]
    pub fn new(index: Index) -> Self {
        Self { index: Arc::new(index), synonyms: RwLock::new((-1, HashMap::new())), misses: Mutex::default() }
    }

    /// Takes the aggregators' own words, as they were when the logs had come so far together.
    pub fn set_synonyms(&self, as_of: i64, all: impl IntoIterator<Item = (AggregatorId, Vec<Vec<String>>)>) {
        let own = |groups: Vec<Vec<String>>| {
            let groups = groups.iter().map(|group| group.iter().map(String::as_str));
            Arc::new(Synonyms::shared().clone().and(groups))
        };
        let all = all.into_iter().map(|(aggregator, groups)| (aggregator, own(groups))).collect();
        *self.synonyms.write().unwrap_or_else(PoisonError::into_inner) = (as_of, all);
    }

    /// How far the logs had come together when the words were read.
    #[must_use]
    pub fn synonyms_as_of(&self) -> i64 {
        self.synonyms.read().unwrap_or_else(PoisonError::into_inner).0
    }

    /// The words for one thing at an aggregator; those that everybody shares where it has none of its own.
    #[must_use]
    pub fn synonyms(&self, aggregator: AggregatorId) -> Arc<Synonyms> {
        let synonyms = self.synonyms.read().unwrap_or_else(PoisonError::into_inner);
        synonyms.1.get(&aggregator).cloned().unwrap_or_else(|| Arc::new(Synonyms::shared().clone()))
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
