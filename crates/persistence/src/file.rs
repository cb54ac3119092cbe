//! Files of evidence: their rows, and their bytes, sealed by the key of the merchant that they are about, so that who
//! is erased takes his evidence along.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Timestamptz, Uuid as SqlUuid};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, QueryDsl, Queryable, QueryableByName, Selectable,
    SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::event::EventKind;
use kapal_domain::file::{FileName, FilePurpose, FileType, MERCHANT_QUOTA_BYTES, QUOTA_BYTES};
use kapal_domain::ids::{FileId, MerchantId};
use kapal_domain::merchant::MerchantStatus;
use kapal_domain::{Code, Refusal};
use kapal_schema::files;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sql::sql;
use crate::{Actor, Change, Cursor, Db, Error, Objects, Page, Result, Subject, TenantTx, sha256};

/// A file as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = files, check_for_backend(diesel::pg::Pg))]
pub struct FileRow {
    /// Id.
    pub id: Uuid,
    /// Whom it is about.
    pub merchant_id: Uuid,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// How long it is.
    pub bytes: i64,
    /// Who uploaded it; None: not a person.
    pub created_by: Option<Uuid>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A file to keep.
#[derive(Debug)]
pub struct NewFile {
    /// Whom it is about.
    pub merchant: MerchantId,
    /// What it is called.
    pub name: FileName,
    /// What it is.
    pub media_type: FileType,
    /// What is in it.
    pub bytes: Vec<u8>,
}

sql! {
    // A sum of bigint is numeric, which nothing else here needs.
    CountBytes { aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid }
    "SELECT app.bytes_of_files() AS of_all, coalesce(sum(bytes), 0)::bigint AS of_merchant
     FROM files WHERE aggregator_id = $1 AND merchant_id = $2 AND erased_at IS NULL"
}

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = BigInt)]
    of_all: i64,
    #[diesel(sql_type = BigInt)]
    of_merchant: i64,
}

/// Where the bytes belong.
const SEALED: &str = "files/bytes";

