//! A change request as staff see it, and how an edit answers with one.

use chrono::{DateTime, Utc};
use kapal_domain::permission::Demand;
use kapal_persistence::{ChangeRequest, ChangeStepRow, Edited, FieldChange, FieldNote};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{Either, Waits};
use crate::media::widest_url;
use crate::{App, Problem, Staff};

/// Edits of a published product that wait for a reviewer, or what became of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeRequest)]
pub struct ChangeRequestView {
    /// Id.
    pub(super) id: Uuid,
    /// The product.
    product_id: Uuid,
    /// Part of its public addresses.
    #[schema(example = "kopi-arabika-toraja", max_length = 80)]
    product_slug: String,
    /// Whose it is.
    merchant_id: Uuid,
    /// `open`, `needs_changes`, `accepted`, `rejected` or `withdrawn`.
    #[schema(example = "open", max_length = 20)]
    status: String,
    /// The product's version that the last edit was made from.
    #[schema(example = 3, minimum = 1)]
    base_version: i32,
    /// The product's version now.
    #[schema(example = 4, minimum = 1)]
    product_version: i32,
    /// Whether the product has changed since the last edit; a price is such a change too.
    #[schema(example = true)]
    product_changed: bool,
    /// Whether a field that it changes has moved since, so that it can't be accepted as it is.
    #[schema(example = false)]
    has_conflict: bool,
    /// What it changes, field by field; a field that says the same already is left out.
    #[schema(max_items = 100)]
    changes: Vec<FieldChangeView>,
    /// What the reviewer said last of the request as a whole.
    #[schema(example = "Foto kemasan belum jelas.", max_length = 2000)]
    reason: Option<String>,
    /// What the reviewer said last of single fields.
    #[schema(max_items = 100)]
    reasons: Vec<FieldNoteView>,
    /// Its steps, the first one first.
    #[schema(max_items = 1000)]
    history: Vec<ChangeStepView>,
    /// Who made the first edit; null: not by a person.
    created_by: Option<Uuid>,
    /// Grows with each step.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// When it was opened.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

/// A field that is to change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldChange)]
pub struct FieldChangeView {
    /// Which, as a JSON pointer into the product.
    #[schema(example = "/translations/id/name", max_length = 100)]
    pointer: String,
    /// What it says now, or, once the request is decided, what it said before; null where there is nothing.
    #[schema(value_type = Value, example = "Kopi Toraja")]
    from: Value,
    /// What it is to say; null where nothing is to stay.
    #[schema(value_type = Value, example = "Kopi Arabika Toraja")]
    to: Value,
    /// Whether it said something else when the edit was made.
    #[schema(example = false)]
    moved: bool,
    /// What it said then, where it has moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>, example = "Kopi Toraja Asli")]
    base: Option<Value>,
}

/// What a reviewer said of a field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldNote)]
pub struct FieldNoteView {
    /// Which, as a JSON pointer into the product.
    #[schema(example = "/translations/id/name", max_length = 100)]
    pointer: String,
    /// What is wrong.
    #[schema(example = "Nama memuat klaim yang belum terbukti.", max_length = 500)]
    reason: String,
}

/// A step of a change request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeStep)]
pub struct ChangeStepView {
    /// The request's version since then.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// `open`, `amend`, `accept`, `reject`, `request_changes` or `withdraw`.
    #[schema(example = "open", max_length = 20)]
    action: String,
    /// JSON pointers of the fields that were edited.
    #[schema(example = json!(["/translations/id/name"]), max_items = 100)]
    fields: Vec<String>,
    /// What the reviewer said of the request as a whole.
    #[schema(example = "Foto kemasan belum jelas.", max_length = 2000)]
    reason: Option<String>,
    /// What the reviewer said of single fields.
    #[schema(max_items = 100)]
    reasons: Vec<FieldNoteView>,
    /// Who did it; null: not by a person.
    actor_id: Option<Uuid>,
    /// When.
    at: DateTime<Utc>,
}

impl From<FieldNote> for FieldNoteView {
    fn from(note: FieldNote) -> Self {
        Self { pointer: note.pointer, reason: note.reason }
    }
}

impl ChangeStepView {
    fn new(row: ChangeStepRow) -> Result<Self, Problem> {
        Ok(Self {
            reasons: row.reasons()?.into_iter().map(FieldNoteView::from).collect(),
            version: row.version,
            action: row.action,
            fields: row.fields,
            reason: row.reason,
            actor_id: row.actor_id,
            at: row.at,
        })
    }
}

impl FieldChangeView {
    fn new(change: FieldChange, app: &App) -> Self {
        let moved = change.has_moved();
        let shown = |value: Value| if change.pointer == "/media" { pictures(value, app) } else { value };
        Self {
            from: shown(change.from),
            to: shown(change.to),
            base: moved.then(|| shown(change.base)),
            moved,
            pointer: change.pointer.clone(),
        }
    }
}

/// Pictures as a product shows them: by the address of their widest file.
fn pictures(value: Value, app: &App) -> Value {
    let Value::Array(pictures) = value else { return value };
    let shown = |picture: &Value| {
        let width = picture["width"].as_i64().and_then(|width| i32::try_from(width).ok()).unwrap_or_default();
        let url = widest_url(app, picture["hash"].as_str().unwrap_or_default(), &[width]);
        json!({ "media_id": picture["media_id"], "url": url, "alt": picture["alt"] })
    };
    pictures.iter().map(shown).collect()
}

impl ChangeRequestView {
    pub(super) fn new(request: ChangeRequest, app: &App) -> Result<Self, Problem> {
        let is_running = request.is_running()?;
        let ChangeRequest { row, product, changes, steps } = request;
        let review = steps.iter().rfind(|step| matches!(step.action.as_str(), "reject" | "request_changes"));
        let (reason, reasons) = match review {
            Some(step) => (step.reason.clone(), step.reasons()?),
            None => (None, Vec::new()),
        };
        Ok(Self {
            id: row.id,
            product_id: product.id,
            product_slug: product.slug,
            merchant_id: product.merchant_id,
            product_changed: is_running && product.version != row.base_version,
            has_conflict: changes.iter().any(FieldChange::has_moved),
            base_version: row.base_version,
            product_version: product.version,
            changes: changes.into_iter().map(|change| FieldChangeView::new(change, app)).collect(),
            reason,
            reasons: reasons.into_iter().map(FieldNoteView::from).collect(),
            history: steps.into_iter().map(ChangeStepView::new).collect::<Result<_, _>>()?,
            status: row.status,
            created_by: row.created_by,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// The answer to an edit: what was made, or 202 with the change request that it became.
pub(crate) fn edited<P: Demand, T, R>(
    staff: &Staff<P>,
    edited: Edited<T>,
    made: impl FnOnce(T) -> Result<R, Problem>,
) -> Result<Either<R, Waits<ChangeRequestView>>, Problem> {
    match edited {
        Edited::Made(thing) => made(thing).map(Either::Left),
        Edited::Asked(request) => {
            let thing = ChangeRequestView::new(*request, &staff.app)?;
            let location = staff.path(format_args!("change-requests/{}", thing.id));
            Ok(Either::Right(Waits { location, thing }))
        }
    }
}
