//! What the demonstration will be, as plain data that is the same at each run: nothing here knows a database.

mod course;
mod data;
mod details;
mod goods;
mod houses;
mod mentoring;
mod profile;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use kapal_domain::Code;
use kapal_domain::aggregator::{AggregatorName, AggregatorStatus};
use kapal_domain::channel::Handle;
use kapal_domain::collection_rule::Rule;
use kapal_domain::lead::{LeadNote, LeadSource, LeadStatus};
use kapal_domain::locale::{Bilingual, Locale};
use kapal_domain::media::AltText;
use kapal_domain::merchant::{LegalName, MerchantName, MerchantStatus, Nib, Scale, Story};
use kapal_domain::nomination::{Advice, Decision, Reason};
use kapal_domain::onboarding::RequestReason;
use kapal_domain::permission::Role;
use kapal_domain::phone::Phone;
use kapal_domain::product::{ProductDescription, ProductName, ProductStatus, VariantName};
use kapal_domain::region::RegionCode;
use kapal_domain::slug::Slug;
use kapal_domain::user::{Email, PersonName};
use kapal_pictures::Motif;

use super::chance::Chance;
use data::Data;
pub use details::{Known, value_key};
pub use mentoring::{Assessed, Mentoring, PLACES, Programme, Visit};
pub use profile::{Fate, Paper, Profile};

/// Districts by the code of their regency.
pub type Districts = BTreeMap<String, Vec<District>>;

/// A district.
#[derive(Debug, Clone, PartialEq)]
pub struct District {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Degrees north and east.
    pub place: (f64, f64),
}

/// Everything that is to be made.
#[derive(Debug)]
pub struct Plan {
    /// The aggregators.
    pub aggregators: Vec<Aggregator>,
    /// Who runs the platform.
    pub operator: Person,
}

/// An aggregator with all that is in it.
#[derive(Debug)]
pub struct Aggregator {
    /// Its part of public addresses.
    pub slug: Slug,
    /// Its name.
    pub name: AggregatorName,
    /// The state that it comes to.
    pub status: AggregatorStatus,
    /// `#rrggbb`.
    pub colour: String,
    /// What it is.
    pub description: Bilingual<String>,
    /// Who works for it, one account per place of [`STAFF`].
    pub staff: Vec<Person>,
    /// Its merchants. The first [`Aggregator::assigned`] are brought in by the first local hero, the very first has an
    /// account.
    pub merchants: Vec<Merchant>,
    /// How many merchants the first local hero brings in.
    pub assigned: usize,
    /// What the local heroes do, and what comes of it.
    pub mentoring: Mentoring,
    /// Its collections.
    pub collections: Vec<Collection>,
    /// Buyers' contacts.
    pub leads: Vec<Lead>,
}

impl Aggregator {
    /// Its products in order, each with the place of its merchant: other parts name products by their place here.
    pub fn products(&self) -> impl Iterator<Item = (usize, &Product)> {
        self.merchants.iter().enumerate().flat_map(|(at, m)| m.products.iter().map(move |p| (at, p)))
    }

    /// The places of the products whose nomination is accepted.
    pub fn mutiara(&self) -> Vec<usize> {
        let products = self.products().enumerate();
        products
            .filter(|(_, (_, p))| matches!(&p.course, Some(c) if c.is_accepted()))
            .map(|(at, _)| at)
            .collect()
    }
}

/// The accounts of an aggregator: the first part of the address, and the role.
pub const STAFF: [(&str, Role); 8] = [
    ("owner", Role::Owner),
    ("admin", Role::Admin),
    ("curator", Role::Curator),
    ("curator2", Role::Curator),
    ("manager", Role::MerchantManager),
    ("analyst", Role::Analyst),
    ("hero", Role::LocalHero),
    ("merchant", Role::Merchant),
];

/// The PIN with which every mentored merchant confirms visits.
pub const PIN: &str = "402817";

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Person {
    /// The address.
    pub email: Email,
    /// The name.
    pub name: PersonName,
}

