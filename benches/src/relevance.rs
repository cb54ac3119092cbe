//! How well searches answer, by judgements over the demonstration's catalogue: nDCG@10, whether the best stand first;
//! recall@20, whether what is good is among the first twenty.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

/// A judged search.
#[derive(Debug)]
pub struct Judged {
    /// The words as a buyer types them.
    pub words: &'static str,
    /// What is the best answer, a good one, a fair one.
    grades: [Vec<Vec<Wanted>>; 3],
}

#[derive(Debug)]
enum Wanted {
    Name(&'static str),
    Place(&'static str),
    Category(&'static str),
    Description(&'static str),
}

/// A product, as judgements see it.
#[derive(Debug, Default)]
pub struct Thing {
    names: HashSet<String>,
    places: HashSet<String>,
    categories: HashSet<String>,
    descriptions: HashSet<String>,
}

/// How well one search or several were answered.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measures {
    /// Discounted gain of the first ten against that of the best ten there are.
    pub ndcg: f64,
    /// The share of the best and the good that are among the first twenty, of as many as could be.
    pub recall: f64,
}

/// All judged searches.
#[must_use]
pub fn judged() -> Vec<Judged> {
    let lines = include_str!("../data/relevance.tsv").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let words = columns.next()?;
            let mut grade = || columns.next().map(alternatives).unwrap_or_default();
            Some(Judged { words, grades: [grade(), grade(), grade()] })
        })
        .collect()
}

fn alternatives(column: &'static str) -> Vec<Vec<Wanted>> {
    let wanted = |word: &'static str| match word.split_at(word.len().min(1)) {
        ("@", place) => Wanted::Place(place),
        ("#", category) => Wanted::Category(category),
        ("~", word) => Wanted::Description(word),
        _ => Wanted::Name(word),
    };
    let all =
        column.split('|').map(|all| all.split_whitespace().filter(|word| *word != "-").map(wanted).collect());
    all.filter(|all: &Vec<_>| !all.is_empty()).collect()
}

impl Judged {
    /// 3 for the best answer, 2 for a good one, 1 for a fair one, else 0.
    #[must_use]
    pub fn grade(&self, thing: &Thing) -> u8 {
        let fits = |all: &Vec<Wanted>| {
            all.iter().all(|wanted| match wanted {
                Wanted::Name(word) => thing.names.contains(*word),
                Wanted::Place(word) => thing.places.contains(*word),
                Wanted::Category(slug) => thing.categories.contains(*slug),
                Wanted::Description(word) => thing.descriptions.contains(*word),
            })
        };
        let grades = [3, 2, 1].into_iter().zip(&self.grades);
        grades
            .filter(|(_, alternatives)| alternatives.iter().any(fits))
            .map(|(grade, _)| grade)
            .max()
            .unwrap_or(0)
    }

    /// How well these answers, the first one first, do among all things there are. None where nothing there is would be
    /// an answer.
    #[must_use]
    pub fn measure(
        &self,
        answers: &[&Thing],
        all: impl Iterator<Item = impl AsRef<Thing>>,
    ) -> Option<Measures> {
        let mut best: Vec<u8> =
            all.map(|thing| self.grade(thing.as_ref())).filter(|grade| *grade > 0).collect();
        best.sort_unstable_by(|a, b| b.cmp(a));
        let given: Vec<u8> = answers.iter().map(|thing| self.grade(thing)).collect();
        let gain = |grades: &[u8]| -> f64 {
            let gains = grades.iter().take(10).enumerate();
            gains.map(|(at, grade)| (f64::from(*grade).exp2() - 1.0) / (at as f64 + 2.0).log2()).sum()
        };
        let good = |grades: &[u8]| grades.iter().filter(|grade| **grade >= 2).count();
        let could = good(&best).min(20);
        if best.is_empty() {
            return None;
        }
        let recall = if could == 0 { 1.0 } else { good(&given[..given.len().min(20)]) as f64 / could as f64 };
        Some(Measures { ndcg: gain(&given) / gain(&best), recall })
    }
}

/// The mean of measures.
#[must_use]
pub fn mean(all: &[Measures]) -> Measures {
    let sum = all.iter().fold(Measures::default(), |sum, one| Measures {
        ndcg: sum.ndcg + one.ndcg,
        recall: sum.recall + one.recall,
    });
    let count = all.len().max(1) as f64;
    Measures { ndcg: sum.ndcg / count, recall: sum.recall / count }
}

fn words(text: &Value) -> impl Iterator<Item = String> + '_ {
    let text = text.as_str().unwrap_or_default();
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
    words.map(|word| word.replace('\'', "").to_lowercase())
}

/// The things of a storefront, by id, of its products in both languages and its categories, as the API lists them.
#[must_use]
pub fn things<'a>(
    products: impl IntoIterator<Item = &'a Value>,
    categories: &Value,
) -> BTreeMap<String, Box<Thing>> {
    let categories = categories["data"].as_array().into_iter().flatten();
    let parents: HashMap<_, _> = categories.map(|c| (c["slug"].as_str(), c["parent"].as_str())).collect();
    let mut things = BTreeMap::<String, Box<Thing>>::new();
    for product in products {
        let thing = things.entry(product["id"].as_str().unwrap_or_default().to_owned()).or_default();
        thing.names.extend(words(&product["name"]));
        thing.descriptions.extend(words(&product["description"]));
        let region = &product["region"];
        for place in [&region["name"], &region["province"]["name"], &product["merchant"]["name"]] {
            thing.places.extend(words(place));
        }
        let mut category = product["category"]["slug"].as_str();
        while let Some(slug) = category {
            thing.categories.insert(slug.to_owned());
            category = parents.get(&Some(slug)).copied().flatten();
        }
    }
    things
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn judgements_are_many_and_each_says_something() {
        let all = judged();
        assert!(all.len() >= 150, "{}", all.len());
        for one in &all {
            assert!(one.grades.iter().any(|grade| !grade.is_empty()), "{one:?}");
        }
    }

    #[test]
    fn the_right_order_is_worth_one_and_another_less() {
        let product = |id: &str, name: &str| json!({ "id": id, "name": name, "category": { "slug": "kopi" }, "merchant": { "name": "Ani" } });
        let products = [product("1", "Kopi Toraja"), product("2", "Kopi Gayo"), product("3", "Teh")];
        let categories = json!({ "data": [{ "slug": "kopi", "parent": "minuman" }] });
        let things = things(&products, &categories);
        let judged = judged().into_iter().find(|judged| judged.words == "kopi toraja").expect("it");
        let measure = |ids: &[&str]| {
            let answers: Vec<_> = ids.iter().map(|id| &*things[*id]).collect();
            judged.measure(&answers, things.values()).expect("answers")
        };
        assert_eq!(judged.grade(&things["1"]), 3);
        assert!((measure(&["1"]).ndcg - 1.0).abs() < 1e-9 && (measure(&["1"]).recall - 1.0).abs() < 1e-9);
        assert!(measure(&["2", "3", "1"]).ndcg < 0.6 && measure(&[]).recall < 1e-9);
    }
}
