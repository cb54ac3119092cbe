//! What comes in: a merchant to onboard, what to change of one, which to list.

use std::collections::BTreeMap;

use kapal_domain::ids::UserId;
use kapal_domain::locale::Locale;
use kapal_domain::merchant::{LegalName, MerchantName, Nib, Story};
use kapal_domain::phone::Phone;
use kapal_domain::region::{RegionCode, RegionLevel};
use kapal_domain::{Code, Faults};
use kapal_persistence::{MerchantChanges, MerchantEdit, NewMerchant, ProfileChanges};
use serde::Deserialize;
use utoipa::ToSchema;

use super::profile::ProfilePatch;
use super::scale::ScaleBody;
use crate::json::Patch;
use crate::views::MoneyView;

/// A merchant to onboard.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MerchantCreate {
    /// Shop name.
    #[schema(example = "Tenun Mama Ina", min_length = 2, max_length = 120)]
    name: String,
    /// Name in the papers.
    #[schema(example = "CV Tenun Ina", min_length = 2, max_length = 200)]
    legal_name: Option<String>,
    /// Code of a regency, city or district: see `/v1/regions`.
    #[schema(example = "53.07", pattern = r"^\d{2}\.\d{2}(\.\d{2})?$", max_length = 8)]
    region_code: String,
    /// Business phone; any usual Indonesian spelling.
    #[schema(example = "0812-3456-7890", max_length = 30)]
    phone: String,
    /// Declared UMKM class; leave it away where sales or capital tell it.
    #[schema(example = "micro", pattern = "^(micro|small|medium)$", max_length = 10)]
    scale: Option<String>,
    /// Sales of the last full year: the class is derived from it. Kept encrypted, and shown by `pii` alone.
    yearly_sales: Option<MoneyView>,
    /// Capital without land and building, for a business without a full year; not looked at beside `yearly_sales`.
    /// Kept likewise.
    capital: Option<MoneyView>,
    /// The year of the figure: the last one for sales, this one for capital, when left away.
    #[schema(example = 2025, minimum = 1800, maximum = 2100)]
    scale_year: Option<i32>,
    /// Business identity number: 13 digits.
    #[schema(example = "1234567890123", max_length = 40)]
    nib: Option<String>,
    /// The maker's story.
    #[schema(example = "Mama Ina menenun sejak usia sembilan tahun.", max_length = 5000)]
    story: Option<String>,
    /// The story by language, `id` or `en`.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, StoryPatch>>, example = json!({ "en": { "story": "Mama Ina has woven since she was nine." } }))]
    translations: Patch<BTreeMap<String, Patch<StoryPatch>>>,
    /// What else it tells about the business.
    #[serde(default)]
    #[schema(value_type = Option<ProfilePatch>)]
    profile: Patch<ProfilePatch>,
}

/// What to change of a merchant's texts in one language: absent keeps, null clears.
#[derive(Debug, Deserialize, ToSchema)]
pub struct StoryPatch {
    /// The maker's story.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Mama Ina has woven since she was nine.", max_length = 5000)]
    story: Patch<String>,
}

impl MerchantCreate {
    pub(super) fn parse(&self, by: UserId) -> Result<NewMerchant, Faults> {
        let mut faults = Faults::default();
        let name = faults.take("/name", MerchantName::parse(&self.name));
        let legal_name =
            faults.take_optional("/legal_name", self.legal_name.as_deref().map(LegalName::parse));
        let region_code = faults.take("/region_code", merchant_region(&self.region_code));
        let phone = faults.take("/phone", Phone::parse(&self.phone));
        let scale = ScaleBody {
            declared: self.scale.as_deref(),
            sales: self.yearly_sales.as_ref(),
            capital: self.capital.as_ref(),
            year: self.scale_year,
        };
        let scale = scale.parse(&mut faults);
        let nib = faults.take_optional("/nib", self.nib.as_deref().map(Nib::parse));
        let story = self.story.clone().map_or(Patch::Keep, Patch::Set);
        let (story, story_en) = stories(&mut faults, &story, &self.translations);
        let story = story.or_else(|| Story::parse("").ok());
        let mut profile = match &self.profile {
            Patch::Set(profile) => profile.parse(&mut faults, by.uuid()),
            Patch::Keep | Patch::Clear => ProfileChanges::default(),
        };
        profile.story_en = story_en.map(String::from);
        let (
            Some(name),
            Some(legal_name),
            Some(region_code),
            Some(phone),
            Some(scale),
            Some(nib),
            Some(story),
            true,
        ) = (name, legal_name, region_code, phone, scale, nib, story, faults.is_empty())
        else {
            return Err(faults);
        };
        Ok(NewMerchant { name, legal_name, region_code, scale, nib, phone, story, profile })
    }
}

