//! Visits as they are read: the present version, or each of them. They are written by [`crate::sync`] alone.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::sql_types::{Array, Binary, Date, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::{MerchantId, UserId, VisitId};
use kapal_domain::region::RegionCode;
use kapal_domain::visit::{Location, Topic, VisitSort};
use serde_json::Value;
use uuid::Uuid;

use crate::page::CursorValue;
use crate::statement::Statement;
use crate::{Cursor, Error, Page, Result, TenantTx};

/// Where the place of a visit is sealed.
pub(crate) const LOCATION: &str = "visit_versions/location_sealed";

/// A visit, as one of its versions says.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub struct VisitRow {
    /// The phone's id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// The merchant.
    #[diesel(sql_type = SqlUuid)]
    pub merchant_id: Uuid,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub merchant_name: String,
    /// Who visited.
    #[diesel(sql_type = SqlUuid)]
    pub author_id: Uuid,
    /// The version.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// Who sent it.
    #[diesel(sql_type = SqlUuid)]
    pub recorded_by: Uuid,
    /// Which phone noted it.
    #[diesel(sql_type = Nullable<Text>)]
    pub device_id: Option<String>,
    /// When it arrived.
    #[diesel(sql_type = Timestamptz)]
    pub recorded_at: DateTime<Utc>,
    /// When it began, by the phone's clock.
    #[diesel(sql_type = Timestamptz)]
    pub started_at: DateTime<Utc>,
    /// When it ended.
    #[diesel(sql_type = Timestamptz)]
    pub ended_at: DateTime<Utc>,
    /// How it took place.
    #[diesel(sql_type = Text)]
    pub mode: String,
    /// What it was about.
    #[diesel(sql_type = Array<Text>)]
    pub topics: Vec<String>,
    /// What was found.
    #[diesel(sql_type = Text)]
    pub problems: String,
    /// What was advised.
    #[diesel(sql_type = Text)]
    pub advice: String,
    /// When to come again.
    #[diesel(sql_type = Nullable<Date>)]
    pub next_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Binary>)]
    location_sealed: Option<Vec<u8>>,
    /// What was agreed on.
    #[diesel(sql_type = Jsonb)]
    pub tasks: Value,
    /// Evidence files.
    #[diesel(sql_type = Array<SqlUuid>)]
    pub photos: Vec<Uuid>,
    /// How the merchant confirmed this version.
    #[diesel(sql_type = Nullable<Text>)]
    pub confirmation_method: Option<String>,
    /// The signature.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub confirmation_file_id: Option<Uuid>,
    /// When the confirmation arrived.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub confirmed_at: Option<DateTime<Utc>>,
}

impl VisitRow {
    /// Whether it is kept where it was.
    #[must_use]
    pub const fn has_location(&self) -> bool {
        self.location_sealed.is_some()
    }
}

/// Which visits.
#[derive(Debug, Clone, Default)]
pub struct VisitFilter {
    /// By this member.
    pub author: Option<UserId>,
    /// Of this merchant.
    pub merchant: Option<MerchantId>,
    /// Of merchants whose names have words that begin so.
    pub text: Option<String>,
    /// Of merchants in this region or below it.
    pub region: Option<RegionCode>,
    /// Not before this moment.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
    /// Also about this.
    pub topic: Option<Topic>,
    /// Whether the merchant has not confirmed the present version, or has.
    pub unconfirmed: Option<bool>,
    /// In this order.
    pub sort: VisitSort,
}

/// Every version of every visit; the present ones by `v.version = w.version`.
const VERSIONS: &str = "SELECT v.id, v.merchant_id, m.name AS merchant_name, v.author_id, w.version, w.recorded_by, w.device_id, w.recorded_at, \
        w.started_at, w.ended_at, w.mode, w.topics, w.problems, w.advice, w.next_on, w.location_sealed, w.tasks, \
        ARRAY(SELECT p.file_id FROM visit_photos p WHERE p.aggregator_id = w.aggregator_id AND p.visit_id = w.visit_id \
              AND p.version = w.version ORDER BY p.position) AS photos, \
        c.method AS confirmation_method, c.file_id AS confirmation_file_id, c.recorded_at AS confirmed_at \
     FROM visits v \
     JOIN merchants m ON m.aggregator_id = v.aggregator_id AND m.id = v.merchant_id \
     JOIN visit_versions w ON w.aggregator_id = v.aggregator_id AND w.visit_id = v.id \
     LEFT JOIN visit_confirmations c ON c.aggregator_id = w.aggregator_id AND c.visit_id = w.visit_id AND c.version = w.version \
     WHERE v.aggregator_id = ";

