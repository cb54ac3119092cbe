//! What a merchant tells about the business, beside its own row: one row at most, under the merchant's version.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::MerchantId;
use kapal_domain::profile::Workers;
use kapal_domain::{Code, Faults};
use kapal_schema::{merchant_profiles, merchants};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Error, Result, TenantTx};

/// What has been told; nothing at first.
#[derive(Debug, Clone, Default, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = merchant_profiles, check_for_backend(diesel::pg::Pg))]
pub struct ProfileRow {
    /// Whose.
    pub merchant_id: Uuid,
    /// Legal form.
    pub business_form: Option<String>,
    /// Edition of the line of business.
    pub kbli_version: Option<String>,
    /// Its five digits.
    pub kbli_code: Option<String>,
    /// When it began.
    pub founded_year: Option<i32>,
    /// How many work there.
    pub workers_total: Option<i32>,
    /// Women.
    pub workers_women: Option<i32>,
    /// Below 35 years.
    pub workers_youth: Option<i32>,
    /// With a disability.
    pub workers_disability: Option<i32>,
    /// For letters and visits.
    pub address: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// The story in English; may be empty.
    pub story_en: String,
    /// A picture of the aggregator.
    pub logo_id: Option<Uuid>,
    /// When the maker agreed to the story being shown.
    pub story_consent_on: Option<NaiveDate>,
    /// How.
    pub story_consent_channel: Option<String>,
    /// Who took the consent.
    pub story_consent_by: Option<Uuid>,
    /// Since when the story may not be shown.
    pub story_withdrawn_on: Option<NaiveDate>,
}

/// What to change: None keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default, PartialEq, AsChangeset)]
#[diesel(table_name = merchant_profiles)]
pub struct ProfileChanges {
    /// Legal form.
    pub business_form: Option<Option<String>>,
    /// Edition of the line of business.
    pub kbli_version: Option<Option<String>>,
    /// Its five digits.
    pub kbli_code: Option<Option<String>>,
    /// When it began.
    pub founded_year: Option<Option<i32>>,
    /// How many work there.
    pub workers_total: Option<Option<i32>>,
    /// Women.
    pub workers_women: Option<Option<i32>>,
    /// Below 35 years.
    pub workers_youth: Option<Option<i32>>,
    /// With a disability.
    pub workers_disability: Option<Option<i32>>,
    /// For letters and visits.
    pub address: Option<Option<String>>,
    /// Degrees north.
    pub latitude: Option<Option<f64>>,
    /// Degrees east.
    pub longitude: Option<Option<f64>>,
    /// The story in English; empty takes it away.
    pub story_en: Option<String>,
    /// A picture of the aggregator.
    pub logo_id: Option<Option<Uuid>>,
    /// When the maker agreed to the story being shown.
    pub story_consent_on: Option<Option<NaiveDate>>,
    /// How.
    pub story_consent_channel: Option<Option<String>>,
    /// Who took the consent.
    pub story_consent_by: Option<Option<Uuid>>,
    /// Since when the story may not be shown.
    pub story_withdrawn_on: Option<Option<NaiveDate>>,
}

impl ProfileChanges {
    /// A consent to the story being shown, or its withdrawal, today.
    pub fn set_consent(&mut self, consent: Option<(NaiveDate, &str)>, taken_by: Option<Uuid>) {
        let today = Utc::now().date_naive();
        match consent {
            Some((given_on, channel)) => {
                self.story_consent_on = Some(Some(given_on));
                self.story_consent_channel = Some(Some(channel.to_owned()));
                self.story_consent_by = Some(taken_by);
                self.story_withdrawn_on = Some(None);
            }
            // What was agreed to, and when, stays on record.
            None => self.story_withdrawn_on = Some(Some(today)),
        }
    }
}

impl ProfileRow {
    /// Of a merchant that has told nothing.
    #[must_use]
    pub fn of(merchant: Uuid) -> Self {
        Self { merchant_id: merchant, ..Self::default() }
    }

