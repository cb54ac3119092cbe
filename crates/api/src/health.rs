//! Whether the process lives and can serve, and which version it is.

use std::sync::atomic::Ordering;

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::answer::{Answered, Found, Reply, respond};
use crate::{App, Problem};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(healthz).service(readyz).service(version);
}

/// Says that all is well.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthView {
    /// Always `ok`.
    #[schema(example = "ok", max_length = 20)]
    status: &'static str,
}

/// Check the process
///
/// Answers as long as the process runs, whatever the database does.
#[utoipa::path(tag = "operations", responses((status = 200, description = "The process runs.", body = HealthView)))]
#[get("/healthz")]
pub async fn healthz() -> HttpResponse {
    respond(Found(None, HealthView { status: "ok" }).answer())
}

/// Check readiness
///
/// Answers 200 when requests can be served: the database answers and there is a key to sign tokens with. 503 while the
/// process drains before it stops.
#[utoipa::path(tag = "operations", responses((status = 200, description = "Requests can be served.", body = HealthView)))]
#[get("/readyz")]
pub async fn readyz(app: web::Data<App>) -> Answered {
    if app.draining.load(Ordering::Relaxed) || !app.tokens.is_ready() {
        return Err(Problem::new(kapal_domain::Code::Unavailable));
    }
    app.db.ping().await?;
    Ok(respond(Found(None, HealthView { status: "ok" }).answer()))
}

/// Which program this is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Version)]
pub struct VersionView {
    /// The program.
    #[schema(example = "kapal-induk", max_length = 40)]
    name: &'static str,
    /// Its version (Semantic Versioning).
    #[schema(example = "0.1.0", max_length = 40)]
    version: &'static str,
}

/// Read the version
///
/// The running program's name and version.
#[utoipa::path(tag = "operations", responses((status = 200, description = "Name and version.", body = VersionView)))]
#[get("/version")]
pub async fn version() -> HttpResponse {
    respond(Found(None, VersionView { name: "kapal-induk", version: env!("CARGO_PKG_VERSION") }).answer())
}
