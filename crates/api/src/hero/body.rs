//! What is sent about heroes.

use std::collections::BTreeSet;

use kapal_domain::hero::{Capacity, HeroName, HeroNote, HeroSort, Home, Language, MAX_AREAS, MAX_LANGUAGES};
use kapal_domain::ids::{ProgrammeId, UserId};
use kapal_domain::phone::Phone;
use kapal_domain::region::RegionCode;
use kapal_domain::{Code, Faults};
use kapal_persistence::{HeroChanges, HeroFields, HeroFilter, NewHero};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::view::HomeView;
use crate::Problem;
use crate::json::Patch;
use crate::path::parse_id;
use crate::query::one;

/// A hero's profile to be made.
#[derive(Debug, Deserialize, ToSchema)]
pub struct HeroCreate {
    /// A member with the role local_hero.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 36)]
    user_id: String,
    /// As his merchants know him; the member's name when left away.
    #[schema(example = "I Wayan Sudiarta", min_length = 2, max_length = 120)]
    display_name: Option<String>,
    /// Any usual Indonesian spelling.
    #[schema(example = "0812-3456-7890", max_length = 30)]
    phone: Option<String>,
    /// Codes of the regions where he works, of any level.
    #[schema(example = json!(["51.71", "51.03"]), max_items = 100)]
    area_codes: Option<Vec<String>>,
    /// Merchants at most.
    #[schema(example = 20, minimum = 0, maximum = 500)]
    capacity: i64,
    /// Codes such as id, jv, su, min, bug or ban.
    #[schema(example = json!(["id", "ban"]), max_items = 20)]
    languages: Option<Vec<String>>,
    /// Where he starts from.
    home: Option<HomeView>,
    /// The region where he lives.
    #[schema(example = "51.71", max_length = 13)]
    home_region_code: Option<String>,
    /// Whether he takes new merchants; true when left away.
    #[schema(example = true)]
    active: Option<bool>,
    /// What staff should know.
    #[schema(example = "Punya mobil bak terbuka.", max_length = 2000)]
    note: Option<String>,
}

impl HeroCreate {
    pub(super) fn parse(&self) -> Result<NewHero, Faults> {
        let mut faults = Faults::default();
        let user = faults.take("/user_id", parse_id::<UserId>(&self.user_id));
        let display_name =
            faults.take_optional("/display_name", self.display_name.as_deref().map(HeroName::parse));
        let phone = faults.take_optional("/phone", self.phone.as_deref().map(Phone::parse));
        let area = area(&mut faults, self.area_codes.as_deref().unwrap_or_default());
        let capacity = faults.take("/capacity", Capacity::parse(self.capacity));
        let languages = languages(&mut faults, self.languages.as_deref().unwrap_or_default());
        let home = faults.take_optional("/home", self.home.map(|home| parse_home(&home)));
        let home_region = faults
            .take_optional("/home_region_code", self.home_region_code.as_deref().map(RegionCode::parse));
        let note = faults.take("/note", HeroNote::parse(self.note.as_deref().unwrap_or_default()));
        let (
            Some(user),
            Some(display_name),
            Some(phone),
            Some(area),
            Some(capacity),
            Some(languages),
            Some(home),
            Some(home_region),
            Some(note),
        ) = (user, display_name, phone, area, capacity, languages, home, home_region, note)
        else {
            return Err(faults);
        };
        let active = self.active.unwrap_or(true);
        Ok(NewHero { user, display_name, phone, area, capacity, languages, home, home_region, active, note })
    }
}

/// What to change of a hero's profile (RFC 7396): absent keeps, null clears.
#[derive(Debug, Deserialize, ToSchema)]
pub struct HeroPatch {
    /// As his merchants know him.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Wayan Sudiarta", min_length = 2, max_length = 120)]
    display_name: Patch<String>,
    /// Phone.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "0812-3456-7890", max_length = 30)]
    phone: Patch<String>,
    /// Codes of the regions where he works: replaces all of them.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, example = json!(["51"]), max_items = 100)]
    area_codes: Patch<Vec<String>>,
    /// Merchants at most.
    #[serde(default)]
    #[schema(value_type = Option<i64>, example = 15, minimum = 0, maximum = 500)]
    capacity: Patch<i64>,
    /// What he speaks: replaces all of it.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, example = json!(["id", "ban", "jv"]), max_items = 20)]
    languages: Patch<Vec<String>>,
    /// Where he starts from.
    #[serde(default)]
    #[schema(value_type = Option<HomeView>)]
    home: Patch<HomeView>,
    /// The region where he lives.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "51.71", max_length = 13)]
    home_region_code: Patch<String>,
    /// Whether he takes new merchants.
    #[serde(default)]
    #[schema(value_type = Option<bool>, example = true)]
    active: Patch<bool>,
    /// What staff should know.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Cuti sampai Maret.", max_length = 2000)]
    note: Patch<String>,
}

impl HeroPatch {
    /// Whether it touches only what a hero says of himself.
    pub(super) fn is_own(&self) -> bool {
        self.area_codes == Patch::Keep
            && self.capacity == Patch::Keep
            && self.active == Patch::Keep
            && self.note == Patch::Keep
    }

