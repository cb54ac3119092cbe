//! Aggregators: made and switched by the operator, edited by their own staff.

use chrono::{DateTime, Utc};
use diesel::{
    AsChangeset, BoolExpressionMethods, ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::Refusal;
use kapal_domain::aggregator::{AggregatorAction, AggregatorKind, AggregatorName, AggregatorStatus};
use kapal_domain::event::EventKind;
use kapal_domain::ids::AggregatorId;
use kapal_domain::locale::Locale;
use kapal_domain::permission::Role;
use kapal_domain::slug::Slug;
use kapal_domain::user::Email;
use kapal_schema::{aggregators, tenant_heads};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::stored;
use crate::projection::project_aggregator;
use crate::{Change, Cursor, Error, InvitationDraft, Invited, OperatorTx, Page, Result, Subject, TenantTx};

/// An aggregator as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = aggregators, check_for_backend(diesel::pg::Pg))]
pub struct AggregatorRow {
    /// Id.
    pub id: Uuid,
    /// Part of public addresses: unique, permanent.
    pub slug: String,
    /// Name.
    pub name: String,
    /// State.
    pub status: String,
    /// What it is, in Indonesian.
    pub description_id: String,
    /// What it is, in English.
    pub description_en: String,
    /// Whether its products show on the national storefront.
    pub national: bool,
    /// `#rrggbb`.
    pub primary_colour: String,
    /// Whether all in it is invented.
    pub demonstration: bool,
    /// Grows with each change.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl AggregatorRow {
    /// The id.
    #[must_use]
    pub fn id(&self) -> AggregatorId {
        self.id.into()
    }

    fn facts(&self) -> Value {
        json!({
            "name": self.name, "status": self.status, "description_id": self.description_id,
            "description_en": self.description_en, "national": self.national, "primary_colour": self.primary_colour,
        })
    }
}

/// An aggregator to be made.
#[derive(Debug, Clone)]
pub struct NewAggregator {
    /// Unique and permanent.
    pub slug: Slug,
    /// Name.
    pub name: AggregatorName,
    /// Whether all in it is invented.
    pub demonstration: bool,
}

/// What to change of an aggregator: None keeps.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = aggregators)]
pub struct AggregatorChanges {
    /// Name.
    pub name: Option<String>,
    /// What it is, in Indonesian.
    pub description_id: Option<String>,
    /// What it is, in English.
    pub description_en: Option<String>,
    /// Whether its products show on the national storefront.
    pub national: Option<bool>,
    /// `#rrggbb`.
    pub primary_colour: Option<String>,
}

impl OperatorTx<'_> {
    /// Makes an aggregator, pending, with the head of its log.
    pub async fn insert_aggregator(&mut self, new: &NewAggregator) -> Result<AggregatorRow> {
        let id = AggregatorId::new();
        let now = Utc::now();
        let row = diesel::insert_into(aggregators::table)
            .values((
                aggregators::id.eq(id.uuid()),
                aggregators::slug.eq(new.slug.as_str()),
                aggregators::name.eq(new.name.as_str()),
                aggregators::kind.eq(AggregatorKind::Member.as_str()),
                aggregators::status.eq(AggregatorStatus::Pending.as_str()),
                aggregators::demonstration.eq(new.demonstration),
                aggregators::created_at.eq(now),
                aggregators::updated_at.eq(now),
            ))
            .returning(AggregatorRow::as_returning())
            .get_result::<AggregatorRow>(&mut **self)
            .await?;
        diesel::insert_into(tenant_heads::table)
            .values((
                tenant_heads::aggregator_id.eq(id.uuid()),
                tenant_heads::audit_hash.eq(crate::migrate::genesis(id)),
            ))
            .execute(&mut **self)
            .await?;
        self.record(
            id,
            Change::new(EventKind::AggregatorCreated, Subject("aggregator", id.uuid()))
                .from_to(Value::Null, row.facts()),
        );
        Ok(row)
    }

    /// Invites the first owner of an aggregator that this transaction made.
    pub async fn invite_owner(
        &mut self,
        aggregator: &AggregatorRow,
        email: &Email,
        public_url: &str,
    ) -> Result<Invited> {
        let draft = InvitationDraft {
            aggregator: aggregator.id(),
            aggregator_name: &aggregator.name,
            email,
            role: Role::Owner,
            merchant: None,
            invited_by: None,
            locale: Locale::default(),
            public_url,
        };
        let db = self.db;
        let (invited, change) = draft.write(self, &db.vault).await?;
        self.record(aggregator.id(), change);
        Ok(invited)
    }

    /// One aggregator. The platform's own row is none.
    pub async fn aggregator(&mut self, id: AggregatorId) -> Result<AggregatorRow> {
        let row = aggregators::table
            .find(id.uuid())
            .filter(aggregators::kind.eq(AggregatorKind::Member.as_str()))
            .select(AggregatorRow::as_select())
            .first::<AggregatorRow>(&mut **self)
            .await?;
        Ok(row)
    }

    /// Aggregators, the newest first.
    pub async fn aggregators(
        &mut self,
        statuses: &[AggregatorStatus],
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<AggregatorRow>> {
        let mut query = aggregators::table
            .filter(aggregators::kind.eq(AggregatorKind::Member.as_str()))
            .select(AggregatorRow::as_select())
            .into_boxed();
        if !statuses.is_empty() {
            query = query
                .filter(aggregators::status.eq_any(statuses.iter().map(|s| s.as_str()).collect::<Vec<_>>()));
        }
        if let Some(cursor) = after {
            let (time, id) = cursor.time_and_id()?;
            query = query.filter(
                aggregators::created_at
                    .lt(time)
                    .or(aggregators::created_at.eq(time).and(aggregators::id.lt(id))),
            );
        }
        let rows = query
            .order((aggregators::created_at.desc(), aggregators::id.desc()))
            .limit(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .load::<AggregatorRow>(&mut **self)
            .await?;
        Ok(Page::cut(rows, limit, |row| Cursor::at(row.created_at, row.id)))
    }

    /// Edits an aggregator whose version is still `expected`.
    pub async fn update_aggregator(
        &mut self,
        id: AggregatorId,
        expected: i32,
        changes: &AggregatorChanges,
    ) -> Result<AggregatorRow> {
        let before = self.lock_aggregator(id).await?;
        let row = update(self, &before, expected, changes).await?;
        let change = Change::new(EventKind::AggregatorUpdated, Subject("aggregator", row.id));
        self.record(id, change.from_to(before.facts(), row.facts()));
        Ok(row)
    }

    /// Takes a step of an aggregator's life: what it publishes shows, or is gone, with this transaction.
    pub async fn change_aggregator_status(
        &mut self,
        id: AggregatorId,
        action: AggregatorAction,
    ) -> Result<AggregatorRow> {
        let before = self.lock_aggregator(id).await?;
        let status = stored(AggregatorStatus::parse(&before.status))?
            .apply(action)
            .map_err(|code| Refusal::because(code, format!("The aggregator is {}.", before.status)))?;
        let row = diesel::update(aggregators::table.find(id.uuid()))
            .set((
                aggregators::status.eq(status.as_str()),
                aggregators::version.eq(aggregators::version + 1),
                aggregators::updated_at.eq(Utc::now()),
            ))
            .returning(AggregatorRow::as_returning())
            .get_result::<AggregatorRow>(&mut **self)
            .await?;
        project_aggregator(self, id).await?;
        let kind = match action {
            AggregatorAction::Activate => EventKind::AggregatorActivated,
            AggregatorAction::Suspend => EventKind::AggregatorSuspended,
            AggregatorAction::Close => EventKind::AggregatorClosed,
        };
        let change = Change::new(kind, Subject("aggregator", row.id)).data(json!({ "status": row.status }));
        self.record(id, change.from_to(json!({ "status": before.status }), json!({ "status": row.status })));
        Ok(row)
    }

    /// Locked against other edits, not against the log's foreign keys: whoever writes into the log of this tenant holds
    /// its head and would wait for this row while this transaction waits for the head.
    async fn lock_aggregator(&mut self, id: AggregatorId) -> Result<AggregatorRow> {
        let row = aggregators::table
            .find(id.uuid())
            .filter(aggregators::kind.eq(AggregatorKind::Member.as_str()))
            .select(AggregatorRow::as_select())
            .for_no_key_update()
            .first::<AggregatorRow>(&mut **self)
            .await?;
        Ok(row)
    }
}

impl TenantTx<'_> {
    /// The transaction's own aggregator.
    pub async fn own_aggregator(&mut self) -> Result<AggregatorRow> {
        let id = self.tenant();
        Ok(aggregators::table.find(id).select(AggregatorRow::as_select()).first(&mut **self).await?)
    }

    /// Edits the transaction's own aggregator, whose version is still `expected`.
    pub async fn update_own_aggregator(
        &mut self,
        expected: i32,
        changes: &AggregatorChanges,
    ) -> Result<AggregatorRow> {
        let id = self.tenant();
        let before = aggregators::table
            .find(id)
            .select(AggregatorRow::as_select())
            .for_no_key_update()
            .first::<AggregatorRow>(&mut **self)
            .await?;
        let row = update(self, &before, expected, changes).await?;
        let change = Change::new(EventKind::AggregatorUpdated, Subject("aggregator", row.id));
        self.record(change.from_to(before.facts(), row.facts()));
        Ok(row)
    }
}

async fn update(
    tx: &mut crate::Tx,
    before: &AggregatorRow,
    expected: i32,
    changes: &AggregatorChanges,
) -> Result<AggregatorRow> {
    if before.version != expected {
        return Err(Error::Stale(before.version));
    }
    let row = diesel::update(aggregators::table.find(before.id))
        .set((
            changes,
            aggregators::version.eq(aggregators::version + 1),
            aggregators::updated_at.eq(Utc::now()),
        ))
        .returning(AggregatorRow::as_returning())
        .get_result::<AggregatorRow>(tx)
        .await?;
    project_aggregator(tx, row.id.into()).await?;
    Ok(row)
}
