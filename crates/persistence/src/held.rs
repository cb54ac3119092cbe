//! What is held about a merchant, table by table: how it is handed out, and what becomes of it when it is erased. A test
//! fails when a table with a merchant stands neither here nor on the short list of those that hold nothing of their own.

use diesel::sql_types::{Jsonb, Uuid as SqlUuid};
use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::ids::{LeadId, MerchantId, UserId};
use kapal_domain::permission::Role;
use kapal_schema::{audit_entries, leads, memberships, merchant_access};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::sql::sql;
use crate::statement::Statement;
use crate::{Change, Error, RequestSubject, Result, Subject, TenantTx};

/// A table that holds something about a merchant.
#[derive(Debug)]
pub struct Held {
    /// The table.
    pub table: &'static str,
    /// What picks a merchant's rows: the SQL before and after its id.
    of: (&'static str, &'static str),
    /// Its sealed columns, and whose key opens them.
    sealed: &'static [(&'static str, Seal)],
    /// What becomes of it.
    erasure: Erasure,
}

/// Whose key opens a column.
#[derive(Debug, Clone, Copy)]
enum Seal {
    /// The tenant's.
    Tenant,
    /// The merchant's own: destroyed when it is erased.
    Merchant,
    /// The same, sealed for a place of another name.
    MerchantAt(&'static str),
}

/// What becomes of a merchant's rows when it is erased.
#[derive(Debug)]
enum Erasure {
    /// They stay, restricted: the list says why.
    Kept,
    /// They go.
    Deleted,
    /// They stay without what is personal in them: the SET list.
    Emptied(&'static str),
}

const ITSELF: (&str, &str) = ("t.id = ", "");
const BY_MERCHANT: (&str, &str) = ("t.merchant_id = ", "");
const BY_PRODUCT: (&str, &str) = (
    "t.product_id IN (SELECT p.id FROM products p WHERE p.aggregator_id = t.aggregator_id AND p.merchant_id = ",
    ")",
);

const BY_NOMINATION: (&str, &str) = (
    "t.nomination_id IN (SELECT n.id FROM nominations n JOIN products p ON p.aggregator_id = n.aggregator_id AND p.id = n.product_id \
     WHERE n.aggregator_id = t.aggregator_id AND p.merchant_id = ",
    ")",
);

const BY_CHANGE_REQUEST: (&str, &str) = (
    "t.change_request_id IN (SELECT c.id FROM change_requests c \
        JOIN products p ON p.aggregator_id = c.aggregator_id AND p.id = c.product_id \
        WHERE c.aggregator_id = t.aggregator_id AND p.merchant_id = ",
    ")",
);

const BY_ENROLMENT: (&str, &str) = (
    "t.enrolment_id IN (SELECT e.id FROM enrolments e WHERE e.aggregator_id = t.aggregator_id AND e.merchant_id = ",
    ")",
);

const fn held(
    table: &'static str,
    of: (&'static str, &'static str),
    sealed: &'static [(&'static str, Seal)],
    erasure: Erasure,
) -> Held {
    Held { table, of, sealed, erasure }
}

