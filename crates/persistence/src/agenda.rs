//! A hero's day over all his merchants: what is due, late, expiring or unfinished. One query for each kind, however many
//! merchants. Each sets out from what the hero sees: row security would do it too, but only after looking at every
//! merchant of the tenant.

use chrono::{Days, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::hero::AgendaKind;
use kapal_domain::legality::DocumentKind;
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::onboarding::{Checklist, Step, StepState, Who};
use kapal_domain::region::RegionCode;
use uuid::Uuid;

use crate::identity::stored;
use crate::sql::sql;
use crate::{Error, Result, TenantTx};

/// Items of each kind at most.
const MOST: usize = 200;
/// How far ahead visits and action items are shown.
const SOON: Days = Days::new(7);
/// How far ahead a document's end is shown.
const EXPIRING: Days = Days::new(90);

/// A hero's day.
#[derive(Debug, Clone)]
pub struct Agenda {
    /// The day, where the hero lives.
    pub today: NaiveDate,
    /// The most urgent first.
    pub items: Vec<AgendaItem>,
    /// Whether there is more of some kind.
    pub has_more: bool,
}

/// Something that waits for the hero.
#[derive(Debug, Clone)]
pub struct AgendaItem {
    /// The last visit, the document, the action item or, without any of these, the merchant.
    pub id: Uuid,
    /// What it is.
    pub task: Task,
    /// The last good day.
    pub due_on: Option<NaiveDate>,
    /// The merchant.
    pub merchant_id: Uuid,
    /// Its name.
    pub merchant_name: String,
    /// Its phone.
    pub merchant_phone: String,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub enum Task {
    /// Visit for the first time.
    FirstVisit,
    /// Visit again.
    Visit,
    /// See to the renewal of a document.
    Document(DocumentKind),
    /// What was agreed on.
    ActionItem {
        /// In words.
        text: String,
        /// Who must act.
        owner: String,
    },
    /// Bring a merchant to its submission.
    Onboarding {
        /// Whether a reviewer has sent it back.
        sent_back: bool,
        /// What it lacks that is for the merchant or the hero to bring.
        missing: Vec<Step>,
    },
}

sql! {
    HomeOf { aggregator: Uuid => SqlUuid, user: Uuid => SqlUuid }
    "SELECT coalesce(h.home_region_code, (SELECT min(a.region_code) FROM hero_areas a
        WHERE a.aggregator_id = $1 AND a.user_id = $2)) AS code
     FROM heroes h WHERE h.aggregator_id = $1 AND h.user_id = $2"
}

#[derive(QueryableByName)]
struct HomeCode {
    #[diesel(sql_type = Nullable<Text>)]
    code: Option<String>,
}

macro_rules! due {
    ($($name:ident $text:literal)+) => {$(
        sql! {
            $name { aggregator: Uuid => SqlUuid, hero: Uuid => SqlUuid, until: NaiveDate => Date, limit: i64 => BigInt }
            $text
        }
    )+};
}

due! {
    // What the last visit said of the next: a later visit has done it. Whom nobody has visited is due two weeks after
    // the hero's first day with it.
    VisitsDue "SELECT coalesce(v.id, m.id) AS id, d.due_on, CASE WHEN v.id IS NULL THEN 'first' END AS text, NULL AS owner,
        m.id AS merchant_id, m.name, m.phone
     FROM merchant_access a
     JOIN merchants m ON m.aggregator_id = $1 AND m.id = a.merchant_id AND m.status <> 'archived'
     LEFT JOIN LATERAL (
        SELECT v.id, v.next_on FROM visits v WHERE v.aggregator_id = $1 AND v.merchant_id = m.id
        ORDER BY v.started_at DESC, v.id DESC LIMIT 1
     ) v ON true
     LEFT JOIN hero_assignments s ON s.aggregator_id = $1 AND s.user_id = $2 AND s.merchant_id = m.id AND s.status = 'active'
     CROSS JOIN LATERAL (SELECT CASE WHEN v.id IS NULL THEN s.starts_on + 14 ELSE v.next_on END AS due_on) d
     WHERE a.aggregator_id = $1 AND a.user_id = $2 AND d.due_on <= $3
     ORDER BY d.due_on, m.id LIMIT $4"
    // One that was not renewed is shown as long after its end as before it: then the merchant lives without it.
    DocumentsExpiring "SELECT d.id, d.expires_on AS due_on, d.kind AS text, NULL AS owner, m.id AS merchant_id, m.name, m.phone
     FROM merchant_access a
     JOIN merchants m ON m.aggregator_id = $1 AND m.id = a.merchant_id AND m.status <> 'archived'
     JOIN legal_documents d ON d.aggregator_id = $1 AND d.merchant_id = m.id
     WHERE a.aggregator_id = $1 AND a.user_id = $2 AND d.status IN ('verified', 'expired')
       AND d.expires_on <= $3 AND d.expires_on >= $3 - 180
     ORDER BY d.expires_on, d.id LIMIT $4"
    ActionItemsDue "SELECT i.id, i.due_on, i.text, i.owner, m.id AS merchant_id, m.name, m.phone
     FROM merchant_access a
     JOIN merchants m ON m.aggregator_id = $1 AND m.id = a.merchant_id AND m.status <> 'archived'
     JOIN action_items i ON i.aggregator_id = $1 AND i.merchant_id = m.id
     WHERE a.aggregator_id = $1 AND a.user_id = $2 AND i.status = 'open' AND i.due_on <= $3
     ORDER BY i.due_on, i.id LIMIT $4"
    // The longest waiting first; the day only keeps the shape of the others.
    Unfinished "SELECT m.id, NULL::date AS due_on, m.status AS text, NULL AS owner, m.id AS merchant_id, m.name, m.phone
     FROM merchant_access a
     JOIN merchants m ON m.aggregator_id = $1 AND m.id = a.merchant_id
     WHERE a.aggregator_id = $1 AND a.user_id = $2 AND m.status IN ('needs_changes', 'draft') AND m.created_at::date <= $3
     ORDER BY m.status DESC, m.updated_at, m.id LIMIT $4"
}

