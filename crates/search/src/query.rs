//! Questions: filters, and words that are read ever more loosely until enough is found.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kapal_domain::ids::{AggregatorId, MerchantId, ProductId};
use kapal_domain::region::RegionCode;
use kapal_domain::search_weights::SearchWeights;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, EmptyQuery, Occur, Query, RangeQuery, TermQuery,
    TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, Term};

use crate::collect::{Counts, Facet, Pass, STEP, Standing, Sweep};
use crate::fields::{self, Fields, tag};
use crate::index::{Index, Result};
use crate::signals::Raise;
use crate::synonyms::Synonyms;
use crate::words::{folded, is_stop_word, stems};

/// More words than these make no search narrower in practice.
const MAX_WORDS: usize = 12;
/// With fewer hits than these the words are read more loosely.
pub const ENOUGH: u64 = 5;
/// So many words that begin alike are looked for.
const COMPLETED: usize = 50;
/// What stands in the name as it was typed counts so much more.
const IN_NAME: f32 = 0.6;
/// What was found by another word for the thing counts so much.
const BY_SYNONYM: f32 = 0.6;

/// Whose products are searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those of one aggregator.
    One(AggregatorId),
    /// Those of all but these.
    AllBut(Vec<AggregatorId>),
}

/// What a product must fulfil besides the words.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this category or below it, by slug.
    pub category: Option<String>,
    /// In these regions or below them, all of them.
    pub regions: Vec<RegionCode>,
    /// Of this merchant, by slug.
    pub merchant: Option<String>,
    /// Of this merchant, by id.
    pub merchant_id: Option<MerchantId>,
    /// At least this price, in minor units.
    pub min_price: Option<u64>,
    /// At most this price.
    pub max_price: Option<u64>,
    /// Mutiara, or none of them.
    pub mutiara: Option<bool>,
    /// At least so many stars.
    pub stars: Option<u8>,
    /// With a certificate of this kind.
    pub certificate: Option<String>,
    /// Of a merchant of this class of naik kelas.
    pub level: Option<String>,
}

impl Filter {
    /// Lets everything through.
    pub const ANY: Self = Self {
        category: None,
        regions: Vec::new(),
        merchant: None,
        merchant_id: None,
        min_price: None,
        max_price: None,
        mutiara: None,
        stars: None,
        certificate: None,
        level: None,
    };
}

/// A question.
pub struct Question<'a> {
    /// Whose products.
    pub scope: &'a Scope,
    /// The words, as they were typed; none asks for everything.
    pub text: &'a str,
    /// What must be fulfilled besides.
    pub filter: &'a Filter,
    /// Further words for the same things.
    pub synonyms: &'a Synonyms,
    /// How much what is known besides the words counts.
    pub weights: SearchWeights,
    /// Only what stands behind this.
    pub after: Option<Standing>,
    /// How many hits.
    pub limit: usize,
    /// What is counted.
    pub facets: &'a [Facet],
    /// The time, for what is fresh.
    pub now: DateTime<Utc>,
}

/// A way in which words were read more loosely than they were typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relaxed {
    /// A word was read as another that is spelt alike.
    Spelling,
    /// The last word was read as the beginning of one.
    Prefix,
    /// Not all words needed to occur.
    AnyWord,
}

impl Relaxed {
    /// Its public name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spelling => "spelling",
            Self::Prefix => "prefix",
            Self::AnyWord => "any_word",
        }
    }
}

/// A product that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Whose it is.
    pub aggregator: AggregatorId,
    /// Its id.
    pub product: ProductId,
    /// Where it stands.
    pub standing: Standing,
}

/// An answer.
#[derive(Debug, Default)]
pub struct Found {
    /// The best first.
    pub hits: Vec<Hit>,
    /// How many there are in all.
    pub total: u64,
    /// Whether the words find anything as they were typed.
    pub is_exact: bool,
    /// How the words were read.
    pub relaxed: Vec<Relaxed>,
    /// The words in the spelling that finds something, where it is another one.
    pub did_you_mean: Option<String>,
    /// How many there are of each kind.
    pub counts: Counts,
    /// What is marked in texts: the stems that were looked for.
    pub marks: Marks,
}

/// The stems that were looked for.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    pub(crate) stems: std::collections::HashSet<String>,
    /// The beginning of the last word, where it was completed.
    pub(crate) prefix: Option<String>,
}

