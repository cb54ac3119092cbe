//! Reading the audit chain, and finding the first entry that was tampered with.

use std::time::Instant;

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use futures_util::future::join;
use kapal_domain::audit::ChainFault;
use kapal_domain::event::EventKind;
use kapal_domain::ids::AggregatorId;
use kapal_schema::{aggregators, audit_entries, audit_heads, signing_keys};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::db::lend;
use crate::log::chain;
use crate::migrate::genesis;
use crate::sql::sql;
use crate::statement::Statement;
use crate::tx::Tx;
use crate::{
    Actor, Change, Cursor, CursorValue, Db, Error, OperatorTx, Page, Result, Subject, TenantTx, hex,
};

/// Entries that are read and hashed at a time.
const BATCH: i64 = 5_000;

/// Which entries to list.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// By this user.
    pub actor: Option<Uuid>,
    /// What was done, such as `merchant.verified`.
    pub action: Option<String>,
    /// About this kind of thing.
    pub subject_type: Option<String>,
    /// About this thing.
    pub subject_id: Option<Uuid>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
    /// By this request.
    pub request_id: Option<String>,
}

/// An entry of the chain.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// Its place in the chain.
    pub seq: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who did what to which thing, as it was hashed.
    pub entry: Value,
    /// Its hash.
    pub hash: String,
}

#[derive(diesel::QueryableByName)]
struct EntryRow {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    entry: String,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
}

impl TenantTx<'_> {
    /// Entries of the tenant's chain, the newest first.
    pub async fn audit(
        &mut self,
        filter: &AuditFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<AuditEntry>> {
        let aggregator = self.aggregator();
        let mut page = entries(self, aggregator, filter, after, limit).await?;
        let mut texts: Vec<_> = page.items.iter_mut().map(|item| item.entry.take()).collect();
        self.open_facts(&mut texts).await?;
        for (item, text) in page.items.iter_mut().zip(texts) {
            item.entry = text;
        }
        Ok(page)
    }

    /// Checks the tenant's chain from the entry `from` on, until `deadline`.
    pub async fn verify_audit(&mut self, from: i64, deadline: Instant) -> Result<Verification> {
        let (db, aggregator) = (self.db, self.aggregator());
        verify(self, db, aggregator, from, Some(deadline), |_| ()).await
    }
}

impl OperatorTx<'_> {
    /// Entries of the platform's own chain or, where `tenant` names one by slug or id, of that tenant's, the newest
    /// first. A look into a tenant's chain is itself an entry there.
    pub async fn audit(
        &mut self,
        tenant: Option<&str>,
        filter: &AuditFilter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<AuditEntry>> {
        let aggregator = match tenant {
            None => AggregatorId::PLATFORM,
            Some(name) => {
                let by = aggregators::table.select(aggregators::id).into_boxed();
                let by = match Uuid::try_parse(name) {
                    Ok(id) => by.filter(aggregators::id.eq(id)),
                    Err(_) => by.filter(aggregators::slug.eq(name)),
                };
                by.first::<Uuid>(&mut **self).await?.into()
            }
        };
        let page = entries(self, aggregator, filter, after, limit).await?;
        if aggregator != AggregatorId::PLATFORM {
            self.record(
                aggregator,
                Change::new(EventKind::AuditRead, Subject("aggregator", aggregator.uuid()))
                    .from_to(Value::Null, json!({ "entries": page.items.len() })),
            );
        }
        Ok(page)
    }
}

