//! The log of each tenant: events and the audit chain, written by a transaction's last statement. It locks the
//! tenant's head, gives the next numbers and chains the hash, so that the order is the commit order, without holes.

use chrono::{DateTime, SubsecRound, Utc};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_domain::event::{EventKind, Reach};
use kapal_domain::ids::{AggregatorId, AuditId, EventId};
use kapal_schema::tenant_heads;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::sql::sql;
use crate::tenant::Actor;
use crate::tx::Tx;
use crate::{Db, Error, Result};

/// What a change is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject(pub &'static str, pub Uuid);

/// One change of state: an event for those who follow, an audit entry for those who ask.
#[derive(Debug, Clone)]
pub struct Change {
    kind: EventKind,
    subject: Subject,
    data: Value,
    before: Value,
    after: Value,
}

impl Change {
    /// A change that says no more than that it happened.
    #[must_use]
    pub fn new(kind: EventKind, subject: Subject) -> Self {
        Self { kind, subject, data: json!({}), before: Value::Null, after: Value::Null }
    }

    /// What the event carries. Never personal data.
    #[must_use]
    pub fn data(self, data: Value) -> Self {
        Self { data, ..self }
    }

    /// The changed fields as they were and as they are now. Never personal data in the clear.
    #[must_use]
    pub fn from_to(self, before: Value, after: Value) -> Self {
        Self { before, after, ..self }
    }

    /// Refuses one that changes what is shown of products and doesn't say of which: a search index would never hear of
    /// it. By its subject, or by `product_id` or `merchant_id` in its data.
    fn check(&self) -> Result<()> {
        let names = |field| self.data[field].as_str().is_some_and(|id| Uuid::try_parse(id).is_ok());
        let is_known =
            matches!(self.subject.0, "product" | "merchant") || names("product_id") || names("merchant_id");
        if self.kind.reach() == Reach::Products && !is_known {
            let kind = self.kind.as_str();
            return Err(Error::Internal(format!("{kind} names neither a product nor a merchant")));
        }
        Ok(())
    }
}

/// Who acts in a transaction, for its audit entries.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    pub actor: Actor,
    pub request_id: String,
}

/// A change with its time, ids and the text whose hash is chained.
struct Entry {
    id: Uuid,
    at: DateTime<Utc>,
    kind: EventKind,
    subject: Subject,
    data: Value,
    text: String,
}

impl Entry {
    fn new(aggregator: AggregatorId, author: &Author, change: Change) -> Self {
        let at = Utc::now().trunc_subsecs(6);
        let text = json!({
            "id": AuditId::new(),
            "aggregator_id": aggregator,
            "at": at,
            "action": change.kind.as_str(),
            "actor_kind": author.actor.kind(),
            "actor_id": author.actor.id(),
            "request_id": author.request_id,
            "subject_type": change.subject.0,
            "subject_id": change.subject.1,
            "before": change.before,
            "after": change.after,
        })
        .to_string();
        Self {
            id: EventId::new().uuid(),
            at,
            kind: change.kind,
            subject: change.subject,
            data: change.data,
            text,
        }
    }
}

/// The hash of an entry that follows one with `previous` and stands at `seq`.
#[must_use]
pub(crate) fn chain(previous: &[u8], seq: i64, text: &str) -> Vec<u8> {
    Sha256::new()
        .chain_update(previous)
        .chain_update(seq.to_be_bytes())
        .chain_update(text)
        .finalize()
        .to_vec()
}

/// Writes the changes and commits. Several tenants are locked in the order of their ids.
pub(crate) async fn commit(
    mut tx: Tx,
    db: &Db,
    author: &Author,
    mut changes: Vec<(AggregatorId, Change)>,
) -> Result<()> {
    changes.iter().try_for_each(|(_, change)| change.check())?;
    changes.sort_by_key(|(aggregator, _)| *aggregator);
    let mut changes = changes.into_iter();
    match (changes.next(), changes.as_slice()) {
        (None, _) => tx.commit_plain().await,
        (Some((aggregator, change)), []) => {
            let one = AppendOne::new(aggregator, Entry::new(aggregator, author, change));
            let head = tx.commit(async |c| one.get_result::<PublicSeq>(&mut &*c).await).await?;
            db.heads.advance(aggregator, head.public_seq);
            Ok(())
        }
        (Some(first), _) => {
            let all: Vec<_> = std::iter::once(first).chain(changes).collect();
            let mut heads = Vec::new();
            let mut batches = Vec::new();
            for tenant in all.chunk_by(|a, b| a.0 == b.0) {
                let batch = AppendMany::prepare(&mut tx, author, tenant).await?;
                heads.push((tenant[0].0, batch.public_seq));
                batches.push(batch);
            }
            let last = batches.pop();
            for batch in batches {
                batch.execute(&mut tx).await?;
            }
            match last {
                Some(last) => tx.commit(async |c| last.execute(&mut &*c).await).await?,
                None => 0,
            };
            for (aggregator, public_seq) in heads {
                db.heads.advance(aggregator, public_seq);
            }
            Ok(())
        }
    }
}

