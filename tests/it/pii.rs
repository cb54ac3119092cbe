//! Personal data: sealed where it lies, masked for everybody, unmasked for a purpose that stays on record.

use std::sync::atomic::{AtomicBool, Ordering};

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Cluster, Member, Server, ServerOptions, World, text, unique};
use serde_json::{Value, json};
use tokio_postgres::Client;

const PURPOSE: &str = "Mencairkan hasil penjualan";

/// Digits that no other test has.
fn digits(count: usize) -> String {
    let number = uuid::Uuid::now_v7().as_u128() % 10_u128.pow(u32::try_from(count).expect("few"));
    format!("{number:0count$}").replacen('0', "7", 1)
}

fn path(aggregator: &Aggregator, merchant: &Value, rest: &str) -> String {
    aggregator.path(&format!("merchants/{}{rest}", text(&merchant["id"])))
}

fn account(number: &str, holder: &str) -> Value {
    json!({ "bank_code": "014", "bank_name": "Bank Central Asia", "account_number": number, "account_holder": holder })
}

async fn read(member: &Member, aggregator: &Aggregator, merchant: &Value) -> kapal_tests::Reply {
    member.post(&path(aggregator, merchant, "/pii"), json!({ "purpose": PURPOSE })).await
}

/// The audit entries of an action, in order.
async fn audited(aggregator: &Aggregator, database: &Client, action: &str) -> Vec<Value> {
    let sql = "SELECT entry FROM audit_entries WHERE aggregator_id::text = $1 AND action = $2 ORDER BY seq";
    let rows = database.query(sql, &[&aggregator.id, &action]).await.expect("entries");
    rows.iter().map(|row| serde_json::from_str(row.get(0)).expect("JSON")).collect()
}

async fn database() -> Client {
    let cluster = Cluster::get();
    cluster.superuser(&cluster.database).await
}

/// A merchant with an account, capital and sales that no other has, and these texts.
async fn merchant_with_secrets(aggregator: &Aggregator) -> (Value, [String; 6]) {
    let (number, holder) = (digits(16), format!("Maria Ina {}", unique()));
    let (sales, capital) = (digits(9), digits(9));
    // District 99 is nobody's.
    let (nik, npwp) = (format!("320199500190{}", digits(4)), format!("0{}", digits(15)));
    let rupiah = |amount: &str| json!({ "amount": amount, "currency": "IDR" });
    let merchant = aggregator.active_merchant().await;
    let of = path(aggregator, &merchant, "");
    let put = aggregator.owner.put(&format!("{of}/bank-account"), account(&number, &holder)).await;
    let _ = put.expect(201);
    let capital_first = json!({ "capital": rupiah(&capital) });
    let now = aggregator.owner.patch(&of, capital_first).of(&merchant["version"]).await.json(200);
    let then_sales = json!({ "yearly_sales": rupiah(&sales), "scale_year": 2025 });
    let merchant = aggregator.owner.patch(&of, then_sales).of(&now["version"]).await.json(200);
    for (kind, number) in [("nik", &nik), ("npwp", &npwp)] {
        let _ = aggregator.verified_document(&text(&merchant["id"]), kind, json!({ "number": number })).await;
    }
    (merchant, [number, holder, sales, capital, nik, npwp])
}

