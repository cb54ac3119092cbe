//! All that is held about somebody, handed out: as JSON, or as a file for a spreadsheet.

use actix_web::get;
use chrono::{DateTime, Utc};
use kapal_domain::ids::MerchantId;
use kapal_domain::permission::PiiRead;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::Staff;
use crate::answer::{Answer, Answered, Found, Reply};
use crate::csv::{line, wants_csv};
use crate::path::At;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(export_merchant);
}

/// All that is held about somebody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonalDataExport)]
pub struct ExportView {
    /// When it was read.
    exported_at: DateTime<Utc>,
    /// Whose it is.
    subject_id: Uuid,
    /// Rows by table, opened where they are sealed.
    #[schema(value_type = Object, example = json!({ "channels": [{ "kind": "whatsapp", "handle": "+6281234567890" }] }))]
    held: Value,
    /// What was done with it, by whom and when.
    #[schema(value_type = Vec<Object>, max_items = 1000000)]
    audit: Value,
}

impl ExportView {
    /// Of what the database handed out.
    pub(crate) fn new(subject_id: Uuid, mut all: Value) -> Self {
        let audit = all.as_object_mut().and_then(|all| all.remove("audit")).unwrap_or_default();
        let held = all.as_object_mut().and_then(|all| all.remove("held")).unwrap_or(all);
        Self { exported_at: Utc::now(), subject_id, held, audit }
    }
}

/// An export in one of its two forms.
enum Export {
    Json(ExportView),
    Csv(ExportView),
}

impl Reply for Export {
    fn answer(self) -> Answer {
        let mut answer = match self {
            Self::Json(view) => Found(None, view).answer(),
            Self::Csv(view) => Answer {
                status: 200,
                headers: vec![
                    ("Content-Type".into(), "text/csv; charset=utf-8; header=present".into()),
                    (
                        "Content-Disposition".into(),
                        format!("attachment; filename*=UTF-8''{}.csv", view.subject_id),
                    ),
                ],
                body: view.csv(),
            },
        };
        answer.headers.push(("Vary".into(), "Accept".into()));
        answer
    }
}

impl ExportView {
    /// A line for each field of each row of each table, since tables have different columns. Rows are named by their id,
    /// or counted where they have none; the record of processing comes last, as the table `audit`.
    fn csv(&self) -> String {
        let mut text = String::new();
        line(&mut text, ["table", "row", "field", "value"].into_iter());
        let held = self.held.as_object().into_iter().flatten();
        for (table, rows) in held.chain([(&"audit".to_owned(), &self.audit)]) {
            for (at, row) in rows.as_array().into_iter().flatten().enumerate() {
                let name = row["id"].as_str().map_or_else(|| (at + 1).to_string(), str::to_owned);
                for (field, value) in row.as_object().into_iter().flatten() {
                    let value = match value {
                        Value::Null => String::new(),
                        Value::String(value) => value.clone(),
                        other => other.to_string(),
                    };
                    line(&mut text, [table.as_str(), &name, field, &value].into_iter());
                }
            }
        }
        text
    }
}

/// Export a merchant's data
///
/// Everything that is held about it, unmasked, with the record of its processing (UU 27/2022, article 32). The export is
/// itself an entry of that record. With `Accept: text/csv` it comes as a file with a line for each field: `table`, `row`,
/// `field`, `value`.
#[utoipa::path(tag = "privacy", responses((status = 200, description = "All that is held.", content((ExportView = "application/json"), (String = "text/csv")))), security(("bearer" = ["pii:read"])))]
#[get("/v1/aggregators/{aggregator}/merchants/{merchant_id}/export")]
pub async fn export_merchant(staff: Staff<PiiRead>, At(id): At<MerchantId>) -> Answered {
    let as_csv = wants_csv(staff.request());
    staff
        .run(async |tx| {
            let view = ExportView::new(id.uuid(), tx.export_merchant(id).await?);
            Ok(if as_csv { Export::Csv(view) } else { Export::Json(view) })
        })
        .await
}
