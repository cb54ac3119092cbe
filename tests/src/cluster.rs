//! One throw-away PostgreSQL for a run: the template of every database, and the shared server with its database. A
//! background process holds it, and ends and removes all of it when the run is over, however that ended.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use kapal_server::postgres::{Options, Private, SUPERUSER};
use serde::{Deserialize, Serialize};

use crate::server::{self, Server, ServerOptions};

/// The migrated database that others are copied from; nobody connects to it.
pub(crate) const TEMPLATE: &str = "kapal_template";
/// How long the cluster may take to stand.
const READY_WITHIN: Duration = Duration::from_secs(110);

/// Where the cluster of this run is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cluster {
    /// Everything of the run lies in here.
    pub directory: PathBuf,
    /// The shared server's address.
    pub server: String,
    /// The shared server's metrics.
    pub metrics: String,
    /// The shared server's data directory: pictures and mail.
    pub data: PathBuf,
    /// The shared server's database.
    pub database: String,
    /// The query part of database addresses: where the socket is.
    socket: String,
}

impl Cluster {
    /// The cluster of this run: the one that nextest's set-up script has started, else (plain `cargo test`) one that
    /// this process starts.
    pub fn get() -> &'static Self {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(|| {
            let started = match std::env::var("TEST_CLUSTER") {
                Ok(directory) => read(Path::new(&directory)),
                Err(_) => server::program("test-cluster").and_then(|p| start_cluster(&p, std::process::id())),
            };
            started.unwrap_or_else(|error| panic!("no test cluster: {error:#}"))
        })
    }

    /// The address of a database for a role.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@/{database}?{}", self.socket)
    }

    /// A connection to a database as a role.
    pub async fn connect(&self, role: &str, database: &str) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.url(role, database), tokio_postgres::NoTls)
            .await
            .unwrap_or_else(|error| panic!("connecting to {database} as {role}: {error}"));
        tokio::spawn(connection);
        client
    }

    /// Pools over the shared server's database with its own keys: to do what the worker does at its own time.
    #[must_use]
    pub fn pools(&self) -> kapal_persistence::Db {
        use kapal_persistence::{Secret, Urls, Vault};
        let url = |role| self.url(role, &self.database);
        let urls = Urls {
            app: url("kapal_app"),
            public: url("kapal_public"),
            identity: url("kapal_identity"),
            ops: url("kapal_ops"),
        };
        let root = Secret::from_base64(server::SECRET).unwrap_or_else(|| panic!("the tests' key"));
        kapal_persistence::Db::new(&urls, 2, Vault::new(&root))
    }

    /// A connection as superuser: sees everything.
    pub async fn superuser(&self, database: &str) -> tokio_postgres::Client {
        self.connect(SUPERUSER, database).await
    }

    /// A new empty-but-migrated database.
    pub async fn copy_database(&self) -> String {
        let name = format!("kapal_{}", uuid::Uuid::now_v7().simple());
        let sql = format!("CREATE DATABASE {name} OWNER kapal_owner TEMPLATE {TEMPLATE} STRATEGY FILE_COPY");
        // The template can be copied once at a time; the server itself waits a little for others.
        crate::eventually("the template is free", async || {
            self.superuser("postgres").await.batch_execute(&sql).await.ok()
        })
        .await;
        name
    }
}

fn read(directory: &Path) -> Result<Cluster> {
    let text = std::fs::read_to_string(directory.join("cluster.json"))?;
    Ok(serde_json::from_str(&text)?)
}

/// Starts the background process that holds a cluster for as long as the process `holder` lives, and waits until it
/// stands.
pub fn start_cluster(program: &Path, holder: u32) -> Result<Cluster> {
    use std::os::unix::process::CommandExt as _;
    let directory = std::env::temp_dir().join(format!("kapal-test-{}", uuid::Uuid::now_v7().simple()));
    std::fs::create_dir_all(&directory)?;
    let log = directory.join("log");
    let output = std::fs::File::create(&log)?;
    let mut child = Command::new(program)
        .args(["run", &holder.to_string()])
        .arg(&directory)
        // Out of reach of the signals that end the run: it must outlive the run to clean up.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()?;
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        if let Ok(cluster) = read(&directory) {
            return Ok(cluster);
        }
        if child.try_wait()?.is_some() || Instant::now() > deadline {
            let _ = child.kill();
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            let _ = std::fs::remove_dir_all(&directory);
            anyhow::bail!("the cluster did not start:\n{said}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Holds a cluster in `directory` until the process `holder` is gone.
pub fn run_cluster(holder: u32, directory: &Path) -> Result<()> {
    let result = hold(holder, directory);
    // Servers of tests that were killed.
    for child in std::fs::read_dir(directory.join("servers")).into_iter().flatten().flatten() {
        server::kill(&child.file_name().to_string_lossy());
    }
    if result.is_ok() {
        let _ = std::fs::remove_dir_all(directory);
    }
    result
}

fn hold(holder: u32, directory: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    // As root, PostgreSQL runs as another user, who must be able to come through here.
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o711))?;
    std::fs::create_dir_all(directory.join("servers"))?;
    let binaries = std::env::var_os("KAPAL_PG_BIN").map(PathBuf::from);
    let private = Private::start(&directory.join("db"), Options { test: true, binaries })?;
    let address = private.url(SUPERUSER, "postgres");
    let socket = address.split_once('?').context("an address with a socket")?.1.to_owned();
    let mut cluster = Cluster {
        directory: directory.to_owned(),
        server: String::new(),
        metrics: String::new(),
        data: PathBuf::new(),
        database: String::new(),
        socket,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    cluster.database = runtime.block_on(prepare(&cluster))?;
    let server = Server::start_in(&cluster, cluster.database.clone(), &ServerOptions::default())?;
    cluster.server = server.address.clone();
    cluster.metrics = server.metrics.clone();
    cluster.data = server.data.clone();
    let text = serde_json::to_string(&cluster)?;
    std::fs::write(directory.join("cluster.new"), text)?;
    std::fs::rename(directory.join("cluster.new"), directory.join("cluster.json"))?;
    while is_alive(holder) {
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(server);
    private.stop();
    Ok(())
}

/// Migrates the template, closes it, and copies it for the shared server. Answers that database.
async fn prepare(cluster: &Cluster) -> Result<String> {
    let superuser = cluster.url(SUPERUSER, "postgres");
    kapal_persistence::create_database(&superuser, TEMPLATE).await?;
    let (owner, ops) = (cluster.url("kapal_owner", TEMPLATE), cluster.url("kapal_ops", TEMPLATE));
    kapal_persistence::migrate(&owner, &ops, None).await?;
    crate::world::make_operator(cluster).await?;
    let close = format!("ALTER DATABASE {TEMPLATE} IS_TEMPLATE true ALLOW_CONNECTIONS false");
    let admin = cluster.superuser("postgres").await;
    admin.batch_execute(&close).await?;
    Ok(cluster.copy_database().await)
}

/// A process that has ended but whose parent has not yet asked counts as gone.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