impl Index {
    /// Answers a question. This computes: not for a thread that many wait for.
    pub fn search(&self, question: &Question<'_>) -> Result<Found> {
        let searcher = self.searcher();
        let asker = Asker { fields: self.fields, searcher: &searcher };
        let typed = typed(question.text);
        let mut found = Found::default();
        let mut readings = asker.readings(question, &typed, &mut found)?;
        let words: Box<dyn Query> = match readings.len() {
            0 => Box::new(AllQuery),
            1 => readings.remove(0),
            _ => Box::new(BooleanQuery::union(readings)),
        };
        let raise = Arc::new(Raise::new(&question.weights, question.now));
        // Scores shift as products come and go: a page goes on behind where its last product stands now.
        let after = match question.after {
            None => None,
            Some(after) => {
                let last = plain(self.fields.of_product(after.id.into()));
                let query = BooleanQuery::intersection(vec![words.box_clone(), last]);
                let sweep = Sweep { best: 1, after: None, facets: &[], raise: raise.clone() };
                let now = searcher.search(&query, &sweep)?;
                Some(now.best.first().map_or(after, |ranked| ranked.standing))
            }
        };
        let pass = |leave: Option<Facet>, facets: &[Facet], best: usize| -> Result<Pass> {
            let sweep = Sweep { best, after, facets, raise: raise.clone() };
            let query = asker.filtered(words.box_clone(), question, leave);
            Ok(searcher.search(&query, &sweep)?)
        };
        // A facet counts what there would be with another value of it: so its own filter is left out.
        let (own, plain): (Vec<_>, Vec<_>) =
            question.facets.iter().copied().partition(|facet| question.filter.narrows(*facet));
        let main = pass(None, &plain, question.limit)?;
        found.counts = main.counts;
        for facet in own {
            found.counts.add(pass(Some(facet), &[facet], 0)?.counts);
        }
        found.total = main.total;
        found.hits = main
            .best
            .iter()
            .filter_map(|ranked| {
                let aggregator = fields::aggregator(&ranked.aggregator)?;
                Some(Hit { aggregator, product: ranked.standing.id.into(), standing: ranked.standing })
            })
            .collect();
        Ok(found)
    }
}

impl Filter {
    fn narrows(&self, facet: Facet) -> bool {
        match facet {
            Facet::Category => self.category.is_some(),
            Facet::Province => !self.regions.is_empty(),
            Facet::Price => self.min_price.is_some() || self.max_price.is_some(),
            Facet::Certificate => self.certificate.is_some(),
            Facet::Stars => self.stars.is_some(),
        }
    }
}

/// The words that are looked for. Where there are none but stop words, they are what is meant.
pub(crate) fn typed(text: &str) -> Vec<String> {
    let all: Vec<_> = folded(text).take(4 * MAX_WORDS).collect();
    let mut telling: Vec<_> = all.iter().filter(|word| !is_stop_word(word)).cloned().collect();
    if telling.is_empty() {
        telling = all;
    }
    telling.truncate(MAX_WORDS);
    telling
}

/// A searcher with what is asked of it.
pub(crate) struct Asker<'a> {
    pub fields: Fields,
    pub searcher: &'a Searcher,
}

