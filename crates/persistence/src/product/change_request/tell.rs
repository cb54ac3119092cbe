//! Who hears of change requests: reviewers that edits wait, once an hour at most; those whose edits they are what became of
//! them.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kapal_domain::change_request::ChangeRequestStatus;
use kapal_domain::locale::Locale;
use kapal_domain::permission::Permission;
use uuid::Uuid;

use super::FieldNote;
use crate::concerned::Reader;
use crate::mail::Letter;
use crate::sql::sql;
use crate::stored::Stored;
use crate::{Actor, Db, OperatorTx, Result};

/// Reviewers of one aggregator hear of edits no more often.
const BETWEEN: TimeDelta = TimeDelta::hours(1);
/// Requests of one tenant at a time: a letter has no more lines.
const BATCH: i32 = 100;

/// Who is still to be told of a request's last step.
pub(super) const fn untold(status: ChangeRequestStatus) -> Option<&'static str> {
    match status {
        ChangeRequestStatus::Open => Some("reviewers"),
        ChangeRequestStatus::NeedsChanges | ChangeRequestStatus::Accepted | ChangeRequestStatus::Rejected => {
            Some("editors")
        }
        ChangeRequestStatus::Withdrawn => None,
    }
}

/// An edit that waits for a reviewer.
#[derive(Debug, QueryableByName)]
pub(crate) struct WaitingEdit {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    product: String,
    #[diesel(sql_type = Text)]
    merchant: String,
    /// How many fields it changes.
    #[diesel(sql_type = BigInt)]
    fields: i64,
}

impl WaitingEdit {
    /// A line of a letter.
    pub(crate) fn line(&self, locale: Locale) -> String {
        let Self { product, merchant, fields, .. } = self;
        match (locale, fields) {
            (Locale::Id, _) => format!("- {product} ({merchant}): {fields} isian"),
            (Locale::En, 1) => format!("- {product} ({merchant}): 1 field"),
            (Locale::En, _) => format!("- {product} ({merchant}): {fields} fields"),
        }
    }
}

/// An edit with what a reviewer said of it.
#[derive(Debug, QueryableByName)]
pub(crate) struct ReviewedEdit {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    product: String,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Jsonb, deserialize_as = Stored<FieldNote>)]
    reasons: Vec<FieldNote>,
}

impl ReviewedEdit {
    /// The lines of a letter: what became of it, and each reason below.
    pub(crate) fn lines(&self, locale: Locale) -> String {
        let became = match (ChangeRequestStatus::parse(&self.status), locale) {
            (Ok(ChangeRequestStatus::Accepted), Locale::Id) => "diterima",
            (Ok(ChangeRequestStatus::Accepted), Locale::En) => "accepted",
            (Ok(ChangeRequestStatus::Rejected), Locale::Id) => "ditolak",
            (Ok(ChangeRequestStatus::Rejected), Locale::En) => "rejected",
            (_, Locale::Id) => "perlu diperbaiki",
            (_, Locale::En) => "sent back",
        };
        let mut lines = format!("- {}: {became}", self.product);
        let notes = self.reasons.iter().map(|note| format!("{}: {}", note.pointer, note.reason));
        for said in self.reason.iter().cloned().chain(notes) {
            lines.push_str("\n  ");
            lines.push_str(&said.replace('\n', "\n  "));
        }
        lines
    }
}

sql! {
    // What belongs to a restricted merchant waits until the restriction is lifted.
    TenantsWithUntold { told_before: DateTime<Utc> => Timestamptz }
    "SELECT DISTINCT c.aggregator_id FROM change_requests c
     JOIN aggregators a ON a.id = c.aggregator_id
     JOIN products p ON p.aggregator_id = c.aggregator_id AND p.id = c.product_id
     WHERE (c.untold = 'editors' OR c.untold = 'reviewers' AND coalesce(a.reviewers_told_at, '-infinity') <= $1)
        AND NOT EXISTS (
            SELECT FROM restrictions r WHERE r.aggregator_id = p.aggregator_id AND r.merchant_id = p.merchant_id)"
}

#[derive(QueryableByName)]
struct Tenant {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
}

sql! {
    // Whoever has a request locked takes its next step, or is another worker.
    WaitingEdits { aggregator: Uuid => SqlUuid, told_before: DateTime<Utc> => Timestamptz, limit: i32 => Integer }
    "SELECT c.id, m.name AS merchant, (SELECT count(*) FROM jsonb_object_keys(c.base)) AS fields,
        coalesce((SELECT t.name FROM product_translations t
            WHERE t.aggregator_id = $1 AND t.product_id = p.id ORDER BY t.locale = 'id' DESC LIMIT 1), p.slug) AS product
     FROM change_requests c
     JOIN aggregators a ON a.id = c.aggregator_id
     JOIN products p ON p.aggregator_id = c.aggregator_id AND p.id = c.product_id
     JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
     WHERE c.aggregator_id = $1 AND c.untold = 'reviewers' AND coalesce(a.reviewers_told_at, '-infinity') <= $2
        AND m.restricted_at IS NULL
     ORDER BY c.updated_at LIMIT $3 FOR UPDATE OF c SKIP LOCKED"
}

