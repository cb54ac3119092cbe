//! Brings a database to this program's schema: roles, functions, migrations, partitions, reference data.

use std::io::Cursor as Bytes;

use chrono::NaiveDate;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{Array, Bool, Date, Double, Integer, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use kapal_domain::ids::AggregatorId;
use uuid::Uuid;

use crate::keys::{hex, sha256};
use crate::{Error, Result, Secret};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");
const FUNCTIONS: &str = include_str!("../../../migrations/functions.sql");
const REGIONS: &str = include_str!("../data/regions.csv");
const CATEGORIES: &str = include_str!("../data/categories.csv");
const GATES: &str = include_str!("../data/category_gates.csv");
const FACTS: &str = include_str!("../data/category_facts.csv");
const ATTRIBUTES: &str = include_str!("../data/category_attributes.csv");

/// The service roles. They own nothing and can't bypass row security.
pub const ROLES: [&str; 4] = ["kapal_app", "kapal_public", "kapal_identity", "kapal_ops"];

/// Two servers that start together migrate once: the second waits on this lock.
const LOCK: &str = "SELECT pg_advisory_lock(7241905)";

/// The password of a service role on a server that asks for one: made from the root secret, stored nowhere.
#[must_use]
pub fn role_password(root: &Secret, role: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(root.derive(&format!("role:{role}")).expose())
}

/// Makes the owner role and the database on a server that is all ours. Doing it again changes nothing.
pub async fn create_database(superuser_url: &str, database: &str) -> Result<()> {
    let mut server =
        AsyncPgConnection::establish(superuser_url).await.map_err(|e| Error::Unavailable(e.to_string()))?;
    let exists = |sql: &str| diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(sql));
    if !exists("EXISTS (SELECT FROM pg_roles WHERE rolname = 'kapal_owner')")
        .get_result::<bool>(&mut server)
        .await?
    {
        diesel::sql_query("CREATE ROLE kapal_owner LOGIN CREATEROLE").execute(&mut server).await?;
    }
    let known = format!("EXISTS (SELECT FROM pg_database WHERE datname = '{database}')");
    if !exists(&known).get_result::<bool>(&mut server).await? {
        diesel::sql_query(format!("CREATE DATABASE \"{database}\" OWNER kapal_owner"))
            .execute(&mut server)
            .await?;
    }
    Ok(())
}

/// Migrates as the owner at `owner_url`, then loads reference data as `kapal_ops` at `ops_url`. `passwords` is None
/// where the server trusts its socket. Answers how many migrations were run.
pub async fn migrate(owner_url: &str, ops_url: &str, passwords: Option<&Secret>) -> Result<usize> {
    let roles = roles_sql(passwords);
    let url = owner_url.to_owned();
    let run = tokio::task::spawn_blocking(move || run_migrations(&url, &roles))
        .await
        .map_err(|e| Error::Internal(e.to_string()))??;
    let mut ops =
        AsyncPgConnection::establish(ops_url).await.map_err(|e| Error::Unavailable(e.to_string()))?;
    diesel::sql_query(LOCK).execute(&mut ops).await?;
    diesel::sql_query("SELECT app.ensure_partitions()").execute(&mut ops).await?;
    load_platform(&mut ops).await?;
    load_regions(&mut ops).await?;
    load_categories(&mut ops).await?;
    crate::merchant_list::write_missing_words(&mut ops).await?;
    load_category_facts(&mut ops).await?;
    load_category_attributes(&mut ops).await?;
    load_gates(&mut ops).await?;
    Ok(run)
}

fn roles_sql(passwords: Option<&Secret>) -> String {
    let mut sql = String::new();
    let set = |role: &str, what: &str| {
        format!(
            "DO $$ BEGIN ALTER ROLE {role} SET {what}; \
             EXCEPTION WHEN insufficient_privilege OR internal_error THEN NULL; END $$;\n"
        )
    };
    for role in ROLES {
        let password =
            passwords.map_or(String::new(), |root| format!(" PASSWORD '{}'", role_password(root, role)));
        sql.push_str(&format!(
            "DO $$ BEGIN CREATE ROLE {role} LOGIN{password}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;\n"
        ));
        // Plans under row security look so costly that compiling them takes seconds where they take milliseconds.
        sql.push_str(&set(role, "jit = off"));
    }
    sql.push_str(&set("kapal_public", "default_transaction_read_only = on"));
    sql
}

/// diesel's own migrations want a blocking connection: this one blocks on the asynchronous one, on a thread for that.
fn connect(url: &str) -> Result<AsyncConnectionWrapper<AsyncPgConnection>> {
    diesel::Connection::establish(url).map_err(|e| Error::Unavailable(e.to_string()))
}

