//! What all handlers share.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::RETRY_AFTER;
use kapal_domain::Code;
use kapal_persistence::{Db, Objects};

use crate::Problem;
use crate::limits::Limits;
use crate::token::Tokens;

/// The running service.
pub struct App {
    /// The database.
    pub db: Db,
    /// Picture files.
    pub objects: Objects,
    /// Where searches are answered.
    pub search: kapal_search::Desk,
    /// Keys of access tokens.
    pub tokens: Tokens,
    /// Rate limits.
    pub limits: Limits,
    /// Where the service is reached from outside, without a final slash.
    pub public_url: String,
    /// Whether accounts of the demonstration are refused.
    pub production: bool,
    /// Bounds how many passwords are hashed and pictures decoded at once: one per core.
    pub heavy: Arc<tokio::sync::Semaphore>,
    /// Bounds what the pixels of uploads take that are decoded at once: one permit per MiB of [`PIXELS_MIB`].
    pub pixels: Arc<tokio::sync::Semaphore>,
    /// The finished OpenAPI documents by file name.
    pub documents: std::collections::BTreeMap<&'static str, String>,
    /// Set when the process is told to stop: `/readyz` says no from then on.
    pub draining: std::sync::atomic::AtomicBool,
}

/// What the pixels of uploads take that are decoded at once. The largest one takes all of it and is alone then.
pub const PIXELS_MIB: u32 = 64;
/// How long a picture waits until others have been decoded.
const PIXELS_WAIT: Duration = Duration::from_secs(15);

impl App {
    /// Runs what decodes a picture of so many bytes on a thread for that; 503 when too many wait already.
    pub async fn decoding<T: Send + 'static>(
        &self,
        bytes: u64,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let mib = u32::try_from(bytes.div_ceil(1024 * 1024)).unwrap_or(PIXELS_MIB).clamp(1, PIXELS_MIB);
        let wait = tokio::time::timeout(PIXELS_WAIT, self.pixels.clone().acquire_many_owned(mib));
        let Ok(Ok(permit)) = wait.await else { return Err(overloaded()) };
        let work = move || {
            let _permit = permit;
            work()
        };
        self.heavily(work).await
    }

    /// Runs what burns a core on a thread for that; 503 when too many wait already.
    pub async fn heavily<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let wait = tokio::time::timeout(Duration::from_secs(5), self.heavy.clone().acquire_owned());
        let Ok(Ok(permit)) = wait.await else { return Err(overloaded()) };
        let work = move || {
            // Held until the work ends, also when the client has gone and nobody waits for it.
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "heavy work failed");
            Problem::new(Code::Internal)
        })
    }
}

fn overloaded() -> Problem {
    Problem::new(Code::Overloaded).with_header(RETRY_AFTER, 1)
}