impl TenantTx<'_> {
    /// One visit as its present version says.
    pub async fn visit(&mut self, id: VisitId) -> Result<VisitRow> {
        self.present_visits(vec![id]).await?.pop().ok_or(Error::NotFound)
    }

    /// Visits by their ids, in no order; those that are not there are left out.
    pub async fn present_visits(&mut self, ids: Vec<VisitId>) -> Result<Vec<VisitRow>> {
        let ids: Vec<Uuid> = ids.into_iter().map(VisitId::uuid).collect();
        let statement = self.versions().sql(" AND w.version = v.version AND v.id = ANY (").bind(ids).sql(")");
        Ok(statement.load::<VisitRow>(&mut **self).await?)
    }

    /// Visits that fit, in the filter's order.
    pub async fn visits(
        &mut self,
        filter: &VisitFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<VisitRow>> {
        let mut statement = self
            .versions()
            .sql(" AND w.version = v.version")
            .with(filter.author, |s, author| s.sql(" AND v.author_id = ").bind(author.uuid()))
            .with(filter.merchant, |s, merchant| s.sql(" AND v.merchant_id = ").bind(merchant.uuid()))
            .with(filter.text.as_deref(), |s, text| s.named(self.tenant(), text))
            .with(filter.region.as_ref(), Statement::in_region)
            .with(filter.from, |s, from| s.sql(" AND v.started_at >= ").bind(from))
            .with(filter.to, |s, to| s.sql(" AND v.started_at < ").bind(to))
            .with(filter.topic, |s, topic| s.sql(" AND w.topics @> ARRAY[").bind(topic.as_str()).sql("]"))
            .with(filter.unconfirmed, |s, unconfirmed| {
                s.sql(if unconfirmed { " AND c.visit_id IS NULL" } else { " AND c.visit_id IS NOT NULL" })
            });
        let (follows, by) = match filter.sort {
            VisitSort::Latest => (" AND (v.started_at, v.id) < (", " ORDER BY v.started_at DESC, v.id DESC"),
            VisitSort::Earliest => (" AND (v.started_at, v.id) > (", " ORDER BY v.started_at, v.id"),
        };
        if let Some(cursor) = after {
            statement = statement.beyond(follows, cursor.time_and_id()?);
        }
        let rows = statement.page(by, limit).planned_anew().load::<VisitRow>(&mut **self).await?;
        Ok(Page::cut(rows, limit, |row| Cursor::at(row.started_at, row.id)))
    }

    /// All versions of a visit, the newest first.
    pub async fn visit_versions(
        &mut self,
        id: VisitId,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<VisitRow>> {
        let before = match after.map(|cursor| cursor.0.as_slice()) {
            None => i64::MAX,
            Some([CursorValue::Int(version)]) => *version,
            Some(_) => return Err(kapal_domain::Code::CursorMismatch.into()),
        };
        let wanted = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let statement = self
            .versions()
            .sql(" AND v.id = ")
            .bind(id.uuid())
            .sql(" AND w.version < ")
            .bind(before)
            .sql(" ORDER BY w.version DESC LIMIT ")
            .bind(wanted);
        let rows = statement.load::<VisitRow>(&mut **self).await?;
        if rows.is_empty() && after.is_none() {
            return Err(Error::NotFound);
        }
        Ok(Page::cut(rows, limit, |row| Cursor(vec![CursorValue::Int(row.version.into())])))
    }

    /// Where a visit was, while its merchant is not erased.
    pub async fn visit_location(&mut self, visit: &VisitRow) -> Result<Option<Location>> {
        let Some(sealed) = &visit.location_sealed else { return Ok(None) };
        let opened = self.open_for(visit.merchant_id, LOCATION, visit.id, sealed).await?;
        let unreadable = || Error::Internal(format!("the place of visit {} is none", visit.id));
        opened.map(|text| Location::read(&text).ok_or_else(unreadable)).transpose()
    }

    fn versions(&self) -> Statement {
        Statement::new(VERSIONS).bind(self.tenant())
    }
}
