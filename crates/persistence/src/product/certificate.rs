//! Certificates of one product: entered like its texts, reviewed with it, shown to everybody while they hold.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::sql_types::{BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, Queryable, QueryableByName, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kapal_domain::Code;
use kapal_domain::event::EventKind;
use kapal_domain::gate::midnight;
use kapal_domain::ids::{AggregatorId, ProductId};
use kapal_domain::legality::{IssuerName, Validity};
use kapal_domain::product_certificate::{CertificateKind, CertificateNumber};
use kapal_domain::region::RegionCode;
use kapal_schema::{merchants, product_certificates};
use serde_json::{Value, json};
use uuid::Uuid;

use super::change_request::{CertificateChange, ProductEdit};
use super::{Edited, ProductRow};
use crate::identity::stored;
use crate::sql::sql;
use crate::{Actor, Change, Db, Error, Result, Subject, TenantTx};

/// A product's certificate as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = product_certificates, check_for_backend(diesel::pg::Pg))]
pub struct ProductCertificateRow {
    pub(super) product_id: Uuid,
    /// Which kind.
    pub kind: String,
    /// In the one spelling.
    pub number: String,
    /// As it was typed.
    pub written: String,
    /// Who issued it.
    pub issuer: Option<String>,
    /// When.
    pub issued_on: Option<NaiveDate>,
    /// The last day that it is valid; None: it has no end.
    pub expires_on: Option<NaiveDate>,
}

/// A certificate of a product to be entered.
#[derive(Debug, Clone)]
pub struct NewProductCertificate {
    /// Which kind.
    pub kind: CertificateKind,
    /// Its number.
    pub number: CertificateNumber,
    /// Who issued it.
    pub issuer: Option<IssuerName>,
    /// Its days.
    pub validity: Validity,
}

impl NewProductCertificate {
    /// As it is once it is stored.
    fn row(&self, product: ProductId) -> ProductCertificateRow {
        ProductCertificateRow {
            product_id: product.uuid(),
            kind: self.kind.as_str().to_owned(),
            number: self.number.as_str().to_owned(),
            written: self.number.written().to_owned(),
            issuer: self.issuer.as_ref().map(ToString::to_string),
            issued_on: self.validity.issued_on(),
            expires_on: self.validity.expires_on(),
        }
    }

    fn is(&self, row: &ProductCertificateRow) -> bool {
        row.written == self.number.written()
            && row.issuer.as_deref() == self.issuer.as_ref().map(|issuer| issuer.as_str())
            && row.issued_on == self.validity.issued_on()
            && row.expires_on == self.validity.expires_on()
    }
}

