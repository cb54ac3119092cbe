//! Legal documents of merchants. Every change is made under the merchant's row lock, so that who publishes a product sees
//! them as they are.

mod list;
mod status;
mod turn;

use std::collections::BTreeSet;

pub use list::{DocumentFilter, ListedDocument};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, Queryable, QueryableByName, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{DocumentId, FileId, MerchantId};
use kapal_domain::legality::{
    CertificateNumber, DocumentKind, DocumentNumber, DocumentStatus, HolderName, IssuerName, Validity,
    Warning,
};
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::{Code, Refusal};
use kapal_schema::{legal_documents, merchants};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::sql::sql;
use crate::subject_key::logged;
use crate::{Change, Error, MerchantRow, Outcome, Result, Subject, TenantTx};

/// A document as it is stored.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = legal_documents, check_for_backend(diesel::pg::Pg))]
pub struct DocumentRow {
    /// Id.
    pub id: Uuid,
    /// Whose it is.
    pub merchant_id: Uuid,
    /// Which kind.
    pub kind: String,
    number: Option<String>,
    written: Option<String>,
    number_sealed: Option<Vec<u8>>,
    /// Who it is made out to.
    pub holder: Option<String>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// When it was issued.
    pub issued_on: Option<NaiveDate>,
    /// The last day that it is valid.
    pub expires_on: Option<NaiveDate>,
    /// The evidence.
    pub file_id: Option<Uuid>,
    /// State.
    pub status: String,
    /// What the verifier said.
    pub note: Option<String>,
    /// Who entered what it says now.
    pub entered_by: Option<Uuid>,
    /// Who verified it.
    pub verified_by: Option<Uuid>,
    /// When.
    pub verified_at: Option<DateTime<Utc>>,
    /// Grows with each change.
    pub version: i32,
    /// When it was first entered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Whether it was ever verified, rejected, revoked or over.
    judged: bool,
    /// Of a standard, the number of the product's certificate.
    pub certificate_number: Option<String>,
}

impl DocumentRow {
    fn kind(&self) -> Result<DocumentKind> {
        stored(DocumentKind::parse(&self.kind))
    }

    fn status(&self) -> Result<DocumentStatus> {
        stored(DocumentStatus::parse(&self.status))
    }
}

/// A document with its number, as far as it can still be read.
#[derive(Debug, Clone)]
pub struct Document {
    /// The rest of it.
    pub row: DocumentRow,
    /// None once the merchant's personal data were erased, or while it has no NIB.
    pub number: Option<DocumentNumber>,
    /// What is odd about it.
    pub warnings: Vec<Warning>,
}

/// What a document is set to.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Kind and number.
    pub number: DocumentNumber,
    /// Of a standard, the number of the product's certificate (SPPT SNI).
    pub certificate_number: Option<CertificateNumber>,
    /// Who it is made out to.
    pub holder: Option<HolderName>,
    /// Who issued it.
    pub issuer: Option<IssuerName>,
    /// From when to when.
    pub validity: Validity,
    /// The evidence.
    pub file: Option<FileId>,
    /// Whether somebody is asked to verify it; else it stays a draft.
    pub submitted: bool,
}

/// Where a number that names a person belongs.
const SEALED: &str = "legal_documents/number";

sql! {
    // Documents whose number another merchant has too.
    UsedElsewhere { aggregator: Uuid => SqlUuid, documents: Vec<Uuid> => Array<SqlUuid> }
    "SELECT DISTINCT d.id FROM legal_documents d
     JOIN legal_documents o ON o.aggregator_id = d.aggregator_id AND o.kind = d.kind AND o.merchant_id <> d.merchant_id
        AND (o.number_hash = d.number_hash OR o.number = d.number)
     JOIN merchants m ON m.aggregator_id = o.aggregator_id AND m.id = o.merchant_id AND m.status <> 'archived'
     WHERE d.aggregator_id = $1 AND d.id = ANY ($2)"
}

#[derive(QueryableByName)]
struct Used {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

impl TenantTx<'_> {
    /// All documents of a merchant.
    pub async fn documents(&mut self, merchant: MerchantId) -> Result<Vec<Document>> {
        let nib = merchants::table
            .find((self.tenant(), merchant.uuid()))
            .select(merchants::nib)
            .first::<Option<String>>(&mut **self)
            .await?;
        let rows = legal_documents::table
            .filter(legal_documents::aggregator_id.eq(self.tenant()))
            .filter(legal_documents::merchant_id.eq(merchant.uuid()))
            .order(legal_documents::kind)
            .select(DocumentRow::as_select())
            .load::<DocumentRow>(&mut **self)
            .await?;
        self.whole_documents(rows.into_iter().map(|row| (row, nib.clone())).collect()).await
    }

