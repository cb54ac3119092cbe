//! The second line of defence: row security holds when a query forgets its filter, and a pooled connection never
//! carries one tenant into the next transaction.

use std::time::Duration;

use kapal_domain::ids::AggregatorId;
use kapal_persistence::{Actor, Db, Scope, Secret, Urls, Vault};
use kapal_tests::Cluster;
use tokio_postgres::Client;
use uuid::Uuid;

/// Two aggregators with a merchant each, in a database of its own.
struct Two {
    database: String,
    first: Uuid,
    second: Uuid,
}

impl Two {
    async fn new() -> Self {
        let cluster = Cluster::get();
        let database = cluster.copy_database().await;
        let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
        let ops = cluster.connect("kapal_ops", &database).await;
        for (name, id) in [("satu", first), ("dua", second)] {
            let rows = format!(
                "INSERT INTO aggregators (id, slug, name, kind, status, created_at, updated_at)
                 VALUES ('{id}', '{name}', '{name}', 'member', 'active', now(), now());
                 INSERT INTO tenant_heads (aggregator_id, audit_hash) VALUES ('{id}', sha256('{name}'));
                 INSERT INTO merchants (aggregator_id, id, slug, name, status, region_code, phone, created_at, updated_at)
                 VALUES ('{id}', '{id}', '{name}', '{name}', 'draft', '53.07', '+6281234567890', now(), now())"
            );
            ops.batch_execute(&rows).await.expect("rows of two tenants");
        }
        Self { database, first, second }
    }

    async fn app(&self) -> Client {
        Cluster::get().connect("kapal_app", &self.database).await
    }

    fn pool(&self) -> Db {
        let url = |role| Cluster::get().url(role, &self.database);
        let urls = Urls {
            app: url("kapal_app"),
            public: url("kapal_public"),
            identity: url("kapal_identity"),
            ops: url("kapal_ops"),
        };
        Db::new(&urls, 2, Vault::new(&Secret::generate()))
    }
}

/// The names of all merchants that a query without any filter finds.
async fn everything(app: &Client) -> Vec<String> {
    let rows = app.query("SELECT name FROM merchants ORDER BY name", &[]).await.expect("a read");
    rows.iter().map(|row| row.get(0)).collect()
}

async fn begin(app: &Client, tenant: Uuid) {
    let sql = format!("BEGIN; SELECT app.set_tenant('{tenant}', NULL, 5000)");
    app.batch_execute(&sql).await.expect("a tenant's transaction");
}

#[tokio::test]
async fn a_query_without_its_filter_still_sees_one_tenant() {
    let two = Two::new().await;
    let app = two.app().await;
    begin(&app, two.first).await;
    assert_eq!(everything(&app).await, ["satu"]);
    let changed = app.execute("UPDATE merchants SET story = 'diubah'", &[]).await.expect("an update");
    assert_eq!(changed, 1);
    let deleted = app.execute("DELETE FROM merchants WHERE name = 'dua'", &[]).await.expect("a delete");
    assert_eq!(deleted, 0);
}

#[tokio::test]
async fn a_tenant_cannot_write_a_row_of_another() {
    let two = Two::new().await;
    let app = two.app().await;
    let insert = format!(
        "INSERT INTO merchants (aggregator_id, id, slug, name, status, region_code, phone, created_at, updated_at) \
         VALUES ('{}', '{}', 'tiga', 'tiga', 'draft', '53.07', '+6281234567890', now(), now())",
        two.second,
        Uuid::now_v7()
    );
    let steal = format!("UPDATE merchants SET aggregator_id = '{}'", two.second);
    for sql in [insert, steal] {
        begin(&app, two.first).await;
        let refused = app.execute(&sql, &[]).await.expect_err("refused");
        assert_eq!(refused.code().expect("a code").code(), "42501", "{refused}");
        app.batch_execute("ROLLBACK").await.expect("rolled back");
    }
}

