//! Who proposes: members, and the public, whose second voice for one product is its support.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{FileId, MerchantId, NominationId, ProductId, SupportId};
use kapal_domain::locale::Locale;
use kapal_domain::nomination::{Contact, NominationSource, NominationStatus, Reason, SupporterName};
use kapal_domain::product::ProductStatus;
use kapal_domain::{Code, Refusal};
use kapal_schema::{nomination_supports, nominations, products};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Nomination, NominationRow, not_published};
use crate::{Change, Error, Result, Subject, TenantTx, VisitorTx};

/// Nominations of one person of the public a day, over all products.
const PUBLIC_A_DAY: i64 = 20;
/// Supporters that are shown beside a nomination.
const SUPPORTERS: i64 = 100;

pub(crate) const NAME: &str = "nomination_supports/name_sealed";
pub(crate) const CONTACT: &str = "nomination_supports/contact_sealed";

/// A nomination by a member.
#[derive(Debug)]
pub struct NewNomination<'a> {
    /// The product.
    pub product: ProductId,
    /// Why.
    pub reason: &'a Reason,
    /// As what the member nominates.
    pub source: NominationSource,
    /// What he shows for it: files about the product's merchant.
    pub evidence: &'a [FileId],
}

/// A nomination by somebody of the public. That it is here at all is his consent.
#[derive(Debug)]
pub struct PublicNomination<'a> {
    /// The product.
    pub product: ProductId,
    /// Its merchant.
    pub merchant: MerchantId,
    /// Why.
    pub reason: &'a Reason,
    /// What he calls himself.
    pub name: &'a SupporterName,
    /// How he can be reached.
    pub contact: &'a Contact,
    /// The language that he reads.
    pub locale: Locale,
}

/// Somebody of the public who nominated.
#[derive(Debug)]
pub struct Supporter {
    /// What he calls himself; None once it was erased.
    pub name: Option<String>,
    /// How he can be reached.
    pub contact: Option<String>,
    /// Why.
    pub reason: String,
    /// The language that he reads.
    pub locale: String,
    /// When he agreed to this being kept.
    pub consent_at: DateTime<Utc>,
}

impl TenantTx<'_> {
    /// Nominates a published product.
    pub async fn insert_nomination(&mut self, new: &NewNomination<'_>) -> Result<Nomination> {
        let (status, merchant) = products::table
            .find((self.tenant(), new.product.uuid()))
            .select((products::status, products::merchant_id))
            .for_share()
            .first::<(String, Uuid)>(&mut **self)
            .await
            .optional()?
            .ok_or_else(|| Error::field("/product_id", Code::UnknownReference))?;
        if status != ProductStatus::Published.as_str() {
            return Err(not_published(&status).into());
        }
        self.expect_no_objection(merchant).await?;
        let row = self.try_nomination(new.product, new.source, new.reason).await?;
        let row = row.ok_or(Code::DuplicateNomination)?;
        self.attach_evidence(row.id, merchant, new.evidence).await?;
        self.record_nomination(&row, merchant, new.evidence).await?;
        self.whole_nomination(row).await
    }

    /// None where the product has a running nomination.
    async fn try_nomination(
        &mut self,
        product: ProductId,
        source: NominationSource,
        reason: &Reason,
    ) -> Result<Option<NominationRow>> {
        let now = Utc::now();
        let row = diesel::insert_into(nominations::table)
            .values((
                nominations::aggregator_id.eq(self.tenant()),
                nominations::id.eq(NominationId::new().uuid()),
                nominations::product_id.eq(product.uuid()),
                nominations::nominated_by.eq(self.actor().id()),
                nominations::source.eq(source.as_str()),
                nominations::reason.eq(reason.as_str()),
                nominations::status.eq(NominationStatus::Open.as_str()),
                nominations::supports.eq(i32::from(source == NominationSource::Public)),
                nominations::created_at.eq(now),
                nominations::updated_at.eq(now),
            ))
            .on_conflict_do_nothing()
            .returning(NominationRow::as_returning())
            .get_result::<NominationRow>(&mut **self)
            .await
            .optional()?;
        Ok(row)
    }

    async fn record_nomination(
        &mut self,
        row: &NominationRow,
        merchant: Uuid,
        evidence: &[FileId],
    ) -> Result<()> {
        let evidence: Vec<_> = evidence.iter().map(|file| file.uuid()).collect();
        let facts = json!({
            "product_id": row.product_id, "status": row.status, "source": row.source, "reason": row.reason,
            "evidence": evidence,
        });
        let facts = self.sealed_facts(merchant, facts).await?;
        self.record(
            Change::new(EventKind::NominationCreated, Subject("nomination", row.id))
                .data(json!({ "product_id": row.product_id, "status": row.status, "source": row.source }))
                .from_to(Value::Null, facts),
        );
        Ok(())
    }

    /// Those of the public who nominated the same, the last ones first.
    pub async fn supporters(&mut self, nomination: &Nomination) -> Result<Vec<Supporter>> {
        if nomination.row.supports == 0 {
            return Ok(Vec::new());
        }
        let rows = nomination_supports::table
            .filter(nomination_supports::aggregator_id.eq(self.tenant()))
            .filter(nomination_supports::nomination_id.eq(nomination.row.id))
            .order((nomination_supports::created_at.desc(), nomination_supports::id.desc()))
            .limit(SUPPORTERS)
            .select((
                nomination_supports::id,
                nomination_supports::name_sealed,
                nomination_supports::contact_sealed,
                nomination_supports::reason,
                nomination_supports::locale,
                nomination_supports::consent_at,
            ))
            .load::<(Uuid, Vec<u8>, Vec<u8>, String, String, DateTime<Utc>)>(&mut **self)
            .await?;
        let merchant = nomination.product.merchant_id;
        let mut supporters = Vec::with_capacity(rows.len());
        for (id, name, contact, reason, locale, consent_at) in rows {
            let name = self.open_for(merchant, NAME, id, &name).await?;
            let contact = self.open_for(merchant, CONTACT, id, &contact).await?;
            supporters.push(Supporter { name, contact, reason, locale, consent_at });
        }
        Ok(supporters)
    }
}

