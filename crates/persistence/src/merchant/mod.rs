//! Merchants of one aggregator.

use chrono::{DateTime, Utc};
use diesel::{
    AsChangeset, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, QueryableByName, Selectable,
    SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::MerchantId;
use kapal_domain::merchant::{LegalName, MerchantName, MerchantStatus, Nib, Story};
use kapal_domain::phone::Phone;
use kapal_domain::region::RegionCode;
use kapal_domain::slug::Slug;
use kapal_domain::{Code, Refusal};
use kapal_schema::{merchant_access, merchants};
use serde_json::{Value, json};
use uuid::Uuid;

mod status;

use crate::identity::stored;
use crate::sql::sql;
use crate::{
    Change, Error, ProfileChanges, ProfileRow, RequestedChange, Result, ScaleClaim, Subject, TenantTx,
};

/// A merchant as it is stored.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = merchants, check_for_backend(diesel::pg::Pg))]
pub struct MerchantRow {
    /// Id.
    pub id: Uuid,
    /// Part of public addresses.
    pub slug: String,
    /// Shop name.
    pub name: String,
    /// Name in the papers.
    pub legal_name: Option<String>,
    /// State.
    pub status: String,
    /// Regency, city or district.
    pub region_code: String,
    /// UMKM class (PP 7/2021, article 35).
    pub scale: Option<String>,
    /// What the class was derived from.
    pub scale_basis: Option<String>,
    /// Business identity number.
    pub nib: Option<String>,
    /// E.164.
    pub phone: String,
    /// The maker's story.
    pub story: String,
    /// What a reviewer asked for, or why the merchant is suspended.
    pub status_reason: Option<String>,
    /// Grows with each change.
    pub version: i32,
    /// When it was onboarded.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Since when its processing is restricted.
    pub restricted_at: Option<DateTime<Utc>>,
    /// When its personal data was erased.
    pub erased_at: Option<DateTime<Utc>>,
    /// Its class in naik kelas, as a confirmed assessment made it.
    pub level: Option<String>,
    /// Since when it objects to being judged by figures.
    pub objected_at: Option<DateTime<Utc>>,
}

impl MerchantRow {
    /// The id.
    #[must_use]
    pub fn id(&self) -> MerchantId {
        self.id.into()
    }

    pub(crate) fn status(&self) -> Result<MerchantStatus> {
        stored(MerchantStatus::parse(&self.status))
    }
}

/// A merchant's region with its province, as shown beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Code of the regency, city or district.
    pub code: String,
    /// Its name; a district with its regency, since district names repeat.
    pub name: String,
    /// Code of the province.
    pub province_code: String,
    /// Name of the province.
    pub province_name: String,
}

/// A merchant with its place.
#[derive(Debug, Clone)]
pub struct Merchant {
    /// The merchant.
    pub row: MerchantRow,
    /// Where it is.
    pub place: Place,
    /// What it tells of itself.
    pub profile: ProfileRow,
    /// What a reviewer asked for and has not changed yet.
    pub requests: Vec<RequestedChange>,
}

/// A merchant to be onboarded.
#[derive(Debug, Clone)]
pub struct NewMerchant {
    /// Shop name.
    pub name: MerchantName,
    /// Name in the papers.
    pub legal_name: Option<LegalName>,
    /// Regency, city or district.
    pub region_code: RegionCode,
    /// UMKM class.
    pub scale: Option<ScaleClaim>,
    /// Business identity number.
    pub nib: Option<Nib>,
    /// Business phone.
    pub phone: Phone,
    /// The maker's story.
    pub story: Story,
    /// What else it tells.
    pub profile: ProfileChanges,
}

/// What to change of a merchant: None keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = merchants)]
pub struct MerchantChanges {
    /// Shop name.
    pub name: Option<String>,
    /// Name in the papers.
    pub legal_name: Option<Option<String>>,
    /// Regency, city or district.
    pub region_code: Option<String>,
    /// Business identity number.
    pub nib: Option<Option<String>>,
    /// Business phone.
    pub phone: Option<String>,
    /// The maker's story.
    pub story: Option<String>,
}

/// An edit of a merchant: of its row, of what it tells besides, of its class (`Some(None)` clears).
#[derive(Debug, Clone, Default)]
pub struct MerchantEdit {
    /// Of its row.
    pub merchant: MerchantChanges,
    /// Of what it tells besides.
    pub profile: ProfileChanges,
    /// Of its class.
    pub scale: Option<Option<ScaleClaim>>,
}

