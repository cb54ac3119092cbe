//! Leads: contacts of buyers, and what becomes of them.

mod reminder;
mod report;
mod visitor;

pub use reminder::Waiting;
pub use report::{LeadCounts, LeadReport, LeadReportRow};
pub use visitor::{Buyer, BuyerName, LeadFacts, NewLead, VisitorTx};

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Binary, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{LeadId, MerchantId, ProductId};
use kapal_domain::lead::{LeadKind, LeadNote, LeadOutcome, LeadSort, LeadSource, LeadStatus};
use kapal_domain::money::{Currency, Money};
use kapal_domain::{Code, Faults, Refusal};
use kapal_schema::leads;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::statement::Statement;
use crate::{Change, Cursor, Error, Page, Result, Subject, TenantTx};

/// Which leads to list.
#[derive(Debug, Default)]
pub struct LeadFilter {
    /// Any of these.
    pub statuses: Vec<LeadStatus>,
    /// Of this merchant.
    pub merchant: Option<MerchantId>,
    /// Of this product.
    pub product: Option<ProductId>,
    /// From any of these.
    pub sources: Vec<LeadSource>,
    /// Of any of these kinds.
    pub kinds: Vec<LeadKind>,
    /// Still new, and made at this moment or before.
    pub unanswered_since: Option<DateTime<Utc>>,
    /// Made at this moment or later.
    pub from: Option<DateTime<Utc>>,
    /// Made before this moment.
    pub to: Option<DateTime<Utc>>,
    /// In this order.
    pub sort: LeadSort,
}

/// How an order is asked for: the SQL before a cursor's values, and the order itself.
const fn order(sort: LeadSort) -> (&'static str, &'static str) {
    match sort {
        LeadSort::Newest => (" AND (l.created_at, l.id) < (", " ORDER BY l.created_at DESC, l.id DESC"),
        LeadSort::Oldest => (" AND (l.created_at, l.id) > (", " ORDER BY l.created_at, l.id"),
        LeadSort::ChangedLast => (" AND (l.updated_at, l.id) < (", " ORDER BY l.updated_at DESC, l.id DESC"),
        LeadSort::ChangedFirst => (" AND (l.updated_at, l.id) > (", " ORDER BY l.updated_at, l.id"),
    }
}

/// What to change of a lead.
#[derive(Debug, Default)]
pub struct LeadChanges {
    /// Where it stands now.
    pub status: Option<LeadStatus>,
    /// What staff write about it.
    pub note: Option<LeadNote>,
    /// What came of it.
    pub outcome: Option<LeadOutcome>,
    /// What was sold; `Some(None)` takes it away.
    pub won_value: Option<Option<Money>>,
}

