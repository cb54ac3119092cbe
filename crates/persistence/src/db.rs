//! One pool per PostgreSQL role. They never leave this crate: outside there are only handles.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool::managed::QueueMode;
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::{Object, Pool as ThreadPool};
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
    pub(crate) app: Pool,
    pub(crate) public: Pool,
    pub(crate) identity: Pool,
    pub(crate) ops: Pool,
    /// Keys made from the root secret.
    pub vault: Vault,
    /// How far each tenant's public log is known to have come.
    pub heads: Heads,
}

impl Db {
    /// Pools over the four roles with about `size` connections each. Connects when first asked.
    #[must_use]
    pub fn new(urls: &Urls, size: usize, vault: Vault) -> Self {
        Self {
            app: Pool::new("app", &urls.app, size),
            public: Pool::new("public", &urls.public, size),
            identity: Pool::new("identity", &urls.identity, size),
            ops: Pool::new("ops", &urls.ops, size.div_ceil(2)),
            vault,
            heads: Heads::default(),
        }
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

/// The connections of one role, a share for each thread that serves. A connection is driven by the runtime of the
/// thread that opened it; lent to another thread, each of its answers would wake two.
pub(crate) struct Pool {
    id: usize,
    pub(crate) role: &'static str,
    url: String,
    per_thread: usize,
}

thread_local! {
    static OPEN: RefCell<HashMap<usize, ThreadPool<AsyncPgConnection>>> = RefCell::default();
}

impl Pool {
    fn new(role: &'static str, url: &str, size: usize) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        // Two at least: a handler may need a second one before it gives the first one back.
        let per_thread = size.div_ceil(threads).max(2);
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), role, url: url.to_owned(), per_thread }
    }

    fn of_this_thread(&self) -> Result<ThreadPool<AsyncPgConnection>> {
        OPEN.with_borrow_mut(|open| {
            if let Some(pool) = open.get(&self.id) {
                return Ok(pool.clone());
            }
            let mut config = ManagerConfig::<AsyncPgConnection>::default();
            config.recycling_method = RecyclingMethod::Fast;
            let manager = AsyncDieselConnectionManager::new_with_config(&self.url, config);
            let pool = ThreadPool::builder(manager)
                .max_size(self.per_thread)
                .wait_timeout(Some(Duration::from_millis(2_000)))
                .create_timeout(Some(Duration::from_secs(3)))
                // The one used last has its statements prepared.
                .queue_mode(QueueMode::Lifo)
                .runtime(deadpool::Runtime::Tokio1)
                .build()
                .map_err(|e| Error::Internal(e.to_string()))?;
            open.insert(self.id, pool.clone());
            Ok(pool)
        })
    }
}

/// A connection from the pool; waits a bounded time, so that a burst is answered with 503 instead of a queue.
pub(crate) async fn lend(pool: &Pool) -> Result<Connection> {
    STATEMENTS.with_label_values(&[pool.role, "checkout"]).inc();
    Ok(pool.of_this_thread()?.get().await?)
}

/// Statements sent, by role and kind: what the query-count tests read. The worker works as `ops`, and looks at the log's
/// ends as `public`.
pub(crate) static STATEMENTS: std::sync::LazyLock<prometheus::IntCounterVec> =
    std::sync::LazyLock::new(|| {
        let counter = prometheus::IntCounterVec::new(
            prometheus::Opts::new("kapal_database_statements_total", "Statements sent to the database."),
            &["role", "kind"],
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
