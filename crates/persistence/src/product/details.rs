//! What is known of a product besides its texts, variants and pictures.

use std::collections::BTreeMap;

use diesel::{AsChangeset, Insertable, Queryable, Selectable};
use kapal_domain::attribute::{AttributeValue, AttributeValues};
use kapal_domain::product::HalalStatus;
use kapal_domain::product_option::{Choices, ProductOption, check_options, unknown_choices};
use kapal_domain::{Code, Faults};
use kapal_schema::products;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::VariantRow;
use crate::category_attribute::Demands;
use crate::identity::stored;
use crate::{Error, Result};

/// What is known of a product, as it is stored.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = products, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct Details {
    /// What it says of being halal.
    pub halal_status: String,
    attributes: Value,
    options: Value,
    /// Days from an order until it is sent.
    pub lead_time_days: Option<i32>,
    /// Pieces that can be made in a month.
    pub monthly_capacity: Option<i32>,
    /// The fewest pieces of one order; a variant may have its own.
    pub minimum_order: Option<i32>,
    /// Its code of the Harmonized System.
    pub hs_code: Option<String>,
    /// Where it was made: two letters of ISO 3166-1.
    pub origin_country: String,
    /// Slugs that rules of collections ask for.
    pub tags: Vec<String>,
}

/// What to change of them: checked already as far as this needs no look at other things, and plain, so that a change can
/// be stored and made later. None keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetailChanges {
    /// What it says of being halal.
    pub halal_status: Option<HalalChange>,
    /// Answers to what its category asks, by key; None takes one back.
    pub attributes: BTreeMap<String, Option<AttributeValue>>,
    /// What its variants differ in.
    pub options: Option<Vec<ProductOption>>,
    /// Days from an order until it is sent.
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub lead_time_days: Option<Option<i32>>,
    /// Pieces that can be made in a month.
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub monthly_capacity: Option<Option<i32>>,
    /// The fewest pieces of one order.
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub minimum_order: Option<Option<i32>>,
    /// Its code of the Harmonized System.
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub hs_code: Option<Option<String>>,
    /// Where it was made.
    pub origin_country: Option<String>,
    /// Slugs that rules of collections ask for.
    pub tags: Option<Vec<String>>,
}

/// A halal status that a product is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HalalChange(pub HalalStatus);

impl From<HalalChange> for String {
    fn from(change: HalalChange) -> Self {
        change.0.as_str().to_owned()
    }
}

impl TryFrom<String> for HalalChange {
    type Error = Code;

    fn try_from(text: String) -> Result<Self, Code> {
        HalalStatus::parse(&text).map(Self)
    }
}

/// A field that is there, be it null: what is not there keeps.
pub(super) fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl Details {
    /// Those of a product of which nobody has said anything.
    pub(super) fn unsaid(is_food: bool) -> Self {
        Self {
            halal_status: HalalStatus::unsaid(is_food).as_str().to_owned(),
            attributes: json!({}),
            options: json!([]),
            lead_time_days: None,
            monthly_capacity: None,
            minimum_order: None,
            hs_code: None,
            origin_country: "ID".to_owned(),
            tags: Vec::new(),
        }
    }

    /// What it answers to what its category asks.
    pub fn attributes(&self) -> Result<AttributeValues> {
        typed(&self.attributes)
    }

    /// What its variants differ in.
    pub fn options(&self) -> Result<Vec<ProductOption>> {
        typed(&self.options)
    }

    pub(super) fn halal_status(&self) -> Result<HalalStatus> {
        stored(HalalStatus::parse(&self.halal_status))
    }

    /// The details after a change, by what the product's category demands and with the variants that are there.
    pub(super) fn change(
        &self,
        changes: &DetailChanges,
        demands: &Demands,
        variants: &[VariantRow],
    ) -> Result<Self> {
        let mut faults = Faults::default();
        let halal_status = match (changes.halal_status, self.halal_status()?) {
            (Some(HalalChange(HalalStatus::NotApplicable)), _) if demands.is_food => {
                faults.take("/halal_status", Err(Code::HalalStatusRequired))
            }
            (Some(HalalChange(status)), _) => Some(status),
            // It has become food.
            (None, HalalStatus::NotApplicable) => Some(HalalStatus::unsaid(demands.is_food)),
            (None, status) => Some(status),
        };
        let attributes = match demands.attributes.change(&self.attributes()?, &changes.attributes) {
            Ok(values) => json!(values),
            Err(inner) => {
                faults.nest("", inner);
                Value::Null
            }
        };
        let options = match &changes.options {
            None => self.options.clone(),
            Some(options) => {
                faults.nest("", check_options(options).err().unwrap_or_default());
                for variant in variants {
                    if !unknown_choices(options, &variant.choices()?).is_empty() {
                        faults.add_detail("/options", Code::OptionInUse, format!("Variant {}.", variant.id));
                    }
                }
                json!(options)
            }
        };
        faults.finish()?;
        let or = |new: &Option<Option<i32>>, old: Option<i32>| new.unwrap_or(old);
        Ok(Self {
            halal_status: halal_status.map_or_else(|| self.halal_status.clone(), |s| s.as_str().to_owned()),
            attributes,
            options,
            lead_time_days: or(&changes.lead_time_days, self.lead_time_days),
            monthly_capacity: or(&changes.monthly_capacity, self.monthly_capacity),
            minimum_order: or(&changes.minimum_order, self.minimum_order),
            hs_code: changes.hs_code.clone().unwrap_or_else(|| self.hs_code.clone()),
            origin_country: changes.origin_country.clone().unwrap_or_else(|| self.origin_country.clone()),
            tags: changes.tags.clone().unwrap_or_else(|| self.tags.clone()),
        })
    }

    /// What the audit chain keeps of them.
    pub(super) fn facts(&self) -> Value {
        json!({
            "halal_status": self.halal_status, "attributes": self.attributes, "options": self.options,
            "lead_time_days": self.lead_time_days, "monthly_capacity": self.monthly_capacity,
            "minimum_order": self.minimum_order, "hs_code": self.hs_code, "origin_country": self.origin_country,
            "tags": self.tags,
        })
    }
}

/// A JSON column that our own statements filled.
pub(super) fn typed<T: DeserializeOwned>(value: &Value) -> Result<T> {
    T::deserialize(value)
        .map_err(|e| Error::Internal(format!("the database holds JSON that is not ours: {e}")))
}

impl VariantRow {
    /// Its value of each of the product's options.
    pub fn choices(&self) -> Result<Choices> {
        typed(&self.details.choices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_stored_and_read_back_as_it_was() {
        let changes = DetailChanges {
            halal_status: Some(HalalChange(HalalStatus::DeclaredNonHalal)),
            attributes: BTreeMap::from([
                ("organic".into(), Some(AttributeValue::YesNo(true))),
                ("roast".into(), None),
            ]),
            lead_time_days: Some(None),
            minimum_order: Some(Some(3)),
            ..DetailChanges::default()
        };
        let text = serde_json::to_string(&changes).expect("JSON");
        assert_eq!(serde_json::from_str::<DetailChanges>(&text).expect("the same"), changes);
        assert_eq!(serde_json::from_str::<DetailChanges>("{}").expect("nothing"), DetailChanges::default());
        assert!(serde_json::from_str::<DetailChanges>(r#"{"halal_status":"maybe"}"#).is_err());
    }
}
