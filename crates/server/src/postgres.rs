//! The private PostgreSQL: a server of our own over installed binaries, inside one data directory.
//!
//! Nothing here listens on TCP. The cluster trusts whoever reaches its socket, and the socket lies in a
//! directory of mode 0700. As root the server runs as `postgres`, else as `nobody`, because PostgreSQL
//! refuses to run as root; otherwise it runs as the user who starts it.
//!
//! In the data directory:
//!
//! | name | what |
//! |---|---|
//! | `postgres/` | the cluster |
//! | `socket/` | the directory of the socket |
//! | `postgres.log` | what the server says (`postgres.log.1`: the one before) |
//! | `postgres.bin` | the directory of the binaries chosen when the cluster was made |
//! | `postgres.starter` | the process that will stop the server; when that one is dead, the next start takes over |
//! | `postgres.lock` | held while a start or a stop goes on |
//! | `pg/bin/` | binaries, when the machine has none of its own |
//!
//! Who starts the server stops it; a start that finds it running joins it.

mod account;
mod binaries;
mod running;
#[cfg(test)]
mod tests;
mod trouble;

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use account::Account;
use binaries::Binaries;
use running::{Running, Status};
pub use trouble::Trouble;

/// The name of the superuser of every private cluster.
pub const SUPERUSER: &str = "postgres";

const PORT: &str = "5432";
const SOCKET_PATH_LIMIT: usize = 107;
const READY_WITHIN: Duration = Duration::from_secs(120);
const LOG_KEPT: u64 = 8 * 1024 * 1024;

/// How to start a private server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A cluster for tests: no durability, many connections.
    pub test: bool,
    /// The directory of the binaries (`KAPAL_PG_BIN`); searched for when `None`.
    pub binaries: Option<PathBuf>,
}

/// A private server that is ready. Dropping it stops the server, if this process started it.
#[derive(Debug)]
pub struct Private {
    place: Place,
    version: u32,
    created: bool,
    ours: Option<Running>,
}

impl Private {
    /// Starts the server of `data_dir`, makes its cluster first where there is none, and waits until it is
    /// ready. Joins a server that already runs there. Blocks: call it outside of an async runtime, and after
    /// the handlers for SIGINT and SIGTERM are in place, so that nothing is left running by an early Ctrl-C.
    pub fn start(data_dir: &Path, options: Options) -> Result<Private, Trouble> {
        let place = Place::open(data_dir)?;
        let lock = place.lock()?;
        let deadline = Instant::now() + READY_WITHIN;

        if let Some(mut live) = Running::find(&place.cluster) {
            while live.status() == Status::Starting && Instant::now() < deadline {
                sleep(Duration::from_millis(5));
            }
            if live.status() == Status::Ready {
                let orphan = place.starter_is_dead();
                if orphan {
                    place.write_starter()?;
                }
                let version = place.version()?.unwrap_or_default();
                return Ok(Private { place, version, created: false, ours: orphan.then_some(live) });
            }
            if !live.wait(deadline.saturating_duration_since(Instant::now())) {
                return Err(place.not_ready("a server that already ran did not become ready".to_owned(), 0));
            }
        }

        let made = place.version()?;
        let binaries = Binaries::find(&place, options.binaries.as_deref(), made)?;
        if made.is_none() {
            place.make_cluster(&binaries, options.test)?;
        }
        let (log_start, mut server) = place.spawn(&binaries, options.test)?;
        let failure = loop {
            match server.status() {
                Status::Ready => break place.write_starter().err(),
                Status::Gone(how) => break Some(place.not_ready(how, log_start)),
                _ if Instant::now() >= deadline => {
                    let how = format!("it was not ready after {} s", READY_WITHIN.as_secs());
                    break Some(place.not_ready(how, log_start));
                }
                _ => sleep(Duration::from_millis(5)),
            }
        };
        if let Some(failure) = failure {
            server.halt();
            return Err(failure);
        }
        drop(lock);
        Ok(Private { place, version: binaries.major, created: made.is_none(), ours: Some(server) })
    }

    /// The address of a database for a user, as `tokio-postgres` and libpq read it. No password: the socket
    /// trusts who reaches it. (libpq, unlike `tokio-postgres`, cannot do with a comma in the directory's path.)
    pub fn url(&self, user: &str, database: &str) -> String {
        format!(
            "postgres://{}@/{}?host={}&port={PORT}",
            percent_encoded(user.as_bytes()),
            percent_encoded(database.as_bytes()),
            percent_encoded(self.place.sockets.as_os_str().as_bytes()),
        )
    }

