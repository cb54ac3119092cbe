//! Migrations, there and back.

use kapal_tests::{Cluster, Server, ServerOptions, World};

/// All that a migration can change, one line each.
async fn schema(database: &str) -> Vec<String> {
    let sql = "
        SELECT format('column %s.%s %s %s %s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
               a.attnotnull, a.attstorage, pg_get_expr(d.adbin, d.adrelid))
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT format('table %s %s %s %s', oid::regclass, relrowsecurity, relforcerowsecurity, relacl)
          FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        UNION ALL SELECT format('grant %s.%s %s', attrelid::regclass, attname, attacl)
          FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE c.relnamespace = 'public'::regnamespace AND attacl IS NOT NULL
        UNION ALL SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid) || conname)
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT format('policy %s', p::text) FROM pg_policies p WHERE schemaname = 'public'
        UNION ALL SELECT pg_get_functiondef(oid) || proacl::text FROM pg_proc WHERE pronamespace IN ('app'::regnamespace, 'public'::regnamespace)
        ORDER BY 1";
    let rows = Cluster::get().superuser(database).await.query(sql, &[]).await.expect("the schema");
    rows.iter().filter_map(|row| row.get::<_, Option<String>>(0)).collect()
}

#[tokio::test]
async fn down_and_up_again_gives_the_same_schema() {
    let cluster = Cluster::get();
    let database = cluster.copy_database().await;
    let (owner, ops) = (cluster.url("kapal_owner", &database), cluster.url("kapal_ops", &database));
    let before = schema(&database).await;
    assert!(before.len() > 300, "{}", before.len());
    let reverted = kapal_persistence::revert(&owner).await.expect("down");
    assert_eq!(kapal_persistence::pending(&owner).await.expect("pending"), reverted);
    let left: Vec<_> =
        schema(&database).await.into_iter().filter(|line| line.starts_with("table ")).collect();
    assert_eq!(left.len(), 1, "down leaves tables: {left:?}");
    assert_eq!(kapal_persistence::migrate(&owner, &ops, None).await.expect("up"), reverted);
    assert_eq!(schema(&database).await, before);
    assert_eq!(kapal_persistence::migrate(&owner, &ops, None).await.expect("again"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_that_start_together_migrate_once() {
    let cluster = Cluster::get();
    let database = cluster.copy_database().await;
    kapal_persistence::revert(&cluster.url("kapal_owner", &database)).await.expect("down");
    let options = || ServerOptions { env: vec![("KAPAL_MIGRATE", "on".into())], ..ServerOptions::default() };
    let (one, two) =
        tokio::join!(Server::on(database.clone(), options()), Server::on(database.clone(), options()));
    assert_eq!(one.database, two.database);
    assert_eq!(kapal_persistence::pending(&cluster.url("kapal_owner", &database)).await.expect("pending"), 0);
}

#[test]
fn each_migration_has_a_number_of_its_own() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let names = std::fs::read_dir(folder).expect("a folder").filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        Some(name.split_once('_')?.0.to_owned())
    });
    let mut numbers: Vec<_> = names.collect();
    numbers.sort();
    // Of two with one number only one would ever be run, and no word said.
    assert!(numbers.windows(2).all(|two| two[0] != two[1]), "{numbers:?}");
}

#[tokio::test]
async fn a_nib_that_was_verified_with_its_merchant_stays_verified() {
    let server = Server::start(ServerOptions::default()).await;
    let aggregator = World::on(&server).await.aggregator().await;
    let merchants = [aggregator.active_merchant().await, aggregator.active_merchant().await];
    let document = |at: usize| {
        let id = kapal_tests::text(&merchants[at]["id"]);
        aggregator.owner.get(&aggregator.path(&format!("merchants/{id}/documents/nib")))
    };
    // Of the second another NIB was entered since.
    let own = aggregator.path(&format!("merchants/{}", kapal_tests::text(&merchants[1]["id"])));
    let nib = serde_json::json!({ "number": kapal_tests::nib() });
    let version = document(1).await.json(200)["version"].clone();
    let _ = aggregator.owner.put(&format!("{own}/documents/nib"), nib).of(&version).await.expect(200);
    let before = document(0).await.json(200);
    let superuser = Cluster::get().superuser(&server.database).await;
    superuser
        .batch_execute("UPDATE legal_documents SET judged = false WHERE status = 'submitted'")
        .await
        .expect("SQL");
    let owner = Cluster::get().connect("kapal_owner", &server.database).await;
    let down = include_str!("../../migrations/0027_verify_nib/down.sql");
    let up = include_str!("../../migrations/0027_verify_nib/up.sql");
    owner.batch_execute(&format!("BEGIN; {down} COMMIT;")).await.expect("down");
    let gone = "SELECT count(*) FROM legal_documents WHERE kind = 'nib'";
    assert_eq!(superuser.query_one(gone, &[]).await.expect("a count").get::<_, i64>(0), 1);
    owner.batch_execute(&format!("BEGIN; {up} COMMIT;")).await.expect("up");
    let after = document(0).await.json(200);
    assert_eq!((&after["status"], &after["verified_by"]), (&before["status"], &before["verified_by"]));
    assert!(after["verified_at"].is_string());
    assert_eq!(document(1).await.json(200)["status"], "submitted");
}
