//! What a merchant tells about the business, as it comes in and as staff see it.

use chrono::{Datelike, NaiveDate, TimeDelta, Utc};
use kapal_domain::ids::MediaId;
use kapal_domain::profile::{Address, BusinessForm, ConsentChannel, Coordinates, Kbli, Workers, past_year};
use kapal_domain::{Code, Faults};
use kapal_persistence::{ProfileChanges, ProfileRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::json::Patch;
use crate::path::parse_id;

/// What a merchant tells about the business.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MerchantProfile)]
pub struct ProfileView {
    /// Legal form: `perorangan`, `cv`, `firma`, `pt`, `pt_perorangan`, `koperasi`, `yayasan`, `bumdes` or `kelompok`.
    #[schema(example = "perorangan", max_length = 20)]
    business_form: Option<String>,
    /// Line of business.
    kbli: Option<KbliView>,
    /// The year in which it began.
    #[schema(example = 2014, minimum = 1800, maximum = 2100)]
    founded_year: Option<i32>,
    /// Who works there.
    workers: WorkersView,
    /// For letters and visits; on no storefront.
    #[schema(example = "Jalan Kalpataru 12, Waingapu", max_length = 500)]
    address: Option<String>,
    /// On the map; on no storefront.
    coordinates: Option<CoordinatesView>,
    /// The uploaded picture that storefronts show as its logo.
    logo_id: Option<Uuid>,
    /// Who agreed to the story being shown; null where nobody was asked yet.
    story_consent: Option<StoryConsentView>,
}

/// A line of business (KBLI): the same code means another thing in another edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Kbli)]
pub struct KbliView {
    /// The edition: `2020` or `2025`.
    #[schema(example = "2025", pattern = "^(2020|2025)$", max_length = 4)]
    version: String,
    /// Five digits.
    #[schema(example = "13121", max_length = 20)]
    code: String,
}

/// Who works in a business; null where it is not known.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Workers)]
pub struct WorkersView {
    /// All, the owner too.
    #[schema(example = 8, minimum = 0, maximum = 100_000)]
    total: Option<i32>,
    /// Women among them.
    #[schema(example = 6, minimum = 0, maximum = 100_000)]
    women: Option<i32>,
    /// Those below 35 years.
    #[schema(example = 3, minimum = 0, maximum = 100_000)]
    youth: Option<i32>,
    /// Those with a disability.
    #[schema(example = 1, minimum = 0, maximum = 100_000)]
    disability: Option<i32>,
}

/// A place in degrees (WGS 84), within Indonesia.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Coordinates)]
pub struct CoordinatesView {
    /// Degrees north; south is negative.
    #[schema(example = -9.656_27, minimum = -11.2, maximum = 6.3)]
    latitude: f64,
    /// Degrees east.
    #[schema(example = 120.264_05, minimum = 94.7, maximum = 141.1)]
    longitude: f64,
}

/// The maker's consent to the story being shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StoryConsent)]
pub struct StoryConsentView {
    /// When it was given; null where it was refused at once.
    #[schema(example = "2026-10-02")]
    given_on: Option<NaiveDate>,
    /// How: `app`, `paper` or `whatsapp`.
    #[schema(example = "paper", max_length = 10)]
    channel: Option<String>,
    /// The account that took it.
    taken_by: Option<Uuid>,
    /// Since when it is withdrawn: the story is on no storefront from then on.
    #[schema(example = json!(null))]
    withdrawn_on: Option<NaiveDate>,
}

impl From<ProfileRow> for ProfileView {
    fn from(row: ProfileRow) -> Self {
        let Workers { total, women, youth, disability } = row.workers();
        let asked = row.story_consent_on.is_some() || row.story_withdrawn_on.is_some();
        Self {
            business_form: row.business_form,
            kbli: row.kbli_version.zip(row.kbli_code).map(|(version, code)| KbliView { version, code }),
            founded_year: row.founded_year,
            workers: WorkersView { total, women, youth, disability },
            address: row.address,
            coordinates: row
                .latitude
                .zip(row.longitude)
                .map(|(latitude, longitude)| CoordinatesView { latitude, longitude }),
            logo_id: row.logo_id,
            story_consent: asked.then_some(StoryConsentView {
                given_on: row.story_consent_on,
                channel: row.story_consent_channel,
                taken_by: row.story_consent_by,
                withdrawn_on: row.story_withdrawn_on,
            }),
        }
    }
}

/// What to change of what a merchant tells (RFC 7396): absent keeps, null clears.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = MerchantProfilePatch)]
pub struct ProfilePatch {
    /// Legal form.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "perorangan", pattern = "^(perorangan|cv|firma|pt|pt_perorangan|koperasi|yayasan|bumdes|kelompok)$", max_length = 20)]
    business_form: Patch<String>,
    /// Line of business: edition and code together.
    #[serde(default)]
    #[schema(value_type = Option<KbliView>)]
    kbli: Patch<KbliView>,
    /// The year in which it began, not later than this one.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 2014, minimum = 1800, maximum = 2100)]
    founded_year: Patch<i32>,
    /// Who works there; each group is at most the total.
    #[serde(default)]
    #[schema(value_type = Option<WorkersPatch>)]
    workers: Patch<WorkersPatch>,
    /// For letters and visits; on no storefront.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Jalan Kalpataru 12, Waingapu", min_length = 5, max_length = 500)]
    address: Patch<String>,
    /// On the map: both together.
    #[serde(default)]
    #[schema(value_type = Option<CoordinatesView>)]
    coordinates: Patch<CoordinatesView>,
    /// The id of an uploaded picture.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid", max_length = 36, example = json!(null))]
    logo_id: Patch<String>,
    /// The maker's consent to the story being shown. Null withdraws it: the story leaves every storefront at once.
    #[serde(default)]
    #[schema(value_type = Option<StoryConsentPut>)]
    story_consent: Patch<StoryConsentPut>,
}

/// What to change of the figures about workers: absent keeps, null clears.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct WorkersPatch {
    /// All, the owner too.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 8, minimum = 0, maximum = 100_000)]
    total: Patch<i32>,
    /// Women among them.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 6, minimum = 0, maximum = 100_000)]
    women: Patch<i32>,
    /// Those below 35 years.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 3, minimum = 0, maximum = 100_000)]
    youth: Patch<i32>,
    /// Those with a disability.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 1, minimum = 0, maximum = 100_000)]
    disability: Patch<i32>,
}