async fn entries(
    tx: &mut Tx,
    aggregator: AggregatorId,
    filter: &AuditFilter,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<AuditEntry>> {
    let mut statement =
        Statement::new("SELECT seq, at, entry, hash FROM audit_entries WHERE aggregator_id = ")
            .bind(aggregator.uuid())
            .with(filter.actor, |s, id| s.sql(" AND actor_id = ").bind(id))
            .with(filter.action.as_deref(), |s, action| s.sql(" AND action = ").bind(action))
            .with(filter.subject_type.as_deref(), |s, kind| s.sql(" AND subject_type = ").bind(kind))
            .with(filter.subject_id, |s, id| s.sql(" AND subject_id = ").bind(id))
            .with(filter.from, |s, from| s.sql(" AND at >= ").bind(from))
            .with(filter.to, |s, to| s.sql(" AND at < ").bind(to))
            .with(filter.request_id.as_deref(), |s, id| s.sql(" AND request_id = ").bind(id));
    if let Some(cursor) = after {
        let [CursorValue::Int(at), CursorValue::Int(seq)] = cursor.0[..] else {
            return Err(kapal_domain::Code::CursorMismatch.into());
        };
        let at = DateTime::from_timestamp_micros(at).ok_or(kapal_domain::Code::InvalidCursor)?;
        statement = statement.sql(" AND (at, seq) < (").bind(at).sql(", ").bind(seq).sql(")");
    }
    let wanted = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    // The best index depends on which filters there are and how many entries they leave.
    let statement = statement.sql(" ORDER BY at DESC, seq DESC LIMIT ").bind(wanted).planned_anew();
    let rows = statement.load::<EntryRow>(tx).await?;
    let page = Page::cut(rows, limit, |row| {
        Cursor(vec![CursorValue::Int(row.at.timestamp_micros()), CursorValue::Int(row.seq)])
    });
    let items = page.items.into_iter().map(|row| {
        let entry = serde_json::from_str(&row.entry).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(AuditEntry { seq: row.seq, at: row.at, entry, hash: hex(&row.hash) })
    });
    Ok(Page { items: items.collect::<Result<_>>()?, next: page.next })
}

/// What a check of a chain found.
#[derive(Debug, Clone)]
pub struct Verification {
    /// How many entries were looked at.
    pub entries: i64,
    /// The first of them.
    pub from: i64,
    /// The last that fits.
    pub to: i64,
    /// The last entry of the chain, as its head has it.
    pub head: i64,
    /// The head's hash.
    pub head_hash: String,
    /// Whether the check came to the end or to a fault; else go on from `to` + 1.
    pub complete: bool,
    /// The first entry that does not fit.
    pub first_bad: Option<FirstBad>,
}

/// An entry that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstBad {
    /// Its place in the chain.
    pub seq: i64,
    /// Its id, where it is still there.
    pub id: Option<Uuid>,
    /// What happened to it.
    pub kind: ChainFault,
}

sql! {
    // One statement sees one moment: the head, the end of what is there, and the last signed head.
    FindHead { aggregator: Uuid => SqlUuid }
    "SELECT h.audit_seq, h.audit_hash,
            coalesce((SELECT max(e.seq) FROM audit_entries e WHERE e.aggregator_id = $1), 0) AS last_seq,
            s.seq AS signed_seq, s.hash AS signed_hash, s.key_id, s.signature
     FROM tenant_heads h
     LEFT JOIN LATERAL (
        SELECT * FROM audit_heads s WHERE s.aggregator_id = $1 ORDER BY s.seq DESC LIMIT 1
     ) s ON true
     WHERE h.aggregator_id = $1"
}

#[derive(diesel::QueryableByName)]
struct HeadRow {
    #[diesel(sql_type = BigInt)]
    audit_seq: i64,
    #[diesel(sql_type = Binary)]
    audit_hash: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    last_seq: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    signed_seq: Option<i64>,
    #[diesel(sql_type = Nullable<Binary>)]
    signed_hash: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Text>)]
    key_id: Option<String>,
    #[diesel(sql_type = Nullable<Binary>)]
    signature: Option<Vec<u8>>,
}

/// An entry as it is stored: its place, its text, its hash.
type Stored = (i64, String, Vec<u8>);

/// Checks a chain from the entry `from` on, which is taken to follow the stored hash before it. Stops at the first
/// entry that does not fit, or at `deadline`. `progress` hears how far it has come.
async fn verify(
    tx: &mut Tx,
    db: &Db,
    aggregator: AggregatorId,
    from: i64,
    deadline: Option<Instant>,
    progress: impl Fn(i64),
) -> Result<Verification> {
    let head = FindHead { aggregator: aggregator.uuid() }.get_result::<HeadRow>(tx).await?;
    let from = from.clamp(1, head.audit_seq.max(1));
    let mut walk = Walk { previous: before(tx, aggregator, from).await?, next: from, bad: None };
    let mut rows = load(tx, aggregator, from, head.audit_seq).await?;
    while !rows.is_empty() && deadline.is_none_or(|deadline| Instant::now() < deadline) {
        let next = rows.last().map_or(from, |row| row.0 + 1);
        let hashed = tokio::task::spawn_blocking(move || walk.over(&rows));
        let (loaded, hashed) = join(load(tx, aggregator, next, head.audit_seq), hashed).await;
        walk = hashed.map_err(|e| Error::Internal(e.to_string()))?;
        rows = if walk.bad.is_some() { Vec::new() } else { loaded? };
        progress(walk.next - 1);
    }
    let complete = rows.is_empty();
    let mut first_bad = walk.bad.take();
    if let Some(bad) = first_bad.as_mut().filter(|bad| bad.kind == ChainFault::Changed)
        && stands_later(tx, aggregator, &walk, head.audit_seq).await?
    {
        bad.kind = ChainFault::Reordered;
    }
    if first_bad.is_none() && complete {
        first_bad = check_end(tx, db, aggregator, &head, &walk).await?;
    }
    Ok(Verification {
        entries: walk.next - from,
        from,
        to: walk.next - 1,
        head: head.audit_seq,
        head_hash: hex(&head.audit_hash),
        complete,
        first_bad,
    })
}

