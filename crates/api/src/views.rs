//! Small shapes that several things are shown with.

use kapal_persistence::Place;
use serde::Serialize;
use utoipa::ToSchema;

/// A region as it stands beside a thing.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegionRef {
    /// Kemendagri code.
    #[schema(example = "73.26.01", max_length = 13)]
    pub code: String,
    /// Name; a district with its regency.
    #[schema(example = "Makale, Kabupaten Tana Toraja", max_length = 200)]
    pub name: String,
    /// The province.
    pub province: ProvinceRef,
}

/// A province as it stands beside a thing.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProvinceRef {
    /// Kemendagri code.
    #[schema(example = "73", max_length = 2)]
    pub code: String,
    /// Name.
    #[schema(example = "Sulawesi Selatan", max_length = 100)]
    pub name: String,
}

impl From<Place> for RegionRef {
    fn from(place: Place) -> Self {
        Self {
            code: place.code,
            name: place.name,
            province: ProvinceRef { code: place.province_code, name: place.province_name },
        }
    }
}

/// An amount of money: a decimal text, never a float.
#[derive(Debug, Clone, Serialize, serde::Deserialize, ToSchema)]
pub struct MoneyView {
    /// Decimal text without thousands signs.
    #[schema(example = "75000", max_length = 20, pattern = r"^\d{1,16}(\.\d{1,4})?$")]
    pub amount: String,
    /// ISO 4217.
    #[schema(example = "IDR", max_length = 3, min_length = 3, pattern = "^[A-Z]{3}$")]
    pub currency: String,
}

impl From<kapal_domain::money::Money> for MoneyView {
    fn from(money: kapal_domain::money::Money) -> Self {
        Self { amount: money.to_decimal(), currency: money.currency().as_str().to_owned() }
    }
}

/// What something is called, in every language.
#[derive(Debug, Clone, Serialize, serde::Deserialize, ToSchema)]
#[schema(as = Names)]
pub struct NamesView {
    /// In Indonesian.
    #[schema(example = "Sangrai sedang", min_length = 1, max_length = 80)]
    pub id: String,
    /// In English.
    #[schema(example = "Medium roast", min_length = 1, max_length = 80)]
    pub en: String,
}

impl NamesView {
    /// The names, each of its type.
    pub fn parse<T>(
        &self,
        faults: &mut kapal_domain::Faults,
        pointer: &str,
        parse: impl Fn(&str) -> Result<T, kapal_domain::Code>,
    ) -> Option<kapal_domain::locale::Bilingual<T>> {
        let id = faults.take(format!("{pointer}/id"), parse(&self.id));
        let en = faults.take(format!("{pointer}/en"), parse(&self.en));
        Some(kapal_domain::locale::Bilingual { id: id?, en: en? })
    }
}

/// A text in both languages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Texts)]
pub struct TextsView {
    /// In Indonesian.
    #[schema(example = "Kado Lebaran", max_length = 2000)]
    pub id: String,
    /// In English; empty where there is none.
    #[schema(example = "Gifts for Eid", max_length = 2000)]
    pub en: String,
}
