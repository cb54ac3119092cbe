//! `/v1/platform/categories/{category_id}/gates`: which documents a category's products need before they are shown.

use actix_web::{get, put};
use chrono::NaiveDate;
use kapal_domain::day::parse_day;
use kapal_domain::gate::{Gate, GateReason, GateSource, MAX_GATES, MandatoryFrom, NumberPrefix};
use kapal_domain::ids::CategoryId;
use kapal_domain::legality::DocumentKind;
use kapal_domain::locale::Bilingual;
use kapal_domain::{Code, Faults};
use kapal_persistence::{CategoryRow, GateRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::Operator;
use crate::answer::{Answered, Found};
use crate::json::Json;
use crate::path::{At, IfMatch};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(get_category_gates).service(put_category_gates);
}

/// A document that a category's products need.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Gate)]
pub struct GateView {
    /// Which: a kind of legal document.
    #[schema(example = "halal", max_length = 10)]
    document: String,
    /// Another kind that serves as well.
    #[schema(example = "bpom", max_length = 10)]
    instead: Option<String>,
    /// How its number begins, where one kind has several uses.
    #[schema(example = "TR", max_length = 4)]
    number_prefix: Option<String>,
    /// The first day on which it is mandatory.
    mandatory_from: MandatoryFromView,
    /// Why.
    reason: ReasonView,
    /// The rule that says so.
    #[schema(example = "PP 42/2024 pasal 160", max_length = 200)]
    source: String,
    /// The category that has the gate: this one or the one above it.
    category_id: Uuid,
}

/// The first day on which a document is mandatory, by the size of the business (PP 7/2021); null: it is not. A business
/// whose size is unknown is held to the earliest.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = MandatoryFrom)]
pub struct MandatoryFromView {
    /// For micro businesses.
    #[schema(example = "2026-10-17")]
    micro: Option<NaiveDate>,
    /// For small ones.
    #[schema(example = "2026-10-17")]
    small: Option<NaiveDate>,
    /// For medium ones.
    #[schema(example = "2024-10-18")]
    medium: Option<NaiveDate>,
}

/// A reason in every language.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = GateReason)]
pub struct ReasonView {
    /// In Indonesian.
    #[schema(example = "Makanan wajib bersertifikat halal.", min_length = 3, max_length = 300)]
    id: String,
    /// In English.
    #[schema(example = "Food must have a halal certificate.", min_length = 3, max_length = 300)]
    en: String,
}

impl From<GateRow> for GateView {
    fn from(row: GateRow) -> Self {
        Self {
            document: row.document,
            instead: row.instead,
            number_prefix: row.number_prefix,
            mandatory_from: MandatoryFromView {
                micro: row.micro_from,
                small: row.small_from,
                medium: row.medium_from,
            },
            reason: ReasonView { id: row.reason_id, en: row.reason_en },
            source: row.source,
            category_id: row.category_id,
        }
    }
}

/// The gates that a category has itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CategoryGates)]
pub struct CategoryGatesView {
    /// The gates, by document.
    #[schema(max_items = 10)]
    gates: Vec<GateView>,
    /// The category's version: the `ETag`.
    #[schema(example = 2, minimum = 1)]
    version: i32,
}

/// What a category's gates are set to.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CategoryGatesPut {
    /// One for each document at most.
    #[schema(max_items = 10)]
    gates: Vec<GatePut>,
}

/// A gate to set.
#[derive(Debug, Deserialize, ToSchema)]
pub struct GatePut {
    /// Which kind of legal document.
    #[schema(example = "halal", max_length = 10)]
    document: String,
    /// Another kind that serves as well.
    #[schema(example = "bpom", max_length = 10)]
    instead: Option<String>,
    /// How its number begins.
    #[schema(example = "ID", min_length = 1, max_length = 4)]
    number_prefix: Option<String>,
    /// The first day on which it is mandatory.
    mandatory_from: MandatoryFromPut,
    /// Why.
    reason: ReasonView,
    /// The rule that says so.
    #[schema(example = "PP 42/2024 pasal 160", min_length = 3, max_length = 200)]
    source: String,
}

/// The first day on which a document is mandatory, by the size of the business; left away or null: it is not.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MandatoryFromPut {
    /// For micro businesses.
    #[schema(format = "date", max_length = 10, example = "2026-10-17")]
    micro: Option<String>,
    /// For small ones.
    #[schema(format = "date", max_length = 10, example = "2026-10-17")]
    small: Option<String>,
    /// For medium ones.
    #[schema(format = "date", max_length = 10, example = "2024-10-18")]
    medium: Option<String>,
}

