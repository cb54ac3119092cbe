//! The HTTP server.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::{App as ActixApp, HttpRequest, HttpServer, web};
use kapal_domain::Code;
use utoipa_actix_web::AppExt;

use crate::{App, Problem};

/// Starts to serve on `listener`; the returned server is stopped by its handle.
pub fn serve(app: web::Data<App>, listener: TcpListener, workers: usize) -> std::io::Result<Server> {
    let methods = web::Data::new(Methods::new());
    let server = HttpServer::new(move || {
        let (actix, _) = ActixApp::new()
            .app_data(app.clone())
            .app_data(methods.clone())
            .into_utoipa_app()
            .configure(crate::routes)
            .split_for_parts();
        actix
            .configure(crate::documents::routes)
            .configure(crate::page::routes)
            .configure(crate::product_page::routes)
            .default_service(web::to(nothing_here))
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

/// The methods of each path, for the answer to a method that a path does not know.
struct Methods(Vec<(actix_web::dev::ResourceDef, String)>);

impl Methods {
    fn new() -> Self {
        let (_, api) = ActixApp::new().into_utoipa_app().configure(crate::routes).split_for_parts();
        let document = serde_json::to_value(&api).unwrap_or_default();
        let paths = document["paths"].as_object().into_iter().flatten();
        let methods = paths.map(|(path, item)| {
            let mut allowed: Vec<_> =
                item.as_object().into_iter().flatten().map(|(m, _)| m.to_uppercase()).collect();
            if allowed.iter().any(|m| m == "GET") {
                allowed.push("HEAD".into());
            }
            (actix_web::dev::ResourceDef::new(path.as_str()), allowed.join(", "))
        });
        Self(methods.collect())
    }
}

async fn nothing_here(request: HttpRequest, methods: web::Data<Methods>) -> Problem {
    match methods.0.iter().find(|(path, _)| path.is_match(request.path())) {
        Some((_, allowed)) => Problem::new(Code::MethodNotAllowed).with_header(header::ALLOW, allowed),
        None => Problem::new(Code::NotFound),
    }
}

impl actix_web::Responder for Problem {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> actix_web::HttpResponse {
        actix_web::HttpResponse::from_error(self)
    }
}