#[tokio::test]
async fn an_account_is_masked_for_everybody_and_replaced_with_its_version() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let of = path(&aggregator, &merchant, "/bank-account");
    let owner = &aggregator.owner;
    owner.get(&of).await.problem(404, "not_found");
    let made = owner.put(&of, account("123-456-781-234", "Maria Ina")).await.expect(201);
    assert_eq!(made.header("location"), of);
    assert_eq!(
        (&made.json["account_number"], &made.json["account_holder"]),
        (&json!("******1234"), &json!("M*** I***"))
    );
    let same = owner.put(&of, account("123456781234", " Maria Ina ")).await.expect(200);
    assert_eq!(same.json, made.json, "an equal one changes nothing");
    owner.put(&of, account("999999999999", "Maria Ina")).await.problem(428, "precondition_required");
    owner
        .put(&of, account("999999999999", "Maria Ina"))
        .of(&json!(7))
        .await
        .problem(412, "precondition_failed");
    let only_new = owner.put(&of, account("999999999999", "Maria Ina")).header("If-None-Match", "*").await;
    only_new.problem(412, "precondition_failed");
    let changed = owner.put(&of, account("999999999999", "Maria Ina")).of(&json!(1)).await.expect(200);
    assert_eq!((&changed.json["version"], changed.header("etag")), (&json!(2), "\"2\""));
    for role in [Role::Curator, Role::Analyst, Role::MerchantManager] {
        let member = aggregator.member(role).await;
        assert_eq!(member.get(&of).await.json(200), changed.json, "{role}");
    }
    let bad =
        json!({ "bank_code": "14", "bank_name": "B", "account_number": "******9999", "account_holder": "" });
    owner.put(&of, bad).of(&json!(2)).await.faults(&[
        ("/bank_code", "invalid_bank_code"),
        ("/bank_name", "too_short"),
        ("/account_number", "invalid_account_number"),
        ("/account_holder", "required"),
    ]);
    let _ = owner.step(&path(&aggregator, &merchant, "/archive")).await.expect(200);
    owner.put(&of, account("111111111111", "Maria Ina")).of(&json!(2)).await.problem(409, "wrong_state");
}

#[tokio::test]
async fn who_may_read_says_why_and_who_may_not_is_refused() {
    let aggregator = World::new().await.aggregator().await;
    let (merchant, [number, holder, sales, capital, nik, npwp]) = merchant_with_secrets(&aggregator).await;
    let own = aggregator.merchant_member(&text(&merchant["id"])).await;
    let manager = aggregator.member(Role::MerchantManager).await;
    for member in [&aggregator.owner, &manager, &own] {
        let reply = read(member, &aggregator, &merchant).await.expect(200);
        assert!(reply.header("cache-control").contains("no-store"), "{reply}");
        let data = &reply.json;
        assert_eq!(data["bank_account"]["account_number"], number.as_str());
        assert_eq!(data["bank_account"]["account_holder"], holder.as_str());
        assert_eq!(
            (&data["yearly_sales"]["amount"]["amount"], &data["yearly_sales"]["year"]),
            (&json!(sales), &json!(2025))
        );
        assert_eq!(data["capital"]["amount"]["amount"], capital.as_str());
        assert_eq!((&data["nik"], &data["npwp"]), (&json!(nik), &json!(npwp)));
    }
    for role in [Role::Curator, Role::Analyst, Role::LocalHero] {
        let member = aggregator.member(role).await;
        read(&member, &aggregator, &merchant).await.problem(403, "forbidden");
    }
    let other = aggregator.member(Role::Merchant).await;
    read(&other, &aggregator, &merchant).await.problem(404, "not_found");
    let of = path(&aggregator, &merchant, "/pii");
    let owner = &aggregator.owner;
    owner.step(&of).await.is_problem();
    owner.post(&of, json!({})).await.faults(&[("/purpose", "required")]);
    let vague = json!({ "purpose": "cek", "fields": ["bank_account", "shoe_size"] });
    owner.post(&of, vague).await.faults(&[("/purpose", "too_short"), ("/fields/1", "invalid_choice")]);
    let one = json!({ "purpose": PURPOSE, "fields": ["capital", "capital"] });
    let one = owner.post(&of, one).await.json(200);
    assert_eq!((&one["bank_account"], &one["yearly_sales"]), (&Value::Null, &Value::Null));
    let entries = audited(&aggregator, &database().await, "pii.read").await;
    assert_eq!(entries.len(), 4, "what was refused read nothing");
    assert_eq!(entries[3]["after"], json!({ "purpose": PURPOSE, "fields": ["capital"] }));
    assert_eq!(entries[2]["actor_id"], own.id.as_str());
    assert_eq!(entries[0]["subject_id"], merchant["id"]);
}