impl VisitorTx<'_> {
    /// Nominates a product that the storefront shows, or supports its running nomination. Who did so before is not told
    /// from who does it now.
    pub async fn nominate(&mut self, new: &PublicNomination<'_>) -> Result<()> {
        let tx = &mut self.0;
        match tx.expect_no_objection(new.merchant.uuid()).await {
            // That the merchant objected to being judged is nobody's business: nothing is kept.
            Err(Error::Refused(refusal)) if refusal.code == Code::MerchantObjected => return Ok(()),
            other => other?,
        }
        let hash = tx.blind("nomination/contact", new.contact.as_str());
        let today = nomination_supports::table
            .filter(nomination_supports::aggregator_id.eq(tx.tenant()))
            .filter(nomination_supports::contact_hash.eq(&hash))
            .filter(nomination_supports::created_at.gt(Utc::now() - TimeDelta::days(1)))
            .count()
            .get_result::<i64>(&mut **tx)
            .await?;
        if today >= PUBLIC_A_DAY {
            let detail = format!("One person nominates {PUBLIC_A_DAY} products a day.");
            return Err(Refusal::because(Code::RateLimited, detail).into());
        }
        let (row, is_new) = loop {
            let running = nominations::table
                .filter(nominations::aggregator_id.eq(tx.tenant()))
                .filter(nominations::product_id.eq(new.product.uuid()))
                .filter(nominations::status.eq_any(["open", "in_review", "appealed", "accepted"]))
                .select(NominationRow::as_select())
                .for_update()
                .first::<NominationRow>(&mut **tx)
                .await
                .optional()?;
            if let Some(running) = running {
                break (running, false);
            }
            // Of two at once the second waits here, and then finds the first.
            if let Some(made) = tx.try_nomination(new.product, NominationSource::Public, new.reason).await? {
                break (made, true);
            }
        };
        let (id, now) = (SupportId::new().uuid(), Utc::now());
        let name = tx.seal_for(new.merchant.uuid(), NAME, id, new.name.as_str()).await?;
        let contact = tx.seal_for(new.merchant.uuid(), CONTACT, id, new.contact.as_str()).await?;
        let inserted = diesel::insert_into(nomination_supports::table)
            .values((
                nomination_supports::aggregator_id.eq(tx.tenant()),
                nomination_supports::id.eq(id),
                nomination_supports::nomination_id.eq(row.id),
                nomination_supports::name_sealed.eq(name),
                nomination_supports::contact_sealed.eq(contact),
                nomination_supports::contact_hash.eq(hash),
                nomination_supports::reason.eq(new.reason.as_str()),
                nomination_supports::locale.eq(new.locale.as_str()),
                nomination_supports::consent_at.eq(now),
                nomination_supports::created_at.eq(now),
            ))
            .on_conflict_do_nothing()
            .execute(&mut **tx)
            .await?;
        if is_new {
            return tx.record_nomination(&row, new.merchant.uuid(), &[]).await;
        }
        if inserted == 1 {
            let supports = row.supports + 1;
            diesel::update(nominations::table.find((tx.tenant(), row.id)))
                .set(nominations::supports.eq(supports))
                .execute(&mut **tx)
                .await?;
            tx.record(
                Change::new(EventKind::NominationSupported, Subject("nomination", row.id))
                    .data(json!({ "product_id": row.product_id, "supports": supports }))
                    .from_to(json!({ "supports": row.supports }), json!({ "supports": supports })),
            );
        }
        Ok(())
    }
}
