//! Words that are spelt alike, out of those that occur.

use std::collections::HashMap;

use tantivy::Term;
use tantivy::query::FuzzyTermQuery;

use crate::index::Result;
use crate::query::{Asker, Scope, written};
use crate::words::stems;

/// Shorter words are taken as they are: nearly everything is near to them.
const SHORTEST: usize = 3;
/// From this length on two letters may be wrong.
const LONG: usize = 6;
/// A word that occurs is only doubted when one that is a letter away occurs so many times as often.
const RARER: u64 = 50;
/// So many candidates are looked up in the scope.
const CANDIDATES: usize = 8;

impl Asker<'_> {
    /// The words with those replaced that hardly occur and are near to one that does; None where nothing is replaced.
    pub fn corrected(&self, words: &[String], scope: &Scope) -> Result<Option<Vec<String>>> {
        let mut corrected = Vec::with_capacity(words.len());
        for word in words {
            corrected.push(self.nearest(word, scope)?.unwrap_or_else(|| word.clone()));
        }
        Ok((corrected != words).then_some(corrected))
    }

    fn nearest(&self, word: &str, scope: &Scope) -> Result<Option<String>> {
        let length = word.chars().count();
        if length < SHORTEST || word.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(None);
        }
        let mut occurs = 0;
        for stem in stems(word) {
            let term = Term::from_field_text(self.fields.stems, &stem);
            occurs = occurs.max(self.searcher.doc_freq(&term)?);
        }
        let is_there = occurs > 0;
        let farthest = if length >= LONG && !is_there { 2 } else { 1 };
        for distance in 1..=farthest {
            let mut near: Vec<_> = self.near(word, distance)?.into_iter().collect();
            near.retain(|(other, count)| other != word && (!is_there || *count > RARER * occurs));
            // The first letter is seldom wrong; then the commoner word is meant.
            let is_first = |other: &str| other.chars().next() == word.chars().next();
            near.sort_by_key(|(other, count)| std::cmp::Reverse((is_first(other), *count, other.clone())));
            for (other, _) in near.into_iter().take(CANDIDATES) {
                if self.exists(&other, scope)? {
                    return Ok(Some(other));
                }
            }
        }
        Ok(None)
    }

    /// The words that are so many letters away at most, with how many products have them.
    fn near(&self, word: &str, distance: u8) -> Result<HashMap<String, u64>> {
        let automaton = || {
            FuzzyTermQuery::new(Term::from_field_text(self.fields.written, word), distance, true).automaton()
        };
        let mut near = HashMap::new();
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(self.fields.written)?;
            let mut terms = index.terms().search(automaton()?).into_stream()?;
            while let Some((term, info)) = terms.next() {
                if let Ok(term) = std::str::from_utf8(term) {
                    *near.entry(term.to_owned()).or_default() += u64::from(info.doc_freq);
                }
            }
        }
        Ok(near)
    }

    /// The words that begin so, the commonest first, with how many products have them.
    pub fn completions(&self, beginning: &str) -> Result<Vec<(String, u64)>> {
        let mut words = HashMap::<String, u64>::new();
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(self.fields.written)?;
            let end = format!("{beginning}\u{10ffff}");
            let mut terms = index.terms().range().ge(beginning).lt(end).into_stream()?;
            while let Some((term, info)) = terms.next() {
                if let Ok(term) = std::str::from_utf8(term) {
                    *words.entry(term.to_owned()).or_default() += u64::from(info.doc_freq);
                }
            }
        }
        let mut words: Vec<_> = words.into_iter().collect();
        words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ok(words)
    }

    /// Whether a product in scope has the word.
    pub fn exists(&self, word: &str, scope: &Scope) -> Result<bool> {
        self.is_any(vec![written(self.fields.written, word)], scope)
    }
}
