//! What can keep the private server from starting: the cause, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::SOCKET_PATH_LIMIT;
use super::binaries::OLDEST;

/// Why the private server did not start. Shown as the cause followed by the remedy.
#[derive(Debug)]
pub enum Trouble {
    /// No PostgreSQL of a version that will do was found.
    NoBinaries {
        /// Each place that was looked at, and what is wrong with it.
        tried: Vec<String>,
    },
    /// The cluster was made by another major version than those found.
    OtherMajor {
        /// The cluster.
        directory: PathBuf,
        /// The major version that made it.
        made: u32,
        /// The versions found, and where.
        found: Vec<(u32, PathBuf)>,
    },
    /// The directory belongs to another user: made by root and opened by a plain user, or the reverse.
    OtherUser {
        /// The data directory.
        directory: PathBuf,
        /// Who made it.
        made_by: String,
        /// Who tries to open it.
        opened_by: String,
    },
    /// Root runs the server as a user who cannot enter the directory.
    Unreachable {
        /// The data directory, or the directory of the binaries.
        directory: PathBuf,
        /// The user that the server would run as.
        user: String,
    },
    /// We are root and there is neither a `postgres` nor a `nobody` to run the server as.
    NoAccount,
    /// The path of the socket is longer than the system allows.
    SocketPathTooLong {
        /// The path.
        socket: PathBuf,
    },
    /// The disk, or the user's quota, is full.
    DiskFull {
        /// The data directory.
        directory: PathBuf,
    },
    /// `postmaster.pid` names a live process that is not a server of this cluster.
    StalePid {
        /// The file.
        file: PathBuf,
        /// What the server said.
        tail: String,
    },
    /// `initdb` or the server ended, or the server did not become ready.
    NotReady {
        /// What happened.
        how: String,
        /// The file that the server logs to.
        log: PathBuf,
        /// The last lines of what was said.
        tail: String,
    },
    /// A file or a program could not be used.
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
}

impl Trouble {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Trouble {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Trouble::DiskFull { directory: path.to_owned() }
            }
            _ => Trouble::Io { doing, path: path.to_owned(), source },
        }
    }

    /// What is wrong.
    pub fn cause(&self) -> String {
        match self {
            Trouble::NoBinaries { tried } => {
                let mut text = format!("No PostgreSQL {OLDEST} or newer was found. Looked at:");
                for place in tried {
                    text.push_str("\n  ");
                    text.push_str(place);
                }
                text
            }
            Trouble::OtherMajor { directory, made, found } => {
                let found: Vec<String> =
                    found.iter().map(|(major, path)| format!("{major} ({})", path.display())).collect();
                format!(
                    "The database in {} was made by PostgreSQL {made}, but what is installed is PostgreSQL {}.",
                    directory.display(),
                    found.join(", "),
                )
            }
            Trouble::OtherUser { directory, made_by, opened_by } => format!(
                "The data directory {} was made by {made_by} and cannot be used by {opened_by}.",
                directory.display(),
            ),
            Trouble::Unreachable { directory, user } => format!(
                "As root the database server runs as the user {user}, who cannot enter {}.",
                directory.display(),
            ),
            Trouble::NoAccount => {
                "PostgreSQL does not run as root, and this machine has neither a user postgres nor a user nobody."
                    .to_owned()
            }
            Trouble::SocketPathTooLong { socket } => format!(
                "The path of the database's socket is {} bytes long, and fewer than {SOCKET_PATH_LIMIT} are allowed: {}",
                socket.as_os_str().len(),
                socket.display(),
            ),
            Trouble::DiskFull { directory } => {
                format!("The disk (or your quota) is full where {} lies.", directory.display())
            }
            Trouble::StalePid { file, tail } => format!(
                "{} names a running process that is not a server of this database. PostgreSQL said:\n{tail}",
                file.display(),
            ),
            Trouble::NotReady { how, tail, .. } => {
                let tail = if tail.is_empty() { "(nothing)" } else { tail };
                format!("The private PostgreSQL did not start: {how}. Its last words:\n{tail}")
            }
            Trouble::Io { doing, path, source } => format!("Could not {doing} {}: {source}.", path.display()),
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Trouble::NoBinaries { .. } => "Run scripts/setup, which installs it (Debian: apt-get install postgresql). \
                 Or name the directory of its programs in KAPAL_PG_BIN. \
                 Or name a server of your own in KAPAL_DATABASE_URL."
                .to_owned(),
            Trouble::OtherMajor { directory, made, .. } => format!(
                "To keep the data, install PostgreSQL {made} again (Debian: apt-get install postgresql-{made}) or name the \
                 directory of its programs in KAPAL_PG_BIN; to move to the new version, dump the database with \
                 PostgreSQL {made}'s pg_dumpall and load that into a new KAPAL_DATA_DIR. \
                 If the data may go, remove {}.",
                directory.display(),
            ),
            Trouble::OtherUser { made_by, .. } => format!(
                "Either run this as {made_by}, or name a directory of your own in KAPAL_DATA_DIR."
            ),
            Trouble::Unreachable { .. } => "Name a directory that everyone can enter in KAPAL_DATA_DIR, \
                 for instance /var/lib/kapal, or let others pass through its parent directories (chmod o+x)."
                .to_owned(),
            Trouble::NoAccount => "Make the user (useradd --system postgres), or run this as a plain user.".to_owned(),
            Trouble::SocketPathTooLong { .. } => {
                "Name a directory with a shorter path in KAPAL_DATA_DIR.".to_owned()
            }
            Trouble::DiskFull { .. } => {
                "Make room on that disk, or name a directory on another one in KAPAL_DATA_DIR. Nothing was lost."
                    .to_owned()
            }
            Trouble::StalePid { file, .. } => format!(
                "If no PostgreSQL runs on this directory (also not in another container), remove {}.",
                file.display(),
            ),
            Trouble::NotReady { log, .. } => format!("The whole log is {}.", log.display()),
            Trouble::Io { path, source, .. } if source.kind() == io::ErrorKind::PermissionDenied => format!(
                "Give your user access to {}, or name a directory of your own in KAPAL_DATA_DIR.",
                path.display(),
            ),
            Trouble::Io { .. } => "See that the file is there and can be used, or choose another KAPAL_DATA_DIR.".to_owned(),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\nWhat to do: {}", self.cause(), self.remedy())
    }
}

impl Error for Trouble {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Trouble::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
