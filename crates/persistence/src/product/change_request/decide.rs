//! What becomes of a change request: a reviewer accepts, rejects or sends it back, or it is withdrawn.

use diesel::{QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::change_request::{ChangeRequestAction, ChangeRequestStatus, FieldReason, ReviewReason};
use kapal_domain::event::EventKind;
use kapal_domain::ids::ChangeRequestId;
use kapal_domain::product_certificate::CertificateKind;
use kapal_domain::{Code, Faults, Refusal};
use kapal_schema::change_requests;
use uuid::Uuid;

use super::{ChangeRequest, ChangeRequestRow, FieldNote, Fields, PictureChange, ProductEdit, Said};
use crate::identity::stored;
use crate::product::{Product, ProductRow};
use crate::{Error, Result, TenantTx};

/// What a reviewer says.
#[derive(Debug, Clone, Default)]
pub struct Review {
    /// Of the request as a whole.
    pub reason: Option<ReviewReason>,
    /// Of single fields, by JSON pointer.
    pub fields: Vec<(String, FieldReason)>,
}

/// A change request that can be accepted as far as it can be told without writing; locked with its product.
#[derive(Debug)]
pub struct AcceptableChange {
    row: ChangeRequestRow,
    product: Product,
}

impl TenantTx<'_> {
    /// Whether a request can be accepted: it is open, still at the version that was `seen`, and none of its fields has
    /// moved meanwhile. Nothing is written.
    pub async fn acceptable_change_request(
        &mut self,
        id: ChangeRequestId,
        seen: Option<i32>,
    ) -> Result<AcceptableChange> {
        let (row, product) = self.lock_change_request(id, seen).await?;
        may(&row, ChangeRequestAction::Accept)?;
        product.must_live()?;
        let product = self.whole_product(product).await?;
        let changes = self.changes_of(&row, &product).await?;
        let moved: Vec<_> = changes.iter().filter(|change| change.has_moved()).collect();
        if !moved.is_empty() {
            let moved = moved.iter().map(|change| change.pointer.as_str()).collect::<Vec<_>>().join(", ");
            return Err(Refusal::because(Code::ChangeConflict, format!("Moved: {moved}.")).into());
        }
        Ok(AcceptableChange { row, product })
    }

    /// Makes a request's edits: all of them as one change of the product. One that is on the storefronts still fulfils
    /// afterwards what publishing asks for.
    pub async fn accept_change_request(&mut self, accepted: AcceptableChange) -> Result<ChangeRequest> {
        let AcceptableChange { row, product: before } = accepted;
        let product = self.make_edit(&before, &row.edit()?).await?;
        let (action, status) = (ChangeRequestAction::Accept, may(&row, ChangeRequestAction::Accept)?);
        let row = self.take_step(row, &product.row, action, status, Said::default()).await?;
        self.whole_change_request(row, product).await
    }

    /// Rejects a request, sends it back, or withdraws it; the product stays as it is.
    pub async fn close_change_request(
        &mut self,
        id: ChangeRequestId,
        action: ChangeRequestAction,
        seen: Option<i32>,
        review: &Review,
    ) -> Result<ChangeRequest> {
        let (row, product) = self.lock_change_request(id, seen).await?;
        let status = may(&row, action)?;
        let (edited, mut faults) = (row.fields()?, Faults::default());
        for (at, (pointer, _)) in review.fields.iter().enumerate() {
            if !edited.contains(pointer) {
                faults.add(format!("/fields/{at}/pointer"), Code::InvalidChoice);
            }
        }
        faults.finish()?;
        let note = |(pointer, reason): &(String, FieldReason)| FieldNote {
            pointer: pointer.clone(),
            reason: reason.to_string(),
        };
        let said = Said {
            fields: Fields::new(),
            reason: review.reason.as_ref().map(ToString::to_string),
            reasons: review.fields.iter().map(note).collect(),
        };
        let row = self.take_step(row, &product, action, status, said).await?;
        let product = self.whole_product(product).await?;
        self.whole_change_request(row, product).await
    }

    /// A request with its product, both locked, the product first as everywhere.
    async fn lock_change_request(
        &mut self,
        id: ChangeRequestId,
        seen: Option<i32>,
    ) -> Result<(ChangeRequestRow, ProductRow)> {
        let found = change_requests::table.find((self.tenant(), id.uuid()));
        let product = found.select(change_requests::product_id).first::<Uuid>(&mut **self).await?;
        let product = self.lock_product(product.into()).await?;
        let row = found
            .select(ChangeRequestRow::as_select())
            .for_update()
            .first::<ChangeRequestRow>(&mut **self)
            .await?;
        match seen {
            Some(seen) if seen != row.version => Err(Error::Stale(row.version)),
            _ => Ok((row, product)),
        }
    }

    async fn make_edit(&mut self, before: &Product, edit: &ProductEdit) -> Result<Product> {
        let id = before.row.id();
        if let Some(pictures) = &edit.pictures {
            let pictures = pictures.iter().map(PictureChange::picture).collect::<Result<Vec<_>>>()?;
            let mut faults = Faults::default();
            self.check_pictures(&mut faults, "/media_id", &pictures).await?;
            faults.finish()?;
            self.replace_pictures(id, &pictures).await?;
        }
        if let Some(video) = &edit.video {
            self.set_video(id, video.as_deref()).await?;
        }
        for (kind, certificate) in &edit.certificates {
            let kind = stored(CertificateKind::parse(kind))?;
            match certificate {
                Some(new) => {
                    self.write_product_certificate(&before.row, &new.certificate(kind)?).await?;
                }
                None => self.remove_product_certificate(id, kind).await?,
            }
        }
        let row = self.write_product_changes(before, &edit.product).await?;
        let after = self.whole_product(row).await?;
        let is_shown = after.row.is_published()?;
        if is_shown {
            self.check_publication(&after).await?;
        }
        self.record_product(EventKind::ProductUpdated, &after.row, before.facts(), after.facts()).await?;
        if is_shown {
            self.project_product(id).await?;
        }
        Ok(after)
    }
}

/// The state after a step, where it exists.
fn may(row: &ChangeRequestRow, action: ChangeRequestAction) -> Result<ChangeRequestStatus> {
    let refuse = |code| Refusal::because(code, format!("The change request is {}.", row.status)).into();
    row.status()?.apply(action).map_err(refuse)
}