#[tokio::test]
async fn an_unmasked_answer_is_kept_nowhere_not_even_for_a_repeated_request() {
    let aggregator = World::new().await.aggregator().await;
    let (merchant, _) = merchant_with_secrets(&aggregator).await;
    for _ in 0..2 {
        let call =
            aggregator.owner.post(&path(&aggregator, &merchant, "/pii"), json!({ "purpose": PURPOSE }));
        let reply = call.header("Idempotency-Key", "sama").await.expect(200);
        assert_eq!(reply.header("idempotency-replayed"), "");
    }
    let database = database().await;
    assert_eq!(audited(&aggregator, &database, "pii.read").await.len(), 2, "each read is on record");
    let sql = "SELECT count(*) FROM idempotency_keys WHERE aggregator_id::text = $1 AND key = 'sama'";
    let kept: i64 = database.query_one(sql, &[&aggregator.id]).await.expect("a count").get(0);
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn a_hero_sees_an_account_masked_and_sets_none() {
    let aggregator = World::new().await.aggregator().await;
    let hero = aggregator.member(Role::LocalHero).await;
    let body =
        json!({ "name": format!("Kopi {}", unique()), "region_code": "53.07", "phone": "081234567890" });
    let own = hero.post(&aggregator.path("merchants"), body).await.json(201);
    let of = path(&aggregator, &own, "/bank-account");
    hero.put(&of, account("123456781234", "Maria Ina")).await.problem(403, "forbidden");
    let _ = aggregator.owner.put(&of, account("123456781234", "Maria Ina")).await.expect(201);
    assert_eq!(hero.get(&of).await.json(200)["account_number"], "******1234");
    read(&hero, &aggregator, &own).await.problem(403, "forbidden");
    let foreign = aggregator.active_merchant().await;
    hero.get(&path(&aggregator, &foreign, "/bank-account")).await.problem(404, "not_found");
}

#[tokio::test]
async fn no_table_log_event_or_mail_has_a_plain_text_of_it() {
    let aggregator = World::new().await.aggregator().await;
    let (merchant, secrets) = merchant_with_secrets(&aggregator).await;
    let replaced = account(&digits(16), &secrets[1]);
    let of = path(&aggregator, &merchant, "/bank-account");
    let _ = aggregator.owner.put(&of, replaced).of(&json!(1)).await.expect(200);
    let _ = read(&aggregator.owner, &aggregator, &merchant).await.expect(200);
    let malformed = account(&format!("{}x", secrets[0]), &secrets[1]);
    let _ = aggregator.owner.put(&of, malformed).of(&json!(2)).await.expect(422);
    let database = database().await;
    let tables = database
        .query("SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'", &[])
        .await
        .expect("tables");
    for table in tables {
        let table: String = table.get(0);
        // The hexadecimal form too: how a bytea shows what lies in it.
        let found = format!(
            "SELECT count(*) FROM {table} t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, $2) > 0"
        );
        for secret in &secrets {
            let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
            let rows: i64 = database.query_one(&found, &[secret, &hex]).await.expect(&found).get(0);
            assert_eq!(rows, 0, "{table} has {secret}");
        }
    }
    let log = std::fs::read_to_string(Cluster::get().data.join("log")).expect("the server's log");
    for secret in &secrets {
        assert!(!log.contains(secret), "the log has {secret}");
    }
}

#[tokio::test]
async fn a_sealed_value_opens_only_where_it_was_sealed() {
    let aggregator = World::new().await.aggregator().await;
    let (one, _) = merchant_with_secrets(&aggregator).await;
    let (two, _) = merchant_with_secrets(&aggregator).await;
    let database = database().await;
    let column = |merchant: &Value, from: &'static str| {
        let id = text(&merchant["id"]);
        let sql = format!("SELECT {from} FROM bank_accounts WHERE merchant_id::text = $1");
        let database = &database;
        async move { database.query_one(&sql, &[&id]).await.expect("an account").get::<_, Vec<u8>>(0) }
    };
    let put = async |value: Vec<u8>| {
        let sql = "UPDATE bank_accounts SET number_sealed = $2 WHERE merchant_id::text = $1";
        let changed = database.execute(sql, &[&text(&one["id"]), &value]).await.expect("an update");
        assert_eq!(changed, 1);
    };
    let own = column(&one, "number_sealed").await;
    for foreign in [column(&two, "number_sealed").await, column(&one, "holder_sealed").await] {
        put(foreign).await;
        aggregator.owner.get(&path(&aggregator, &one, "/bank-account")).await.problem(500, "internal");
        read(&aggregator.owner, &aggregator, &one).await.problem(500, "internal");
    }
    put(own).await;
    let _ = read(&aggregator.owner, &aggregator, &one).await.expect(200);
}