impl CategoryGatesPut {
    fn parse(&self) -> Result<Vec<Gate>, Faults> {
        let mut faults = Faults::default();
        let mut gates: Vec<Gate> = Vec::with_capacity(self.gates.len());
        if self.gates.len() > MAX_GATES {
            faults.add("/gates", Code::TooLong);
        }
        for (at, put) in self.gates.iter().enumerate() {
            match put.parse() {
                Err(inner) => faults.nest(&format!("/gates/{at}"), inner),
                Ok(gate) if gates.iter().any(|other| other.document == gate.document) => {
                    faults.add(format!("/gates/{at}/document"), Code::DuplicateEntry);
                }
                Ok(gate) => gates.push(gate),
            }
        }
        faults.finish()?;
        Ok(gates)
    }
}

impl GatePut {
    fn parse(&self) -> Result<Gate, Faults> {
        let mut faults = Faults::default();
        let document = faults.take("/document", DocumentKind::parse(&self.document));
        let instead = self.instead.as_deref().map(|kind| match DocumentKind::parse(kind) {
            Ok(instead) if Some(instead) == document => Err(Code::DuplicateEntry),
            parsed => parsed,
        });
        let instead = faults.take_optional("/instead", instead);
        let prefix = self.number_prefix.as_deref().map(NumberPrefix::parse);
        let number_prefix = faults.take_optional("/number_prefix", prefix);
        let mut day =
            |pointer, text: &Option<String>| faults.take_optional(pointer, text.as_deref().map(parse_day));
        let micro = day("/mandatory_from/micro", &self.mandatory_from.micro);
        let small = day("/mandatory_from/small", &self.mandatory_from.small);
        let medium = day("/mandatory_from/medium", &self.mandatory_from.medium);
        let id = faults.take("/reason/id", GateReason::parse(&self.reason.id));
        let en = faults.take("/reason/en", GateReason::parse(&self.reason.en));
        let source = faults.take("/source", GateSource::parse(&self.source));
        let (Some(document), Some(instead), Some(number_prefix), Some(id), Some(en), Some(source)) =
            (document, instead, number_prefix, id, en, source)
        else {
            return Err(faults);
        };
        let (Some(micro), Some(small), Some(medium)) = (micro, small, medium) else { return Err(faults) };
        Ok(Gate {
            document,
            instead,
            number_prefix,
            mandatory_from: MandatoryFrom { micro, small, medium },
            reason: Bilingual { id, en },
            source,
        })
    }
}

/// Read a category's gates
///
/// Those that it has itself; `GET /v1/categories` shows the inherited ones too.
#[utoipa::path(tag = "platform", responses((status = 200, description = "The gates.", body = CategoryGatesView)), security(("bearer" = ["operator"])))]
#[get("/v1/platform/categories/{category_id}/gates")]
pub async fn get_category_gates(operator: Operator, At(id): At<CategoryId>) -> Answered {
    operator.run(async |tx| Ok(found(tx.gates_of(id).await?))).await
}

/// Set a category's gates
///
/// Replaces those that it has itself; they hold for the categories below it too. Such a one settles a document by a gate
/// of its own: with other days, or with none where it is not needed. What declares itself not halal needs no halal certificate.
/// From then on no product is published without these documents. Those that are published leave the storefronts and come
/// back within seconds. `If-Match` takes the category's version.
#[utoipa::path(tag = "platform", request_body = CategoryGatesPut, responses((status = 200, description = "The gates as they are now.", body = CategoryGatesView)), security(("bearer" = ["operator"])))]
#[put("/v1/platform/categories/{category_id}/gates")]
pub async fn put_category_gates(
    operator: Operator,
    At(id): At<CategoryId>,
    IfMatch(version): IfMatch,
    body: Json<CategoryGatesPut>,
) -> Answered {
    let gates = body.0.parse()?;
    operator.run(async |tx| Ok(found(tx.replace_gates(id, version, &gates).await?))).await
}

fn found((category, gates): (CategoryRow, Vec<GateRow>)) -> Found<CategoryGatesView> {
    let view = CategoryGatesView {
        gates: gates.into_iter().map(GateView::from).collect(),
        version: category.version,
    };
    Found(Some(category.version), view)
}
