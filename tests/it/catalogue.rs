//! What PostgreSQL's own catalogue says about every table: a new table without protection fails here.

use std::collections::{BTreeMap, BTreeSet};

use kapal_tests::Cluster;
use tokio_postgres::Client;

/// Tables that are no tenant's, each with the reason.
const GLOBAL: &[(&str, &str)] = &[
    ("regions", "reference data, the same for all"),
    ("categories", "reference data, the same for all"),
    ("category_gates", "reference data, the same for all"),
    ("category_attributes", "reference data, the same for all"),
    ("gate_turns", "when reference data begin to hold"),
    ("reference_editions", "which edition of the reference data is loaded"),
    ("level_criteria", "reference data in versions, the same for all"),
    ("users", "a person may work for several aggregators; kapal_app sees none"),
    ("sessions", "of users"),
    ("refresh_tokens", "of sessions"),
    ("password_resets", "of users"),
    ("user_consents", "of users"),
    ("login_throttles", "counted before anybody is known"),
    ("signing_keys", "of the service"),
    ("stored_pictures", "equal uploads of all tenants share their files"),
    ("__diesel_schema_migrations", "of the migrations"),
];
/// Tables whose row security goes by their own id, since each row is an aggregator.
const BY_OWN_ID: &[&str] = &["aggregators", "published_aggregators"];
/// What a storefront may read: the published projection and reference data.
const PUBLISHED: &[&str] = &[
    "published_aggregators",
    "published_merchants",
    "published_products",
    "published_collections",
    "published_slots",
    "published_certificates",
    "search_documents",
];
/// Where `kapal_identity` may see all tenants, before one is known: memberships, invitations, answers kept for
/// repeated requests, and the platform's log.
const IDENTITY: &[&str] = &[
    "aggregators",
    "audit_entries",
    "events",
    "former_merchant_members",
    "hero_areas",
    "hero_assignments",
    "heroes",
    "idempotency_keys",
    "invitations",
    "mail_outbox",
    "memberships",
    "merchant_access",
    "subject_keys",
    "tenant_heads",
];
/// Tables that only grow.
const APPEND_ONLY: &[&str] =
    &["events", "audit_entries", "audit_heads", "consents", "data_keys", "merchant_scales"];
/// Tables with a merchant or a product that show restricted ones too, each with the reason.
const SHOWING_RESTRICTED: &[(&str, &str)] = &[
    ("merchant_access", "who may see a merchant, not what is known of it"),
    ("invitations", "of accounts; read by those who invite"),
    ("privacy_requests", "the queue itself"),
    ("restrictions", "what the policies ask"),
    ("published_products", "of the projection, which a restricted merchant has left"),
    ("search_documents", "of the projection"),
    ("product_translations", "parts of a product, which are reached by it alone"),
    ("product_variants", "likewise"),
    ("product_media", "likewise"),
    ("stock_movements", "likewise"),
    ("product_certificates", "likewise"),
    ("national_slot_products", "the platform's, of another tenant; shown by the projection"),
];
const SERVICE_ROLES: &[&str] = &["kapal_app", "kapal_public", "kapal_identity", "kapal_ops"];
/// References that can't be keys, each with the reason.
const LOOSE: &[(&str, &str)] = &[
    ("national_slot_products.product_id", "a product of another tenant"),
    ("published_slots.product_ids", "an array, of other tenants' products too"),
];

async fn database() -> Client {
    let cluster = Cluster::get();
    cluster.superuser(&cluster.database).await
}

