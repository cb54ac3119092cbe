//! Products with their pictures, and the curators' work on them.

use std::collections::HashMap;

use anyhow::{Context, Result};
use kapal_domain::Faults;
use kapal_domain::ids::{MediaId, MerchantId, NominationId};
use kapal_domain::legality::Validity;
use kapal_domain::locale::Locale;
use kapal_domain::money::Money;
use kapal_domain::nomination::{Decision, NominationSource};
use kapal_domain::product::{HalalStatus, ProductAction, ProductStatus, Sku, Stock};
use kapal_domain::product_certificate::{CertificateKind, CertificateNumber};
use kapal_domain::product_option::Choices;
use kapal_persistence::{
    DetailChanges, HalalChange, NewDecision, NewNomination, NewPicture, NewProduct, NewProductCertificate,
    NewScore, NewVariant, TenantTx, Translation, VariantDetails,
};
use kapal_pictures::Motif;

use super::{House, Loader, refused};
use crate::demo::pictures::Drawn;
use crate::demo::plan::{Course, End, Product, value_key};

impl Loader<'_> {
    /// The manager lists and submits, the curator reviews and publishes.
    pub(super) async fn list(&self, house: &mut House<'_>, drawn: &Drawn) -> Result<()> {
        let mut tx = self.acting(house, "manager").await?;
        let mut media = HashMap::new();
        for (merchant, product) in house.plan.products() {
            for (motif, _) in &product.pictures {
                if !media.contains_key(motif) {
                    let new = drawn.get(motif).context("a picture that was not drawn")?;
                    media.insert(*motif, tx.insert_media(new).await?.id.into());
                }
            }
            let new = self.new_product(house.merchants[merchant], product, &media)?;
            let id = tx.insert_product(&new).await?.row.id.into();
            if let Some(number) = &product.known.organic {
                let kind = CertificateKind::Organic;
                let number = CertificateNumber::parse(kind, number).map_err(refused)?;
                let new = NewProductCertificate { kind, number, issuer: None, validity: Validity::default() };
                tx.put_product_certificate(id, None, true, &new).await?;
            }
            if product.status != ProductStatus::Draft {
                tx.change_product_status(id, ProductAction::Submit, None).await?;
            }
            house.products.push(id);
            self.progress.add("listing products", 1);
        }
        tx.commit().await?;
        // The first product of each merchant, then the second of each: what is new on a storefront is of many.
        let ranks = house.plan.merchants.iter().flat_map(|merchant| 0..merchant.products.len());
        let mut queue: Vec<_> = ranks.zip(house.plan.products()).zip(&house.products).collect();
        queue.sort_by_key(|((rank, _), _)| *rank);
        let mut tx = self.acting(house, "curator").await?;
        for ((_, (_, product)), id) in queue {
            let steps: &[ProductAction] = match product.status {
                ProductStatus::Draft | ProductStatus::Submitted => &[],
                ProductStatus::NeedsChanges => &[ProductAction::RequestChanges],
                ProductStatus::Published => &[ProductAction::Publish],
                ProductStatus::Unpublished => &[ProductAction::Publish, ProductAction::Unpublish],
                ProductStatus::Archived => &[ProductAction::Publish, ProductAction::Archive],
            };
            for step in steps {
                let reason = product.reason.as_deref().filter(|_| *step != ProductAction::Publish);
                tx.change_product_status(*id, *step, reason).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    fn new_product(
        &self,
        merchant: MerchantId,
        product: &Product,
        media: &HashMap<Motif, MediaId>,
    ) -> Result<NewProduct> {
        let category = self.categories.get(product.category);
        let translation = |locale| {
            let (name, description) = (product.name.get(locale), product.description.get(locale));
            (locale, Translation { name: name.clone(), description: description.clone() })
        };
        let known = &product.known;
        let initials = initials(product.name.id.as_str());
        let variants = product.variants.iter().enumerate().map(|(at, variant)| {
            let [length, width, height] = variant.package.size_mm;
            let value = value_key(variant.name.as_str());
            let choices = known.option.iter().map(|option| (option.key.clone(), value.clone()));
            Ok(NewVariant {
                details: VariantDetails {
                    weight_grams: Some(variant.package.weight_grams),
                    length_mm: Some(length),
                    width_mm: Some(width),
                    height_mm: Some(height),
                    ..VariantDetails::choosing(&choices.collect::<Choices>())
                },
                sku: Some(Sku::parse(&format!("{initials}-{:02}", at + 1)).map_err(refused)?),
                name: variant.name.clone(),
                price: Money::rupiah(variant.price).map_err(refused)?,
                stock: Stock::new(variant.stock).map_err(refused)?,
            })
        });
        let pictures = product.pictures.iter().map(|(motif, alt)| {
            let media = *media.get(motif).context("a picture that is not there")?;
            Ok(NewPicture { media, alt: alt.clone() })
        });
        Ok(NewProduct {
            merchant,
            category: *category.with_context(|| format!("no category {}", product.category))?,
            translations: Locale::ALL.iter().map(|locale| translation(*locale)).collect(),
            variants: variants.collect::<Result<_>>()?,
            pictures: pictures.collect::<Result<_>>()?,
            details: DetailChanges {
                halal_status: self.food.contains(product.category).then(|| HalalChange(halal(product))),
                attributes: known
                    .answers
                    .iter()
                    .map(|(key, value)| (key.clone(), Some(value.clone())))
                    .collect(),
                options: Some(known.option.iter().cloned().collect()),
                lead_time_days: Some(Some(known.lead_time_days)),
                monthly_capacity: Some(Some(known.monthly_capacity)),
                minimum_order: Some(Some(known.minimum_order)),
                hs_code: Some(known.hs_code.map(str::to_owned)),
                origin_country: None,
                tags: Some(known.tags.iter().map(|tag| (*tag).to_owned()).collect()),
            },
        })
    }

    /// The hero nominates what his merchants make and the manager the rest; both curators score, the owner too where they
    /// are too far apart; the admin decides, and who nominated appeals against some refusals.
    pub(super) async fn curate(&self, house: &House<'_>) -> Result<()> {
        let nominated: Vec<(usize, &Course)> = house
            .plan
            .products()
            .enumerate()
            .filter_map(|(at, (_, product))| product.course.as_ref().map(|course| (at, course)))
            .collect();
        let is_assigned: Vec<bool> =
            house.plan.products().map(|(merchant, _)| merchant < house.plan.assigned).collect();
        let mut ids: HashMap<usize, NominationId> = HashMap::new();
        let nominators = [("hero", NominationSource::Hero), ("manager", NominationSource::Staff)];
        for (who, source) in nominators {
            let mut tx = self.acting(house, who).await?;
            let of_hero = source == NominationSource::Hero;
            for (at, course) in nominated.iter().filter(|(at, _)| is_assigned[*at] == of_hero) {
                let (product, reason) = (house.products[*at], &course.reason);
                let new = NewNomination { product, reason, source, evidence: &[] };
                ids.insert(*at, tx.insert_nomination(&new).await?.row.id.into());
            }
            tx.commit().await?;
        }
        for (reviewer, who) in ["curator", "curator2", "owner"].into_iter().enumerate() {
            let mut tx = self.acting(house, who).await?;
            for (at, course) in &nominated {
                if let Some((points, comment)) = course.scores.get(reviewer) {
                    score(&mut tx, ids[at], points, comment).await?;
                }
            }
            tx.commit().await?;
        }
        let mut tx = self.acting(house, "admin").await?;
        for (at, course) in &nominated {
            let (decision, reason, actions) = match &course.end {
                None => continue,
                Some(End::Withdrawn) => {
                    tx.withdraw_nomination(ids[at], true).await?;
                    continue;
                }
                Some(End::Decided(decision, reason, actions)) => (*decision, reason, actions),
                Some(End::Appealed(reason, actions, _)) => (Decision::Decline, reason, actions),
            };
            let (reason, actions) = (reason.clone(), actions.clone());
            tx.decide_nomination(ids[at], &NewDecision { decision, reason, actions, due_on: None }).await?;
        }
        tx.commit().await?;
        self.appeal(house, &nominated, &ids, &is_assigned).await?;
        self.progress.add("curating", nominated.len());
        Ok(())
    }

    /// Who nominated appeals, and the owner, who did not score before, is the first to score anew.
    async fn appeal(
        &self,
        house: &House<'_>,
        nominated: &[(usize, &Course)],
        ids: &HashMap<usize, NominationId>,
        is_assigned: &[bool],
    ) -> Result<()> {
        let appealed: Vec<_> = nominated
            .iter()
            .filter_map(|(at, course)| match &course.end {
                Some(End::Appealed(_, _, reason)) => Some((*at, *course, reason)),
                _ => None,
            })
            .collect();
        for (who, of_hero) in [("hero", true), ("manager", false)] {
            let mut tx = self.acting(house, who).await?;
            for (at, _, reason) in appealed.iter().filter(|(at, ..)| is_assigned[*at] == of_hero) {
                tx.appeal_nomination(ids[at], reason).await?;
            }
            tx.commit().await?;
        }
        let mut tx = self.acting(house, "owner").await?;
        for (at, course, _) in &appealed {
            let better = course.scores[0].0.map(|points| (points + 1).min(5));
            score(&mut tx, ids[at], &better, "").await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// What was ever shown is under its merchant's certificate; for the rest one was asked for.
fn halal(product: &Product) -> HalalStatus {
    use ProductStatus::{Archived, Published, Unpublished};
    if matches!(product.status, Published | Unpublished | Archived) {
        HalalStatus::Certified
    } else {
        HalalStatus::InProcess
    }
}

/// The first letters of a name's words.
fn initials(name: &str) -> String {
    let words = name.split_whitespace().filter_map(|word| word.chars().next());
    words.filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).take(6).collect()
}

/// Scores by points in the order of the rubric's criteria.
async fn score(tx: &mut TenantTx<'_>, id: NominationId, points: &[u8; 6], comment: &str) -> Result<()> {
    let rubric = tx.rubric_of(id).await?.rubric;
    let keys = rubric.criteria().iter().map(|criterion| criterion.key.as_str());
    let faulty = |faults: Faults| anyhow::anyhow!("scores that the rubric refuses: {faults:?}");
    let sheet = rubric.score(keys.zip(points.iter().map(|points| i64::from(*points)))).map_err(faulty)?;
    tx.score_nomination(id, &NewScore { sheet, comment: comment.to_owned() }).await?;
    Ok(())
}
