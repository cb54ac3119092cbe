//! What the head row of the log costs: 16 writers on one aggregator against 16 on 16.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use crate::client::{self, Request};
use crate::load;
use crate::server::Kapal;

const WRITERS: usize = 16;

/// Writes a second on one aggregator, and on as many as there are writers. A write is the onboarding of a merchant: one
/// INSERT with its event and audit entry.
pub async fn compare(kapal: &Kapal, each: Duration) -> Result<(f64, f64)> {
    let operator = client::login(kapal, "operator@demo.kapal.test").await?;
    let mut requests = Vec::new();
    for number in 0..WRITERS {
        requests.push(onboarding(kapal, &operator, number).await?);
    }
    let one = load::drive(kapal.address(), &requests[..1], WRITERS, each).await?;
    let many = load::drive(kapal.address(), &requests, WRITERS, each).await?;
    Ok((one.per_second(), many.per_second()))
}

/// A new aggregator whose owner onboards merchants.
async fn onboarding(kapal: &Kapal, operator: &str, number: usize) -> Result<Request> {
    let slug = format!("bench-{number}");
    let email = format!("owner@{slug}.example");
    let body = json!({ "slug": slug, "name": format!("Bench {number}"), "owner_email": email });
    let create =
        Request::new("POST", "/v1/platform/aggregators", &[("Authorization", operator)], Some(&body), 201);
    client::call(kapal, &create).await?;
    let token = invitation(kapal, &email).await?;
    let body = json!({ "name": format!("Owner {number}"), "password": "kapal-demo-2026" });
    let accept = format!("/v1/invitations/{token}/accept");
    client::call(kapal, &Request::new("POST", &accept, &[], Some(&body), 201)).await?;
    let owner = client::login(kapal, &email).await?;
    let body = json!({ "name": "Warung Bench", "region_code": "31.71", "phone": "081234567890" });
    let path = format!("/v1/aggregators/{slug}/merchants");
    Ok(Request::new("POST", &path, &[("Authorization", &owner)], Some(&body), 201))
}

/// The token in the mail to `email`, which the worker writes as a file.
async fn invitation(kapal: &Kapal, email: &str) -> Result<String> {
    for _ in 0..500 {
        for entry in std::fs::read_dir(kapal.folder().join("mail")).into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default().replace("=\r\n", "");
            if text.contains(email)
                && let Some((_, rest)) = text.split_once("/invitations/")
            {
                let token: String =
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
                return Ok(token);
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None.context(format!("no invitation for {email} in the mail folder"))
}
