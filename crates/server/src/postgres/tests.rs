use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::account::Account;
use super::*;

/// A directory that everyone can enter and that goes away at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("kapal-pg-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        Scratch(path)
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn options() -> Options {
    Options { test: true, binaries: std::env::var_os("KAPAL_PG_BIN").map(PathBuf::from) }
}

fn place(data: &Path) -> Place {
    Place::open(data).unwrap()
}

/// What `psql` prints for a statement.
fn ask(server: &Private, statement: &str) -> String {
    let binaries =
        Binaries::find(&server.place, options().binaries.as_deref(), Some(server.version)).unwrap();
    let url = server.url(SUPERUSER, "postgres");
    let output = Command::new(binaries.directory.join("psql"))
        .args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, &url])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn server_pid(data: &Path) -> Option<i32> {
    let text = fs::read_to_string(data.join("postgres/postmaster.pid")).ok()?;
    text.lines().next()?.parse().ok()
}

#[test]
fn a_cluster_is_made_kept_and_stopped() {
    let scratch = Scratch::new();
    let data = scratch.data();
    let first = Private::start(&data, Options { test: false, ..options() }).unwrap();
    assert!(first.created() && first.started());
    for (setting, expected) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("max_connections", "100"),
        ("shared_buffers", "256MB"),
        ("wal_level", "replica"),
        ("jit", "off"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
    ] {
        assert_eq!(ask(&first, &format!("SHOW {setting}")), expected, "{setting}");
    }
    assert_eq!(ask(&first, "SELECT current_user"), SUPERUSER);
    assert_eq!(ask(&first, "SHOW server_version_num").len(), 6);
    assert!(ask(&first, "SHOW server_version").starts_with(&first.version().to_string()));
    ask(&first, "CREATE TABLE kept AS SELECT 'here' AS word");

    // In a process group of its own, so that Ctrl-C in a terminal does not reach it before us.
    let pid = server_pid(&data).unwrap();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let group = stat.rsplit(')').next().unwrap().split_whitespace().nth(2).unwrap();
    assert_eq!(group, pid.to_string());
    // Nobody else gets in, and root has stepped down.
    let sockets = data.join("socket").metadata().unwrap();
    assert_eq!(sockets.mode() & 0o777, 0o700);
    assert_eq!(sockets.uid() == 0, fs::metadata(format!("/proc/{pid}")).unwrap().uid() == 0);
    assert_ne!(sockets.uid(), 0);
    assert_eq!(data.join("postgres.log").metadata().unwrap().mode() & 0o077, 0);

    first.stop();
    assert_eq!(server_pid(&data), None);
    assert!(!running::is_alive(pid));

    let second = Private::start(&data, options()).unwrap();
    assert!(second.started() && !second.created());
    assert_eq!(ask(&second, "SELECT word FROM kept"), "here");
    for (setting, expected) in [
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("full_page_writes", "off"),
        ("max_connections", "300"),
    ] {
        assert_eq!(ask(&second, &format!("SHOW {setting}")), expected, "{setting}");
    }
    drop(second);
    assert_eq!(server_pid(&data), None);
}