impl TenantTx<'_> {
    /// Enters a product's certificate of a kind. A new one needs no version, an equal repetition changes nothing, and
    /// replacing another needs the product's present version; with `only_new` nothing is replaced. True when it is new.
    /// That of a published product goes to review.
    pub async fn put_product_certificate(
        &mut self,
        id: ProductId,
        expected: Option<i32>,
        only_new: bool,
        new: &NewProductCertificate,
    ) -> Result<Edited<(ProductRow, ProductCertificateRow, bool)>> {
        let row = self.lock_product(id).await?;
        let old = self.product_certificate(id, new.kind).await?;
        if let Some(old) = &old {
            if only_new {
                return Err(Error::Stale(row.version));
            }
            if new.is(old) && !self.is_certificate_asked(&row, new.kind).await? {
                return Ok(Edited::Made((row, old.clone(), false)));
            }
            if expected.is_none() {
                return Err(Code::PreconditionRequired.into());
            }
        }
        if let Some(expected) = expected {
            row.must_be_at(expected)?;
        }
        if row.is_reviewed()? {
            let asked = self.ask_for_certificate(row, new.kind, Some(new.into())).await?;
            return Ok(asked.map(|row| (row, new.row(id), false)));
        }
        let certificate = self.write_product_certificate(&row, new).await?;
        let row = self.touch_product(id).await?;
        let before = old.as_ref().map_or(Value::Null, named);
        self.record_product(EventKind::ProductUpdated, &row, before, named(&certificate)).await?;
        Ok(Edited::Made((row, certificate, old.is_none())))
    }

    /// Removes a product's certificate of a kind. Of a published product this goes to review, and one that is only asked
    /// for is asked for no more.
    pub async fn delete_product_certificate(
        &mut self,
        id: ProductId,
        expected: i32,
        kind: CertificateKind,
    ) -> Result<Edited<()>> {
        let row = self.lock_product(id).await?;
        let old = self.product_certificate(id, kind).await?;
        if old.is_none() && !self.is_certificate_asked(&row, kind).await? {
            return Err(Error::NotFound);
        }
        row.must_be_at(expected)?;
        if row.is_reviewed()? {
            return Ok(self.ask_for_certificate(row, kind, None).await?.map(|_| ()));
        }
        let old = old.ok_or(Error::NotFound)?;
        self.remove_product_certificate(id, kind).await?;
        let row = self.touch_product(id).await?;
        self.record_product(EventKind::ProductUpdated, &row, named(&old), Value::Null).await?;
        Ok(Edited::Made(()))
    }

    pub(super) async fn remove_product_certificate(
        &mut self,
        id: ProductId,
        kind: CertificateKind,
    ) -> Result<()> {
        diesel::delete(product_certificates::table.find((self.tenant(), id.uuid(), kind.as_str())))
            .execute(&mut **self)
            .await?;
        Ok(())
    }

    /// Whether a change of the certificate of a kind waits for review.
    async fn is_certificate_asked(&mut self, product: &ProductRow, kind: CertificateKind) -> Result<bool> {
        Ok(product.is_published()?
            && self.edit_under_way(product).await?.certificates.contains_key(kind.as_str()))
    }

    async fn ask_for_certificate(
        &mut self,
        row: ProductRow,
        kind: CertificateKind,
        change: Option<CertificateChange>,
    ) -> Result<Edited<ProductRow>> {
        let certificates = [(kind.as_str().to_owned(), change)].into();
        let before = self.whole_product(row).await?;
        let asked =
            self.ask_for_review(before, ProductEdit { certificates, ..ProductEdit::default() }).await?;
        Ok(asked.map(|product| product.row))
    }

    /// Whether a certificate of this kind holds for a product: its own, or one of its merchant's that applies to it.
    pub(super) async fn holds_certificate(&mut self, id: ProductId, kind: CertificateKind) -> Result<bool> {
        let query = CountHeld { aggregator: self.tenant(), product: id.uuid(), kind: kind.as_str().into() };
        Ok(query.get_result::<Held>(&mut **self).await?.count > 0)
    }

    async fn product_certificate(
        &mut self,
        id: ProductId,
        kind: CertificateKind,
    ) -> Result<Option<ProductCertificateRow>> {
        Ok(product_certificates::table
            .find((self.tenant(), id.uuid(), kind.as_str()))
            .select(ProductCertificateRow::as_select())
            .first(&mut **self)
            .await
            .optional()?)
    }

    pub(super) async fn write_product_certificate(
        &mut self,
        product: &ProductRow,
        new: &NewProductCertificate,
    ) -> Result<ProductCertificateRow> {
        let now = Utc::now();
        let next_turn = match new.validity.expires_on().and_then(|last| last.succ_opt()) {
            Some(day) => Some(self.midnight_of(product.merchant_id, day).await?),
            None => None,
        };
        let values = (
            product_certificates::number.eq(new.number.as_str()),
            product_certificates::written.eq(new.number.written()),
            product_certificates::issuer.eq(new.issuer.as_ref().map(|issuer| issuer.as_str())),
            product_certificates::issued_on.eq(new.validity.issued_on()),
            product_certificates::expires_on.eq(new.validity.expires_on()),
            product_certificates::next_turn_at.eq(next_turn),
            product_certificates::updated_at.eq(now),
        );
        Ok(diesel::insert_into(product_certificates::table)
            .values((
                product_certificates::aggregator_id.eq(self.tenant()),
                product_certificates::product_id.eq(product.id),
                product_certificates::kind.eq(new.kind.as_str()),
                product_certificates::created_at.eq(now),
                values,
            ))
            .on_conflict((
                product_certificates::aggregator_id,
                product_certificates::product_id,
                product_certificates::kind,
            ))
            .do_update()
            .set(values)
            .returning(ProductCertificateRow::as_returning())
            .get_result(&mut **self)
            .await?)
    }

    /// When a day begins where a merchant is.
    async fn midnight_of(&mut self, merchant: Uuid, day: NaiveDate) -> Result<DateTime<Utc>> {
        let region = merchants::table
            .find((self.tenant(), merchant))
            .select(merchants::region_code)
            .first::<String>(&mut **self)
            .await?;
        Ok(midnight(day, stored(RegionCode::parse(&region))?.time_zone()))
    }
}

