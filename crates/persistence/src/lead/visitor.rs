//! What a visitor may do: make a lead, through a handle of its own that can do nothing else. What the buyer says of
//! himself is kept only with consent, and sealed.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{Binary, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryableByName};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{AggregatorId, CollectionId, LeadId, MerchantId, ProductId, SlotId};
use kapal_domain::lead::{
    HOURS_TO_ANSWER, LeadChannel, LeadCode, LeadKind, LeadSource, LeadStatus, MINUTES_OF_ONE_CLICK, UtmText,
};
use kapal_domain::locale::Locale;
use kapal_domain::phone::Phone;
use kapal_domain::text::Line;
use kapal_schema::{leads, recent_clicks};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{NAME, PHONE};
use crate::identity::stored;
use crate::sql::sql;
use crate::tx::Tx;
use crate::{Actor, Change, Db, Result, Scope, Subject, TenantTx, Transaction, random};

/// What a buyer calls himself.
pub type BuyerName = Line<1, 120>;

/// A buyer's contact to be noted.
#[derive(Debug)]
pub struct NewLead<'a> {
    /// The product.
    pub product: ProductId,
    /// Its merchant.
    pub merchant: MerchantId,
    /// What the buyer did.
    pub kind: LeadKind,
    /// Where the buyer came from.
    pub source: LeadSource,
    /// What else is known of his way.
    pub facts: &'a LeadFacts,
    /// The language that he reads.
    pub locale: Locale,
    /// What he says of himself. That it is here at all is his consent.
    pub buyer: &'a Option<Buyer>,
}

/// What is known of a buyer's way to a product.
#[derive(Debug, Default)]
pub struct LeadFacts {
    /// Where the link stood.
    pub channel: Option<LeadChannel>,
    /// What a campaign's link said of itself.
    pub utm: BTreeMap<&'static str, UtmText>,
    /// The collection that the product was shown in.
    pub collection: Option<CollectionId>,
    /// The featured slot that it was shown in.
    pub slot: Option<SlotId>,
}

impl LeadFacts {
    fn utm_as_json(&self) -> Value {
        self.utm.iter().map(|(name, text)| ((*name).to_owned(), Value::from(text.as_str()))).collect()
    }
}

/// What a buyer said of himself, with his consent to keep it.
#[derive(Debug)]
pub struct Buyer {
    /// His name.
    pub name: Option<BuyerName>,
    /// His number.
    pub phone: Option<Phone>,
}

/// A visitor's transaction inside one aggregator: the public writes, and nothing else.
pub struct VisitorTx<'db>(pub(crate) TenantTx<'db>);

impl Db {
    /// Opens a visitor's transaction.
    pub async fn visitor(&self, aggregator: AggregatorId, request_id: String) -> Result<VisitorTx<'_>> {
        let scope = Scope { aggregator, actor: Actor::Visitor, narrowed: false, request_id };
        Ok(VisitorTx(self.tenant(scope).await?))
    }
}

impl Deref for VisitorTx<'_> {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.0
    }
}

impl DerefMut for VisitorTx<'_> {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.0
    }
}

impl Transaction for VisitorTx<'_> {
    async fn commit(self) -> Result<()> {
        self.0.commit().await
    }

    async fn rollback(self) {
        self.0.rollback().await;
    }
}

sql! {
    // Whoever comes second waits for the first, and then finds its click.
    ClaimClick {
        aggregator: Uuid => SqlUuid, product: Uuid => SqlUuid, visitor: Vec<u8> => Binary, now: DateTime<Utc> => Timestamptz,
        until: DateTime<Utc> => Timestamptz
    }
    "INSERT INTO recent_clicks (aggregator_id, product_id, visitor, code, until) VALUES ($1, $2, $3, '', $5)
     ON CONFLICT (aggregator_id, product_id, visitor) DO UPDATE SET until = excluded.until WHERE recent_clicks.until <= $4
     RETURNING code"
}

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = Text)]
    #[expect(dead_code, reason = "its presence is the answer")]
    code: String,
}