sql! {
    ReviewedEdits { aggregator: Uuid => SqlUuid, limit: i32 => Integer }
    "SELECT c.id, c.status, s.reason, s.reasons,
        coalesce((SELECT t.name FROM product_translations t
            WHERE t.aggregator_id = $1 AND t.product_id = p.id ORDER BY t.locale = 'id' DESC LIMIT 1), p.slug) AS product
     FROM change_requests c
     JOIN change_request_steps s
        ON s.aggregator_id = c.aggregator_id AND s.change_request_id = c.id AND s.version = c.version
     JOIN products p ON p.aggregator_id = c.aggregator_id AND p.id = c.product_id
     JOIN merchants m ON m.aggregator_id = p.aggregator_id AND m.id = p.merchant_id
     WHERE c.aggregator_id = $1 AND c.untold = 'editors' AND m.restricted_at IS NULL
     ORDER BY c.updated_at LIMIT $2 FOR UPDATE OF c SKIP LOCKED"
}

sql! {
    // The merchant's own accounts, and whoever asked for the edit as long as he has to do with the product; not the reviewer.
    Editors { aggregator: Uuid => SqlUuid, requests: Vec<Uuid> => Array<SqlUuid> }
    "SELECT s.email, u.locale, false AS hears_all, array_agg(c.id) AS subjects
     FROM change_requests c
     JOIN change_request_steps d
        ON d.aggregator_id = c.aggregator_id AND d.change_request_id = c.id AND d.version = c.version
     JOIN products p ON p.aggregator_id = c.aggregator_id AND p.id = c.product_id
     JOIN memberships s ON s.aggregator_id = c.aggregator_id AND s.user_id IS DISTINCT FROM d.actor_id
        AND (s.role = 'merchant' OR s.user_id = c.created_by)
     JOIN users u ON u.id = s.user_id
     WHERE c.aggregator_id = $1 AND c.id = ANY ($2) AND (s.role NOT IN ('merchant', 'local_hero') OR EXISTS (
        SELECT FROM merchant_access a
        WHERE a.aggregator_id = c.aggregator_id AND a.user_id = s.user_id AND a.merchant_id = p.merchant_id))
     GROUP BY s.user_id, s.email, u.locale"
}

sql! {
    NoteTold { aggregator: Uuid => SqlUuid, requests: Vec<Uuid> => Array<SqlUuid> }
    "UPDATE change_requests SET untold = NULL WHERE aggregator_id = $1 AND id = ANY ($2)"
}

sql! {
    NoteReviewersTold { aggregator: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz, told_before: DateTime<Utc> => Timestamptz }
    "UPDATE aggregators SET reviewers_told_at = $2 WHERE id = $1 AND coalesce(reviewers_told_at, '-infinity') <= $3"
}

impl Db {
    /// Tells people by mail of change requests that wait or were decided; how many requests they heard of.
    pub async fn tell_of_change_requests(&self) -> Result<usize> {
        let now = Utc::now();
        let mut tx = self.operator(Actor::System, "change_requests").await?;
        let due = TenantsWithUntold { told_before: now - BETWEEN };
        let tenants = due.load::<Tenant>(&mut *tx).await?;
        tx.commit().await?;
        let mut told = 0;
        for Tenant { aggregator_id } in tenants {
            let mut tx = self.operator(Actor::System, "change_requests").await?;
            told += tx.tell_reviewers(aggregator_id, now).await?;
            tx.commit().await?;
            loop {
                let mut tx = self.operator(Actor::System, "change_requests").await?;
                let count = tx.tell_editors(aggregator_id).await?;
                tx.commit().await?;
                if count == 0 {
                    break;
                }
                told += count;
            }
        }
        Ok(told)
    }
}

impl OperatorTx<'_> {
    async fn tell_reviewers(&mut self, aggregator: Uuid, now: DateTime<Utc>) -> Result<usize> {
        let told_before = now - BETWEEN;
        let waiting = WaitingEdits { aggregator, told_before, limit: BATCH };
        let edits = waiting.load::<WaitingEdit>(&mut **self).await?;
        if edits.is_empty() {
            return Ok(0);
        }
        let turn = NoteReviewersTold { aggregator, now, told_before };
        if turn.execute(&mut **self).await? == 0 {
            return Ok(0); // Another worker's letter is of the same hour.
        }
        let edits: Vec<_> = edits.into_iter().map(|edit| (edit.id, edit)).collect();
        self.note_told(aggregator, &edits).await?;
        self.tell_entitled(aggregator, Permission::ProductsPublish, &edits, |aggregator, edits| {
            Letter::EditsWaiting { aggregator, edits }
        })
        .await?;
        Ok(edits.len())
    }

    async fn tell_editors(&mut self, aggregator: Uuid) -> Result<usize> {
        let reviewed = ReviewedEdits { aggregator, limit: BATCH };
        let edits = reviewed.load::<ReviewedEdit>(&mut **self).await?;
        if edits.is_empty() {
            return Ok(0);
        }
        let edits: Vec<_> = edits.into_iter().map(|edit| (edit.id, edit)).collect();
        self.note_told(aggregator, &edits).await?;
        let editors = Editors { aggregator, requests: edits.iter().map(|(id, _)| *id).collect() };
        let editors = editors.load::<Reader>(&mut **self).await?;
        self.write_to(editors, aggregator, &edits, |aggregator, edits| Letter::EditsReviewed {
            aggregator,
            edits,
        })
        .await?;
        Ok(edits.len())
    }

    async fn note_told<T>(&mut self, aggregator: Uuid, edits: &[(Uuid, T)]) -> Result<()> {
        let requests = edits.iter().map(|(id, _)| *id).collect();
        NoteTold { aggregator, requests }.execute(&mut **self).await?;
        Ok(())
    }
}
