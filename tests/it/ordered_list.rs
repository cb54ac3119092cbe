//! More lists that staff work with against a model: each filter narrows, each order is exact across pages, the file is the
//! list, and another aggregator has none of it.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Member, World, phone_id, text, unique, visit};
use serde_json::json;

use crate::staff_list::{Dice, Shop, database, file, open_shop, query, random_id, walk};

/// What is asked of the merchants of a list.
struct Asked {
    region: Option<&'static str>,
    mentored: bool,
    q: Option<&'static str>,
}

impl Asked {
    fn any(dice: &mut Dice) -> Self {
        Self {
            region: dice.pick(&[None, None, Some("53"), Some("53.07")]),
            mentored: dice.roll(4) == 0,
            q: dice.pick(&[None, None, Some("ko"), Some("INA te"), Some("e")]),
        }
    }

    fn holds(&self, shop: &Shop) -> bool {
        !shop.restricted
            && (!self.mentored || shop.mentored)
            && in_region(self.region, shop)
            && worded(self.q, &shop.name)
    }

    fn query(&self, hero: &Member) -> [(&'static str, Option<String>); 3] {
        [
            ("region", self.region.map(str::to_owned)),
            ("hero", self.mentored.then(|| hero.id.clone())),
            ("q", self.q.map(|q| q.replace(' ', "%20"))),
        ]
    }
}

fn in_region(region: Option<&str>, shop: &Shop) -> bool {
    region.is_none_or(|region| shop.region == region || shop.region.starts_with(&format!("{region}.")))
}

/// Whether a name has a word that begins so for each word of `q`.
fn worded(q: Option<&str>, name: &str) -> bool {
    let name = name.to_lowercase();
    q.iter()
        .flat_map(|q| q.split(' '))
        .all(|start| name.split([' ', '@', '.', '-']).any(|word| word.starts_with(&start.to_lowercase())))
}

fn named(names: Option<&str>, name: Option<&str>) -> bool {
    names.is_none_or(|names| names.split(',').any(|one| Some(one) == name))
}

/// The ids by their keys, in the order of `sort`.
fn ordered(mut rows: Vec<(String, String)>, sort: &str) -> Vec<String> {
    rows.sort();
    if sort.starts_with('-') {
        rows.reverse();
    }
    rows.into_iter().map(|(_, id)| id).collect()
}

/// Walks the list, reads the file, and asks another aggregator.
async fn assert_list(
    aggregator: &Aggregator,
    stranger: &Aggregator,
    list: &str,
    limit: usize,
    expected: &[String],
) {
    let path = aggregator.path(list);
    assert_eq!(walk(&aggregator.owner, &path, limit).await, expected, "{list}");
    assert_eq!(file(&aggregator.owner, &path).await, expected, "{list} as a file");
    stranger.owner.get(&path).await.problem(404, "not_found");
}

async fn assert_bad(aggregator: &Aggregator, list: &str, bad: &[&str]) {
    for bad in bad {
        aggregator
            .owner
            .get(&aggregator.path(&format!("{list}?{bad}")))
            .await
            .problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn assessments_of_all_merchants_are_those_of_the_model() {
    let world = World::new().await;
    let (aggregator, stranger) = (world.aggregator().await, world.aggregator().await);
    let (hero, database, mut dice) =
        (aggregator.member(Role::LocalHero).await, database().await, Dice::new());
    let (mut shops, mut all) = (Vec::new(), Vec::new());
    for _ in 0..25 {
        let shop = open_shop(&aggregator, &database, &hero, &mut dice).await;
        for status in ["proposed", "confirmed", "rejected"] {
            let (id, level) =
                (random_id(), dice.pick(&[None, Some("modern"), Some("digital"), Some("global")]));
            let created = dice.roll(5);
            let sql = format!(
                "INSERT INTO assessments (aggregator_id, id, merchant_id, criteria_version, status, level, note, assessed_by, \
                    decided_by, decided_at, reason, created_at) \
                 VALUES ('{}', '{id}', '{}', 1, '{status}', {}, '', '{}', {}, timestamptz '2026-01-01' + {created} * interval '1 day')",
                aggregator.id,
                shop.id,
                level.map_or("NULL".to_owned(), |level| format!("'{level}'")),
                hero.id,
                match status {
                    "proposed" => "NULL, NULL, NULL".to_owned(),
                    "confirmed" => format!("'{}', now(), NULL", aggregator.owner.id),
                    _ => format!("'{}', now(), 'Tidak terbaca.'", aggregator.owner.id),
                },
            );
            database.batch_execute(&sql).await.expect(&sql);
            all.push((id, shops.len(), status, level, created));
        }
        shops.push(shop);
    }
    for _ in 0..25 {
        let asked = Asked::any(&mut dice);
        let statuses = dice.pick(&[None, Some("proposed"), Some("confirmed,rejected")]);
        let levels = dice.pick(&[None, None, Some("modern"), Some("digital,global")]);
        let one = (dice.roll(6) == 0).then(|| shops[0].id.clone());
        let sort = dice.pick(&["-created_at", "created_at", "merchant", "-merchant"]);
        let rows = all.iter().filter_map(|(id, at, status, level, created)| {
            let shop = &shops[*at];
            let fits = asked.holds(shop)
                && named(statuses, Some(status))
                && named(levels, *level)
                && one.as_ref().is_none_or(|one| *one == shop.id);
            let key = if sort.ends_with("merchant") { shop.name.to_lowercase() } else { created.to_string() };
            fits.then(|| (key, id.clone()))
        });
        let expected = ordered(rows.collect(), sort);
        let [region, hero, q] = asked.query(&hero);
        let list = query(&[
            ("sort", Some(sort.to_owned())),
            ("status", statuses.map(str::to_owned)),
            ("level", levels.map(str::to_owned)),
            ("merchant", one),
            region,
            hero,
            q,
        ]);
        assert_list(&aggregator, &stranger, &format!("assessments?{list}"), 1 + dice.roll(9), &expected)
            .await;
    }
    assert_bad(
        &aggregator,
        "assessments",
        &["status=x", "level=x", "region=x", "hero=x", "merchant=x", "sort=x"],
    )
    .await;
    // A hero sees his merchants' alone.
    let his = walk(&hero, &aggregator.path("assessments?sort=merchant"), 50).await;
    assert_eq!(his.len(), 3 * shops.iter().filter(|shop| shop.mentored && !shop.restricted).count());
}

#[tokio::test]
async fn enrolments_in_all_programmes_are_those_of_the_model() {
    let world = World::new().await;
    let (aggregator, stranger) = (world.aggregator().await, world.aggregator().await);
    let (hero, database, mut dice) =
        (aggregator.member(Role::LocalHero).await, database().await, Dice::new());
    let mut programmes = Vec::new();
    for name in ["Kelas Ekspor", "kemasan Kopi", "Buku Kas", "Ekspor Kopi"] {
        let body = crate::programme::programme_body(90);
        let (id, starts, created) = (random_id(), dice.roll(3), dice.roll(3));
        let sql = format!(
            "INSERT INTO programmes (aggregator_id, id, status, name_id, name_en, description_id, description_en, starts_on, \
                ends_on, capacity, min_attendance_percent, created_at, updated_at) \
             VALUES ('{}', '{id}', 'open', '{name}', '{}', '', '', date '2026-01-01' + {starts}, '2026-03-01', 90, 75, \
                timestamptz '2026-01-01' + {created} * interval '1 day', now())",
            aggregator.id,
            text(&body["name"]["en"]),
        );
        database.batch_execute(&sql).await.expect(&sql);
        programmes.push((id, name, starts, created));
    }
    for sort in ["-created_at", "created_at", "starts_on", "-starts_on", "name", "-name"] {
        for q in [None, Some("eks"), Some("kop kema"), Some("weav"), Some("xyz")] {
            let rows = programmes
                .iter()
                .filter(|(_, name, ..)| worded(q, &format!("{name} Bookkeeping for Weavers")));
            let key = |(_, name, starts, created): &(String, &str, usize, usize)| match sort
                .trim_start_matches('-')
            {
                "created_at" => created.to_string(),
                "starts_on" => starts.to_string(),
                _ => name.to_lowercase(),
            };
            let expected = ordered(rows.map(|row| (key(row), row.0.clone())).collect(), sort);
            let list = query(&[("sort", Some(sort.to_owned())), ("q", q.map(|q| q.replace(' ', "%20")))]);
            assert_list(&aggregator, &stranger, &format!("programmes?{list}"), 1, &expected).await;
        }
    }
    assert_bad(&aggregator, "programmes", &["sort=capacity", "status=x"]).await;
    let (mut shops, mut all) = (Vec::new(), Vec::new());
    for _ in 0..25 {
        let shop = open_shop(&aggregator, &database, &hero, &mut dice).await;
        for (programme, ..) in &programmes[..2] {
            let (id, created) = (random_id(), dice.roll(4));
            let sql = format!(
                "INSERT INTO enrolments (aggregator_id, id, programme_id, merchant_id, status, created_at, updated_at) \
                 VALUES ('{}', '{id}', '{programme}', '{}', 'enrolled', timestamptz '2026-01-01' + {created} * interval '1 day', now())",
                aggregator.id, shop.id,
            );
            database.batch_execute(&sql).await.expect(&sql);
            all.push((id, shops.len(), programme, created));
        }
        shops.push(shop);
    }
    for _ in 0..25 {
        let (asked, within) = (Asked::any(&mut dice), dice.roll(2) == 0);
        let sort = dice.pick(&["-created_at", "created_at", "merchant", "-merchant"]);
        let rows = all.iter().filter_map(|(id, at, programme, created)| {
            let shop = &shops[*at];
            let key = if sort.ends_with("merchant") { shop.name.to_lowercase() } else { created.to_string() };
            (asked.holds(shop) && (!within || **programme == programmes[0].0)).then(|| (key, id.clone()))
        });
        let expected = ordered(rows.collect(), sort);
        let [region, hero, q] = asked.query(&hero);
        let chosen = query(&[("sort", Some(sort.to_owned())), region, hero, q]);
        let list = if within {
            format!("programmes/{}/enrolments", programmes[0].0)
        } else {
            "enrolments".to_owned()
        };
        assert_list(&aggregator, &stranger, &format!("{list}?{chosen}"), 1 + dice.roll(9), &expected).await;
    }
    assert_bad(&aggregator, "enrolments", &["sort=x", "hero=x"]).await;
}

#[tokio::test]
async fn privacy_requests_are_those_of_the_model() {
    let world = World::new().await;
    let (aggregator, stranger) = (world.aggregator().await, world.aggregator().await);
    let (hero, database, mut dice) =
        (aggregator.member(Role::LocalHero).await, database().await, Dice::new());
    let (mut shops, mut all) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        let shop = open_shop(&aggregator, &database, &hero, &mut dice).await;
        for kind in ["access", "erasure", "objection"] {
            let (id, status) = (random_id(), dice.pick(&["open", "refused"]));
            let (due, created) = (dice.roll(4), dice.roll(4));
            let end = if status == "open" {
                "NULL, NULL".to_owned()
            } else {
                format!("now(), '{}'", aggregator.owner.id)
            };
            let sql = format!(
                "INSERT INTO privacy_requests (aggregator_id, id, kind, subject_type, merchant_id, note, status, filed_by, \
                    handled_at, handled_by, received_at, due_at, created_at) \
                 VALUES ('{}', '{id}', '{kind}', 'merchant', '{}', 'Rahasia.', '{status}', '{}', {end}, \
                    timestamptz '2025-12-28' + {due} * interval '1 day', timestamptz '2025-12-31' + {due} * interval '1 day', \
                    timestamptz '2026-01-09' + {created} * interval '1 day')",
                aggregator.id, shop.id, aggregator.owner.id,
            );
            database.batch_execute(&sql).await.expect(&sql);
            all.push((id, shops.len(), kind, status, due, created));
        }
        shops.push(shop);
    }
    for _ in 0..25 {
        let statuses = dice.pick(&[None, Some("open"), Some("refused,fulfilled")]);
        let kinds = dice.pick(&[None, Some("access"), Some("erasure,objection")]);
        let region = dice.pick(&[None, None, Some("53"), Some("53.07")]);
        let overdue = dice.pick(&[None, None, Some(true), Some(false)]);
        let sort = dice.pick(&["due_at", "-due_at", "created_at", "-created_at"]);
        // Those of restricted merchants too: the request is what is handled.
        let rows = all.iter().filter_map(|(id, at, kind, status, due, created)| {
            let fits = named(statuses, Some(status))
                && named(kinds, Some(kind))
                && in_region(region, &shops[*at])
                && overdue.is_none_or(|overdue| overdue == (*status == "open"));
            let key = if sort.ends_with("due_at") { due } else { created };
            fits.then(|| (key.to_string(), id.clone()))
        });
        let expected = ordered(rows.collect(), sort);
        let list = query(&[
            ("sort", Some(sort.to_owned())),
            ("status", statuses.map(str::to_owned)),
            ("kind", kinds.map(str::to_owned)),
            ("region", region.map(str::to_owned)),
            ("overdue", overdue.map(|overdue| overdue.to_string())),
        ]);
        assert_list(&aggregator, &stranger, &format!("privacy-requests?{list}"), 1 + dice.roll(9), &expected)
            .await;
    }
    let path = aggregator.path("privacy-requests?sort=due_at");
    let written = aggregator.owner.get(&path).header("Accept", "text/csv").await.expect(200).text();
    assert!(!written.contains("Rahasia"), "what the asker wrote is in no file");
    assert_bad(&aggregator, "privacy-requests", &["sort=x", "region=x", "status=x", "kind=x"]).await;
}

#[tokio::test]
async fn heroes_and_members_by_any_order_are_those_of_the_model() {
    let world = World::new().await;
    let (aggregator, stranger) = (world.aggregator().await, world.aggregator().await);
    let (database, mut dice) = (database().await, Dice::new());
    let mut heroes = Vec::new();
    for name in ["Wayan Ari", "made Suta", "Ketut Ari", "Nyoman", "Wayan Ari"] {
        let hero = aggregator.member(Role::LocalHero).await;
        let (capacity, taken) = (2 + dice.roll(2), dice.roll(4));
        let body = json!({ "user_id": hero.id, "capacity": capacity, "area_codes": ["53.07"], "display_name": name });
        let _ = aggregator.owner.post(&aggregator.path("heroes"), body).await.expect(201);
        let mut shops = Vec::new();
        while shops.len() < taken {
            let shop = open_shop(&aggregator, &database, &hero, &mut dice).await;
            if !shop.restricted && shop.status != "archived" {
                shops.push(shop.id);
            }
        }
        let joined = dice.roll(3);
        let mut sql = format!(
            "UPDATE heroes SET created_at = timestamptz '2026-01-01' + {joined} * interval '1 day' WHERE user_id = '{0}'; \
             UPDATE memberships SET name = '{name}', created_at = timestamptz '2026-01-01' + {joined} * interval '1 day' \
             WHERE user_id = '{0}';",
            hero.id
        );
        for shop in &shops {
            sql += &format!(
                "INSERT INTO hero_assignments (aggregator_id, id, user_id, merchant_id, status, is_primary, starts_on, time_zone, \
                    created_at, updated_at) \
                 VALUES ('{}', '{}', '{}', '{shop}', 'active', false, '2026-01-01', 'Asia/Makassar', now(), now());",
                aggregator.id,
                random_id(),
                hero.id
            );
        }
        database.batch_execute(&sql).await.expect(&sql);
        heroes.push((hero, name, joined, capacity, taken));
    }
    for sort in ["-created_at", "created_at", "name", "-name", "free_capacity", "-free_capacity"] {
        for free in [None, Some(true), Some(false)] {
            let rows = heroes
                .iter()
                .filter(|(.., capacity, taken)| free.is_none_or(|free| free == (capacity > taken)));
            let key = |(hero, name, joined, capacity, taken): &(Member, &str, usize, usize, usize)| {
                let key = match sort.trim_start_matches('-') {
                    "created_at" => joined.to_string(),
                    "name" => name.to_lowercase(),
                    _ => (10 + capacity - taken).to_string(),
                };
                (key, hero.id.clone())
            };
            let mut rows: Vec<_> = rows.map(key).collect();
            rows.sort_by_key(|(key, id)| (key.parse::<usize>().unwrap_or_default(), key.clone(), id.clone()));
            if sort.starts_with('-') {
                rows.reverse();
            }
            let expected: Vec<_> = rows.into_iter().map(|(_, id)| id).collect();
            let list = query(&[
                ("sort", Some(sort.to_owned())),
                ("has_capacity", free.map(|free| free.to_string())),
            ]);
            assert_list(&aggregator, &stranger, &format!("heroes?{list}"), 1 + dice.roll(3), &expected).await;
        }
    }
    assert_bad(&aggregator, "heroes", &["sort=capacity"]).await;
    for sort in ["-created_at", "created_at", "name", "-name"] {
        for q in [None, Some("ari"), Some("ARI way"), Some("xyz"), Some("uji ny")] {
            let rows = heroes.iter().filter(|(hero, name, ..)| worded(q, &format!("{name} {}", hero.email)));
            let key = |name: &str, joined: usize| match sort.ends_with("name") {
                true => name.to_lowercase(),
                false => joined.to_string(),
            };
            let expected = ordered(
                rows.map(|(hero, name, joined, ..)| (key(name, *joined), hero.id.clone())).collect(),
                sort,
            );
            let list = query(&[
                ("role", Some("local_hero,analyst".to_owned())),
                ("sort", Some(sort.to_owned())),
                ("q", q.map(|q| q.replace(' ', "%20"))),
            ]);
            assert_list(&aggregator, &stranger, &format!("members?{list}"), 1 + dice.roll(3), &expected)
                .await;
        }
    }
    assert_list(&aggregator, &stranger, "members?role=owner", 1, std::slice::from_ref(&aggregator.owner.id))
        .await;
    assert_bad(&aggregator, "members", &["role=x", "sort=email"]).await;
}

#[tokio::test]
async fn what_is_of_a_merchant_is_found_by_words_of_its_name_and_by_its_hero() {
    let world = World::new().await;
    let (aggregator, stranger) = (world.aggregator().await, world.aggregator().await);
    let hero = aggregator.member(Role::LocalHero).await;
    let mut found = Vec::new();
    for (who, name) in [(&hero, "Tenun Lasem"), (&aggregator.owner, "Kopi Egon")] {
        let body = json!({ "name": name, "region_code": "53.07", "phone": "081234567890" });
        let merchant = text(&who.post(&aggregator.path("merchants"), body).await.json(201)["id"]);
        let document = aggregator.document(&merchant, "pirt", json!({ "number": kapal_tests::pirt() })).await;
        let seen = phone_id();
        let _ = aggregator.put_visit(&aggregator.owner, &seen, &visit(&merchant)).await.expect(201);
        let items = aggregator.path(&format!("merchants/{merchant}/action-items"));
        let item = json!({ "text": format!("Foto {}", unique()), "owner": "hero" });
        let item = aggregator.owner.post(&items, item).await.json(201);
        found.push([text(&document["id"]), seen, text(&item["id"])]);
    }
    for (at, list) in ["documents", "visits", "action-items"].into_iter().enumerate() {
        for (q, expected) in
            [("las", vec![&found[0][at]]), ("EG%20ko", vec![&found[1][at]]), ("asem", vec![])]
        {
            let expected: Vec<_> = expected.into_iter().cloned().collect();
            assert_list(&aggregator, &stranger, &format!("{list}?q={q}"), 1, &expected).await;
        }
    }
    for (at, list) in [(0, "documents"), (2, "action-items")] {
        let expected = std::slice::from_ref(&found[0][at]);
        assert_list(&aggregator, &stranger, &format!("{list}?hero={}", hero.id), 1, expected).await;
    }
    assert_bad(&aggregator, "documents", &["hero=x"]).await;
}
