//! Rules of collections: what a published product must be to belong to one, in which order, and how many at most.

use chrono::{DateTime, Days, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::code::Code;
use crate::faults::Faults;
use crate::ids::{CategoryId, CollectionId};
use crate::level::Level;
use crate::money::{Currency, Money};
use crate::product_certificate::CertificateKind;
use crate::region::RegionCode;
use crate::slug::Slug;
use crate::text::choices;

/// The most products that a rule takes in.
pub const MAX_LIMIT: u16 = 200;

/// The most values of one criterion.
pub const MAX_VALUES: usize = 20;

/// The most collections that one rule names.
pub const MAX_NAMED: usize = 5;

/// The most collections that stand one behind the other, each named by the rule of the one before it.
pub const MAX_DEPTH: i64 = 3;

/// The oldest that something new may be, in days.
pub const MAX_NEW_DAYS: u16 = 365;

/// Whose midnight makes what is new a day older.
const ZONE: Tz = Tz::Asia__Jakarta;

choices! {
    /// The order of a rule's products: of equal stars the newest first, else by id.
    pub enum RuleSort {
        /// The newest first.
        Newest = "newest",
        /// The cheapest first.
        Cheapest = "price",
        /// The dearest first.
        Dearest = "-price",
        /// By name, in the language that is asked for.
        Name = "name",
        /// The most stars first; what has none comes last.
        Stars = "stars",
    }
}

/// A rule: a product belongs when it meets every criterion that is there, each by any one of its values. Made by
/// [`RuleText::parse`] alone, so at least one criterion is there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// In one of these or below it.
    pub categories: Vec<CategoryId>,
    /// Made in one of these or below it, at any level.
    pub regions: Vec<RegionCode>,
    /// At least this price.
    pub price_from: Option<Money>,
    /// At most this price.
    pub price_to: Option<Money>,
    /// With a permit or certificate of one of these kinds that holds.
    pub certificates: Vec<CertificateKind>,
    /// At least as many stars.
    pub stars: Option<u8>,
    /// Mutiara alone.
    pub mutiara: bool,
    /// Published within so many days.
    pub new_days: Option<u16>,
    /// With one of these tags.
    pub tags: Vec<Slug>,
    /// Of a merchant of one of these classes.
    pub levels: Vec<Level>,
    /// In one of these collections, whether those are shown themselves or not.
    pub collections: Vec<CollectionId>,
    /// The order.
    pub sort: RuleSort,
    /// How many at most.
    pub limit: u16,
}

/// A rule as it is sent and stored: loose types, one form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleText {
    /// See [`Rule`], as all of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Regions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// At least this price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_from: Option<PriceText>,
    /// At most this price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_to: Option<PriceText>,
    /// Kinds of permits and certificates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<String>,
    /// Stars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stars: Option<i64>,
    /// Mutiara alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mutiara: bool,
    /// Days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_days: Option<i64>,
    /// Tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Classes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<String>,
    /// Collections.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<String>,
    /// The order; the newest first where it is left away.
    pub sort: Option<String>,
    /// How many at most; [`MAX_LIMIT`] where it is left away.
    pub limit: Option<i64>,
}

/// A price in loose types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceText {
    /// Decimal text.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
}

impl RuleText {
    /// The rule, or all that is wrong with it.
    pub fn parse(&self) -> Result<Rule, Faults> {
        let mut faults = Faults::default();
        let price = |price: &PriceText| {
            Currency::parse(&price.currency).and_then(|currency| Money::parse(&price.amount, currency))
        };
        let rule = Rule {
            categories: values(&mut faults, "/categories", &self.categories, MAX_VALUES, id),
            regions: values(&mut faults, "/regions", &self.regions, MAX_VALUES, RegionCode::parse),
            price_from: one(&mut faults, "/price_from", self.price_from.as_ref().map(price)),
            price_to: one(&mut faults, "/price_to", self.price_to.as_ref().map(price)),
            certificates: values(
                &mut faults,
                "/certificates",
                &self.certificates,
                MAX_VALUES,
                CertificateKind::parse,
            ),
            stars: one(&mut faults, "/stars", self.stars.map(|n| within(n, 1, 5))),
            mutiara: self.mutiara,
            new_days: one(&mut faults, "/new_days", self.new_days.map(|n| within(n, 1, MAX_NEW_DAYS))),
            tags: values(&mut faults, "/tags", &self.tags, MAX_VALUES, Slug::parse),
            levels: values(&mut faults, "/levels", &self.levels, MAX_VALUES, Level::parse),
            collections: values(&mut faults, "/collections", &self.collections, MAX_NAMED, id),
            sort: one(&mut faults, "/sort", self.sort.as_deref().map(RuleSort::parse))
                .unwrap_or(RuleSort::Newest),
            limit: one(&mut faults, "/limit", self.limit.map(|n| within(n, 1, MAX_LIMIT)))
                .unwrap_or(MAX_LIMIT),
        };
        if let (Some(from), Some(to)) = (rule.price_from, rule.price_to)
            && (from.currency() != to.currency() || from.minor() > to.minor())
        {
            faults.add("/price_to", Code::RuleContradictory);
        }
        faults.finish()?;
        if rule.is_empty() { Err(fault("", Code::RuleEmpty)) } else { Ok(rule) }
    }
}

