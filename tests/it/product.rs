//! Products: from draft to storefront, what review protects, and stock that many buyers take at once.

use kapal_domain::permission::Role;
use kapal_tests::{Aggregator, Reply, World, text};
use serde_json::{Value, json};

fn path(aggregator: &Aggregator, product: &Value, rest: &str) -> String {
    aggregator.path(&format!("products/{}{rest}", text(&product["id"])))
}

async fn step(aggregator: &Aggregator, product: &Value, action: &str) -> Reply {
    let path = path(aggregator, product, &format!("/{action}"));
    match action {
        "request-changes" => aggregator.owner.post(&path, json!({ "reason": "Foto kurang terang." })).await,
        _ => aggregator.owner.step(&path).await,
    }
}

const STATES: [&str; 6] = ["draft", "submitted", "needs_changes", "published", "unpublished", "archived"];
const STEPS: &[(&str, &[&str], &str)] = &[
    ("submit", &["draft", "needs_changes"], "submitted"),
    ("request-changes", &["submitted"], "needs_changes"),
    ("publish", &["submitted", "unpublished"], "published"),
    ("unpublish", &["published"], "unpublished"),
    ("archive", &["draft", "submitted", "needs_changes", "published", "unpublished"], "archived"),
];

async fn product_in(aggregator: &Aggregator, state: &str) -> Value {
    let product = aggregator.draft_product().await;
    let steps: &[&str] = match state {
        "draft" => &[],
        "submitted" => &["submit"],
        "needs_changes" => &["submit", "request-changes"],
        "published" => &["submit", "publish"],
        "unpublished" => &["submit", "publish", "unpublish"],
        "archived" => &["archive"],
        other => panic!("{other}"),
    };
    for action in steps {
        let _ = step(aggregator, &product, action).await.expect(200);
    }
    aggregator.owner.get(&path(aggregator, &product, "")).await.json(200)
}

#[tokio::test]
async fn every_step_leads_where_it_should_and_no_other_exists() {
    let aggregator = World::new().await.aggregator().await;
    for (action, from, to) in STEPS {
        for state in STATES {
            let product = product_in(&aggregator, state).await;
            let reply = step(&aggregator, &product, action).await;
            if from.contains(&state) {
                assert_eq!(reply.json(200)["status"], *to, "{action} from {state}");
            } else {
                let problem = reply.problem(409, "wrong_state");
                assert!(problem["detail"].as_str().is_some_and(|d| d.contains(state)), "{action}: {problem}");
            }
        }
    }
}

#[tokio::test]
async fn without_the_merchants_nib_nothing_is_published() {
    let aggregator = World::new().await.aggregator().await;
    let body = json!({ "name": "Tanpa NIB", "region_code": "53.07", "phone": "081234567890" });
    let merchant = aggregator.owner.post(&aggregator.path("merchants"), body).await.json(201);
    let merchant_path = aggregator.path(&format!("merchants/{}", text(&merchant["id"])));
    let _ = aggregator.owner.step(&format!("{merchant_path}/submit")).await.expect(200);
    let verified = aggregator.owner.step(&format!("{merchant_path}/verify")).await;
    if verified.status == 200 {
        let body = aggregator.product_body(&text(&merchant["id"])).await;
        let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
        let _ = step(&aggregator, &product, "submit").await.expect(200);
        step(&aggregator, &product, "publish").await.problem(409, "nib_required");
    } else {
        verified.problem(409, "merchant_incomplete");
    }
}

#[tokio::test]
async fn a_product_of_a_merchant_who_is_not_active_is_not_published() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.merchant().await;
    let body = aggregator.product_body(&text(&merchant["id"])).await;
    let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
    let _ = step(&aggregator, &product, "submit").await.expect(200);
    step(&aggregator, &product, "publish").await.problem(409, "merchant_not_active");
}

#[tokio::test]
async fn an_incomplete_product_is_not_submitted_and_is_told_what_it_lacks() {
    let aggregator = World::new().await.aggregator().await;
    let merchant = aggregator.active_merchant().await;
    let whole = aggregator.product_body(&text(&merchant["id"])).await;
    for missing in ["variants", "media"] {
        let mut body = whole.clone();
        body.as_object_mut().expect("a body").shift_remove(missing);
        let product = aggregator.owner.post(&aggregator.path("products"), body).await.json(201);
        let submitted = step(&aggregator, &product, "submit").await;
        let refused =
            if submitted.status == 200 { step(&aggregator, &product, "publish").await } else { submitted };
        refused.problem(409, "product_incomplete");
    }
}

#[tokio::test]
async fn off_the_storefront_an_edit_counts_at_once_and_absent_keeps() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let owner = &aggregator.owner;
    let rename = json!({ "translations": { "id": { "name": "Kopi Lain" } } });
    let whole = path(&aggregator, &product, "");
    let waits = owner.patch(&whole, rename.clone()).of(&product["version"]).await.expect(202);
    assert_eq!(owner.get(&whole).await.json(200), product, "{waits}");
    let _ = step(&aggregator, &product, "unpublish").await.expect(200);
    let now = owner.get(&whole).await.json(200);
    let renamed = owner.patch(&whole, rename).of(&now["version"]).await.json(200);
    assert_eq!(renamed.pointer("/translations/id/name"), Some(&json!("Kopi Lain")));
    assert_eq!(renamed.pointer("/translations/en/name"), now.pointer("/translations/en/name"));
}