/// All of them. Erased in this order: what refers to others before them.
pub const HELD: &[Held] = &[
    // Rows stay for what hangs on them. Their bytes opened by the key alone, and are deleted once this is committed.
    held("files", BY_MERCHANT, &[], Erasure::Emptied("name = 'terhapus', erased_at = now()")),
    // That somebody came, and when, stays.
    held("visit_photos", BY_MERCHANT, &[], Erasure::Kept),
    held("visit_confirmations", BY_MERCHANT, &[], Erasure::Kept),
    held(
        "visit_versions",
        BY_MERCHANT,
        &[("location_sealed", Seal::Merchant)],
        Erasure::Emptied("problems = '', advice = '', location_sealed = NULL, tasks = '[]'"),
    ),
    held("visits", BY_MERCHANT, &[], Erasure::Kept),
    held("action_items", BY_MERCHANT, &[], Erasure::Emptied("text = 'Terhapus'")),
    held("merchant_pins", BY_MERCHANT, &[], Erasure::Deleted),
    // Whom the hero mentored is his record as much; it ends here.
    held(
        "hero_assignments",
        BY_MERCHANT,
        &[],
        Erasure::Emptied(
            "status = CASE status WHEN 'planned' THEN 'cancelled' WHEN 'active' THEN 'ended' ELSE status END, \
             next_turn_at = NULL, ended_at = coalesce(ended_at, now()), updated_at = now()",
        ),
    ),
    // Who belonged to a merchant never scores it; one that is erased nobody scores.
    held("former_merchant_members", BY_MERCHANT, &[], Erasure::Deleted),
    held("requested_changes", BY_MERCHANT, &[], Erasure::Deleted),
    // Levels and programmes are counted; what was written about the merchant goes.
    held("assessment_evidence", BY_MERCHANT, &[], Erasure::Kept),
    held("assessment_findings", BY_MERCHANT, &[], Erasure::Emptied("note = ''")),
    held("level_changes", BY_MERCHANT, &[], Erasure::Kept),
    held(
        "assessments",
        BY_MERCHANT,
        &[],
        Erasure::Emptied("note = '', reason = CASE WHEN reason IS NOT NULL THEN 'Terhapus' END"),
    ),
    held("attendances", BY_MERCHANT, &[], Erasure::Kept),
    held("published_certificates", BY_ENROLMENT, &[], Erasure::Deleted),
    held("certificates", BY_MERCHANT, &[], Erasure::Emptied("merchant_name = 'Terhapus'")),
    held(
        "enrolments",
        BY_MERCHANT,
        &[],
        Erasure::Emptied("reason = CASE WHEN reason IS NOT NULL THEN 'Terhapus' END"),
    ),
    held(
        "legal_documents",
        BY_MERCHANT,
        &[("number_sealed", Seal::MerchantAt("legal_documents/number"))],
        Erasure::Deleted,
    ),
    held("merchant_profiles", BY_MERCHANT, &[], Erasure::Deleted),
    // It only grows; the figures went with the key, the classes are counted.
    held("merchant_scales", BY_MERCHANT, &[("amount_sealed", Seal::Merchant)], Erasure::Kept),
    held(
        "bank_accounts",
        BY_MERCHANT,
        &[("number_sealed", Seal::Merchant), ("holder_sealed", Seal::Merchant)],
        Erasure::Deleted,
    ),
    held("merchant_words", BY_MERCHANT, &[], Erasure::Deleted),
    held("channels", BY_MERCHANT, &[], Erasure::Deleted),
    held("invitations", BY_MERCHANT, &[], Erasure::Deleted),
    held("merchant_access", BY_MERCHANT, &[], Erasure::Deleted),
    held(
        "leads",
        BY_MERCHANT,
        &[("name_sealed", Seal::Tenant), ("phone_sealed", Seal::Tenant)],
        // Whether and when something was sold is kept as long as tax law wants it.
        Erasure::Emptied(
            "name_sealed = NULL, phone_sealed = NULL, consent_at = NULL, note = '', outcome = '', remind_at = NULL",
        ),
    ),
    // What was sold, for how much, is kept with the leads. Names, texts and pictures of goods tell of their maker.
    held(
        "products",
        BY_MERCHANT,
        &[],
        Erasure::Emptied(
            "slug = 'terhapus-' || right(id::text, 12), status = 'archived', \
             status_reason = CASE WHEN status_reason IS NOT NULL THEN 'Terhapus' END, attributes = '{}', tags = '{}', \
             version = version + 1, updated_at = now()",
        ),
    ),
    held(
        "change_request_steps",
        BY_CHANGE_REQUEST,
        &[],
        Erasure::Emptied(
            "fields = '{}', reason = CASE WHEN reason IS NOT NULL THEN 'Terhapus' END, reasons = '[]'",
        ),
    ),
    // What was to be shown of the goods goes; what is still asked for ends with them.
    held(
        "change_requests",
        BY_PRODUCT,
        &[],
        Erasure::Emptied(
            "edit = '{}', base = '{}', version = version + 1, updated_at = now(), \
             status = CASE WHEN status IN ('open', 'needs_changes') THEN 'withdrawn' ELSE status END",
        ),
    ),
    held("product_translations", BY_PRODUCT, &[], Erasure::Emptied("name = 'Terhapus', description = ''")),
    held("product_variants", BY_PRODUCT, &[], Erasure::Emptied("sku = NULL, name = ''")),
    held("product_media", BY_PRODUCT, &[], Erasure::Deleted),
    held("stock_movements", BY_PRODUCT, &[], Erasure::Emptied("reason = 'Terhapus'")),
    held("product_certificates", BY_PRODUCT, &[], Erasure::Deleted),
    held("nomination_files", BY_MERCHANT, &[], Erasure::Kept),
    held(
        "nomination_rounds",
        BY_NOMINATION,
        &[],
        Erasure::Emptied("decision_reason = 'Terhapus', actions = '{Terhapus}'"),
    ),
    held(
        "nominations",
        BY_PRODUCT,
        &[],
        Erasure::Emptied(
            "reason = 'Terhapus', appeal_reason = CASE WHEN appeal_reason IS NOT NULL THEN 'Terhapus' END, \
             end_reason = CASE WHEN end_reason IS NOT NULL THEN 'Terhapus' END, decision_reason = CASE WHEN decision_reason IS NOT NULL THEN 'Terhapus' END, \
             actions = CASE WHEN cardinality(actions) > 0 THEN '{Terhapus}'::text[] ELSE actions END",
        ),
    ),
    // The proof of consent that law wants (article 24); it names nobody.
    held("consents", BY_MERCHANT, &[], Erasure::Kept),
    held("privacy_requests", BY_MERCHANT, &[], Erasure::Emptied("note = '', answer = ''")),
    // Keeps what stays out of every list.
    held("restrictions", BY_MERCHANT, &[], Erasure::Kept),
    held(
        "merchants",
        ITSELF,
        &[],
        Erasure::Emptied(
            "slug = 'terhapus-' || right(id::text, 12), name = 'Terhapus', legal_name = NULL, nib = NULL, phone = '', \
             story = '', status_reason = NULL, region_code = left(region_code, 5), status = 'archived', \
             erased_at = now(), version = version + 1, updated_at = now()",
        ),
    ),
];

