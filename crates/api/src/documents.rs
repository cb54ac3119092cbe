//! What explains the service: the OpenAPI documents, the page that shows them, the error codes, the public keys.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use kapal_domain::Code;
use kapal_domain::locale::Locale;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{App, Problem};

/// Routes that are no part of the API itself.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(openapi)
        .service(openapi_part)
        .service(jwks)
        .service(error_page)
        .service(web::redirect("/docs", "/docs/"))
        .service(
            SwaggerUi::new("/docs/{_:.*}").config(Config::new(["/openapi.json"]).try_it_out_enabled(true)),
        );
}

#[get("/openapi.json")]
async fn openapi(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    document(&app, "kapal.json")
}

#[get("/openapi/{name}")]
async fn openapi_part(app: web::Data<App>, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    document(&app, &name)
}

fn document(app: &App, name: &str) -> Result<HttpResponse, Problem> {
    let document = app.documents.get(name).ok_or(Problem::new(Code::NotFound))?;
    let tag = kapal_persistence::sha256(document.as_bytes());
    let tag: String = tag[..12].iter().map(|b| format!("{b:02x}")).collect();
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .insert_header((header::ETAG, format!("\"{tag}\"")))
        .body(document.clone()))
}

#[get("/.well-known/jwks.json")]
async fn jwks(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/jwk-set+json")
        .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
        .body(app.tokens.jwks().to_string())
}

/// The page of an error code: cause and remedy in the asked language.
#[derive(askama::Template)]
#[template(path = "error.html")]
struct ErrorPage {
    locale: Locale,
    code: Code,
}

#[get("/errors/{code}")]
async fn error_page(request: HttpRequest, code: web::Path<String>) -> Result<HttpResponse, Problem> {
    let code = Code::ALL.iter().find(|c| c.as_str() == code.as_str()).ok_or(Problem::new(Code::NotFound))?;
    let page = ErrorPage { locale: crate::envelope::locale(&request), code: *code };
    crate::page::html(&page, page.locale)
}