fn run_migrations(url: &str, roles: &str) -> Result<usize> {
    let broken = |e: Box<dyn std::error::Error + Send + Sync>| Error::Internal(format!("migration: {e}"));
    let mut owner = connect(url)?;
    owner.batch_execute(LOCK)?;
    owner.batch_execute("SET lock_timeout = '5s'; SET client_min_messages = warning")?;
    owner.batch_execute(roles)?;
    owner.batch_execute(FUNCTIONS)?;
    Ok(owner.run_pending_migrations(MIGRATIONS).map_err(broken)?.len())
}

/// Takes back the newest migrations, for the test that every one can be undone.
pub async fn revert(owner_url: &str) -> Result<usize> {
    let url = owner_url.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut owner = connect(&url)?;
        owner
            .revert_all_migrations(MIGRATIONS)
            .map(|reverted| reverted.len())
            .map_err(|e| Error::Internal(format!("migration: {e}")))
    })
    .await
    .map_err(|e| Error::Internal(e.to_string()))?
}

/// How many migrations of this program the database lacks.
pub async fn pending(owner_url: &str) -> Result<usize> {
    let url = owner_url.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut owner = connect(&url)?;
        owner
            .pending_migrations(MIGRATIONS)
            .map(|p| p.len())
            .map_err(|e| Error::Internal(format!("migration: {e}")))
    })
    .await
    .map_err(|e| Error::Internal(e.to_string()))?
}