/// The hash that the entry `from` follows. Where the entry before it is gone, none fits.
async fn before(tx: &mut Tx, aggregator: AggregatorId, from: i64) -> Result<Vec<u8>> {
    if from == 1 {
        return Ok(genesis(aggregator));
    }
    let hash = audit_entries::table
        .find((aggregator.uuid(), from - 1))
        .select(audit_entries::hash)
        .first::<Vec<u8>>(tx)
        .await
        .optional()?;
    Ok(hash.unwrap_or_default())
}

async fn load(tx: &mut Tx, aggregator: AggregatorId, from: i64, to: i64) -> Result<Vec<Stored>> {
    let rows = audit_entries::table
        .filter(audit_entries::aggregator_id.eq(aggregator.uuid()))
        .filter(audit_entries::seq.ge(from))
        .filter(audit_entries::seq.le(to))
        .order(audit_entries::seq)
        .limit(BATCH)
        .select((audit_entries::seq, audit_entries::entry, audit_entries::hash))
        .load::<Stored>(tx)
        .await?;
    Ok(rows)
}

/// Where a check stands.
struct Walk {
    /// The hash of the last entry that fits.
    previous: Vec<u8>,
    /// The next entry's place.
    next: i64,
    bad: Option<FirstBad>,
}

impl Walk {
    /// Goes on over the next entries, to the first that does not fit.
    fn over(mut self, rows: &[Stored]) -> Self {
        for (seq, entry, hash) in rows {
            if *seq != self.next {
                self.bad = Some(FirstBad { seq: self.next, id: None, kind: ChainFault::Removed });
                break;
            }
            if chain(&self.previous, *seq, entry) != *hash {
                self.bad = Some(FirstBad { seq: *seq, id: id_of(entry), kind: ChainFault::Changed });
                break;
            }
            self.previous.clone_from(hash);
            self.next += 1;
        }
        self
    }
}

fn id_of(entry: &str) -> Option<Uuid> {
    let entry: Value = serde_json::from_str(entry).ok()?;
    Uuid::try_parse(entry["id"].as_str()?).ok()
}

/// Whether the entry that belongs where the walk stopped is a later one: with its hash, or with the one that stands
/// here now.
async fn stands_later(tx: &mut Tx, aggregator: AggregatorId, walk: &Walk, end: i64) -> Result<bool> {
    let mut rows = load(tx, aggregator, walk.next, end).await?;
    let here = rows.as_slice().first().map(|row| row.2.clone());
    while let Some(next) = rows.last().map(|row| row.0 + 1) {
        let found = rows.iter().skip_while(|row| row.0 == walk.next).any(|(_, entry, hash)| {
            let belongs = chain(&walk.previous, walk.next, entry);
            belongs == *hash || Some(&belongs) == here.as_ref()
        });
        if found {
            return Ok(true);
        }
        rows = load(tx, aggregator, next, end).await?;
    }
    Ok(false)
}

/// Whether the chain ends where its head says, and where we once signed that it did.
async fn check_end(
    tx: &mut Tx,
    db: &Db,
    aggregator: AggregatorId,
    head: &HeadRow,
    walk: &Walk,
) -> Result<Option<FirstBad>> {
    let bad = |seq, kind| Ok(Some(FirstBad { seq, id: None, kind }));
    let last = walk.next - 1;
    if last < head.audit_seq {
        return bad(walk.next, ChainFault::Truncated);
    }
    if head.last_seq > head.audit_seq {
        return bad(head.audit_seq + 1, ChainFault::Added);
    }
    if walk.previous != head.audit_hash {
        return bad(last, ChainFault::Changed);
    }
    let (Some(seq), Some(hash), Some(key), Some(signature)) =
        (head.signed_seq, &head.signed_hash, &head.key_id, &head.signature)
    else {
        return Ok(None);
    };
    if !db.is_our_signature(key, &message(aggregator, seq, hash), signature).await? {
        return bad(seq, ChainFault::Forged);
    }
    if seq > head.audit_seq {
        return bad(head.audit_seq + 1, ChainFault::Truncated);
    }
    if before(tx, aggregator, seq + 1).await? != *hash {
        return bad(seq, ChainFault::Changed);
    }
    Ok(None)
}

/// What is signed: that this tenant's chain has this hash at this place.
fn message(aggregator: AggregatorId, seq: i64, hash: &[u8]) -> Vec<u8> {
    let mut message = format!("kapal-induk audit head {aggregator} {seq} ").into_bytes();
    message.extend_from_slice(hash);
    message
}

/// The signed end of a chain.
#[derive(Debug, Clone)]
pub struct SignedHead {
    /// Whose.
    pub aggregator: AggregatorId,
    /// Its last entry.
    pub seq: i64,
    /// That entry's hash.
    pub hash: String,
    /// Which of our keys.
    pub key: String,
    /// Ed25519, in hexadecimal.
    pub signature: String,
}

