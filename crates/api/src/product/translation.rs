//! A product's texts, one language at a time.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, delete, put};
use kapal_domain::ids::ProductId;
use kapal_domain::locale::Locale;
use kapal_domain::permission::ProductsWrite;
use kapal_domain::{Code, Faults};
use utoipa_actix_web::service_config::ServiceConfig;

use super::view::TranslationView;
use crate::answer::{Answered, Created, Done, Found, Put};
use crate::change_request::{ChangeRequestView, edited};
use crate::gate::{Judged, judged};
use crate::json::Json;
use crate::path::{At, IfMatch, IfMatchOptional, OnlyNew};
use crate::{Problem, Staff};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(put_translation).service(delete_translation);
}

/// The language in the path. Another one names nothing: 404.
#[derive(Debug, Clone, Copy)]
pub struct InLocale(Locale);

impl FromRequest for InLocale {
    type Error = Problem;
    type Future = Judged<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let locale = request.match_info().get("locale").and_then(|text| Locale::parse(text).ok());
        judged(request, locale.map(InLocale).ok_or(Problem::new(Code::NotFound)))
    }
}

/// Set a product's texts in one language
///
/// New texts need no `If-Match`; replacing others needs the product's `ETag`. Those of a published product wait for
/// review as a change request.
#[utoipa::path(tag = "products", request_body = TranslationView, responses((status = 200, description = "The texts, replaced or the same.", body = TranslationView), (status = 201, description = "The texts, new.", body = TranslationView), (status = 202, description = "The product is published: the edit waits as a change request, whose path is the `Location`.", body = ChangeRequestView)), security(("bearer" = ["products:write"])))]
#[put("/v1/aggregators/{aggregator}/products/{product_id}/translations/{locale}")]
pub async fn put_translation(
    staff: Staff<ProductsWrite>,
    At(id): At<ProductId>,
    InLocale(locale): InLocale,
    IfMatchOptional(version): IfMatchOptional,
    OnlyNew(only_new): OnlyNew,
    body: Json<TranslationView>,
) -> Answered {
    let mut faults = Faults::default();
    let texts = body.0.parse(&mut faults).ok_or(faults)?;
    staff
        .run(async |tx| {
            let put = tx.put_translation(id, version, only_new, locale, &texts).await?;
            edited(&staff, put, |(product, new)| {
                let version = Some(product.version);
                let (name, description) = (texts.name.to_string(), texts.description.to_string());
                let thing = TranslationView { name, description };
                if new {
                    let location = staff.path(format_args!("products/{id}/translations/{locale}"));
                    Ok(Put::Made(Created { location, version, thing }))
                } else {
                    Ok(Put::Kept(Found(version, thing)))
                }
            })
        })
        .await
}

/// Remove a product's texts in one language
///
/// At least one language stays. Of a published product this waits for review as a change request.
#[utoipa::path(tag = "products", responses((status = 204, description = "They are gone."), (status = 202, description = "The product is published: the edit waits as a change request, whose path is the `Location`.", body = ChangeRequestView)), security(("bearer" = ["products:write"])))]
#[delete("/v1/aggregators/{aggregator}/products/{product_id}/translations/{locale}")]
pub async fn delete_translation(
    staff: Staff<ProductsWrite>,
    At(id): At<ProductId>,
    InLocale(locale): InLocale,
    IfMatch(version): IfMatch,
) -> Answered {
    staff
        .run(async |tx| edited(&staff, tx.delete_translation(id, version, locale).await?, |()| Ok(Done)))
        .await
}
