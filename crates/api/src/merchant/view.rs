//! A merchant as staff see it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kapal_domain::locale::Locale;
use kapal_persistence::{Merchant, RequestedChange};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::profile::ProfileView;
use crate::csv::{Record, time_cell};
use crate::views::RegionRef;

/// A merchant, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Merchant)]
pub struct MerchantView {
    /// Id.
    pub(super) id: Uuid,
    /// Part of public addresses.
    #[schema(example = "tenun-mama-ina", max_length = 80)]
    slug: String,
    /// Shop name.
    #[schema(example = "Tenun Mama Ina", max_length = 120)]
    name: String,
    /// Name in the papers.
    #[schema(example = "CV Tenun Ina", max_length = 200)]
    legal_name: Option<String>,
    /// `draft`, `submitted`, `needs_changes`, `active`, `suspended` or `archived`.
    #[schema(example = "active", max_length = 20)]
    status: String,
    /// What the reviewer asked for, or why the merchant is suspended.
    #[schema(example = "Foto NIB belum terbaca.", max_length = 2000)]
    status_reason: Option<String>,
    /// The fields that the reviewer asked for and that have not changed since.
    #[schema(max_items = 20)]
    requested_changes: Vec<RequestedChangeView>,
    /// Where it is.
    region: RegionRef,
    /// UMKM class (PP 7/2021, article 35): `micro`, `small` or `medium`.
    #[schema(example = "micro", max_length = 10)]
    scale: Option<String>,
    /// What the class comes from: `declared`, `capital` or `sales`.
    #[schema(example = "sales", max_length = 10)]
    scale_basis: Option<String>,
    /// Its class in naik kelas: `modern`, `digital`, `online` or `global`; null until an assessment made one.
    #[schema(example = "digital", max_length = 10)]
    level: Option<String>,
    /// Business identity number.
    #[schema(example = "1234567890123", max_length = 13)]
    nib: Option<String>,
    /// Business phone, E.164.
    #[schema(example = "+6281234567890", max_length = 16)]
    phone: String,
    /// The maker's story.
    #[schema(example = "Mama Ina menenun sejak usia sembilan tahun.", max_length = 5000)]
    story: String,
    /// The story in each language that it is told in.
    #[schema(example = json!({ "id": { "story": "Mama Ina menenun sejak usia sembilan tahun." } }))]
    translations: BTreeMap<&'static str, StoryView>,
    /// What else it tells about the business.
    profile: ProfileView,
    /// Grows with each change: the `ETag`.
    #[schema(example = 1, minimum = 1)]
    pub(super) version: i32,
    /// When it was onboarded.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// Since when its processing is restricted, at its own request; such a merchant is in no list.
    restricted_at: Option<DateTime<Utc>>,
    /// Since when it objects to being judged by figures: nobody scores or assesses it.
    objected_at: Option<DateTime<Utc>>,
}

/// A merchant's texts in one language.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MerchantTexts)]
pub struct StoryView {
    /// The maker's story.
    #[schema(example = "Mama Ina menenun sejak usia sembilan tahun.", max_length = 5000)]
    story: String,
}

/// A field that a reviewer wants changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequestedChange)]
pub struct RequestedChangeView {
    /// The field, as a JSON pointer into the merchant or what belongs to it.
    #[schema(example = "/nib", max_length = 60)]
    pointer: String,
    /// Why.
    #[schema(example = "Nomor tidak cocok dengan dokumen.", max_length = 500)]
    reason: String,
    /// When it was asked for.
    requested_at: DateTime<Utc>,
}

impl From<RequestedChange> for RequestedChangeView {
    fn from(change: RequestedChange) -> Self {
        Self { pointer: change.pointer, reason: change.reason, requested_at: change.requested_at }
    }
}

impl From<Merchant> for MerchantView {
    fn from(merchant: Merchant) -> Self {
        let (row, profile) = (merchant.row, merchant.profile);
        let told = [(Locale::Id, &row.story), (Locale::En, &profile.story_en)];
        let told = told.into_iter().filter(|(_, story)| !story.is_empty());
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            legal_name: row.legal_name,
            status: row.status,
            status_reason: row.status_reason,
            requested_changes: merchant.requests.into_iter().map(RequestedChangeView::from).collect(),
            region: merchant.place.into(),
            scale: row.scale,
            scale_basis: row.scale_basis,
            level: row.level,
            nib: row.nib,
            phone: row.phone,
            translations: told.map(|(l, story)| (l.as_str(), StoryView { story: story.clone() })).collect(),
            profile: profile.into(),
            story: row.story,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            restricted_at: row.restricted_at,
            objected_at: row.objected_at,
        }
    }
}

impl Record for MerchantView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "slug",
        "name",
        "legal_name",
        "status",
        "region_code",
        "region",
        "province",
        "scale",
        "nib",
        "phone",
        "created_at",
        "updated_at",
    ];

    fn cells(&self) -> Vec<String> {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            self.id.to_string(),
            self.slug.clone(),
            self.name.clone(),
            optional(&self.legal_name),
            self.status.clone(),
            self.region.code.clone(),
            self.region.name.clone(),
            self.region.province.name.clone(),
            optional(&self.scale),
            optional(&self.nib),
            self.phone.clone(),
            time_cell(self.created_at),
            time_cell(self.updated_at),
        ]
    }
}
