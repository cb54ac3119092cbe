//! `/v1/platform/featured`: the platform's national slots, as one document.

use actix_web::{HttpRequest, get, put};
use chrono::{DateTime, Utc};
use kapal_domain::ids::{ProductId, SlotId};
use kapal_domain::slot::{Filling, MAX_ITEMS, MAX_LINES, Place};
use kapal_domain::slug::Slug;
use kapal_domain::{Code, Faults};
use kapal_persistence::{Featured, NationalSlot, NewNationalSlot, Replaced};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::answer::{Answered, Created, Found, InLanguage, Put};
use crate::json::Json;
use crate::path::{At, IfMatchOptional, parse_id};
use crate::query::Query;
use crate::slot::{SchedulePeriod, SlotScheduleView, parse_mode, parse_schedule};
use crate::{Operator, Problem};

/// The most slots of the national home.
const MAX_SLOTS: usize = 20;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_featured).service(put_featured).service(get_featured_schedule);
}

/// The national slots.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Featured)]
pub struct FeaturedView {
    /// The slots, by place and line.
    #[schema(max_items = 20)]
    slots: Vec<NationalSlotView>,
    /// Grows with each change: the `ETag`.
    #[schema(example = 4, minimum = 1)]
    version: i32,
}

/// A national slot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NationalSlot)]
pub struct NationalSlotView {
    /// Id; it stays while a slot does.
    id: Uuid,
    /// `home_hero`, `home_row` or `national`.
    #[schema(example = "national", max_length = 20)]
    place: String,
    /// The line of that place, from 1.
    #[schema(example = 1, minimum = 1, maximum = 20)]
    line: i16,
    /// `fixed` or `rotating`.
    #[schema(example = "fixed", max_length = 20)]
    mode: String,
    /// Products side by side; null when it is fixed.
    #[schema(example = json!(null), minimum = 1, maximum = 12)]
    places: Option<i16>,
    /// Hours after which a rotation shows others; null when it is fixed.
    #[schema(example = json!(null), minimum = 1, maximum = 168)]
    window_hours: Option<i16>,
    /// Windows that a province with mutiara goes unshown at most; null when it is fixed.
    #[schema(example = json!(null), minimum = 1, maximum = 365)]
    longest_wait: Option<i16>,
    /// From when it shows.
    starts_at: DateTime<Utc>,
    /// Until when; null when it stays.
    ends_at: Option<DateTime<Utc>>,
    /// The zone that the operators think in.
    #[schema(example = "Asia/Jakarta", max_length = 40)]
    time_zone: String,
    /// What stands in it in order, when it is fixed.
    #[schema(max_items = 12)]
    products: Vec<NationalProductView>,
}

/// A product in a national slot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NationalProduct)]
pub struct NationalProductView {
    /// Slug of the aggregator that it comes from.
    #[schema(example = "ekraf-sulawesi", max_length = 80)]
    aggregator: String,
    /// The product.
    product_id: Uuid,
}

impl From<Featured> for FeaturedView {
    fn from(featured: Featured) -> Self {
        Self { slots: featured.slots.into_iter().map(Into::into).collect(), version: featured.version }
    }
}

impl From<NationalSlot> for NationalSlotView {
    fn from(slot: NationalSlot) -> Self {
        let products = slot.products.into_iter().map(|product| NationalProductView {
            aggregator: product.aggregator_slug,
            product_id: product.product_id,
        });
        Self {
            id: slot.row.id,
            place: slot.row.place,
            line: slot.row.line,
            mode: slot.row.mode,
            places: slot.row.places,
            window_hours: slot.row.window_hours,
            longest_wait: slot.row.longest_wait,
            starts_at: slot.row.starts_at,
            ends_at: slot.row.ends_at,
            time_zone: slot.row.time_zone,
            products: products.collect(),
        }
    }
}

/// The national slots as they shall be.
#[derive(Debug, Deserialize, ToSchema)]
pub struct FeaturedBody {
    /// The slots, in their order.
    #[schema(max_items = 20)]
    slots: Vec<NationalSlotBody>,
}