    /// One document of a merchant.
    pub async fn document(&mut self, merchant: MerchantId, kind: DocumentKind) -> Result<Document> {
        let document = self.documents(merchant).await?.into_iter().find(|d| d.row.kind == kind.as_str());
        document.ok_or(Error::NotFound)
    }

    /// The number of a merchant's document that names a person, in its one spelling.
    pub(crate) async fn known_number(
        &mut self,
        merchant: MerchantId,
        kind: DocumentKind,
    ) -> Result<Option<String>> {
        let Some(row) = self.find_document(merchant, kind).await? else { return Ok(None) };
        Ok(self.number_of(&row, None).await?.map(|number| number.as_str().to_owned()))
    }

    /// Enters a document, or replaces the one whose version is still `expected`. The same again changes nothing; all else
    /// has to be verified anew.
    pub async fn set_document(
        &mut self,
        merchant: MerchantId,
        expected: Option<i32>,
        only_new: bool,
        new: &NewDocument,
    ) -> Result<Outcome<Document>> {
        let owner = self.lock_merchant(merchant).await?;
        if owner.status == MerchantStatus::Archived.as_str() {
            return Err(Refusal::because(Code::WrongState, "An archived merchant is not edited.").into());
        }
        let kind = new.number.kind();
        let before = self.find_document(merchant, kind).await?;
        if let Some(old) = before {
            if only_new {
                return Err(Error::Stale(old.version));
            }
            let old = self.whole_document(old, owner.nib.as_deref()).await?;
            if is_same(&old, new) {
                return Ok(Outcome::Kept(old));
            }
            match expected {
                None => return Err(Code::PreconditionRequired.into()),
                Some(expected) if expected != old.row.version => return Err(Error::Stale(old.row.version)),
                Some(_) => {}
            }
            let owner = self.keep_nib(owner, &new.number).await?;
            let row = self.write_document(merchant, old.row.id.into(), new, Some(&old.row)).await?;
            self.answer_document(&owner, &row).await?;
            self.project_active(&owner).await?;
            return Ok(Outcome::Kept(self.whole_document(row, owner.nib.as_deref()).await?));
        }
        if expected.is_some() {
            return Err(Error::Stale(0));
        }
        let owner = self.keep_nib(owner, &new.number).await?;
        let row = self.write_document(merchant, DocumentId::new(), new, None).await?;
        self.answer_document(&owner, &row).await?;
        Ok(Outcome::Made(self.whole_document(row, owner.nib.as_deref()).await?))
    }

    /// Deletes a document that was never judged, whatever was entered since.
    pub async fn delete_document(
        &mut self,
        merchant: MerchantId,
        kind: DocumentKind,
        expected: i32,
    ) -> Result<()> {
        let owner = self.lock_merchant(merchant).await?;
        let row = self.find_document(merchant, kind).await?.ok_or(Error::NotFound)?;
        if row.version != expected {
            return Err(Error::Stale(row.version));
        }
        if row.judged {
            let why = "It was verified, rejected or revoked: what was once judged stays.";
            return Err(Refusal::because(Code::WrongState, why).into());
        }
        diesel::delete(legal_documents::table.find((self.tenant(), row.id))).execute(&mut **self).await?;
        let was = self.document_facts(&row).await?;
        self.record(change(EventKind::DocumentDeleted, &row).from_to(was, Value::Null));
        self.answer_requests(&owner, &[pointer(&row)]).await?;
        self.project_active(&owner).await
    }

    /// What a reviewer asked about a document is answered once it is handed in; a draft is not.
    async fn answer_document(&mut self, owner: &MerchantRow, row: &DocumentRow) -> Result<()> {
        if row.status()? == DocumentStatus::Draft {
            return Ok(());
        }
        self.answer_requests(owner, &[pointer(row)]).await
    }

    /// What an edit of the merchant's NIB does to the document that proves it: it has to be verified anew. Of a verified
    /// merchant it waits for that at once.
    pub(crate) async fn restart_nib_document(&mut self, merchant: &MerchantRow) -> Result<()> {
        let Some(before) = self.find_document(merchant.id(), DocumentKind::Nib).await? else { return Ok(()) };
        let status = match merchant.nib {
            Some(_) if merchant.status()?.was_verified() || before.status()? != DocumentStatus::Draft => {
                DocumentStatus::Submitted
            }
            _ => DocumentStatus::Draft,
        };
        let row = diesel::update(legal_documents::table.find((self.tenant(), before.id)))
            .set((
                legal_documents::written.eq(None::<String>),
                legal_documents::status.eq(status.as_str()),
                legal_documents::note.eq(None::<String>),
                legal_documents::entered_by.eq(self.actor().id()),
                legal_documents::verified_by.eq(None::<Uuid>),
                legal_documents::verified_at.eq(None::<DateTime<Utc>>),
                legal_documents::reminded_days.eq(None::<i32>),
                legal_documents::next_turn_at.eq(None::<DateTime<Utc>>),
                legal_documents::version.eq(legal_documents::version + 1),
                legal_documents::updated_at.eq(Utc::now()),
            ))
            .returning(DocumentRow::as_returning())
            .get_result::<DocumentRow>(&mut **self)
            .await?;
        let (was, is) = (self.document_facts(&before).await?, self.document_facts(&row).await?);
        self.record(change(EventKind::DocumentSet, &row).from_to(was, is));
        self.answer_document(merchant, &row).await
    }

