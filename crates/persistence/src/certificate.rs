//! Certificates: issued by completion, revoked with a reason, checked by whoever has the code.

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use diesel::sql_types::{Binary, Date, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kapal_domain::certificate::{CertificateCode, certificate_number};
use kapal_domain::event::EventKind;
use kapal_domain::ids::{EnrolmentId, MerchantId, ProgrammeId};
use kapal_domain::{Code, Refusal};
use kapal_schema::{aggregators, certificate_series, certificates, enrolments};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::db::lend;
use crate::enrolment::EnrolmentRow;
use crate::programme::ProgrammeRow;
use crate::sql::sql;
use crate::{Change, Db, Result, Subject, TenantTx, random, sha256};

/// What a certificate says.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = certificates, check_for_backend(diesel::pg::Pg))]
pub struct CertificateRow {
    /// Its number: aggregator, year, count.
    pub number: String,
    /// By which anybody checks it.
    pub code: String,
    /// Who issued it.
    pub aggregator_name: String,
    /// To whom.
    pub merchant_name: String,
    /// For what, in Indonesian.
    pub programme_name_id: String,
    /// For what, in English; may be empty.
    pub programme_name_en: String,
    /// First day of the programme.
    pub starts_on: NaiveDate,
    /// Its last day.
    pub ends_on: NaiveDate,
    /// Of what was attended.
    pub hours: i32,
    /// Day of issue.
    pub issued_on: NaiveDate,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What everybody may know of a certificate whose code he has.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub struct PublishedCertificate {
    /// Its number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Who issued it.
    #[diesel(sql_type = Text)]
    pub aggregator_name: String,
    /// To whom; None while the merchant's processing is restricted.
    #[diesel(sql_type = Nullable<Text>)]
    pub merchant_name: Option<String>,
    /// For what, in Indonesian.
    #[diesel(sql_type = Text)]
    pub programme_name_id: String,
    /// For what, in English; may be empty.
    #[diesel(sql_type = Text)]
    pub programme_name_en: String,
    /// First day of the programme.
    #[diesel(sql_type = Date)]
    pub starts_on: NaiveDate,
    /// Its last day.
    #[diesel(sql_type = Date)]
    pub ends_on: NaiveDate,
    /// Of what was attended.
    #[diesel(sql_type = Integer)]
    pub hours: i32,
    /// Day of issue.
    #[diesel(sql_type = Date)]
    pub issued_on: NaiveDate,
    /// Since when it counts no more.
    #[diesel(sql_type = Nullable<Date>)]
    pub revoked_on: Option<NaiveDate>,
}

sql! {
    ProjectCertificate { aggregator: Uuid => SqlUuid, enrolment: Uuid => SqlUuid }
    "INSERT INTO published_certificates (aggregator_id, enrolment_id, code_hash, number, aggregator_name, merchant_name,
        programme_name_id, programme_name_en, starts_on, ends_on, hours, issued_on, revoked_on)
     SELECT aggregator_id, enrolment_id, sha256(convert_to(code, 'UTF8')), number, aggregator_name, merchant_name,
        programme_name_id, programme_name_en, starts_on, ends_on, hours, issued_on,
        (revoked_at AT TIME ZONE 'Asia/Jakarta')::date
     FROM certificates WHERE aggregator_id = $1 AND enrolment_id = $2
     ON CONFLICT (aggregator_id, enrolment_id) DO UPDATE SET revoked_on = excluded.revoked_on"
}

sql! {
    ProjectNames { aggregator: Uuid => SqlUuid, merchant: Uuid => SqlUuid }
    "UPDATE published_certificates p
     SET merchant_name = CASE WHEN NOT EXISTS (
        SELECT FROM restrictions r WHERE r.aggregator_id = $1 AND r.merchant_id = $2) THEN c.merchant_name END
     FROM certificates c
     WHERE p.aggregator_id = $1 AND c.aggregator_id = $1 AND c.enrolment_id = p.enrolment_id AND c.merchant_id = $2"
}

sql! {
    FindPublished { code_hash: Vec<u8> => Binary }
    "SELECT number, aggregator_name, merchant_name, programme_name_id, programme_name_en, starts_on, ends_on, hours,
        issued_on, revoked_on
     FROM published_certificates WHERE code_hash = $1"
}

impl Db {
    /// What everybody may know of the certificate with this code.
    pub async fn published_certificate(&self, code: &CertificateCode) -> Result<PublishedCertificate> {
        let code_hash = sha256(code.to_string().as_bytes()).to_vec();
        let mut connection = lend(&self.public).await?;
        Ok(FindPublished { code_hash }.get_result::<PublishedCertificate>(&mut connection).await?)
    }
}

impl TenantTx<'_> {
    /// Issues the certificate of an enrolment that is being completed. The number's row is locked to the end of the
    /// transaction, so that a year's numbers have no holes.
    pub(crate) async fn issue_certificate(
        &mut self,
        programme: &ProgrammeRow,
        enrolment: &EnrolmentRow,
        hours: i32,
    ) -> Result<()> {
        let now = Utc::now();
        // Papers bear the day of the capital (WIB).
        let issued_on = (now + Duration::hours(7)).date_naive();
        let (slug, aggregator_name) = aggregators::table
            .find(self.tenant())
            .select((aggregators::slug, aggregators::name))
            .first::<(String, String)>(&mut **self)
            .await?;
        let count = diesel::insert_into(certificate_series::table)
            .values((
                certificate_series::aggregator_id.eq(self.tenant()),
                certificate_series::year.eq(issued_on.year()),
                certificate_series::last.eq(1),
            ))
            .on_conflict((certificate_series::aggregator_id, certificate_series::year))
            .do_update()
            .set(certificate_series::last.eq(certificate_series::last + 1))
            .returning(certificate_series::last)
            .get_result::<i32>(&mut **self)
            .await?;
        diesel::insert_into(certificates::table)
            .values((
                certificates::aggregator_id.eq(self.tenant()),
                certificates::enrolment_id.eq(enrolment.id),
                certificates::merchant_id.eq(enrolment.merchant_id),
                certificates::number.eq(certificate_number(&slug, issued_on.year(), count)),
                certificates::code.eq(CertificateCode::from_bytes(random()).to_string()),
                certificates::aggregator_name.eq(aggregator_name),
                certificates::merchant_name.eq(&enrolment.merchant_name),
                certificates::programme_name_id.eq(&programme.name_id),
                certificates::programme_name_en.eq(&programme.name_en),
                certificates::starts_on.eq(programme.starts_on),
                certificates::ends_on.eq(programme.ends_on),
                certificates::hours.eq(hours),
                certificates::issued_on.eq(issued_on),
                certificates::issued_by.eq(self.actor().id()),
                certificates::created_at.eq(now),
            ))
            .execute(&mut **self)
            .await?;
        self.project_certificate(enrolment.id).await
    }

    /// What the certificate of an enrolment says.
    pub async fn certificate(&mut self, programme: ProgrammeId, id: EnrolmentId) -> Result<CertificateRow> {
        // Narrowed callers see the certificates of their merchants alone.
        let enrolment = self.enrolment(programme, id).await?;
        Ok(certificates::table
            .find((self.tenant(), enrolment.id))
            .select(CertificateRow::as_select())
            .first::<CertificateRow>(&mut **self)
            .await?)
    }

    /// Revokes a certificate for good: whoever checks its code is told from now on.
    pub async fn revoke_certificate(
        &mut self,
        programme: ProgrammeId,
        id: EnrolmentId,
        reason: &str,
    ) -> Result<EnrolmentRow> {
        self.lock_programme(programme).await?;
        // As when it was issued: nothing is written about a merchant that is being erased.
        let merchant = self.enrolment(programme, id).await?.merchant_id;
        self.lock_merchant(merchant.into()).await?;
        let row = self.certificate(programme, id).await?;
        if row.revoked_at.is_some() {
            return Err(Refusal::because(Code::WrongState, "The certificate is revoked.").into());
        }
        let now = Utc::now();
        diesel::update(certificates::table.find((self.tenant(), id.uuid())))
            .set((
                certificates::revoked_at.eq(now),
                certificates::revoked_by.eq(self.actor().id()),
                certificates::revoke_reason.eq(reason),
            ))
            .execute(&mut **self)
            .await?;
        diesel::update(enrolments::table.find((self.tenant(), id.uuid())))
            .set((enrolments::version.eq(enrolments::version + 1), enrolments::updated_at.eq(now)))
            .execute(&mut **self)
            .await?;
        self.project_certificate(id.uuid()).await?;
        let said = json!({ "certificate_number": row.number, "revoke_reason": reason });
        let enrolment = self.enrolment(programme, id).await?;
        let said = self.sealed_facts(enrolment.merchant_id, said).await?;
        self.record(
            Change::new(EventKind::CertificateRevoked, Subject("enrolment", id.uuid()))
                .data(json!({ "number": row.number }))
                .from_to(Value::Null, said),
        );
        Ok(enrolment)
    }

    /// Holds a restricted merchant's name back from whoever checks its certificates, and gives it back afterwards.
    pub(crate) async fn project_names_on_certificates(&mut self, merchant: MerchantId) -> Result<()> {
        ProjectNames { aggregator: self.tenant(), merchant: merchant.uuid() }.execute(&mut **self).await?;
        Ok(())
    }

    /// Brings what everybody may know of a certificate to its present state.
    async fn project_certificate(&mut self, enrolment: Uuid) -> Result<()> {
        ProjectCertificate { aggregator: self.tenant(), enrolment }.execute(&mut **self).await?;
        Ok(())
    }
}