impl Rule {
    fn is_empty(&self) -> bool {
        self.categories.is_empty()
            && self.regions.is_empty()
            && self.price_from.is_none()
            && self.price_to.is_none()
            && self.certificates.is_empty()
            && self.stars.is_none()
            && !self.mutiara
            && self.new_days.is_none()
            && self.tags.is_empty()
            && self.levels.is_empty()
            && self.collections.is_empty()
    }

    /// The rule as it is sent and stored.
    #[must_use]
    pub fn text(&self) -> RuleText {
        let price = |price: Money| PriceText {
            amount: price.to_decimal(),
            currency: price.currency().as_str().to_owned(),
        };
        RuleText {
            categories: self.categories.iter().map(CategoryId::to_string).collect(),
            regions: texts(self.regions.iter().map(RegionCode::as_str)),
            price_from: self.price_from.map(price),
            price_to: self.price_to.map(price),
            certificates: texts(self.certificates.iter().map(|kind| kind.as_str())),
            stars: self.stars.map(i64::from),
            mutiara: self.mutiara,
            new_days: self.new_days.map(i64::from),
            tags: texts(self.tags.iter().map(Slug::as_str)),
            levels: texts(self.levels.iter().map(|level| level.as_str())),
            collections: self.collections.iter().map(CollectionId::to_string).collect(),
            sort: Some(self.sort.as_str().to_owned()),
            limit: Some(i64::from(self.limit)),
        }
    }

    /// Since when a product must be published to be new at a moment; None where the rule does not ask. It counts whole
    /// days of Jakarta, so that the answer changes at midnight and at no other time.
    #[must_use]
    pub fn new_from(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.new_days.map(|days| midnight(now, |today| today.checked_sub_days(Days::new(days.into()))))
    }

    /// When what is new is next a day older; None where the rule does not ask.
    #[must_use]
    pub fn next_turn(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.new_days.map(|_| next_midnight(now))
    }
}

/// The midnight of Jakarta after a moment: when rules that ask what is new turn.
#[must_use]
pub fn next_midnight(now: DateTime<Utc>) -> DateTime<Utc> {
    midnight(now, |today| today.succ_opt())
}

/// The midnight at which a day begins that is counted from a moment's own. Jakarta has no summer time.
fn midnight(
    now: DateTime<Utc>,
    day: impl FnOnce(chrono::NaiveDate) -> Option<chrono::NaiveDate>,
) -> DateTime<Utc> {
    let today = now.with_timezone(&ZONE).date_naive();
    let start = day(today).unwrap_or(today).and_time(NaiveTime::MIN);
    ZONE.from_local_datetime(&start).earliest().map_or_else(|| start.and_utc(), |at| at.to_utc())
}

fn id<T: From<Uuid>>(text: &str) -> Result<T, Code> {
    Uuid::try_parse(text).map(T::from).map_err(|_| Code::InvalidId)
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    values.map(str::to_owned).collect()
}

fn within<T: TryFrom<i64> + Into<i64> + Copy>(number: i64, least: T, most: T) -> Result<T, Code> {
    let is_in = (least.into()..=most.into()).contains(&number);
    T::try_from(number).ok().filter(|_| is_in).ok_or(Code::OutOfRange)
}

fn one<T>(faults: &mut Faults, pointer: &str, parsed: Option<Result<T, Code>>) -> Option<T> {
    faults.take_optional(pointer, parsed).flatten()
}

/// Different values, in the order in which they came, so that what is wrong with one is told at its place.
fn values<T: PartialEq>(
    faults: &mut Faults,
    pointer: &str,
    texts: &[String],
    most: usize,
    parse: impl Fn(&str) -> Result<T, Code>,
) -> Vec<T> {
    let mut values = Vec::new();
    if texts.len() > most {
        faults.add(pointer, Code::TooLong);
        return values;
    }
    for (at, text) in texts.iter().enumerate() {
        let value =
            parse(text).and_then(|v| if values.contains(&v) { Err(Code::DuplicateEntry) } else { Ok(v) });
        values.extend(faults.take(format!("{pointer}/{at}"), value));
    }
    values
}