#[tokio::test]
async fn without_a_tenant_nothing_is_seen_and_nothing_is_written() {
    let two = Two::new().await;
    let app = two.app().await;
    assert_eq!(everything(&app).await, Vec::<String>::new());
    begin(&app, two.first).await;
    app.batch_execute("COMMIT").await.expect("committed");
    assert_eq!(everything(&app).await, Vec::<String>::new(), "the setting ends with its transaction");
    let changed = app.execute("UPDATE merchants SET story = 'diubah'", &[]).await.expect("an update");
    assert_eq!(changed, 0);
    let insert = format!(
        "INSERT INTO merchants (aggregator_id, id, slug, name, status, region_code, phone, created_at, updated_at) \
         VALUES ('{}', '{}', 'tiga', 'tiga', 'draft', '53.07', '+6281234567890', now(), now())",
        two.first,
        Uuid::now_v7()
    );
    assert_eq!(app.execute(&insert, &[]).await.expect_err("refused").code().expect("a code").code(), "42501");
}

#[tokio::test]
async fn narrowed_to_a_user_only_that_users_merchants_are_seen() {
    let two = Two::new().await;
    let app = two.app().await;
    let (hero, nobody) = (Uuid::now_v7(), Uuid::now_v7());
    let ops = Cluster::get().connect("kapal_ops", &two.database).await;
    let assign = format!(
        "INSERT INTO merchant_access (aggregator_id, user_id, merchant_id, kind, created_at) \
         VALUES ('{0}', '{hero}', '{0}', 'hero', now())",
        two.first
    );
    ops.batch_execute(&assign).await.expect("assigned");
    for (user, seen) in [(hero, vec!["satu"]), (nobody, vec![])] {
        let begin = format!("BEGIN; SELECT app.set_tenant('{}', '{user}', 5000)", two.first);
        app.batch_execute(&begin).await.expect("begun");
        assert_eq!(everything(&app).await, seen);
        app.batch_execute("ROLLBACK").await.expect("ended");
    }
}

#[tokio::test]
async fn the_storefronts_role_can_change_nothing_and_read_no_draft() {
    let two = Two::new().await;
    let public = Cluster::get().connect("kapal_public", &two.database).await;
    for sql in ["SELECT 1 FROM merchants", "SELECT 1 FROM users", "SELECT audit_hash FROM tenant_heads"] {
        assert_eq!(public.query(sql, &[]).await.expect_err(sql).code().expect("a code").code(), "42501");
    }
    let write = public.execute("DELETE FROM published_products", &[]).await.expect_err("read only");
    assert!(["25006", "42501"].contains(&write.code().expect("a code").code()), "{write}");
}

/// 10,000 transactions of two tenants in turn on a pool of two, many of them dropped in the middle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooled_connection_never_carries_a_tenant_over() {
    let two = Two::new().await;
    let db = two.pool();
    let scope = |tenant: Uuid| Scope {
        aggregator: AggregatorId::from(tenant),
        actor: Actor::System,
        narrowed: false,
        request_id: "test".into(),
    };
    let (db, two) = (&db, &two);
    let worker = async |seed: u32| {
        for round in 0..2_500_u32 {
            let (tenant, name) =
                if (seed + round).is_multiple_of(2) { (two.first, "satu") } else { (two.second, "dua") };
            let look = async {
                let mut tx = db.tenant(scope(tenant)).await.expect("a transaction");
                let (page, _) = list(&mut tx).await;
                assert!(page.iter().all(|seen| seen == name), "{name} saw {page:?}");
                assert_eq!(page.len(), 1);
                match round % 3 {
                    0 => tx.commit().await.expect("committed"),
                    1 => tx.rollback().await,
                    _ => drop(tx),
                }
            };
            // A client that disconnects drops the future wherever it stands.
            let patience = Duration::from_micros(u64::from((seed * 7_919 + round * 104_729) % 3_000));
            if round % 5 == 0 {
                let _ = tokio::time::timeout(patience, look).await;
            } else {
                look.await;
            }
        }
    };
    tokio::join!(worker(0), worker(1), worker(2), worker(3));
}

async fn list(tx: &mut kapal_persistence::TenantTx<'_>) -> (Vec<String>, ()) {
    let filter = kapal_persistence::MerchantFilter::default();
    let page = tx.merchants(&filter, None, 100).await.expect("a page");
    (page.items.into_iter().map(|merchant| merchant.row.name).collect(), ())
}