async fn column(sql: &str) -> BTreeSet<String> {
    let rows = database().await.query(sql, &[]).await.expect(sql);
    rows.iter().map(|row| row.get::<_, String>(0)).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

const TABLES: &str = "FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition";

#[tokio::test]
async fn every_table_is_a_tenants_and_protected_or_listed_as_global() {
    let all = column(&format!("SELECT c.relname::text {TABLES}")).await;
    let global: BTreeSet<_> = GLOBAL.iter().map(|(name, _)| (*name).to_owned()).collect();
    let forced =
        column(&format!("SELECT c.relname::text {TABLES} AND c.relrowsecurity AND c.relforcerowsecurity"))
            .await;
    assert_eq!(all.difference(&forced).cloned().collect::<BTreeSet<_>>(), global, "unprotected tables");
    let first_in_key = column(&format!(
        "SELECT c.relname::text {TABLES} AND EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid \
         AND a.attnum = i.indkey[0] WHERE i.indrelid = c.oid AND i.indisprimary AND a.attname = 'aggregator_id')"
    ))
    .await;
    let tenants: BTreeSet<_> = forced.difference(&set(BY_OWN_ID)).cloned().collect();
    assert_eq!(tenants, first_in_key, "a tenant table's primary key begins with aggregator_id");
    let nullable = column(&format!(
        "SELECT c.relname::text {TABLES} AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid \
         AND a.attname = 'aggregator_id' AND NOT a.attnotnull)"
    ))
    .await;
    assert_eq!(nullable, BTreeSet::new());
}

#[tokio::test]
async fn every_unique_index_of_a_tenant_table_begins_with_the_tenant() {
    let wrong = column(
        "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
         JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'aggregator_id' \
         WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND NOT c.relispartition \
           AND i.indkey[0] <> t.attnum",
    )
    .await;
    assert_eq!(wrong, BTreeSet::new());
}

#[tokio::test]
async fn every_policy_names_one_service_role_and_only_those_that_the_design_allows() {
    let rows = database()
        .await
        .query(
            "SELECT tablename::text, policyname::text, roles::text[], cmd, coalesce(qual, ''), coalesce(with_check, '') \
             FROM pg_policies WHERE schemaname = 'public' AND permissive = 'PERMISSIVE'",
            &[],
        )
        .await
        .expect("policies");
    let mut by_role: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        let (table, policy): (String, String) = (row.get(0), row.get(1));
        let roles: Vec<String> = row.get(2);
        let (command, using, check): (String, String, String) = (row.get(3), row.get(4), row.get(5));
        let [role] = &roles[..] else { panic!("{table}.{policy} names {roles:?}") };
        by_role.entry(role.clone()).or_default().insert(table.clone());
        let key = if BY_OWN_ID.contains(&table.as_str()) { "id" } else { "aggregator_id" };
        let tenant = format!("({key} = ( SELECT app.aggregator_id() AS aggregator_id))");
        match role.as_str() {
            "kapal_app" => {
                assert!(using.contains(&tenant) && check == using, "{table}.{policy}: {using} / {check}");
                assert_eq!(command, "ALL", "{table}.{policy}");
                if using != tenant {
                    assert!(
                        using.starts_with(&format!("({tenant} AND ")),
                        "{table}.{policy} widens: {using}"
                    );
                }
            }
            "kapal_public" => assert_eq!(command, "SELECT", "{table}.{policy}"),
            "kapal_identity" | "kapal_ops" => {}
            other => panic!("{table}.{policy} is for {other}"),
        }
    }
    let tenants = column(&format!("SELECT c.relname::text {TABLES} AND c.relforcerowsecurity")).await;
    assert_eq!(by_role["kapal_app"], tenants);
    assert_eq!(by_role["kapal_ops"], tenants);
    let mut published = set(PUBLISHED);
    published.insert("tenant_heads".to_owned());
    assert_eq!(by_role["kapal_public"], published);
    assert_eq!(by_role["kapal_identity"], set(IDENTITY));
}

#[tokio::test]
async fn what_belongs_to_a_restricted_merchant_is_hidden_by_a_policy_that_only_narrows() {
    let about_merchants = column(&format!(
        "SELECT c.relname::text {TABLES} AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname IN ('merchant_id', 'product_id'))"
    ))
    .await;
    for name in ["restriction", "restriction_delete"] {
        let mut hidden = column(&format!(
            "SELECT tablename::text FROM pg_policies WHERE permissive = 'RESTRICTIVE' AND policyname = '{name}' \
             AND roles::text[] = ARRAY['kapal_app']"
        ))
        .await;
        assert!(hidden.remove("merchants") && hidden.remove("scores"));
        let shown: BTreeSet<_> = SHOWING_RESTRICTED.iter().map(|(table, _)| (*table).to_owned()).collect();
        assert_eq!(about_merchants.difference(&hidden).cloned().collect::<BTreeSet<_>>(), shown);
    }
}

