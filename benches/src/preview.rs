//! Previews of links that nobody has fetched yet: each is drawn, kept and sent.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;

use crate::client::{self, Connection, Request};
use crate::load::Measured;
use crate::server::Kapal;

/// How many are drawn.
const PREVIEWS: usize = 40;

/// How long the first answer with each of some previews takes. To be asked once per database: then they are kept.
pub async fn first(kapal: &Kapal) -> Result<Measured> {
    let list = format!("/v1/storefronts/{}/products", kapal.aggregator().await?);
    let (_, page) = client::call(kapal, &Request::get(&format!("{list}?limit={PREVIEWS}"))).await?;
    let products = page["data"].as_array().context("a list")?;
    ensure!(!products.is_empty(), "the demonstration shows products");
    let mut requests = Vec::with_capacity(products.len());
    for product in products {
        let slug = product["slug"].as_str().context("a slug")?;
        let (_, product) = client::call(kapal, &Request::get(&format!("{list}/{slug}"))).await?;
        let url = product["preview"]["url"].as_str().context("a preview")?;
        let (_, path) = url.split_once("/media/").context("an address of a picture")?;
        requests.push(Request::get(&format!("/media/{path}")));
    }
    let mut latencies = Histogram::<u64>::new_with_max(60_000_000, 3)?;
    let mut connection = Connection::open(kapal.address()).await?;
    let begun = Instant::now();
    for request in &requests {
        let sent = Instant::now();
        let (status, ..) = connection.send(request).await?;
        ensure!(status == request.expected, "a preview is answered by {status}");
        latencies.saturating_record(u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX).max(1));
    }
    Ok(Measured { latencies, elapsed: begun.elapsed() })
}