/// A merchant with its products.
#[derive(Debug)]
pub struct Merchant {
    /// Its name.
    pub name: MerchantName,
    /// Its name on papers.
    pub legal_name: Option<LegalName>,
    /// A district.
    pub region: RegionCode,
    /// Its size.
    pub scale: Scale,
    /// Its business number.
    pub nib: Option<Nib>,
    /// Its number.
    pub phone: Phone,
    /// What it tells of itself.
    pub story: Story,
    /// What it tells besides.
    pub profile: Profile,
    /// The documents that it has besides those that its products need.
    pub papers: Vec<Paper>,
    /// Whether a document that its products need ends today: they are shown no more.
    pub lapses: bool,
    /// Where it can be reached.
    pub channels: Vec<Handle>,
    /// The state that it comes to.
    pub status: MerchantStatus,
    /// Why it is in that state, where staff gave a reason.
    pub reason: Option<String>,
    /// The fields that a reviewer wants changed, as JSON pointers, with why.
    pub requests: Vec<(&'static str, RequestReason)>,
    /// What it sells.
    pub products: Vec<Product>,
}

/// A product.
#[derive(Debug)]
pub struct Product {
    /// The slug of its category.
    pub category: &'static str,
    /// Its name.
    pub name: Bilingual<ProductName>,
    /// Its description.
    pub description: Bilingual<ProductDescription>,
    /// What can be bought.
    pub variants: Vec<Variant>,
    /// What is known of it besides.
    pub known: Known,
    /// Its pictures, with what they show.
    pub pictures: Vec<(Motif, Bilingual<AltText>)>,
    /// The state that it comes to.
    pub status: ProductStatus,
    /// Why it is in that state, where staff gave a reason.
    pub reason: Option<String>,
    /// What became of its nomination, where it has one.
    pub course: Option<Course>,
}

/// One thing that can be bought.
#[derive(Debug)]
pub struct Variant {
    /// What tells it from its sisters.
    pub name: VariantName,
    /// Rupiah.
    pub price: i64,
    /// Pieces.
    pub stock: i64,
    /// How it is sent.
    pub package: Package,
}

/// What a variant weighs and measures when it is sent.
#[derive(Debug)]
pub struct Package {
    /// Grams.
    pub weight_grams: i32,
    /// Millimetres, the longest side first.
    pub size_mm: [i32; 3],
}

/// A nomination, from its reason to as far as it came.
#[derive(Debug)]
pub struct Course {
    /// Why it is nominated.
    pub reason: Reason,
    /// What the curators gave, and where they were too far apart the owner, in the order of the rubric's criteria, and what they thought.
    pub scores: Vec<([u8; 6], String)>,
    /// How it ended.
    pub end: Option<End>,
}

/// How a nomination ended.
#[derive(Debug)]
pub enum End {
    /// It was decided, with what to do next.
    Decided(Decision, Reason, Vec<Advice>),
    /// It was declined, with what to do next, and appealed with a reason; one reviewer has scored anew.
    Appealed(Reason, Vec<Advice>, Reason),
    /// It was taken back.
    Withdrawn,
}

impl Course {
    /// Whether the product became mutiara.
    pub fn is_accepted(&self) -> bool {
        matches!(self.end, Some(End::Decided(Decision::Accept, ..)))
    }
}

/// A collection.
#[derive(Debug)]
pub struct Collection {
    /// Its title.
    pub title: Bilingual<String>,
    /// What it is about.
    pub intro: Bilingual<String>,
    /// The days from now at which it begins and ends.
    pub days: (i64, Option<i64>),
    /// What belongs to it.
    pub shelf: Shelf,
}

/// What belongs to a collection.
#[derive(Debug)]
pub enum Shelf {
    /// Products by their places.
    ByHand(Vec<usize>),
    /// What meets a rule.
    ByRule(Rule),
}

/// A buyer's contact.
#[derive(Debug)]
pub struct Lead {
    /// The place of the product.
    pub product: usize,
    /// Where the buyer came from.
    pub source: LeadSource,
    /// The language.
    pub locale: Locale,
    /// Who it is, where the buyer agreed to say.
    pub buyer: Option<(String, Phone)>,
    /// The states that it goes through after the first.
    pub steps: Vec<LeadStatus>,
    /// What staff note with the last step.
    pub note: Option<LeadNote>,
}

/// Makes the plan.
pub fn plan(districts: &Districts) -> Result<Plan> {
    let data = Data::read()?;
    let mut chance = Chance::new(0x4B61_7061_6C21);
    let mut aggregators = houses::aggregators(&data, districts, &mut chance)?;
    mentoring::lapse(&mut aggregators);
    for (at, aggregator) in aggregators.iter_mut().enumerate() {
        mentoring::mentor(aggregator, at, &data)?;
        course::nominate(aggregator, &data, &mut chance)?;
        if aggregator.status == AggregatorStatus::Active {
            aggregator.collections = course::collections(aggregator, &data)?;
            aggregator.leads = course::leads(aggregator, at, &data, &mut chance)?;
        }
    }
    let operator = person("operator@demo.kapal.test", "Operator Kapal Induk")?;
    Ok(Plan { aggregators, operator })
}

fn person(email: &str, name: &str) -> Result<Person> {
    Ok(Person { email: valid(Email::parse(email), email)?, name: valid(PersonName::parse(name), name)? })
}

/// A text of the files as a value of the domain.
fn valid<T>(parsed: Result<T, Code>, text: &str) -> Result<T> {
    parsed.map_err(|code| anyhow::anyhow!("{}", code.as_str())).with_context(|| format!("taking {text:?}"))
}

/// Puts words at the places of a sentence.
fn fill(sentence: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(sentence.to_owned(), |text, (place, word)| text.replace(&format!("{{{place}}}"), word))
}