#[derive(QueryableByName)]
struct DueRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Date>)]
    due_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Text>)]
    text: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    owner: Option<String>,
    #[diesel(sql_type = SqlUuid)]
    merchant_id: Uuid,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    phone: String,
}

impl DueRow {
    fn item(self, kind: AgendaKind) -> Result<AgendaItem> {
        let is_first = self.text.is_some();
        let text = self.text.unwrap_or_default();
        let task = match kind {
            AgendaKind::VisitDue if is_first => Task::FirstVisit,
            AgendaKind::VisitDue => Task::Visit,
            AgendaKind::DocumentExpiring => Task::Document(stored(DocumentKind::parse(&text))?),
            AgendaKind::ActionItem => Task::ActionItem { text, owner: self.owner.unwrap_or_default() },
            AgendaKind::Onboarding => Task::Onboarding {
                sent_back: text == MerchantStatus::NeedsChanges.as_str(),
                missing: Vec::new(),
            },
        };
        Ok(AgendaItem {
            id: self.id,
            task,
            due_on: self.due_on,
            merchant_id: self.merchant_id,
            merchant_name: self.name,
            merchant_phone: self.phone,
        })
    }
}

impl TenantTx<'_> {
    /// What waits for the hero who asks.
    pub async fn agenda(&mut self) -> Result<Agenda> {
        let hero = self.narrowed_to().ok_or(Error::NotFound)?;
        let today = self.hero_today(hero).await?;
        let aggregator = self.tenant();
        // No date is so late that it has no day three months after it.
        let (soon, expiring) = (today + SOON, today + EXPIRING);
        let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
        let found = [
            (
                AgendaKind::VisitDue,
                VisitsDue { aggregator, hero, until: soon, limit }.load(&mut **self).await?,
            ),
            (
                AgendaKind::DocumentExpiring,
                DocumentsExpiring { aggregator, hero, until: expiring, limit }.load(&mut **self).await?,
            ),
            (
                AgendaKind::ActionItem,
                ActionItemsDue { aggregator, hero, until: soon, limit }.load(&mut **self).await?,
            ),
            (
                AgendaKind::Onboarding,
                Unfinished { aggregator, hero, until: soon, limit }.load(&mut **self).await?,
            ),
        ];
        let has_more = found.iter().any(|(_, rows): &(_, Vec<DueRow>)| rows.len() > MOST);
        let mut items = Vec::new();
        for (kind, rows) in found {
            for row in rows.into_iter().take(MOST) {
                items.push(row.item(kind)?);
            }
        }
        self.tell_missing(&mut items).await?;
        // Stable: of one day each kind keeps its own order.
        items.sort_by_key(|item| (item.due_on.is_none(), item.due_on));
        Ok(Agenda { today, items, has_more })
    }

    /// The day where the hero lives, in Jakarta where nobody knows.
    async fn hero_today(&mut self, user: Uuid) -> Result<NaiveDate> {
        const JAKARTA: &str = "31";
        let rows = HomeOf { aggregator: self.tenant(), user }.load::<HomeCode>(&mut **self).await?;
        let code = rows.into_iter().find_map(|row| row.code);
        Ok(stored(RegionCode::parse(code.as_deref().unwrap_or(JAKARTA)))?.day_of(Utc::now()))
    }

    async fn tell_missing(&mut self, items: &mut [AgendaItem]) -> Result<()> {
        let is_unfinished = |item: &&AgendaItem| matches!(item.task, Task::Onboarding { .. });
        let of: Vec<_> = items.iter().filter(is_unfinished).map(|item| item.merchant_id).collect();
        if of.is_empty() {
            return Ok(());
        }
        let facts = self.onboarding_facts(of).await?;
        for item in items {
            if let (Task::Onboarding { missing, .. }, Some(facts)) =
                (&mut item.task, facts.get(&item.merchant_id))
            {
                let steps = Checklist::of(facts).steps.into_iter();
                *missing = steps
                    .filter(|step| step.state == StepState::Missing && step.who != Who::MerchantManager)
                    .collect();
            }
        }
        Ok(())
    }
}
