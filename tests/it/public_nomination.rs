//! The public form: consent, sealed names, one voice per person, and nothing told to strangers.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Cluster, Reply, World, all_at_once, text};
use serde_json::{Value, json};

fn voice(product: &str, contact: &str) -> Value {
    json!({
        "product": product, "reason": "Oleh-oleh wajib dari sini.", "name": "Rina Wijaya", "contact": contact,
        "consent": true,
    })
}

async fn send(aggregator: &Aggregator, body: Value) -> Reply {
    aggregator.world.visitor.post(&aggregator.shop("/nominations"), body).await
}

async fn queue(aggregator: &Aggregator) -> Vec<Value> {
    let path = aggregator.path("nominations?source=public");
    aggregator.owner.get(&path).await.json(200)["data"].as_array().cloned().expect("a list")
}

#[tokio::test]
async fn a_nomination_of_the_public_waits_in_the_queue_with_its_supporters() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let slug = text(&product["slug"]);
    let first = send(&aggregator, voice(&slug, "0812-3456-7890")).await.json(201);
    assert_eq!((&first["status"], &first["product_id"]), (&json!("received"), &product["id"]));
    let second = send(&aggregator, voice(&text(&product["id"]), "budi@contoh.id")).await.json(201);
    let repeated = send(&aggregator, voice(&slug, "+6281234567890")).await.json(201);
    assert_eq!((&second, &repeated), (&first, &first), "nobody learns who came before");
    let queue = queue(&aggregator).await;
    assert_eq!(queue.len(), 1);
    assert_eq!((&queue[0]["status"], &queue[0]["supports"]), (&json!("open"), &json!(2)));
    assert_eq!((&queue[0]["nominated_by"], &queue[0]["supporters"]), (&Value::Null, &Value::Null));
    let path = aggregator.path(&format!("nominations/{}", text(&queue[0]["id"])));
    let read = aggregator.owner.get(&path).await.json(200);
    assert_eq!(read["supporters"][1]["contact"], "+6281234567890");
    assert_eq!(read["supporters"][1]["name"], "Rina Wijaya");
    let curator = aggregator.member(Role::Curator).await;
    let masked = curator.get(&path).await.json(200);
    assert_eq!(masked["supporters"][1]["contact"], "+62********890");
    assert_eq!(masked["supporters"][1]["name"], "R***");
    let events = format!(
        "SELECT FROM events WHERE subject_id = '{}' AND kind IN ('nomination.created', 'nomination.supported')",
        text(&queue[0]["id"])
    );
    let cluster = Cluster::get();
    let rows = cluster.superuser(&cluster.database).await.query(&events, &[]).await.expect("events");
    assert_eq!(rows.len(), 2, "a repetition changes nothing");
}

#[tokio::test]
async fn a_voice_for_what_members_nominated_is_support() {
    let aggregator = World::new().await.aggregator().await;
    let product = text(&aggregator.product().await["id"]);
    let body = json!({ "product_id": product, "reason": "Rasa khas." });
    let made = aggregator.owner.post(&aggregator.path("nominations"), body).await.json(201);
    let _ = send(&aggregator, voice(&product, "rina@contoh.id")).await.expect(201);
    let path = aggregator.path(&format!("nominations/{}", text(&made["id"])));
    let read = aggregator.owner.get(&path).await.json(200);
    assert_eq!((&read["source"], &read["supports"]), (&json!("staff"), &json!(1)));
    assert_eq!(read["version"], made["version"], "nobody's edit waits for it");
}

#[tokio::test]
async fn without_consent_or_a_contact_nothing_is_kept() {
    let aggregator = World::new().await.aggregator().await;
    let product = text(&aggregator.product().await["slug"]);
    let mut bad = voice(&product, "rina");
    (bad["consent"], bad["name"], bad["reason"]) = (json!(false), json!(""), json!("x".repeat(2_001)));
    send(&aggregator, bad).await.faults(&[
        ("/reason", "too_long"),
        ("/name", "required"),
        ("/contact", "invalid_contact"),
        ("/consent", "consent_missing"),
    ]);
    send(&aggregator, voice("tidak-ada", "rina@contoh.id"))
        .await
        .faults(&[("/product", "unknown_reference")]);
    let hidden = text(&aggregator.draft_product().await["id"]);
    send(&aggregator, voice(&hidden, "rina@contoh.id")).await.faults(&[("/product", "unknown_reference")]);
    assert!(queue(&aggregator).await.is_empty());
}

#[tokio::test]
async fn the_national_form_names_the_aggregator_too() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let form = "/v1/storefront/nominations";
    let visitor = &aggregator.world.visitor;
    let named = format!("{}/{}", aggregator.slug, text(&product["slug"]));
    let _ = visitor.post(form, voice(&named, "rina@contoh.id")).await.expect(201);
    assert_eq!(queue(&aggregator).await.len(), 1);
    let alone = voice(&text(&product["slug"]), "rina@contoh.id");
    visitor.post(form, alone).await.faults(&[("/product", "unknown_reference")]);
}