#[test]
fn who_starts_it_stops_it() {
    let scratch = Scratch::new();
    let data = scratch.data();

    // Many at once: one starts the server, all get it.
    let servers: Vec<Private> = std::thread::scope(|scope| {
        let starts: Vec<_> =
            (0..4).map(|_| scope.spawn(|| Private::start(&data, options()).unwrap())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let (mut starters, joined): (Vec<_>, Vec<_>) = servers.into_iter().partition(Private::started);
    assert_eq!((starters.len(), joined.len()), (1, 3));
    for server in &joined {
        assert_eq!(ask(server, "SELECT 1"), "1");
        assert_eq!(server.version(), starters[0].version());
    }
    drop(joined);
    assert_eq!(ask(&starters[0], "SELECT 2"), "2");

    // Left running on purpose: joined, and not stopped.
    starters.pop().unwrap().leave_running();
    let later = Private::start(&data, options()).unwrap();
    assert!(!later.started());
    later.stop();
    let pid = server_pid(&data).unwrap();
    assert!(running::is_alive(pid));

    // Its starter has died: the next start takes over.
    let mut dead = Command::new("true").spawn().unwrap();
    dead.wait().unwrap();
    fs::write(data.join("postgres.starter"), dead.id().to_string()).unwrap();
    let heir = Private::start(&data, options()).unwrap();
    assert!(heir.started());
    assert!(!Private::start(&data, options()).unwrap().started());
    heir.stop();
    assert_eq!(server_pid(&data), None);
}

#[test]
fn what_a_crash_leaves_behind_is_no_obstacle() {
    let scratch = Scratch::new();
    let data = scratch.data();

    // An initdb that was interrupted.
    let half_made = data.join("postgres.new");
    fs::create_dir_all(&half_made).unwrap();
    fs::write(half_made.join("PG_VERSION"), "15\n").unwrap();
    let server = Private::start(&data, options()).unwrap();
    assert!(server.created() && !half_made.exists());
    let account = server.place.account.clone();
    server.stop();

    // The lock file of a server that has died.
    let lock_file = data.join("postgres/postmaster.pid");
    let cluster = data.canonicalize().unwrap().join("postgres");
    let mut dead = Command::new("true").spawn().unwrap();
    dead.wait().unwrap();
    let lines = |pid: u32| format!("{pid}\n{}\n1\n5432\n\n\n\nready   \n", cluster.display());
    fs::write(&lock_file, lines(dead.id())).unwrap();
    chown(&lock_file, account.switch.then_some(account.uid), account.switch.then_some(account.gid)).unwrap();
    Private::start(&data, options()).unwrap().stop();

    // The same, but its number now belongs to another process of the server's user.
    let mut sleeper = Command::new("sleep");
    sleeper.arg("60");
    if account.switch {
        sleeper.uid(account.uid).gid(account.gid);
    }
    let mut other = sleeper.spawn().unwrap();
    fs::write(&lock_file, lines(other.id())).unwrap();
    chown(&lock_file, account.switch.then_some(account.uid), account.switch.then_some(account.gid)).unwrap();
    let trouble = Private::start(&data, options()).unwrap_err();
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(matches!(trouble, Trouble::StalePid { .. }), "{trouble:?}");
    assert!(trouble.remedy().contains("postmaster.pid"), "{trouble}");
    Private::start(&data, options()).unwrap().stop();

    // A cluster that is damaged: the last words of the server are in the message.
    fs::remove_file(cluster.join("global/pg_control")).unwrap();
    let trouble = Private::start(&data, options()).unwrap_err();
    assert!(matches!(trouble, Trouble::NotReady { .. }), "{trouble:?}");
    assert!(trouble.cause().contains("could not find the database system"), "{trouble}");
    assert!(trouble.remedy().contains("postgres.log"), "{trouble}");
    assert_eq!(server_pid(&data), None);
}

#[test]
fn another_major_version_is_refused() {
    let scratch = Scratch::new();
    let data = scratch.data();
    Private::start(&data, options()).unwrap().stop();
    let binaries = Binaries::find(&place(&data), options().binaries.as_deref(), None).unwrap();
    let version = data.join("postgres/PG_VERSION");
    fs::write(&version, "12\n").unwrap();
    let trouble = Private::start(&data, options()).unwrap_err();
    assert!(matches!(trouble, Trouble::OtherMajor { made: 12, .. }), "{trouble:?}");
    assert!(trouble.cause().contains("PostgreSQL 12"), "{trouble}");
    assert!(trouble.cause().contains(&format!("PostgreSQL {}", binaries.major)), "{trouble}");
    assert!(
        trouble.remedy().contains("pg_dumpall") && trouble.remedy().contains("KAPAL_PG_BIN"),
        "{trouble}"
    );
}

#[test]
fn a_directory_of_another_user_is_refused() {
    let scratch = Scratch::new();
    let data = scratch.data();
    fs::create_dir(&data).unwrap();
    // It belongs to root, and the server never runs as root.
    symlink("/usr", data.join("postgres")).unwrap();
    let trouble = Private::start(&data, options()).unwrap_err();
    assert!(matches!(trouble, Trouble::OtherUser { .. }), "{trouble:?}");

    let users = "root:x:0:0:root:/root:/bin/sh\npostgres:x:101:104::/:/bin/sh\n\
                 nobody:x:65534:65534::/:/bin/false\nani:x:1000:1000::/home/ani:/bin/sh\n";
    let choose = |uid, owner| Account::choose_from(users, uid, uid, &data, owner);
    let name =
        |uid, owner| choose(uid, owner).map(|account| account.name).map_err(|trouble| trouble.to_string());
    assert_eq!(name(0, None).unwrap(), "postgres");
    assert_eq!(name(0, Some(65534)).unwrap(), "nobody");
    assert_eq!(name(1000, None).unwrap(), "ani");
    assert_eq!(name(1000, Some(1000)).unwrap(), "ani");
    let made_by_root = name(1000, Some(101)).unwrap_err();
    assert!(made_by_root.contains("made by root and cannot be used by ani"), "{made_by_root}");
    assert!(made_by_root.contains("run this as root, or name a directory of your own"), "{made_by_root}");
    let made_by_ani = name(0, Some(1000)).unwrap_err();
    assert!(made_by_ani.contains("made by ani and cannot be used by root"), "{made_by_ani}");
    assert!(made_by_ani.contains("run this as ani, or name a directory of your own"), "{made_by_ani}");
    let by_a_stranger = name(0, Some(4321)).unwrap_err();
    assert!(by_a_stranger.contains("made by the user with id 4321"), "{by_a_stranger}");
    let only_nobody = "nobody:x:65534:65534::/:/bin/false\n";
    assert_eq!(Account::choose_from(only_nobody, 0, 0, &data, None).unwrap().name, "nobody");
    assert!(matches!(Account::choose_from("", 0, 0, &data, None), Err(Trouble::NoAccount)));
}

#[test]
fn a_directory_that_the_server_cannot_enter_is_refused() {
    let scratch = Scratch::new();
    let data = scratch.data();
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o700)).unwrap();
    let started = Private::start(&data, options());
    if account::is_root() {
        let trouble = started.unwrap_err();
        assert!(matches!(trouble, Trouble::Unreachable { .. }), "{trouble:?}");
        assert!(trouble.remedy().contains("/var/lib/kapal"), "{trouble}");
    } else {
        // A plain user runs the server as itself, and enters its own directory.
        assert_eq!(ask(&started.unwrap(), "SELECT 1"), "1");
    }
}

#[test]
fn a_socket_path_that_is_too_long_is_refused() {
    let scratch = Scratch::new();
    let data = scratch.0.join("x".repeat(90));
    let trouble = Private::start(&data, options()).unwrap_err();
    assert!(matches!(trouble, Trouble::SocketPathTooLong { .. }), "{trouble:?}");
    assert!(trouble.remedy().contains("shorter path"), "{trouble}");
}

/// A directory with an `initdb` and a `postgres` that are shell scripts.
fn pretended(directory: &Path, postgres: &str, initdb: &str) {
    fs::create_dir_all(directory).unwrap();
    for (name, body) in [("postgres", postgres), ("initdb", initdb)] {
        let path = directory.join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn missing_and_old_binaries_are_named() {
    let scratch = Scratch::new();
    let old = scratch.0.join("old");
    pretended(&old, "echo 'postgres (PostgreSQL) 13.4'", "exit 1");
    for (binaries, why) in
        [(scratch.0.join("nowhere"), "no initdb and postgres there"), (old, "version 13 is older")]
    {
        let trouble =
            Private::start(&scratch.data(), Options { test: true, binaries: Some(binaries) }).unwrap_err();
        assert!(matches!(trouble, Trouble::NoBinaries { .. }), "{trouble:?}");
        assert!(trouble.cause().contains(why), "{trouble}");
        assert!(trouble.remedy().contains("scripts/setup"), "{trouble}");
    }
}

#[test]
fn a_full_disk_is_named() {
    let scratch = Scratch::new();
    let full = scratch.0.join("full");
    let said = "echo 'initdb: error: could not write file: No space left on device' >&2; exit 1";
    pretended(&full, "echo 'postgres (PostgreSQL) 15.4'", said);
    let trouble = Private::start(&scratch.data(), Options { test: true, binaries: Some(full) }).unwrap_err();
    assert!(matches!(trouble, Trouble::DiskFull { .. }), "{trouble:?}");
    assert!(trouble.remedy().contains("Make room"), "{trouble}");
    assert!(!scratch.data().join("postgres.new").exists() && !scratch.data().join("postgres").exists());
}

#[test]
fn the_search_for_binaries_has_an_order() {
    let scratch = Scratch::new();
    let data = scratch.data();
    fs::create_dir(&data).unwrap();
    let system = scratch.0.join("system");
    for name in ["9", "15", "17", "common"] {
        fs::create_dir_all(system.join(name).join("bin")).unwrap();
    }
    let place = place(&data);
    fs::write(place.root.join("postgres.bin"), "/opt/chosen/bin\n").unwrap();
    let expected: Vec<PathBuf> = [
        PathBuf::from("/opt/chosen/bin"),
        system.join("17/bin"),
        system.join("15/bin"),
        system.join("9/bin"),
        place.root.join("pg/bin"),
    ]
    .into();
    assert_eq!(binaries::candidates(&place, &system), expected);
    assert_eq!(["15.18", "18beta1", "17\n", "x"].map(binaries::major), [Some(15), Some(18), Some(17), None]);
}

#[test]
fn an_address_survives_an_unusual_path() {
    let scratch = Scratch::new();
    let data = scratch.0.join("a \"b\" & c=%é");
    let server = Private::start(&data, options()).unwrap();
    let address = server.url("kapal_owner", "kapal");
    assert!(address.starts_with("postgres://kapal_owner@/kapal?host=%2F"), "{address}");
    assert!(address.ends_with("%2Fa%20%22b%22%20%26%20c%3D%25%C3%A9%2Fsocket&port=5432"), "{address}");
    assert_eq!(ask(&server, "SELECT 1"), "1");
}
