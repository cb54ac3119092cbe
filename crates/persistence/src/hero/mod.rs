//! Local heroes: their profiles, which merchants they mentor, who would fit a merchant.

mod assignment;
mod list;
mod suggestion;
mod turn;

pub use assignment::{Assignment, AssignmentRow, NewAssignment};
pub use list::HeroFilter;
pub use suggestion::Suggestion;

use chrono::{DateTime, Utc};
use diesel::sql_types::{
    Array, BigInt, Binary, Bool, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{AsChangeset, ExpressionMethods, OptionalExtension, QueryDsl, QueryableByName};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::hero::{Capacity, HeroName, HeroNote, Home, Language};
use kapal_domain::ids::UserId;
use kapal_domain::permission::Role;
use kapal_domain::phone::Phone;
use kapal_domain::region::RegionCode;
use kapal_domain::{Code, Faults, Refusal};
use kapal_schema::{hero_areas, heroes, memberships, regions};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::merchant::place_of;
use crate::{Change, Error, Place, Result, Subject, TenantTx};

/// The column that a hero's phone is sealed for.
const PHONE: &str = "heroes/phone_sealed";

/// A hero's profile as it is stored, with what his assignments come to.
#[derive(Debug, Clone, QueryableByName)]
pub struct HeroRow {
    /// The person.
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    /// As his merchants know him.
    #[diesel(sql_type = Text)]
    pub display_name: String,
    #[diesel(sql_type = Text)]
    sort_name: String,
    #[diesel(sql_type = Nullable<Binary>)]
    phone_sealed: Option<Vec<u8>>,
    /// What he speaks.
    #[diesel(sql_type = Array<Text>)]
    pub languages: Vec<String>,
    /// Merchants at most.
    #[diesel(sql_type = Integer)]
    pub capacity: i32,
    /// Where he starts from, to about a kilometre.
    #[diesel(sql_type = Nullable<Double>)]
    pub latitude: Option<f64>,
    /// Where he starts from, to about a kilometre.
    #[diesel(sql_type = Nullable<Double>)]
    pub longitude: Option<f64>,
    /// The region where he lives.
    #[diesel(sql_type = Nullable<Text>)]
    pub home_region_code: Option<String>,
    /// Whether he takes new merchants.
    #[diesel(sql_type = Bool)]
    pub active: bool,
    /// What staff wrote about him.
    #[diesel(sql_type = Text)]
    pub note: String,
    /// Grows with each change.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// When the profile was made.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: DateTime<Utc>,
    /// Merchants that he mentors now.
    #[diesel(sql_type = BigInt)]
    pub assigned: i64,
    /// Merchants that he is going to.
    #[diesel(sql_type = BigInt)]
    pub planned: i64,
    #[diesel(sql_type = Array<Text>)]
    area_codes: Vec<String>,
}

/// A hero.
#[derive(Debug, Clone)]
pub struct Hero {
    /// The profile.
    pub row: HeroRow,
    /// E.164; None in lists.
    pub phone: Option<String>,
    /// Where he works.
    pub area: Vec<Place>,
    /// Where he lives.
    pub home_region: Option<Place>,
}

/// A profile to be made.
#[derive(Debug, Clone)]
pub struct NewHero {
    /// The member.
    pub user: UserId,
    /// None: as the member is called.
    pub display_name: Option<HeroName>,
    /// Phone.
    pub phone: Option<Phone>,
    /// Where he works.
    pub area: Vec<RegionCode>,
    /// Merchants at most.
    pub capacity: Capacity,
    /// What he speaks.
    pub languages: Vec<Language>,
    /// Where he starts from.
    pub home: Option<Home>,
    /// Where he lives.
    pub home_region: Option<RegionCode>,
    /// Whether he takes new merchants.
    pub active: bool,
    /// What staff write about him.
    pub note: HeroNote,
}

/// What to change of a profile: None keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct HeroChanges {
    /// Phone.
    pub phone: Option<Option<Phone>>,
    /// Where he works.
    pub area: Option<Vec<RegionCode>>,
    /// The rest.
    pub fields: HeroFields,
}

