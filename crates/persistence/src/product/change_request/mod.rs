//! Change requests: edits of a published product, kept beside it until a reviewer decides. The product's row is always
//! locked before its request's, so that edits, decisions and the product's own steps come one after another.

mod ask;
mod decide;
mod edit;
mod list;
mod tell;

use chrono::{DateTime, SubsecRound, Utc};
use diesel::{ExpressionMethods, QueryDsl, Queryable, QueryableByName, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::change_request::{ChangeRequestAction, ChangeRequestStatus};
use kapal_domain::event::EventKind;
use kapal_domain::ids::ChangeRequestId;
use kapal_schema::{change_request_steps, change_requests};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

pub use decide::{AcceptableChange, Review};
pub use edit::FieldChange;
pub(in crate::product) use edit::{CertificateChange, PictureChange, ProductEdit};
use edit::{Fields, difference, fields_of};
pub use list::{ChangeRequestFilter, ListedChangeRequest};
pub(crate) use tell::{ReviewedEdit, WaitingEdit};

use super::details::typed;
use super::{Product, ProductRow};
use crate::identity::stored;
use crate::{Change, Error, Result, Subject, TenantTx};

/// A change request as it is stored.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = change_requests, check_for_backend(diesel::pg::Pg))]
pub struct ChangeRequestRow {
    /// Id.
    pub id: Uuid,
    /// Of which product.
    pub product_id: Uuid,
    /// State.
    pub status: String,
    /// The product's version that the last edit was made from.
    pub base_version: i32,
    edit: Value,
    base: Value,
    /// Who made the first edit.
    pub created_by: Option<Uuid>,
    /// Grows with each step.
    pub version: i32,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl ChangeRequestRow {
    fn status(&self) -> Result<ChangeRequestStatus> {
        stored(ChangeRequestStatus::parse(&self.status))
    }

    fn edit(&self) -> Result<ProductEdit> {
        typed(&self.edit)
    }

    fn base(&self) -> Result<Fields> {
        typed(&self.base)
    }

    /// JSON pointers of the fields that were edited.
    pub fn fields(&self) -> Result<Vec<String>> {
        Ok(self.base()?.into_keys().collect())
    }
}

/// A step of a change request as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = change_request_steps, check_for_backend(diesel::pg::Pg))]
pub struct ChangeStepRow {
    /// The request's version since then.
    pub version: i32,
    /// What was done.
    pub action: String,
    /// The fields that were edited.
    pub fields: Vec<String>,
    /// What the reviewer said.
    pub reason: Option<String>,
    reasons: Value,
    /// Who did it.
    pub actor_id: Option<Uuid>,
    /// When.
    pub at: DateTime<Utc>,
}

impl ChangeStepRow {
    /// What the reviewer said of single fields.
    pub fn reasons(&self) -> Result<Vec<FieldNote>> {
        typed(&self.reasons)
    }
}

/// What a reviewer said of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldNote {
    /// Which, as a JSON pointer.
    pub pointer: String,
    /// What is wrong.
    pub reason: String,
}

/// A change request with what it changes and what became of it.
#[derive(Debug, Clone)]
pub struct ChangeRequest {
    /// The request.
    pub row: ChangeRequestRow,
    /// The product as it is now.
    pub product: ProductRow,
    /// What it changes of the product as it is now; once decided, of the product as it was.
    pub changes: Vec<FieldChange>,
    /// Its steps, the first one first.
    pub steps: Vec<ChangeStepRow>,
}

impl ChangeRequest {
    /// Whether it is still to be decided.
    pub fn is_running(&self) -> Result<bool> {
        Ok(self.row.status()?.is_running())
    }
}

/// What became of an edit.
#[derive(Debug, Clone)]
pub enum Edited<T> {
    /// It was made.
    Made(T),
    /// The product is published and stays as it is: a reviewer decides.
    Asked(Box<ChangeRequest>),
}

impl<T> Edited<T> {
    /// The same with another view of what was made.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Edited<U> {
        match self {
            Self::Made(thing) => Edited::Made(f(thing)),
            Self::Asked(request) => Edited::Asked(request),
        }
    }
}

/// What a step says besides.
#[derive(Default)]
struct Said {
    /// The fields that are edited, and what they are to say.
    fields: Fields,
    reason: Option<String>,
    reasons: Vec<FieldNote>,
}