    /// Whether this process started the server (or took over one whose starter had died), and so stops it.
    pub fn started(&self) -> bool {
        self.ours.is_some()
    }

    /// Whether the cluster was made by this start.
    pub fn created(&self) -> bool {
        self.created
    }

    /// The major version of the cluster.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The file that the server logs to.
    pub fn log(&self) -> &Path {
        &self.place.log
    }

    /// Stops the server (open transactions are rolled back), if this process started it.
    pub fn stop(self) {}

    /// Lets the server run on after this process; a later start joins it and does not stop it.
    pub fn leave_running(mut self) {
        if self.ours.take().is_some() {
            let _ = fs::remove_file(self.place.starter());
        }
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if let Some(mut server) = self.ours.take() {
            let _lock = self.place.lock();
            server.halt();
            let _ = fs::remove_file(self.place.starter());
        }
    }
}

/// The data directory, its paths and the user that the server runs as.
#[derive(Debug)]
struct Place {
    root: PathBuf,
    cluster: PathBuf,
    sockets: PathBuf,
    log: PathBuf,
    account: Account,
}

impl Place {
    fn open(data_dir: &Path) -> Result<Place, Trouble> {
        if !data_dir.exists() {
            fs::create_dir_all(data_dir).map_err(Trouble::io("make the data directory", data_dir))?;
            if account::is_root() {
                let enterable = Permissions::from_mode(0o711);
                fs::set_permissions(data_dir, enterable).map_err(Trouble::io("open up", data_dir))?;
            }
        }
        let root = data_dir.canonicalize().map_err(Trouble::io("find", data_dir))?;
        let cluster = root.join("postgres");
        let made_by = match cluster.metadata() {
            Ok(found) => Some(found.uid()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Trouble::io("look into", &root)(error)),
        };
        let account = Account::choose(&root, made_by)?;
        let sockets = root.join("socket");
        let socket = sockets.join(format!(".s.PGSQL.{PORT}"));
        if socket.as_os_str().len() >= SOCKET_PATH_LIMIT {
            return Err(Trouble::SocketPathTooLong { socket });
        }
        Ok(Place { log: root.join("postgres.log"), root, cluster, sockets, account })
    }

