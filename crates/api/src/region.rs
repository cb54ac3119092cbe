//! `/v1/regions`: provinces, regencies and cities, districts, as a tree and as a search.

use actix_web::{get, web};
use kapal_domain::region::{RegionCode, RegionLevel};
use kapal_persistence::{RegionFilter, RegionRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::answer::{Answered, Reply, respond};
use crate::query::{List, PageOf, Paging, one};
use crate::{App, Problem};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(list_regions);
}

/// A region of Indonesia.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Region)]
pub struct RegionView {
    /// Kemendagri code.
    #[schema(example = "73.26", max_length = 13)]
    code: String,
    /// The code of the region above; null for a province.
    #[schema(example = "73", max_length = 13)]
    parent_code: Option<String>,
    /// `province`, `regency` (also cities) or `district`.
    #[schema(example = "regency", max_length = 20)]
    level: String,
    /// Official name.
    #[schema(example = "Kabupaten Toraja Utara", max_length = 200)]
    name: String,
    /// WGS 84 degrees of the centroid: good for a pin, not for borders.
    #[schema(example = -2.86, minimum = -90, maximum = 90)]
    latitude: f64,
    /// WGS 84 degrees of the centroid.
    #[schema(example = 119.84, minimum = -180, maximum = 180)]
    longitude: f64,
    /// IANA time zone.
    #[schema(example = "Asia/Makassar", max_length = 40)]
    time_zone: String,
}

impl From<RegionRow> for RegionView {
    fn from(row: RegionRow) -> Self {
        let zone = RegionCode::parse(&row.code).map(|code| code.time_zone().name()).unwrap_or("Asia/Jakarta");
        Self {
            code: row.code,
            parent_code: row.parent_code,
            level: row.level,
            name: row.name,
            latitude: row.latitude,
            longitude: row.longitude,
            time_zone: zone.to_owned(),
        }
    }
}

/// Which regions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RegionQuery {
    /// The children of this region; without it and `q`, the provinces.
    #[param(example = "73", max_length = 13)]
    parent: Option<String>,
    /// Only this level: `province`, `regency`, `district`.
    #[param(example = "regency", max_length = 20)]
    level: Option<String>,
    /// Words of the name; "Kab.", "Kota" and hyphens don't matter.
    #[param(example = "toraja", max_length = 100)]
    q: Option<String>,
}

impl RegionQuery {
    fn parse(&self) -> Result<RegionFilter, Problem> {
        Ok(RegionFilter {
            parent: one("parent", self.parent.as_ref(), RegionCode::parse)?,
            level: one("level", self.level.as_ref(), RegionLevel::parse)?,
            text: self.q.clone().filter(|q| !q.trim().is_empty()),
        })
    }
}

/// List regions
///
/// The regions of Indonesia by name: without parameters the 38 provinces, with `parent` the regions directly below
/// one, with `q` all whose name has the words. A merchant's `region_code` is a regency, a city or a district.
#[utoipa::path(tag = "regions", params(RegionQuery, Paging), responses((status = 200, description = "A page of regions.", body = PageOf<RegionView>)))]
#[get("/v1/regions")]
pub async fn list_regions(app: web::Data<App>, list: List<RegionQuery>) -> Answered {
    let page = app.db.regions(&list.filter.parse()?, list.after.as_ref(), list.limit).await?;
    let mut answer = list.reply(page.map(RegionView::from)).answer();
    answer.headers.push(("Cache-Control".into(), "public, max-age=3600".into()));
    Ok(respond(answer))
}
