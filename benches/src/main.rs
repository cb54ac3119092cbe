//! `make bench`: starts the real server on a database of its own, drives it over loopback, and prints each figure
//! beside its limits: the same SQL through `pgbench`, and `/healthz` of the same server. Figures are appended to
//! `benches/history.tsv` with the commit. Machines are noisy: the ratios are what to compare, and what is clearly over its
//! bound makes the run fail, with the list of it at the end.

mod catalogue;
mod client;
mod fieldwork;
mod load;
mod pgbench;
mod preview;
mod report;
mod script;
mod search;
mod server;
mod shelf;
mod writers;

use std::time::Duration;

use anyhow::{Context, Result};
use client::Request;
use report::Report;
use server::Kapal;

/// Requests in flight.
const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// How many products searches are measured over, on the way to as many as are asked for.
const SCALES: [usize; 3] = [10_000, 100_000, 1_000_000];

fn main() -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run())
}

async fn run() -> Result<()> {
    let scale: usize = match std::env::var("SCALE") {
        Ok(scale) => scale.parse().context("SCALE is a number of products")?,
        Err(_) => 10_000,
    };
    let seconds = std::env::var("SECONDS_EACH").ok().and_then(|s| s.parse().ok()).unwrap_or(3);
    let each = Duration::from_secs(seconds);
    let mut report = Report::new()?;
    let mut kapal = Kapal::new()?;

    let empty = kapal.start().await?;
    report.start("first answer on an empty data directory", empty, Duration::from_secs(6));
    kapal.stop().await?;
    let demo = kapal.demonstrate()?;
    report.start("kapal demo", demo, Duration::from_secs(30));
    let existing = kapal.start().await?;
    report.start("first answer on an existing data directory", existing, Duration::from_secs(1));

    report.previews(&preview::first(&kapal).await?);
    search::relevance(&kapal, &mut report).await?;
    for products in SCALES.into_iter().filter(|products| *products < scale).chain([scale]) {
        let begun = std::time::Instant::now();
        shelf::grow(&kapal, products).await?;
        println!("\n{products} products, grown in {:.0} s", begun.elapsed().as_secs_f64());
        report.products = products;
        search::measure(&mut kapal, &mut report, each).await?;
    }
    let owner =
        client::login(&kapal, &format!("owner@{}.demo.kapal.test", kapal.aggregator().await?)).await?;
    let health = Request::get("/healthz");
    let mut ceilings = Vec::new();
    for connections in CONNECTIONS {
        let measured = load::drive(kapal.address(), std::slice::from_ref(&health), connections, each).await?;
        ceilings.push(measured.per_second());
        report.row("healthz", connections, &measured, None, None);
    }
    for scenario in catalogue::scenarios(&kapal, &owner).await? {
        let script = match scenario.queries {
            true => Some(pgbench::capture(&kapal, &scenario.requests[0]).await?),
            false => None,
        };
        for (connections, ceiling) in CONNECTIONS.into_iter().zip(&ceilings) {
            let measured = load::drive(kapal.address(), &scenario.requests, connections, each).await?;
            let limit = script.as_ref().and_then(|script| {
                let limit = pgbench::run(&kapal, script, connections, each);
                // One limit that can't be had is no reason to measure nothing else.
                limit.inspect_err(|error| eprintln!("{}: {error:#}", scenario.name)).ok()
            });
            report.row(scenario.name, connections, &measured, limit, Some(*ceiling));
        }
    }
    let (one, many) = writers::compare(&kapal, each).await?;
    report.writers(one, many);
    report.start("a hero's sync of 200 changes", fieldwork::sync(&kapal).await?, Duration::from_secs(1));
    for (name, measured) in fieldwork::merchants(&kapal, each).await? {
        report.lists(name, measured);
    }
    report.audit(fieldwork::audit(&kapal).await?);
    report.memory(kapal.peak_memory()?);
    kapal.stop().await?;
    report.finish()
}