/// A national slot to put.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NationalSlotBody {
    /// `home_hero`, `home_row` or `national`.
    #[schema(example = "national", pattern = "^(home_hero|home_row|national)$", max_length = 20)]
    place: String,
    /// The line of that place; the next free one of the document when it is left away.
    #[schema(example = 1, minimum = 1, maximum = 20)]
    line: Option<i64>,
    /// `fixed`, which is meant when it is left away, or `rotating`.
    #[schema(example = "fixed", pattern = "^(fixed|rotating)$", max_length = 20)]
    mode: Option<String>,
    /// Products side by side in a rotation; 8 when it is left away.
    #[schema(example = json!(null), minimum = 1, maximum = 12)]
    places: Option<i64>,
    /// Hours after which a rotation shows others; 24 when it is left away.
    #[schema(example = json!(null), minimum = 1, maximum = 168)]
    window_hours: Option<i64>,
    /// Windows that a province with mutiara goes unshown at most; 30 when it is left away.
    #[schema(example = json!(null), minimum = 1, maximum = 365)]
    longest_wait: Option<i64>,
    /// From when it shows; now when it is left away.
    #[schema(example = "2026-11-24T03:00:00Z", format = "date-time", max_length = 40)]
    starts_at: Option<String>,
    /// Until when; left away it stays.
    #[schema(example = "2026-12-24T03:00:00Z", format = "date-time", max_length = 40)]
    ends_at: Option<String>,
    /// IANA name of the zone that the operators think in; `Asia/Jakarta` when it is left away.
    #[schema(example = "Asia/Jakarta", max_length = 40)]
    time_zone: Option<String>,
    /// What stands in a fixed slot, in order: published mutiara of active aggregators that are shown nationally.
    #[schema(max_items = 12)]
    products: Option<Vec<NationalProductBody>>,
}

/// A product to put into a national slot.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NationalProductBody {
    /// Slug or id of the aggregator that it comes from.
    #[schema(example = "ekraf-sulawesi", max_length = 80)]
    aggregator: String,
    /// The product.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", format = "uuid", max_length = 36)]
    product_id: String,
}

impl FeaturedBody {
    fn parse(&self) -> Result<Vec<NewNationalSlot>, Faults> {
        let mut faults = Faults::default();
        if self.slots.len() > MAX_SLOTS {
            faults.add("/slots", Code::TooLong);
            return Err(faults);
        }
        let mut slots: Vec<NewNationalSlot> = Vec::with_capacity(self.slots.len());
        for (at, slot) in self.slots.iter().enumerate() {
            slots.extend(slot.parse(&mut faults, &format!("/slots/{at}"), &slots));
        }
        faults.finish().map(|()| slots)
    }
}

impl NationalSlotBody {
    fn parse(
        &self,
        faults: &mut Faults,
        prefix: &str,
        before: &[NewNationalSlot],
    ) -> Option<NewNationalSlot> {
        let place = faults.take(format!("{prefix}/place"), national_place(&self.place));
        let line = self.line(place, before).map(|line| faults.take(format!("{prefix}/line"), line));
        let schedule = parse_schedule(
            faults,
            prefix,
            self.starts_at.as_deref(),
            self.ends_at.as_deref(),
            self.time_zone.as_deref(),
        );
        let rules = [self.places, self.window_hours, self.longest_wait];
        let filling = match parse_mode(faults, prefix, self.mode.as_deref(), rules)? {
            Some(rules) if self.products.is_none() => Filling::Rotating(rules),
            Some(_) => return faults.take(format!("{prefix}/products"), Err(Code::OtherSlotMode)),
            None => Filling::Fixed(self.products(faults, prefix)?),
        };
        Some(NewNationalSlot { place: place?, line: line??, schedule: schedule?, filling })
    }

    /// The line that is named, or the first that no slot before has; None when the place is unknown.
    fn line(&self, place: Option<Place>, before: &[NewNationalSlot]) -> Option<Result<u8, Code>> {
        let place = place?;
        let line = match self.line {
            Some(line) => u8::try_from(line).map_err(|_| Code::OutOfRange),
            None if place == Place::HomeHero => Ok(1),
            None => {
                let is_free = |line: &u8| !before.iter().any(|s| (s.place, s.line) == (place, *line));
                (1..=MAX_LINES).find(is_free).ok_or(Code::OutOfRange)
            }
        };
        Some(line.and_then(|line| place.line(line)))
    }

    fn products(&self, faults: &mut Faults, prefix: &str) -> Option<Vec<(String, ProductId)>> {
        let given = self.products.as_deref().unwrap_or_default();
        let length = match given.len() {
            0 => Err(Code::Required),
            1..=MAX_ITEMS => Ok(()),
            _ => Err(Code::TooLong),
        };
        faults.take(format!("{prefix}/products"), length)?;
        let mut products = Vec::with_capacity(given.len());
        for (at, product) in given.iter().enumerate() {
            products.extend(product.parse(faults, &format!("{prefix}/products/{at}")));
        }
        Some(products)
    }
}

