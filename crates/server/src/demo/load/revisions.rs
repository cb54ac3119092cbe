//! Edits of published products: some wait for the curator, others are decided.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context, Result};
use kapal_domain::change_request::{ChangeRequestAction, FieldReason, ReviewReason};
use kapal_domain::product::ProductStatus;
use kapal_persistence::{Edited, ProductChanges, Review, TranslationChange};

use super::{House, Loader, refused};

/// Which field the manager edits.
const FIELD: &str = "/translations/id/description";

/// What the manager adds to a description, what the curator does about it, and why.
const REVISIONS: [(&str, Option<ChangeRequestAction>, &str); 5] = [
    ("Kini dalam kemasan yang dapat ditutup kembali.", None, ""),
    ("Dibuat dari bahan pilihan petani sekitar.", Some(ChangeRequestAction::Accept), ""),
    (
        "Terbaik di seluruh Indonesia.",
        Some(ChangeRequestAction::RequestChanges),
        "Sebutkan penghargaan yang mendukung kalimat ini.",
    ),
    (
        "Menyembuhkan segala penyakit.",
        Some(ChangeRequestAction::Reject),
        "Klaim kesehatan tidak boleh dipakai.",
    ),
    ("Bisa dipesan untuk hampers hari raya.", None, ""),
];

impl Loader<'_> {
    /// The manager edits what is published, a product of each of some merchants; the curator decides most of it.
    pub(super) async fn revise(&self, house: &House<'_>) -> Result<()> {
        let mut merchants = HashSet::new();
        let published = house.plan.products().zip(&house.products).filter(|((merchant, product), _)| {
            product.status == ProductStatus::Published && merchants.insert(*merchant)
        });
        let revised: Vec<_> = published.zip(REVISIONS).collect();
        let mut requests = Vec::new();
        let mut tx = self.acting(house, "manager").await?;
        for (((_, product), id), (added, action, reason)) in revised {
            let description = Some(format!("{} {added}", product.description.id.as_str()));
            let change = TranslationChange { name: None, description };
            let translations = BTreeMap::from([("id".to_owned(), Some(change))]);
            let changes = ProductChanges { translations, ..ProductChanges::default() };
            let version = tx.product(*id).await?.row.version;
            let edited = tx.update_product(*id, version, &changes).await?;
            let Edited::Asked(request) = edited else { anyhow::bail!("an edit that nobody reviews") };
            requests.extend(action.map(|action| (request.row.id.into(), action, reason)));
        }
        tx.commit().await?;
        let mut tx = self.acting(house, "curator").await?;
        for (id, action, reason) in requests {
            if action == ChangeRequestAction::Accept {
                let acceptable = tx.acceptable_change_request(id, None).await?;
                tx.accept_change_request(acceptable).await?;
                continue;
            }
            let why = FieldReason::parse(reason).map_err(refused).context("a reason")?;
            let whole = ReviewReason::parse("Deskripsi perlu diperbaiki.").map_err(refused)?;
            let review = Review { reason: Some(whole), fields: vec![(FIELD.to_owned(), why)] };
            tx.close_change_request(id, action, None, &review).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
