//! Onboarding: the facts that a merchant's checklist is made of, and what a reviewer asked to be changed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl, Queryable, QueryableByName, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::MerchantId;
use kapal_domain::legality::DocumentKind;
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::onboarding::{Checklist, Facts, NeededPaper, Paper, Request, RequestReason};
use kapal_domain::privacy::Purpose;
use kapal_schema::{merchants, requested_changes};
use uuid::Uuid;

use crate::identity::stored;
use crate::merchant::{MerchantRow, under_review};
use crate::sql::sql;
use crate::{Error, Result, TenantTx};

/// A field that a reviewer wants changed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = requested_changes, check_for_backend(diesel::pg::Pg))]
pub struct RequestedChange {
    /// The merchant.
    pub merchant_id: Uuid,
    /// The field.
    pub pointer: String,
    /// Why.
    pub reason: String,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
}

/// A field that a reviewer wants changed, to be kept.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// The field.
    pub pointer: String,
    /// Why.
    pub reason: RequestReason,
}

sql! {
    FindFacts { aggregator: Uuid => SqlUuid, merchants: Vec<Uuid> => Array<SqlUuid>, consent: &'static str => Text }
    "SELECT m.id, m.status, m.nib IS NOT NULL AS has_nib, m.legal_name IS NOT NULL AS has_legal_name,
        m.scale IS NOT NULL AS has_scale, m.story <> '' AS has_story,
        EXISTS (SELECT FROM channels c WHERE c.aggregator_id = $1 AND c.merchant_id = m.id AND c.kind = 'whatsapp'
            AND c.active) AS has_whatsapp,
        EXISTS (SELECT FROM products p WHERE p.aggregator_id = $1 AND p.merchant_id = m.id AND p.status <> 'archived'
            AND EXISTS (SELECT FROM product_variants v WHERE v.aggregator_id = $1 AND v.product_id = p.id)
            AND EXISTS (SELECT FROM product_media i WHERE i.aggregator_id = $1 AND i.product_id = p.id)) AS has_product,
        EXISTS (SELECT FROM consents c WHERE c.aggregator_id = $1 AND c.merchant_id = m.id AND c.purpose = $3
            AND c.withdraws IS NULL AND NOT EXISTS (SELECT FROM consents w
                WHERE w.aggregator_id = $1 AND w.withdraws = c.id)) AS has_consent,
        -- Not by merchant_access, of which a hero sees his own rows alone: who joined for it, and still is its account.
        EXISTS (SELECT FROM invitations i
            JOIN memberships s ON s.aggregator_id = $1 AND s.email = i.email AND s.role = 'merchant'
            WHERE i.aggregator_id = $1 AND i.merchant_id = m.id AND i.accepted_at >= s.created_at) AS has_account,
        EXISTS (SELECT FROM hero_assignments a WHERE a.aggregator_id = $1 AND a.merchant_id = m.id
            AND a.status = 'active') AS has_hero
     FROM merchants m
     WHERE m.aggregator_id = $1 AND m.id = ANY ($2)"
}

#[derive(QueryableByName)]
struct FactsRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Bool)]
    has_nib: bool,
    #[diesel(sql_type = Bool)]
    has_legal_name: bool,
    #[diesel(sql_type = Bool)]
    has_scale: bool,
    #[diesel(sql_type = Bool)]
    has_story: bool,
    #[diesel(sql_type = Bool)]
    has_whatsapp: bool,
    #[diesel(sql_type = Bool)]
    has_consent: bool,
    #[diesel(sql_type = Bool)]
    has_product: bool,
    #[diesel(sql_type = Bool)]
    has_account: bool,
    #[diesel(sql_type = Bool)]
    has_hero: bool,
}

impl FactsRow {
    fn facts(self) -> Result<Facts> {
        Ok(Facts {
            status: stored(MerchantStatus::parse(&self.status))?,
            has_nib: self.has_nib,
            has_legal_name: self.has_legal_name,
            has_scale: self.has_scale,
            has_story: self.has_story,
            has_whatsapp: self.has_whatsapp,
            has_consent: self.has_consent,
            has_product: self.has_product,
            has_account: self.has_account,
            has_hero: self.has_hero,
            papers: Vec::new(),
            requests: Vec::new(),
        })
    }
}

sql! {
    FindPapers { aggregator: Uuid => SqlUuid, merchants: Vec<Uuid> => Array<SqlUuid> }
    include_str!("sql/needed_papers.sql")
}

#[derive(QueryableByName)]
struct PaperRow {
    #[diesel(sql_type = SqlUuid)]
    merchant_id: Uuid,
    #[diesel(sql_type = Text)]
    document: String,
    #[diesel(sql_type = Nullable<Text>)]
    instead: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    number_prefix: Option<String>,
    #[diesel(sql_type = Text)]
    paper: String,
    #[diesel(sql_type = Nullable<Text>)]
    note: Option<String>,
}