/// What of a lead a change depends on.
#[derive(Queryable, Selectable)]
#[diesel(table_name = leads)]
struct Locked {
    status: String,
    note: String,
    outcome: String,
    answered_at: Option<DateTime<Utc>>,
    won_minor: Option<i64>,
    won_currency: Option<String>,
    remind_at: Option<DateTime<Utc>>,
    version: i32,
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
    /// What the buyer did.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Where the link stood.
    #[diesel(sql_type = Nullable<Text>)]
    pub channel: Option<String>,
    /// What a campaign's link said of itself.
    #[diesel(sql_type = Jsonb)]
    pub utm: Value,
    /// The collection that the product was shown in.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub collection_id: Option<Uuid>,
    /// The featured slot that it was shown in.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub slot_id: Option<Uuid>,
    /// When it first moved on from new.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub answered_at: Option<DateTime<Utc>>,
    /// What came of it.
    #[diesel(sql_type = Text)]
    pub outcome: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    won_minor: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    won_currency: Option<String>,
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

impl LeadRow {
    /// What was sold.
    pub fn won_value(&self) -> Result<Option<Money>> {
        self.won_minor
            .zip(self.won_currency.as_deref())
            .map(|(minor, currency)| money(minor, currency))
            .transpose()
    }
}

fn money(minor: i64, currency: &str) -> Result<Money> {
    stored(Money::from_minor(minor, stored(Currency::parse(currency))?))
}

pub(crate) const NAME: &str = "leads/name_sealed";
pub(crate) const PHONE: &str = "leads/phone_sealed";

impl TenantTx<'_> {
    /// Leads that fit, in the filter's order.
    pub async fn leads(
        &mut self,
        filter: &LeadFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Lead>> {
        let mut statement = self
            .found_leads()
            .any_of("l.status", filter.statuses.iter().map(|status| status.as_str()))
            .any_of("l.source", filter.sources.iter().map(|source| source.as_str()))
            .any_of("l.kind", filter.kinds.iter().map(|kind| kind.as_str()))
            .with(filter.merchant, |s, id| s.sql(" AND l.merchant_id = ").bind(id.uuid()))
            .with(filter.product, |s, id| s.sql(" AND l.product_id = ").bind(id.uuid()))
            .with(filter.unanswered_since, |s, at| {
                s.sql(" AND l.status = 'new' AND l.created_at <= ").bind(at)
            })
            .with(filter.from, |s, at| s.sql(" AND l.created_at >= ").bind(at))
            .with(filter.to, |s, at| s.sql(" AND l.created_at < ").bind(at));
        let (follows, by) = order(filter.sort);
        if let Some(cursor) = after {
            statement = statement.beyond(follows, cursor.time_and_id()?);
        }
        let rows = statement.page(by, limit).planned_anew().load::<LeadRow>(&mut **self).await?;
        let Page { items, next } = Page::cut(rows, limit, |row| match filter.sort {
            LeadSort::Newest | LeadSort::Oldest => Cursor::at(row.created_at, row.id),
            LeadSort::ChangedLast | LeadSort::ChangedFirst => Cursor::at(row.updated_at, row.id),
        });
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
        let was = self.lock_lead(id).await?;
        if was.version != expected {
            return Err(Error::Stale(was.version));
        }
        let before = stored(LeadStatus::parse(&was.status))?;
        let next = match changes.status {
            Some(next) if next != before => before
                .change_to(next)
                .map_err(|code| Refusal::because(code, format!("The lead is {before}.")))?,
            _ => before,
        };
        if matches!(changes.won_value, Some(Some(_))) && !next.may_have_value() {
            let mut faults = Faults::default();
            faults.add("/won_value", Code::LeadNotWon);
            return Err(faults.into());
        }
        let now = Utc::now();
        let note = changes.note.as_ref().map_or(was.note.as_str(), |note| note.as_str());
        let outcome = changes.outcome.as_ref().map_or(was.outcome.as_str(), |outcome| outcome.as_str());
        // What turns out to be no sale had no value.
        let value = match changes.won_value {
            _ if !next.may_have_value() => None,
            Some(value) => value.map(|money| (money.minor(), money.currency().as_str().to_owned())),
            None => was.won_minor.zip(was.won_currency.clone()),
        };
        let (minor, currency) = value.clone().unzip();
        diesel::update(leads::table.find((self.tenant(), id.uuid())))
            .set((
                leads::status.eq(next.as_str()),
                leads::note.eq(note),
                leads::outcome.eq(outcome),
                leads::won_minor.eq(minor),
                leads::won_currency.eq(&currency),
                leads::answered_at.eq(was.answered_at.or((next != before).then_some(now))),
                leads::remind_at.eq(was.remind_at.filter(|_| next == LeadStatus::New)),
                leads::version.eq(was.version + 1),
                leads::updated_at.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        // Notes are about a person: the log says that they changed, not what they say.
        self.record(
            Change::new(EventKind::LeadUpdated, Subject("lead", id.uuid()))
                .data(json!({ "status": next.as_str() }))
                .from_to(
                    json!({ "status": before.as_str(), "won_minor": was.won_minor, "won_currency": was.won_currency }),
                    json!({
                        "status": next.as_str(), "won_minor": minor, "won_currency": currency,
                        "note_changed": note != was.note, "outcome_changed": outcome != was.outcome,
                    }),
                ),
        );
        self.lead(id).await
    }

    async fn lock_lead(&mut self, id: LeadId) -> Result<Locked> {
        Ok(leads::table
            .find((self.tenant(), id.uuid()))
            .select(Locked::as_select())
            .for_update()
            .first(&mut **self)
            .await?)
    }

    fn found_leads(&self) -> Statement {
        Statement::new(
            "SELECT l.id, l.code, l.merchant_id, m.name AS merchant_name, l.product_id, p.slug AS product_slug, \
             coalesce((SELECT t.name FROM product_translations t WHERE t.aggregator_id = l.aggregator_id AND t.product_id = p.id \
                 ORDER BY t.locale = 'id' DESC LIMIT 1), p.slug) AS product_name, \
             l.source, l.locale, l.status, l.name_sealed, l.phone_sealed, l.consent_at, l.note, l.kind, l.channel, l.utm, \
             l.collection_id, l.slot_id, l.answered_at, l.outcome, l.won_minor, l.won_currency, l.version, l.created_at, \
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
