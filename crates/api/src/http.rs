//! The HTTP server.

use std::collections::HashMap;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::{App as ActixApp, Error, HttpRequest, HttpServer, web};
use kapal_domain::Code;
use utoipa_actix_web::AppExt;

use crate::{App, Problem};

/// Starts to serve on `listener`; the returned server is stopped by its handle.
pub fn serve(app: web::Data<App>, listener: TcpListener, workers: usize) -> std::io::Result<Server> {
    let paths = web::Data::new(Paths::new());
    let server = HttpServer::new(move || {
        let (actix, _) = ActixApp::new()
            .app_data(app.clone())
            .app_data(paths.clone())
            .into_utoipa_app()
            .configure(crate::routes)
            .split_for_parts();
        actix
            .configure(crate::documents::routes)
            .configure(crate::page::routes)
            .configure(crate::link::routes)
            .configure(crate::product_page::routes)
            .configure(crate::storefront::robots)
            .configure(crate::verify_page::routes)
            .configure(crate::site::routes)
            .configure(crate::site::rest)
            .default_service(web::to(nothing_here))
            .wrap(from_fn(known_parameters))
            .wrap(from_fn(crate::envelope))
    })
    .workers(workers)
    .backlog(1024)
    .keep_alive(Duration::from_secs(75))
    .client_request_timeout(Duration::from_secs(5))
    .client_disconnect_timeout(Duration::from_secs(2))
    .shutdown_timeout(25)
    .disable_signals()
    .listen(listener)?;
    Ok(server.run())
}

/// What the document says of each path: for requests that no handler takes, and for parameters that none knows.
struct Paths {
    methods: Vec<(actix_web::dev::ResourceDef, String)>,
    parameters: HashMap<(String, String), Vec<String>>,
}

impl Paths {
    fn new() -> Self {
        let (_, api) = ActixApp::new().into_utoipa_app().configure(crate::routes).split_for_parts();
        let document = serde_json::to_value(&api).unwrap_or_default();
        let (mut methods, mut parameters) = (Vec::new(), HashMap::new());
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            let mut allowed = Vec::new();
            for (method, operation) in item.as_object().into_iter().flatten() {
                let method = method.to_uppercase();
                let names = operation["parameters"].as_array().into_iter().flatten();
                let names = names.filter(|p| p["in"] == "query").filter_map(|p| p["name"].as_str());
                parameters.insert((path.clone(), method.clone()), names.map(str::to_owned).collect());
                allowed.push(method);
            }
            if allowed.iter().any(|m| m == "GET") {
                allowed.push("HEAD".into());
            }
            methods.push((actix_web::dev::ResourceDef::new(path.as_str()), allowed.join(", ")));
        }
        Self { methods, parameters }
    }
}

/// Feeds are fetched by an address that somebody typed elsewhere, with whatever was added to it on the way.
fn is_fetched_by_address(path: &str) -> bool {
    path.contains("/feeds/") || path.ends_with("/sitemap.xml")
}

/// Refuses query parameters that the document does not list for the operation. Pages for people and feeds take any.
async fn known_parameters(
    paths: web::Data<Paths>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if !request.query_string().is_empty()
        && request.path().starts_with("/v1/")
        && !is_fetched_by_address(request.path())
        && let Some(pattern) = request.match_pattern()
        && let Some(known) = paths.parameters.get(&(pattern, request.method().to_string()))
    {
        let names = url::form_urlencoded::parse(request.query_string().as_bytes()).map(|(name, _)| name);
        let unknown: Vec<_> = names.filter(|name| !known.iter().any(|k| k == name)).take(10).collect();
        if !unknown.is_empty() {
            let detail = format!("Unknown: {}.", unknown.join(", "));
            return Err(Problem::because(Code::UnknownParameter, detail).into());
        }
    }
    next.call(request).await
}

async fn nothing_here(request: HttpRequest, paths: web::Data<Paths>) -> Problem {
    let here = paths.methods.iter().filter(|(path, _)| path.is_match(request.path()));
    let allowed: Vec<_> = here.map(|(_, allowed)| allowed.as_str()).collect();
    if allowed.is_empty() {
        return Problem::new(Code::NotFound);
    }
    Problem::new(Code::MethodNotAllowed).with_header(header::ALLOW, allowed.join(", "))
}

impl actix_web::Responder for Problem {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> actix_web::HttpResponse {
        actix_web::HttpResponse::from_error(self)
    }
}
