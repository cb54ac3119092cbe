//! A hero's day: what waits for him over all his merchants, in one call of few queries.

use chrono::{Days, Utc};
use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Client, Member, Server, ServerOptions, World, text};
use serde_json::{Value, json};

fn day(from_now: i64) -> String {
    let today = Utc::now().date_naive();
    let days = Days::new(from_now.unsigned_abs());
    if from_now < 0 { today - days } else { today + days }.to_string()
}

async fn hero_with_merchant(aggregator: &Aggregator) -> (Member, String) {
    let hero = aggregator.member(Role::LocalHero).await;
    let body = json!({ "name": "Kopi Ende", "region_code": "53.08", "phone": "081234567890" });
    let merchant = hero.post(&aggregator.path("merchants"), body).await.json(201);
    (hero, text(&merchant["id"]))
}

async fn task(who: &Member, aggregator: &Aggregator, merchant: &str, words: &str, due_on: &str) -> Value {
    let path = aggregator.path(&format!("merchants/{merchant}/action-items"));
    who.post(&path, json!({ "text": words, "owner": "hero", "due_on": due_on })).await.json(201)
}

async fn visit(who: &Member, aggregator: &Aggregator, merchant: &str, days_ago: i64, next_on: &str) {
    let at = |hour: &str| format!("{}T{hour}:00:00Z", day(-days_ago));
    let body = json!({
        "started_at": at("02"), "ended_at": at("03"), "mode": "visit", "topics": ["packaging"], "next_on": next_on,
    });
    let path = aggregator.path(&format!("merchants/{merchant}/visits"));
    let _ = who.post(&path, body).await.expect(201);
}

#[tokio::test]
async fn the_most_urgent_stands_first() {
    let aggregator = World::new().await.aggregator().await;
    let (hero, merchant) = hero_with_merchant(&aggregator).await;
    let late = task(&hero, &aggregator, &merchant, "Foto ulang produk.", &day(-3)).await;
    let _far = task(&hero, &aggregator, &merchant, "Daftar merek.", &day(30)).await;
    visit(&hero, &aggregator, &merchant, 20, &day(-1)).await;
    visit(&hero, &aggregator, &merchant, 10, &day(4)).await;
    // Of another's merchants nothing shows.
    let (other, theirs) = hero_with_merchant(&aggregator).await;
    let _ = task(&other, &aggregator, &theirs, "Bukan miliknya.", &day(0)).await;
    let path = aggregator.path("heroes/me/agenda");
    let agenda = hero.get(&path).header("Accept-Language", "en").await.json(200);
    let items = agenda["items"].as_array().expect("items");
    let kinds: Vec<_> = items.iter().map(|item| (text(&item["kind"]), item["late"] == true)).collect();
    let expected = [("action_item", true), ("visit_due", false), ("onboarding", false)];
    assert_eq!(kinds, expected.map(|(kind, late)| (kind.to_owned(), late)), "{agenda}");
    assert_eq!((&items[0]["id"], &items[0]["text"]), (&late["id"], &json!("Foto ulang produk.")));
    assert_eq!(items[1]["due_on"], day(4), "what the last visit said counts");
    let seen = &items[2]["merchant"];
    assert_eq!(
        (&seen["id"], &seen["name"], &seen["phone"]),
        (&json!(merchant), &json!("Kopi Ende"), &json!("+6281234567890"))
    );
    let missing: Vec<_> =
        items[2]["missing"].as_array().expect("steps").iter().map(|s| text(&s["step"])).collect();
    assert_eq!(missing, ["nib", "submission"], "to verify is the staff's");
    let texts = |agenda: &Value| {
        let items = agenda["items"].as_array().expect("items").clone();
        items.iter().map(|item| text(&item["text"])).collect::<Vec<_>>()
    };
    let english =
        ["Foto ulang produk.", "Visit again, as agreed.", "Complete it, then submit it for verification."];
    assert_eq!(texts(&agenda), english);
    assert_eq!((&items[0]["owner"], &items[1]["owner"]), (&json!("hero"), &Value::Null));
    let agenda_id = hero.get(&path).header("Accept-Language", "id").await.json(200);
    assert_eq!(texts(&agenda_id)[1], "Kunjungi lagi seperti yang disepakati.");
    assert_eq!(agenda["has_more"], false);
    // Ending the assignment empties the day at once.
    let assignment = aggregator.path(&format!("heroes/{}/merchants/{merchant}", hero.id));
    let _ = aggregator.owner.delete(&assignment).await.expect(204);
    assert_eq!(hero.get(&path).await.json(200)["items"], json!([]));
}

