//! Export and erasure: what is held is handed out whole, and what was erased is nowhere any more, while the chain holds.

use std::collections::BTreeSet;

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Cluster, PASSWORD, Server, ServerOptions, World, eventually, text, unique};
use serde_json::{Value, json};

/// Every text and number of the tenant's rows, and the audit texts.
pub(crate) async fn everything(aggregator: &Aggregator) -> String {
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let tables = database
        .query(
            "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'aggregator_id' \
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition",
            &[],
        )
        .await
        .expect("tables");
    let mut all = String::new();
    for row in tables {
        let table: String = row.get(0);
        let sql = format!(
            "SELECT coalesce(string_agg(to_jsonb(t)::text, ' '), '') FROM {table} t WHERE t.aggregator_id::text = $1"
        );
        let rows =
            database.query_one(&sql, &[&aggregator.id]).await.unwrap_or_else(|e| panic!("{table}: {e}"));
        all.push_str(&format!("{table}: {}\n", rows.get::<_, String>(0)));
    }
    all
}

#[tokio::test]
async fn a_merchants_export_holds_all_of_it_and_is_itself_on_record() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let merchant = text(&product["merchant_id"]);
    let contact = aggregator.shop(&format!("/products/{}/contact", text(&product["slug"])));
    let buyer = json!({ "name": "Rina Pembeli", "phone": "081298765432", "consent": true });
    let _ = aggregator.world.visitor.post(&contact, buyer).await.expect(201);
    let path = aggregator.path(&format!("merchants/{merchant}/export"));
    let export = aggregator.owner.get(&path).await.json(200);
    assert_eq!(export["subject_id"], merchant);
    let held = &export["held"];
    assert_eq!(held["merchants"][0]["phone"], "+6281234567890");
    assert_eq!(held["channels"][0]["kind"], "whatsapp");
    assert_eq!(held["leads"][0]["name"], "Rina Pembeli", "sealed columns are opened");
    assert_eq!(held["leads"][0]["phone"], "+6281298765432");
    let created =
        export["audit"].as_array().expect("a trail").iter().find(|e| e["action"] == "merchant.created");
    let created = created.expect("its begin");
    assert_eq!(created.pointer("/after/personal/phone"), Some(&json!("+6281234567890")));
    let newest = aggregator.owner.get(&aggregator.path("audit?limit=1")).await.json(200);
    assert_eq!(newest["data"][0]["action"], "merchant.exported");
    assert_eq!(newest["data"][0]["after"]["purpose"], "access, UU 27/2022 article 32");
    // A visit whose id is another merchant's brings none of that one's trail.
    let victim = text(&aggregator.merchant().await["id"]);
    let visit = aggregator.put_visit(&aggregator.owner, &victim, &kapal_tests::visit(&merchant)).await;
    let _ = visit.expect(201);
    let export = aggregator.owner.get(&path).await.json(200);
    let of_victim =
        export["audit"].as_array().expect("a trail").iter().filter(|e| e["subject_id"] == *victim);
    let kinds: BTreeSet<_> = of_victim.map(|e| text(&e["subject_type"])).collect();
    assert_eq!(kinds, BTreeSet::from(["visit".to_owned()]));
    let victims = aggregator.path(&format!("merchants/{victim}/export"));
    let victims = aggregator.owner.get(&victims).await.json(200)["audit"].to_string();
    assert!(!victims.contains("\"visit."), "nor the other way round: {victims}");
    let file = aggregator.owner.get(&path).header("Accept", "text/csv").await.expect(200);
    assert!(file.header("content-type").starts_with("text/csv"), "{file}");
    assert!(file.header("content-disposition").contains(&format!("{merchant}.csv")), "{file}");
    let file = file.text();
    for line in [
        "\"table\",\"row\",\"field\",\"value\"\r\n".to_owned(),
        // A spreadsheet takes it for no formula.
        format!("\"merchants\",\"{merchant}\",\"phone\",\"'+6281234567890\"\r\n"),
        "\",\"name\",\"Rina Pembeli\"\r\n".to_owned(),
        "\",\"action\",\"merchant.created\"\r\n".to_owned(),
        "\",\"action\",\"merchant.exported\"\r\n".to_owned(),
    ] {
        assert!(file.contains(&line), "{line} in {file}");
    }
    let analyst = aggregator.member(Role::Analyst).await;
    analyst.get(&path).await.problem(403, "forbidden");
    let member = aggregator.merchant_member(&merchant).await;
    let _ = member.get(&path).await.expect(200);
    let other = text(&aggregator.merchant().await["id"]);
    member.get(&aggregator.path(&format!("merchants/{other}/export"))).await.problem(404, "not_found");
}

