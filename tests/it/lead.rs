//! Leads: what a buyer's contact leaves behind, who sees it, and what becomes of it.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Client, Cluster, World, eventually, text};
use serde_json::{Value, json};

/// Makes contact about a product.
async fn contact(aggregator: &Aggregator, product: &Value, body: Value) -> Value {
    let path = aggregator.shop(&format!("/products/{}/contact", text(&product["slug"])));
    aggregator.world.visitor.post(&path, body).await.json(201)
}

/// The lead with this code.
async fn lead(client: &Client, aggregator: &Aggregator, code: &Value) -> Value {
    let leads = client.get(&aggregator.path("leads?limit=100")).await.json(200);
    let mut leads = leads["data"].as_array().cloned().unwrap_or_default().into_iter();
    leads.find(|lead| &lead["code"] == code).unwrap_or_else(|| panic!("no lead {code}"))
}

fn buyer() -> Value {
    json!({ "source": "app", "name": "Rina Wulandari", "phone": "0857-1111-2222", "consent": true })
}

#[tokio::test]
async fn a_contact_makes_a_lead_and_answers_with_the_whatsapp_link() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let made = contact(&aggregator, &product, json!({ "source": "instagram", "locale": "en" })).await;
    let link = url::Url::parse(&text(&made["whatsapp_url"])).expect("an address");
    assert_eq!((link.scheme(), link.host_str(), link.path()), ("https", Some("wa.me"), "/6281234567890"));
    assert_eq!(link.query_pairs().next().expect("a text").1, text(&made["text"]));
    let said = text(&made["text"]);
    assert!(said.starts_with("Hello") && said.ends_with(&text(&made["lead_code"])), "{said}");
    assert!(said.contains(&text(&product["translations"]["en"]["name"])), "{said}");
    let lead = lead(&aggregator.owner, &aggregator, &made["lead_code"]).await;
    assert_eq!(
        (&lead["status"], &lead["source"], &lead["locale"]),
        (&json!("new"), &json!("instagram"), &json!("en"))
    );
    assert_eq!((&lead["product"]["id"], &lead["merchant"]["id"]), (&product["id"], &product["merchant_id"]));
    assert_eq!(
        (&lead["name"], &lead["phone"], &lead["consent_at"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let path = aggregator.shop(&format!("/products/{}/contact", text(&product["id"])));
    let bare = aggregator.world.visitor.step(&path).await.json(201);
    assert!(text(&bare["text"]).starts_with("Halo"), "{bare}");
    let national = format!("/v1/storefront/products/{}/{}/contact", aggregator.slug, text(&product["slug"]));
    let _ = aggregator.world.visitor.step(&national).await.expect(201);
    let leads = aggregator.owner.get(&aggregator.path("leads?colour=red")).await;
    leads.problem(400, "unknown_parameter");
    let leads = aggregator.owner.get(&aggregator.path("leads")).await.json(200);
    assert_eq!(leads["data"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn personal_data_is_kept_with_consent_alone() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let path = aggregator.shop(&format!("/products/{}/contact", text(&product["slug"])));
    let visitor = &aggregator.world.visitor;
    for refused in [
        json!({ "name": "Rina" }),
        json!({ "phone": "0857-1111-2222" }),
        json!({ "name": "Rina", "phone": "0857-1111-2222", "consent": false }),
    ] {
        visitor.post(&path, refused).await.faults(&[("/consent", "required")]);
    }
    visitor
        .post(
            &path,
            json!({ "source": "tv", "locale": "fr", "name": "R\u{0}", "phone": "12", "consent": false }),
        )
        .await
        .faults(&[
            ("/source", "invalid_choice"),
            ("/locale", "invalid_locale"),
            ("/name", "invalid_characters"),
            ("/phone", "invalid_phone"),
            ("/consent", "required"),
        ]);
    assert_eq!(aggregator.owner.get(&aggregator.path("leads")).await.json(200)["data"], json!([]));
    let silent = contact(&aggregator, &product, json!({ "name": "  ", "phone": "", "consent": true })).await;
    let silent = lead(&aggregator.owner, &aggregator, &silent["lead_code"]).await;
    assert_eq!((&silent["name"], &silent["consent_at"]), (&Value::Null, &Value::Null));
    let made = contact(&aggregator, &product, buyer()).await;
    let kept = lead(&aggregator.owner, &aggregator, &made["lead_code"]).await;
    assert_eq!((&kept["name"], &kept["phone"]), (&json!("Rina Wulandari"), &json!("+6285711112222")));
    assert!(kept["consent_at"].is_string(), "{kept}");
}

#[tokio::test]
async fn the_database_holds_no_buyer_in_the_clear() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let path = aggregator.shop(&format!("/products/{}/contact", text(&product["slug"])));
    let sent =
        aggregator.world.visitor.post(&path, buyer()).header("Idempotency-Key", "sekali").await.json(201);
    let made = lead(&aggregator.owner, &aggregator, &sent["lead_code"]).await;
    let lead_path = aggregator.path(&format!("leads/{}", text(&made["id"])));
    let note = json!({ "note": "Rina Wulandari minta kiriman.", "status": "contacted" });
    let _ = aggregator.owner.patch(&lead_path, note).of(&made["version"]).await.expect(200);
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let clear = ["Rina", "Wulandari", "85711112222", "1111-2222"];
    let hidden: Vec<String> = clear
        .iter()
        .flat_map(|word| [(*word).to_owned(), word.bytes().map(|b| format!("{b:02x}")).collect()])
        .collect();
    for table in ["leads", "events", "audit_entries", "idempotency_keys", "mail_outbox"] {
        let row = if table == "leads" { "to_jsonb(t) - 'note'" } else { "to_jsonb(t)" };
        let sql = format!("SELECT ({row})::text FROM {table} t WHERE aggregator_id = '{}'", aggregator.id);
        let rows = database.query(&sql, &[]).await.expect("rows");
        assert!(!rows.is_empty() || table == "mail_outbox", "{table}");
        for row in rows {
            let row: String = row.get(0);
            assert!(!hidden.iter().any(|word| row.contains(word)), "{table}: {row}");
        }
    }
}

#[tokio::test]
async fn without_a_whatsapp_channel_there_is_no_link_but_a_lead() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let channel = aggregator.path(&format!("merchants/{}/channels/whatsapp", text(&product["merchant_id"])));
    let _ = aggregator.owner.delete(&channel).await.expect(204);
    let made = contact(&aggregator, &product, json!({})).await;
    assert_eq!(made["whatsapp_url"], Value::Null);
    let _ = lead(&aggregator.owner, &aggregator, &made["lead_code"]).await;
}

#[tokio::test]
async fn a_lead_moves_on_by_its_steps_alone() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let ways: [(&str, &[&str]); 5] = [
        ("new", &[]),
        ("contacted", &["contacted"]),
        ("won", &["contacted", "won"]),
        ("lost", &["contacted", "lost"]),
        ("spam", &["spam"]),
    ];
    for (from, way) in ways {
        for (to, _) in ways.iter().filter(|(to, _)| *to != from) {
            let made = contact(&aggregator, &product, json!({})).await;
            let mut lead = lead(&aggregator.owner, &aggregator, &made["lead_code"]).await;
            let path = aggregator.path(&format!("leads/{}", text(&lead["id"])));
            for step in way {
                lead = aggregator
                    .owner
                    .patch(&path, json!({ "status": step }))
                    .of(&lead["version"])
                    .await
                    .json(200);
            }
            assert_eq!(lead["status"], from);
            let moved = aggregator.owner.patch(&path, json!({ "status": to })).of(&lead["version"]).await;
            let exists =
                matches!((from, *to), ("new", "contacted") | ("contacted", "won" | "lost") | (_, "spam"));
            if exists {
                assert_eq!(moved.json(200)["status"], *to);
            } else {
                let problem = moved.problem(409, "wrong_state");
                assert!(problem["detail"].as_str().is_some_and(|d| d.contains(from)), "{problem}");
                assert_eq!(aggregator.owner.get(&path).await.json(200), lead);
            }
        }
    }
}

#[tokio::test]
async fn a_note_is_written_and_cleared_and_bad_fields_are_named() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let made = contact(&aggregator, &product, json!({})).await;
    let lead = lead(&aggregator.owner, &aggregator, &made["lead_code"]).await;
    let path = aggregator.path(&format!("leads/{}", text(&lead["id"])));
    let noted = aggregator.owner.patch(&path, json!({ "note": "Minta sampel." })).of(&lead["version"]).await;
    let noted = noted.json(200);
    assert_eq!((&noted["note"], &noted["status"]), (&json!("Minta sampel."), &json!("new")));
    let bad = json!({ "status": null, "note": "x".repeat(2_001) });
    let refused = aggregator.owner.patch(&path, bad).of(&noted["version"]).await;
    refused.faults(&[("/status", "required"), ("/note", "too_long")]);
    let cleared =
        aggregator.owner.patch(&path, json!({ "note": null })).of(&noted["version"]).await.json(200);
    assert_eq!(cleared["note"], "");
    let analyst = aggregator.member(Role::Analyst).await;
    let refused = analyst.patch(&path, json!({ "note": "x" })).of(&cleared["version"]).await;
    refused.problem(403, "forbidden");
}

