//! Files in a bucket of an S3-compatible store.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use secrecy::{ExposeSecret, SecretString};

use crate::{Error, Result};

/// A request waits so long for a connection, and for its answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// A store that is away is told to the caller, who tries again, rather than waited for.
const RETRIES: usize = 2;
const RETRY_TIMEOUT: Duration = Duration::from_secs(4);

/// Where a bucket is and who may use it.
#[derive(Debug, Clone)]
pub struct BucketSettings {
    /// Its name.
    pub bucket: String,
    /// The store's address; None is Amazon's own.
    pub endpoint: Option<String>,
    /// The store's region.
    pub region: String,
    /// The name of the key.
    pub access_key: String,
    /// The key itself.
    pub secret_key: SecretString,
}

#[derive(Debug)]
pub(super) struct Bucket {
    store: AmazonS3,
}

impl Bucket {
    pub(super) fn new(settings: &BucketSettings) -> Result<Self> {
        // The client of HTTP leaves its cryptography to the process. Whoever chose one before is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let retries = RetryConfig {
            backoff: BackoffConfig { init_backoff: Duration::from_millis(100), ..BackoffConfig::default() },
            max_retries: RETRIES,
            retry_timeout: RETRY_TIMEOUT,
        };
        let options =
            ClientOptions::new().with_connect_timeout(CONNECT_TIMEOUT).with_timeout(REQUEST_TIMEOUT);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_access_key_id(&settings.access_key)
            .with_secret_access_key(settings.secret_key.expose_secret())
            .with_retry(retries)
            .with_client_options(options);
        if let Some(endpoint) = &settings.endpoint {
            // Inside a machine or a private network a store has no certificate; evidence is sealed before it travels.
            builder = builder.with_allow_http(endpoint.starts_with("http://")).with_endpoint(endpoint);
        }
        let store = builder.build().map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self { store })
    }

    /// Writes a file, unless it is there. A store shows a file when it has it whole.
    pub(super) async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        let path = Path::from(key);
        match self.store.head(&path).await {
            Ok(_) => return Ok(()),
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(away(error)),
        }
        self.store.put(&path, bytes.into()).await.map_err(away)?;
        Ok(())
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        match self.store.get(&Path::from(key)).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(away)?.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(away(error)),
        }
    }

    pub(super) async fn delete(&self, key: &str) -> Result<()> {
        match self.store.delete(&Path::from(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(away(error)),
        }
    }

    pub(super) async fn delete_all(&self, key: &str) -> Result<()> {
        let files: Vec<_> = self
            .store
            .list(Some(&Path::from(key)))
            .map(|file| file.map(|f| f.location))
            .try_collect()
            .await
            .map_err(away)?;
        for file in files {
            self.delete(file.as_ref()).await?;
        }
        Ok(())
    }
}

/// Whatever a store complains of (it is down, the key is not its own, the bucket is gone) is not the caller's fault, and
/// may be over when he tries again. The log tells it.
fn away(error: object_store::Error) -> Error {
    Error::Unavailable(format!("the object store: {error}"))
}
