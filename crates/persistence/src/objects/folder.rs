//! Files in a folder of this machine.

use std::io;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Who may read a file on the machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Anybody,
    OwnerAlone,
}

#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) async fn put(&self, key: &str, bytes: Vec<u8>, access: Access) -> Result<()> {
        let path = self.root.join(key);
        match tokio::task::spawn_blocking(move || write(&path, &bytes, access)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.kind() == io::ErrorKind::StorageFull => {
                Err(Error::StorageFull(error.to_string()))
            }
            Ok(Err(error)) => Err(Error::Internal(format!("storing a file: {error}"))),
            Err(error) => Err(Error::Internal(error.to_string())),
        }
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        match tokio::fs::read(self.root.join(key)).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::Internal(format!("reading a file: {error}"))),
        }
    }

    pub(super) async fn delete(&self, key: &str) -> Result<()> {
        gone(tokio::fs::remove_file(self.root.join(key)).await)
    }

    pub(super) async fn delete_all(&self, key: &str) -> Result<()> {
        gone(tokio::fs::remove_dir_all(self.root.join(key)).await)
    }
}

/// What was not there is gone as well.
fn gone(deleted: io::Result<()>) -> Result<()> {
    match deleted {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::Internal(format!("deleting a file: {error}")))
        }
        _ => Ok(()),
    }
}

fn write(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let partial = folder.join(format!(".{}.partial", uuid::Uuid::now_v7()));
    let result = (|| {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if access == Access::OwnerAlone {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        let mut file = options.open(&partial)?;
        io::Write::write_all(&mut file, bytes)?;
        file.sync_data()?;
        std::fs::rename(&partial, path)
    })();
    if result.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    result
}
