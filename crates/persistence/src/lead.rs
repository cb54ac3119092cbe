//! Leads: contacts of buyers. A visitor makes one through a handle of its own, which can do nothing else; what the
//! buyer says of himself is kept only with consent, and sealed.

use std::ops::{Deref, DerefMut};

use chrono::{DateTime, Utc};
use diesel::sql_types::{Binary, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_domain::Refusal;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{AggregatorId, LeadId, MerchantId, ProductId};
use kapal_domain::lead::{LeadCode, LeadNote, LeadSource, LeadStatus};
use kapal_domain::locale::Locale;
use kapal_domain::phone::Phone;
use kapal_domain::text::Line;
use kapal_schema::leads;
use serde_json::json;
use uuid::Uuid;

use crate::identity::stored;
use crate::statement::Statement;
use crate::tx::Tx;
use crate::{Actor, Change, Cursor, Db, Error, Page, Result, Scope, Subject, TenantTx, Transaction, random};

/// What a buyer calls himself.
pub type BuyerName = Line<1, 120>;

/// A buyer's contact to be noted.
#[derive(Debug)]
pub struct NewLead<'a> {
    /// The product.
    pub product: ProductId,
    /// Its merchant.
    pub merchant: MerchantId,
    /// Where the buyer came from.
    pub source: LeadSource,
    /// The language that he reads.
    pub locale: Locale,
    /// What he says of himself. That it is here at all is his consent.
    pub buyer: &'a Option<Buyer>,
}

/// What a buyer said of himself, with his consent to keep it.
#[derive(Debug)]
pub struct Buyer {
    /// His name.
    pub name: Option<BuyerName>,
    /// His number.
    pub phone: Option<Phone>,
}

/// Which leads to list.
#[derive(Debug, Default)]
pub struct LeadFilter {
    /// Any of these.
    pub statuses: Vec<LeadStatus>,
    /// Of this merchant.
    pub merchant: Option<MerchantId>,
    /// Of this product.
    pub product: Option<ProductId>,
}

/// What to change of a lead.
#[derive(Debug, Default)]
pub struct LeadChanges {
    /// Where it stands now.
    pub status: Option<LeadStatus>,
    /// What staff write about it.
    pub note: Option<LeadNote>,
}

/// A lead with what it is about, and the buyer's words opened.
#[derive(Debug)]
pub struct Lead {
    /// The lead.
    pub row: LeadRow,
    /// The buyer's name.
    pub name: Option<String>,
    /// His number, E.164.
    pub phone: Option<String>,
}

/// A lead as it is stored, with the names of what it is about.
#[derive(Debug, diesel::QueryableByName)]
pub struct LeadRow {
    /// Its id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// What the buyer's text names it by.
    #[diesel(sql_type = Text)]
    pub code: String,
    /// The merchant.
    #[diesel(sql_type = SqlUuid)]
    pub merchant_id: Uuid,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub merchant_name: String,
    /// The product.
    #[diesel(sql_type = SqlUuid)]
    pub product_id: Uuid,
    /// Its slug.
    #[diesel(sql_type = Text)]
    pub product_slug: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub product_name: String,
    /// Where the buyer came from.
    #[diesel(sql_type = Text)]
    pub source: String,
    /// The language that he reads.
    #[diesel(sql_type = Text)]
    pub locale: String,
    /// Where it stands.
    #[diesel(sql_type = Text)]
    pub status: String,
    #[diesel(sql_type = Nullable<Binary>)]
    name_sealed: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    phone_sealed: Option<Vec<u8>>,
    /// When the buyer agreed to his data being kept.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub consent_at: Option<DateTime<Utc>>,
    /// What staff wrote about it.
    #[diesel(sql_type = Text)]
    pub note: String,
    /// Grows with each change.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// When the buyer made contact.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: DateTime<Utc>,
}

pub(crate) const NAME: &str = "leads/name_sealed";
pub(crate) const PHONE: &str = "leads/phone_sealed";

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

impl VisitorTx<'_> {
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
        loop {
            let code = LeadCode::from_bytes(random());
            let inserted = diesel::insert_into(leads::table)
                .values((
                    leads::aggregator_id.eq(tx.tenant()),
                    leads::id.eq(id),
                    leads::code.eq(code.to_string()),
                    leads::merchant_id.eq(new.merchant.uuid()),
                    leads::product_id.eq(new.product.uuid()),
                    leads::source.eq(new.source.as_str()),
                    leads::locale.eq(new.locale.as_str()),
                    leads::status.eq(LeadStatus::New.as_str()),
                    leads::name_sealed.eq(&name),
                    leads::phone_sealed.eq(&phone),
                    leads::consent_at.eq(new.buyer.as_ref().map(|_| now)),
                    leads::created_at.eq(now),
                    leads::updated_at.eq(now),
                ))
                .on_conflict((leads::aggregator_id, leads::code))
                .do_nothing()
                .execute(&mut **tx)
                .await?;
            if inserted == 1 {
                let about = json!({
                    "product_id": new.product, "merchant_id": new.merchant, "source": new.source.as_str(),
                    "locale": new.locale.as_str(),
                });
                let after = json!({ "status": LeadStatus::New.as_str(), "code": code.to_string() });
                tx.record(
                    Change::new(EventKind::LeadCreated, Subject("lead", id))
                        .data(about)
                        .from_to(serde_json::Value::Null, after),
                );
                return Ok(code);
            }
        }
    }
}