impl Asker<'_> {
    /// The ways in which the words are read: as they are, and more loosely as long as too little is found. None for no
    /// words.
    fn readings(
        &self,
        question: &Question<'_>,
        typed: &[String],
        found: &mut Found,
    ) -> Result<Vec<Box<dyn Query>>> {
        if typed.is_empty() {
            return Ok(match question.text.trim().is_empty() {
                true => Vec::new(),
                // Signs alone, such as a picture: a question that nothing answers.
                false => vec![Box::new(EmptyQuery)],
            });
        }
        let strict = self.all_of(typed, question.synonyms, &mut found.marks);
        let mut readings = Readings { asker: self, question, all: vec![strict], count: 0 };
        readings.count = self.count(&readings.all, question)?;
        found.is_exact = readings.count > 0;
        if readings.count >= ENOUGH {
            return Ok(readings.all);
        }
        let mut words = typed;
        let corrected = self.corrected(typed, question.scope)?;
        if let Some(corrected) = &corrected {
            let mut marks = found.marks.clone();
            if readings.widen(self.all_of(corrected, question.synonyms, &mut marks))? {
                found.relaxed.push(Relaxed::Spelling);
                found.did_you_mean = Some(corrected.join(" "));
                found.marks = marks;
                words = corrected;
            }
        }
        if readings.count < ENOUGH
            && let Some((last, before)) = typed.split_last()
            && let Some(completed) = self.beginning_with(last)?
        {
            let mut marks = found.marks.clone();
            let mut all = vec![completed];
            if !before.is_empty() {
                all.push(self.all_of(before, question.synonyms, &mut marks));
            }
            if readings.widen(Box::new(BooleanQuery::intersection(all)))? {
                found.relaxed.push(Relaxed::Prefix);
                found.marks = Marks { prefix: Some(last.clone()), ..marks };
            }
        }
        if readings.count < ENOUGH && words.len() > 1 {
            let mut marks = found.marks.clone();
            let any = words.iter().map(std::slice::from_ref);
            let any = any.map(|word| self.all_of(word, question.synonyms, &mut marks)).collect();
            if readings.widen(Box::new(BooleanQuery::union(any)))? {
                found.relaxed.push(Relaxed::AnyWord);
                found.marks = marks;
            }
        }
        Ok(readings.in_order())
    }

    /// How many products all readings find together; [`ENOUGH`] is as good as more.
    fn count(&self, readings: &[Box<dyn Query>], question: &Question<'_>) -> Result<u64> {
        let readings = readings.iter().map(|reading| reading.box_clone()).collect();
        let query = self.filtered(Box::new(BooleanQuery::union(readings)), question, None);
        self.count_up_to(&query, ENOUGH)
    }

    /// How many products a query finds, counted no further than `most`.
    pub fn count_up_to(&self, query: &dyn Query, most: u64) -> Result<u64> {
        let weight = query.weight(tantivy::query::EnableScoring::disabled_from_searcher(self.searcher))?;
        let mut count = 0;
        for segment in self.searcher.segment_readers() {
            let mut matching = weight.scorer(segment, 1.0)?;
            while matching.doc() != tantivy::TERMINATED {
                if !segment.is_deleted(matching.doc()) {
                    count += 1;
                    if count >= most {
                        return Ok(count);
                    }
                }
                matching.advance();
            }
        }
        Ok(count)
    }

    /// All words, each by its stems or by another word for it.
    fn all_of(&self, words: &[String], synonyms: &Synonyms, marks: &mut Marks) -> Box<dyn Query> {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for sense in synonyms.senses(words) {
            let mut ways = Vec::new();
            ways.push(self.each_by_stem(sense.words, marks));
            for other in &sense.others {
                ways.push(
                    Box::new(BoostQuery::new(self.each_by_stem(other, marks), BY_SYNONYM)) as Box<dyn Query>
                );
            }
            clauses.push((Occur::Must, one_of(ways)));
            for word in sense.words {
                let written = TermQuery::new(
                    Term::from_field_text(self.fields.name, word),
                    IndexRecordOption::WithFreqs,
                );
                clauses.push((Occur::Should, Box::new(BoostQuery::new(Box::new(written), IN_NAME))));
            }
        }
        Box::new(BooleanQuery::new(clauses))
    }

    fn each_by_stem(&self, words: &[String], marks: &mut Marks) -> Box<dyn Query> {
        let each = words.iter().map(|word| {
            let stems = stems(word);
            marks.stems.extend(stems.iter().cloned());
            one_of(stems.iter().map(|stem| self.stem(stem)).collect())
        });
        let mut each: Vec<_> = each.collect();
        if each.len() == 1 { each.remove(0) } else { Box::new(BooleanQuery::intersection(each)) }
    }

    fn stem(&self, stem: &str) -> Box<dyn Query> {
        let term = Term::from_field_text(self.fields.stems, stem);
        Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
    }

    /// Any of the commonest words that begin so.
    fn beginning_with(&self, beginning: &str) -> Result<Option<Box<dyn Query>>> {
        let mut words = self.completions(beginning)?;
        words.truncate(COMPLETED);
        let terms = words.iter().map(|(word, _)| Term::from_field_text(self.fields.written, word));
        let terms: Vec<_> = terms.collect();
        Ok((!terms.is_empty()).then(|| Box::new(TermSetQuery::new(terms)) as Box<dyn Query>))
    }

    /// Only what is in scope and fulfils the filters, but for that of one facet.
    fn filtered(
        &self,
        words: Box<dyn Query>,
        question: &Question<'_>,
        leave: Option<Facet>,
    ) -> Box<dyn Query> {
        let filter = question.filter;
        let fields = &self.fields;
        let mut must: Vec<Box<dyn Query>> = Vec::new();
        let mut never: Vec<Box<dyn Query>> = Vec::new();
        self.in_scope(question.scope, &mut must, &mut never);
        let tagged = |word: String| plain(Term::from_field_text(fields.tags, &word));
        let kept = |facet| leave != Some(facet);
        if let Some(slug) = filter.category.as_deref().filter(|_| kept(Facet::Category)) {
            must.push(tagged(tag::category(slug)));
        }
        for region in filter.regions.iter().filter(|_| kept(Facet::Province)) {
            must.push(tagged(tag::region(region.as_str())));
        }
        must.extend(filter.merchant.as_deref().map(|slug| tagged(tag::merchant(slug))));
        must.extend(filter.merchant_id.map(|id| plain(fields.of_merchant(id))));
        if (filter.min_price.is_some() || filter.max_price.is_some()) && kept(Facet::Price) {
            let bound = |price: Option<u64>| {
                use std::ops::Bound::{Included, Unbounded};
                price.map_or(Unbounded, |price| Included(Term::from_field_u64(fields.price, price)))
            };
            let range = RangeQuery::new(bound(filter.min_price), bound(filter.max_price));
            must.push(Box::new(ConstScoreQuery::new(Box::new(range), 0.0)));
        }
        match filter.mutiara {
            Some(true) => must.push(tagged(tag::MUTIARA.to_owned())),
            Some(false) => never.push(tagged(tag::MUTIARA.to_owned())),
            None => {}
        }
        must.extend(filter.stars.filter(|_| kept(Facet::Stars)).map(|stars| tagged(tag::stars(stars))));
        must.extend(filter.level.as_deref().map(|level| tagged(tag::level(level))));
        if let Some(kind) = filter.certificate.as_deref().filter(|_| kept(Facet::Certificate)) {
            must.push(tagged(tag::certificate(kind)));
        }
        if must.is_empty() && never.is_empty() {
            return words;
        }
        must.push(words);
        let clauses = must.into_iter().map(|query| (Occur::Must, query));
        Box::new(BooleanQuery::new(
            clauses.chain(never.into_iter().map(|query| (Occur::MustNot, query))).collect(),
        ))
    }

    /// What a product of the scope must be, and mustn't.
    pub fn in_scope(&self, scope: &Scope, must: &mut Vec<Box<dyn Query>>, never: &mut Vec<Box<dyn Query>>) {
        match scope {
            Scope::One(aggregator) => must.push(plain(self.fields.of_aggregator(*aggregator))),
            Scope::AllBut(hidden) => {
                let terms = hidden.iter().map(|aggregator| self.fields.of_aggregator(*aggregator));
                let there = terms.filter(|term| self.searcher.doc_freq(term).is_ok_and(|count| count > 0));
                never.extend(there.map(plain));
            }
        }
    }
}