    pub(super) fn parse(&self) -> Result<HeroChanges, Faults> {
        let mut faults = Faults::default();
        let display_name = self
            .display_name
            .required(&mut faults, "/display_name", |name| HeroName::parse(name).map(String::from));
        let phone = self.phone.optional(&mut faults, "/phone", |phone| Phone::parse(phone));
        let area = match &self.area_codes {
            Patch::Keep => Some(None),
            Patch::Clear => Some(Some(Vec::new())),
            Patch::Set(codes) => area(&mut faults, codes).map(Some),
        };
        let capacity = self
            .capacity
            .required(&mut faults, "/capacity", |number| Capacity::parse(*number).map(Capacity::get));
        let languages = match &self.languages {
            Patch::Keep => Some(None),
            Patch::Clear => Some(Some(Vec::new())),
            Patch::Set(languages_) => languages(&mut faults, languages_).map(Some),
        };
        let home = self.home.optional(&mut faults, "/home", parse_home);
        let home_region_code = self.home_region_code.optional(&mut faults, "/home_region_code", |code| {
            RegionCode::parse(code).map(|code| code.as_str().to_owned())
        });
        let active = self.active.required(&mut faults, "/active", |active| Ok(*active));
        let note = match &self.note {
            Patch::Clear => Some(Some(String::new())),
            note => note.required(&mut faults, "/note", |note| HeroNote::parse(note).map(String::from)),
        };
        let (
            Some(display_name),
            Some(phone),
            Some(area),
            Some(capacity),
            Some(languages),
            Some(home),
            Some(home_region_code),
            Some(active),
            Some(note),
        ) = (display_name, phone, area, capacity, languages, home, home_region_code, active, note)
        else {
            return Err(faults);
        };
        let texts = |languages: Vec<Language>| languages.iter().map(|l| l.as_str().to_owned()).collect();
        Ok(HeroChanges {
            phone,
            area,
            fields: HeroFields {
                display_name,
                languages: languages.map(texts),
                capacity,
                latitude: home.map(|home| home.map(|home| home.latitude)),
                longitude: home.map(|home| home.map(|home| home.longitude)),
                home_region_code,
                active,
                note,
            },
        })
    }
}

fn parse_home(home: &HomeView) -> Result<Home, Code> {
    Home::parse(home.latitude, home.longitude)
}

fn area(faults: &mut Faults, codes: &[String]) -> Option<Vec<RegionCode>> {
    list(faults, "/area_codes", codes, MAX_AREAS, RegionCode::parse)
}

fn languages(faults: &mut Faults, tags: &[String]) -> Option<Vec<Language>> {
    list(faults, "/languages", tags, MAX_LANGUAGES, Language::parse)
}

/// A list without repetitions; each fault at its place.
fn list<T: Ord + Clone>(
    faults: &mut Faults,
    pointer: &str,
    texts: &[String],
    most: usize,
    parse: impl Fn(&str) -> Result<T, Code>,
) -> Option<Vec<T>> {
    if texts.len() > most {
        faults.add(pointer, Code::TooLong);
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut once = |text: &String| {
        let value = parse(text)?;
        if seen.insert(value.clone()) { Ok(value) } else { Err(Code::DuplicateEntry) }
    };
    let values: Vec<_> = texts
        .iter()
        .enumerate()
        .filter_map(|(at, text)| faults.take(format!("{pointer}/{at}"), once(text)))
        .collect();
    (values.len() == texts.len()).then_some(values)
}

/// Which heroes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HeroQuery {
    /// Whose area holds this region or lies in it.
    #[param(example = "51.71", max_length = 13)]
    region: Option<String>,
    /// Whether he can be given one more merchant.
    #[param(example = true)]
    has_capacity: Option<bool>,
    /// Whether he takes new merchants at all.
    #[param(example = true)]
    active: Option<bool>,
    /// Who speaks this language.
    #[param(example = "ban", max_length = 35)]
    language: Option<String>,
    /// Words of the name.
    #[param(example = "wayan", max_length = 100)]
    q: Option<String>,
    /// Who mentors merchants in this programme, or is going to.
    #[param(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a12", max_length = 36)]
    programme_id: Option<String>,
    /// The order: `-created_at` (the default), `created_at`, `name`, `-name`, `free_capacity` or `-free_capacity`: how many
    /// merchants more than he has he can take.
    #[param(example = "-free_capacity", max_length = 20)]
    sort: Option<String>,
}

impl HeroQuery {
    pub(super) fn parse(&self) -> Result<HeroFilter, Problem> {
        Ok(HeroFilter {
            region: one("region", self.region.as_ref(), RegionCode::parse)?,
            has_capacity: self.has_capacity,
            active: self.active,
            language: one("language", self.language.as_ref(), Language::parse)?,
            text: self.q.clone(),
            programme: one("programme_id", self.programme_id.as_ref(), parse_id::<ProgrammeId>)?,
            sort: one("sort", self.sort.as_ref(), HeroSort::parse)?.unwrap_or_default(),
        })
    }
}