#[tokio::test]
async fn tenant_tables_refer_to_each_other_by_composite_keys() {
    let loose = column(
        "SELECT f.conrelid::regclass || '.' || f.conname FROM pg_constraint f \
         JOIN pg_attribute here ON here.attrelid = f.conrelid AND here.attname = 'aggregator_id' \
         JOIN pg_attribute there ON there.attrelid = f.confrelid AND there.attname = 'aggregator_id' \
         WHERE f.contype = 'f' AND NOT (here.attnum = f.conkey[1] AND there.attnum = f.confkey[1])",
    )
    .await;
    assert_eq!(loose, BTreeSet::new());
    // An `.._id` without a foreign key is said so in the migrations, or is one of these.
    for (reference, _) in LOOSE {
        let (table, name) = reference.split_once('.').expect("table.column");
        let known = column(&format!(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attname = '{name}'"
        ))
        .await;
        assert_eq!(known.len(), 1, "{reference} is gone: take it off the list");
    }
}

#[tokio::test]
async fn every_foreign_key_is_indexed() {
    let bare = column(
        "SELECT f.conrelid::regclass || '.' || f.conname FROM pg_constraint f \
         WHERE f.contype = 'f' AND f.conparentid = 0 AND NOT EXISTS ( \
           SELECT FROM pg_index i WHERE i.indrelid = f.conrelid AND i.indpred IS NULL \
             AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey)",
    )
    .await;
    // Small tables that are never deleted from and whose keys are never changed need no index on what refers to them.
    let needless = column(
        "SELECT f.conrelid::regclass || '.' || f.conname FROM pg_constraint f \
         WHERE f.contype = 'f' AND f.confrelid::regclass::text IN ('regions', 'categories', 'level_criteria')",
    )
    .await;
    assert_eq!(bare.difference(&needless).cloned().collect::<BTreeSet<_>>(), BTreeSet::new());
}

#[tokio::test]
async fn service_roles_own_nothing_and_cannot_bypass_row_security() {
    let powerful = column(
        "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'kapal\\_%' AND rolname <> 'kapal_owner' \
         AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)",
    )
    .await;
    assert_eq!(powerful, BTreeSet::new());
    let bypassing = column(
        "SELECT rolname::text FROM pg_roles WHERE rolname = 'kapal_owner' AND (rolsuper OR rolbypassrls)",
    );
    assert_eq!(bypassing.await, BTreeSet::new());
    let owning = column(
        "SELECT rolname::text FROM pg_roles r WHERE rolname LIKE 'kapal\\_%' AND rolname <> 'kapal_owner' AND ( \
           EXISTS (SELECT FROM pg_class WHERE relowner = r.oid) OR EXISTS (SELECT FROM pg_proc WHERE proowner = r.oid) \
           OR EXISTS (SELECT FROM pg_namespace WHERE nspowner = r.oid) OR EXISTS (SELECT FROM pg_database WHERE datdba = r.oid))",
    )
    .await;
    assert_eq!(owning, BTreeSet::new());
    let members = column(
        "SELECT m.member::regrole::text || ' in ' || m.roleid::regrole::text FROM pg_auth_members m \
         WHERE m.member::regrole::text LIKE 'kapal\\_%' AND m.member::regrole::text <> 'kapal_owner'",
    )
    .await;
    assert_eq!(members, BTreeSet::new(), "a role that is in another has its rights too");
    let roles = column(
        "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'kapal\\_%' AND rolname <> 'kapal_owner'",
    );
    assert_eq!(roles.await, set(SERVICE_ROLES));
}

