//! What the tests share. Each test makes an aggregator of its own in the one running server and talks to it as
//! outsiders do; what is global gets a server and a database of its own ([`Server::start`]).

mod browser;
mod client;
mod cluster;
mod document;
mod server;
mod world;

use std::time::{Duration, Instant};

pub use browser::Browser;
pub use client::{Call, Client, Reply, all_at_once};
pub use cluster::{Cluster, run_cluster, start_cluster};
pub use document::{Document, Operation, properties};
pub use server::{Server, ServerOptions, tool};
pub use world::{
    Aggregator, Member, PASSWORD, World, ago, halal, nib, pdf, phone_id, photo, pirt, scores, text, unique,
    visit,
};

/// Waits until `look` finds something, looking every few milliseconds; panics with `what` after 20 seconds.
#[track_caller]
pub fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(Instant::now() < deadline, "{caller}: waited in vain for: {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
