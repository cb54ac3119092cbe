//! The programs of an installed PostgreSQL.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Place, Trouble};

/// The oldest major version that the schema and the tests are made for.
pub(super) const OLDEST: u32 = 15;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) directory: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    /// The binaries for a place whose cluster, if there is one, is of major version `made`: those that the
    /// configuration names and no others, or the first that fit of the recorded choice, the newest of the
    /// system, those in the data directory.
    pub(super) fn find(place: &Place, named: Option<&Path>, made: Option<u32>) -> Result<Binaries, Trouble> {
        let directories = match named {
            Some(directory) => vec![directory.canonicalize().unwrap_or_else(|_| directory.to_owned())],
            None => candidates(place, Path::new("/usr/lib/postgresql")),
        };
        let (mut usable, mut tried) = (Vec::new(), Vec::new());
        for directory in directories {
            match version_of(&directory) {
                Ok(major) if major < OLDEST => {
                    tried.push(format!("{}: version {major} is older than {OLDEST}", directory.display()));
                }
                Ok(major) => usable.push(Binaries { directory, major }),
                Err(why) => tried.push(format!("{}: {why}", directory.display())),
            }
        }
        if usable.is_empty() {
            return Err(Trouble::NoBinaries { tried });
        }
        let Some(chosen) = usable.iter().find(|found| made.is_none_or(|made| made == found.major)) else {
            let found = usable.into_iter().map(|found| (found.major, found.directory)).collect();
            let (directory, made) = (place.cluster.clone(), made.unwrap_or_default());
            return Err(Trouble::OtherMajor { directory, made, found });
        };
        chosen.must_reach(place)?;
        Ok(chosen.clone())
    }

    /// Runs the server's program as the server's user in the data directory, which tells whether that user
    /// gets to both.
    fn must_reach(&self, place: &Place) -> Result<(), Trouble> {
        let program = self.directory.join("postgres");
        match place.command(&program).arg("--version").output() {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let mut elsewhere = place.command(&program);
                let unreachable = match elsewhere.current_dir("/").arg("--version").output() {
                    Ok(_) => &place.root,
                    Err(_) => &self.directory,
                };
                let user = place.account.name.clone();
                Err(Trouble::Unreachable { directory: unreachable.clone(), user })
            }
            Err(error) => Err(Trouble::io("run", &program)(error)),
        }
    }
}

/// Where to look, best first. `system` holds a directory for each installed major version.
pub(super) fn candidates(place: &Place, system: &Path) -> Vec<PathBuf> {
    let recorded = fs::read(place.root.join("postgres.bin")).ok();
    let mut found: Vec<PathBuf> =
        recorded.iter().map(|path| PathBuf::from(OsStr::from_bytes(path.trim_ascii()))).collect();
    let mut installed: Vec<(u32, PathBuf)> = fs::read_dir(system)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    installed.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.extend(installed.into_iter().map(|(_, path)| path));
    found.push(place.root.join("pg/bin"));
    found
}

fn version_of(directory: &Path) -> Result<u32, String> {
    if !directory.join("initdb").is_file() || !directory.join("postgres").is_file() {
        return Err("no initdb and postgres there".to_owned());
    }
    let output = Command::new(directory.join("postgres")).arg("--version").output();
    let output = output.map_err(|error| format!("its postgres does not run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split_whitespace().find_map(major);
    version.ok_or_else(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("its postgres does not tell its version: {}", said.trim())
    })
}

/// The major version that a version begins with: 15 of `15.18`, 18 of `18beta1`.
pub(super) fn major(version: &str) -> Option<u32> {
    let digits = version.trim_start().split(|letter: char| !letter.is_ascii_digit()).next()?;
    digits.parse().ok()
}
