//! Completion as the buyer types: words of products, and whole names of merchants, regions and categories.

use std::collections::HashMap;

use tantivy::query::{BooleanQuery, Occur, Query};

use crate::fields::{Named, PART};
use crate::index::{Index, Result};
use crate::query::{Asker, Scope, typed, written};
use crate::words::{folded, is_stop_word};

/// What is typed may be completed so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The whole text.
    pub text: String,
    /// The thing that has this name, with its slug or code; None for words of products.
    pub thing: Option<(Named, String)>,
}

/// Completions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggested {
    /// The likeliest first: words, then names.
    pub suggestions: Vec<Suggestion>,
    /// What was typed in the spelling that was completed, where it is another one.
    pub did_you_mean: Option<String>,
}

/// So many words that begin alike are looked up in the scope.
const TRIED: usize = 40;
/// So many names of one kind.
const NAMES: usize = 3;
/// So many names that begin alike are looked at: of a letter or two, those that come first in the alphabet.
const READ: usize = 1_000;

impl Index {
    /// Completes what was typed.
    pub fn suggest(&self, scope: &Scope, text: &str, limit: usize) -> Result<Suggested> {
        let searcher = self.searcher();
        let asker = Asker { fields: self.fields, searcher: &searcher };
        let words: Vec<_> = folded(text).take(12).collect();
        let suggestions = asker.complete(&words, scope, limit)?;
        if !suggestions.is_empty() || words.is_empty() {
            return Ok(Suggested { suggestions, did_you_mean: None });
        }
        let Some(corrected) = asker.corrected(&typed(text), scope)? else { return Ok(Suggested::default()) };
        let suggestions = asker.complete(&corrected, scope, limit)?;
        let did_you_mean = (!suggestions.is_empty()).then(|| corrected.join(" "));
        Ok(Suggested { suggestions, did_you_mean })
    }
}

impl Asker<'_> {
    fn complete(&self, words: &[String], scope: &Scope, limit: usize) -> Result<Vec<Suggestion>> {
        let Some((last, before)) = words.split_last() else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for named in Named::ALL {
            names.extend(self.names(named, &words.join(" "), scope)?);
        }
        // Names get their place, words what is left of it.
        names.truncate(limit);
        let room = limit - names.len().min(limit / 2);
        let mut suggestions = Vec::new();
        let begun: Vec<_> = before.iter().filter(|word| !is_stop_word(word)).collect();
        for (word, _) in
            self.completions(last)?.into_iter().filter(|(word, _)| !is_stop_word(word)).take(TRIED)
        {
            if suggestions.len() == room {
                break;
            }
            let all = begun.iter().map(|word| word.as_str()).chain([word.as_str()]);
            if self.is_any(all.map(|word| written(self.fields.written, word)).collect(), scope)? {
                let text =
                    before.iter().map(String::as_str).chain([word.as_str()]).collect::<Vec<_>>().join(" ");
                suggestions.push(Suggestion { text, thing: None });
            }
        }
        suggestions.extend(names);
        suggestions.truncate(limit);
        Ok(suggestions)
    }

    /// Names of one kind that begin so, or a word of which does; those of most products first.
    fn names(&self, named: Named, beginning: &str, scope: &Scope) -> Result<Vec<Suggestion>> {
        let beginning = format!("{}{beginning}", named.letter());
        let end = format!("{beginning}\u{10ffff}");
        // By name and address: the entries from different words on are of one thing.
        let mut things = HashMap::<String, (u64, String)>::new();
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(self.fields.entries)?;
            let mut entries = index.terms().range().ge(&beginning).lt(&end).into_stream()?;
            let mut read = 0;
            while let Some((entry, info)) = entries.next()
                && read < READ
            {
                read += 1;
                let Ok(entry) = std::str::from_utf8(entry) else { continue };
                let Some((_, thing)) = entry.split_once(PART) else { continue };
                match things.get_mut(thing) {
                    Some((count, known)) if known == entry => *count += u64::from(info.doc_freq),
                    Some(_) => {}
                    None => {
                        things.insert(thing.to_owned(), (u64::from(info.doc_freq), entry.to_owned()));
                    }
                }
            }
        }
        let mut things: Vec<_> = things.into_iter().collect();
        things.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
        let mut names = Vec::new();
        for (thing, (_, entry)) in things.into_iter().take(TRIED) {
            if names.len() < NAMES
                && let Some((name, address)) = thing.split_once(PART)
                && self.is_any(vec![written(self.fields.entries, &entry)], scope)?
            {
                names.push(Suggestion { text: name.to_owned(), thing: Some((named, address.to_owned())) });
            }
        }
        Ok(names)
    }

    /// Whether any product in scope fulfils all of these.
    pub fn is_any(&self, mut must: Vec<Box<dyn Query>>, scope: &Scope) -> Result<bool> {
        let mut never = Vec::new();
        self.in_scope(scope, &mut must, &mut never);
        let clauses = must.into_iter().map(|query| (Occur::Must, query));
        let never = never.into_iter().map(|query| (Occur::MustNot, query));
        Ok(self.count_up_to(&BooleanQuery::new(clauses.chain(never).collect()), 1)? > 0)
    }
}
