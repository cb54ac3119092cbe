//! A product's permits and certificates, one of each kind.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, delete, put};
use chrono::NaiveDate;
use kapal_domain::day::parse_day;
use kapal_domain::ids::ProductId;
use kapal_domain::legality::{IssuerName, Validity};
use kapal_domain::permission::ProductsWrite;
use kapal_domain::product_certificate::{CertificateKind, CertificateNumber};
use kapal_domain::{Code, Faults};
use kapal_persistence::{NewProductCertificate, ProductCertificateRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::answer::{Answered, Created, Done, Found, Put};
use crate::change_request::{ChangeRequestView, edited};
use crate::gate::{Judged, judged};
use crate::json::Json;
use crate::legality::past;
use crate::path::{At, IfMatch, IfMatchOptional, OnlyNew};
use crate::{Problem, Staff};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(put_product_certificate).service(delete_product_certificate);
}

/// A permit or certificate of a product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProductCertificate)]
pub struct ProductCertificateView {
    /// `halal`, `pirt`, `bpom`, `sni`, `svlk`, `trademark` or `organic`.
    #[schema(example = "pirt", max_length = 10)]
    kind: String,
    /// In the one spelling.
    #[schema(example = "206317101000131", max_length = 60)]
    number: String,
    /// As it was typed.
    #[schema(example = "2063171010001-31", max_length = 80)]
    written: String,
    /// Who issued it.
    #[schema(example = "Dinas Kesehatan Kabupaten Sikka", max_length = 200)]
    issuer: Option<String>,
    /// When it was issued.
    #[schema(example = "2026-03-01")]
    issued_on: Option<NaiveDate>,
    /// The last day that it is valid; null: it has no end.
    #[schema(example = "2031-03-01")]
    expires_on: Option<NaiveDate>,
}

impl From<ProductCertificateRow> for ProductCertificateView {
    fn from(row: ProductCertificateRow) -> Self {
        Self {
            kind: row.kind,
            number: row.number,
            written: row.written,
            issuer: row.issuer,
            issued_on: row.issued_on,
            expires_on: row.expires_on,
        }
    }
}

/// What a product's certificate is set to.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ProductCertificatePut {
    /// In any usual spelling.
    #[schema(example = "2063171010001-31", min_length = 1, max_length = 80)]
    number: String,
    /// Who issued it.
    #[schema(example = "Dinas Kesehatan Kabupaten Sikka", min_length = 2, max_length = 200)]
    issuer: Option<String>,
    /// When it was issued.
    #[schema(format = "date", max_length = 10, example = "2026-03-01")]
    issued_on: Option<String>,
    /// The last day that it is valid; left away where it has no end.
    #[schema(format = "date", max_length = 10, example = "2031-03-01")]
    expires_on: Option<String>,
}

impl ProductCertificatePut {
    fn parse(&self, kind: CertificateKind) -> Result<NewProductCertificate, Faults> {
        let mut faults = Faults::default();
        let day = |text: &Option<String>| text.as_deref().map(parse_day);
        let number = faults.take("/number", CertificateNumber::parse(kind, &self.number));
        let issuer = faults.take_optional("/issuer", self.issuer.as_deref().map(IssuerName::parse));
        let issued_on = faults.take_optional("/issued_on", day(&self.issued_on).map(past));
        let expires_on = faults.take_optional("/expires_on", day(&self.expires_on));
        let validity = match (issued_on, expires_on) {
            (Some(from), Some(to)) => faults.take("/expires_on", Validity::new(from, to)),
            _ => None,
        };
        let (Some(number), Some(issuer), Some(validity)) = (number, issuer, validity) else {
            return Err(faults);
        };
        Ok(NewProductCertificate { kind, number, issuer, validity })
    }
}

/// The kind of certificate in the path. What is none names nothing: 404.
pub struct OfKind(CertificateKind);

impl FromRequest for OfKind {
    type Error = Problem;
    type Future = Judged<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let kind = request.match_info().get("kind").and_then(|text| CertificateKind::parse(text).ok());
        judged(request, kind.map(OfKind).ok_or(Problem::new(Code::NotFound)))
    }
}

/// Enter a product's certificate
///
/// Its number is normalised and its form checked as that of a merchant's legal document, and shown to everybody with the
/// product while it holds. A new one needs no `If-Match`; replacing another needs the product's `ETag`. That of a
/// published product waits for review as a change request.
#[utoipa::path(tag = "products", request_body = ProductCertificatePut, responses((status = 200, description = "The certificate, replaced or the same; the `ETag` is the product's.", body = ProductCertificateView), (status = 201, description = "The certificate, new.", body = ProductCertificateView), (status = 202, description = "The product is published: the edit waits as a change request, whose path is the `Location`.", body = ChangeRequestView)), security(("bearer" = ["products:write"])))]
#[put("/v1/aggregators/{aggregator}/products/{product_id}/certificates/{kind}")]
pub async fn put_product_certificate(
    staff: Staff<ProductsWrite>,
    At(id): At<ProductId>,
    OfKind(kind): OfKind,
    IfMatchOptional(version): IfMatchOptional,
    OnlyNew(only_new): OnlyNew,
    body: Json<ProductCertificatePut>,
) -> Answered {
    let new = body.0.parse(kind)?;
    staff
        .run(async |tx| {
            let put = tx.put_product_certificate(id, version, only_new, &new).await?;
            edited(&staff, put, |(product, row, is_new)| {
                let (version, thing) = (Some(product.version), ProductCertificateView::from(row));
                if is_new {
                    let location = staff.path(format_args!("products/{id}/certificates/{kind}"));
                    Ok(Put::Made(Created { location, version, thing }))
                } else {
                    Ok(Put::Kept(Found(version, thing)))
                }
            })
        })
        .await
}

/// Remove a product's certificate
///
/// Of a published product this waits for review as a change request.
#[utoipa::path(tag = "products", responses((status = 204, description = "It is gone."), (status = 202, description = "The product is published: the edit waits as a change request, whose path is the `Location`.", body = ChangeRequestView)), security(("bearer" = ["products:write"])))]
#[delete("/v1/aggregators/{aggregator}/products/{product_id}/certificates/{kind}")]
pub async fn delete_product_certificate(
    staff: Staff<ProductsWrite>,
    At(id): At<ProductId>,
    OfKind(kind): OfKind,
    IfMatch(version): IfMatch,
) -> Answered {
    staff
        .run(async |tx| {
            edited(&staff, tx.delete_product_certificate(id, version, kind).await?, |()| Ok(Done))
        })
        .await
}