    /// The fields that are other than they were, as pointers into the merchant.
    pub(crate) fn changed(&self, before: &Self) -> Vec<&'static str> {
        let consent = |row: &Self| {
            (
                row.story_consent_on,
                row.story_consent_channel.clone(),
                row.story_consent_by,
                row.story_withdrawn_on,
            )
        };
        let fields = [
            ("/profile/business_form", self.business_form != before.business_form),
            (
                "/profile/kbli",
                (&self.kbli_version, &self.kbli_code) != (&before.kbli_version, &before.kbli_code),
            ),
            ("/profile/founded_year", self.founded_year != before.founded_year),
            ("/profile/workers", self.workers() != before.workers()),
            ("/profile/address", self.address != before.address),
            ("/profile/coordinates", (self.latitude, self.longitude) != (before.latitude, before.longitude)),
            ("/profile/logo_id", self.logo_id != before.logo_id),
            ("/profile/story_consent", consent(self) != consent(before)),
        ];
        let mut changed: Vec<_> =
            fields.into_iter().filter(|(_, is_other)| *is_other).map(|(pointer, _)| pointer).collect();
        if !changed.is_empty() {
            changed.push("/profile");
        }
        if self.story_en != before.story_en {
            changed.push("/translations");
        }
        changed
    }

    /// The figures about workers.
    #[must_use]
    pub fn workers(&self) -> Workers {
        Workers {
            total: self.workers_total,
            women: self.workers_women,
            youth: self.workers_youth,
            disability: self.workers_disability,
        }
    }
}

impl TenantTx<'_> {
    /// What a merchant has told.
    pub(crate) async fn profile(&mut self, merchant: MerchantId) -> Result<ProfileRow> {
        let row = merchant_profiles::table
            .find((self.tenant(), merchant.uuid()))
            .select(ProfileRow::as_select())
            .first::<ProfileRow>(&mut **self)
            .await
            .optional()?;
        Ok(row.unwrap_or_else(|| ProfileRow::of(merchant.uuid())))
    }

    /// What several merchants have told; who told nothing is not there.
    pub(crate) async fn profiles(&mut self, merchants: &[Uuid]) -> Result<Vec<ProfileRow>> {
        Ok(merchant_profiles::table
            .filter(merchant_profiles::aggregator_id.eq(self.tenant()))
            .filter(merchant_profiles::merchant_id.eq_any(merchants))
            .select(ProfileRow::as_select())
            .load(&mut **self)
            .await?)
    }

    /// Changes what a merchant tells, whose row is locked or new; the caller records it.
    pub(crate) async fn write_profile(
        &mut self,
        before: &ProfileRow,
        changes: &ProfileChanges,
    ) -> Result<ProfileRow> {
        if *changes == ProfileChanges::default() {
            return Ok(before.clone());
        }
        // A part is checked against the total that is on record, and the other way round.
        let workers = Workers {
            total: changes.workers_total.unwrap_or(before.workers_total),
            women: changes.workers_women.unwrap_or(before.workers_women),
            youth: changes.workers_youth.unwrap_or(before.workers_youth),
            disability: changes.workers_disability.unwrap_or(before.workers_disability),
        };
        let mut wrong = Faults::default();
        workers.check(&mut wrong);
        if !wrong.is_empty() {
            let mut faults = Faults::default();
            faults.nest("/profile/workers", wrong);
            return Err(Error::Invalid(faults));
        }
        // Whoever calls it has locked the merchant, or just made it; what was erased stays so whoever forgets that.
        let erased = merchants::table.find((self.tenant(), before.merchant_id)).select(merchants::erased_at);
        if erased.for_key_share().first::<Option<DateTime<Utc>>>(&mut **self).await?.is_some() {
            return Err(Code::SubjectErased.into());
        }
        diesel::insert_into(merchant_profiles::table)
            .values((merchant_profiles::aggregator_id.eq(self.tenant()), before))
            .on_conflict_do_nothing()
            .execute(&mut **self)
            .await?;
        Ok(diesel::update(merchant_profiles::table.find((self.tenant(), before.merchant_id)))
            .set(changes)
            .returning(ProfileRow::as_returning())
            .get_result::<ProfileRow>(&mut **self)
            .await?)
    }
}

/// What the audit chain keeps of a profile, which is sealed whole: where the business is may be somebody's home.
pub(crate) fn profile_facts(row: &ProfileRow) -> Value {
    json!({
        "business_form": row.business_form, "kbli_version": row.kbli_version, "kbli_code": row.kbli_code,
        "founded_year": row.founded_year, "workers_total": row.workers_total, "workers_women": row.workers_women,
        "workers_youth": row.workers_youth, "workers_disability": row.workers_disability, "address": row.address,
        "latitude": row.latitude, "longitude": row.longitude, "story_en": row.story_en, "logo_id": row.logo_id,
        "story_consent_on": row.story_consent_on, "story_consent_channel": row.story_consent_channel,
        "story_consent_by": row.story_consent_by, "story_withdrawn_on": row.story_withdrawn_on,
    })
}