#[tokio::test]
async fn price_and_stock_of_a_published_product_count_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.product().await;
    let variant = path(&aggregator, &product, &format!("/variants/{}", text(&product["variants"][0]["id"])));
    let shop = aggregator.shop(&format!("/products/{}", text(&product["slug"])));
    let seen = || async { aggregator.world.visitor.get(&shop).await.json(200) };
    assert_eq!(seen().await["price"], json!({ "amount": "75000", "currency": "IDR" }));
    let price = json!({ "price": { "amount": "80000", "currency": "IDR" } });
    let _ = aggregator.owner.patch(&variant, price).of(&product["version"]).await.expect(200);
    assert_eq!(seen().await.pointer("/price/amount"), Some(&json!("80000")));
    let stock = format!("{variant}/stock");
    let _ = aggregator.owner.post(&stock, json!({ "set": 0, "reason": "sale" })).await;
    let reply = aggregator.owner.post(&stock, json!({ "set": 0, "reason": "correction" })).await;
    assert!(matches!(reply.status, 200 | 422), "{reply}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_never_goes_below_zero_however_many_take_at_once() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.draft_product().await;
    let variant = text(&product["variants"][0]["id"]);
    let stock = path(&aggregator, &product, &format!("/variants/{variant}/stock"));
    let reason = stock_reason(&aggregator).await;
    let set = aggregator.owner.post(&stock, json!({ "set": 120, "reason": reason })).await;
    let _ = set.expect(200);
    let buyers: Vec<_> = (0..200)
        .map(|_| {
            let (owner, stock, reason) = (aggregator.owner.clone(), stock.clone(), reason.clone());
            tokio::spawn(async move {
                let call = || owner.post(&stock, json!({ "delta": -1, "reason": reason }));
                let mut reply = call().await;
                while reply.status == 503 {
                    reply = call().await;
                }
                reply
            })
        })
        .collect();
    let (mut sold, mut refused) = (0, 0);
    for buyer in buyers {
        let reply = buyer.await.expect("answered");
        match reply.status {
            200 => sold += 1,
            _ => {
                reply.faults(&[("/delta", "insufficient_stock")]);
                refused += 1;
            }
        }
    }
    assert_eq!((sold, refused), (120, 80));
    let left = aggregator.owner.get(&path(&aggregator, &product, "")).await.json(200);
    assert_eq!(left.pointer("/variants/0/stock"), Some(&json!(0)));
    assert_eq!(left["version"], product["version"], "stock is no part of the version");
}

/// A reason that the document offers.
async fn stock_reason(aggregator: &Aggregator) -> String {
    let document = kapal_tests::Document::of(&aggregator.world.visitor).await;
    let operation = document
        .operations()
        .into_iter()
        .find(|o| o.writes() && o.path.ends_with("/stock"))
        .expect("the route");
    text(&operation.example().expect("an example")["reason"])
}

#[tokio::test]
async fn ids_of_another_tenant_in_a_body_are_unknown() {
    let world = World::new().await;
    let (ours, theirs) = (world.aggregator().await, world.aggregator().await);
    let foreign = theirs.draft_product().await;
    let merchant = ours.active_merchant().await;
    let mut body = ours.product_body(&text(&merchant["id"])).await;
    body["merchant_id"] = foreign["merchant_id"].clone();
    ours.owner
        .post(&ours.path("products"), body.clone())
        .await
        .faults(&[("/merchant_id", "unknown_reference")]);
    body["merchant_id"] = merchant["id"].clone();
    body["category_id"] = json!(uuid::Uuid::now_v7());
    ours.owner
        .post(&ours.path("products"), body.clone())
        .await
        .faults(&[("/category_id", "unknown_reference")]);
    body["category_id"] = json!(ours.category().await);
    body["media"] = json!([theirs.product_body(&text(&foreign["merchant_id"])).await["media"][0]]);
    ours.owner.post(&ours.path("products"), body).await.faults(&[("/media/0", "unknown_reference")]);
}

#[tokio::test]
async fn money_is_whole_rupiah_in_text() {
    let aggregator = World::new().await.aggregator().await;
    let product = aggregator.draft_product().await;
    let variants = path(&aggregator, &product, "/variants");
    let create = |price: Value| aggregator.owner.post(&variants, json!({ "price": price }));
    for amount in ["1.5", "-1", "1e3", "abc", "1,000"] {
        create(json!({ "amount": amount, "currency": "IDR" }))
            .await
            .faults(&[("/price/amount", "invalid_money")]);
    }
    create(json!({ "amount": "1000", "currency": "USD" }))
        .await
        .faults(&[("/price/currency", "invalid_currency")]);
    let _ = create(json!({ "amount": 1000, "currency": "IDR" })).await.problem(422, "validation_failed");
    let _ = create(json!({ "amount": "1000", "currency": "IDR" })).await.expect(201);
}

#[tokio::test]
async fn a_merchant_user_writes_its_own_products_and_publishes_none() {
    let aggregator = World::new().await.aggregator().await;
    let own = aggregator.active_merchant().await;
    let others = aggregator.draft_product().await;
    let member = aggregator.merchant_member(&text(&own["id"])).await;
    let body = aggregator.product_body_by(&member, &text(&own["id"])).await;
    let product = member.post(&aggregator.path("products"), body.clone()).await.json(201);
    let _ = member.step(&path(&aggregator, &product, "/submit")).await.expect(200);
    member.step(&path(&aggregator, &product, "/publish")).await.problem(403, "forbidden");
    member.get(&path(&aggregator, &others, "")).await.problem(404, "not_found");
    let mut foreign = body;
    foreign["merchant_id"] = others["merchant_id"].clone();
    let reply = member.post(&aggregator.path("products"), foreign).await;
    assert!(matches!(reply.status, 404 | 422), "{reply}");
    let analyst = aggregator.member(Role::Analyst).await;
    let _ = analyst.get(&path(&aggregator, &others, "")).await.expect(200);
}