/// What to change of a merchant (RFC 7396): absent keeps, null clears.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MerchantPatch {
    /// Shop name.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Tenun Mama Ina", min_length = 2, max_length = 120)]
    name: Patch<String>,
    /// Name in the papers.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "CV Tenun Ina", min_length = 2, max_length = 200)]
    legal_name: Patch<String>,
    /// Code of a regency, city or district.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "53.07", max_length = 8)]
    region_code: Patch<String>,
    /// Business phone.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+6281234567890", max_length = 30)]
    phone: Patch<String>,
    /// Declared UMKM class.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "small", max_length = 10)]
    scale: Patch<String>,
    /// Sales of the last full year: the class is derived from it. Kept encrypted.
    yearly_sales: Option<MoneyView>,
    /// Capital without land and building; not looked at beside `yearly_sales`. Kept encrypted.
    capital: Option<MoneyView>,
    /// The year of the figure: the last one for sales, this one for capital, when left away.
    #[schema(example = 2025, minimum = 1800, maximum = 2100)]
    scale_year: Option<i32>,
    /// Business identity number.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "1234567890123", max_length = 40)]
    nib: Patch<String>,
    /// The maker's story.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Mama Ina menenun sejak usia sembilan tahun.", max_length = 5000)]
    story: Patch<String>,
    /// The story by language, `id` or `en`.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, StoryPatch>>, example = json!({ "en": { "story": "Mama Ina has woven since she was nine." } }))]
    translations: Patch<BTreeMap<String, Patch<StoryPatch>>>,
    /// What else it tells about the business.
    #[serde(default)]
    #[schema(value_type = Option<ProfilePatch>)]
    profile: Patch<ProfilePatch>,
}

impl MerchantPatch {
    pub(super) fn parse(&self, by: UserId) -> Result<MerchantEdit, Faults> {
        let mut faults = Faults::default();
        let text = |value: &dyn std::fmt::Display| value.to_string();
        let name = self.name.required(&mut faults, "/name", |v| MerchantName::parse(v).map(|v| text(&v)));
        let legal_name =
            self.legal_name.optional(&mut faults, "/legal_name", |v| LegalName::parse(v).map(|v| text(&v)));
        let region_code = self
            .region_code
            .required(&mut faults, "/region_code", |v| merchant_region(v).map(|v| v.as_str().to_owned()));
        let phone =
            self.phone.required(&mut faults, "/phone", |v| Phone::parse(v).map(|v| v.as_str().to_owned()));
        let nib = self.nib.optional(&mut faults, "/nib", |v| Nib::parse(v).map(|v| v.as_str().to_owned()));
        let (story, story_en) = stories(&mut faults, &self.story, &self.translations);
        let mut profile = match &self.profile {
            Patch::Keep => ProfileChanges::default(),
            Patch::Clear => ProfilePatch::cleared().parse(&mut faults, by.uuid()),
            Patch::Set(profile) => profile.parse(&mut faults, by.uuid()),
        };
        profile.story_en = story_en.map(String::from);
        let declared = match &self.scale {
            Patch::Set(scale) => Some(scale.as_str()),
            Patch::Keep | Patch::Clear => None,
        };
        let scale = ScaleBody {
            declared,
            sales: self.yearly_sales.as_ref(),
            capital: self.capital.as_ref(),
            year: self.scale_year,
        };
        let scale = scale.parse(&mut faults);
        let (Some(name), Some(legal_name), Some(region_code), Some(phone), Some(nib), Some(scale), true) =
            (name, legal_name, region_code, phone, nib, scale, faults.is_empty())
        else {
            return Err(faults);
        };
        let scale = match scale {
            Some(claim) => Some(Some(claim)),
            None if self.scale == Patch::Clear => Some(None),
            None => None,
        };
        let merchant =
            MerchantChanges { name, legal_name, region_code, nib, phone, story: story.map(String::from) };
        Ok(MerchantEdit { merchant, profile, scale })
    }
}

/// A regency, a city or a district: what a merchant can be in.
fn merchant_region(text: &str) -> Result<RegionCode, Code> {
    let code = RegionCode::parse(text)?;
    match code.level() {
        RegionLevel::Regency | RegionLevel::District => Ok(code),
        RegionLevel::Province | RegionLevel::Village => Err(Code::InvalidRegion),
    }
}

/// The story in Indonesian and in English, where they change. `story` is the Indonesian one by its older name.
fn stories(
    faults: &mut Faults,
    story: &Patch<String>,
    translations: &Patch<BTreeMap<String, Patch<StoryPatch>>>,
) -> (Option<Story>, Option<Story>) {
    let mut indonesian = story.required(faults, "/story", |v| Story::parse(v)).flatten();
    let mut english = None;
    let texts = match translations {
        Patch::Keep => return (indonesian, None),
        Patch::Clear => {
            let none = || Story::parse("").ok();
            return (indonesian.or_else(none), none());
        }
        Patch::Set(texts) => texts,
    };
    for (key, change) in texts {
        let pointer = format!("/translations/{}", key.replace('~', "~0").replace('/', "~1"));
        let Some(locale) = faults.take(&pointer, Locale::parse(key)) else { continue };
        let pointer = format!("{pointer}/story");
        let told = match change {
            Patch::Keep | Patch::Set(StoryPatch { story: Patch::Keep }) => continue,
            Patch::Clear | Patch::Set(StoryPatch { story: Patch::Clear }) => "",
            Patch::Set(StoryPatch { story: Patch::Set(story) }) => story,
        };
        let told = faults.take(&pointer, Story::parse(told));
        match locale {
            Locale::En => english = told,
            Locale::Id if indonesian.is_some() && told.is_some() && indonesian != told => {
                faults.add_detail(pointer, Code::InvalidChoice, "`story` says another one.");
            }
            Locale::Id => indonesian = told,
        }
    }
    (indonesian, english)
}