#[tokio::test]
async fn an_erased_merchant_is_nowhere_any_more_and_the_chain_still_holds() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let word = format!("Rahasia{}", unique());
    let body = json!({
        "name": format!("Warung {word}"), "region_code": "53.07.01", "phone": "0813-5555-1234",
        "nib": kapal_tests::nib(), "legal_name": format!("CV {word}"), "story": format!("Cerita {word}."),
        "profile": { "address": format!("Jalan {word} 7, Ende"), "business_form": "cv" },
    });
    let merchant = owner.post(&aggregator.path("merchants"), body).await.json(201);
    let id = text(&merchant["id"]);
    let path = aggregator.path(&format!("merchants/{id}"));
    let _ = owner
        .put(&format!("{path}/channels/whatsapp"), json!({ "handle": "0813-5555-1234" }))
        .await
        .expect(201);
    for (kind, number) in [("pirt", kapal_tests::pirt()), ("halal", kapal_tests::halal())] {
        let body = json!({ "number": number, "holder": format!("Ibu {word}") });
        let _ = aggregator.verified_document(&id, kind, body).await;
    }
    let nib = kapal_tests::nib();
    let _ = aggregator.verified_document(&id, "nib", json!({ "number": nib })).await;
    let account =
        json!({ "bank_name": "Bank NTT", "account_number": "123456781234", "account_holder": word });
    let _ = owner.put(&format!("{path}/bank-account"), account).await.expect(201);
    let hero = aggregator.member(Role::LocalHero).await;
    let profile = json!({ "user_id": hero.id, "capacity": 3, "area_codes": ["53.07"] });
    let _ = owner.post(&aggregator.path("heroes"), profile).await.expect(201);
    let assigned = aggregator.path(&format!("heroes/{}/merchants/{id}", hero.id));
    let _ = owner.put(&assigned, json!({})).await.expect(201);
    let mut visit = kapal_tests::visit(&id);
    visit["problems"] = json!(format!("{word} sakit."));
    visit["tasks"] =
        json!([{ "id": kapal_tests::phone_id(), "owner": "hero", "text": format!("Jenguk {word}.") }]);
    let _ = aggregator.put_visit(&hero, &kapal_tests::phone_id(), &visit).await.expect(201);
    let _ = owner.step(&format!("{path}/submit")).await.expect(200);
    let _ = owner.step(&format!("{path}/verify")).await.expect(200);
    let maker = format!("Mama{}", unique());
    let mut body = aggregator.product_body(&id).await;
    body["translations"]["id"]["description"] = json!(format!("Disangrai oleh {maker}."));
    let product = owner.post(&aggregator.path("products"), body).await.json(201);
    let product = aggregator.publish(&text(&product["id"])).await;
    let body = json!({ "product_id": product["id"], "reason": format!("{maker} menyangrainya sendiri.") });
    let _ = owner.post(&aggregator.path("nominations"), body).await.expect(201);
    let contact = aggregator.shop(&format!("/products/{}/contact", text(&product["slug"])));
    let buyer = json!({ "name": "Rina Pembeli", "phone": "081298765432", "consent": true });
    let _ = aggregator.world.visitor.post(&contact, buyer).await.expect(201);
    let member = aggregator.merchant_member(&id).await;
    assert!(everything(&aggregator).await.contains(&word));
    let folder = Cluster::get().data.join("pictures/private").join(&aggregator.id);
    let files = || std::fs::read_dir(&folder).expect("a folder").count();
    assert_eq!(files(), 3);

    let body = json!({ "kind": "erasure", "merchant_id": id, "note": format!("Hapus {word}") });
    let request = owner.post(&aggregator.path("privacy-requests"), body).await.json(201);
    let fulfil = aggregator.path(&format!("privacy-requests/{}/fulfil", text(&request["id"])));
    let _ = owner.post(&fulfil, json!({ "answer": "Dihapus." })).await.expect(200);

    let left = everything(&aggregator).await;
    for personal in [&word, "+6281355551234", &nib] {
        // Events name a merchant by its public slug until they are forgotten.
        let found: Vec<_> = left
            .lines()
            .filter(|line| {
                line.contains(personal) && !line.starts_with("idempotency") && !line.starts_with("events")
            })
            .collect();
        assert!(found.is_empty(), "{personal}: {found:?}");
    }
    assert!(!left.contains("Rina Pembeli"));
    let tables =
        ["products:", "product_translations:", "nominations:", "published_products:", "search_documents:"];
    let told = left.lines().filter(|line| tables.iter().any(|table| line.starts_with(table)));
    assert!(!told.collect::<String>().contains(&maker));
    aggregator
        .world
        .visitor
        .get(&aggregator.shop(&format!("/products/{}", text(&product["slug"]))))
        .await
        .problem(404, "not_found");
    assert!(
        owner.get(&aggregator.path("merchants")).await.json(200)["data"]
            .as_array()
            .expect("a list")
            .is_empty()
    );
    member.get(&path).await.problem(404, "not_found");
    hero.get(&path).await.problem(404, "not_found");
    assert_eq!(files(), 0, "the bytes of its evidence are off the disk");
    let tombstone = owner.get(&path).await.json(200);
    assert_eq!(
        (&tombstone["status"], &tombstone["phone"], &tombstone["nib"]),
        (&json!("archived"), &json!(""), &Value::Null)
    );
    owner.step(&format!("{path}/lift-restriction")).await.problem(409, "wrong_state");
    for refused in [
        owner
            .patch(&path, json!({ "profile": { "address": "Jalan Baru 1" } }))
            .of(&tombstone["version"])
            .await,
        owner.put(&format!("{path}/documents/nik"), json!({ "number": "3201995001900001" })).await,
    ] {
        assert!(refused.status >= 400 && refused.status < 500, "nothing new is taken: {refused}");
    }
    let verified = owner.get(&aggregator.path("audit/verify")).await.json(200);
    assert_eq!(verified["valid"], true, "{verified}");
    let trail = owner
        .get(&aggregator.path(&format!("audit?subject_id={id}&action=merchant.created")))
        .await
        .json(200);
    assert_eq!(trail["data"][0]["after"]["personal"], Value::Null, "its key is destroyed");
    assert_eq!(trail["data"][0]["after"]["region_code"], "53.07.01");
}

