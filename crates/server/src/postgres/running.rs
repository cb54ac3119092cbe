//! A server process: found by the `postmaster.pid` of its cluster, or our own child.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const POLL: Duration = Duration::from_millis(5);
/// A fast stop ends with a checkpoint; after this time the server is told to leave that to its next start.
const FAST_STOP: Duration = Duration::from_secs(30);
const IMMEDIATE_STOP: Duration = Duration::from_secs(10);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Status {
    Starting,
    Ready,
    Stopping,
    /// The process has ended, and how, as far as known.
    Gone(String),
}

#[derive(Debug)]
pub(super) struct Running {
    cluster: PathBuf,
    pid: i32,
    child: Option<Child>,
}

impl Running {
    /// The live server of a cluster.
    pub(super) fn find(cluster: &Path) -> Option<Running> {
        let (pid, _) = lock_file(cluster)?;
        is_server_of(pid, cluster).then(|| Running { cluster: cluster.to_owned(), pid, child: None })
    }

    pub(super) fn child(cluster: &Path, child: Child) -> Running {
        let pid = i32::try_from(child.id()).unwrap_or(i32::MAX);
        Running { cluster: cluster.to_owned(), pid, child: Some(child) }
    }

    pub(super) fn status(&mut self) -> Status {
        match &mut self.child {
            Some(child) => match child.try_wait() {
                Ok(Some(status)) => return Status::Gone(format!("the server ended with {status}")),
                Ok(None) => {}
                Err(error) => {
                    return Status::Gone(format!("the server cannot be watched: {error}"));
                }
            },
            None if is_server_of(self.pid, &self.cluster) => {}
            None => return Status::Gone("the server has ended".to_owned()),
        }
        // The file can still be the one of a server that died: the number tells.
        match lock_file(&self.cluster) {
            Some((pid, status)) if pid == self.pid => match status.as_str() {
                "ready" => Status::Ready,
                "stopping" => Status::Stopping,
                _ => Status::Starting,
            },
            _ => Status::Starting,
        }
    }

    /// Waits for the end of the process; false when it still runs.
    pub(super) fn wait(&mut self, at_most: Duration) -> bool {
        let deadline = Instant::now() + at_most;
        loop {
            if matches!(self.status(), Status::Gone(_)) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            sleep(POLL);
        }
    }

    /// Stops the server: first fast (clients are sent away, a checkpoint is written), then at once, which costs
    /// its next start a recovery. Never by SIGKILL, which would leave shared memory and children behind.
    pub(super) fn halt(&mut self) {
        for (signal, at_most) in [(Signal::SIGINT, FAST_STOP), (Signal::SIGQUIT, IMMEDIATE_STOP)] {
            if matches!(self.status(), Status::Gone(_)) {
                return;
            }
            let _ = kill(Pid::from_raw(self.pid), signal);
            if self.wait(at_most) {
                return;
            }
        }
    }
}

pub(super) fn is_alive(pid: i32) -> bool {
    pid > 0 && kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH)
}

/// Whether a process is the server of a cluster and not one that got the number of a dead server: its command
/// line, which every user may read, names the cluster.
fn is_server_of(pid: i32, cluster: &Path) -> bool {
    if !is_alive(pid) {
        return false;
    }
    match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(line) => line.split(|&byte| byte == 0).any(|word| word == cluster.as_os_str().as_bytes()),
        // Where there is no /proc, the number has to do.
        Err(_) => !Path::new("/proc/self").exists(),
    }
}

/// The process and the status (line 8) that `postmaster.pid` names.
fn lock_file(cluster: &Path) -> Option<(i32, String)> {
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    Some((pid, lines.nth(6).unwrap_or_default().trim().to_owned()))
}
