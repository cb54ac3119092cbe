//! Action items of merchants, as staff work on them. Phones send theirs by [`crate::sync`].

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryDsl;
use diesel::sql_types::{Bool, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::action_item::{ActionItemRecord, ActionItemSort, ActionItemStatus, Task, TaskOwner};
use kapal_domain::ids::{ActionItemId, MerchantId, NominationId, UserId};
use kapal_domain::nomination::Advice;
use kapal_domain::region::RegionCode;
use kapal_schema::action_items;
use uuid::Uuid;

use crate::identity::stored;
use crate::statement::Statement;
use crate::sync::{item_change, item_digest, item_row, next_version};
use crate::{ActionItemChange, ChangeOutcome, Cursor, Error, Page, PhoneChange, Result, TenantTx};

/// An action item as it is stored.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub struct ActionItemRow {
    /// Id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// The merchant.
    #[diesel(sql_type = SqlUuid)]
    pub merchant_id: Uuid,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub merchant_name: String,
    /// What is to be done.
    #[diesel(sql_type = Text)]
    pub text: String,
    /// Who must act.
    #[diesel(sql_type = Text)]
    pub owner: String,
    /// Until when.
    #[diesel(sql_type = Nullable<Date>)]
    pub due_on: Option<NaiveDate>,
    /// Open after that day.
    #[diesel(sql_type = Bool)]
    pub is_late: bool,
    /// Where it stands.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// When it was done.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub done_at: Option<DateTime<Utc>>,
    /// The visit that it came from.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub visit_id: Option<Uuid>,
    /// The nomination that it came from.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub nomination_id: Option<Uuid>,
    /// Who made it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub created_by: Option<Uuid>,
    /// Grows with each change.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// When it was made.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: DateTime<Utc>,
}

/// Which action items.
#[derive(Debug, Clone, Default)]
pub struct ActionItemFilter {
    /// Of this merchant.
    pub merchant: Option<MerchantId>,
    /// Of merchants that this hero mentors.
    pub hero: Option<UserId>,
    /// Of merchants whose names have words that begin so.
    pub text: Option<String>,
    /// Of merchants in this region or below it.
    pub region: Option<RegionCode>,
    /// Any of these.
    pub statuses: Vec<ActionItemStatus>,
    /// Open after their day, or not.
    pub late: Option<bool>,
    /// Who must act.
    pub owner: Option<TaskOwner>,
    /// Due before this day.
    pub due_before: Option<NaiveDate>,
    /// In this order.
    pub sort: ActionItemSort,
}

/// What to change of an action item: None keeps, `Some(None)` clears.
#[derive(Debug, Default)]
pub struct ActionItemChanges {
    /// What is to be done.
    pub text: Option<Task>,
    /// Who must act.
    pub owner: Option<TaskOwner>,
    /// Until when.
    pub due_on: Option<Option<NaiveDate>>,
    /// Where it stands.
    pub status: Option<ActionItemStatus>,
}

/// A day ends when it ends in Jakarta, whatever the hour in UTC.
const LATE: &str =
    "(i.status = 'open' AND coalesce(i.due_on < (now() AT TIME ZONE 'Asia/Jakarta')::date, false))";

