//! Pages for people: server-rendered, escaped by the template, no script.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use askama::Template;
use kapal_domain::Code;
use kapal_domain::locale::Locale;

use crate::Problem;

/// Nothing from elsewhere, nothing inline. A form may end at WhatsApp: browsers check every redirect after it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self' https://wa.me https://api.whatsapp.com https://web.whatsapp.com whatsapp:";

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(stylesheet);
}

#[get("/assets/page.css")]
async fn stylesheet() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(include_str!("../templates/page.css"))
}

/// A rendered page with its headers.
pub(crate) fn html(page: &impl Template, locale: Locale) -> Result<HttpResponse, Problem> {
    let body = page.render().map_err(|error| {
        tracing::error!(%error, "a page does not render");
        Problem::new(Code::Internal)
    })?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CONTENT_LANGUAGE, locale.as_str()))
        .insert_header((header::VARY, "Accept-Language"))
        .body(body))
}