sql! {
    AppendOne {
        aggregator: Uuid => SqlUuid, text: String => Text, public: bool => Bool, at: DateTime<Utc> => Timestamptz,
        id: Uuid => SqlUuid, kind: &'static str => Text, subject_type: &'static str => Text,
        subject_id: Uuid => SqlUuid, data: Value => Jsonb,
    }
    include_str!("sql/append_one.sql")
}

impl AppendOne {
    fn new(aggregator: AggregatorId, entry: Entry) -> Self {
        Self {
            aggregator: aggregator.uuid(),
            text: entry.text,
            public: entry.kind.is_public(),
            at: entry.at,
            id: entry.id,
            kind: entry.kind.as_str(),
            subject_type: entry.subject.0,
            subject_id: entry.subject.1,
            data: entry.data,
        }
    }
}

#[derive(diesel::QueryableByName)]
struct PublicSeq {
    #[diesel(sql_type = BigInt)]
    public_seq: i64,
}

sql! {
    AppendMany {
        aggregator: Uuid => SqlUuid, event_seq: i64 => BigInt, public_seq: i64 => BigInt, audit_seq: i64 => BigInt,
        audit_hash: Vec<u8> => Binary,
        seqs: Vec<i64> => Array<BigInt>, times: Vec<DateTime<Utc>> => Array<Timestamptz>, ids: Vec<Uuid> => Array<SqlUuid>,
        kinds: Vec<&'static str> => Array<Text>, subject_types: Vec<&'static str> => Array<Text>,
        subject_ids: Vec<Uuid> => Array<SqlUuid>, data: Vec<Value> => Array<Jsonb>,
        audit_seqs: Vec<i64> => Array<BigInt>, texts: Vec<String> => Array<Text>, hashes: Vec<Vec<u8>> => Array<Binary>,
    }
    include_str!("sql/append_many.sql")
}

impl AppendMany {
    /// Locks and reads the head, then numbers and chains the changes.
    async fn prepare(tx: &mut Tx, author: &Author, changes: &[(AggregatorId, Change)]) -> Result<Self> {
        let aggregator = changes[0].0;
        let head = tenant_heads::table
            .select((
                tenant_heads::event_seq,
                tenant_heads::public_seq,
                tenant_heads::audit_seq,
                tenant_heads::audit_hash,
            ))
            .filter(tenant_heads::aggregator_id.eq(aggregator.uuid()))
            .for_update()
            .get_result::<(i64, i64, i64, Vec<u8>)>(tx)
            .await
            .optional()?;
        let Some((mut event_seq, mut public_seq, mut audit_seq, mut hash)) = head else {
            return Err(crate::Error::Internal(format!("no log head for {aggregator}")));
        };
        let (first_event, first_audit) = (event_seq, audit_seq);
        let mut hashes = Vec::with_capacity(changes.len());
        let mut entries = Vec::with_capacity(changes.len());
        for (_, change) in changes {
            let entry = Entry::new(aggregator, author, change.clone());
            event_seq += 1;
            audit_seq += 1;
            if entry.kind.is_public() {
                public_seq = event_seq;
            }
            hash = chain(&hash, audit_seq, &entry.text);
            hashes.push(hash.clone());
            entries.push(entry);
        }
        Ok(Self {
            aggregator: aggregator.uuid(),
            event_seq,
            public_seq,
            audit_seq,
            audit_hash: hash,
            seqs: (first_event + 1..=event_seq).collect(),
            audit_seqs: (first_audit + 1..=audit_seq).collect(),
            times: entries.iter().map(|e| e.at).collect(),
            ids: entries.iter().map(|e| e.id).collect(),
            kinds: entries.iter().map(|e| e.kind.as_str()).collect(),
            subject_types: entries.iter().map(|e| e.subject.0).collect(),
            subject_ids: entries.iter().map(|e| e.subject.1).collect(),
            data: entries.iter().map(|e| e.data.clone()).collect(),
            texts: entries.into_iter().map(|e| e.text).collect(),
            hashes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_products_says_which_of_every_kind() {
        let id = Uuid::now_v7();
        for kind in EventKind::ALL {
            let about = |subject, data: Value| Change::new(*kind, Subject(subject, id)).data(data).check();
            let is_refused = kind.reach() == Reach::Products;
            for nothing in [json!({}), json!({ "product_id": null }), json!({ "merchant_id": "kopi" })] {
                assert_eq!(about("variant", nothing).is_err(), is_refused, "{}", kind.as_str());
            }
            for (subject, data) in [
                ("product", json!({})),
                ("merchant", json!({})),
                ("variant", json!({ "product_id": id })),
                ("document", json!({ "merchant_id": id })),
            ] {
                assert!(about(subject, data).is_ok(), "{} of a {subject}", kind.as_str());
            }
        }
    }
}