/// A consent that was given to you.
#[derive(Debug, Deserialize, ToSchema)]
pub struct StoryConsentPut {
    /// When, not later than today.
    #[schema(example = "2026-10-02", format = "date", max_length = 10)]
    given_on: String,
    /// How: `app`, `paper` or `whatsapp`.
    #[schema(example = "paper", pattern = "^(app|paper|whatsapp)$", max_length = 10)]
    channel: String,
}

impl ProfilePatch {
    /// Everything taken back but the consent, which is a record: it is withdrawn by name.
    pub(super) fn cleared() -> Self {
        Self {
            business_form: Patch::Clear,
            kbli: Patch::Clear,
            founded_year: Patch::Clear,
            workers: Patch::Clear,
            address: Patch::Clear,
            coordinates: Patch::Clear,
            logo_id: Patch::Clear,
            story_consent: Patch::Keep,
        }
    }

    /// The changes, with every fault below `/profile`.
    pub(super) fn parse(&self, faults: &mut Faults, taken_by: Uuid) -> ProfileChanges {
        let mut wrong = Faults::default();
        let mut changes = ProfileChanges {
            business_form: self
                .business_form
                .optional(&mut wrong, "/business_form", |v| BusinessForm::parse(v).map(|v| v.to_string()))
                .flatten(),
            founded_year: self
                .founded_year
                .optional(&mut wrong, "/founded_year", |v| past_year(*v, this_year()))
                .flatten(),
            address: self
                .address
                .optional(&mut wrong, "/address", |v| Address::parse(v).map(String::from))
                .flatten(),
            logo_id: self
                .logo_id
                .optional(&mut wrong, "/logo_id", |v| parse_id::<MediaId>(v).map(MediaId::uuid))
                .flatten(),
            ..ProfileChanges::default()
        };
        match &self.kbli {
            Patch::Keep => {}
            Patch::Clear => (changes.kbli_version, changes.kbli_code) = (Some(None), Some(None)),
            Patch::Set(kbli) => {
                let parsed =
                    nested(&mut wrong, "/kbli", |faults| Kbli::parse(&kbli.version, &kbli.code, faults));
                changes.kbli_version = parsed.as_ref().map(|kbli| Some(kbli.version().to_string()));
                changes.kbli_code = parsed.map(|kbli| Some(kbli.code().to_owned()));
            }
        }
        match &self.coordinates {
            Patch::Keep => {}
            Patch::Clear => (changes.latitude, changes.longitude) = (Some(None), Some(None)),
            Patch::Set(place) => {
                let parsed = nested(&mut wrong, "/coordinates", |faults| {
                    Coordinates::parse(place.latitude, place.longitude, faults)
                });
                changes.latitude = parsed.map(|place| Some(place.latitude()));
                changes.longitude = parsed.map(|place| Some(place.longitude()));
            }
        }
        match &self.workers {
            Patch::Keep => {}
            Patch::Clear => WorkersPatch::cleared().apply(&mut changes),
            Patch::Set(workers) => {
                workers.apply(&mut changes);
                nested(&mut wrong, "/workers", |faults| workers.told().check(faults));
            }
        }
        match &self.story_consent {
            Patch::Keep => {}
            Patch::Clear => changes.set_consent(None, None),
            Patch::Set(consent) => {
                let parsed = nested(&mut wrong, "/story_consent", |faults| consent.parse(faults));
                if let Some((given_on, channel)) = parsed {
                    changes.set_consent(Some((given_on, channel.as_str())), Some(taken_by));
                }
            }
        }
        faults.nest("/profile", wrong);
        changes
    }
}