#[tokio::test]
async fn a_document_that_ends_and_a_merchant_that_was_sent_back_say_what_to_do() {
    let aggregator = World::new().await.aggregator().await;
    let (hero, merchant) = hero_with_merchant(&aggregator).await;
    let body = json!({ "number": kapal_tests::halal(), "expires_on": day(20) });
    let document = aggregator.verified_document(&merchant, "halal", body).await;
    let path = aggregator.path(&format!("merchants/{merchant}"));
    let _ = hero.step(&format!("{path}/submit")).await.expect(200);
    let fields = json!([{ "pointer": "/story", "reason": "Belum ada." }]);
    let asked = aggregator.owner.post(&format!("{path}/request-changes"), json!({ "fields": fields })).await;
    let _ = asked.expect(200);
    let agenda = hero.get(&aggregator.path("heroes/me/agenda")).header("Accept-Language", "en").await;
    let agenda = agenda.json(200);
    let items = agenda["items"].as_array().expect("items");
    assert_eq!(items.len(), 2, "{agenda}");
    assert_eq!((&items[0]["id"], &items[0]["document"]), (&document["id"], &json!("halal")));
    assert_eq!(items[0]["text"], "Renew the halal certificate before it expires.");
    assert_eq!(items[1]["text"], "Correct what the reviewer asked for, then submit again.");
    let story = items[1]["missing"].as_array().expect("steps").iter().find(|s| s["pointer"] == "/story");
    assert_eq!(story.expect("asked for")["reason"], "Belum ada.");
}

async fn database() -> tokio_postgres::Client {
    let cluster = kapal_tests::Cluster::get();
    cluster.superuser(&cluster.database).await
}

#[tokio::test]
async fn a_merchant_that_nobody_visited_is_due_two_weeks_after_the_assignment() {
    let aggregator = World::new().await.aggregator().await;
    let (hero, merchant) = hero_with_merchant(&aggregator).await;
    let path = aggregator.path("heroes/me/agenda");
    let visits = async || {
        let agenda = hero.get(&path).header("Accept-Language", "en").await.json(200);
        let items = agenda["items"].as_array().expect("items").clone();
        items.into_iter().filter(|item| item["kind"] == "visit_due").collect::<Vec<_>>()
    };
    assert!(visits().await.is_empty(), "not yet");
    let move_back = "UPDATE hero_assignments SET starts_on = $2::text::date WHERE merchant_id::text = $1";
    database().await.execute(move_back, &[&merchant, &day(-20)]).await.expect("an assignment");
    let due = visits().await;
    assert_eq!(due.len(), 1, "{due:?}");
    assert_eq!((&due[0]["id"], &due[0]["merchant"]["id"]), (&json!(merchant), &json!(merchant)));
    assert_eq!((&due[0]["due_on"], &due[0]["late"]), (&json!(day(-6)), &json!(true)));
    assert_eq!(due[0]["text"], "Make the first visit.");
    visit(&hero, &aggregator, &merchant, 1, &day(40)).await;
    assert!(visits().await.is_empty(), "it was visited");
}

#[tokio::test]
async fn a_document_that_was_not_renewed_leaves_the_agenda_after_90_days() {
    let aggregator = World::new().await.aggregator().await;
    let (hero, merchant) = hero_with_merchant(&aggregator).await;
    let body = json!({ "number": kapal_tests::halal(), "expires_on": day(20) });
    let _ = aggregator.verified_document(&merchant, "halal", body).await;
    let path = aggregator.path("heroes/me/agenda");
    for (ended, shown) in [(-80, true), (-100, false)] {
        let age = "UPDATE legal_documents SET expires_on = $2::text::date, issued_on = NULL WHERE merchant_id::text = $1";
        database().await.execute(age, &[&merchant, &day(ended)]).await.expect("a document");
        let agenda = hero.get(&path).await.json(200);
        let items = agenda["items"].as_array().expect("items");
        let is_shown = items.iter().any(|item| item["kind"] == "document_expiring" && item["late"] == true);
        assert_eq!(is_shown, shown, "{ended}: {agenda}");
    }
}

#[tokio::test]
async fn only_a_hero_has_an_agenda() {
    let aggregator = World::new().await.aggregator().await;
    let path = aggregator.path("heroes/me/agenda");
    for role in [Role::MerchantManager, Role::Analyst, Role::Merchant] {
        aggregator.member(role).await.get(&path).await.problem(404, "not_found");
    }
    aggregator.owner.get(&path).await.problem(404, "not_found");
}

async fn statements(server: &Server) -> u64 {
    let metrics = Client::new("").get(&server.metrics).await.expect(200).text();
    let lines = metrics.lines().filter(|line| line.starts_with("kapal_database_statements_total{"));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

#[tokio::test]
async fn a_day_takes_as_many_queries_for_ten_merchants_as_for_one() {
    let server = Server::start(ServerOptions::default()).await;
    let aggregator = World::on(&server).await.aggregator().await;
    let (hero, merchant) = hero_with_merchant(&aggregator).await;
    let _ = task(&hero, &aggregator, &merchant, "Foto ulang.", &day(1)).await;
    let path = aggregator.path("heroes/me/agenda");
    const TIMES: u64 = 20;
    let measure = async || {
        let before = statements(&server).await;
        for _ in 0..TIMES {
            let _ = hero.get(&path).await.expect(200);
        }
        (statements(&server).await - before) as f64 / TIMES as f64
    };
    let one = measure().await;
    for _ in 0..9 {
        let body = json!({ "name": "Kopi Ende", "region_code": "53.08", "phone": "081234567890" });
        let more = hero.post(&aggregator.path("merchants"), body).await.json(201);
        let _ = task(&hero, &aggregator, &text(&more["id"]), "Foto ulang.", &day(1)).await;
    }
    let ten = measure().await;
    assert!(ten < 14.0 && ten < one + 1.5, "{one} for one merchant, {ten} for ten");
}
