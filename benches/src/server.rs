//! The server under test: the release binary on a data directory of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::{self, Request};

/// `kapal`, its folder and its ports.
pub struct Kapal {
    binary: PathBuf,
    folder: PathBuf,
    address: String,
    metrics: String,
    child: Option<Child>,
}

impl Kapal {
    /// Nothing runs yet.
    pub fn new() -> Result<Self> {
        let binary = std::env::current_exe()?.with_file_name("kapal");
        let folder = std::env::temp_dir().join(format!("kapal-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self { binary, folder, address: free_address()?, metrics: free_address()?, child: None })
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its data directory.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .arg(name)
            .env("KAPAL_DATA_DIR", &self.folder)
            .env("KAPAL_HTTP_ADDR", &self.address)
            .env("KAPAL_METRICS_ADDR", &self.metrics)
            .env("KAPAL_RATE_LIMITS", "off");
        command
    }

    /// Starts it; how long until the first good answer of `/readyz`.
    pub async fn start(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        self.child = Some(self.command("serve").env("KAPAL_LOG", "warn").stdout(Stdio::null()).spawn()?);
        let ready = Request::get("/readyz");
        loop {
            if client::call(self, &ready).await.is_ok() {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > Duration::from_secs(60) {
                bail!("the server did not become ready within a minute");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A second server on the same database and folder, with other settings; it ends when it is dropped.
    pub async fn beside(&self, settings: &[(&str, &str)]) -> Result<Beside> {
        let (address, metrics) = (free_address()?, free_address()?);
        let mut command = self.command("serve");
        command.env("KAPAL_HTTP_ADDR", &address).env("KAPAL_METRICS_ADDR", metrics).env("KAPAL_LOG", "warn");
        let child = command.envs(settings.iter().copied()).stdout(Stdio::null()).spawn()?;
        let beside = Beside { address, child };
        let begun = Instant::now();
        while client::Connection::open(&beside.address).await.is_err() {
            anyhow::ensure!(
                begun.elapsed() < Duration::from_secs(60),
                "the second server did not become ready"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(beside)
    }

    /// Stops it as Ctrl-C does.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
        tokio::task::spawn_blocking(move || child.wait()).await??;
        Ok(())
    }

    /// Loads the demonstration; how long it took.
    pub fn demonstrate(&self) -> Result<Duration> {
        let begun = Instant::now();
        let status = self.command("demo").stdout(Stdio::null()).status()?;
        if !status.success() {
            bail!("kapal demo failed");
        }
        Ok(begun.elapsed())
    }

    /// The slug of an aggregator of the demonstration with many products.
    pub async fn aggregator(&self) -> Result<String> {
        let database = self.superuser().await?;
        let row = database
            .query_one(
                "SELECT a.slug FROM published_aggregators a JOIN published_products p ON p.aggregator_id = a.id \
                 GROUP BY a.slug ORDER BY count(*) DESC, a.slug LIMIT 1",
                &[],
            )
            .await?;
        Ok(row.get(0))
    }

    /// A connection of the private PostgreSQL's superuser.
    pub async fn superuser(&self) -> Result<tokio_postgres::Client> {
        let mut config = tokio_postgres::Config::new();
        config.host_path(self.socket()).user("postgres").dbname("kapal");
        let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// The folder of the server's socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// The database server's log.
    pub fn database_log(&self) -> PathBuf {
        self.folder.join("postgres.log")
    }

    /// Peak resident memory of the server process in MiB.
    pub fn peak_memory(&self) -> Result<f64> {
        self.status("VmHWM:")
    }

    /// Resident memory of the server process in MiB, pages of the index's files included.
    pub fn memory(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    fn status(&self, name: &str) -> Result<f64> {
        let child = self.child.as_ref().context("the server runs")?;
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()))?;
        let line = status.lines().find(|l| l.starts_with(name)).context("a line of the status")?;
        let kib: f64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).context("its number")?;
        Ok(kib / 1024.0)
    }
}

/// A second server.
pub struct Beside {
    address: String,
    child: Child,
}

impl Beside {
    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

impl Drop for Kapal {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_address() -> Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