    async fn find_document(
        &mut self,
        merchant: MerchantId,
        kind: DocumentKind,
    ) -> Result<Option<DocumentRow>> {
        let row = legal_documents::table
            .filter(legal_documents::aggregator_id.eq(self.tenant()))
            .filter(legal_documents::merchant_id.eq(merchant.uuid()))
            .filter(legal_documents::kind.eq(kind.as_str()))
            .select(DocumentRow::as_select())
            .first::<DocumentRow>(&mut **self)
            .await
            .optional()?;
        Ok(row)
    }

    /// The NIB stands in the merchant's row alone: a document's is written there.
    async fn keep_nib(&mut self, owner: MerchantRow, number: &DocumentNumber) -> Result<MerchantRow> {
        if number.kind() != DocumentKind::Nib || owner.nib.as_deref() == Some(number.as_str()) {
            return Ok(owner);
        }
        let row = diesel::update(merchants::table.find((self.tenant(), owner.id)))
            .set((
                merchants::nib.eq(number.as_str()),
                merchants::version.eq(merchants::version + 1),
                merchants::updated_at.eq(Utc::now()),
            ))
            .returning(MerchantRow::as_returning())
            .get_result::<MerchantRow>(&mut **self)
            .await?;
        let was = self.sealed_facts(row.id, json!({ "nib": owner.nib })).await?;
        let is = self.sealed_facts(row.id, json!({ "nib": row.nib })).await?;
        self.record(Change::new(EventKind::MerchantUpdated, Subject("merchant", row.id)).from_to(was, is));
        self.answer_requests(&row, &["/nib"]).await?;
        Ok(row)
    }

    async fn write_document(
        &mut self,
        merchant: MerchantId,
        id: DocumentId,
        new: &NewDocument,
        before: Option<&DocumentRow>,
    ) -> Result<DocumentRow> {
        let (kind, number) = (new.number.kind(), new.number.as_str());
        let personal = kind.is_personal();
        let sealed = if personal {
            Some(self.seal_for(merchant.uuid(), SEALED, id.uuid(), new.number.written()).await?)
        } else {
            None
        };
        let status = if new.submitted { DocumentStatus::Submitted } else { DocumentStatus::Draft };
        let now = Utc::now();
        let values = (
            legal_documents::number.eq((!personal && kind != DocumentKind::Nib).then_some(number)),
            legal_documents::written.eq((!personal).then(|| new.number.written())),
            legal_documents::number_sealed.eq(sealed),
            legal_documents::number_hash.eq(personal.then(|| self.blind(kind.as_str(), number))),
            legal_documents::certificate_number.eq(new.certificate_number.as_ref().map(|n| n.as_str())),
            legal_documents::holder.eq(new.holder.as_ref().map(|h| h.as_str())),
            legal_documents::issuer.eq(new.issuer.as_ref().map(|i| i.as_str())),
            legal_documents::issued_on.eq(new.validity.issued_on()),
            legal_documents::expires_on.eq(new.validity.expires_on()),
            legal_documents::file_id.eq(new.file.map(FileId::uuid)),
            legal_documents::status.eq(status.as_str()),
            legal_documents::note.eq(None::<String>),
            legal_documents::entered_by.eq(self.actor().id()),
            legal_documents::verified_by.eq(None::<Uuid>),
            legal_documents::verified_at.eq(None::<DateTime<Utc>>),
            legal_documents::reminded_days.eq(None::<i32>),
            legal_documents::next_turn_at.eq(None::<DateTime<Utc>>),
            legal_documents::updated_at.eq(now),
        );
        let row = match before {
            Some(_) => {
                diesel::update(legal_documents::table.find((self.tenant(), id.uuid())))
                    .set((values, legal_documents::version.eq(legal_documents::version + 1)))
                    .returning(DocumentRow::as_returning())
                    .get_result::<DocumentRow>(&mut **self)
                    .await?
            }
            None => {
                let key = (
                    legal_documents::aggregator_id.eq(self.tenant()),
                    legal_documents::id.eq(id.uuid()),
                    legal_documents::merchant_id.eq(merchant.uuid()),
                    legal_documents::kind.eq(kind.as_str()),
                    legal_documents::created_at.eq(now),
                );
                diesel::insert_into(legal_documents::table)
                    .values((key, values))
                    .returning(DocumentRow::as_returning())
                    .get_result::<DocumentRow>(&mut **self)
                    .await?
            }
        };
        let was = match before {
            Some(before) => self.document_facts(before).await?,
            None => Value::Null,
        };
        let is = self.document_facts(&row).await?;
        self.record(change(EventKind::DocumentSet, &row).from_to(was, is));
        Ok(row)
    }

