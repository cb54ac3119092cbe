//! Words for one thing. Those that everybody shares are part of the program; an aggregator adds its own.

use std::collections::HashMap;
use std::sync::LazyLock;

use kapal_domain::locale::Locale;

use crate::words::{folded, stem};

/// Groups of words, or of runs of words, that stand for one thing.
#[derive(Debug, Clone, Default)]
pub struct Synonyms {
    groups: Vec<Vec<Vec<String>>>,
    /// The groups of a run of words, by its stems.
    by_stems: HashMap<Vec<String>, Vec<usize>>,
    longest: usize,
}

/// A run of words of a question, with the other words for the same thing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sense<'q, 's> {
    pub words: &'q [String],
    pub others: Vec<&'s [String]>,
}

static SHARED: LazyLock<Synonyms> = LazyLock::new(|| {
    let lines = include_str!("../data/synonyms.csv").lines().filter(|line| !line.starts_with('#'));
    Synonyms::default().and(lines.map(|line| line.split(',')))
});

impl Synonyms {
    /// Those that everybody shares.
    #[must_use]
    pub fn shared() -> &'static Self {
        &SHARED
    }

    /// These and more groups.
    #[must_use]
    pub fn and<'a, G: IntoIterator<Item = &'a str>>(mut self, groups: impl IntoIterator<Item = G>) -> Self {
        for group in groups {
            let group: Vec<Vec<String>> = group.into_iter().map(|term| folded(term).collect()).collect();
            let at = self.groups.len();
            for term in group.iter().filter(|term| !term.is_empty()) {
                self.longest = self.longest.max(term.len());
                self.by_stems.entry(stemmed(term)).or_default().push(at);
            }
            self.groups.push(group);
        }
        self
    }

    /// The words parted into runs: the longest that a synonym is known of, else single words.
    pub(crate) fn senses<'q>(&self, words: &'q [String]) -> Vec<Sense<'q, '_>> {
        let mut senses = Vec::new();
        let mut rest = words;
        while !rest.is_empty() {
            let known = (1..=self.longest.min(rest.len())).rev().find_map(|length| {
                let stems = stemmed(&rest[..length]);
                let groups = self.by_stems.get(&stems)?;
                Some((length, stems, groups))
            });
            let (length, others) = match known {
                Some((length, stems, groups)) => {
                    let terms = groups.iter().flat_map(|group| &self.groups[*group]);
                    let others = terms.filter(|term| !term.is_empty() && stemmed(term) != stems);
                    (length, others.map(Vec::as_slice).collect())
                }
                None => (1, Vec::new()),
            };
            let (run, later) = rest.split_at(length);
            senses.push(Sense { words: run, others });
            rest = later;
        }
        senses
    }
}

fn stemmed(words: &[String]) -> Vec<String> {
    words.iter().map(|word| stem(word, Locale::Id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_counts_and_groups_add_up() {
        let own = Synonyms::shared().clone().and([["kopi", "ngopi bareng"]]);
        let words: Vec<String> = folded("kopi kayu manis biru").collect();
        let senses = own.senses(&words);
        let of = |sense: &Sense<'_, '_>| sense.others.iter().map(|other| other.join(" ")).collect::<Vec<_>>();
        assert_eq!(senses.iter().map(|sense| sense.words.len()).collect::<Vec<_>>(), [1, 2, 1]);
        assert_eq!(of(&senses[0]), ["coffee", "ngopi bareng"]);
        assert_eq!(of(&senses[1]), ["cinnamon"]);
        assert_eq!(of(&senses[2]), Vec::<String>::new());
    }
}
