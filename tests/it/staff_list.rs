//! The lists that staff work with, each against a model: random filters, orders and page sizes; every page walked and the
//! file read, no row twice or lost, none of a restricted merchant.

use kapal_domain::permission::Role;
use kapal_tests::{
    Aggregator, Client, Cluster, Member, Server, ServerOptions, World, phone_id, text, unique, visit,
};
use serde_json::{Value, json};
use tokio_postgres::Client as Database;
use uuid::Uuid;

use crate::programme::{enrol, programme_in};

/// Chance that a failed run can be told again by its seed.
pub struct Dice(u128);

impl Dice {
    pub fn new() -> Self {
        let seed = Uuid::now_v7().as_u128() | 1;
        println!("seed {seed}");
        Self(seed)
    }

    pub fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645).wrapping_add(99);
        usize::try_from((self.0 >> 64) % below as u128).expect("small")
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }
}

/// An id that says nothing about when it was made.
pub fn random_id() -> String {
    Uuid::from_u128(Uuid::now_v7().as_u128().swap_bytes()).to_string()
}

/// The ids of a list, all of its pages walked.
pub async fn walk(who: &Client, path: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = who.get(&format!("{path}&limit={limit}{cursor}")).await.json(200);
        let rows = page["data"].as_array().expect("a list");
        ids.extend(rows.iter().map(|row| text(row.get("id").unwrap_or(&row["user_id"]))));
        let Some(next) = page["page"]["next_cursor"].as_str() else { return ids };
        assert_eq!(rows.len(), limit, "a page before the last is full");
        cursor = format!("&cursor={next}");
    }
}