#[tokio::test]
async fn a_hero_who_is_erased_leaves_no_profile_and_no_key() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    for (by_request, has_left) in [(true, false), (true, true), (false, false)] {
        let (hero, word) = (aggregator.member(Role::LocalHero).await, format!("Wayan{}", unique()));
        let profile = json!({
            "user_id": hero.id, "display_name": word, "phone": "0812-1111-2222", "capacity": 3,
            "area_codes": ["53.07"], "note": format!("Rumah {word}."),
        });
        let _ = owner.post(&aggregator.path("heroes"), profile).await.expect(201);
        let merchant = text(&aggregator.merchant().await["id"]);
        let assigned = aggregator.path(&format!("heroes/{}/merchants/{merchant}", hero.id));
        let _ = owner.put(&assigned, json!({})).await.expect(201);
        let made = format!("audit?subject_id={}&action=hero.created", hero.id);
        let made = aggregator.path(&made);
        let before = owner.get(&made).await.json(200);
        assert_eq!(before["data"][0]["after"]["personal"]["display_name"], word.as_str());
        if by_request {
            if has_left {
                let member = aggregator.path(&format!("members/{}", hero.id));
                let row = owner.get(&aggregator.path("members")).await.json(200);
                let row = row["data"]
                    .as_array()
                    .expect("members")
                    .iter()
                    .find(|m| m["user_id"] == *hero.id)
                    .cloned();
                let version = row.expect("a member")["version"].clone();
                let _ = owner.delete(&member).of(&version).await.expect(204);
            }
            let other = json!({ "kind": "access", "user_id": hero.id, "note": word });
            let _ = owner.post(&aggregator.path("privacy-requests"), other).await.expect(201);
            let request = json!({ "kind": "erasure", "user_id": hero.id, "note": word });
            let request = owner.post(&aggregator.path("privacy-requests"), request).await.json(201);
            let fulfil = aggregator.path(&format!("privacy-requests/{}/fulfil", text(&request["id"])));
            let _ = owner.post(&fulfil, json!({ "answer": "Dihapus." })).await.expect(200);
        } else {
            let export = hero.get("/v1/me/export").await.json(200);
            assert_eq!(export["held"]["heroes"][0]["display_name"], word.as_str());
            assert_eq!(export["held"]["heroes"][0]["phone"], "+6281211112222");
            let _ = hero.delete("/v1/me").json(&json!({ "password": PASSWORD })).await.expect(204);
        }
        let left = everything(&aggregator).await;
        let found: Vec<_> =
            left.lines().filter(|line| line.contains(&word) && !line.starts_with("idempotency")).collect();
        assert!(found.is_empty(), "by request: {by_request}; has left: {has_left}: {found:?}");
        assert_eq!(owner.get(&made).await.json(200)["data"][0]["after"]["personal"], Value::Null);
        let left = "SELECT (SELECT count(*) FROM heroes WHERE user_id::text = $1) + (SELECT count(*) FROM hero_areas \
                    WHERE user_id::text = $1) + (SELECT count(*) FROM hero_assignments WHERE user_id::text = $1 \
                    AND status IN ('planned', 'active'))";
        assert_eq!(database.query_one(left, &[&hero.id]).await.expect("a count").get::<_, i64>(0), 0);
    }
    assert_eq!(owner.get(&aggregator.path("audit/verify")).await.json(200)["valid"], true);
}