sql! {
    FindPlaces { codes: Vec<String> => diesel::sql_types::Array<diesel::sql_types::Text> }
    "SELECT r.code, CASE WHEN r.level = 'district' THEN r.name || ', ' || u.name ELSE r.name END AS name,
            p.code AS province_code, p.name AS province_name
     FROM regions r
     JOIN regions p ON p.code = left(r.code, 2)
     LEFT JOIN regions u ON u.code = r.parent_code
     WHERE r.code = ANY ($1)"
}

#[derive(diesel::QueryableByName)]
struct PlaceRow {
    #[diesel(sql_type = diesel::sql_types::Text)]
    code: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    province_code: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    province_name: String,
}

impl TenantTx<'_> {
    /// Onboards a merchant as a draft. A hero's new merchant is his.
    pub async fn insert_merchant(&mut self, new: &NewMerchant) -> Result<Merchant> {
        let id = MerchantId::new();
        if let Some(hero) = self.narrowed_to() {
            // First, since the merchant's own policy asks for it.
            self.open_own_merchant(hero, id).await?;
        }
        let now = Utc::now();
        let mut slug = Slug::from_name(new.name.as_str());
        let base = slug.clone();
        for attempt in 2.. {
            let inserted = diesel::insert_into(merchants::table)
                .values((
                    merchants::aggregator_id.eq(self.tenant()),
                    merchants::id.eq(id.uuid()),
                    merchants::slug.eq(slug.as_str()),
                    merchants::name.eq(new.name.as_str()),
                    merchants::legal_name.eq(new.legal_name.as_ref().map(|n| n.as_str())),
                    merchants::status.eq(MerchantStatus::Draft.as_str()),
                    merchants::region_code.eq(new.region_code.as_str()),
                    merchants::scale.eq(new.scale.map(|s| s.scale.as_str())),
                    merchants::scale_basis.eq(new.scale.map(|s| s.basis)),
                    merchants::nib.eq(new.nib.as_ref().map(|n| n.as_str())),
                    merchants::phone.eq(new.phone.as_str()),
                    merchants::story.eq(new.story.as_str()),
                    merchants::created_at.eq(now),
                    merchants::updated_at.eq(now),
                ))
                .on_conflict((merchants::aggregator_id, merchants::slug))
                .do_nothing()
                .returning(MerchantRow::as_returning())
                .get_result::<MerchantRow>(&mut **self)
                .await
                .optional()?;
            if let Some(row) = inserted {
                self.write_words(&row).await?;
                if let Some(claim) = &new.scale {
                    self.insert_scale(id, Some(claim)).await?;
                }
                let profile = self.write_profile(&ProfileRow::of(row.id), &new.profile).await?;
                let after = self.sealed_facts(row.id, facts_with(&row, &profile)).await?;
                self.record(
                    Change::new(EventKind::MerchantCreated, Subject("merchant", row.id))
                        .data(json!({ "slug": row.slug }))
                        .from_to(Value::Null, after),
                );
                if let Some(hero) = self.narrowed_to() {
                    self.assign_own_merchant(hero, &row).await?;
                }
                return self.placed(row, profile).await;
            }
            slug = base.with_suffix(crate::suffix(attempt));
        }
        unreachable!("the loop ends by an insert or an error")
    }

    /// One merchant.
    pub async fn merchant(&mut self, id: MerchantId) -> Result<Merchant> {
        let row = merchants::table
            .find((self.tenant(), id.uuid()))
            .select(MerchantRow::as_select())
            .first::<MerchantRow>(&mut **self)
            .await?;
        self.told(row).await
    }

    /// Whether there is such a merchant, for this handle: else not found.
    pub(crate) async fn expect_merchant(&mut self, id: MerchantId) -> Result<()> {
        let found = merchants::table.find((self.tenant(), id.uuid())).select(merchants::id);
        found.first::<Uuid>(&mut **self).await?;
        Ok(())
    }

    /// The state of a merchant that a body names; it stays so until the end of the transaction.
    pub(crate) async fn named_merchant_status(&mut self, id: MerchantId) -> Result<MerchantStatus> {
        let status = merchants::table
            .find((self.tenant(), id.uuid()))
            .select(merchants::status)
            .for_share()
            .first::<String>(&mut **self)
            .await
            .optional()?
            .ok_or_else(|| Error::field("/merchant_id", Code::UnknownReference))?;
        crate::identity::stored(MerchantStatus::parse(&status))
    }

    /// One merchant, locked until the end of the transaction.
    pub(crate) async fn lock_merchant(&mut self, id: MerchantId) -> Result<MerchantRow> {
        let row = merchants::table
            .find((self.tenant(), id.uuid()))
            .select(MerchantRow::as_select())
            .for_update()
            .first::<MerchantRow>(&mut **self)
            .await?;
        Ok(row)
    }

    /// Edits a merchant whose version is still `expected`.
    pub async fn update_merchant(
        &mut self,
        id: MerchantId,
        expected: i32,
        edit: &MerchantEdit,
    ) -> Result<Merchant> {
        let before = self.lock_merchant(id).await?;
        if before.version != expected {
            return Err(Error::Stale(before.version));
        }
        if before.status()?.was_verified() && edit.merchant.nib == Some(None) {
            return Err(Refusal::because(
                Code::NibRequired,
                "Its products may be published: the NIB can be corrected, not removed.",
            )
            .into());
        }
        if before.status()? == MerchantStatus::Archived {
            return Err(Refusal::because(Code::WrongState, "An archived merchant is not edited.").into());
        }
        let row = diesel::update(merchants::table.find((self.tenant(), id.uuid())))
            .set((
                &edit.merchant,
                edit.scale.map(|claim| {
                    (
                        merchants::scale.eq(claim.map(|c| c.scale.as_str())),
                        merchants::scale_basis.eq(claim.map(|c| c.basis)),
                    )
                }),
                merchants::version.eq(merchants::version + 1),
                merchants::updated_at.eq(Utc::now()),
            ))
            .returning(MerchantRow::as_returning())
            .get_result::<MerchantRow>(&mut **self)
            .await?;
        self.write_words(&row).await?;
        if let Some(claim) = &edit.scale {
            self.insert_scale(id, claim.as_ref()).await?;
        }
        let told = self.profile(id).await?;
        let profile = self.write_profile(&told, &edit.profile).await?;
        let (old, new) = if profile == told {
            (facts(&before), facts(&row))
        } else {
            (facts_with(&before, &told), facts_with(&row, &profile))
        };
        let old = self.sealed_facts(row.id, old).await?;
        let new = self.sealed_facts(row.id, new).await?;
        let mut changed = changed_fields(&facts(&before), &facts(&row));
        changed.extend(profile.changed(&told).into_iter().map(str::to_owned));
        // Another figure may come to the same class.
        if edit.scale.flatten().is_some_and(|claim| claim.amount.is_some()) {
            changed.push("/scale".to_owned());
        }
        self.answer_requests(&before, &changed).await?;
        self.record(Change::new(EventKind::MerchantUpdated, Subject("merchant", row.id)).from_to(old, new));
        if row.nib != before.nib {
            self.restart_nib_document(&row).await?;
        }
        if row.status()? == MerchantStatus::Active {
            self.project_merchant(id).await?;
        }
        self.placed(row, profile).await
    }

    /// Takes the story, the picture or both of a locked merchant off the storefront, as its maker wants it. Who was
    /// erased shows none.
    pub(crate) async fn withdraw_shown(
        &mut self,
        before: &MerchantRow,
        story: bool,
        picture: bool,
    ) -> Result<()> {
        let told = self.profile(before.id.into()).await?;
        let story = story && told.story_withdrawn_on.is_none();
        let picture = picture && told.logo_id.is_some();
        if before.erased_at.is_some() || !(story || picture) {
            return Ok(());
        }
        let mut changes = ProfileChanges::default();
        if story {
            changes.set_consent(None, None);
        }
        if picture {
            changes.logo_id = Some(None);
        }
        let profile = self.write_profile(&told, &changes).await?;
        diesel::update(merchants::table.find((self.tenant(), before.id)))
            .set((merchants::version.eq(merchants::version + 1), merchants::updated_at.eq(Utc::now())))
            .execute(&mut **self)
            .await?;
        let was = self.sealed_facts(before.id, facts_with(before, &told)).await?;
        let is = self.sealed_facts(before.id, facts_with(before, &profile)).await?;
        self.record(Change::new(EventKind::MerchantUpdated, Subject("merchant", before.id)).from_to(was, is));
        self.project_merchant(before.id.into()).await
    }

    /// Deletes a draft that nothing else refers to.
    pub async fn delete_merchant(&mut self, id: MerchantId, expected: i32) -> Result<()> {
        let row = self.lock_merchant(id).await?;
        if row.version != expected {
            return Err(Error::Stale(row.version));
        }
        if row.status()? != MerchantStatus::Draft {
            return Err(Refusal::because(
                Code::InUse,
                format!("Only a draft is deleted; this is {}.", row.status),
            )
            .into());
        }
        let deleted =
            diesel::delete(merchants::table.find((self.tenant(), id.uuid()))).execute(&mut **self).await;
        match deleted {
            Err(diesel::result::Error::DatabaseError(
                diesel::result::DatabaseErrorKind::ForeignKeyViolation,
                _,
            )) => {
                return Err(Code::InUse.into());
            }
            other => other?,
        };
        diesel::delete(
            merchant_access::table
                .filter(merchant_access::aggregator_id.eq(self.tenant()))
                .filter(merchant_access::merchant_id.eq(id.uuid())),
        )
        .execute(&mut **self)
        .await?;
        let was = self.sealed_facts(row.id, facts(&row)).await?;
        // What the log has sealed of it opens no more.
        self.destroy_subject_key(row.id).await?;
        self.record(
            Change::new(EventKind::MerchantDeleted, Subject("merchant", row.id)).from_to(was, Value::Null),
        );
        Ok(())
    }

    /// Lets a narrowed member see a merchant.
    pub(crate) async fn grant_merchant(
        &mut self,
        user: Uuid,
        merchant: MerchantId,
        kind: &str,
    ) -> Result<()> {
        diesel::insert_into(merchant_access::table)
            .values((
                merchant_access::aggregator_id.eq(self.tenant()),
                merchant_access::user_id.eq(user),
                merchant_access::merchant_id.eq(merchant.uuid()),
                merchant_access::kind.eq(kind),
                merchant_access::created_at.eq(Utc::now()),
            ))
            .on_conflict_do_nothing()
            .execute(&mut **self)
            .await?;
        Ok(())
    }

    async fn told(&mut self, row: MerchantRow) -> Result<Merchant> {
        let profile = self.profile(row.id()).await?;
        self.placed(row, profile).await
    }

    async fn placed(&mut self, row: MerchantRow, profile: ProfileRow) -> Result<Merchant> {
        let places = self.places(vec![row.region_code.clone()]).await?;
        let requests = self.requests_of(std::slice::from_ref(&row)).await?;
        Ok(Merchant { place: place_of(&places, &row.region_code), row, profile, requests })
    }

    /// What was asked of those that are under review; no query where none is.
    pub(crate) async fn requests_of(&mut self, rows: &[MerchantRow]) -> Result<Vec<RequestedChange>> {
        let of: Vec<_> = rows.iter().filter(|row| under_review(&row.status)).map(|row| row.id).collect();
        if of.is_empty() { Ok(Vec::new()) } else { self.requested_changes(of).await }
    }

    /// The places of these codes.
    pub(crate) async fn places(&mut self, codes: Vec<String>) -> Result<Vec<Place>> {
        let rows = FindPlaces { codes }.load::<PlaceRow>(&mut **self).await?;
        Ok(rows
            .into_iter()
            .map(|r| Place {
                code: r.code,
                name: r.name,
                province_code: r.province_code,
                province_name: r.province_name,
            })
            .collect())
    }
}