impl PaperRow {
    fn needed(self) -> Result<NeededPaper> {
        let kind = |text: &str| stored(DocumentKind::parse(text));
        Ok(NeededPaper {
            kind: kind(&self.document)?,
            instead: self.instead.as_deref().map(kind).transpose()?,
            number_prefix: self.number_prefix,
            paper: match self.paper.as_str() {
                "verified" => Paper::Verified,
                "submitted" => Paper::Submitted,
                "rejected" => Paper::Rejected,
                "over" => Paper::Over,
                _ => Paper::Missing,
            },
            note: self.note,
        })
    }
}

impl TenantTx<'_> {
    /// The checklist of a merchant, and its state.
    pub async fn onboarding(&mut self, merchant: MerchantId) -> Result<(MerchantStatus, Checklist)> {
        let mut facts = self.onboarding_facts(vec![merchant.uuid()]).await?;
        let facts = facts.remove(&merchant.uuid()).ok_or(Error::NotFound)?;
        Ok((facts.status, Checklist::of(&facts)))
    }

    /// What the checklists of some merchants are made of: three queries, however many merchants.
    pub(crate) async fn onboarding_facts(&mut self, merchants: Vec<Uuid>) -> Result<BTreeMap<Uuid, Facts>> {
        let consent = Purpose::StorefrontProfile.as_str();
        let query = FindFacts { aggregator: self.tenant(), merchants: merchants.clone(), consent };
        let rows = query.load::<FactsRow>(&mut **self).await?;
        let facts = rows.into_iter().map(|row| Ok((row.id, row.facts()?)));
        let mut facts = facts.collect::<Result<BTreeMap<_, _>>>()?;
        let query = FindPapers { aggregator: self.tenant(), merchants: merchants.clone() };
        for row in query.load::<PaperRow>(&mut **self).await? {
            if let Some(facts) = facts.get_mut(&row.merchant_id) {
                facts.papers.push(row.needed()?);
            }
        }
        for change in self.requested_changes(merchants).await? {
            if let Some(facts) = facts.get_mut(&change.merchant_id) {
                facts.requests.push(Request { pointer: change.pointer, reason: change.reason });
            }
        }
        Ok(facts)
    }

    /// What was asked of some merchants and has not changed yet.
    pub(crate) async fn requested_changes(&mut self, of: Vec<Uuid>) -> Result<Vec<RequestedChange>> {
        Ok(requested_changes::table
            .filter(requested_changes::aggregator_id.eq(self.tenant()))
            .filter(requested_changes::merchant_id.eq_any(of))
            .order((requested_changes::merchant_id, requested_changes::pointer))
            .select(RequestedChange::as_select())
            .load(&mut **self)
            .await?)
    }

    /// Replaces what was asked of a merchant.
    pub(crate) async fn ask_for_changes(
        &mut self,
        merchant: MerchantId,
        requests: &[NewRequest],
    ) -> Result<()> {
        self.forget_requests(merchant).await?;
        let now = Utc::now();
        let rows: Vec<_> = requests
            .iter()
            .map(|request| {
                (
                    requested_changes::aggregator_id.eq(self.tenant()),
                    requested_changes::merchant_id.eq(merchant.uuid()),
                    requested_changes::pointer.eq(&request.pointer),
                    requested_changes::reason.eq(request.reason.as_str()),
                    requested_changes::requested_at.eq(now),
                )
            })
            .collect();
        diesel::insert_into(requested_changes::table).values(rows).execute(&mut **self).await?;
        Ok(())
    }

    /// Nothing is asked any more: the merchant is verified.
    pub(crate) async fn forget_requests(&mut self, merchant: MerchantId) -> Result<()> {
        diesel::delete(
            requested_changes::table
                .filter(requested_changes::aggregator_id.eq(self.tenant()))
                .filter(requested_changes::merchant_id.eq(merchant.uuid())),
        )
        .execute(&mut **self)
        .await?;
        Ok(())
    }

    /// These fields have changed: what was asked about them is answered. Only a merchant under review has requests.
    pub(crate) async fn answer_requests<P: AsRef<str>>(
        &mut self,
        of: &MerchantRow,
        changed: &[P],
    ) -> Result<()> {
        if changed.is_empty() || !under_review(&of.status) {
            return Ok(());
        }
        let pointers: Vec<&str> = changed.iter().map(AsRef::as_ref).collect();
        diesel::delete(
            requested_changes::table
                .filter(requested_changes::aggregator_id.eq(self.tenant()))
                .filter(requested_changes::merchant_id.eq(of.id))
                .filter(requested_changes::pointer.eq_any(pointers)),
        )
        .execute(&mut **self)
        .await?;
        Ok(())
    }

    /// `NotFound` unless this handle sees the merchant.
    pub(crate) async fn see_merchant(&mut self, id: MerchantId) -> Result<()> {
        merchants::table
            .find((self.tenant(), id.uuid()))
            .select(merchants::id)
            .first::<Uuid>(&mut **self)
            .await?;
        Ok(())
    }
}
