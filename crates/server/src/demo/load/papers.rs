//! The documents that the merchants' products need: invented numbers, with evidence that says so.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use chrono::{Datelike, NaiveDate, TimeDelta, Utc};
use kapal_domain::file::{FileName, FileType};
use kapal_domain::ids::{FileId, MerchantId};
use kapal_domain::legality::{
    CertificateNumber, DocumentAction, DocumentKind, DocumentNumber, HolderName, IssuerName, Validity,
};
use kapal_domain::product::ProductStatus;
use kapal_persistence::{Actor, GateRow, NewDocument, NewFile, Objects, TenantTx};

use super::{House, Loader, refused};
use crate::demo::plan::{Fate, Merchant};

/// The gates of each category, inherited ones included, by its slug.
pub type Gates = BTreeMap<String, Vec<GateRow>>;

/// Days from today on which the documents end that merchants' products need.
const ENDS: i64 = 400;
/// The same of a few merchants: what is mutiara of theirs ends with them.
const SOON: i64 = 25;

impl Loader<'_> {
    /// The manager enters and verifies what the gates ask for before anything is published, and looks at what merchants
    /// have besides.
    pub(super) async fn prove(&self, house: &House<'_>, objects: &Objects) -> Result<()> {
        let mut tx = self.acting(house, "manager").await?;
        for (at, (merchant, id)) in house.plan.merchants.iter().zip(&house.merchants).enumerate() {
            let slug = house.plan.slug.as_str();
            for gate in self.needed(merchant) {
                let kind = DocumentKind::parse(&gate.document).map_err(refused)?;
                let ends = match at % 7 {
                    _ if merchant.lapses => 0,
                    3 => SOON,
                    _ => ENDS + 37 * at as i64 % 1_000,
                };
                let new = document(kind, gate.number_prefix.as_deref(), merchant, at, Some(ends))?;
                self.enter(&mut tx, objects, slug, *id, new).await?;
                tx.change_document_status(*id, kind, DocumentAction::Verify, None, None).await?;
            }
            for paper in &merchant.papers {
                let new = document(paper.kind, None, merchant, at, paper.ends)?;
                self.enter(&mut tx, objects, slug, *id, new).await?;
                let (action, note) = match &paper.fate {
                    Fate::Submitted => continue,
                    Fate::Verified | Fate::Expired => (DocumentAction::Verify, None),
                    Fate::Rejected(note) => (DocumentAction::Reject, Some(note)),
                };
                tx.change_document_status(*id, paper.kind, action, None, note).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// A document with its evidence.
    async fn enter(
        &self,
        tx: &mut TenantTx<'_>,
        objects: &Objects,
        slug: &str,
        merchant: MerchantId,
        new: NewDocument,
    ) -> Result<()> {
        let kind = new.number.kind();
        let file = self.evidence(tx, objects, slug, merchant, kind.as_str()).await?;
        tx.set_document(merchant, None, true, &NewDocument { file: Some(file), ..new }).await?;
        Ok(())
    }

    /// A PDF that says what it would prove.
    pub(super) async fn evidence(
        &self,
        tx: &mut TenantTx<'_>,
        objects: &Objects,
        slug: &str,
        merchant: MerchantId,
        what: &str,
    ) -> Result<FileId> {
        let new = NewFile {
            merchant,
            name: FileName::parse(&format!("{what}.pdf")).map_err(refused)?,
            media_type: FileType::Pdf,
            bytes: pdf(&format!("{what} - {slug} - CONTOH, BUKAN DOKUMEN ASLI")),
        };
        Ok(tx.insert_file(objects, &new).await?.id.into())
    }

    /// The system ends what ends today, without waiting for midnight: products that need it are shown no more.
    pub(super) async fn expire(&self, house: &House<'_>) -> Result<()> {
        let mut tx = self.within(house, Actor::System, false).await?;
        for (merchant, id) in house.plan.merchants.iter().zip(&house.merchants) {
            let expired = merchant.papers.iter().filter(|p| matches!(p.fate, Fate::Expired)).map(|p| p.kind);
            let mut kinds: Vec<_> = expired.collect();
            if merchant.lapses {
                for gate in self.needed(merchant) {
                    let kind = DocumentKind::parse(&gate.document).map_err(refused)?;
                    kinds.extend(has_end(kind).then_some(kind));
                }
            }
            for kind in kinds {
                tx.change_document_status(*id, kind, DocumentAction::Expire, None, None).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// One gate for each document that the merchant's published products need besides its NIB.
    fn needed(&self, merchant: &Merchant) -> Vec<&GateRow> {
        use ProductStatus::{Archived, Published, Unpublished};
        let shown =
            merchant.products.iter().filter(|p| matches!(p.status, Published | Unpublished | Archived));
        let gates = shown.flat_map(|product| self.gates.get(product.category).into_iter().flatten());
        let is_asked =
            |gate: &&GateRow| gate.document != DocumentKind::Nib.as_str() && gate.micro_from.is_some();
        let by_kind: BTreeMap<_, _> = gates.filter(is_asked).map(|gate| (&gate.document, gate)).collect();
        by_kind.into_values().collect()
    }
}

/// Halal certificates and merchant ids are valid without an end.
const fn has_end(kind: DocumentKind) -> bool {
    !matches!(kind, DocumentKind::Halal | DocumentKind::Nmid)
}

/// A document without its evidence, which ends in so many days.
fn document(
    kind: DocumentKind,
    prefix: Option<&str>,
    merchant: &Merchant,
    at: usize,
    ends: Option<i64>,
) -> Result<NewDocument> {
    let today = merchant.region.day_of(Utc::now());
    let ends = ends.filter(|_| has_end(kind)).map(|days| today + TimeDelta::days(days));
    let issued_on = match (kind, ends) {
        (DocumentKind::Trademark, Some(end)) => end - TimeDelta::days(3_652),
        _ => today - TimeDelta::days(200 + 13 * at as i64 % 500),
    };
    let place: String = merchant.region.as_str().chars().filter(char::is_ascii_digit).take(4).collect();
    let (number, issuer) = match kind {
        DocumentKind::Pirt => {
            let year = ends.as_ref().map_or(0, NaiveDate::year) % 100;
            (format!("206{place}01{at:04}{year:02}"), "Dinas Kesehatan")
        }
        DocumentKind::Bpom => (format!("{}{place}{at:07}", prefix.unwrap_or("MD2")), "BPOM"),
        DocumentKind::Halal => (format!("ID{place}{at:013}"), "BPJPH"),
        DocumentKind::Trademark => (format!("IDM0{place}{at:04}"), "DJKI"),
        DocumentKind::Nmid => (format!("ID102{place}{at:06}"), "Bank Contoh"),
        _ => (format!("CONTOH {place} {at:04}"), "Lembaga Contoh"),
    };
    let holder = merchant.legal_name.as_ref().map_or(merchant.name.as_str(), |name| name.as_str());
    Ok(NewDocument {
        number: DocumentNumber::parse(kind, &number).map_err(refused)?,
        certificate_number: certificate_number(kind, at)?,
        holder: Some(HolderName::parse(holder).map_err(refused)?),
        issuer: Some(IssuerName::parse(issuer).map_err(refused)?),
        validity: Validity::new(Some(issued_on), ends).map_err(refused)?,
        file: None,
        submitted: true,
    })
}

/// A standard's product has a certificate beside it.
fn certificate_number(kind: DocumentKind, at: usize) -> Result<Option<CertificateNumber>> {
    let number = format!("SPPT SNI {at:03}/CONTOH/2025");
    (kind == DocumentKind::Sni).then(|| CertificateNumber::parse(&number)).transpose().map_err(refused)
}

/// A PDF of one page with one line.
fn pdf(line: &str) -> Vec<u8> {
    let text = format!("BT /F1 16 Tf 40 780 Td ({line}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let (mut file, mut table) = ("%PDF-1.4\n".to_owned(), String::new());
    for (at, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        let _ = write!(file, "{} 0 obj\n{object}\nendobj\n", at + 1);
    }
    let (start, size) = (file.len(), objects.len() + 1);
    let _ = write!(
        file,
        "xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    );
    file.into_bytes()
}
