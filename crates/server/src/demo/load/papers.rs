//! The documents that the merchants' products need: invented numbers, with evidence that says so.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use chrono::{Datelike, Days, NaiveDate, Utc};
use kapal_domain::Code;
use kapal_domain::file::{FileName, FileType};
use kapal_domain::ids::MerchantId;
use kapal_domain::legality::{
    DocumentAction, DocumentKind, DocumentNumber, HolderName, IssuerName, Validity,
};
use kapal_domain::product::ProductStatus;
use kapal_persistence::{GateRow, NewDocument, NewFile, Objects};

use super::{House, Loader};
use crate::demo::plan::Merchant;

/// The gates of each category, inherited ones included, by its slug.
pub type Gates = BTreeMap<String, Vec<GateRow>>;

impl Loader<'_> {
    /// The manager enters and verifies what the gates ask for before anything is published.
    pub(super) async fn prove(&self, house: &House<'_>, objects: &Objects) -> Result<()> {
        let mut tx = self.acting(house, "manager").await?;
        for (at, (merchant, id)) in house.plan.merchants.iter().zip(&house.merchants).enumerate() {
            for gate in self.needed(merchant) {
                let kind = DocumentKind::parse(&gate.document).map_err(refused)?;
                let new = NewFile {
                    merchant: *id,
                    name: FileName::parse(&format!("{kind}.pdf")).map_err(refused)?,
                    media_type: FileType::Pdf,
                    bytes: pdf(&format!("{} - {} - CONTOH, BUKAN DOKUMEN ASLI", kind, house.plan.slug)),
                };
                let file = tx.insert_file(objects, &new).await?.id.into();
                let new = document(kind, gate.number_prefix.as_deref(), merchant, at, file)?;
                let merchant: MerchantId = *id;
                tx.set_document(merchant, None, true, &new).await?;
                tx.change_document_status(merchant, kind, DocumentAction::Verify, None, None).await?;
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

fn document(
    kind: DocumentKind,
    prefix: Option<&str>,
    merchant: &Merchant,
    at: usize,
    file: kapal_domain::ids::FileId,
) -> Result<NewDocument> {
    let today = Utc::now().date_naive();
    let issued_on = today.checked_sub_days(Days::new(200 + 13 * at as u64 % 500));
    let ends = today.checked_add_days(Days::new(400 + 37 * at as u64 % 1_000));
    let place: String = merchant.region.as_str().chars().filter(char::is_ascii_digit).take(4).collect();
    let (number, issuer, expires_on) = match kind {
        DocumentKind::Pirt => {
            let year = ends.as_ref().map_or(0, NaiveDate::year) % 100;
            (format!("206{place}01{at:04}{year:02}"), "Dinas Kesehatan", ends)
        }
        DocumentKind::Bpom => (format!("{}{place}{at:07}", prefix.unwrap_or("MD2")), "BPOM", ends),
        DocumentKind::Halal => (format!("ID{place}{at:013}"), "BPJPH", None),
        _ => (format!("CONTOH {place} {at:04}"), "Dinas", ends),
    };
    let holder = merchant.legal_name.as_ref().map_or(merchant.name.as_str(), |name| name.as_str());
    Ok(NewDocument {
        number: DocumentNumber::parse(kind, &number).map_err(refused)?,
        holder: Some(HolderName::parse(holder).map_err(refused)?),
        issuer: Some(IssuerName::parse(issuer).map_err(refused)?),
        validity: Validity::new(issued_on, expires_on).map_err(refused)?,
        file: Some(file),
        submitted: true,
    })
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

fn refused(code: Code) -> anyhow::Error {
    anyhow::anyhow!("a value of the plan: {}", code.as_str())
}
