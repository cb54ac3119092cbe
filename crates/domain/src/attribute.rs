//! Attributes: what a category asks of its products, and what a product answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::code::Code;
use crate::faults::Faults;
use crate::key::Key;
use crate::locale::{Bilingual, Locale};
use crate::text::{Line, choices};

/// What an attribute, or one of its choices, is called.
pub type AttributeName = Line<1, 80>;
/// What a number counts, such as `g`, `°C` or `bulan`.
pub type AttributeUnit = Line<1, 20>;
/// What a product says in words, in one language.
pub type AttributeText = Line<1, 500>;

/// The most attributes that one category has itself.
pub const MAX_ATTRIBUTES: usize = 40;
/// The most choices of one attribute.
pub const MAX_CHOICES: usize = 60;
/// As far as a number may be from zero.
const MAX_NUMBER: f64 = 1e9;

choices! {
    /// What an attribute is answered with.
    pub enum AttributeKind {
        /// Words, in one language or more.
        Text = "text",
        /// A number, of a unit where it has one.
        Number = "number",
        /// One of its choices.
        Choice = "choice",
        /// Yes or no.
        YesNo = "yes_no",
    }
}

/// One of the choices of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// How it is stored.
    pub key: Key,
    /// How it is called.
    pub names: Bilingual<AttributeName>,
}

/// Something that a category asks of its products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// How products name it.
    pub key: Key,
    /// What it is answered with.
    pub kind: AttributeKind,
    /// Whether a product without it is not submitted.
    pub required: bool,
    /// What its number counts.
    pub unit: Option<AttributeUnit>,
    /// How it is called.
    pub names: Bilingual<AttributeName>,
    /// Its choices, in their order.
    pub choices: Vec<Choice>,
}

impl Attribute {
    /// What does not go with its kind: choices without a choice, a unit of no number.
    pub fn check(&self) -> Result<(), Faults> {
        let mut faults = Faults::default();
        match (self.kind, self.choices.len()) {
            (AttributeKind::Choice, 0) => faults.add("/choices", Code::Required),
            (AttributeKind::Choice, 1..=MAX_CHOICES) => {}
            (AttributeKind::Choice, _) => faults.add("/choices", Code::TooLong),
            (_, 0) => {}
            _ => faults.add_detail("/choices", Code::InvalidChoice, "Only a choice has choices."),
        }
        if self.unit.is_some() && self.kind != AttributeKind::Number {
            faults.add_detail("/unit", Code::InvalidChoice, "Only a number has a unit.");
        }
        for (at, choice) in self.choices.iter().enumerate() {
            if self.choices[..at].iter().any(|other| other.key == choice.key) {
                faults.add(format!("/choices/{at}/key"), Code::DuplicateEntry);
            }
        }
        faults.finish()
    }

    /// A given value in the one spelling, or what is wrong with it.
    fn take(&self, given: &AttributeValue) -> Result<AttributeValue, Faults> {
        let mut faults = Faults::default();
        let taken = match (self.kind, given) {
            (AttributeKind::YesNo, AttributeValue::YesNo(_)) => Some(given.clone()),
            (AttributeKind::Number, AttributeValue::Number(number)) => {
                let number = number.checked();
                faults.take("", number.map(AttributeValue::Number))
            }
            (AttributeKind::Choice, AttributeValue::Choice(key)) => {
                let known = self.choices.iter().any(|choice| choice.key.as_str() == key);
                faults.take("", known.then(|| given.clone()).ok_or(Code::InvalidChoice))
            }
            (AttributeKind::Text, AttributeValue::Text(texts)) => {
                texts.checked(&mut faults).map(AttributeValue::Text)
            }
            _ => {
                faults.add_detail("", Code::WrongType, format!("It is of the kind {}.", self.kind));
                None
            }
        };
        taken.ok_or(faults)
    }
}

/// What a product answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// Yes or no.
    YesNo(bool),
    /// A number.
    Number(Number),
    /// The key of a choice.
    Choice(String),
    /// Words by language.
    Text(TextsOf),
}

/// A number as it is written: whole, or with a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Number {
    /// Without a fraction.
    Whole(i64),
    /// With one.
    Decimal(f64),
}

