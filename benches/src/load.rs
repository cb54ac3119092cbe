//! Closed-loop load: as many requests in flight as there are connections.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use hdrhistogram::Histogram;
use tokio::task::LocalSet;

use crate::client::{Connection, Request};

/// What was measured.
pub struct Measured {
    /// Latencies in microseconds.
    pub latencies: Histogram<u64>,
    /// For how long.
    pub elapsed: Duration,
}

impl Measured {
    /// Requests a second.
    pub fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency below which a share of the requests was answered, in milliseconds.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        self.latencies.value_at_quantile(share) as f64 / 1_000.0
    }
}

/// Sends all `requests` in turn over one connection for `each`, after one round of warming up.
pub async fn drive_in_turn(address: &str, requests: &[Request], each: Duration) -> Result<Measured> {
    let mut latencies = Histogram::<u64>::new_with_max(60_000_000, 3)?;
    let mut connection = Connection::open(address).await?;
    let mut begun = None;
    loop {
        for request in requests {
            let sent = Instant::now();
            let (status, _, body) = connection.send(request).await?;
            if status != request.expected {
                bail!("status {status}: {}", String::from_utf8_lossy(&body));
            }
            if begun.is_some() {
                let micros = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
                latencies.saturating_record(micros.max(1));
            }
        }
        let begun = *begun.get_or_insert_with(Instant::now);
        if begun.elapsed() >= each {
            return Ok(Measured { latencies, elapsed: begun.elapsed() });
        }
    }
}

/// Sends `requests` over `connections` for `each`, after a short warm-up. Each connection sends one of them again and
/// again.
pub async fn drive(
    address: &str,
    requests: &[Request],
    connections: usize,
    each: Duration,
) -> Result<Measured> {
    let latencies = Rc::new(RefCell::new(Histogram::<u64>::new_with_max(60_000_000, 3)?));
    let begin = Instant::now() + Duration::from_millis(500);
    let end = begin + each;
    let tasks = LocalSet::new();
    let mut running = Vec::new();
    for request in requests.iter().cycle().take(connections) {
        let (address, request, latencies) = (address.to_owned(), request.clone(), latencies.clone());
        running.push(tasks.spawn_local(async move {
            let mut connection = Connection::open(&address).await?;
            loop {
                let sent = Instant::now();
                if sent >= end {
                    return Ok(());
                }
                let (status, _, body) = connection.send(&request).await?;
                if status != request.expected {
                    bail!("status {status}: {}", String::from_utf8_lossy(&body));
                }
                let done = Instant::now();
                if sent >= begin && done <= end {
                    let micros = u64::try_from(done.duration_since(sent).as_micros()).unwrap_or(u64::MAX);
                    latencies.borrow_mut().saturating_record(micros.max(1));
                }
            }
        }));
    }
    tasks.await;
    for task in running {
        task.await??;
    }
    let latencies = latencies.borrow().clone();
    Ok(Measured { latencies, elapsed: each })
}