    /// What the audit chain keeps of a document: whom it names is sealed for the merchant. A number that names a person
    /// stands there as it does in the table.
    async fn document_facts(&mut self, row: &DocumentRow) -> Result<Value> {
        let facts = json!({
            "kind": row.kind, "number": row.number, "number_sealed": logged(row.number_sealed.as_deref()),
            "certificate_number": row.certificate_number, "holder": row.holder, "issuer": row.issuer, "issued_on": row.issued_on,
            "expires_on": row.expires_on, "file_id": row.file_id, "status": row.status, "note": row.note,
        });
        self.sealed_facts(row.merchant_id, facts).await
    }

    /// What storefronts show of a merchant's products follows its documents.
    async fn project_active(&mut self, owner: &MerchantRow) -> Result<()> {
        if owner.status == MerchantStatus::Active.as_str() {
            self.project_merchant(owner.id()).await?;
        }
        Ok(())
    }

    async fn whole_document(&mut self, row: DocumentRow, nib: Option<&str>) -> Result<Document> {
        let whole = self.whole_documents(vec![(row, nib.map(str::to_owned))]).await?.pop();
        whole.ok_or_else(|| Error::Internal("a document got lost".into()))
    }

    /// Documents, each with its merchant's NIB, made whole: as many queries for many as for one.
    async fn whole_documents(&mut self, rows: Vec<(DocumentRow, Option<String>)>) -> Result<Vec<Document>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let documents = rows.iter().map(|(row, _)| row.id).collect();
        let used = UsedElsewhere { aggregator: self.tenant(), documents }.load::<Used>(&mut **self).await?;
        let sealed = rows.iter().filter(|(row, _)| row.number_sealed.is_some());
        let subjects: BTreeSet<_> = sealed.map(|(row, _)| row.merchant_id).collect();
        if subjects.len() > 1 {
            self.read_subject_keys(subjects.into_iter().collect()).await?;
        }
        let mut documents = Vec::with_capacity(rows.len());
        for (row, nib) in rows {
            let number = self.number_of(&row, nib.as_deref()).await?;
            let mut warnings =
                number.as_ref().map(|number| number.warnings(row.expires_on)).unwrap_or_default();
            if used.iter().any(|used| used.id == row.id) {
                warnings.push(Warning::UsedElsewhere);
            }
            documents.push(Document { row, number, warnings });
        }
        Ok(documents)
    }

    async fn number_of(&mut self, row: &DocumentRow, nib: Option<&str>) -> Result<Option<DocumentNumber>> {
        let kind = row.kind()?;
        let opened = match &row.number_sealed {
            Some(sealed) => self.open_for(row.merchant_id, SEALED, row.id, sealed).await?,
            None => None,
        };
        let text = opened.as_deref().or(row.written.as_deref()).or(row.number.as_deref());
        // The merchant's own row has the last word on its NIB.
        let text = if kind == DocumentKind::Nib { nib } else { text };
        let number = text.map(|text| stored(DocumentNumber::parse(kind, text))).transpose()?;
        Ok(match (number, row.written.as_deref()) {
            (Some(number), Some(written)) if kind == DocumentKind::Nib => {
                Some(stored(DocumentNumber::parse(kind, written)).unwrap_or(number))
            }
            (number, _) => number,
        })
    }
}

/// Whether a document says already what it is to be set to. Who only repeats himself asks for no new verification.
fn is_same(old: &Document, new: &NewDocument) -> bool {
    let is_draft = old.row.status == DocumentStatus::Draft.as_str();
    old.number.as_ref().is_some_and(|number| number.as_str() == new.number.as_str())
        && old.row.certificate_number.as_deref() == new.certificate_number.as_ref().map(|n| n.as_str())
        && old.row.holder.as_deref() == new.holder.as_ref().map(|h| h.as_str())
        && old.row.issuer.as_deref() == new.issuer.as_ref().map(|i| i.as_str())
        && old.row.issued_on == new.validity.issued_on()
        && old.row.expires_on == new.validity.expires_on()
        && old.row.file_id == new.file.map(FileId::uuid)
        && is_draft != new.submitted
}

/// Where a reviewer finds it.
fn pointer(row: &DocumentRow) -> String {
    format!("/documents/{}", row.kind)
}

fn change(kind: EventKind, row: &DocumentRow) -> Change {
    Change::new(kind, Subject("document", row.id))
        .data(json!({ "merchant_id": row.merchant_id, "kind": row.kind, "status": row.status }))
}
