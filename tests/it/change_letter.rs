//! Mail about change requests: reviewers hear that edits wait, and those whose edits they are what became of them.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Cluster, Member, World, eventually, text};
use serde_json::{Value, json};

const WAITING: [&str; 2] = ["menunggu ditinjau", "Product edits to review"];
const REVIEWED: [&str; 2] = ["Hasil tinjauan", "What became of product edits"];

/// The letters of a kind to somebody.
fn letters(world: &World, to: &Member, kind: [&str; 2]) -> Vec<String> {
    let mut mails = world.mail_to(&to.email);
    mails.retain(|mail| kind.iter().any(|subject| subject_of(mail).contains(subject)));
    mails
}

/// The subject, whose encoding takes blanks for underscores.
fn subject_of(mail: &str) -> String {
    let mut subject = String::new();
    for line in mail.lines().skip_while(|line| !line.starts_with("Subject:")) {
        if !subject.is_empty() && !line.starts_with(' ') {
            break;
        }
        subject.push_str(line);
    }
    subject.replace('_', " ")
}

async fn letter(world: &World, to: &Member, kind: [&str; 2], nth: usize) -> String {
    eventually("a letter", async || letters(world, to, kind).get(nth).cloned()).await
}

/// An edit of a product's name, as a change request.
async fn ask(aggregator: &Aggregator, by: &Member, product: &Value, name: &str) -> Value {
    let path = aggregator.path(&format!("products/{}", text(&product["id"])));
    let now = by.get(&path).await.json(200);
    let patch = json!({ "translations": { "id": { "name": name } } });
    by.patch(&path, patch).of(&now["version"]).await.json(202)
}

fn at(aggregator: &Aggregator, request: &Value, step: &str) -> String {
    aggregator.path(&format!("change-requests/{}/{step}", text(&request["id"])))
}

/// How many requests of an aggregator nobody has been told of yet.
async fn untold(aggregator: &Aggregator) -> i64 {
    let cluster = Cluster::get();
    let database = cluster.superuser(&cluster.database).await;
    let sql = "SELECT count(*) FROM change_requests c JOIN aggregators a ON a.id = c.aggregator_id \
               WHERE a.slug = $1 AND c.untold IS NOT NULL";
    database.query_one(sql, &[&aggregator.slug]).await.expect(sql).get(0)
}

#[tokio::test]
async fn reviewers_hear_of_edits_that_wait_once_an_hour_at_most() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let product = aggregator.product().await;
    let curator = aggregator.member(Role::Curator).await;
    let merchant = aggregator.merchant_member(&text(&product["merchant_id"])).await;
    let analyst = aggregator.member(Role::Analyst).await;
    let _ = ask(&aggregator, &merchant, &product, "Kopi Baru").await;
    let first = letter(&world, &curator, WAITING, 0).await;
    let name = text(&product["translations"]["id"]["name"]);
    assert!(first.contains(&name), "{first}");
    let _ = letter(&world, &aggregator.owner, WAITING, 0).await;
    let second = aggregator.product().await;
    let _ = ask(&aggregator, &merchant_of(&aggregator, &second).await, &second, "Kopi Lain").await;
    let _ = ask(&aggregator, &merchant, &product, "Kopi Lebih Baru").await;
    // What is decided at once is told of at once; by then another letter would have come too.
    let third = aggregator.product().await;
    let other = merchant_of(&aggregator, &third).await;
    let request = ask(&aggregator, &other, &third, "Kopi Ketiga").await;
    let _ = aggregator.owner.step(&at(&aggregator, &request, "accept")).await.expect(200);
    let _ = letter(&world, &other, REVIEWED, 0).await;
    assert_eq!(letters(&world, &curator, WAITING).len(), 1, "within the hour");
    assert_eq!(untold(&aggregator).await, 2);
    let cluster = Cluster::get();
    let sql = "UPDATE aggregators SET reviewers_told_at = now() - interval '61 minutes' WHERE slug = $1";
    cluster.superuser(&cluster.database).await.execute(sql, &[&aggregator.slug]).await.expect(sql);
    let digest = letter(&world, &curator, WAITING, 1).await;
    for waiting in [&product, &second] {
        assert!(digest.contains(&text(&waiting["translations"]["id"]["name"])), "{digest}");
    }
    assert_eq!(untold(&aggregator).await, 0);
    for other in [&merchant, &analyst] {
        assert_eq!(letters(&world, other, WAITING).len(), 0, "they review nothing");
    }
}

async fn merchant_of(aggregator: &Aggregator, product: &Value) -> Member {
    aggregator.merchant_member(&text(&product["merchant_id"])).await
}

#[tokio::test]
async fn whose_edit_it_is_hears_what_became_of_it_and_why() {
    let world = World::new().await;
    let aggregator = world.aggregator().await;
    let product = aggregator.product().await;
    let (merchant, curator) =
        (merchant_of(&aggregator, &product).await, aggregator.member(Role::Curator).await);
    let english = json!({ "locale": "en" });
    let me = curator.get("/v1/me").await.expect(200);
    let _ = curator.patch("/v1/me", english).header("If-Match", me.header("etag")).await.expect(200);
    let stranger = merchant_of(&aggregator, &aggregator.product().await).await;
    let request = ask(&aggregator, &curator, &product, "Kopi Terbaik Sedunia").await;
    let back = json!({
        "reason": "Tanpa klaim.",
        "fields": [{ "pointer": "/translations/id/name", "reason": "Sebut asalnya." }],
    });
    let _ = aggregator.owner.post(&at(&aggregator, &request, "request-changes"), back).await.expect(200);
    let told = letter(&world, &merchant, REVIEWED, 0).await;
    for said in ["perlu diperbaiki", "Tanpa klaim.", "/translations/id/name: Sebut asalnya."] {
        assert!(told.contains(said), "{said}: {told}");
    }
    let told = letter(&world, &curator, REVIEWED, 0).await;
    assert!(told.contains(": sent back") && told.contains("Tanpa klaim."), "{told}");
    let request = ask(&aggregator, &merchant, &product, "Kopi Gayo").await;
    let _ = curator.step(&at(&aggregator, &request, "accept")).await.expect(200);
    let told = letter(&world, &merchant, REVIEWED, 1).await;
    assert!(told.contains("diterima"), "{told}");
    let request = ask(&aggregator, &merchant, &product, "Kopi Luwak").await;
    let reject = json!({ "reason": "Bukan luwak." });
    let _ = curator.post(&at(&aggregator, &request, "reject"), reject).await.expect(200);
    let told = letter(&world, &merchant, REVIEWED, 2).await;
    assert!(told.contains("ditolak") && told.contains("Bukan luwak."), "{told}");
    assert_eq!(letters(&world, &curator, REVIEWED).len(), 1, "who decides knows it");
    for other in [&aggregator.owner, &stranger] {
        assert_eq!(letters(&world, other, REVIEWED).len(), 0, "not theirs");
    }
}