sql! {
    CountHeld { aggregator: Uuid => SqlUuid, product: Uuid => SqlUuid, kind: String => Text }
    "SELECT count(*) AS count FROM app.certificates($1, $2) WHERE kind = $3"
}

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

sql! {
    // What belongs to a restricted merchant waits until the restriction is lifted.
    Ended { now: DateTime<Utc> => Timestamptz }
    "SELECT DISTINCT c.aggregator_id, c.product_id FROM product_certificates c
     JOIN products p ON p.aggregator_id = c.aggregator_id AND p.id = c.product_id
     WHERE c.next_turn_at <= $1 AND NOT EXISTS (
        SELECT FROM restrictions r WHERE r.aggregator_id = p.aggregator_id AND r.merchant_id = p.merchant_id)
     ORDER BY c.aggregator_id, c.product_id LIMIT 500"
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = SqlUuid)]
    aggregator_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    product_id: Uuid,
}

sql! {
    LockProduct { aggregator: Uuid => SqlUuid, product: Uuid => SqlUuid }
    "SELECT 1 FROM products WHERE aggregator_id = $1 AND id = $2 FOR NO KEY UPDATE"
}

sql! {
    End { aggregator: Uuid => SqlUuid, product: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    "UPDATE product_certificates SET next_turn_at = NULL
     WHERE aggregator_id = $1 AND product_id = $2 AND next_turn_at <= $3 RETURNING kind"
}

#[derive(QueryableByName)]
struct Gone {
    #[diesel(sql_type = Text)]
    kind: String,
}

impl Db {
    /// Takes certificates whose last day is over off the storefronts; of how many products.
    pub async fn turn_product_certificates(&self) -> Result<usize> {
        let now = Utc::now();
        let mut tx = self.operator(Actor::System, "certificates").await?;
        let due = Ended { now }.load::<Due>(&mut *tx).await?;
        tx.commit().await?;
        for Due { aggregator_id: aggregator, product_id: product } in &due {
            let (aggregator, product) = (*aggregator, *product);
            let mut tx = self.operator(Actor::System, "certificates").await?;
            LockProduct { aggregator, product }.execute(&mut *tx).await?;
            let ended = End { aggregator, product, now }.load::<Gone>(&mut *tx).await?;
            if !ended.is_empty() {
                tx.project_product_of(AggregatorId::from(aggregator), product.into()).await?;
            }
            for Gone { kind } in ended {
                tx.record(
                    aggregator.into(),
                    Change::new(EventKind::ProductCertificateExpired, Subject("product", product))
                        .data(json!({ "kind": kind }))
                        .from_to(json!({ "kind": kind }), Value::Null),
                );
            }
            tx.commit().await?;
        }
        Ok(due.len())
    }
}

pub(super) fn facts(certificate: &ProductCertificateRow) -> Value {
    json!({
        "kind": certificate.kind, "number": certificate.number, "issuer": certificate.issuer,
        "issued_on": certificate.issued_on, "expires_on": certificate.expires_on,
    })
}

/// The facts under the name by which the log seals them.
fn named(certificate: &ProductCertificateRow) -> Value {
    json!({ "certificate": facts(certificate) })
}
