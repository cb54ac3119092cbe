//! A `kapal serve` process.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::cluster::Cluster;

/// How a server is started.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// `KAPAL_RATE_LIMITS`: by default so high that no test meets one.
    pub rate_limits: String,
    /// More environment.
    pub env: Vec<(&'static str, String)>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self { rate_limits: "10000".into(), env: Vec::new() }
    }
}

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    /// Where it serves, such as `http://127.0.0.1:40001`.
    pub address: String,
    /// Where its metrics are.
    pub metrics: String,
    /// Its data directory: pictures and mail.
    pub data: PathBuf,
    /// Its database.
    pub database: String,
    child: Child,
    note: PathBuf,
}

/// The root secret of every server of the run.
pub(crate) const SECRET: &str = "a2FwYWwta2FwYWwta2FwYWwta2FwYWwta2FwYWwtMTI=";

impl Server {
    /// A server with a database of its own.
    pub async fn start(options: ServerOptions) -> Self {
        let cluster = Cluster::get();
        let database = cluster.copy_database().await;
        Self::on(database, options).await
    }

    /// A server on a database that is there.
    pub async fn on(database: String, options: ServerOptions) -> Self {
        let started = tokio::task::spawn_blocking(move || Self::start_in(Cluster::get(), database, &options));
        match started.await {
            Ok(Ok(server)) => server,
            Ok(Err(error)) => panic!("{error:#}"),
            Err(error) => panic!("{error}"),
        }
    }

    /// The number of uses of the database so far.
    pub async fn statements(&self) -> u64 {
        self.statements_as(&["app", "public", "identity", "ops"]).await
    }

    /// The same by some of the roles: the worker's duties go on as `ops`, the look at the log's ends as `public`.
    pub async fn statements_as(&self, roles: &[&str]) -> u64 {
        let metrics = crate::Client::new("").get(&self.metrics).await.expect(200).text();
        let is_theirs = |labels: &str| roles.iter().any(|role| labels.contains(&format!("role=\"{role}\"")));
        let lines = metrics
            .lines()
            .filter(|line| line.strip_prefix("kapal_database_statements_total{").is_some_and(is_theirs));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    pub(crate) fn start_in(cluster: &Cluster, database: String, options: &ServerOptions) -> Result<Self> {
        let mut attempt = 1;
        loop {
            match Self::try_start(cluster, &database, options) {
                // Somebody else may have taken the port since it was found free.
                Err(error) if attempt < 5 && format!("{error:#}").contains("in use") => attempt += 1,
                other => return other,
            }
        }
    }

    fn try_start(cluster: &Cluster, database: &str, options: &ServerOptions) -> Result<Self> {
        let data = cluster.directory.join(format!("data-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir_all(&data)?;
        let (http, metrics) = (free_port()?, free_port()?);
        let log = data.join("log");
        let output = std::fs::File::create(&log)?;
        let mut command = Command::new(program("kapal")?);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KAPAL_")) {
            command.env_remove(name);
        }
        command
            .arg("serve")
            .env("KAPAL_DATABASE_URL", cluster.url("kapal_owner", database))
            .env("KAPAL_SECRET_KEY", SECRET)
            .env("KAPAL_DATA_DIR", &data)
            .env("KAPAL_HTTP_ADDR", &http)
            .env("KAPAL_METRICS_ADDR", &metrics)
            .env("KAPAL_RATE_LIMITS", &options.rate_limits)
            .env("KAPAL_POOL_SIZE", "6")
            .envs(options.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let mut child = command.spawn().context("starting kapal")?;
        let note = cluster.directory.join("servers").join(child.id().to_string());
        std::fs::write(&note, "")?;
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is_ready(&http) {
            if child.try_wait()?.is_some() || Instant::now() > deadline {
                let _ = child.kill();
                bail!(
                    "kapal serve did not get ready:\n{}",
                    std::fs::read_to_string(&log).unwrap_or_default()
                );
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Self {
            address: format!("http://{http}"),
            metrics: format!("http://{metrics}/metrics"),
            data,
            database: database.to_owned(),
            child,
            note,
        })
    }

    /// The binary with the settings of this server, for another command on its database.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("kapal").unwrap_or_else(|error| panic!("{error:#}")));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KAPAL_")) {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .env("KAPAL_DATABASE_URL", Cluster::get().url("kapal_owner", &self.database))
            .env("KAPAL_SECRET_KEY", SECRET)
            .env("KAPAL_DATA_DIR", &self.data);
        command
    }

    /// What the server has written to its log.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data.join("log")).unwrap_or_default()
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        send(self.child.id(), signal);
    }

    /// How the server has ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            // Nothing that it does at an orderly end is asked for here; that has its own test.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let _ = std::fs::remove_file(&self.note);
    }
}

/// A program that was built beside this one.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    let found = this.ancestors().map(|directory| directory.join(name)).find(|path| path.is_file());
    found.with_context(|| format!("there is no program {name}: run cargo build --workspace"))
}

/// A program that `make test` has installed beside what it built.
#[must_use]
pub fn tool(name: &str) -> PathBuf {
    program(&format!("tools/bin/{name}")).unwrap_or_else(|_| name.into())
}

/// Ends a server by the process id that it noted.
pub(crate) fn kill(pid: &str) {
    if let Ok(pid) = pid.parse()
        && std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| is_kapal(&exe))
    {
        send(pid, Signal::SIGKILL);
    }
}

fn is_kapal(exe: &Path) -> bool {
    exe.file_name().is_some_and(|name| name.to_string_lossy().starts_with("kapal"))
}

fn send(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        let _ = nix::sys::signal::kill(Pid::from_raw(pid), signal);
    }
}

fn free_port() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

fn is_ready(address: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
