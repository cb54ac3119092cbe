//! The steps of a document's life that people take.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::gate::midnight;
use kapal_domain::ids::MerchantId;
use kapal_domain::legality::{DocumentAction, DocumentKind, DocumentNote, Turn};
use kapal_domain::region::RegionCode;
use kapal_domain::{Code, Refusal};
use kapal_schema::legal_documents;
use uuid::Uuid;

use super::{Document, DocumentRow, change};
use crate::identity::stored;
use crate::{Error, Result, TenantTx};

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
        let zone = stored(RegionCode::parse(&owner.region_code))?.time_zone();
        let now = Utc::now();
        if verifies && before.file_id.is_none() {
            return Err(Code::DocumentUnproven.into());
        }
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
        let (was, is) = (self.document_facts(&before).await?, self.document_facts(&row).await?);
        self.record(change(event(action), &row).from_to(was, is));
        if verifies {
            self.answer_document(&owner, &row).await?;
        }
        self.project_active(&owner).await?;
        self.whole_document(row, owner.nib.as_deref()).await
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