impl VisitorTx<'_> {
    /// Notes that a visitor, known by a keyed hash, pressed a link; again within half an hour it is the same lead.
    pub async fn click(&mut self, new: &NewLead<'_>, visitor: &[u8; 32]) -> Result<LeadCode> {
        let (aggregator, product, now) = (self.0.tenant(), new.product.uuid(), Utc::now());
        let until = now + TimeDelta::minutes(MINUTES_OF_ONE_CLICK);
        let claim = ClaimClick { aggregator, product, visitor: visitor.to_vec(), now, until };
        let is_new = claim.get_result::<Claimed>(&mut **self).await.optional()?.is_some();
        let click = recent_clicks::table.find((aggregator, product, visitor.to_vec()));
        if !is_new {
            let code = click.select(recent_clicks::code).first::<String>(&mut **self).await?;
            return stored(LeadCode::parse(&code));
        }
        let code = self.insert_lead(new).await?;
        diesel::update(click).set(recent_clicks::code.eq(code.to_string())).execute(&mut **self).await?;
        Ok(code)
    }

    /// Notes a buyer's contact. The code is drawn until it is free within the aggregator.
    pub async fn insert_lead(&mut self, new: &NewLead<'_>) -> Result<LeadCode> {
        let tx = &mut self.0;
        let (id, now) = (LeadId::new().uuid(), Utc::now());
        let (mut name, mut phone) = (None, None);
        if let Some(buyer) = new.buyer {
            if let Some(text) = &buyer.name {
                name = Some(tx.seal(NAME, id, text.as_str()).await?);
            }
            if let Some(number) = &buyer.phone {
                phone = Some(tx.seal(PHONE, id, number.as_str()).await?);
            }
        }
        let facts = new.facts;
        loop {
            let code = LeadCode::from_bytes(random());
            let inserted = diesel::insert_into(leads::table)
                .values((
                    leads::aggregator_id.eq(tx.tenant()),
                    leads::id.eq(id),
                    leads::code.eq(code.to_string()),
                    leads::merchant_id.eq(new.merchant.uuid()),
                    leads::product_id.eq(new.product.uuid()),
                    leads::kind.eq(new.kind.as_str()),
                    leads::source.eq(new.source.as_str()),
                    leads::locale.eq(new.locale.as_str()),
                    leads::status.eq(LeadStatus::New.as_str()),
                    leads::name_sealed.eq(&name),
                    leads::phone_sealed.eq(&phone),
                    leads::consent_at.eq(new.buyer.as_ref().map(|_| now)),
                    leads::created_at.eq(now),
                    leads::updated_at.eq(now),
                    leads::remind_at.eq(now + TimeDelta::hours(HOURS_TO_ANSWER)),
                    (
                        leads::channel.eq(facts.channel.as_ref().map(|channel| channel.as_str())),
                        leads::utm.eq(facts.utm_as_json()),
                        leads::collection_id.eq(facts.collection.map(CollectionId::uuid)),
                        leads::slot_id.eq(facts.slot.map(SlotId::uuid)),
                    ),
                ))
                .on_conflict((leads::aggregator_id, leads::code))
                .do_nothing()
                .execute(&mut **tx)
                .await?;
            if inserted == 1 {
                let about = json!({
                    "product_id": new.product, "merchant_id": new.merchant, "kind": new.kind.as_str(),
                    "source": new.source.as_str(), "locale": new.locale.as_str(), "collection_id": facts.collection,
                    "slot_id": facts.slot,
                });
                let after = json!({ "status": LeadStatus::New.as_str(), "code": code.to_string() });
                tx.record(
                    Change::new(EventKind::LeadCreated, Subject("lead", id))
                        .data(about)
                        .from_to(Value::Null, after),
                );
                return Ok(code);
            }
        }
    }
}

impl Db {
    /// Forgets the clicks that are over; how many there were.
    pub async fn forget_clicks(&self) -> Result<usize> {
        let mut tx = self.operator(Actor::System, "sweep").await?;
        let gone = diesel::delete(recent_clicks::table.filter(recent_clicks::until.le(Utc::now())))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(gone)
    }
}