    /// Serialises starts and stops of all processes on this directory.
    fn lock(&self) -> Result<File, Trouble> {
        let path = self.root.join("postgres.lock");
        let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let owner = self.root.metadata().map_err(Trouble::io("look at", &self.root))?.uid();
                return Err(self.account.refused(&self.root, owner));
            }
            Err(error) => return Err(Trouble::io("write", &path)(error)),
        };
        file.lock().map_err(Trouble::io("lock", &path))?;
        Ok(file)
    }

    /// The major version of the cluster, `None` when there is no cluster.
    fn version(&self) -> Result<Option<u32>, Trouble> {
        let path = self.cluster.join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(binaries::major(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Trouble::io("read", &path)(error)),
        }
    }

    fn starter(&self) -> PathBuf {
        self.root.join("postgres.starter")
    }

    fn write_starter(&self) -> Result<(), Trouble> {
        let path = self.starter();
        fs::write(&path, std::process::id().to_string()).map_err(Trouble::io("write", &path))
    }

    /// False too when nobody is named: then the server was left running on purpose.
    fn starter_is_dead(&self) -> bool {
        let named = fs::read_to_string(self.starter()).ok().and_then(|text| text.trim().parse().ok());
        named.is_some_and(|pid| !running::is_alive(pid))
    }

    /// A command that runs as the server's user, in the data directory, with nothing of our environment that
    /// PostgreSQL would listen to.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).stdin(Stdio::null()).env("LC_ALL", "C").env("LANGUAGE", "C");
        for (name, _) in std::env::vars_os() {
            if name.as_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        if self.account.switch {
            command.uid(self.account.uid).gid(self.account.gid);
        }
        command
    }

    /// An empty directory that only the server's user can enter.
    fn own_directory(&self, path: &Path) -> Result<(), Trouble> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Trouble::io("make", path)(error));
            }
            _ => {}
        }
        fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(Trouble::io("close", path))?;
        if self.account.switch {
            let (uid, gid) = (Some(self.account.uid), Some(self.account.gid));
            std::os::unix::fs::chown(path, uid, gid).map_err(Trouble::io("hand over", path))?;
        }
        Ok(())
    }

    /// Runs `initdb` beside the final place, so that an interrupted one is never taken for a cluster.
    fn make_cluster(&self, binaries: &Binaries, test: bool) -> Result<(), Trouble> {
        let fresh = self.root.join("postgres.new");
        if fresh.exists() {
            fs::remove_dir_all(&fresh).map_err(Trouble::io("remove the unfinished", &fresh))?;
        }
        self.own_directory(&fresh)?;
        let mut initdb = self.command(&binaries.directory.join("initdb"));
        initdb.args(["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions", "-U", SUPERUSER]);
        if test {
            initdb.arg("--no-sync");
        }
        let output =
            initdb.arg("-D").arg(&fresh).output().map_err(Trouble::io("run", &binaries.directory))?;
        if !output.status.success() {
            let _ = fs::remove_dir_all(&fresh);
            let said = [output.stdout, output.stderr].concat();
            return Err(self.diagnosed(
                format!("initdb ended with {}", output.status),
                String::from_utf8_lossy(&said).into_owned(),
            ));
        }
        let chosen = self.root.join("postgres.bin");
        fs::write(&chosen, binaries.directory.as_os_str().as_bytes())
            .map_err(Trouble::io("write", &chosen))?;
        fs::rename(&fresh, &self.cluster).map_err(Trouble::io("put in place", &self.cluster))
    }

    /// Starts the server; returns the length of the log before it too.
    fn spawn(&self, binaries: &Binaries, test: bool) -> Result<(u64, Running), Trouble> {
        self.own_directory(&self.sockets)?;
        let old = self.log.metadata().map_or(0, |log| log.len());
        if old > LOG_KEPT {
            let _ = fs::rename(&self.log, self.root.join("postgres.log.1"));
        }
        let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.log);
        let log = opened.map_err(Trouble::io("write", &self.log))?;
        let log_start = log.metadata().map_or(0, |log| log.len());
        let stdout = log.try_clone().map_err(Trouble::io("write", &self.log))?;

        // A list of directories: quoted, so that a comma or a quote in the path stays part of it.
        let mut sockets = OsString::from("unix_socket_directories=\"");
        sockets.push(self.sockets.to_string_lossy().replace('"', "\"\""));
        sockets.push("\"");
        let mut command = self.command(&binaries.directory.join("postgres"));
        command.arg("-D").arg(&self.cluster).args(["-p", PORT, "-c"]).arg(sockets);
        for setting in SETTINGS.iter().chain(if test { TEST_SETTINGS } else { LASTING_SETTINGS }) {
            command.args(["-c", setting]);
        }
        // A process group of its own: Ctrl-C in the terminal must reach us alone, and we stop the server last.
        command.stdout(stdout).stderr(log).process_group(0);
        let child = command.spawn().map_err(Trouble::io("run", &binaries.directory))?;
        Ok((log_start, Running::child(&self.cluster, child)))
    }

    fn not_ready(&self, how: String, log_start: u64) -> Trouble {
        let mut said = Vec::new();
        if let Ok(mut log) = File::open(&self.log) {
            let _ = log.seek(SeekFrom::Start(log_start)).and_then(|_| log.read_to_end(&mut said));
        }
        self.diagnosed(how, String::from_utf8_lossy(&said).into_owned())
    }

    /// Finds the known causes in what `initdb` or the server said.
    fn diagnosed(&self, how: String, said: String) -> Trouble {
        if said.contains("No space left on device") || said.contains("Disk quota exceeded") {
            return Trouble::DiskFull { directory: self.root.clone() };
        }
        let lines: Vec<&str> = said.lines().collect();
        let tail = lines[lines.len().saturating_sub(15)..].join("\n");
        if said.contains("lock file \"postmaster.pid\" already exists")
            || said.contains("pre-existing shared memory")
        {
            return Trouble::StalePid { file: self.cluster.join("postmaster.pid"), tail };
        }
        Trouble::NotReady { how, log: self.log.clone(), tail }
    }
}

const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "shared_buffers=256MB",
    "log_destination=stderr",
    "logging_collector=off",
    "log_line_prefix=%m [%p] %q%u@%d ",
    "cluster_name=kapal",
    "jit=off",
    "wal_level=replica",
];
const LASTING_SETTINGS: &[&str] = &["max_connections=100"];
const TEST_SETTINGS: &[&str] =
    &["max_connections=300", "fsync=off", "synchronous_commit=off", "full_page_writes=off"];

fn percent_encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