#[tokio::test]
async fn who_may_not_see_personal_data_sees_it_masked() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let made = contact(&aggregator, &product, buyer()).await;
    for role in [Role::Curator, Role::Analyst] {
        let seen = lead(&aggregator.member(role).await.client, &aggregator, &made["lead_code"]).await;
        assert_eq!((&seen["name"], &seen["phone"]), (&json!("R***"), &json!("+62********222")), "{role}");
    }
    for role in [Role::Admin, Role::MerchantManager] {
        let seen = lead(&aggregator.member(role).await.client, &aggregator, &made["lead_code"]).await;
        assert_eq!(seen["phone"], "+6285711112222", "{role}");
    }
}

#[tokio::test]
async fn heroes_and_merchants_see_leads_of_their_own_merchants_alone() {
    let aggregator = World::new().await.aggregator().await;
    let hero = aggregator.member(Role::LocalHero).await;
    let found = json!({ "name": "Kopi Temuan", "region_code": "53.07", "phone": "081234567890", "nib": kapal_tests::nib() });
    let found = hero.post(&aggregator.path("merchants"), found).await.json(201);
    for step in ["submit", "verify"] {
        let path = aggregator.path(&format!("merchants/{}/{step}", text(&found["id"])));
        let reply = aggregator.owner.step(&path).await;
        if reply.code() == "merchant_incomplete" {
            let channel = aggregator.path(&format!("merchants/{}/channels/whatsapp", text(&found["id"])));
            let _ = aggregator.owner.put(&channel, json!({ "handle": "081234567890" })).await.expect(201);
            let _ = aggregator.owner.step(&path).await.expect(200);
        } else {
            let _ = reply.expect(200);
        }
    }
    aggregator.prove(&text(&found["id"])).await;
    let body = aggregator.product_body(&text(&found["id"])).await;
    let his = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
    let his = aggregator.publish(&text(&his["id"])).await;
    let other = aggregator.product().await;
    let own = aggregator.merchant_member(&text(&other["merchant_id"])).await;
    let (his, other) =
        (contact(&aggregator, &his, buyer()).await, contact(&aggregator, &other, buyer()).await);
    for (member, seen, unseen) in [(&hero, &his, &other), (&own, &other, &his)] {
        let leads = member.get(&aggregator.path("leads")).await.json(200);
        let codes: Vec<_> =
            leads["data"].as_array().into_iter().flatten().map(|lead| &lead["code"]).collect();
        assert_eq!(codes, [&seen["lead_code"]]);
        let hidden = lead(&aggregator.owner, &aggregator, &unseen["lead_code"]).await;
        let path = aggregator.path(&format!("leads/{}", text(&hidden["id"])));
        member.get(&path).await.problem(404, "not_found");
    }
    let mine = lead(&own, &aggregator, &other["lead_code"]).await;
    assert_eq!(mine["phone"], "+6285711112222", "a merchant sees who asked");
    let path = aggregator.path(&format!("leads/{}", text(&mine["id"])));
    let moved = own.patch(&path, json!({ "status": "contacted" })).of(&mine["version"]).await;
    assert_eq!(moved.json(200)["status"], "contacted");
    let theirs = lead(&hero, &aggregator, &his["lead_code"]).await;
    let path = aggregator.path(&format!("leads/{}", text(&theirs["id"])));
    hero.patch(&path, json!({ "status": "contacted" }))
        .of(&theirs["version"])
        .await
        .problem(403, "forbidden");
}