/// Tables with a merchant that hold nothing of their own, each with the reason.
pub const HOLDING_NOTHING: &[(&str, &str)] = &[
    ("published_products", "a copy of products"),
    ("search_documents", "a copy of products"),
    ("recent_clicks", "whoever pressed a link, for half an hour and without a name"),
];

sql! {
    // Before the merchant, as everybody locks them, so that nobody waits in a circle.
    LockProducts { aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid }
    "SELECT id FROM products WHERE aggregator_id = $1 AND merchant_id = $2 ORDER BY id FOR UPDATE"
}

sql! {
    // Not in the list, since who scored, and who of the public nominated, is told to nobody: it is erased and never
    // handed out. What the public said of itself ends by itself too (nomination/forget.rs).
    EmptyScores { aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid }
    "WITH of AS (
        SELECT n.id FROM nominations n JOIN products p ON p.aggregator_id = n.aggregator_id AND p.id = n.product_id
        WHERE n.aggregator_id = $1 AND p.merchant_id = $2
     ), old AS (
        UPDATE score_history SET comment = ''
        WHERE aggregator_id = $1 AND nomination_id IN (SELECT id FROM of) AND comment <> ''
     ), voices AS (
        DELETE FROM nomination_supports WHERE aggregator_id = $1 AND nomination_id IN (SELECT id FROM of)
     )
     UPDATE scores SET comment = '' WHERE aggregator_id = $1 AND nomination_id IN (SELECT id FROM of) AND comment <> ''"
}

/// Tables whose ids phones choose, and what the audit chain calls their rows.
const CHOSEN_BY_PHONES: [(&str, &str); 2] = [("visits", "visit"), ("action_items", "action_item")];

/// Why an export opens what is sealed: the audit chain keeps it.
const EXPORTED_FOR: &str = "access, UU 27/2022 article 32";

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = Jsonb)]
    row: Value,
}