/// The readings so far, the strictest first.
struct Readings<'a> {
    asker: &'a Asker<'a>,
    question: &'a Question<'a>,
    all: Vec<Box<dyn Query>>,
    count: u64,
}

impl Readings<'_> {
    /// Takes a reading in if it finds what the others don't.
    fn widen(&mut self, reading: Box<dyn Query>) -> Result<bool> {
        self.all.push(reading);
        let count = self.asker.count(&self.all, self.question)?;
        let is_wider = count > self.count;
        if !is_wider {
            self.all.pop();
        }
        self.count = count;
        Ok(is_wider)
    }

    /// The readings, such that what an earlier one finds stands before what only later ones find.
    fn in_order(self) -> Vec<Box<dyn Query>> {
        let all = self.all.len();
        if all == 1 {
            return self.all;
        }
        // Doubled at each: what several readings find is still in front of what stricter ones don't.
        let steps =
            (0..all).rev().map(|later| if later == 0 { 0.0 } else { STEP * (1_u16 << (later - 1)) as f32 });
        let at = |(reading, step): (Box<dyn Query>, f32)| -> Box<dyn Query> {
            let base: Box<dyn Query> = Box::new(ConstScoreQuery::new(Box::new(AllQuery), step));
            Box::new(BooleanQuery::intersection(vec![reading, base]))
        };
        self.all.into_iter().zip(steps).map(at).collect()
    }
}

/// A condition, which scores nothing.
fn plain(term: Term) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(Box::new(TermQuery::new(term, IndexRecordOption::Basic)), 0.0))
}

/// The term of a written word.
pub(crate) fn written(field: Field, word: &str) -> Box<dyn Query> {
    plain(Term::from_field_text(field, word))
}

fn one_of(mut ways: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    if ways.len() == 1 { ways.remove(0) } else { Box::new(BooleanQuery::union(ways)) }
}