impl TenantTx<'_> {
    /// Keeps a file. Its bytes are stored before COMMIT, so that no row is without them.
    pub async fn insert_file(&mut self, objects: &Objects, new: &NewFile) -> Result<FileRow> {
        let (tenant, merchant) = (self.tenant(), new.merchant.uuid());
        // Who erases it waits until the file is there, and takes it along.
        if self.named_merchant_status(new.merchant).await? == MerchantStatus::Archived {
            return Err(Code::WrongState.into());
        }
        let bytes = i64::try_from(new.bytes.len()).map_err(|_| Code::PayloadTooLarge)?;
        let kept = CountBytes { aggregator: tenant, merchant }.get_result::<Kept>(&mut **self).await?;
        if kept.of_all.saturating_add(bytes) > QUOTA_BYTES {
            return Err(Code::FileQuotaExceeded.into());
        }
        if kept.of_merchant.saturating_add(bytes) > MERCHANT_QUOTA_BYTES {
            let why = format!("One merchant's evidence takes at most {MERCHANT_QUOTA_BYTES} bytes.");
            return Err(Refusal::because(Code::FileQuotaExceeded, why).into());
        }
        let id = FileId::new();
        let sealed = self.seal_bytes_for(merchant, SEALED, id.uuid(), &new.bytes).await?;
        let row = diesel::insert_into(files::table)
            .values((
                files::aggregator_id.eq(tenant),
                files::id.eq(id.uuid()),
                files::merchant_id.eq(merchant),
                files::name.eq(new.name.as_str()),
                files::media_type.eq(new.media_type.as_str()),
                files::bytes.eq(bytes),
                files::sha256.eq(sha256(&new.bytes).to_vec()),
                files::created_by.eq(self.actor().id()),
                files::created_at.eq(Utc::now()),
            ))
            .returning(FileRow::as_returning())
            .get_result::<FileRow>(&mut **self)
            .await?;
        objects.put_private(tenant, row.id, sealed).await?;
        self.record(
            Change::new(EventKind::FileUploaded, Subject("file", row.id))
                .data(json!({ "merchant_id": row.merchant_id, "media_type": row.media_type }))
                .from_to(Value::Null, facts(&row)),
        );
        Ok(row)
    }

    /// One file.
    pub async fn file(&mut self, id: FileId) -> Result<FileRow> {
        let row = files::table
            .find((self.tenant(), id.uuid()))
            .select(FileRow::as_select())
            .first::<FileRow>(&mut **self)
            .await?;
        Ok(row)
    }

    /// Files by the time of their arrival, the newest first; of one merchant or of all.
    pub async fn files(
        &mut self,
        merchant: Option<MerchantId>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<FileRow>> {
        let mut query = files::table
            .filter(files::aggregator_id.eq(self.tenant()))
            .select(FileRow::as_select())
            .into_boxed();
        if let Some(merchant) = merchant {
            query = query.filter(files::merchant_id.eq(merchant.uuid()));
        }
        if let Some(cursor) = after {
            let (time, id) = cursor.time_and_id()?;
            query = query
                .filter(files::created_at.le(time))
                .filter(files::created_at.lt(time).or(files::id.lt(id)));
        }
        let rows = query
            .order((files::created_at.desc(), files::id.desc()))
            .limit(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .load::<FileRow>(&mut **self)
            .await?;
        Ok(Page::cut(rows, limit, |row| Cursor::at(row.created_at, row.id)))
    }

    /// A file with its bytes, and a note of who opened it and what for. Nothing is found of a merchant whose data were erased.
    pub async fn open_file(
        &mut self,
        objects: &Objects,
        id: FileId,
        purpose: FilePurpose,
    ) -> Result<(FileRow, Vec<u8>)> {
        let row = self.file(id).await?;
        let sealed = objects.get_private(self.tenant(), row.id).await?.ok_or(Error::NotFound)?;
        let bytes = self.open_bytes_for(row.merchant_id, SEALED, row.id, &sealed).await?;
        let bytes = bytes.ok_or(Error::NotFound)?;
        self.record(
            Change::new(EventKind::FileOpened, Subject("file", row.id))
                .data(json!({ "merchant_id": row.merchant_id }))
                .from_to(Value::Null, json!({ "merchant_id": row.merchant_id, "purpose": purpose.as_str() })),
        );
        Ok((row, bytes))
    }
}

sql! {
    FindErased { limit: i64 => BigInt }
    "SELECT aggregator_id, id FROM files WHERE erased_at IS NOT NULL AND bytes_deleted_at IS NULL
     ORDER BY erased_at LIMIT $1 FOR UPDATE SKIP LOCKED"
}

sql! {
    MarkDeleted { aggregators: Vec<Uuid> => Array<SqlUuid>, ids: Vec<Uuid> => Array<SqlUuid>, now: DateTime<Utc> => Timestamptz }
    "UPDATE files f SET bytes_deleted_at = $3 FROM unnest($1, $2) AS gone (aggregator_id, id)
     WHERE f.aggregator_id = gone.aggregator_id AND f.id = gone.id"
}

#[derive(QueryableByName)]
struct ErasedFile {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Files whose bytes are deleted in one transaction.
const AT_ONCE: i64 = 100;

impl Db {
    /// Deletes the bytes of files of erased merchants: after the erasure was committed, so that none is lost to one that
    /// was not. Again and again: whoever died between the two leaves the rest to the next. Answers how many there were.
    pub async fn delete_erased_bytes(&self, objects: &Objects) -> Result<usize> {
        let mut count = 0;
        loop {
            let mut tx = self.operator(Actor::System, "erasure").await?;
            let files = FindErased { limit: AT_ONCE }.load::<ErasedFile>(&mut *tx).await?;
            for file in &files {
                objects.delete_private(file.aggregator_id, file.id).await?;
            }
            let (aggregators, ids) = files.iter().map(|file| (file.aggregator_id, file.id)).unzip();
            MarkDeleted { aggregators, ids, now: Utc::now() }.execute(&mut *tx).await?;
            tx.commit().await?;
            count += files.len();
            if files.is_empty() {
                return Ok(count);
            }
        }
    }
}

fn facts(row: &FileRow) -> Value {
    json!({ "merchant_id": row.merchant_id, "media_type": row.media_type, "bytes": row.bytes })
}
