//! One pool per PostgreSQL role. They never leave this crate: outside there are only handles.

use std::time::Duration;

use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};

use crate::sql::sql;
use crate::{Error, Heads, Result, Vault};

/// A connection lent by a pool.
pub(crate) type Connection = Object<AsyncPgConnection>;

/// The addresses of the service roles' connections.
#[derive(Debug, Clone)]
pub struct Urls {
    /// `kapal_app`: staff, partners, visitors' writes.
    pub app: String,
    /// `kapal_public`: the storefront's reads.
    pub public: String,
    /// `kapal_identity`: accounts and sessions.
    pub identity: String,
    /// `kapal_ops`: worker and operator.
    pub ops: String,
}

/// The database of this process: pools, the vault of keys, and the known ends of the tenants' logs.
pub struct Db {
    pub(crate) app: Pool<AsyncPgConnection>,
    pub(crate) public: Pool<AsyncPgConnection>,
    pub(crate) identity: Pool<AsyncPgConnection>,
    pub(crate) ops: Pool<AsyncPgConnection>,
    /// Keys made from the root secret.
    pub vault: Vault,
    /// How far each tenant's public log is known to have come.
    pub heads: Heads,
}

impl Db {
    /// Pools over the four roles with `size` connections each for staff and storefront. Connects when first asked.
    pub fn new(urls: &Urls, size: usize, vault: Vault) -> Result<Self> {
        let small = size.div_ceil(2);
        Ok(Self {
            app: pool(&urls.app, size)?,
            public: pool(&urls.public, size + 1)?,
            identity: pool(&urls.identity, size)?,
            ops: pool(&urls.ops, small)?,
            vault,
            heads: Heads::default(),
        })
    }

    /// Whether the database answers now.
    pub async fn ping(&self) -> Result<()> {
        use diesel_async::RunQueryDsl;
        let mut connection = lend(&self.public).await?;
        diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("1"))
            .get_result::<i32>(&mut connection)
            .await?;
        Ok(())
    }

    /// Makes the log's partitions of the coming months, where they are not there yet.
    pub async fn ensure_partitions(&self) -> Result<()> {
        use diesel_async::RunQueryDsl;
        let mut connection = lend(&self.ops).await?;
        EnsurePartitions {}.execute(&mut connection).await?;
        Ok(())
    }
}

sql! {
    EnsurePartitions {}
    "SELECT app.ensure_partitions()"
}

/// A connection from the pool; waits a bounded time, so that a burst is answered with 503 instead of a queue.
pub(crate) async fn lend(pool: &Pool<AsyncPgConnection>) -> Result<Connection> {
    STATEMENTS.with_label_values(&["checkout"]).inc();
    Ok(pool.get().await?)
}

fn pool(url: &str, size: usize) -> Result<Pool<AsyncPgConnection>> {
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    config.recycling_method = RecyclingMethod::Fast;
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    Pool::builder(manager)
        .max_size(size)
        .wait_timeout(Some(Duration::from_millis(2_000)))
        .create_timeout(Some(Duration::from_secs(3)))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .map_err(|e| Error::Internal(e.to_string()))
}

/// Statements sent, by kind: what the query-count tests read.
pub(crate) static STATEMENTS: std::sync::LazyLock<prometheus::IntCounterVec> =
    std::sync::LazyLock::new(|| {
        let counter = prometheus::IntCounterVec::new(
            prometheus::Opts::new("kapal_database_statements_total", "Statements sent to the database."),
            &["kind"],
        );
        let counter = counter.unwrap_or_else(|e| unreachable!("a constant metric: {e}"));
        let _ = prometheus::default_registry().register(Box::new(counter.clone()));
        counter
    });

impl From<argon2::password_hash::Error> for Error {
    fn from(error: argon2::password_hash::Error) -> Self {
        Self::Internal(error.to_string())
    }
}
