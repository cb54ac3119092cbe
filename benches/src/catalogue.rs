//! The requests that are measured on the grown catalogue.

use anyhow::{Context, Result};
use serde_json::json;

use crate::client::{self, Request};
use crate::server::Kapal;

/// One thing to measure.
pub struct Scenario {
    /// What it is called.
    pub name: &'static str,
    /// The requests: each connection sends one of them again and again.
    pub requests: Vec<Request>,
    /// Whether it asks the database at all: then `pgbench` runs the same statements.
    pub queries: bool,
}

/// What is measured: the public reads, a conditional one, a login, a write.
pub async fn scenarios(kapal: &Kapal, owner: &str) -> Result<Vec<Scenario>> {
    let slug = kapal.aggregator().await?;
    let store = format!("/v1/storefronts/{slug}");
    let (_, list) = client::call(kapal, &Request::get(&format!("{store}/products"))).await?;
    let product = list["data"][0]["slug"].as_str().context("a product")?;
    let detail = format!("{store}/products/{product}");
    let (head, _) = client::call(kapal, &Request::get(&detail)).await?;
    let etag = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().starts_with("etag:").then(|| line[5..].trim().to_owned()))
        .context("an ETag")?;
    let staff = format!("/v1/aggregators/{slug}");
    let authorization = [("Authorization", owner)];
    let merchants =
        Request::new("GET", &format!("{staff}/merchants?status=active&limit=1"), &authorization, None, 200);
    let (_, merchants) = client::call(kapal, &merchants).await?;
    let (_, categories) = client::call(kapal, &Request::get("/v1/categories")).await?;
    let new = json!({
        "merchant_id": merchants["data"][0]["id"],
        "category_id": categories["data"][0]["id"],
        "translations": { "id": { "name": "Keripik Bench", "description": "Renyah." } },
        "variants": [{ "sku": "B-1", "price": { "amount": "15000", "currency": "IDR" }, "stock": 10 }],
    });
    let read = |name, path: &str| Scenario { name, requests: vec![Request::get(path)], queries: true };
    Ok(vec![
        read("product detail", &detail),
        read("list of 20", &format!("{store}/products")),
        read("home", &format!("{store}/home")),
        read("search", &format!("{store}/products?q=kopi%20arabika")),
        read("national list of 20", "/v1/storefront/products"),
        read("national search", "/v1/storefront/products?q=kopi%20arabika"),
        Scenario {
            name: "product detail, 304",
            requests: vec![Request::new("GET", &detail, &[("If-None-Match", &etag)], None, 304)],
            queries: false,
        },
        Scenario {
            name: "login",
            requests: accounts(kapal).await?.iter().map(|email| client::login_request(email)).collect(),
            queries: true,
        },
        Scenario {
            name: "create product",
            requests: vec![Request::new(
                "POST",
                &format!("{staff}/products"),
                &authorization,
                Some(&new),
                201,
            )],
            queries: true,
        },
    ])
}

/// Accounts of the demonstration: parallel logins of one account are slowed down on purpose.
async fn accounts(kapal: &Kapal) -> Result<Vec<String>> {
    let database = kapal.superuser().await?;
    let rows =
        database.query("SELECT email FROM users WHERE demonstration ORDER BY email LIMIT 64", &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
