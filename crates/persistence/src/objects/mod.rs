//! Where files lie: a folder, or a bucket of an S3-compatible store. Pictures are addressed by a hash, so that a file
//! never changes. Private files lie apart, where no address leads: by tenant and id, sealed by whoever hands them over.

mod bucket;
mod folder;

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::try_join_all;
use kapal_domain::media::PictureFormat;
use uuid::Uuid;

use crate::Result;
use bucket::Bucket;
pub use bucket::BucketSettings;
use folder::{Access, Folder};

/// The store of files.
#[derive(Debug, Clone)]
pub struct Objects {
    place: Arc<Place>,
}

#[derive(Debug)]
enum Place {
    Folder(Folder),
    Bucket(Bucket),
}

/// One file of a picture.
#[derive(Debug, Clone)]
pub struct PictureFile {
    /// Its width in pixels.
    pub width: u32,
    /// What it is.
    pub format: PictureFormat,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Objects {
    /// A store in the folder `root`, which is made when first written to.
    #[must_use]
    pub fn in_folder(root: impl Into<PathBuf>) -> Self {
        Self { place: Arc::new(Place::Folder(Folder::new(root.into()))) }
    }

    /// A store in a bucket, which is there. Nobody is asked yet.
    pub fn in_bucket(settings: &BucketSettings) -> Result<Self> {
        Ok(Self { place: Arc::new(Place::Bucket(Bucket::new(settings)?)) })
    }

    /// Stores the files of one picture. A file is whole or not there, and one that is there is not written again. The
    /// hash has been checked to be 64 hex digits.
    pub(crate) async fn put(&self, hash: &str, files: Vec<PictureFile>) -> Result<()> {
        let put = files.into_iter().map(|file| {
            let key = picture(hash, file.width, file.format);
            self.write(key, file.bytes, Access::Anybody)
        });
        try_join_all(put).await.map(|_| ())
    }

    /// Reads one file of a picture; None when there is none.
    pub async fn get(&self, hash: &str, width: u32, format: PictureFormat) -> Result<Option<Vec<u8>>> {
        self.read(&picture(hash, width, format)).await
    }

    /// Deletes every file of a picture.
    pub(crate) async fn delete(&self, hash: &str) -> Result<()> {
        match &*self.place {
            Place::Folder(folder) => folder.delete_all(&pictures(hash)).await,
            Place::Bucket(bucket) => bucket.delete_all(&pictures(hash)).await,
        }
    }

    /// Stores a private file.
    pub async fn put_private(&self, tenant: Uuid, id: Uuid, sealed: Vec<u8>) -> Result<()> {
        self.write(private(tenant, id), sealed, Access::OwnerAlone).await
    }

    /// Reads a private file; None when there is none.
    pub async fn get_private(&self, tenant: Uuid, id: Uuid) -> Result<Option<Vec<u8>>> {
        self.read(&private(tenant, id)).await
    }

    /// Deletes a private file; one that is gone already is fine.
    pub async fn delete_private(&self, tenant: Uuid, id: Uuid) -> Result<()> {
        match &*self.place {
            Place::Folder(folder) => folder.delete(&private(tenant, id)).await,
            Place::Bucket(bucket) => bucket.delete(&private(tenant, id)).await,
        }
    }

    async fn write(&self, key: String, bytes: Vec<u8>, access: Access) -> Result<()> {
        match &*self.place {
            Place::Folder(folder) => folder.put(&key, bytes, access).await,
            Place::Bucket(bucket) => bucket.put(&key, bytes).await,
        }
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        match &*self.place {
            Place::Folder(folder) => folder.get(key).await,
            Place::Bucket(bucket) => bucket.get(key).await,
        }
    }
}

fn pictures(hash: &str) -> String {
    format!("{}/{hash}", &hash[..2])
}

fn picture(hash: &str, width: u32, format: PictureFormat) -> String {
    format!("{}/{width}.{format}", pictures(hash))
}

fn private(tenant: Uuid, id: Uuid) -> String {
    format!("private/{tenant}/{id}")
}