/// The platform's own aggregator row and the head of its log.
async fn load_platform(ops: &mut AsyncPgConnection) -> Result<()> {
    let id = AggregatorId::PLATFORM.uuid();
    diesel::sql_query(
        "INSERT INTO aggregators (id, slug, name, kind, status, national, created_at, updated_at) \
         VALUES ($1, 'nasional', 'Kapal Induk', 'platform', 'active', false, now(), now()) ON CONFLICT DO NOTHING",
    )
    .bind::<SqlUuid, _>(id)
    .execute(ops)
    .await?;
    diesel::sql_query(
        "INSERT INTO tenant_heads (aggregator_id, audit_hash) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<diesel::sql_types::Binary, _>(genesis(AggregatorId::PLATFORM))
    .execute(ops)
    .await?;
    Ok(())
}

/// What the first entry of a tenant's audit chain is chained to.
pub(crate) fn genesis(aggregator: AggregatorId) -> Vec<u8> {
    sha256(format!("kapal-induk audit {aggregator}").as_bytes()).to_vec()
}

#[derive(serde::Deserialize)]
struct RegionRow {
    code: String,
    parent_code: String,
    level: String,
    name: String,
    latitude: f64,
    longitude: f64,
}

async fn load_regions(ops: &mut AsyncPgConnection) -> Result<()> {
    if is_loaded(ops, "regions", REGIONS).await? {
        return Ok(());
    }
    let rows = csv::Reader::from_reader(Bytes::new(REGIONS)).into_deserialize::<RegionRow>();
    let rows =
        rows.collect::<Result<Vec<_>, _>>().map_err(|e| Error::Internal(format!("regions.csv: {e}")))?;
    let codes: Vec<_> = rows.iter().map(|r| r.code.as_str()).collect();
    // One level at a time: a parent must stand before its children.
    for level in ["province", "regency", "district"] {
        let rows: Vec<_> = rows.iter().filter(|r| r.level == level).collect();
        diesel::sql_query(
            "INSERT INTO regions (code, parent_code, level, name, latitude, longitude, search_name) \
             SELECT r.* FROM unnest($1, $2, $3, $4, $5, $6, $7) AS r \
             ON CONFLICT (code) DO UPDATE SET name = excluded.name, latitude = excluded.latitude, \
             longitude = excluded.longitude, search_name = excluded.search_name, active = true",
        )
        .bind::<Array<Text>, _>(rows.iter().map(|r| r.code.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(
            rows.iter()
                .map(|r| (!r.parent_code.is_empty()).then_some(r.parent_code.as_str()))
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Text>, _>(rows.iter().map(|r| r.level.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|r| r.name.as_str()).collect::<Vec<_>>())
        .bind::<Array<Double>, _>(rows.iter().map(|r| r.latitude).collect::<Vec<_>>())
        .bind::<Array<Double>, _>(rows.iter().map(|r| r.longitude).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|r| crate::region::search_name(&r.name)).collect::<Vec<_>>())
        .execute(ops)
        .await?;
    }
    // A code that an edition no longer has stays for those who bear it, and is offered to nobody else.
    diesel::sql_query("UPDATE regions SET active = false WHERE code <> ALL ($1)")
        .bind::<Array<Text>, _>(&codes)
        .execute(ops)
        .await?;
    set_loaded(ops, "regions", REGIONS).await
}

#[derive(serde::Deserialize)]
struct CategoryRow {
    id: Uuid,
    slug: String,
    parent_slug: String,
    name_id: String,
    name_en: String,
}

/// The first categories. Those that are there already are the operator's and stay as they are.
async fn load_categories(ops: &mut AsyncPgConnection) -> Result<()> {
    if is_loaded(ops, "categories", CATEGORIES).await? {
        return Ok(());
    }
    let rows = csv::Reader::from_reader(Bytes::new(CATEGORIES)).into_deserialize::<CategoryRow>();
    let rows =
        rows.collect::<Result<Vec<_>, _>>().map_err(|e| Error::Internal(format!("categories.csv: {e}")))?;
    for (position, row) in rows.iter().enumerate() {
        diesel::sql_query(
            "INSERT INTO categories (id, slug, parent_id, name_id, name_en, position, created_at, updated_at) \
             SELECT $1, $2, (SELECT id FROM categories WHERE slug = $3), $4, $5, $6, now(), now() ON CONFLICT DO NOTHING",
        )
        .bind::<SqlUuid, _>(row.id)
        .bind::<Text, _>(&row.slug)
        .bind::<Text, _>(&row.parent_slug)
        .bind::<Text, _>(&row.name_id)
        .bind::<Text, _>(&row.name_en)
        .bind::<Integer, _>(i32::try_from(position).unwrap_or(i32::MAX))
        .execute(ops)
        .await?;
    }
    set_loaded(ops, "categories", CATEGORIES).await
}

#[derive(serde::Deserialize)]
struct GateRow {
    category: String,
    document: String,
    instead: Option<String>,
    number_prefix: Option<String>,
    micro_from: Option<NaiveDate>,
    small_from: Option<NaiveDate>,
    medium_from: Option<NaiveDate>,
    reason_id: String,
    reason_en: String,
    source: String,
}

/// The first gates, and those of categories that came later. What the operator has changed is his: nothing is added to it,
/// nor is what he took away brought back. The worker then looks at what is published.
async fn load_gates(ops: &mut AsyncPgConnection) -> Result<()> {
    if is_loaded(ops, "category_gates", GATES).await? {
        return Ok(());
    }
    let is_first = editions(ops, "category_gates").await?.is_empty();
    let rows = csv::Reader::from_reader(Bytes::new(GATES)).into_deserialize::<GateRow>();
    let rows = rows
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| Error::Internal(format!("category_gates.csv: {e}")))?;
    for row in rows {
        diesel::sql_query(
            "WITH made AS ( \
               INSERT INTO category_gates (category_id, document, instead, number_prefix, micro_from, small_from, \
                 medium_from, reason_id, reason_en, source) \
               SELECT id, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM categories \
               WHERE slug = $1 AND ($11 OR version = 1) \
               ON CONFLICT DO NOTHING RETURNING category_id) \
             INSERT INTO gate_turns (category_id, next_turn_at) SELECT category_id, now() FROM made \
             ON CONFLICT (category_id) DO UPDATE SET next_turn_at = excluded.next_turn_at",
        )
        .bind::<Text, _>(row.category)
        .bind::<Text, _>(row.document)
        .bind::<Nullable<Text>, _>(row.instead)
        .bind::<Nullable<Text>, _>(row.number_prefix)
        .bind::<Nullable<Date>, _>(row.micro_from)
        .bind::<Nullable<Date>, _>(row.small_from)
        .bind::<Nullable<Date>, _>(row.medium_from)
        .bind::<Text, _>(row.reason_id)
        .bind::<Text, _>(row.reason_en)
        .bind::<Text, _>(row.source)
        .bind::<Bool, _>(is_first)
        .execute(ops)
        .await?;
    }
    set_loaded(ops, "category_gates", GATES).await
}

#[derive(serde::Deserialize)]
struct FactsRow {
    category: String,
    is_food: Option<bool>,
    google_id: Option<i32>,
    google_path: Option<String>,
    meta_id: Option<i32>,
    meta_path: Option<String>,
    hs_chapters: String,
}

/// What the first categories are, and what others call them, and the same of those that came later. What the operator has
/// changed is his.
async fn load_category_facts(ops: &mut AsyncPgConnection) -> Result<()> {
    if is_loaded(ops, "category_facts", FACTS).await? {
        return Ok(());
    }
    let is_first = editions(ops, "category_facts").await?.is_empty();
    let rows = csv::Reader::from_reader(Bytes::new(FACTS)).into_deserialize::<FactsRow>();
    let rows = rows
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| Error::Internal(format!("category_facts.csv: {e}")))?;
    for row in rows {
        let chapters: Vec<_> = row.hs_chapters.split(';').filter(|chapter| !chapter.is_empty()).collect();
        diesel::sql_query(
            "UPDATE categories SET is_food = coalesce(is_food, $2), \
               google_category_path = CASE WHEN google_category_id IS NULL THEN $4 ELSE google_category_path END, \
               google_category_id = coalesce(google_category_id, $3), \
               meta_category_path = CASE WHEN meta_category_id IS NULL THEN $6 ELSE meta_category_path END, \
               meta_category_id = coalesce(meta_category_id, $5), \
               hs_chapters = CASE WHEN hs_chapters = '{}' THEN $7 ELSE hs_chapters END \
             WHERE slug = $1 AND ($8 OR version = 1)",
        )
        .bind::<Text, _>(row.category)
        .bind::<Nullable<Bool>, _>(row.is_food)
        .bind::<Nullable<Integer>, _>(row.google_id)
        .bind::<Nullable<Text>, _>(row.google_path)
        .bind::<Nullable<Integer>, _>(row.meta_id)
        .bind::<Nullable<Text>, _>(row.meta_path)
        .bind::<Array<Text>, _>(chapters)
        .bind::<Bool, _>(is_first)
        .execute(ops)
        .await?;
    }
    set_loaded(ops, "category_facts", FACTS).await
}

#[derive(serde::Deserialize)]
struct AttributeRow {
    category: String,
    key: String,
    kind: String,
    required: bool,
    unit: Option<String>,
    name_id: String,
    name_en: String,
    choices: String,
}

/// What the first categories ask of their products, and those that came later. What the operator has changed is his.
async fn load_category_attributes(ops: &mut AsyncPgConnection) -> Result<()> {
    if is_loaded(ops, "category_attributes", ATTRIBUTES).await? {
        return Ok(());
    }
    let is_first = editions(ops, "category_attributes").await?.is_empty();
    let rows = csv::Reader::from_reader(Bytes::new(ATTRIBUTES)).into_deserialize::<AttributeRow>();
    let rows = rows
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| Error::Internal(format!("category_attributes.csv: {e}")))?;
    for (position, row) in rows.into_iter().enumerate() {
        // `key|Indonesian|English;..`
        let choices: serde_json::Value = row
            .choices
            .split(';')
            .filter_map(|choice| {
                let mut parts = choice.split('|');
                let (key, id, en) = (parts.next()?, parts.next()?, parts.next()?);
                Some(serde_json::json!({ "key": key, "id": id, "en": en }))
            })
            .collect();
        diesel::sql_query(
            "INSERT INTO category_attributes (category_id, key, kind, required, unit, name_id, name_en, choices, position) \
             SELECT id, $2, $3, $4, $5, $6, $7, $8, $9 FROM categories WHERE slug = $1 AND ($10 OR version = 1) \
             ON CONFLICT DO NOTHING",
        )
        .bind::<Text, _>(row.category)
        .bind::<Text, _>(row.key)
        .bind::<Text, _>(row.kind)
        .bind::<Bool, _>(row.required)
        .bind::<Nullable<Text>, _>(row.unit)
        .bind::<Text, _>(row.name_id)
        .bind::<Text, _>(row.name_en)
        .bind::<Jsonb, _>(choices)
        .bind::<Integer, _>(i32::try_from(position).unwrap_or(i32::MAX))
        .bind::<Bool, _>(is_first)
        .execute(ops)
        .await?;
    }
    set_loaded(ops, "category_attributes", ATTRIBUTES).await
}

#[derive(diesel::QueryableByName)]
struct Edition {
    #[diesel(sql_type = Text)]
    sha256: String,
}

async fn is_loaded(ops: &mut AsyncPgConnection, name: &str, data: &str) -> Result<bool> {
    Ok(editions(ops, name).await?.iter().any(|e| e.sha256 == digest(data)))
}

async fn editions(ops: &mut AsyncPgConnection, name: &str) -> Result<Vec<Edition>> {
    let query = diesel::sql_query("SELECT sha256 FROM reference_editions WHERE name = $1");
    Ok(query.bind::<Text, _>(name).load(ops).await?)
}

async fn set_loaded(ops: &mut AsyncPgConnection, name: &str, data: &str) -> Result<()> {
    diesel::sql_query(
        "INSERT INTO reference_editions (name, sha256) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256",
    )
    .bind::<Text, _>(name)
    .bind::<Text, _>(digest(data))
    .execute(ops)
    .await?;
    Ok(())
}

fn digest(data: &str) -> String {
    hex(&sha256(data.as_bytes()))
}