fn fault(pointer: &str, code: Code) -> Faults {
    let mut faults = Faults::default();
    faults.add(pointer, code);
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(change: impl FnOnce(&mut RuleText)) -> Result<Rule, Vec<(String, Code)>> {
        let mut text = RuleText::default();
        change(&mut text);
        let named = |faults: Faults| faults.into_vec().into_iter().map(|f| (f.pointer, f.code)).collect();
        text.parse().map_err(named)
    }

    fn price(amount: &str, currency: &str) -> Option<PriceText> {
        Some(PriceText { amount: amount.into(), currency: currency.into() })
    }

    #[test]
    fn a_rule_asks_for_something() {
        assert_eq!(parse(|_| ()), Err(vec![(String::new(), Code::RuleEmpty)]));
        let only_order = parse(|r| (r.sort, r.limit) = (Some("price".into()), Some(3)));
        assert_eq!(only_order, Err(vec![(String::new(), Code::RuleEmpty)]));
        let rule = parse(|r| r.mutiara = true).unwrap();
        assert_eq!((rule.sort, rule.limit), (RuleSort::Newest, MAX_LIMIT));
    }

    #[test]
    fn prices_leave_something_between_them() {
        let contradictory = Err(vec![("/price_to".to_owned(), Code::RuleContradictory)]);
        let between = |from, to| parse(|r| (r.price_from, r.price_to) = (from, to));
        assert_eq!(between(price("2", "IDR"), price("1", "IDR")), contradictory);
        assert_eq!(between(price("1", "IDR"), price("2", "USD")), contradictory);
        assert!(between(price("1", "IDR"), price("1", "IDR")).is_ok());
        assert!(between(None, price("0", "IDR")).is_ok());
    }

    #[test]
    fn every_bad_value_is_named_at_its_place() {
        let bad = parse(|r| {
            r.categories = vec!["x".into()];
            r.regions = vec!["53".into(), "99.1".into(), "53".into()];
            r.price_from = price("1.234", "IDR");
            r.certificates = vec!["iso".into()];
            r.stars = Some(6);
            r.new_days = Some(0);
            r.tags = vec!["Not a tag".into()];
            r.levels = vec!["best".into()];
            r.collections = vec![Uuid::nil().to_string(); MAX_NAMED + 1];
            r.sort = Some("random".into());
            r.limit = Some(201);
        });
        let codes: Vec<_> = bad.unwrap_err();
        let codes: Vec<_> = codes.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
        assert_eq!(
            codes,
            [
                ("/categories/0", Code::InvalidId),
                ("/regions/1", Code::InvalidRegion),
                ("/regions/2", Code::DuplicateEntry),
                ("/price_from", Code::InvalidMoney),
                ("/certificates/0", Code::InvalidChoice),
                ("/stars", Code::OutOfRange),
                ("/new_days", Code::OutOfRange),
                ("/tags/0", Code::InvalidSlug),
                ("/levels/0", Code::InvalidChoice),
                ("/collections", Code::TooLong),
                ("/sort", Code::InvalidChoice),
                ("/limit", Code::OutOfRange),
            ]
        );
    }

    #[test]
    fn what_is_new_ages_at_midnight_in_jakarta() {
        let rule = parse(|r| r.new_days = Some(2)).unwrap();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        // 23:30 and 00:30 on the clocks of Jakarta.
        let (late, early) = (at("2026-11-24T16:30:00Z"), at("2026-11-24T17:30:00Z"));
        assert_eq!(rule.new_from(late), Some(at("2026-11-21T17:00:00Z")));
        assert_eq!(rule.new_from(early), Some(at("2026-11-22T17:00:00Z")));
        assert_eq!(rule.next_turn(late), Some(at("2026-11-24T17:00:00Z")));
        assert_eq!(rule.next_turn(early), Some(at("2026-11-25T17:00:00Z")));
        let timeless = parse(|r| r.mutiara = true).unwrap();
        assert_eq!((timeless.new_from(late), timeless.next_turn(late)), (None, None));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            stars in proptest::option::of(1..=5_i64), days in proptest::option::of(1..=365_i64), mutiara in any::<bool>(),
            tags in proptest::collection::hash_set("[a-z]{2,8}", 0..5), amount in proptest::option::of(0..1_000_000_u32),
            sort in proptest::sample::select(RuleSort::ALL), limit in 1..=200_i64,
        ) {
            let text = RuleText {
                stars, new_days: days, mutiara, tags: tags.into_iter().collect(),
                price_from: amount.and_then(|amount| price(&amount.to_string(), "IDR")),
                sort: Some(sort.to_string()), limit: Some(limit), ..RuleText::default()
            };
            if let Ok(rule) = text.parse() {
                prop_assert_eq!(rule.text(), text.clone());
                prop_assert_eq!(rule.text().parse(), Ok(rule));
            }
        }
    }
}