impl TenantTx<'_> {
    /// All that is held about a merchant, opened: rows by table, and what was done with it.
    pub async fn export_merchant(&mut self, id: MerchantId) -> Result<Value> {
        self.expect_merchant(id).await?;
        let mut tables = Map::new();
        for held in HELD {
            let rows = Statement::new("SELECT to_jsonb(t) AS row FROM ")
                .sql(held.table)
                .sql(" t WHERE t.aggregator_id = ")
                .bind(self.tenant())
                .sql(" AND ")
                .sql(held.of.0)
                .bind(id.uuid())
                .sql(held.of.1)
                .load::<Row>(&mut **self)
                .await?;
            let mut opened = Vec::with_capacity(rows.len());
            for Row { mut row } in rows {
                self.open_row(id, held, &mut row).await?;
                opened.push(row);
            }
            tables.insert(held.table.to_owned(), opened.into());
        }
        // What was done with the merchant, and with each thing of its own. Ids that phones choose may be those of other
        // things, whose trail is not this merchant's: they count for their own kind alone.
        let (mut ids, mut chosen) =
            (vec![id.uuid()], CHOSEN_BY_PHONES.map(|(_, subject)| (subject, Vec::new())));
        for (table, rows) in &tables {
            let found = rows.as_array().into_iter().flatten();
            let found = found.filter_map(|row| Uuid::try_parse(row["id"].as_str()?).ok());
            match CHOSEN_BY_PHONES.iter().position(|(name, _)| name == table) {
                Some(at) => chosen[at].1.extend(found),
                None => ids.extend(found),
            }
        }
        let [(visit, visits), (task, tasks)] = chosen;
        let is = |kind: &'static str, ids: Vec<Uuid>| {
            audit_entries::subject_type.eq(kind).and(audit_entries::subject_id.eq_any(ids))
        };
        let other =
            audit_entries::subject_type.ne_all([visit, task]).and(audit_entries::subject_id.eq_any(ids));
        let audit = audit_entries::table
            .filter(audit_entries::aggregator_id.eq(self.tenant()))
            .filter(other.or(is(visit, visits)).or(is(task, tasks)))
            .order((audit_entries::at, audit_entries::seq))
            .select(audit_entries::entry)
            .load::<String>(&mut **self)
            .await?;
        let mut trail = audit
            .iter()
            .map(|entry| serde_json::from_str(entry).map_err(|e| Error::Internal(e.to_string())))
            .collect::<Result<Vec<Value>>>()?;
        self.open_facts(&mut trail).await?;
        self.record(
            Change::new(EventKind::MerchantExported, Subject("merchant", id.uuid()))
                .from_to(Value::Null, json!({ "purpose": EXPORTED_FOR, "tables": tables.len() })),
        );
        Ok(json!({ "held": tables, "audit": trail }))
    }

    /// Replaces `x_sealed` by `x` in the clear; what nobody can open any more is null.
    async fn open_row(&mut self, id: MerchantId, held: &Held, row: &mut Value) -> Result<()> {
        for (column, seal) in held.sealed {
            let Some(value) = row.as_object_mut().and_then(|row| row.remove(*column)) else { continue };
            // Sealed for its row's id, or for that of what the row belongs to.
            let ids = ["id", "visit_id"].iter().filter_map(|name| row[*name].as_str());
            let of = ids.filter_map(|id| Uuid::try_parse(id).ok()).next().unwrap_or(id.uuid());
            let place = format!("{}/{column}", held.table);
            let plain = match (value.as_str().and_then(from_hex), seal) {
                (None, _) => None,
                (Some(sealed), Seal::Tenant) => Some(self.data_keys().await?.open_text(&place, of, &sealed)?),
                (Some(sealed), Seal::Merchant) => self.open_for(id.uuid(), &place, of, &sealed).await?,
                (Some(sealed), Seal::MerchantAt(place)) => {
                    self.open_for(id.uuid(), place, of, &sealed).await?
                }
            };
            let name = column.trim_end_matches("_sealed");
            // What needs no seal stands under the same name.
            if plain.is_some() || row.get(name).is_none() {
                row[name] = plain.into();
            }
        }
        Ok(())
    }

    /// Erases a merchant: its key is destroyed, so that whatever it sealed opens for nobody; what stands in the clear
    /// goes; what law wants kept stays, restricted.
    pub(crate) async fn erase_merchant(&mut self, id: MerchantId) -> Result<()> {
        LockProducts { aggregator: self.tenant(), merchant: id.uuid() }.execute(&mut **self).await?;
        self.restrict_merchant(id).await?;
        self.destroy_subject_key(id.uuid()).await?;
        self.remove_accounts_of(id).await?;
        for held in HELD {
            let statement = match held.erasure {
                Erasure::Kept => continue,
                Erasure::Deleted => Statement::new("DELETE FROM ").sql(held.table).sql(" t"),
                Erasure::Emptied(set) => Statement::new("UPDATE ").sql(held.table).sql(" t SET ").sql(set),
            };
            let statement = statement.sql(" WHERE t.aggregator_id = ").bind(self.tenant()).sql(" AND ");
            let statement = statement.sql(held.of.0).bind(id.uuid()).sql(held.of.1);
            statement.execute(&mut **self).await?;
        }
        EmptyScores { aggregator: self.tenant(), merchant: id.uuid() }.execute(&mut **self).await?;
        self.record(
            Change::new(EventKind::MerchantErased, Subject("merchant", id.uuid()))
                .from_to(Value::Null, json!({ "erased": true })),
        );
        Ok(())
    }

    /// Ends the memberships of the merchant's own accounts; the accounts are their owners' to erase.
    async fn remove_accounts_of(&mut self, id: MerchantId) -> Result<()> {
        let own = merchant_access::table
            .filter(merchant_access::aggregator_id.eq(self.tenant()))
            .filter(merchant_access::merchant_id.eq(id.uuid()))
            .filter(merchant_access::kind.eq("member"))
            .select(merchant_access::user_id)
            .load::<Uuid>(&mut **self)
            .await?;
        let gone = diesel::delete(
            memberships::table
                .filter(memberships::aggregator_id.eq(self.tenant()))
                .filter(memberships::user_id.eq_any(own).and(memberships::role.eq(Role::Merchant.as_str()))),
        )
        .returning(memberships::user_id)
        .get_results::<Uuid>(&mut **self)
        .await?;
        for user in gone {
            self.record(
                Change::new(EventKind::MemberRemoved, Subject("user", user))
                    .from_to(json!({ "role": Role::Merchant.as_str() }), Value::Null),
            );
        }
        Ok(())
    }

    /// Erases what a buyer said of himself; that somebody asked, and what became of it, stays.
    pub(crate) async fn erase_lead(&mut self, id: LeadId) -> Result<()> {
        diesel::update(leads::table.find((self.tenant(), id.uuid())))
            .set((
                leads::name_sealed.eq(None::<Vec<u8>>),
                leads::phone_sealed.eq(None::<Vec<u8>>),
                leads::consent_at.eq(None::<chrono::DateTime<chrono::Utc>>),
                leads::note.eq(""),
                leads::outcome.eq(""),
                leads::version.eq(leads::version + 1),
                leads::updated_at.eq(chrono::Utc::now()),
            ))
            .execute(&mut **self)
            .await?;
        self.record(
            Change::new(EventKind::LeadErased, Subject("lead", id.uuid()))
                .from_to(Value::Null, json!({ "erased": true })),
        );
        self.empty_requests(RequestSubject::Lead(id)).await
    }

    /// Erases what this aggregator holds of a member: the membership with name and address, where it has not ended yet,
    /// and the hero's profile, which outlives it.
    pub(crate) async fn erase_member(&mut self, user: UserId, by: Role) -> Result<()> {
        let version = memberships::table
            .find((self.tenant(), user.uuid()))
            .select(memberships::version)
            .first::<i32>(&mut **self)
            .await
            .optional()?;
        if let Some(version) = version {
            self.remove_member(user, version, by).await?;
        }
        self.forget_hero(user).await?;
        self.empty_requests(RequestSubject::Member(user)).await
    }
}

/// The bytes of a `bytea` as JSON shows it: `\x` and hexadecimal.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(pair).collect()
}