impl TenantTx<'_> {
    /// One change request.
    pub async fn change_request(&mut self, id: ChangeRequestId) -> Result<ChangeRequest> {
        let row = change_requests::table
            .find((self.tenant(), id.uuid()))
            .select(ChangeRequestRow::as_select())
            .first::<ChangeRequestRow>(&mut **self)
            .await?;
        let product = self.product(row.product_id.into()).await?;
        self.whole_change_request(row, product).await
    }

    async fn whole_change_request(
        &mut self,
        row: ChangeRequestRow,
        product: Product,
    ) -> Result<ChangeRequest> {
        let changes = self.changes_of(&row, &product).await?;
        let steps = change_request_steps::table
            .filter(change_request_steps::aggregator_id.eq(self.tenant()))
            .filter(change_request_steps::change_request_id.eq(row.id))
            .order(change_request_steps::version)
            .select(ChangeStepRow::as_select())
            .load::<ChangeStepRow>(&mut **self)
            .await?;
        Ok(ChangeRequest { row, product: product.row, changes, steps })
    }

    /// What a request changes of a product.
    async fn changes_of(&mut self, row: &ChangeRequestRow, product: &Product) -> Result<Vec<FieldChange>> {
        let (edit, base) = (row.edit()?, row.base()?);
        let mut edited = edit.fields();
        if !row.status()?.is_running() {
            return Ok(difference(&base, &base, edited));
        }
        let live = fields_of(product)?;
        if edit.product.category.is_some() {
            edited.extend(self.moved_along(product, &edit).await?);
        }
        Ok(difference(&live, &base, edited))
    }

    /// The fields that another category takes along: answers that it does not ask for go, and what is food says whether
    /// it is halal.
    async fn moved_along(&mut self, product: &Product, edit: &ProductEdit) -> Result<Fields> {
        let after = match self.plan_product_changes(product, &edit.product).await {
            Ok(plan) => plan.details,
            // Not to be made as things are now, which accepting it will say.
            Err(Error::Invalid(_)) => return Ok(Fields::new()),
            Err(error) => return Err(error),
        };
        let kept = after.attributes()?;
        let gone = product.row.details.attributes()?.into_keys().filter(|key| !kept.contains_key(key));
        let gone = gone.map(|key| (format!("/attributes/{key}"), Value::Null));
        Ok(gone.chain([("/halal_status".to_owned(), json!(after.halal_status))]).collect())
    }

    /// Takes a step: the request's next version, its history and its log entry. Version 0 is one to be made.
    async fn take_step(
        &mut self,
        row: ChangeRequestRow,
        product: &ProductRow,
        action: ChangeRequestAction,
        status: ChangeRequestStatus,
        said: Said,
    ) -> Result<ChangeRequestRow> {
        let now = Utc::now().trunc_subsecs(6);
        let was = (row.version > 0).then_some(row.status);
        let values = (
            change_requests::status.eq(status.as_str()),
            change_requests::base_version.eq(row.base_version),
            change_requests::edit.eq(&row.edit),
            change_requests::base.eq(&row.base),
            change_requests::version.eq(row.version + 1),
            change_requests::updated_at.eq(now),
            change_requests::untold.eq(tell::untold(status)),
        );
        let row = diesel::insert_into(change_requests::table)
            .values((
                change_requests::aggregator_id.eq(self.tenant()),
                change_requests::id.eq(row.id),
                change_requests::product_id.eq(row.product_id),
                change_requests::created_by.eq(row.created_by),
                change_requests::created_at.eq(now),
                values,
            ))
            .on_conflict((change_requests::aggregator_id, change_requests::id))
            .do_update()
            .set(values)
            .returning(ChangeRequestRow::as_returning())
            .get_result::<ChangeRequestRow>(&mut **self)
            .await?;
        diesel::insert_into(change_request_steps::table)
            .values((
                change_request_steps::aggregator_id.eq(self.tenant()),
                change_request_steps::change_request_id.eq(row.id),
                change_request_steps::version.eq(row.version),
                change_request_steps::action.eq(action.as_str()),
                change_request_steps::fields.eq(said.fields.keys().collect::<Vec<_>>()),
                change_request_steps::reason.eq(&said.reason),
                change_request_steps::reasons.eq(json!(said.reasons)),
                change_request_steps::actor_id.eq(self.actor().id()),
                change_request_steps::at.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        let kind = match (action, status) {
            (ChangeRequestAction::Open, _) => EventKind::ChangeRequestOpened,
            (_, ChangeRequestStatus::Open) => EventKind::ChangeRequestUpdated,
            (_, ChangeRequestStatus::NeedsChanges) => EventKind::ChangeRequestNeedsChanges,
            (_, ChangeRequestStatus::Accepted) => EventKind::ChangeRequestAccepted,
            (_, ChangeRequestStatus::Rejected) => EventKind::ChangeRequestRejected,
            (_, ChangeRequestStatus::Withdrawn) => EventKind::ChangeRequestWithdrawn,
        };
        let after = json!({
            "status": row.status, "version": row.version, "reason": said.reason,
            "fields": if said.fields.is_empty() { json!(said.reasons) } else { json!(said.fields) },
        });
        // What people wrote of a merchant's goods tells of their maker: it is sealed for the merchant.
        let after = self.sealed_facts(product.merchant_id, after).await?;
        let change = Change::new(kind, Subject("change_request", row.id)).data(json!({
            "product_id": product.id, "merchant_id": product.merchant_id, "status": row.status,
        }));
        self.record(change.from_to(was.map_or(Value::Null, |was| json!({ "status": was })), after));
        Ok(row)
    }
}
