//! Writing what a batch came to: one statement for each kind of row, whatever the number of changes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::sql_types::{Jsonb, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::action_item::{ActionItemRecord, ActionItemStatus};
use kapal_domain::{Code, Refusal};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Batch, KnownItem, Thing};
use crate::sql::sql;
use crate::visit::LOCATION;
use crate::{Error, Result, TenantTx, hex};

// Ids are in order, so that two batches that insert the same ones wait for each other in one direction.
sql! {
    InsertVisits { aggregator: Uuid => SqlUuid, rows: Value => Jsonb, author: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    "INSERT INTO visits (aggregator_id, id, merchant_id, author_id, version, digests, started_at, next_on, created_at, updated_at)
     SELECT $1, n.id, n.merchant_id, $3, cardinality(n.digests), n.digests, n.started_at, n.next_on, $4, $4
     FROM jsonb_to_recordset($2) AS n (id uuid, merchant_id uuid, digests text[], started_at timestamptz, next_on date)
     ORDER BY n.id
     ON CONFLICT (aggregator_id, id) DO NOTHING
     RETURNING id"
}

sql! {
    UpdateVisits { aggregator: Uuid => SqlUuid, rows: Value => Jsonb, now: DateTime<Utc> => Timestamptz }
    "UPDATE visits v
     SET version = cardinality(n.digests), digests = n.digests, started_at = n.started_at, next_on = n.next_on, updated_at = $3
     FROM jsonb_to_recordset($2) AS n (id uuid, digests text[], started_at timestamptz, next_on date)
     WHERE v.aggregator_id = $1 AND v.id = n.id"
}

sql! {
    InsertVersions { aggregator: Uuid => SqlUuid, rows: Value => Jsonb, actor: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    "INSERT INTO visit_versions (aggregator_id, visit_id, version, merchant_id, recorded_by, device_id, recorded_at, started_at,
         ended_at, mode, topics, problems, advice, next_on, location_sealed, tasks)
     SELECT $1, n.visit_id, n.version, n.merchant_id, $3, n.device_id, $4, n.started_at, n.ended_at, n.mode, n.topics,
            n.problems, n.advice, n.next_on, decode(n.location_sealed, 'hex'), n.tasks
     FROM jsonb_to_recordset($2) AS n (visit_id uuid, version integer, merchant_id uuid, device_id text, started_at timestamptz,
         ended_at timestamptz, mode text, topics text[], problems text, advice text, next_on date, location_sealed text, tasks jsonb)"
}

sql! {
    InsertPhotos { aggregator: Uuid => SqlUuid, rows: Value => Jsonb }
    "INSERT INTO visit_photos (aggregator_id, visit_id, version, position, merchant_id, file_id)
     SELECT $1, n.* FROM jsonb_to_recordset($2)
         AS n (visit_id uuid, version integer, position integer, merchant_id uuid, file_id uuid)"
}

sql! {
    InsertConfirmations { aggregator: Uuid => SqlUuid, rows: Value => Jsonb, actor: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    "INSERT INTO visit_confirmations (aggregator_id, visit_id, version, merchant_id, method, file_id, recorded_by, recorded_at)
     SELECT $1, n.*, $3, $4 FROM jsonb_to_recordset($2)
         AS n (visit_id uuid, version integer, merchant_id uuid, method text, file_id uuid)"
}

sql! {
    InsertItems { aggregator: Uuid => SqlUuid, rows: Value => Jsonb, actor: Option<Uuid> => diesel::sql_types::Nullable<SqlUuid>, now: DateTime<Utc> => Timestamptz }
    "INSERT INTO action_items (aggregator_id, id, merchant_id, text, owner, due_on, status, done_at, visit_id, nomination_id,
         created_by, version, digests, created_at, updated_at)
     SELECT $1, n.id, n.merchant_id, n.text, n.owner, n.due_on, n.status, n.done_at, n.visit_id, n.nomination_id, $3,
            cardinality(n.digests), n.digests, $4, $4
     FROM jsonb_to_recordset($2) AS n (id uuid, merchant_id uuid, text text, owner text, due_on date, status text,
         done_at timestamptz, visit_id uuid, nomination_id uuid, digests text[])
     ORDER BY n.id
     ON CONFLICT (aggregator_id, id) DO NOTHING
     RETURNING id"
}

sql! {
    UpdateItems { aggregator: Uuid => SqlUuid, rows: Value => Jsonb, now: DateTime<Utc> => Timestamptz }
    "UPDATE action_items i
     SET text = n.text, owner = n.owner, due_on = n.due_on, status = n.status, done_at = n.done_at,
         version = cardinality(n.digests), digests = n.digests, updated_at = $3
     FROM jsonb_to_recordset($2)
         AS n (id uuid, text text, owner text, due_on date, status text, done_at timestamptz, digests text[])
     WHERE i.aggregator_id = $1 AND i.id = n.id"
}

#[derive(diesel::QueryableByName)]
struct Inserted {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Why a thing could not be written after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missed {
    /// Its id is taken.
    Taken,
    /// The id of its visit is.
    WithItsVisit,
}

impl TenantTx<'_> {
    /// Writes the plan. Answers what could not be written after all, since its id is taken by something that the actor
    /// does not see: nothing of it is kept.
    pub(super) async fn write_batch(&mut self, mut batch: Batch) -> Result<BTreeMap<Thing, Missed>> {
        let (aggregator, actor, now) = (self.tenant(), batch.actor, batch.now);
        let (mut made, mut changed) = (Vec::new(), Vec::new());
        for (id, visit) in &batch.visits {
            let Some((started_at, next_on)) = visit.newest else { continue };
            let rows = if visit.stored == 0 { &mut made } else { &mut changed };
            rows.push(json!({
                "id": id, "merchant_id": visit.merchant, "digests": visit.digests, "started_at": started_at, "next_on": next_on,
            }));
        }
        let mut taken = ids(&made);
        if !made.is_empty() {
            let insert = InsertVisits { aggregator, rows: json!(made), author: actor, now };
            for row in insert.load::<Inserted>(&mut **self).await? {
                taken.remove(&row.id);
            }
        }
        if !changed.is_empty() {
            UpdateVisits { aggregator, rows: json!(changed), now }.execute(&mut **self).await?;
        }
        let mut missed: BTreeMap<_, _> = taken.iter().map(|id| (Thing::Visit(*id), Missed::Taken)).collect();
        let dropped = batch.drop_visits(&taken);
        missed.extend(dropped.into_iter().map(|id| (Thing::ActionItem(id), Missed::WithItsVisit)));
        let plan = &mut batch.plan;
        if !plan.versions.is_empty() {
            self.seal_places(&mut plan.versions).await?;
            let rows = json!(std::mem::take(&mut plan.versions));
            InsertVersions { aggregator, rows, actor, now }.execute(&mut **self).await?;
        }
        if !plan.photos.is_empty() {
            let rows = json!(std::mem::take(&mut plan.photos));
            InsertPhotos { aggregator, rows }.execute(&mut **self).await?;
        }
        if !plan.confirmations.is_empty() {
            let rows = json!(std::mem::take(&mut plan.confirmations));
            InsertConfirmations { aggregator, rows, actor, now }.execute(&mut **self).await?;
        }
        let taken = self.write_items(&batch.items, now).await?;
        missed.extend(taken.into_iter().map(|id| (Thing::ActionItem(id), Missed::Taken)));
        for (thing, change) in batch.plan.changes {
            if !missed.contains_key(&thing) {
                self.record(change);
            }
        }
        Ok(missed)
    }

    async fn write_items(
        &mut self,
        items: &BTreeMap<Uuid, KnownItem>,
        now: DateTime<Utc>,
    ) -> Result<BTreeSet<Uuid>> {
        let (mut made, mut changed) = (Vec::new(), Vec::new());
        for (id, item) in items {
            let Some(record) = &item.record else { continue };
            let rows = if item.stored == 0 { &mut made } else { &mut changed };
            rows.push(item_row(*id, record, &item.digests, None, now));
        }
        self.update_items(changed, now).await?;
        self.insert_items(made, now).await
    }

    /// Inserts action items. Answers the ids that are taken.
    pub(crate) async fn insert_items(
        &mut self,
        rows: Vec<Value>,
        now: DateTime<Utc>,
    ) -> Result<BTreeSet<Uuid>> {
        let mut taken = ids(&rows);
        if !rows.is_empty() {
            let (aggregator, actor) = (self.tenant(), self.actor().id());
            let insert = InsertItems { aggregator, rows: json!(rows), actor, now };
            for row in insert.load::<Inserted>(&mut **self).await? {
                taken.remove(&row.id);
            }
        }
        Ok(taken)
    }

    /// Writes new versions of action items.
    pub(crate) async fn update_items(&mut self, rows: Vec<Value>, now: DateTime<Utc>) -> Result<()> {
        if !rows.is_empty() {
            UpdateItems { aggregator: self.tenant(), rows: json!(rows), now }.execute(&mut **self).await?;
        }
        Ok(())
    }

    /// Seals the places of versions by the keys of their merchants; nothing is kept of where an erased one was visited.
    async fn seal_places(&mut self, versions: &mut [Value]) -> Result<()> {
        let placed = versions.iter().filter(|version| version["location"].is_string());
        let merchants: BTreeSet<_> = placed.filter_map(|version| id_of(version, "merchant_id")).collect();
        if merchants.is_empty() {
            return Ok(());
        }
        self.read_subject_keys(merchants.into_iter().collect()).await?;
        for version in versions {
            let Some(place) = version["location"].as_str().map(str::to_owned) else { continue };
            let ids = id_of(version, "merchant_id").zip(id_of(version, "visit_id"));
            let Some((merchant, visit)) = ids else { continue };
            match self.seal_for(merchant, LOCATION, visit, &place).await {
                Ok(sealed) => version["location_sealed"] = json!(hex(&sealed)),
                Err(Error::Refused(Refusal { code: Code::SubjectErased, .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Batch {
    /// Takes visits whose ids are taken out of the plan. Answers the new action items that go with them.
    fn drop_visits(&mut self, taken: &BTreeSet<Uuid>) -> Vec<Uuid> {
        if taken.is_empty() {
            return Vec::new();
        }
        let is_kept = |row: &Value| id_of(row, "visit_id").is_none_or(|id| !taken.contains(&id));
        self.plan.versions.retain(is_kept);
        self.plan.photos.retain(is_kept);
        self.plan.confirmations.retain(is_kept);
        let visit_of = |item: &KnownItem| item.record.as_ref().and_then(|record| record.visit);
        let goes = |_: &Uuid, item: &mut KnownItem| {
            item.stored == 0 && visit_of(item).is_some_and(|visit| taken.contains(&visit.uuid()))
        };
        self.items.extract_if(.., goes).map(|(id, _)| id).collect()
    }
}

/// An action item as it is written. `nomination` is what it came from, where it is no visit.
pub(crate) fn item_row(
    id: Uuid,
    record: &ActionItemRecord,
    digests: &[String],
    nomination: Option<Uuid>,
    now: DateTime<Utc>,
) -> Value {
    let is_done = record.status == ActionItemStatus::Done;
    json!({
        "id": id, "merchant_id": record.merchant, "text": record.text.as_str(), "owner": record.owner.as_str(),
        "due_on": record.due_on, "status": record.status.as_str(),
        "done_at": is_done.then(|| record.done_at.unwrap_or(now)), "visit_id": record.visit,
        "nomination_id": nomination, "digests": digests,
    })
}

fn ids(rows: &[Value]) -> BTreeSet<Uuid> {
    rows.iter().filter_map(|row| id_of(row, "id")).collect()
}

fn id_of(row: &Value, name: &str) -> Option<Uuid> {
    row[name].as_str().and_then(|id| Uuid::try_parse(id).ok())
}