pub(crate) fn place_of(places: &[Place], code: &str) -> Place {
    places
        .iter()
        .find(|p| p.code == code)
        .cloned()
        .unwrap_or_else(|| unreachable!("regions are never deleted"))
}

/// Whether a reviewer's requests may wait for an answer.
pub(crate) fn under_review(status: &str) -> bool {
    [MerchantStatus::NeedsChanges, MerchantStatus::Submitted].iter().any(|state| state.as_str() == status)
}

/// Pointers of the fields in which two states of a merchant differ.
fn changed_fields(before: &Value, after: &Value) -> Vec<String> {
    let after = after.as_object().into_iter().flatten();
    after
        .filter(|(name, value)| before[name.as_str()] != **value)
        .map(|(name, _)| format!("/{name}"))
        .collect()
}

/// What the audit chain keeps of a merchant; what is personal in it is sealed before it gets there.
fn facts(row: &MerchantRow) -> Value {
    json!({
        "name": row.name, "legal_name": row.legal_name, "region_code": row.region_code, "scale": row.scale,
        "scale_basis": row.scale_basis, "nib": row.nib, "phone": row.phone, "story": row.story, "status": row.status,
    })
}

/// The same with what the merchant tells about the business.
fn facts_with(row: &MerchantRow, profile: &ProfileRow) -> Value {
    let mut facts = facts(row);
    facts["profile"] = crate::profile::profile_facts(profile);
    facts
}
