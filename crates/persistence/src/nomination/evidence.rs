//! What members show for a nomination: files of evidence about its merchant.

use diesel::{BoolExpressionMethods, ExpressionMethods, JoinOnDsl, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::ids::FileId;
use kapal_schema::{files, nomination_files};
use uuid::Uuid;

use super::Nomination;
use crate::{FileRow, Result, TenantTx};

impl TenantTx<'_> {
    /// Puts files beside a nomination. One that is not about its merchant breaks a foreign key.
    pub(super) async fn attach_evidence(
        &mut self,
        nomination: Uuid,
        merchant: Uuid,
        evidence: &[FileId],
    ) -> Result<()> {
        let rows: Vec<_> = (0_i16..)
            .zip(evidence)
            .map(|(position, file)| {
                (
                    nomination_files::aggregator_id.eq(self.tenant()),
                    nomination_files::nomination_id.eq(nomination),
                    nomination_files::file_id.eq(file.uuid()),
                    nomination_files::merchant_id.eq(merchant),
                    nomination_files::position.eq(position),
                )
            })
            .collect();
        if !rows.is_empty() {
            diesel::insert_into(nomination_files::table).values(rows).execute(&mut **self).await?;
        }
        Ok(())
    }

    /// The files beside a nomination, in the order in which they were named.
    pub async fn nomination_evidence(&mut self, nomination: &Nomination) -> Result<Vec<FileRow>> {
        let same = files::aggregator_id
            .eq(nomination_files::aggregator_id)
            .and(files::id.eq(nomination_files::file_id));
        Ok(nomination_files::table
            .inner_join(files::table.on(same))
            .filter(nomination_files::aggregator_id.eq(self.tenant()))
            .filter(nomination_files::nomination_id.eq(nomination.row.id))
            .order(nomination_files::position)
            .select(FileRow::as_select())
            .load::<FileRow>(&mut **self)
            .await?)
    }
}