#[tokio::test]
async fn logs_and_keys_only_grow() {
    for table in APPEND_ONLY {
        let able = column(&format!(
            "SELECT r.rolname || ' ' || p FROM pg_roles r, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS p \
             WHERE r.rolname LIKE 'kapal\\_%' AND r.rolname <> 'kapal_owner' AND has_table_privilege(r.oid, '{table}', p)"
        ))
        .await;
        assert_eq!(able, BTreeSet::new(), "{table}");
    }
    // Partitions are reached by their parents alone.
    let direct = column(
        "SELECT r.rolname || ' ' || c.relname FROM pg_roles r, pg_class c \
         WHERE r.rolname LIKE 'kapal\\_%' AND r.rolname <> 'kapal_owner' AND c.relispartition AND c.relkind = 'r' \
           AND (has_table_privilege(r.oid, c.oid, 'SELECT') OR has_table_privilege(r.oid, c.oid, 'INSERT') \
             OR has_table_privilege(r.oid, c.oid, 'UPDATE') OR has_table_privilege(r.oid, c.oid, 'DELETE'))",
    )
    .await;
    assert_eq!(direct, BTreeSet::new());
}

#[tokio::test]
async fn the_storefront_reads_the_published_projection_and_reference_data_alone() {
    let readable = column(&format!(
        "SELECT c.relname::text {TABLES} AND has_table_privilege('kapal_public', c.oid, 'SELECT')"
    ))
    .await;
    let mut expected = set(PUBLISHED);
    expected.extend(set(&["regions", "categories", "category_gates", "category_attributes"]));
    assert_eq!(readable, expected);
    let columns = column(
        "SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT a.attisdropped \
           AND NOT has_table_privilege('kapal_public', c.oid, 'SELECT') \
           AND has_column_privilege('kapal_public', c.oid, a.attnum, 'SELECT')",
    )
    .await;
    assert_eq!(columns, set(&["tenant_heads.aggregator_id", "tenant_heads.public_seq"]));
    let writable = column(&format!(
        "SELECT c.relname::text {TABLES} AND (has_table_privilege('kapal_public', c.oid, 'INSERT') \
         OR has_table_privilege('kapal_public', c.oid, 'UPDATE') OR has_table_privilege('kapal_public', c.oid, 'DELETE'))"
    ))
    .await;
    assert_eq!(writable, BTreeSet::new());
}

#[tokio::test]
async fn people_and_their_secrets_are_out_of_the_application_roles_reach() {
    let reachable = column(&format!(
        "SELECT c.relname::text {TABLES} AND c.relname IN ('users', 'sessions', 'refresh_tokens', 'password_resets', \
         'login_throttles', 'signing_keys') AND has_any_column_privilege('kapal_app', c.oid, 'SELECT, INSERT, UPDATE')"
    ))
    .await;
    assert_eq!(reachable, BTreeSet::new());
}

#[tokio::test]
async fn there_are_no_triggers_and_no_types_of_our_own() {
    let triggers = column("SELECT tgrelid::regclass || '.' || tgname FROM pg_trigger WHERE NOT tgisinternal");
    assert_eq!(triggers.await, BTreeSet::new());
    let types = column(
        "SELECT typname::text FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')",
    );
    assert_eq!(types.await, BTreeSet::new());
}

#[tokio::test]
async fn every_definers_function_fixes_its_search_path_and_is_not_for_everybody() {
    let open = column(
        "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'app'::regnamespace AND p.prosecdef \
         AND (p.proconfig IS NULL OR NOT p.proconfig::text LIKE '%search_path=%' \
           OR has_function_privilege('public', p.oid, 'EXECUTE'))",
    );
    assert_eq!(open.await, BTreeSet::new());
}