#[tokio::test]
async fn one_person_has_twenty_voices_a_day() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let _ = send(&aggregator, voice(&text(&product["slug"]), "rina@contoh.id")).await.expect(201);
    // As if the same person had spoken for many others.
    let fill = format!(
        "INSERT INTO nominations (aggregator_id, id, product_id, reason, status, created_at, updated_at) \
         SELECT aggregator_id, gen_random_uuid(), product_id, 'x', 'withdrawn', now(), now() FROM nominations, generate_series(1, 19) \
         WHERE product_id = '{0}'; \
         INSERT INTO nomination_supports SELECT s.aggregator_id, gen_random_uuid(), n.id, name_sealed, contact_sealed, \
         contact_hash, s.reason, locale, consent_at, now() FROM nomination_supports s \
         JOIN nominations n ON n.aggregator_id = s.aggregator_id AND n.status = 'withdrawn' WHERE n.product_id = '{0}'",
        text(&product["id"])
    );
    let cluster = Cluster::get();
    cluster.superuser(&cluster.database).await.batch_execute(&fill).await.expect("voices");
    let other = text(&aggregator.product().await["slug"]);
    send(&aggregator, voice(&other, "Rina@contoh.id")).await.problem(429, "rate_limited");
    let _ = send(&aggregator, voice(&other, "budi@contoh.id")).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_voices_at_once_each_is_counted_once() {
    let aggregator = World::new().await.aggregator().await;
    let product = text(&aggregator.product().await["slug"]);
    let calls = (0..8).map(|n| {
        let contact = format!("suara{}@contoh.id", n % 4);
        aggregator.world.visitor.post(&aggregator.shop("/nominations"), voice(&product, &contact))
    });
    for reply in all_at_once(calls).await {
        let _ = reply.expect(201);
    }
    let queue = queue(&aggregator).await;
    assert_eq!((queue.len(), &queue[0]["supports"]), (1, &json!(4)));
}

/// How many voices are kept beside a nomination, and how many are shown.
async fn kept(aggregator: &Aggregator, nomination: &str) -> (usize, usize) {
    let cluster = Cluster::get();
    let sql = "SELECT FROM nomination_supports WHERE nomination_id::text = $1";
    let rows = cluster.superuser(&cluster.database).await.query(sql, &[&nomination]).await.expect(sql);
    let read = aggregator.owner.get(&aggregator.path(&format!("nominations/{nomination}"))).await.json(200);
    (rows.len(), read["supporters"].as_array().expect("supporters").len())
}

#[tokio::test]
async fn what_the_public_says_of_itself_ends_a_year_after_the_decision_or_with_the_mutiara() {
    let aggregator = World::new().await.aggregator().await;
    let cluster = Cluster::get();
    let (database, db) = (cluster.superuser(&cluster.database).await, cluster.pools());
    for (running, over) in [
        ("status = 'open', decided_at = NULL", ""),
        (
            "status = 'declined', decision_reason = 'x', actions = '{x}', decided_at = now() - interval '364 days'",
            "decided_at = now() - interval '367 days'",
        ),
        ("status = 'accepted', decision_reason = 'x', decided_at = now()", "status = 'expired'"),
        ("status = 'withdrawn', updated_at = now()", "updated_at = now() - interval '367 days'"),
    ] {
        let product = aggregator.product().await;
        let slug = text(&product["slug"]);
        for contact in ["0812-3456-7890", "budi@contoh.id"] {
            let _ = send(&aggregator, voice(&slug, contact)).await.expect(201);
        }
        let all = queue(&aggregator).await;
        let of_product = all.iter().find(|nomination| nomination["product_id"] == product["id"]);
        let id = text(&of_product.expect("a nomination")["id"]);
        let set = async |what: &str| {
            let sql = format!("UPDATE nominations SET {what} WHERE id = '{id}'");
            database.batch_execute(&sql).await.expect(&sql);
        };
        set(running).await;
        let _ = db.forget_supporters().await.expect("nothing of it");
        assert_eq!(kept(&aggregator, &id).await, (2, 2), "{running}");
        match over {
            // Nobody decides: two years are enough.
            "" => {
                let sql = format!(
                    "UPDATE nomination_supports SET created_at = now() - interval '25 months' WHERE nomination_id = '{id}'"
                );
                database.batch_execute(&sql).await.expect(&sql);
            }
            over => set(over).await,
        }
        let _ = db.forget_supporters().await.expect("all of it");
        assert_eq!(kept(&aggregator, &id).await, (0, 0), "{over}");
        let sql = "SELECT data ->> 'count' FROM events WHERE kind = 'nomination.supporters_forgotten' AND subject_id::text = $1";
        let told: Vec<_> = database.query(sql, &[&id]).await.expect(sql);
        assert_eq!((told.len(), told[0].get::<_, String>(0)), (1, "2".to_owned()));
    }
}
