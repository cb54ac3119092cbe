//! The steps of a document's life that people take.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::gate::midnight;
use kapal_domain::ids::{DocumentId, MerchantId};
use kapal_domain::legality::{DocumentAction, DocumentKind, DocumentNote, DocumentStatus, Turn};
use kapal_domain::region::RegionCode;
use kapal_domain::{Code, Refusal};
use kapal_schema::legal_documents;
use serde_json::Value;
use uuid::Uuid;

use super::{Document, DocumentRow, change};
use crate::identity::stored;
use crate::{Error, MerchantRow, Result, TenantTx};

impl TenantTx<'_> {
    /// Verifies, rejects or revokes a document; where `expected` is given, only as it was then. The products that it
    /// opens a gate for, or no more, follow at once.
    pub async fn change_document_status(
        &mut self,
        merchant: MerchantId,
        kind: DocumentKind,
        action: DocumentAction,
        expected: Option<i32>,
        note: Option<&DocumentNote>,
    ) -> Result<Document> {
        let owner = self.lock_merchant(merchant).await?;
        let before = self.find_document(merchant, kind).await?.ok_or(Error::NotFound)?;
        if let Some(expected) = expected
            && expected != before.version
        {
            return Err(Error::Stale(before.version));
        }
        let refused = |code| Refusal::because(code, format!("The document is {}.", before.status));
        let status = before.status()?.apply(action).map_err(refused)?;
        let verifies = action == DocumentAction::Verify;
        if verifies && before.file_id.is_none() {
            return Err(Code::DocumentUnproven.into());
        }
        let was = self.document_facts(&before).await?;
        let row = self.judge(&owner, &before, was, status, action, note).await?;
        if verifies {
            self.answer_document(&owner, &row).await?;
        }
        self.project_active(&owner).await?;
        self.whole_document(row, owner.nib.as_deref()).await
    }

    /// Verifies the NIB of a locked merchant that is being verified: whoever does so has looked at the NIB that it shows,
    /// which needs no document before. What was rejected or holds no more is entered anew first.
    pub(crate) async fn verify_nib(
        &mut self,
        owner: &MerchantRow,
        note: Option<&DocumentNote>,
    ) -> Result<()> {
        let (before, was) = match self.find_document(owner.id(), DocumentKind::Nib).await? {
            Some(row) => {
                let was = self.document_facts(&row).await?;
                (row, was)
            }
            None => (self.insert_nib(owner).await?, Value::Null),
        };
        let waits = match before.status()? {
            DocumentStatus::Verified => return Ok(()),
            DocumentStatus::Draft => DocumentStatus::Submitted,
            other => other,
        };
        let refused = |code| Refusal::because(code, format!("The NIB's document is {}.", before.status));
        let status = waits.apply(DocumentAction::Verify).map_err(refused)?;
        self.judge(owner, &before, was, status, DocumentAction::Verify, note).await?;
        Ok(())
    }

    /// The document of a NIB that stands with the merchant alone; the log tells of it when it is verified.
    async fn insert_nib(&mut self, owner: &MerchantRow) -> Result<DocumentRow> {
        let now = Utc::now();
        let row = diesel::insert_into(legal_documents::table)
            .values((
                legal_documents::aggregator_id.eq(self.tenant()),
                legal_documents::id.eq(DocumentId::new().uuid()),
                legal_documents::merchant_id.eq(owner.id),
                legal_documents::kind.eq(DocumentKind::Nib.as_str()),
                legal_documents::status.eq(DocumentStatus::Submitted.as_str()),
                legal_documents::created_at.eq(now),
                legal_documents::updated_at.eq(now),
            ))
            .returning(DocumentRow::as_returning())
            .get_result::<DocumentRow>(&mut **self)
            .await?;
        Ok(row)
    }

    /// Writes down what was said of a document, and by whom.
    async fn judge(
        &mut self,
        owner: &MerchantRow,
        before: &DocumentRow,
        was: Value,
        status: DocumentStatus,
        action: DocumentAction,
        note: Option<&DocumentNote>,
    ) -> Result<DocumentRow> {
        let verifies = action == DocumentAction::Verify;
        let zone = stored(RegionCode::parse(&owner.region_code))?.time_zone();
        let now = Utc::now();
        if verifies && before.expires_on.is_some_and(|end| end < now.with_timezone(&zone).date_naive()) {
            return Err(Code::DocumentExpired.into());
        }
        // Who verified what is now revoked stays known.
        let (verified_by, verified_at) = match action {
            DocumentAction::Verify => (self.actor().id(), Some(now)),
            DocumentAction::Reject => (None::<Uuid>, None::<DateTime<Utc>>),
            DocumentAction::Revoke | DocumentAction::Expire => (before.verified_by, before.verified_at),
        };
        let next_turn_at =
            before.expires_on.filter(|_| verifies).map(|end| midnight(Turn::next_day(end, None), zone));
        let row = diesel::update(legal_documents::table.find((self.tenant(), before.id)))
            .set((
                legal_documents::status.eq(status.as_str()),
                legal_documents::judged.eq(true),
                legal_documents::note.eq(note.map(|note| note.as_str())),
                legal_documents::verified_by.eq(verified_by),
                legal_documents::verified_at.eq(verified_at),
                legal_documents::reminded_days.eq(None::<i32>),
                legal_documents::next_turn_at.eq(next_turn_at),
                legal_documents::version.eq(legal_documents::version + 1),
                legal_documents::updated_at.eq(now),
            ))
            .returning(DocumentRow::as_returning())
            .get_result::<DocumentRow>(&mut **self)
            .await?;
        let is = self.document_facts(&row).await?;
        self.record(change(event(action), &row).from_to(was, is));
        Ok(row)
    }
}

const fn event(action: DocumentAction) -> EventKind {
    match action {
        DocumentAction::Verify => EventKind::DocumentVerified,
        DocumentAction::Reject => EventKind::DocumentRejected,
        DocumentAction::Revoke => EventKind::DocumentRevoked,
        DocumentAction::Expire => EventKind::DocumentExpired,
    }
}