impl WorkersPatch {
    fn cleared() -> Self {
        Self { total: Patch::Clear, women: Patch::Clear, youth: Patch::Clear, disability: Patch::Clear }
    }

    fn apply(&self, changes: &mut ProfileChanges) {
        let change = |figure: &Patch<i32>| match figure {
            Patch::Keep => None,
            Patch::Clear => Some(None),
            Patch::Set(count) => Some(Some(*count)),
        };
        changes.workers_total = change(&self.total);
        changes.workers_women = change(&self.women);
        changes.workers_youth = change(&self.youth);
        changes.workers_disability = change(&self.disability);
    }

    /// The figures of this patch alone; against those on record they are checked where those are.
    fn told(&self) -> Workers {
        let told = |figure: &Patch<i32>| match figure {
            Patch::Set(count) => Some(*count),
            Patch::Keep | Patch::Clear => None,
        };
        Workers {
            total: told(&self.total),
            women: told(&self.women),
            youth: told(&self.youth),
            disability: told(&self.disability),
        }
    }
}

impl StoryConsentPut {
    fn parse(&self, faults: &mut Faults) -> Option<(NaiveDate, ConsentChannel)> {
        let date = NaiveDate::parse_from_str(&self.given_on, "%Y-%m-%d").map_err(|_| Code::InvalidDate);
        let past = date.and_then(|date| if date <= today() { Ok(date) } else { Err(Code::OutOfRange) });
        let given_on = faults.take("/given_on", past);
        let channel = faults.take("/channel", ConsentChannel::parse(&self.channel));
        Some((given_on?, channel?))
    }
}

/// What `parse` says of a nested value stands under the value's own place.
fn nested<T>(faults: &mut Faults, prefix: &str, parse: impl FnOnce(&mut Faults) -> T) -> T {
    let mut inner = Faults::default();
    let parsed = parse(&mut inner);
    faults.nest(prefix, inner);
    parsed
}

/// The date in the east of Indonesia, where it changes first.
fn today() -> NaiveDate {
    (Utc::now() + TimeDelta::hours(9)).date_naive()
}

/// The year there.
pub(super) fn this_year() -> i32 {
    today().year()
}
