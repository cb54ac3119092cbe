//! What all handlers share.

use std::sync::Arc;

use kapal_persistence::{Db, Objects};

use crate::limits::Limits;
use crate::token::Tokens;

/// The running service.
pub struct App {
    /// The database.
    pub db: Db,
    /// Picture files.
    pub objects: Objects,
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
    /// The finished OpenAPI documents by file name.
    pub documents: std::collections::BTreeMap<&'static str, String>,
    /// Set when the process is told to stop: `/readyz` says no from then on.
    pub draining: std::sync::atomic::AtomicBool,
}

impl App {
    /// Runs what burns a core on a thread for that; 503 when too many wait already.
    pub async fn heavily<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, crate::Problem> {
        let overloaded = || {
            crate::Problem::new(kapal_domain::Code::Overloaded)
                .with_header(actix_web::http::header::RETRY_AFTER, 1)
        };
        let wait =
            tokio::time::timeout(std::time::Duration::from_secs(5), self.heavy.clone().acquire_owned());
        let Ok(Ok(permit)) = wait.await else { return Err(overloaded()) };
        let work = move || {
            // Held until the work ends, also when the client has gone and nobody waits for it.
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "heavy work failed");
            crate::Problem::new(kapal_domain::Code::Internal)
        })
    }
}
