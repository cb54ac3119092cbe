//! The index of one data directory: opened, read, and written by whoever has the lock.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use kapal_domain::ids::{AggregatorId, MerchantId, ProductId};
use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::directory::error::LockError;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyError};

use crate::fields::{EDITION, Fields, Product};

/// What can go wrong with an index: always the machine's fault, never the question's.
#[derive(Debug, thiserror::Error)]
#[error("the search index: {0}")]
pub struct Error(String);

impl<E: std::error::Error> From<E> for Error
where
    E: Into<TantivyError>,
{
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// The result of a use of the index.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How far the index has come: the number of each tenant's log up to which it holds the changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// By tenant, with the id of the event that stands there: a log that has another one is not the one that was read.
    pub tenants: HashMap<AggregatorId, Place>,
}

/// A place in a tenant's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The number of the event.
    pub seq: i64,
    /// Its id; nil before the first one.
    pub event: uuid::Uuid,
}

/// The index, open for reading.
pub struct Index {
    pub(crate) fields: Fields,
    inner: tantivy::Index,
    reader: IndexReader,
    /// None while there is nothing whole to be read.
    progress: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    opstamp: Option<u64>,
    progress: Option<Arc<Progress>>,
}

/// Bytes of words that are gathered before a piece of the index is written.
const GATHERED: usize = 48_000_000;

impl Index {
    /// Opens the index in a folder, or begins one. What is of another edition is left to those who still use it, and
    /// what can't be read is begun anew.
    pub fn open(folder: &Path) -> Result<Self> {
        let folder = folder.join(format!("edition-{EDITION}"));
        Self::open_in(&folder).or_else(|_| {
            let _ = std::fs::remove_dir_all(&folder);
            Self::open_in(&folder)
        })
    }

    fn open_in(folder: &PathBuf) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|error| Error(format!("{}: {error}", folder.display())))?;
        let (schema, fields) = Fields::schema();
        let inner = tantivy::Index::builder().schema(schema).open_or_create(MmapDirectory::open(folder)?)?;
        Self::new(inner, fields)
    }

    /// An index in memory alone.
    pub fn in_memory() -> Result<Self> {
        let (schema, fields) = Fields::schema();
        Self::new(tantivy::Index::create_in_ram(schema), fields)
    }

    fn new(mut inner: tantivy::Index, fields: Fields) -> Result<Self> {
        // The pieces of the index are searched side by side: a common word matches a good part of all products.
        inner.set_multithread_executor(std::thread::available_parallelism().map_or(1, usize::from))?;
        let reader = inner.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let index = Self { fields, inner, reader, progress: RwLock::default() };
        index.refresh()?;
        Ok(index)
    }

    /// Takes note of what was committed since, by whichever process.
    pub fn refresh(&self) -> Result<()> {
        // Before the reader: what is read may then be newer than what is said of it, never older.
        let metas = self.inner.load_metas()?;
        let known = self.progress.read().unwrap_or_else(PoisonError::into_inner).opstamp;
        if known == Some(metas.opstamp) {
            return Ok(());
        }
        let progress = metas.payload.as_deref().and_then(|text| serde_json::from_str(text).ok());
        self.reader.reload()?;
        let known = Known { opstamp: Some(metas.opstamp), progress: progress.map(Arc::new) };
        *self.progress.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    /// How far it has come; None until it has been built.
    #[must_use]
    pub fn progress(&self) -> Option<Arc<Progress>> {
        self.progress.read().unwrap_or_else(PoisonError::into_inner).progress.clone()
    }

    /// How many products it holds.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// The right to write; None while another process has it.
    pub fn writer(&self) -> Result<Option<Writer>> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(GATHERED)
            .build();
        match self.inner.writer_with_options(options) {
            Ok(inner) => {
                // Small pieces are merged early: each costs every question a little.
                let mut policy = LogMergePolicy::default();
                policy.set_min_num_segments(5);
                policy.set_min_layer_size(20_000);
                inner.set_merge_policy(Box::new(policy));
                Ok(Some(Writer { inner, fields: self.fields }))
            }
            Err(TantivyError::LockFailure(LockError::LockBusy, _)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The right to write the index. Nothing of it is seen before [`Writer::commit`].
pub struct Writer {
    inner: IndexWriter,
    fields: Fields,
}

impl Writer {
    /// Puts a product in, in place of what was known of it.
    pub fn put(&self, product: &Product) -> Result<()> {
        self.remove_product(product.id);
        self.add(product)
    }

    /// Puts a product in that isn't there.
    pub fn add(&self, product: &Product) -> Result<()> {
        self.inner.add_document(self.fields.document(product))?;
        Ok(())
    }

    /// Takes a product out.
    pub fn remove_product(&self, id: ProductId) {
        self.inner.delete_term(self.fields.of_product(id));
    }

    /// Takes the products of a merchant out.
    pub fn remove_merchant(&self, id: MerchantId) {
        self.inner.delete_term(self.fields.of_merchant(id));
    }

    /// Takes all products of an aggregator out.
    pub fn remove_aggregator(&self, id: AggregatorId) {
        self.inner.delete_term(self.fields.of_aggregator(id));
    }

    /// Takes everything out.
    pub fn clear(&self) -> Result<()> {
        self.inner.delete_all_documents()?;
        Ok(())
    }

    /// Undoes what has not been committed.
    pub fn rollback(&mut self) -> Result<()> {
        self.inner.rollback()?;
        Ok(())
    }

    /// Makes it be seen, together with how far it has come.
    pub fn commit(&mut self, progress: &Progress) -> Result<()> {
        let payload = serde_json::to_string(progress).map_err(|error| Error(error.to_string()))?;
        let mut commit = self.inner.prepare_commit()?;
        commit.set_payload(&payload);
        commit.commit()?;
        Ok(())
    }
}