#[tokio::test]
async fn the_choices_of_the_database_are_those_of_the_domain() {
    use kapal_domain as domain;
    macro_rules! choices {
        ($($column:literal $kind:path),+ $(,)?) => {
            BTreeMap::from([$(($column, <$kind>::ALL.iter().map(|c| c.as_str().to_owned()).collect::<BTreeSet<_>>())),+])
        };
    }
    let known = choices! {
        "aggregators.status" domain::aggregator::AggregatorStatus,
        "memberships.role" domain::permission::Role,
        "invitations.role" domain::permission::Role,
        "merchants.status" domain::merchant::MerchantStatus,
        "merchants.scale" domain::merchant::Scale,
        "channels.kind" domain::channel::ChannelKind,
        "hero_assignments.status" domain::hero::AssignmentStatus,
        "products.status" domain::product::ProductStatus,
        "change_requests.status" domain::change_request::ChangeRequestStatus,
        "change_request_steps.action" domain::change_request::ChangeRequestAction,
        "nominations.status" domain::nomination::NominationStatus,
        "aggregators.kind" domain::aggregator::AggregatorKind,
        "featured_slots.place" domain::slot::Place,
        "featured_slots.mode" domain::slot::SlotMode,
        "leads.status" domain::lead::LeadStatus,
        "leads.source" domain::lead::LeadSource,
        "visit_versions.mode" domain::visit::VisitMode,
        "visit_confirmations.method" domain::visit::ConfirmationMethod,
        "action_items.owner" domain::action_item::TaskOwner,
        "action_items.status" domain::action_item::ActionItemStatus,
        "legal_documents.kind" domain::legality::DocumentKind,
        "legal_documents.status" domain::legality::DocumentStatus,
        "category_gates.document" domain::legality::DocumentKind,
        "files.media_type" domain::file::FileType,
        "programmes.status" domain::programme::ProgrammeStatus,
        "enrolments.status" domain::programme::EnrolmentStatus,
        "assessments.status" domain::level::AssessmentStatus,
        "assessments.level" domain::level::Level,
        "merchants.level" domain::level::Level,
        "level_criteria.level" domain::level::Level,
        "level_criteria.rule" domain::level::Rule,
        "assessment_findings.outcome" domain::level::Outcome,
        "users.locale" domain::locale::Locale,
        "leads.locale" domain::locale::Locale,
        "consents.purpose" domain::privacy::Purpose,
        "consents.lawful_basis" domain::privacy::LawfulBasis,
        "consents.channel" domain::privacy::ConsentChannel,
        "consents.locale" domain::locale::Locale,
        "privacy_requests.kind" domain::privacy::PrivacyKind,
        "privacy_requests.subject_type" domain::privacy::SubjectType,
        "privacy_requests.status" domain::privacy::PrivacyStatus,
    };
    let rows = database()
        .await
        .query(
            "SELECT c.conrelid::regclass || '.' || a.attname, pg_get_constraintdef(c.oid) FROM pg_constraint c \
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] \
             WHERE c.contype = 'c' AND cardinality(c.conkey) = 1 AND pg_get_constraintdef(c.oid) ~ '= (ANY|''fixed)'",
            &[],
        )
        .await
        .expect("checks");
    let stored: BTreeMap<String, BTreeSet<String>> = rows
        .iter()
        .map(|row| {
            let definition: String = row.get(1);
            (row.get(0), definition.split('\'').skip(1).step_by(2).map(str::to_owned).collect())
        })
        .collect();
    for (column, choices) in known {
        assert_eq!(stored.get(column), Some(&choices), "{column}");
    }
}

#[tokio::test]
async fn the_query_builders_tables_are_those_of_the_database() {
    let sql = include_str!("../../scripts/schema.sql");
    let row = database().await.query_one(sql, &[]).await.expect("schema.sql");
    let made: String = row.get(0);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/schema/src/tables.rs");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        // `make schema`
        let head = "// Generated from the migrations by `make schema`; a test compares them. Columns of types that only SQL files touch\n// (tsvector) are left out.\n";
        std::fs::write(file, format!("{head}{made}")).expect("tables.rs is written");
    }
    let kept = std::fs::read_to_string(file).expect("tables.rs");
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert!(
        words(&kept).ends_with(&words(&made)),
        "crates/schema/src/tables.rs is not what scripts/schema.sql prints"
    );
}
