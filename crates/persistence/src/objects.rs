//! Where files lie: a folder. Pictures are addressed by the hash of the upload, so that a file never changes. Private
//! files lie apart, where no address leads: by tenant and id, sealed by whoever hands them over.

use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::{Error, Result};

/// The store of files.
#[derive(Debug, Clone)]
pub struct Objects {
    root: PathBuf,
}

impl Objects {
    /// A store in the folder `root`, which is made when first written to.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where the file of one width lies. The hash has been checked to be 64 hex digits.
    #[must_use]
    pub fn path(&self, hash: &str, width: u32) -> PathBuf {
        self.root.join(&hash[..2]).join(hash).join(format!("{width}.jpg"))
    }

    /// Stores the files of one picture. A file is whole or not there, and one that is there is not written again.
    pub async fn put(&self, hash: &str, files: Vec<(u32, Vec<u8>)>) -> Result<()> {
        let files: Vec<_> = files.into_iter().map(|(width, bytes)| (self.path(hash, width), bytes)).collect();
        write_all(files, Access::Anybody).await
    }

    /// Stores a private file.
    pub async fn put_private(&self, tenant: Uuid, id: Uuid, sealed: Vec<u8>) -> Result<()> {
        write_all(vec![(self.private(tenant, id), sealed)], Access::OwnerAlone).await
    }

    /// Reads a private file; None when there is none.
    pub async fn get_private(&self, tenant: Uuid, id: Uuid) -> Result<Option<Vec<u8>>> {
        read(&self.private(tenant, id)).await
    }

    /// Deletes a private file; one that is gone already is fine.
    pub async fn delete_private(&self, tenant: Uuid, id: Uuid) -> Result<()> {
        match tokio::fs::remove_file(self.private(tenant, id)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::Internal(format!("deleting a file: {error}")))
            }
            _ => Ok(()),
        }
    }

    fn private(&self, tenant: Uuid, id: Uuid) -> PathBuf {
        self.root.join("private").join(tenant.to_string()).join(id.to_string())
    }

    /// Reads one file; None when there is none.
    pub async fn get(&self, hash: &str, width: u32) -> Result<Option<Vec<u8>>> {
        read(&self.path(hash, width)).await
    }
}

/// Who may read a file on the machine.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Anybody,
    OwnerAlone,
}

async fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match tokio::fs::read(path).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::Internal(format!("reading a file: {error}"))),
    }
}

async fn write_all(files: Vec<(PathBuf, Vec<u8>)>, access: Access) -> Result<()> {
    let written = tokio::task::spawn_blocking(move || {
        files.iter().try_for_each(|(path, bytes)| write(path, bytes, access))
    });
    match written.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) if error.kind() == io::ErrorKind::StorageFull => {
            Err(Error::StorageFull(error.to_string()))
        }
        Ok(Err(error)) => Err(Error::Internal(format!("storing a file: {error}"))),
        Err(error) => Err(Error::Internal(error.to_string())),
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
