//! `/v1/aggregators/{aggregator}`: an aggregator, as its own staff see and edit it, and its settings.

use actix_web::{get, patch, put};
use chrono::{DateTime, Utc};
use kapal_domain::aggregator::AggregatorName;
use kapal_domain::permission::{AggregatorRead, AggregatorWrite};
use kapal_domain::text::Prose;
use kapal_domain::{Code, Faults};
use kapal_persistence::{AggregatorChanges, AggregatorRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::Staff;
use crate::answer::{Answered, Found};
use crate::json::{Json, Patch};
use crate::path::IfMatch;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_aggregator).service(update_aggregator).service(get_settings).service(put_settings);
}

/// An aggregator.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Aggregator)]
pub struct AggregatorView {
    /// Id.
    pub(crate) id: Uuid,
    /// Part of public addresses: unique, permanent.
    #[schema(example = "koperasi-toraja", max_length = 80)]
    pub(crate) slug: String,
    /// Name.
    #[schema(example = "Koperasi Toraja Bersama", max_length = 120)]
    name: String,
    /// What it is.
    description: DescriptionView,
    /// `pending`, `active`, `suspended` or `closed`.
    #[schema(example = "active", max_length = 20)]
    status: String,
    /// Whether all in it is invented, for trying things out.
    #[schema(example = false)]
    demonstration: bool,
    /// Grows with each change: the `ETag`.
    #[schema(example = 1, minimum = 1)]
    pub(crate) version: i32,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<AggregatorRow> for AggregatorView {
    fn from(row: AggregatorRow) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            description: DescriptionView { id: row.description_id, en: row.description_en },
            status: row.status,
            demonstration: row.demonstration,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A text in both languages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Description)]
pub struct DescriptionView {
    /// Indonesian.
    #[schema(example = "Koperasi para perajin dan petani kopi Toraja.", max_length = 1000)]
    id: String,
    /// English.
    #[schema(example = "Cooperative of Toraja's makers and coffee farmers.", max_length = 1000)]
    en: String,
}

/// What to change of an aggregator (RFC 7396).
#[derive(Debug, Deserialize, ToSchema)]
pub struct AggregatorPatch {
    /// Name.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Koperasi Toraja Bersama", min_length = 2, max_length = 120)]
    name: Patch<String>,
    /// What it is, by language.
    description: Option<DescriptionPatch>,
}

/// What to change of a text in both languages.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct DescriptionPatch {
    /// Indonesian; null clears.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Koperasi para perajin dan petani kopi Toraja.", max_length = 1000)]
    id: Patch<String>,
    /// English; null clears.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Cooperative of Toraja's makers and coffee farmers.", max_length = 1000)]
    en: Patch<String>,
}

impl AggregatorPatch {
    pub(crate) fn parse(&self) -> Result<AggregatorChanges, Faults> {
        let mut faults = Faults::default();
        let name = self.name.required(&mut faults, "/name", |v| AggregatorName::parse(v).map(String::from));
        let text = |v: &String| Prose::<0, 1000>::parse(v).map(String::from);
        let (in_indonesian, in_english) = match &self.description {
            None => (Some(None), Some(None)),
            Some(description) => (
                description.id.optional(&mut faults, "/description/id", text),
                description.en.optional(&mut faults, "/description/en", text),
            ),
        };
        let (Some(name), Some(in_indonesian), Some(in_english)) = (name, in_indonesian, in_english) else {
            return Err(faults);
        };
        Ok(AggregatorChanges {
            name,
            description_id: in_indonesian.map(Option::unwrap_or_default),
            description_en: in_english.map(Option::unwrap_or_default),
            ..AggregatorChanges::default()
        })
    }
}

/// How an aggregator is shown.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Settings {
    /// Whether its products show on the national storefront.
    #[schema(example = true)]
    national: bool,
    /// The colour of its pages, as `#rrggbb`.
    #[schema(example = "#0b5d51", pattern = "^#[0-9a-fA-F]{6}$", max_length = 7)]
    primary_colour: String,
}

impl Settings {
    fn parse(&self) -> Result<AggregatorChanges, Faults> {
        let mut faults = Faults::default();
        let colour = self.primary_colour.to_ascii_lowercase();
        let digits =
            colour.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
        if digits.is_none() {
            faults.add("/primary_colour", Code::InvalidColour);
        }
        faults.finish()?;
        let national = Some(self.national);
        Ok(AggregatorChanges { national, primary_colour: Some(colour), ..AggregatorChanges::default() })
    }
}

impl From<&AggregatorRow> for Settings {
    fn from(row: &AggregatorRow) -> Self {
        Self { national: row.national, primary_colour: row.primary_colour.clone() }
    }
}

/// Read the aggregator
///
/// The aggregator that the path names, as its own staff see it.
#[utoipa::path(tag = "aggregator", responses((status = 200, description = "The aggregator.", body = AggregatorView)), security(("bearer" = ["aggregator:read"])))]
#[get("/v1/aggregators/{aggregator}")]
pub async fn get_aggregator(staff: Staff<AggregatorRead>) -> Answered {
    staff.run(async |tx| Ok(found(tx.own_aggregator().await?))).await
}

/// Edit the aggregator
///
/// A merge patch (RFC 7396) of name and description; the slug never changes.
#[utoipa::path(tag = "aggregator", request_body = AggregatorPatch, responses((status = 200, description = "The aggregator as it is now.", body = AggregatorView)), security(("bearer" = ["aggregator:write"])))]
#[patch("/v1/aggregators/{aggregator}")]
pub async fn update_aggregator(
    staff: Staff<AggregatorWrite>,
    IfMatch(version): IfMatch,
    body: Json<AggregatorPatch>,
) -> Answered {
    let changes = body.0.parse()?;
    staff.run(async |tx| Ok(found(tx.update_own_aggregator(version, &changes).await?))).await
}

/// Read the settings
///
/// How the aggregator is shown.
#[utoipa::path(tag = "aggregator", responses((status = 200, description = "The settings.", body = Settings)), security(("bearer" = ["aggregator:read"])))]
#[get("/v1/aggregators/{aggregator}/settings")]
pub async fn get_settings(staff: Staff<AggregatorRead>) -> Answered {
    staff
        .run(async |tx| {
            let row = tx.own_aggregator().await?;
            Ok(Found(Some(row.version), Settings::from(&row)))
        })
        .await
}

/// Replace the settings
///
/// The storefront and its pages follow at once.
#[utoipa::path(tag = "aggregator", request_body = Settings, responses((status = 200, description = "The settings as they are now.", body = Settings)), security(("bearer" = ["aggregator:write"])))]
#[put("/v1/aggregators/{aggregator}/settings")]
pub async fn put_settings(
    staff: Staff<AggregatorWrite>,
    IfMatch(version): IfMatch,
    body: Json<Settings>,
) -> Answered {
    let changes = body.0.parse()?;
    staff
        .run(async |tx| {
            let row = tx.update_own_aggregator(version, &changes).await?;
            Ok(Found(Some(row.version), Settings::from(&row)))
        })
        .await
}

pub(crate) fn found(row: AggregatorRow) -> Found<AggregatorView> {
    Found(Some(row.version), row.into())
}