impl Number {
    fn checked(self) -> Result<Self, Code> {
        let size = match self {
            Self::Whole(number) => number as f64,
            Self::Decimal(number) => number,
        };
        if size.is_finite() && size.abs() <= MAX_NUMBER { Ok(self) } else { Err(Code::OutOfRange) }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(number) => number.fmt(f),
            Self::Decimal(number) => number.fmt(f),
        }
    }
}

/// Words in one language or more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, Option<String>>")]
pub struct TextsOf {
    /// In Indonesian.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// In English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

/// By way of a map: what is derived would take an array for the fields in their order, too.
impl TryFrom<BTreeMap<String, Option<String>>> for TextsOf {
    type Error = Code;

    fn try_from(mut texts: BTreeMap<String, Option<String>>) -> Result<Self, Code> {
        let (id, en) = (texts.remove("id").flatten(), texts.remove("en").flatten());
        if texts.is_empty() { Ok(Self { id, en }) } else { Err(Code::InvalidLocale) }
    }
}

impl TextsOf {
    fn checked(&self, faults: &mut Faults) -> Option<Self> {
        let mut text = |locale: &str, text: &Option<String>| {
            let parsed = text.as_deref().map(|text| AttributeText::parse(text).map(String::from));
            faults.take_optional(format!("/{locale}"), parsed)
        };
        let (id, en) = (text("id", &self.id)?, text("en", &self.en)?);
        if id.is_none() && en.is_none() {
            faults.add("", Code::Required);
            return None;
        }
        Some(Self { id, en })
    }

    /// In this language alone.
    pub fn get(&self, locale: Locale) -> Option<&str> {
        match locale {
            Locale::Id => self.id.as_deref(),
            Locale::En => self.en.as_deref(),
        }
    }

    /// In this language, else in the other.
    pub fn resolve(&self, locale: Locale) -> &str {
        let any = || self.id.as_deref().or(self.en.as_deref());
        self.get(locale).or_else(any).unwrap_or_default()
    }
}

/// What a product answers, by the keys of attributes.
pub type AttributeValues = BTreeMap<String, AttributeValue>;

/// What a category asks, with what it inherits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttributeSet(Vec<Attribute>);

impl AttributeSet {
    /// What categories ask, each with those of the category above it after its own: of one key, the first counts.
    pub fn inherit(from_below: impl IntoIterator<Item = Attribute>) -> Self {
        let mut set: Vec<Attribute> = Vec::new();
        for attribute in from_below {
            if set.iter().all(|known| known.key != attribute.key) {
                set.push(attribute);
            }
        }
        Self(set)
    }

    /// The attributes.
    pub fn attributes(&self) -> &[Attribute] {
        &self.0
    }

    /// What a product answers after a change: what is given is checked under its key, `None` takes back. Values that the
    /// category asks for no more, since the product moved or the category changed, are dropped.
    pub fn change(
        &self,
        old: &AttributeValues,
        given: &BTreeMap<String, Option<AttributeValue>>,
    ) -> Result<AttributeValues, Faults> {
        let mut faults = Faults::default();
        let find = |key: &str| self.0.iter().find(|attribute| attribute.key.as_str() == key);
        let kept = old.iter().filter(|(key, _)| !given.contains_key(*key));
        let kept = kept.filter_map(|(key, value)| Some((key.clone(), find(key)?.take(value).ok()?)));
        let mut values: AttributeValues = kept.collect();
        for (key, value) in given {
            let pointer = format!("/attributes/{}", key.replace('~', "~0").replace('/', "~1"));
            match (find(key), value) {
                (None, _) => faults.add(pointer, Code::UnknownAttribute),
                (Some(_), None) => {}
                (Some(attribute), Some(value)) => match attribute.take(value) {
                    Ok(value) => _ = values.insert(key.clone(), value),
                    Err(inner) => faults.nest(&pointer, inner),
                },
            }
        }
        faults.finish()?;
        Ok(values)
    }

    /// A fault for each attribute that is required and not answered.
    pub fn missing(&self, values: &AttributeValues) -> Faults {
        let mut faults = Faults::default();
        let fits = |attribute: &Attribute| {
            values.get(attribute.key.as_str()).is_some_and(|value| attribute.take(value).is_ok())
        };
        for attribute in self.0.iter().filter(|attribute| attribute.required && !fits(attribute)) {
            let pointer = format!("/attributes/{}", attribute.key);
            faults.add_detail(pointer, Code::AttributeMissing, attribute.names.en.as_str());
        }
        faults
    }
}

#[cfg(test)]
mod tests;