/// The ids of the same list as a file.
pub async fn file(who: &Client, path: &str) -> Vec<String> {
    let file = who.get(path).header("Accept", "text/csv").await.expect(200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8; header=present");
    file.text().split_terminator("\r\n").skip(1).map(|line| line[1..37].to_owned()).collect()
}

pub async fn database() -> Database {
    let cluster = Cluster::get();
    cluster.superuser(&cluster.database).await
}

/// `name=value` of what was chosen.
pub fn query(parts: &[(&str, Option<String>)]) -> String {
    let chosen = parts.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
    chosen.collect::<Vec<_>>().join("&")
}

pub struct Shop {
    pub id: String,
    pub name: String,
    pub status: &'static str,
    pub region: &'static str,
    scale: Option<&'static str>,
    level: Option<&'static str>,
    pub mentored: bool,
    /// State and days until the end of its halal certificate.
    halal: Option<(&'static str, Option<i32>)>,
    pub restricted: bool,
    created: usize,
    updated: usize,
}

const REGIONS: [&str; 5] = ["53.07", "53.07.01", "33.17", "35.73", "53.08"];

/// A merchant of any kind.
pub async fn open_shop(aggregator: &Aggregator, database: &Database, hero: &Member, dice: &mut Dice) -> Shop {
    let word = ["Kopi", "kain", "Tenun", "batik", "Egon", "Ina", "Lasem"];
    let shop = Shop {
        id: random_id(),
        name: format!("{} {}", dice.pick(&word), dice.pick(&word)),
        status: dice.pick(&["draft", "submitted", "needs_changes", "active", "suspended", "archived"]),
        region: dice.pick(&REGIONS),
        scale: dice.pick(&[None, Some("micro"), Some("small"), Some("medium")]),
        level: dice.pick(&[None, Some("modern"), Some("digital"), Some("global")]),
        mentored: dice.roll(3) == 0,
        halal: dice.pick(&[
            None,
            Some(("verified", Some(20))),
            Some(("verified", Some(200))),
            Some(("verified", None)),
            Some(("submitted", Some(20))),
        ]),
        restricted: dice.roll(8) == 0,
        created: dice.roll(7),
        updated: dice.roll(5),
    };
    let quoted = |text: Option<&str>| text.map_or("NULL".to_owned(), |text| format!("'{text}'"));
    let (tenant, id) = (&aggregator.id, &shop.id);
    let mut sql = format!(
        "INSERT INTO merchants (aggregator_id, id, slug, name, status, region_code, scale, scale_basis, level, phone, \
            restricted_at, created_at, updated_at) \
         VALUES ('{tenant}', '{id}', 's-{id}', '{}', '{}', '{}', {}, {}, {}, '+6281234567890', {}, \
            timestamptz '2026-01-01' + {} * interval '1 day', timestamptz '2026-02-01' + {} * interval '1 day'); \
         INSERT INTO merchant_words (aggregator_id, merchant_id, word) \
            SELECT DISTINCT '{tenant}'::uuid, '{id}'::uuid, regexp_split_to_table(lower('{}'), ' '); \
         INSERT INTO files (aggregator_id, id, merchant_id, name, media_type, bytes, sha256, created_at) \
            VALUES ('{tenant}', '{id}', '{id}', 'bukti.pdf', 'application/pdf', 1, sha256('x'), now());",
        shop.name,
        shop.status,
        shop.region,
        quoted(shop.scale),
        quoted(shop.scale.map(|_| "declared")),
        quoted(shop.level),
        if shop.restricted { "now()" } else { "NULL" },
        shop.created,
        shop.updated,
        shop.name,
    );
    if shop.restricted {
        sql += &format!("INSERT INTO restrictions VALUES ('{tenant}', '{id}', now());");
    }
    if shop.mentored {
        sql += &format!(
            "INSERT INTO merchant_access VALUES ('{tenant}', '{}', '{id}', 'hero', now());",
            hero.id
        );
    }
    if let Some((status, end)) = shop.halal {
        sql += &document_sql(tenant, id, &random_id(), "halal", status, end, 0);
    }
    database.batch_execute(&sql).await.expect(&sql);
    shop
}

fn document_sql(
    tenant: &str,
    merchant: &str,
    id: &str,
    kind: &str,
    status: &str,
    end: Option<i32>,
    created: usize,
) -> String {
    let end =
        end.map_or("NULL".to_owned(), |days| format!("(now() AT TIME ZONE 'Asia/Jakarta')::date + {days}"));
    format!(
        "INSERT INTO legal_documents (aggregator_id, id, merchant_id, kind, number, status, expires_on, file_id, verified_at, \
            created_at, updated_at, judged) \
         VALUES ('{tenant}', '{id}', '{merchant}', '{kind}', NULL, '{status}', {end}, '{merchant}', now(), \
            timestamptz '2026-01-01' + {created} * interval '1 day', now(), '{status}' NOT IN ('draft', 'submitted'));"
    )
}

#[tokio::test]
async fn merchants_by_any_filters_and_order_are_those_of_the_model() {
    let aggregator = World::new().await.aggregator().await;
    let (owner, hero) = (&aggregator.owner, aggregator.member(Role::LocalHero).await);
    let (database, mut dice) = (database().await, Dice::new());
    let mut shops = Vec::new();
    for _ in 0..60 {
        shops.push(open_shop(&aggregator, &database, &hero, &mut dice).await);
    }
    for _ in 0..40 {
        let statuses =
            dice.pick(&[None, None, Some("active,suspended"), Some("draft"), Some("archived,submitted")]);
        let region = dice.pick(&[None, None, Some("53"), Some("53.07"), Some("33.17")]);
        let scales = dice.pick(&[None, None, Some("micro,small"), Some("medium")]);
        let levels = dice.pick(&[None, None, None, Some("digital,global"), Some("modern")]);
        let mentored = dice.roll(4) == 0;
        let missing = dice.roll(4) == 0;
        let expiring = dice.pick(&[None, None, None, Some(30), Some(300)]);
        let q = dice.pick(&[None, None, Some("ko"), Some("ina te"), Some("BATIK"), Some("e")]);
        let sort = dice.pick(&["-created_at", "created_at", "-updated_at", "updated_at", "name", "-name"]);
        let named = |names: Option<&str>, name: Option<&str>| {
            names.is_none_or(|names| names.split(',').any(|one| Some(one) == name))
        };
        let mut expected: Vec<_> = shops
            .iter()
            .filter(|shop| {
                !shop.restricted
                    && named(statuses, Some(shop.status))
                    && region.is_none_or(|region| {
                        shop.region == region || shop.region.starts_with(&format!("{region}."))
                    })
                    && named(scales, shop.scale)
                    && named(levels, shop.level)
                    && (!mentored || shop.mentored)
                    && !(missing && shop.halal.is_some_and(|(status, _)| status == "verified"))
                    && expiring.is_none_or(|days| {
                        shop.halal.is_some_and(|(status, end)| {
                            status == "verified" && end.is_some_and(|end| end <= days)
                        })
                    })
                    && q.iter().flat_map(|q| q.split(' ')).all(|start| {
                        shop.name
                            .to_lowercase()
                            .split(' ')
                            .any(|word| word.starts_with(&start.to_lowercase()))
                    })
            })
            .collect();
        expected.sort_by_key(|shop| match sort.trim_start_matches('-') {
            "created_at" => (shop.created, String::new(), shop.id.clone()),
            "updated_at" => (shop.updated, String::new(), shop.id.clone()),
            _ => (0, shop.name.to_lowercase(), shop.id.clone()),
        });
        if sort.starts_with('-') {
            expected.reverse();
        }
        let expected: Vec<_> = expected.into_iter().map(|shop| shop.id.clone()).collect();
        let query = query(&[
            ("sort", Some(sort.to_owned())),
            ("status", statuses.map(str::to_owned)),
            ("region", region.map(str::to_owned)),
            ("scale", scales.map(str::to_owned)),
            ("level", levels.map(str::to_owned)),
            ("hero", mentored.then(|| hero.id.clone())),
            ("missing_document", missing.then(|| "halal".to_owned())),
            ("document_expiring", expiring.map(|days| days.to_string())),
            ("q", q.map(|q| q.replace(' ', "%20"))),
        ]);
        let path = aggregator.path(&format!("merchants?{query}"));
        assert_eq!(walk(owner, &path, 1 + dice.roll(20)).await, expected, "{query}");
        assert_eq!(file(owner, &path).await, expected, "{query} as a file");
    }
}

#[tokio::test]
async fn documents_of_all_merchants_are_those_of_the_model() {
    let aggregator = World::new().await.aggregator().await;
    let (owner, hero) = (&aggregator.owner, aggregator.member(Role::LocalHero).await);
    let (database, mut dice) = (database().await, Dice::new());
    let mut all = Vec::new();
    for _ in 0..12 {
        let mut shop = open_shop(&aggregator, &database, &hero, &mut dice).await;
        // One that the shop came with would not be in the model.
        database
            .execute("DELETE FROM legal_documents WHERE merchant_id::text = $1", &[&shop.id])
            .await
            .expect("none");
        shop.halal = None;
        for kind in ["nib", "halal", "pirt", "bpom"] {
            let id = random_id();
            let status = dice.pick(&["submitted", "verified", "expired", "rejected"]);
            let (end, created) =
                (dice.pick(&[None, Some(-40), Some(-1), Some(0), Some(20), Some(200)]), dice.roll(5));
            let sql = document_sql(&aggregator.id, &shop.id, &id, kind, status, end, created);
            database.batch_execute(&sql).await.expect(&sql);
            if !shop.restricted {
                all.push((id, shop.id.clone(), shop.region, kind, status, end, created));
            }
        }
    }
    for _ in 0..40 {
        let statuses = dice.pick(&[None, None, Some("submitted"), Some("verified,expired")]);
        let kinds = dice.pick(&[None, None, Some("halal"), Some("pirt,nib")]);
        let merchant = if dice.roll(5) == 0 { all.first().map(|document| document.1.clone()) } else { None };
        let region = dice.pick(&[None, None, Some("53"), Some("53.07")]);
        let expiring = dice.pick(&[None, None, Some(0), Some(30)]);
        let expired = dice.pick(&[None, None, Some(true), Some(false)]);
        let sort = dice.pick(&["-created_at", "created_at", "expires_on", "-expires_on"]);
        let named = |names: Option<&str>, name: &str| {
            names.is_none_or(|names| names.split(',').any(|one| one == name))
        };
        let mut expected: Vec<_> = all
            .iter()
            .filter(|(_, of, at, kind, status, end, _)| {
                named(statuses, status)
                    && named(kinds, kind)
                    && merchant.as_ref().is_none_or(|merchant| merchant == of)
                    && region.is_none_or(|region| *at == region || at.starts_with(&format!("{region}.")))
                    && expiring.is_none_or(|days| {
                        named(Some("verified"), status) && end.is_some_and(|end| (0..=days).contains(&end))
                    })
                    && expired.is_none_or(|expired| expired == end.is_some_and(|end| end < 0))
            })
            .collect();
        expected.sort_by_key(|(id, .., end, created)| {
            let key = if sort.ends_with("expires_on") {
                i64::from(end.unwrap_or(i32::MAX))
            } else {
                *created as i64
            };
            (key, id.clone())
        });
        if sort.starts_with('-') {
            expected.reverse();
        }
        let expected: Vec<_> = expected.into_iter().map(|document| document.0.clone()).collect();
        let query = query(&[
            ("sort", Some(sort.to_owned())),
            ("status", statuses.map(str::to_owned)),
            ("kind", kinds.map(str::to_owned)),
            ("merchant", merchant),
            ("region", region.map(str::to_owned)),
            ("expiring", expiring.map(|days: i32| days.to_string())),
            ("expired", expired.map(|expired| expired.to_string())),
        ]);
        let path = aggregator.path(&format!("documents?{query}"));
        assert_eq!(walk(owner, &path, 1 + dice.roll(12)).await, expected, "{query}");
        assert_eq!(file(owner, &path).await, expected, "{query} as a file");
    }
    for bad in
        ["status=x", "kind=x", "merchant=x", "region=x", "expiring=400", "expired=maybe", "sort=number"]
    {
        owner.get(&aggregator.path(&format!("documents?{bad}"))).await.problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn action_items_of_all_merchants_are_those_of_the_model() {
    let aggregator = World::new().await.aggregator().await;
    let (owner, hero) = (&aggregator.owner, aggregator.member(Role::LocalHero).await);
    let (database, mut dice) = (database().await, Dice::new());
    let mut all = Vec::new();
    for _ in 0..15 {
        let shop = open_shop(&aggregator, &database, &hero, &mut dice).await;
        for _ in 0..3 {
            let (id, owner) = (random_id(), dice.pick(&["merchant", "hero", "staff"]));
            let (status, due) =
                (dice.pick(&["open", "done"]), dice.pick(&[None, Some(-9), Some(-1), Some(0), Some(5)]));
            let created = dice.roll(5);
            let day = due.map_or("NULL".to_owned(), |days: i32| {
                format!("(now() AT TIME ZONE 'Asia/Jakarta')::date + {days}")
            });
            let sql = format!(
                "INSERT INTO action_items (aggregator_id, id, merchant_id, text, owner, due_on, status, done_at, version, \
                    digests, created_at, updated_at) \
                 VALUES ('{}', '{id}', '{}', 'Foto ulang', '{owner}', {day}, '{status}', {}, 1, ARRAY['x'], \
                    timestamptz '2026-01-01' + {created} * interval '1 day', now())",
                aggregator.id,
                shop.id,
                if status == "done" { "now()" } else { "NULL" },
            );
            database.batch_execute(&sql).await.expect(&sql);
            if !shop.restricted {
                all.push((id, shop.region, shop.mentored, owner, status, due, created));
            }
        }
    }
    for _ in 0..40 {
        let status = dice.pick(&[None, None, Some("open"), Some("done,dropped")]);
        let late = dice.pick(&[None, None, Some(true), Some(false)]);
        let who = dice.pick(&[None, None, Some("hero")]);
        let soon = dice.roll(4) == 0;
        let region = dice.pick(&[None, None, Some("53"), Some("53.07")]);
        let mentored = dice.roll(4) == 0;
        let sort = dice.pick(&["-created_at", "created_at", "due_on", "-due_on"]);
        let mut expected: Vec<_> = all
            .iter()
            .filter(|(_, at, by_hero, owner, state, due, _)| {
                let is_late = *state == "open" && due.is_some_and(|due| due < 0);
                status.is_none_or(|status| status.split(',').any(|one| one == *state))
                    && late.is_none_or(|late| late == is_late)
                    && who.is_none_or(|who| who == *owner)
                    && (!soon || due.is_some_and(|due| due < 400))
                    && region.is_none_or(|region| *at == region || at.starts_with(&format!("{region}.")))
                    && (!mentored || *by_hero)
            })
            .collect();
        expected.sort_by_key(|(id, .., due, created)| {
            let key =
                if sort.ends_with("due_on") { i64::from(due.unwrap_or(i32::MAX)) } else { *created as i64 };
            (key, id.clone())
        });
        if sort.starts_with('-') {
            expected.reverse();
        }
        let expected: Vec<_> = expected.into_iter().map(|item| item.0.clone()).collect();
        let day = (chrono::Utc::now() + chrono::TimeDelta::days(400)).date_naive();
        let query = query(&[
            ("sort", Some(sort.to_owned())),
            ("status", status.map(str::to_owned)),
            ("late", late.map(|late| late.to_string())),
            ("owner", who.map(str::to_owned)),
            ("due_before", soon.then(|| day.to_string())),
            ("region", region.map(str::to_owned)),
            ("hero", mentored.then(|| hero.id.clone())),
        ]);
        let path = aggregator.path(&format!("action-items?{query}"));
        assert_eq!(walk(owner, &path, 1 + dice.roll(12)).await, expected, "{query}");
        assert_eq!(file(owner, &path).await, expected, "{query} as a file");
    }
}

/// Every list, with what orders it.
const LISTS: [&str; 7] = [
    "merchants?sort=name",
    "documents?sort=expires_on",
    "action-items?sort=due_on",
    "visits?sort=started_at",
    "heroes?active=true",
    "programmes?status=open,running",
    "enrolments?status=enrolled",
];

/// One of each thing for one more merchant.
async fn one_of_each(aggregator: &Aggregator, programme: &Value) -> String {
    let hero = aggregator.member(Role::LocalHero).await;
    let body = json!({ "user_id": hero.id, "capacity": 5, "area_codes": ["53.07"], "phone": "081234567890" });
    let _ = aggregator.owner.post(&aggregator.path("heroes"), body).await.expect(201);
    let merchant = aggregator.merchant().await;
    let id = text(&merchant["id"]);
    let assigned = aggregator.path(&format!("heroes/{}/merchants/{id}", hero.id));
    let _ = aggregator.owner.put(&assigned, json!({})).await.expect(201);
    let number = format!("320199500190{:04}", Uuid::now_v7().as_u128() % 9_000 + 1_000);
    let _ = aggregator.document(&id, "nik", json!({ "number": number })).await;
    let mut seen = visit(&id);
    seen["problems"] = json!("=1+1");
    seen["tasks"] =
        json!([{ "id": phone_id(), "owner": "merchant", "text": "Foto ulang.", "due_on": "2026-12-24" }]);
    let _ = aggregator.put_visit(&hero, &phone_id(), &seen).await.expect(201);
    let _ = enrol(aggregator, programme, &merchant).await.expect(201);
    let _ = programme_in(aggregator, "open", 5).await;
    id
}

#[tokio::test]
async fn each_list_is_a_file_too_masked_and_without_restricted_merchants() {
    let aggregator = World::new().await.aggregator().await;
    let owner = &aggregator.owner;
    let programme = programme_in(&aggregator, "open", 9).await;
    let mut merchants = Vec::new();
    for _ in 0..3 {
        merchants.push(one_of_each(&aggregator, &programme).await);
    }
    for list in LISTS {
        let path = aggregator.path(list);
        let walked = walk(owner, &path, 1).await;
        assert_eq!(walked.len(), if list.starts_with("programmes") { 4 } else { 3 }, "{list}");
        assert_eq!(file(owner, &path).await, walked, "{list}");
        owner.get(&aggregator.path(&format!("{list}&sort=zzz&no=1"))).await.is_problem();
        let text = owner.get(&path).header("Accept", "text/csv").await.text();
        assert!(!text.contains("\"=1+1\"") && !text.contains("32019950"), "{list}: {text}");
        if !list.starts_with("merchants") {
            assert!(!text.contains("81234567890"), "{list}: {text}");
        }
    }
    for (list, expected) in [
        ("visits?region=53", 3),
        ("visits?region=33", 0),
        ("enrolments?region=33", 0),
        ("enrolments?status=dropped", 0),
        (&*format!("enrolments?merchant={}", merchants[0]), 1),
        (&*format!("visits?merchant={}&unconfirmed=true", merchants[1]), 1),
    ] {
        assert_eq!(walk(owner, &aggregator.path(list), 2).await.len(), expected, "{list}");
    }
    let request = json!({ "kind": "restriction", "merchant_id": merchants[0] });
    let request = owner.post(&aggregator.path("privacy-requests"), request).await.json(201);
    let fulfil = aggregator.path(&format!("privacy-requests/{}/fulfil", text(&request["id"])));
    let _ = owner.post(&fulfil, json!({ "answer": "Dibatasi." })).await.expect(200);
    for list in
        LISTS.into_iter().filter(|list| !list.starts_with("heroes") && !list.starts_with("programmes"))
    {
        let path = aggregator.path(list);
        assert_eq!(walk(owner, &path, 2).await.len(), 2, "{list}");
        let text = owner.get(&path).header("Accept", "text/csv").await.text();
        assert!(!text.contains(&merchants[0]), "{list}: {text}");
    }
    // Who is narrowed to a merchant gets no other in a file either.
    let member = aggregator.merchant_member(&merchants[1]).await;
    for list in [
        "merchants?sort=name",
        "documents?sort=expires_on",
        "visits?sort=started_at",
        "enrolments?status=enrolled",
    ] {
        assert_eq!(file(&member, &aggregator.path(list)).await.len(), 1, "{list}");
    }
}

async fn statements(server: &Server) -> u64 {
    let metrics = Client::new("").get(&server.metrics).await.expect(200).text();
    let lines = metrics.lines().filter(|line| line.starts_with("kapal_database_statements_total{"));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

#[tokio::test]
async fn a_list_takes_as_many_queries_for_many_rows_as_for_one() {
    const TIMES: u64 = 20;
    let server = Server::start(ServerOptions::default()).await;
    let aggregator = World::on(&server).await.aggregator_named(&format!("Koperasi {}", unique())).await;
    let programme = programme_in(&aggregator, "open", 9).await;
    let measure = async |list: &str| {
        let before = statements(&server).await;
        for _ in 0..TIMES {
            let _ = aggregator.owner.get(&aggregator.path(list)).await.expect(200);
        }
        (statements(&server).await - before) as f64 / TIMES as f64
    };
    let _ = one_of_each(&aggregator, &programme).await;
    let mut first = Vec::new();
    for list in LISTS {
        first.push(measure(list).await);
    }
    for _ in 0..4 {
        let _ = one_of_each(&aggregator, &programme).await;
    }
    for (list, one) in LISTS.into_iter().zip(first) {
        let five = measure(list).await;
        println!("{list}: {one} for one, {five} for five");
        assert!(five < 12.0 && five < one + 1.5, "{list}: {one} for one row, {five} for five");
    }
}