impl TenantTx<'_> {
    /// Leads, the newest first.
    pub async fn leads(
        &mut self,
        filter: &LeadFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Lead>> {
        let mut statement = self.found_leads();
        if !filter.statuses.is_empty() {
            let statuses: Vec<String> = filter.statuses.iter().map(|s| s.as_str().to_owned()).collect();
            statement = statement.sql(" AND l.status = ANY (").bind(statuses).sql(")");
        }
        statement = statement
            .with(filter.merchant, |s, id| s.sql(" AND l.merchant_id = ").bind(id.uuid()))
            .with(filter.product, |s, id| s.sql(" AND l.product_id = ").bind(id.uuid()));
        if let Some(cursor) = after {
            statement = statement.beyond(" AND (l.created_at, l.id) < (", cursor.time_and_id()?);
        }
        statement = statement.page(" ORDER BY l.created_at DESC, l.id DESC", limit);
        let rows = statement.load::<LeadRow>(&mut **self).await?;
        let Page { items, next } = Page::cut(rows, limit, |row| Cursor::at(row.created_at, row.id));
        Ok(Page { items: self.opened(items).await?, next })
    }

    /// One lead.
    pub async fn lead(&mut self, id: LeadId) -> Result<Lead> {
        let statement = self.found_leads().sql(" AND l.id = ").bind(id.uuid());
        let row = statement.get_result::<LeadRow>(&mut **self).await?;
        self.opened(vec![row]).await?.pop().ok_or(Error::NotFound)
    }

    /// Changes a lead whose version is still `expected`.
    pub async fn update_lead(&mut self, id: LeadId, expected: i32, changes: &LeadChanges) -> Result<Lead> {
        let (status, note, version) = leads::table
            .find((self.tenant(), id.uuid()))
            .select((leads::status, leads::note, leads::version))
            .for_update()
            .first::<(String, String, i32)>(&mut **self)
            .await?;
        if version != expected {
            return Err(Error::Stale(version));
        }
        let before = stored(LeadStatus::parse(&status))?;
        let next = match changes.status {
            Some(next) if next != before => before
                .change_to(next)
                .map_err(|code| Refusal::because(code, format!("The lead is {before}.")))?,
            _ => before,
        };
        let new_note = changes.note.as_ref().map_or(note.as_str(), |n| n.as_str());
        diesel::update(leads::table.find((self.tenant(), id.uuid())))
            .set((
                leads::status.eq(next.as_str()),
                leads::note.eq(new_note),
                leads::version.eq(version + 1),
                leads::updated_at.eq(Utc::now()),
            ))
            .execute(&mut **self)
            .await?;
        // A note is about a person: the log says that it changed, not what it says.
        self.record(
            Change::new(EventKind::LeadUpdated, Subject("lead", id.uuid()))
                .data(json!({ "status": next.as_str() }))
                .from_to(
                    json!({ "status": before.as_str() }),
                    json!({ "status": next.as_str(), "note_changed": new_note != note }),
                ),
        );
        self.lead(id).await
    }

    fn found_leads(&self) -> Statement {
        Statement::new(
            "SELECT l.id, l.code, l.merchant_id, m.name AS merchant_name, l.product_id, p.slug AS product_slug, \
             coalesce((SELECT t.name FROM product_translations t WHERE t.aggregator_id = l.aggregator_id AND t.product_id = p.id \
                 ORDER BY t.locale = 'id' DESC LIMIT 1), p.slug) AS product_name, \
             l.source, l.locale, l.status, l.name_sealed, l.phone_sealed, l.consent_at, l.note, l.version, l.created_at, \
             l.updated_at \
             FROM leads l \
             JOIN merchants m ON m.aggregator_id = l.aggregator_id AND m.id = l.merchant_id \
             JOIN products p ON p.aggregator_id = l.aggregator_id AND p.id = l.product_id \
             WHERE l.aggregator_id = ",
        )
        .bind(self.tenant())
    }

    async fn opened(&mut self, rows: Vec<LeadRow>) -> Result<Vec<Lead>> {
        if rows.iter().all(|row| row.name_sealed.is_none() && row.phone_sealed.is_none()) {
            return Ok(rows.into_iter().map(|row| Lead { row, name: None, phone: None }).collect());
        }
        let keys = self.data_keys().await?;
        rows.into_iter()
            .map(|row| {
                let name = row.name_sealed.as_deref().map(|s| keys.open_text(NAME, row.id, s)).transpose()?;
                let phone =
                    row.phone_sealed.as_deref().map(|s| keys.open_text(PHONE, row.id, s)).transpose()?;
                Ok(Lead { row, name, phone })
            })
            .collect()
    }
}