impl TenantTx<'_> {
    /// Makes an action item of a merchant.
    pub async fn insert_action_item(&mut self, record: &ActionItemRecord) -> Result<ActionItemRow> {
        // Here the merchant stands in the path: what the actor does not see is not there.
        self.lock_merchant(record.merchant).await?;
        let id = ActionItemId::new();
        let change = ActionItemChange { id, base: 0, record: record.clone() };
        match self.apply_changes(&[PhoneChange::ActionItem(change)]).await?.pop() {
            Some(ChangeOutcome::Refused(error)) => Err(error),
            _ => self.action_item(record.merchant, id).await,
        }
    }

    /// Makes what a decision advises the merchant's action items.
    pub(crate) async fn insert_advice(
        &mut self,
        merchant: MerchantId,
        nomination: NominationId,
        advice: &[Advice],
        due_on: Option<NaiveDate>,
    ) -> Result<()> {
        let now = Utc::now();
        let mut rows = Vec::with_capacity(advice.len());
        for text in advice {
            let record = ActionItemRecord {
                merchant,
                text: text.clone(),
                owner: TaskOwner::Merchant,
                due_on,
                status: ActionItemStatus::Open,
                done_at: None,
                visit: None,
            };
            let id = ActionItemId::new().uuid();
            let digests = [item_digest(&self.db.vault.lookups, &record)];
            rows.push(item_row(id, &record, &digests, Some(nomination.uuid()), now));
            self.record(item_change(id, 1, &record));
        }
        self.insert_items(rows, now).await?;
        Ok(())
    }

    /// One action item of a merchant.
    pub async fn action_item(&mut self, merchant: MerchantId, id: ActionItemId) -> Result<ActionItemRow> {
        let statement = self.items().sql(" AND i.merchant_id = ").bind(merchant.uuid());
        let statement = statement.sql(" AND i.id = ").bind(id.uuid());
        Ok(statement.get_result::<ActionItemRow>(&mut **self).await?)
    }

    /// Action items by their ids, in no order; those that are not there are left out.
    pub async fn present_action_items(&mut self, ids: Vec<ActionItemId>) -> Result<Vec<ActionItemRow>> {
        let ids: Vec<Uuid> = ids.into_iter().map(ActionItemId::uuid).collect();
        let statement = self.items().sql(" AND i.id = ANY (").bind(ids).sql(")");
        Ok(statement.load::<ActionItemRow>(&mut **self).await?)
    }

    /// Action items that fit, in the filter's order.
    pub async fn action_items(
        &mut self,
        filter: &ActionItemFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<ActionItemRow>> {
        let mut statement = self
            .items()
            .any_of("i.status", filter.statuses.iter().map(|status| status.as_str()))
            .with(filter.merchant, |s, merchant| s.sql(" AND i.merchant_id = ").bind(merchant.uuid()))
            .with(filter.hero, |s, hero| s.mentored_by(self.tenant(), hero))
            .with(filter.text.as_deref(), |s, text| s.named(self.tenant(), text))
            .with(filter.region.as_ref(), Statement::in_region)
            .with(filter.late, |s, late| s.sql(if late { " AND " } else { " AND NOT " }).sql(LATE))
            .with(filter.owner, |s, owner| s.sql(" AND i.owner = ").bind(owner.as_str()))
            .with(filter.due_before, |s, day| s.sql(" AND coalesce(i.due_on, '9999-12-31') < ").bind(day));
        if let Some(cursor) = after {
            statement = match filter.sort {
                ActionItemSort::Newest => {
                    statement.beyond(" AND (i.created_at, i.id) < (", cursor.time_and_id()?)
                }
                ActionItemSort::Oldest => {
                    statement.beyond(" AND (i.created_at, i.id) > (", cursor.time_and_id()?)
                }
                ActionItemSort::DueFirst => statement
                    .beyond(" AND (coalesce(i.due_on, '9999-12-31'), i.id) > (", cursor.day_and_id()?),
                ActionItemSort::DueLast => statement
                    .beyond(" AND (coalesce(i.due_on, '9999-12-31'), i.id) < (", cursor.day_and_id()?),
            };
        }
        let by = match filter.sort {
            ActionItemSort::Newest => " ORDER BY i.created_at DESC, i.id DESC",
            ActionItemSort::Oldest => " ORDER BY i.created_at, i.id",
            ActionItemSort::DueFirst => " ORDER BY coalesce(i.due_on, '9999-12-31'), i.id",
            ActionItemSort::DueLast => " ORDER BY coalesce(i.due_on, '9999-12-31') DESC, i.id DESC",
        };
        let rows = statement.page(by, limit).planned_anew().load::<ActionItemRow>(&mut **self).await?;
        Ok(Page::cut(rows, limit, |row| match filter.sort {
            ActionItemSort::Newest | ActionItemSort::Oldest => Cursor::at(row.created_at, row.id),
            ActionItemSort::DueFirst | ActionItemSort::DueLast => Cursor::on(row.due_on, row.id),
        }))
    }

    /// Changes an action item whose version is still `expected`.
    pub async fn update_action_item(
        &mut self,
        merchant: MerchantId,
        id: ActionItemId,
        expected: i32,
        changes: &ActionItemChanges,
    ) -> Result<ActionItemRow> {
        self.lock_merchant(merchant).await?;
        let before = self.action_item(merchant, id).await?;
        if before.version != expected {
            return Err(Error::Stale(before.version));
        }
        let status = changes.status.map_or_else(|| stored(ActionItemStatus::parse(&before.status)), Ok)?;
        let record = ActionItemRecord {
            merchant,
            text: changes.text.clone().map_or_else(|| stored(Task::parse(&before.text)), Ok)?,
            owner: changes.owner.map_or_else(|| stored(TaskOwner::parse(&before.owner)), Ok)?,
            due_on: changes.due_on.unwrap_or(before.due_on),
            status,
            done_at: before.done_at.filter(|_| status == ActionItemStatus::Done),
            visit: before.visit_id.map(Into::into),
        };
        let mut digests = action_items::table
            .find((self.tenant(), before.id))
            .select(action_items::digests)
            .first::<Vec<String>>(&mut **self)
            .await?;
        let version = next_version(digests.len())?;
        digests.push(item_digest(&self.db.vault.lookups, &record));
        let now = Utc::now();
        self.update_items(vec![item_row(before.id, &record, &digests, None, now)], now).await?;
        self.record(item_change(before.id, version, &record));
        self.action_item(merchant, id).await
    }

    fn items(&self) -> Statement {
        Statement::new(
            "SELECT i.id, i.merchant_id, m.name AS merchant_name, i.text, i.owner, i.due_on, i.status, i.done_at, i.visit_id, i.nomination_id, \
             i.created_by, i.version, i.created_at, i.updated_at, ",
        )
        .sql(LATE)
        .sql(" AS is_late FROM action_items i \
              JOIN merchants m ON m.aggregator_id = i.aggregator_id AND m.id = i.merchant_id WHERE i.aggregator_id = ")
        .bind(self.tenant())
    }
}