async fn rotate(server: &Server) -> String {
    let mut command = server.command(&["admin", "rotate-keys"]);
    let output =
        tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("a run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn new_keys_take_over_while_everybody_reads() {
    let server = Server::start(ServerOptions::default()).await;
    let aggregator = World::on(&server).await.aggregator().await;
    let product = aggregator.product().await;
    let (merchant, [number, ..]) = merchant_with_secrets(&aggregator).await;
    let contact = aggregator.shop(&format!("/products/{}/contact", text(&product["slug"])));
    let buyer = json!({ "source": "app", "name": "Rina", "phone": "0857-1111-2222", "consent": true });
    let _ = aggregator.world.visitor.post(&contact, buyer).await.expect(201);
    // A restricted merchant's buyers are kept as well as all others.
    let restricted = text(&product["merchant_id"]);
    let request = json!({ "kind": "restriction", "merchant_id": restricted });
    let request = aggregator.owner.post(&aggregator.path("privacy-requests"), request).await.json(201);
    let fulfil = aggregator.path(&format!("privacy-requests/{}/fulfil", text(&request["id"])));
    let _ = aggregator.owner.post(&fulfil, json!({ "answer": "Dibatasi." })).await.expect(200);
    let done = AtomicBool::new(false);
    let reading = async {
        while !done.load(Ordering::Relaxed) {
            let data = read(&aggregator.owner, &aggregator, &merchant).await.json(200);
            assert_eq!(data["bank_account"]["account_number"], number.as_str());
        }
    };
    let rotating = async {
        let said = rotate(&server).await;
        let line = said.lines().find(|line| line.contains(&format!("{}: data key 2;", aggregator.slug)));
        assert!(line.is_some_and(|line| line.ends_with("sealed anew: 1 leads")), "{said}");
        let again = rotate(&server).await;
        assert!(again.contains(&format!("{}: data key 3;", aggregator.slug)), "{again}");
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(reading, rotating);
    let lift = aggregator.path(&format!("merchants/{restricted}/lift-restriction"));
    let _ = aggregator.owner.step(&lift).await.expect(200);
    let leads = aggregator.owner.get(&aggregator.path("leads")).await.json(200);
    assert_eq!(
        (&leads["data"][0]["name"], &leads["data"][0]["phone"]),
        (&json!("Rina"), &json!("+6285711112222"))
    );
    let database = Cluster::get().superuser(&server.database).await;
    let old = "SELECT (SELECT count(*) FROM subject_keys WHERE get_byte(wrapped, 3) <> 3) \
        + (SELECT count(*) FROM leads WHERE get_byte(name_sealed, 3) <> 3 OR get_byte(phone_sealed, 3) <> 3)";
    assert_eq!(database.query_one(old, &[]).await.expect("a count").get::<_, i64>(0), 0);
    let entries = audited(&aggregator, &database, "keys.rotated").await;
    assert_eq!(entries.len(), 2);
    assert_eq!(
        (&entries[0]["actor_kind"], &entries[0]["request_id"]),
        (&json!("system"), &json!("kapal admin rotate-keys"))
    );
    // A server that starts now knows all three keys, takes the tokens of the former one, and signs with it still.
    let env = vec![("KAPAL_PUBLIC_URL", server.address.clone())];
    let options = ServerOptions { env, ..ServerOptions::default() };
    let second = Server::on(server.database.clone(), options).await;
    let visitor = kapal_tests::Client::new(&second.address);
    let jwks = visitor.get("/.well-known/jwks.json").await.json(200);
    assert_eq!(jwks["keys"].as_array().map(Vec::len), Some(3));
    let member = visitor.with_token(aggregator.owner.token());
    let _ = member.get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn a_merchant_is_found_by_its_whole_number_and_the_log_says_why_and_not_which() {
    let aggregator = World::new().await.aggregator().await;
    let (one, [number, _, _, _, nik, npwp]) = merchant_with_secrets(&aggregator).await;
    let (two, _) = merchant_with_secrets(&aggregator).await;
    let owner = &aggregator.owner;
    let find_at = aggregator.path("pii/find-by-number");
    let body = |kind: &str, number: &str| json!({ "kind": kind, "number": number, "purpose": PURPOSE });
    let find = async |member: &Member, kind: &str, number: &str| {
        member.post(&find_at, body(kind, number)).await.json(200)["merchant_ids"].clone()
    };
    let grouped = format!("{} {}", &number[..8], &number[8..]);
    for (kind, number) in
        [("nik", &nik), ("npwp", &npwp), ("bank_account", &number), ("bank_account", &grouped)]
    {
        assert_eq!(find(owner, kind, number).await, json!([one["id"]]), "{kind}");
    }
    assert_eq!(find(owner, "npwp", &nik).await, json!([]), "another kind has nothing in common");
    // Another aggregator has the same person, and neither learns of the other.
    let other = aggregator.world.aggregator().await;
    assert_eq!(find_elsewhere(&other, &nik).await, json!([]));
    // Whoever is narrowed finds his own alone.
    let member = aggregator.merchant_member(&text(&two["id"])).await;
    assert_eq!(find(&member, "nik", &nik).await, json!([]));
    for role in [Role::Analyst, Role::LocalHero] {
        aggregator.member(role).await.post(&find_at, body("nik", &nik)).await.problem(403, "forbidden");
    }
    owner
        .post(&find_at, json!({ "kind": "x", "number": "1", "purpose": "" }))
        .await
        .faults(&[("/purpose", "required"), ("/kind", "invalid_choice")]);
    owner.post(&find_at, body("nik", "3201993213900001")).await.faults(&[("/number", "impossible_nik_date")]);
    let database = database().await;
    let entries = audited(&aggregator, &database, "pii.searched").await;
    let last = entries.first().expect("an entry");
    assert_eq!(last["after"], json!({ "purpose": PURPOSE, "kind": "nik", "merchant_ids": [one["id"]] }));
    assert!(!json!(entries).to_string().contains(&nik));
    // A key keeps no answer: a second look-up is a second entry.
    let before = entries.len();
    for _ in 0..2 {
        let call = owner.post(&find_at, body("nik", &nik)).header("Idempotency-Key", "cari");
        let _ = call.await.expect(200);
    }
    assert_eq!(audited(&aggregator, &database, "pii.searched").await.len(), before + 2);
}

async fn find_elsewhere(aggregator: &Aggregator, nik: &str) -> Value {
    let body = json!({ "kind": "nik", "number": nik, "purpose": PURPOSE });
    let path = aggregator.path("pii/find-by-number");
    aggregator.owner.post(&path, body).await.json(200)["merchant_ids"].clone()
}

#[tokio::test]
async fn an_account_that_another_merchant_has_too_is_marked_whenever_it_was_set() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let (one, two) = (aggregator.merchant().await, aggregator.merchant().await);
    let number = digits(14);
    let put = async |merchant: &Value| {
        let path = path(&aggregator, merchant, "/bank-account");
        owner.put(&path, account(&number, "Maria Ina")).await.json(201)["used_elsewhere"].clone()
    };
    assert_eq!(put(&one).await, false);
    assert_eq!(put(&two).await, true);
    // As it lay there before accounts had hashes.
    let sql =
        format!("UPDATE bank_accounts SET number_hash = NULL WHERE merchant_id = '{}'", text(&two["id"]));
    database().await.batch_execute(&sql).await.expect("an update");
    let read = async |merchant: &Value| {
        owner.get(&path(&aggregator, merchant, "/bank-account")).await.json(200)["used_elsewhere"].clone()
    };
    assert_eq!(read(&one).await, false);
    assert!(Cluster::get().pools().hash_bank_accounts().await.expect("hashes") >= 1);
    assert_eq!((read(&one).await, read(&two).await), (json!(true), json!(true)));
    // Who sees one of the two alone learns nothing of the other.
    let member = aggregator.merchant_member(&text(&one["id"])).await;
    let seen = member.get(&path(&aggregator, &one, "/bank-account")).await.json(200);
    assert_eq!(seen["used_elsewhere"], false);
}