#[tokio::test]
async fn bytes_that_outlived_their_erasure_are_swept() {
    let server = Server::start(ServerOptions::default()).await;
    let aggregator = World::on(&server).await.aggregator().await;
    let merchant = text(&aggregator.merchant().await["id"]);
    let file = aggregator.evidence(&merchant).await;
    // As if the process had died right after COMMIT.
    let database = Cluster::get().superuser(&server.database).await;
    let sql = "UPDATE files SET erased_at = now() WHERE id::text = $1";
    assert_eq!(database.execute(sql, &[&file]).await.expect("an update"), 1);
    let path = server.data.join("pictures/private").join(&aggregator.id).join(&file);
    assert!(path.exists());
    // A worker that starts sweeps at once.
    let env = vec![("KAPAL_DATA_DIR", server.data.display().to_string())];
    let _second =
        Server::on(server.database.clone(), ServerOptions { env, ..ServerOptions::default() }).await;
    eventually("the bytes are gone", async || (!path.exists()).then_some(())).await;
}

#[tokio::test]
async fn a_buyer_and_a_member_are_erased_by_request_too() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let product = aggregator.product().await;
    let contact = aggregator.shop(&format!("/products/{}/contact", text(&product["slug"])));
    let buyer = json!({ "name": "Rina Pembeli", "phone": "081298765432", "consent": true });
    let _ = aggregator.world.visitor.post(&contact, buyer).await.expect(201);
    let lead = owner.get(&aggregator.path("leads")).await.json(200)["data"][0].clone();
    assert_eq!(lead["name"], "Rina Pembeli");
    let analyst = aggregator.member(Role::Analyst).await;
    for subject in [json!({ "lead_id": lead["id"] }), json!({ "user_id": analyst.id })] {
        let mut body = json!({ "kind": "erasure" });
        body.as_object_mut().expect("an object").extend(subject.as_object().expect("an object").clone());
        let request = owner.post(&aggregator.path("privacy-requests"), body).await.json(201);
        let fulfil = aggregator.path(&format!("privacy-requests/{}/fulfil", text(&request["id"])));
        let _ = owner.post(&fulfil, json!({ "answer": "Dihapus." })).await.expect(200);
    }
    let lead = owner.get(&aggregator.path(&format!("leads/{}", text(&lead["id"])))).await.json(200);
    assert_eq!((&lead["name"], &lead["phone"], &lead["status"]), (&Value::Null, &Value::Null, &json!("new")));
    analyst.get(&aggregator.path("merchants")).await.problem(404, "not_found");
    let last = json!({ "kind": "erasure", "user_id": owner.id });
    let request = owner.post(&aggregator.path("privacy-requests"), last).await.json(201);
    let fulfil = aggregator.path(&format!("privacy-requests/{}/fulfil", text(&request["id"])));
    owner.post(&fulfil, json!({ "answer": "x" })).await.problem(409, "last_owner");
}