/// What a tenant's chain was found to be, by a check of all.
#[derive(Debug)]
pub struct Audited {
    /// Whose.
    pub aggregator: AggregatorId,
    /// Its slug.
    pub slug: String,
    /// What was found.
    pub verification: Verification,
}

sql! {
    FindGrown {}
    "SELECT h.aggregator_id, coalesce((SELECT max(s.seq) FROM audit_heads s WHERE s.aggregator_id = h.aggregator_id), 0) AS seq
     FROM tenant_heads h
     WHERE h.audit_seq > coalesce((SELECT max(s.seq) FROM audit_heads s WHERE s.aggregator_id = h.aggregator_id), 0)
     ORDER BY h.aggregator_id"
}

#[derive(diesel::QueryableByName)]
struct Grown {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

impl Db {
    async fn is_our_signature(&self, key: &str, message: &[u8], signature: &[u8]) -> Result<bool> {
        let mut connection = lend(&self.identity).await?;
        // A retired key's signatures stay good.
        let public = signing_keys::table
            .find(key)
            .select(signing_keys::public_key)
            .first::<Vec<u8>>(&mut connection)
            .await
            .optional()?;
        let public = public.and_then(|key| VerifyingKey::from_bytes(&key.try_into().ok()?).ok());
        let signature = Signature::from_slice(signature).ok();
        Ok(public
            .zip(signature)
            .is_some_and(|(key, signature)| key.verify_strict(message, &signature).is_ok()))
    }

    /// Checks what was added to each chain since its end was last signed, and signs the new end. Answers the signed
    /// ends, and the chains that do not fit: those are not signed.
    pub async fn sign_audit_heads(&self) -> Result<(Vec<SignedHead>, Vec<(AggregatorId, FirstBad)>)> {
        let Some(key) = self.signing_keys().await?.into_iter().next() else { return Ok(Default::default()) };
        let signing = SigningKey::from_bytes(key.private.expose());
        let mut tx = self.operator(Actor::System, "audit").await?;
        let grown = FindGrown {}.load::<Grown>(&mut *tx).await?;
        tx.commit().await?;
        let (mut signed, mut broken) = (Vec::new(), Vec::new());
        for Grown { aggregator_id, seq } in grown {
            let aggregator = AggregatorId::from(aggregator_id);
            let mut tx = self.operator(Actor::System, "audit").await?;
            let found = verify(&mut tx, self, aggregator, seq + 1, None, |_| ()).await?;
            if let Some(bad) = found.first_bad {
                broken.push((aggregator, bad));
                tx.rollback().await;
                continue;
            }
            let hash = before(&mut tx, aggregator, found.head + 1).await?;
            let signature = signing.sign(&message(aggregator, found.head, &hash)).to_bytes();
            diesel::insert_into(audit_heads::table)
                .values((
                    audit_heads::aggregator_id.eq(aggregator_id),
                    audit_heads::seq.eq(found.head),
                    audit_heads::hash.eq(&hash),
                    audit_heads::signed_at.eq(Utc::now()),
                    audit_heads::key_id.eq(&key.id),
                    audit_heads::signature.eq(signature.as_slice()),
                ))
                .on_conflict_do_nothing()
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            signed.push(SignedHead {
                aggregator,
                seq: found.head,
                hash: hex(&hash),
                key: key.id.clone(),
                signature: hex(&signature),
            });
        }
        Ok((signed, broken))
    }

    /// Checks the chains of all tenants, the platform's among them, or of the one with this slug. `progress` hears of
    /// each batch the tenant's slug and how far it has come.
    pub async fn verify_audit(
        &self,
        slug: Option<&str>,
        progress: impl Fn(&str, i64),
    ) -> Result<Vec<Audited>> {
        let mut tx = self.operator(Actor::System, "kapal admin audit-verify").await?;
        let mut tenants = aggregators::table
            .select((aggregators::id, aggregators::slug))
            .order(aggregators::id)
            .into_boxed();
        if let Some(slug) = slug {
            tenants = tenants.filter(aggregators::slug.eq(slug.to_owned()));
        }
        let tenants = tenants.load::<(Uuid, String)>(&mut *tx).await?;
        if tenants.is_empty() {
            return Err(Error::NotFound);
        }
        let mut audited = Vec::with_capacity(tenants.len());
        for (id, slug) in tenants {
            let aggregator = AggregatorId::from(id);
            let verification = verify(&mut tx, self, aggregator, 1, None, |seq| progress(&slug, seq)).await?;
            audited.push(Audited { aggregator, slug, verification });
        }
        tx.commit().await?;
        Ok(audited)
    }
}