/// The plain columns to change.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = heroes)]
pub struct HeroFields {
    /// Name.
    pub display_name: Option<String>,
    /// What he speaks.
    pub languages: Option<Vec<String>>,
    /// Merchants at most.
    pub capacity: Option<i32>,
    /// Where he starts from.
    pub latitude: Option<Option<f64>>,
    /// Where he starts from.
    pub longitude: Option<Option<f64>>,
    /// Where he lives.
    pub home_region_code: Option<Option<String>>,
    /// Whether he takes new merchants.
    pub active: Option<bool>,
    /// What staff write about him.
    pub note: Option<String>,
}

impl TenantTx<'_> {
    /// Makes the profile of a member who is a local hero.
    pub async fn insert_hero(&mut self, new: &NewHero) -> Result<Hero> {
        let (role, name) = self
            .hold_member(new.user)
            .await?
            .ok_or_else(|| Error::field("/user_id", Code::UnknownReference))?;
        if role != Role::LocalHero.as_str() {
            return Err(Refusal::because(Code::NotAHero, format!("The member is {role}.")).into());
        }
        self.check_regions(&new.area, new.home_region.as_ref()).await?;
        let phone_sealed = self.seal_phone(new.user, new.phone.as_ref()).await?;
        let now = Utc::now();
        diesel::insert_into(heroes::table)
            .values((
                heroes::aggregator_id.eq(self.tenant()),
                heroes::user_id.eq(new.user.uuid()),
                heroes::display_name
                    .eq(new.display_name.as_ref().map_or(name.as_str(), |name| name.as_str())),
                heroes::phone_sealed.eq(phone_sealed),
                heroes::languages.eq(new.languages.iter().map(Language::as_str).collect::<Vec<_>>()),
                heroes::capacity.eq(new.capacity.get()),
                heroes::latitude.eq(new.home.map(|home| home.latitude)),
                heroes::longitude.eq(new.home.map(|home| home.longitude)),
                heroes::home_region_code.eq(new.home_region.as_ref().map(RegionCode::as_str)),
                heroes::active.eq(new.active),
                heroes::note.eq(new.note.as_str()),
                heroes::created_at.eq(now),
                heroes::updated_at.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        self.set_area(new.user, &new.area).await?;
        let hero = self.hero(new.user).await?;
        let facts = self.hero_facts(&hero).await?;
        self.record(
            Change::new(EventKind::HeroCreated, Subject("hero", new.user.uuid())).from_to(Value::Null, facts),
        );
        Ok(hero)
    }

    /// One hero.
    pub async fn hero(&mut self, user: UserId) -> Result<Hero> {
        let row = self.hero_row(user).await?;
        let phone = match &row.phone_sealed {
            Some(sealed) => self.open_for(row.user_id, PHONE, row.user_id, sealed).await?,
            None => None,
        };
        let mut heroes = self.placed_heroes(vec![row]).await?;
        heroes.pop().map(|hero| Hero { phone, ..hero }).ok_or(Error::NotFound)
    }

    /// Edits a profile whose version is still `expected`.
    pub async fn update_hero(&mut self, user: UserId, expected: i32, changes: &HeroChanges) -> Result<Hero> {
        // First, so that two edits do not both begin from the same version.
        self.lock_hero(user).await?;
        let before = self.hero(user).await?;
        if before.row.version != expected {
            return Err(Error::Stale(before.row.version));
        }
        let home_region = changes.fields.home_region_code.clone().flatten();
        let home_region = home_region.as_deref().map(RegionCode::parse).transpose()?;
        self.check_regions(changes.area.as_deref().unwrap_or_default(), home_region.as_ref()).await?;
        let phone = match &changes.phone {
            None => None,
            Some(phone) => Some(self.seal_phone(user, phone.as_ref()).await?),
        };
        diesel::update(heroes::table.find((self.tenant(), user.uuid())))
            .set((
                &changes.fields,
                phone.map(|phone| heroes::phone_sealed.eq(phone)),
                heroes::version.eq(heroes::version + 1),
                heroes::updated_at.eq(Utc::now()),
            ))
            .execute(&mut **self)
            .await?;
        if let Some(area) = &changes.area {
            self.set_area(user, area).await?;
        }
        let after = self.hero(user).await?;
        let (was, is) = (self.hero_facts(&before).await?, self.hero_facts(&after).await?);
        self.record(Change::new(EventKind::HeroUpdated, Subject("hero", user.uuid())).from_to(was, is));
        Ok(after)
    }

    /// A member's role and name, which stay so until the end of the transaction.
    pub(crate) async fn hold_member(&mut self, user: UserId) -> Result<Option<(String, String)>> {
        Ok(memberships::table
            .find((self.tenant(), user.uuid()))
            .select((memberships::role, memberships::name))
            .for_share()
            .first(&mut **self)
            .await
            .optional()?)
    }

    /// Locks a profile: what it may take is counted under this lock. Whether it takes any, and how many.
    async fn lock_hero(&mut self, user: UserId) -> Result<(bool, i32)> {
        Ok(heroes::table
            .find((self.tenant(), user.uuid()))
            .select((heroes::active, heroes::capacity))
            .for_update()
            .first(&mut **self)
            .await?)
    }

    /// The heroes with the names of their regions: one query, however many heroes.
    async fn placed_heroes(&mut self, rows: Vec<HeroRow>) -> Result<Vec<Hero>> {
        let codes =
            |row: &HeroRow| row.area_codes.iter().chain(&row.home_region_code).cloned().collect::<Vec<_>>();
        let places = self.places(rows.iter().flat_map(codes).collect()).await?;
        let placed = |row: HeroRow| Hero {
            area: row.area_codes.iter().map(|code| place_of(&places, code)).collect(),
            home_region: row.home_region_code.as_deref().map(|code| place_of(&places, code)),
            phone: None,
            row,
        };
        Ok(rows.into_iter().map(placed).collect())
    }

    async fn set_area(&mut self, user: UserId, area: &[RegionCode]) -> Result<()> {
        diesel::delete(
            hero_areas::table
                .filter(hero_areas::aggregator_id.eq(self.tenant()))
                .filter(hero_areas::user_id.eq(user.uuid())),
        )
        .execute(&mut **self)
        .await?;
        let rows: Vec<_> = area
            .iter()
            .map(|region| {
                (
                    hero_areas::aggregator_id.eq(self.tenant()),
                    hero_areas::user_id.eq(user.uuid()),
                    hero_areas::region_code.eq(region.as_str()),
                )
            })
            .collect();
        diesel::insert_into(hero_areas::table).values(rows).execute(&mut **self).await?;
        Ok(())
    }

    /// Regions that are not there are named at their places.
    async fn check_regions(&mut self, area: &[RegionCode], home: Option<&RegionCode>) -> Result<()> {
        let codes: Vec<_> = area.iter().chain(home).map(RegionCode::as_str).collect();
        if codes.is_empty() {
            return Ok(());
        }
        let known = regions::table
            .filter(regions::code.eq_any(codes))
            .filter(regions::active)
            .select(regions::code)
            .load::<String>(&mut **self)
            .await?;
        let is_unknown = |region: &RegionCode| !known.iter().any(|code| code == region.as_str());
        let mut faults = Faults::default();
        for (at, _) in area.iter().enumerate().filter(|(_, region)| is_unknown(region)) {
            faults.add(format!("/area_codes/{at}"), Code::InvalidRegion);
        }
        if home.is_some_and(is_unknown) {
            faults.add("/home_region_code", Code::InvalidRegion);
        }
        Ok(faults.finish()?)
    }

    async fn seal_phone(&mut self, user: UserId, phone: Option<&Phone>) -> Result<Option<Vec<u8>>> {
        match phone {
            Some(phone) => Ok(Some(self.seal_for(user.uuid(), PHONE, user.uuid(), phone.as_str()).await?)),
            None => Ok(None),
        }
    }

    /// Forgets a hero's profile, with the key of what is sealed about the person. Whom he mentored, and when, stays.
    pub(crate) async fn forget_hero(&mut self, user: UserId) -> Result<()> {
        self.set_area(user, &[]).await?;
        diesel::delete(heroes::table.find((self.tenant(), user.uuid()))).execute(&mut **self).await?;
        self.destroy_subject_key(user.uuid()).await
    }

    /// What the audit chain keeps of a hero: the person's own data sealed under his key.
    async fn hero_facts(&mut self, hero: &Hero) -> Result<Value> {
        let row = &hero.row;
        let facts = json!({
            "capacity": row.capacity, "languages": row.languages, "area": row.area_codes, "active": row.active,
            "display_name": row.display_name, "phone": hero.phone, "latitude": row.latitude,
            "longitude": row.longitude, "home_region_code": row.home_region_code, "note": row.note,
        });
        self.sealed_facts(row.user_id, facts).await
    }
}
