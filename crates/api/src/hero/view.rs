//! Heroes as staff see them.

use chrono::{DateTime, Utc};
use kapal_domain::ids::UserId;
use kapal_domain::permission::{Demand, Permission};
use kapal_persistence::Hero;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Staff;
use crate::csv::{Record, time_cell};
use crate::views::RegionRef;

/// Where somebody lives, to about a kilometre.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Home)]
pub struct HomeView {
    /// WGS 84 degrees; what is more exact than two decimals is not kept.
    #[schema(example = -8.67, minimum = -90, maximum = 90)]
    pub(super) latitude: f64,
    /// WGS 84 degrees; what is more exact than two decimals is not kept.
    #[schema(example = 115.21, minimum = -180, maximum = 180)]
    pub(super) longitude: f64,
}

/// A local hero.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hero)]
pub struct HeroView {
    /// The person.
    user_id: Uuid,
    /// As his merchants know him.
    #[schema(example = "I Wayan Sudiarta", max_length = 120)]
    display_name: String,
    /// E.164; null in lists, and once the person was erased.
    #[schema(example = "+6281234567890", max_length = 16)]
    phone: Option<String>,
    /// Where he works: regions of any level.
    #[schema(max_items = 100)]
    area: Vec<RegionRef>,
    /// What he speaks.
    #[schema(example = json!(["id", "ban"]), max_items = 20)]
    languages: Vec<String>,
    /// Merchants at most.
    #[schema(example = 20, minimum = 0, maximum = 500)]
    capacity: i32,
    /// Merchants that he mentors now, as far as you see them.
    #[schema(example = 12, minimum = 0)]
    assigned: i64,
    /// Merchants that he is going to mentor, as far as you see them.
    #[schema(example = 1, minimum = 0)]
    planned: i64,
    /// Where he starts from; null for everybody but himself and who manages mentoring.
    home: Option<HomeView>,
    /// The region where he lives: what distances are measured from without `home`; null for whom `home` is null.
    home_region: Option<RegionRef>,
    /// Whether he takes new merchants.
    #[schema(example = true)]
    active: bool,
    /// What staff wrote about him; null for who does not manage mentoring.
    #[schema(example = "Punya mobil bak terbuka.", max_length = 2000)]
    note: Option<String>,
    /// Grows with each change: the `ETag`.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// When the profile was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

/// Who looks at heroes.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    user: UserId,
    manages: bool,
}

impl<P: Demand> From<&Staff<P>> for Reader {
    fn from(staff: &Staff<P>) -> Self {
        Self { user: staff.user, manages: staff.may(Permission::MentoringManage) }
    }
}

impl HeroView {
    pub(super) fn new(hero: Hero, reader: Reader) -> Self {
        let row = hero.row;
        let sees_home = reader.manages || row.user_id == reader.user.uuid();
        let home = row.latitude.zip(row.longitude).filter(|_| sees_home);
        Self {
            user_id: row.user_id,
            display_name: row.display_name,
            phone: hero.phone,
            area: hero.area.into_iter().map(RegionRef::from).collect(),
            languages: row.languages,
            capacity: row.capacity,
            assigned: row.assigned,
            planned: row.planned,
            home: home.map(|(latitude, longitude)| HomeView { latitude, longitude }),
            home_region: hero.home_region.filter(|_| sees_home).map(RegionRef::from),
            active: row.active,
            note: reader.manages.then_some(row.note),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Neither phone nor home nor what staff wrote is in a file.
impl Record for HeroView {
    const COLUMNS: &'static [&'static str] = &[
        "user_id",
        "name",
        "area_codes",
        "area",
        "languages",
        "capacity",
        "assigned",
        "planned",
        "active",
        "created_at",
        "updated_at",
    ];

    fn cells(&self) -> Vec<String> {
        let joined = |of: fn(&RegionRef) -> &str, by| self.area.iter().map(of).collect::<Vec<_>>().join(by);
        vec![
            self.user_id.to_string(),
            self.display_name.clone(),
            joined(|region| &region.code, " "),
            joined(|region| &region.name, "; "),
            self.languages.join(" "),
            self.capacity.to_string(),
            self.assigned.to_string(),
            self.planned.to_string(),
            self.active.to_string(),
            time_cell(self.created_at),
            time_cell(self.updated_at),
        ]
    }
}