#[tokio::test]
async fn leads_are_listed_by_status_merchant_and_product() {
    let aggregator = World::new().await.aggregator().await;
    let (first, second) = (aggregator.product().await, aggregator.product().await);
    let made = contact(&aggregator, &first, json!({})).await;
    let _ = contact(&aggregator, &second, json!({})).await;
    let new = lead(&aggregator.owner, &aggregator, &made["lead_code"]).await;
    let path = aggregator.path(&format!("leads/{}", text(&new["id"])));
    let _ = aggregator.owner.patch(&path, json!({ "status": "spam" })).of(&new["version"]).await.expect(200);
    for (query, count) in [
        ("status=spam".to_owned(), 1),
        ("status=new,spam".to_owned(), 2),
        ("status=won".to_owned(), 0),
        (format!("merchant={}", text(&first["merchant_id"])), 1),
        (format!("product={}&status=new", text(&second["id"])), 1),
    ] {
        let found = aggregator.owner.get(&aggregator.path(&format!("leads?{query}"))).await.json(200);
        assert_eq!(found["data"].as_array().map(Vec::len), Some(count), "{query}");
    }
    for bad in ["status=shiny", "merchant=x", "product=x"] {
        aggregator
            .owner
            .get(&aggregator.path(&format!("leads?{bad}")))
            .await
            .problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn an_answer_its_outcome_and_what_was_sold_are_kept_and_reported() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let won = contact(&aggregator, &product, json!({ "source": "qr" })).await;
    let lost = contact(&aggregator, &product, json!({ "source": "qr" })).await;
    let open = contact(&aggregator, &product, json!({ "source": "web" })).await;
    let spam = contact(&aggregator, &product, json!({ "source": "web" })).await;
    let of = async |made: &Value| lead(&aggregator.owner, &aggregator, &made["lead_code"]).await;
    let change = async |made: &Value, body: Value| {
        let lead = of(made).await;
        let path = aggregator.path(&format!("leads/{}", text(&lead["id"])));
        aggregator.owner.patch(&path, body).of(&lead["version"]).await
    };
    assert_eq!(of(&won).await["answered_at"], Value::Null);
    let sold = json!({ "amount": "1500000", "currency": "IDR" });
    change(&won, json!({ "won_value": sold })).await.faults(&[("/won_value", "lead_not_won")]);
    for (bad, fault) in [
        (json!({ "amount": "0", "currency": "IDR" }), ("/won_value/amount", "out_of_range")),
        (json!({ "amount": "10", "currency": "USD" }), ("/won_value/currency", "invalid_currency")),
    ] {
        change(&won, json!({ "status": "contacted", "won_value": bad })).await.faults(&[fault]);
    }
    let contacted = change(&won, json!({ "status": "contacted" })).await.json(200);
    assert!(contacted["answered_at"].is_string() && contacted["answer_minutes"] == 0, "{contacted}");
    let body = json!({ "status": "won", "outcome": "Dua puluh bungkus.", "won_value": sold });
    let sale = change(&won, body).await.json(200);
    assert_eq!((&sale["won_value"], &sale["outcome"]), (&sold, &json!("Dua puluh bungkus.")));
    assert_eq!(sale["answered_at"], contacted["answered_at"], "the first answer counts");
    for status in ["contacted", "lost"] {
        let _ = change(&lost, json!({ "status": status })).await.expect(200);
    }
    let _ = change(&spam, json!({ "status": "spam" })).await.expect(200);
    let report = async |query: &str| {
        aggregator.owner.get(&aggregator.path(&format!("reports/leads?{query}"))).await.json(200)
    };
    let by_source = report("group_by=source").await;
    let total = &by_source["total"];
    for (field, value) in [
        ("leads", 3),
        ("clicks", 0),
        ("answered", 2),
        ("answered_within_24h", 2),
        ("won", 1),
        ("lost", 1),
        ("spam", 1),
    ] {
        assert_eq!(total[field], value, "{field} of {by_source}");
    }
    assert_eq!(total["won_value"], json!([sold]));
    let groups: Vec<_> = by_source["groups"].as_array().into_iter().flatten().collect();
    assert_eq!((&groups[0]["key"], &groups[0]["leads"]), (&json!("qr"), &json!(2)));
    assert_eq!((&groups[1]["key"], &groups[1]["leads"]), (&json!("web"), &json!(1)));
    for (group, key) in [
        ("product", product["id"].clone()),
        ("merchant", product["merchant_id"].clone()),
        ("region", json!("53")),
    ] {
        let report = report(&format!("group_by={group}")).await;
        assert_eq!(
            (&report["groups"][0]["key"], &report["groups"][0]["leads"]),
            (&key, &json!(3)),
            "{report}"
        );
        assert!(!text(&report["groups"][0]["label"]).is_empty(), "{report}");
    }
    assert_eq!(report("group_by=week").await["groups"][0]["leads"], 3);
    assert_eq!(report("to=2026-01-01T00:00:00Z").await["total"]["leads"], 0);
    let stranger = aggregator.member(Role::Merchant).await;
    let own = stranger.get(&aggregator.path("reports/leads")).await.json(200);
    assert_eq!(own["total"]["leads"], 0, "of other merchants nothing is counted");
    for bad in ["group_by=colour", "from=x", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"] {
        let path = aggregator.path(&format!("reports/leads?{bad}"));
        aggregator.owner.get(&path).await.problem(400, "invalid_parameter");
    }
    let nothing = change(&won, json!({ "status": "spam" })).await.json(200);
    assert_eq!(nothing["won_value"], Value::Null, "what was no sale had no value");
    let found = async |query: &str| {
        let found = aggregator.owner.get(&aggregator.path(&format!("leads?{query}"))).await.json(200);
        let data = found["data"].as_array().cloned().unwrap_or_default();
        data.iter().map(|lead| lead["code"].clone()).collect::<Vec<_>>()
    };
    let codes = |all: &[&Value]| all.iter().map(|made| made["lead_code"].clone()).collect::<Vec<_>>();
    assert_eq!(found("source=web").await, codes(&[&spam, &open]));
    assert_eq!(found("kind=click").await, codes(&[]));
    assert_eq!(found("unanswered_since=2027-01-01T00:00:00Z").await, codes(&[&open]));
    assert_eq!(found("unanswered_since=2026-01-01T00:00:00Z").await, codes(&[]));
    assert_eq!(
        found("created_at[gte]=2026-01-01T00:00:00Z&created_at[lt]=2026-01-02T00:00:00Z").await,
        codes(&[])
    );
    assert_eq!(found("sort=created_at").await, codes(&[&won, &lost, &open, &spam]));
    assert_eq!(found("sort=-updated_at").await, codes(&[&won, &spam, &lost, &open]));
    let first = aggregator.owner.get(&aggregator.path("leads?sort=updated_at&limit=3")).await.json(200);
    let cursor = text(&first["page"]["next_cursor"]);
    assert_eq!(found(&format!("sort=updated_at&limit=3&cursor={cursor}")).await, codes(&[&won]));
}

#[tokio::test]
async fn of_a_lead_that_nobody_answers_those_concerned_are_reminded_once() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let merchant = aggregator.merchant_member(&text(&product["merchant_id"])).await;
    let waiting = contact(&aggregator, &product, json!({})).await;
    let answered = contact(&aggregator, &product, json!({})).await;
    let done = lead(&aggregator.owner, &aggregator, &answered["lead_code"]).await;
    let path = aggregator.path(&format!("leads/{}", text(&done["id"])));
    let _ = aggregator
        .owner
        .patch(&path, json!({ "status": "contacted" }))
        .of(&done["version"])
        .await
        .expect(200);
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let age = format!(
        "UPDATE leads SET created_at = created_at - interval '1 day', remind_at = remind_at - interval '1 day' WHERE aggregator_id = '{}'",
        aggregator.id
    );
    database.batch_execute(&age).await.expect("older leads");
    let letter = eventually("a letter", async || {
        aggregator.world.mail_to(&merchant.email).into_iter().find(|letter| letter.contains("24 jam"))
    })
    .await;
    assert!(letter.contains(&text(&waiting["lead_code"])), "{letter}");
    assert!(!letter.contains(&text(&answered["lead_code"])), "{letter}");
    let events = aggregator.path("audit?action=lead.unanswered");
    let told = async || aggregator.owner.get(&events).await.json(200)["data"].as_array().map(Vec::len);
    assert_eq!(told().await, Some(1));
    let due = format!(
        "SELECT count(*) FROM leads WHERE remind_at IS NOT NULL AND aggregator_id = '{}'",
        aggregator.id
    );
    let due: i64 = database.query_one(&due, &[]).await.expect("a count").get(0);
    assert_eq!(due, 0, "nobody is reminded again");
}