impl NationalProductBody {
    fn parse(&self, faults: &mut Faults, prefix: &str) -> Option<(String, ProductId)> {
        let aggregator = match parse_id::<kapal_domain::ids::AggregatorId>(&self.aggregator) {
            Ok(id) => Some(id.to_string()),
            Err(_) => faults
                .take(format!("{prefix}/aggregator"), Slug::parse(&self.aggregator))
                .map(|slug| slug.to_string()),
        };
        let product = faults.take(format!("{prefix}/product_id"), parse_id(&self.product_id));
        aggregator.zip(product)
    }
}

/// A place of the national home.
fn national_place(text: &str) -> Result<Place, Code> {
    match Place::parse(text)? {
        Place::CategoryTop => Err(Code::InvalidChoice),
        place => Ok(place),
    }
}

/// Read the national slots
///
/// What the platform features on the national home, also what is still to come.
#[utoipa::path(tag = "platform", responses((status = 200, description = "The national slots.", body = FeaturedView)), security(("bearer" = ["operator"])))]
#[get("/v1/platform/featured")]
pub async fn get_featured(operator: Operator) -> Answered {
    operator.run(async |tx| Ok(found(tx.featured().await?))).await
}

/// Put the national slots
///
/// Exactly these slots in place of those before; one that stays as it is stays the same slot, so that a rotation goes on.
/// Only published mutiara of active aggregators that are shown nationally may stand in them, and all of these come in turn
/// in a rotation. Two slots of one mode don't overlap at one place and line. `If-Match` is needed where there is something
/// to replace; the same document once more changes nothing.
#[utoipa::path(
    tag = "platform", request_body = FeaturedBody,
    responses(
        (status = 201, description = "Nothing was there: the national slots.", body = FeaturedView),
        (status = 200, description = "The national slots as they are now.", body = FeaturedView),
    ),
    security(("bearer" = ["operator"])),
)]
#[put("/v1/platform/featured")]
pub async fn put_featured(
    operator: Operator,
    IfMatchOptional(version): IfMatchOptional,
    body: Json<FeaturedBody>,
) -> Answered {
    let slots = body.0.parse()?;
    operator
        .run(async |tx| {
            let (featured, replaced) = tx.replace_featured(version, &slots).await?;
            Ok(match replaced {
                Replaced::Nothing => Put::Made(Created {
                    location: "/v1/platform/featured".to_owned(),
                    version: Some(featured.version),
                    thing: FeaturedView::from(featured),
                }),
                Replaced::Others | Replaced::Same => Put::Kept(found(featured)),
            })
        })
        .await
}

/// Read a national slot's schedule
///
/// When one of the platform's slots shows, in UTC and by the clocks of its zone, and why each product stands there, as an
/// aggregator reads it of its own. Of a rotation the next windows too, as they will be if nothing changes until then.
#[utoipa::path(tag = "platform", params(SchedulePeriod), responses((status = 200, description = "The schedule.", body = SlotScheduleView)), security(("bearer" = ["operator"])))]
#[get("/v1/platform/featured/{slot_id}/schedule")]
pub async fn get_featured_schedule(
    operator: Operator,
    At(id): At<SlotId>,
    Query(period): Query<SchedulePeriod>,
    request: HttpRequest,
) -> Answered {
    let locale = crate::envelope::locale(&request);
    let period = period.starting_now(locale)?;
    operator
        .run(async |tx| {
            let slot = tx.national_slot(id).await?;
            let planned = tx.national_slot_plan(&slot, period).await?;
            let view = SlotScheduleView::new(slot.row, planned, period)?;
            Ok::<_, Problem>(InLanguage(locale, Found(None, view)))
        })
        .await
}

fn found(featured: Featured) -> Found<FeaturedView> {
    Found(Some(featured.version), featured.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_bad_field_is_named_at_once() {
        let body = json!({ "slots": [
            { "place": "national", "products": [{ "aggregator": "ekraf-sulawesi", "product_id": "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11" }] },
            { "place": "category_top", "ends_at": "soon", "products": [{ "aggregator": "Not One", "product_id": "x" }] },
            { "place": "home_row", "products": [] },
        ]});
        let faults = serde_json::from_value::<FeaturedBody>(body).unwrap().parse().unwrap_err();
        let faults: Vec<_> = faults.into_vec().into_iter().map(|f| (f.pointer, f.code)).collect();
        assert_eq!(
            faults,
            [
                ("/slots/1/place".into(), Code::InvalidChoice),
                ("/slots/1/ends_at".into(), Code::InvalidDate),
                ("/slots/1/products/0/aggregator".into(), Code::InvalidSlug),
                ("/slots/1/products/0/product_id".into(), Code::InvalidId),
                ("/slots/2/products".to_owned(), Code::Required),
            ]
        );
    }
}