#[tokio::test]
async fn ones_own_export_holds_the_account_and_what_was_done_with_it() {
    let aggregator = World::new().await.aggregator().await;
    let curator = aggregator.member(Role::Curator).await;
    let export = curator.get("/v1/me/export").await.json(200);
    assert_eq!(export["subject_id"], curator.id);
    assert_eq!(export["held"]["user"]["email"], curator.email);
    assert_eq!(export["held"]["memberships"][0]["aggregator"], aggregator.slug);
    assert_eq!(export["held"]["sessions"].as_array().map(Vec::len), Some(1));
    assert!(
        export["audit"].as_array().is_some_and(|trail| trail.iter().any(|e| e["action"] == "user.created"))
    );
    assert!(!export.to_string().contains("argon2"), "the password's hash is nobody's to read");
}

#[tokio::test]
async fn who_erases_the_account_is_logged_out_and_forgotten_and_the_address_is_free() {
    let aggregator = World::new().await.aggregator().await;
    let curator = aggregator.member(Role::Curator).await;
    let erase = |who: &kapal_tests::Client, password: &str| {
        who.delete("/v1/me").json(&json!({ "password": password }))
    };
    erase(&curator, "bukan kata sandinya").await.problem(401, "invalid_credentials");
    erase(&aggregator.owner, PASSWORD).await.problem(409, "last_owner");
    let _ = erase(&curator, PASSWORD).await.expect(204);
    curator.get("/v1/me").await.problem(401, "invalid_token");
    let login = json!({ "email": curator.email, "password": PASSWORD });
    aggregator.world.visitor.post("/v1/auth/login", login).await.problem(401, "invalid_credentials");
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let row = database
        .query_one("SELECT email, name, password_hash FROM users WHERE id::text = $1", &[&curator.id])
        .await
        .expect("the row stays");
    let (email, name, hash): (String, String, String) = (row.get(0), row.get(1), row.get(2));
    assert!(email.ends_with("@terhapus.invalid") && name == "Akun terhapus" && hash.is_empty());
    assert!(
        !everything(&aggregator)
            .await
            .lines()
            .any(|line| { line.contains(&curator.email) && !line.starts_with("mail_outbox") })
    );
    // The address may join again, as somebody new.
    let body = json!({ "email": curator.email, "role": "analyst" });
    let _ = aggregator.owner.post(&aggregator.path("invitations"), body).await.expect(201);
}

#[tokio::test]
async fn every_table_about_a_merchant_or_a_user_is_exported_and_erased_or_says_why_not() {
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let with = async |column: &str| -> BTreeSet<String> {
        let sql = "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $1 \
                   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition";
        let rows = database.query(sql, &[&column]).await.expect("tables");
        rows.iter().map(|row| row.get(0)).collect()
    };
    let known: BTreeSet<String> = kapal_persistence::HELD
        .iter()
        .map(|held| held.table)
        .chain(kapal_persistence::HOLDING_NOTHING.iter().map(|(table, _)| *table))
        .map(str::to_owned)
        .collect();
    let missing: Vec<_> = with("merchant_id").await.difference(&known).cloned().collect();
    assert!(missing.is_empty(), "in neither list of persistence/held.rs: {missing:?}");
    let known: BTreeSet<String> =
        kapal_persistence::ABOUT_USERS.iter().map(|(table, _)| (*table).to_owned()).collect();
    let missing: Vec<_> = with("user_id").await.difference(&known).cloned().collect();
    assert!(missing.is_empty(), "not in the list of persistence/account_data.rs: {missing:?}");
}
