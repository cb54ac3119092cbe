//! `kapal serve`: the API, and in the same process the worker unless told otherwise.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::{HttpResponse, HttpServer, get, web};
use anyhow::{Context, Result};
use kapal_api::{App, Limits, PIXELS_MIB, Tokens};
use kapal_persistence::{Actor, Db, Objects};
use kapal_worker::{MailSettings, Mailer};
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::database::Database;

/// How often the ends of the tenants' logs are looked at: what bounds how stale a conditional answer can be.
const HEADS_EVERY: Duration = Duration::from_millis(250);
/// How often signing keys are read again.
const KEYS_EVERY: Duration = Duration::from_secs(30);
/// After SIGTERM, the time that a proxy gets to see `/readyz` say no before connections are refused.
const GRACE: Duration = Duration::from_secs(2);

/// Serves until SIGINT or SIGTERM.
pub async fn serve(config: Config) -> Result<()> {
    // Before the database server starts, so that Ctrl-C never leaves it behind.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let listener = bind(config.http.address, "KAPAL_HTTP_ADDR")?;
    let metrics = bind(config.http.metrics, "KAPAL_METRICS_ADDR")?;
    let mailer = mailer(&config)?;
    let objects = objects(&config)?;
    let settings = config.database.clone();
    let database = web::block(move || Database::open(&settings)).await??;
    let app = web::Data::new(prepare(&config, &database, objects).await?);
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let server = kapal_api::serve(app.clone(), listener, cores)?;
    let metrics = HttpServer::new(|| actix_web::App::new().service(metrics_text))
        .workers(1)
        .disable_signals()
        .listen(metrics)?
        .run();
    let (handle, metrics_handle) = (server.handle(), metrics.handle());
    let duties =
        [actix_web::rt::spawn(look_at_heads(app.clone())), actix_web::rt::spawn(read_keys(app.clone()))];
    let (stop_worker, stopped) = tokio::sync::watch::channel(false);
    // The index lies in this process: also one that leaves the other duties to others follows the logs.
    let search = config.http.search.then(|| {
        let (app, stopped) = (app.clone(), stopped.clone());
        actix_web::rt::spawn(async move { kapal_worker::follow_search(&app.db, &app.search, stopped).await })
    });
    let worker = config.http.worker.then(|| {
        let app = app.clone();
        actix_web::rt::spawn(async move { kapal_worker::run(&app.db, &app.objects, &mailer, stopped).await })
    });
    let serving = actix_web::rt::spawn(server);
    actix_web::rt::spawn(metrics);
    tracing::info!(target: "kapal", "serving {} as {}", config.http.address, config.http.public_url);

    let terminated = tokio::select! {
        _ = interrupt.recv() => false,
        _ = terminate.recv() => true,
    };
    tracing::info!(target: "kapal", "stopping: requests that are running are finished");
    app.draining.store(true, Ordering::Relaxed);
    if terminated {
        tokio::time::sleep(GRACE).await;
    }
    handle.stop(true).await;
    metrics_handle.stop(false).await;
    stop_worker.send_replace(true);
    if let Some(worker) = worker {
        let _ = worker.await;
    }
    if let Some(search) = search {
        let _ = search.await;
    }
    duties.iter().for_each(|duty| duty.abort());
    let _ = serving.await;
    drop(app);
    web::block(move || database.close()).await?;
    Ok(())
}

/// `kapal worker`: the background duties alone, beside servers that run with `KAPAL_WORKER=off`.
pub async fn work(config: Config) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mailer = mailer(&config)?;
    let settings = config.database.clone();
    let database = web::block(move || Database::open(&settings)).await??;
    if config.database.migrate {
        database.migrate().await?;
    }
    let db = web::Data::new(database.connect());
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let worker = actix_web::rt::spawn({
        let (db, objects) = (db.clone(), objects(&config)?);
        async move { kapal_worker::run(&db, &objects, &mailer, stopped).await }
    });
    tracing::info!(target: "kapal", "working");
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    stop.send_replace(true);
    let _ = worker.await;
    drop(db);
    web::block(move || database.close()).await?;
    Ok(())
}

/// Where pictures and evidence lie.
pub fn objects(config: &Config) -> Result<Objects> {
    match &config.bucket {
        Some(bucket) => Objects::in_bucket(bucket).context("KAPAL_S3_*"),
        None => Ok(Objects::in_folder(config.database.data_dir.join("pictures"))),
    }
}

fn mailer(config: &Config) -> Result<Mailer> {
    let settings = MailSettings {
        smtp_url: config.mail.smtp_url.clone(),
        from: config.mail.from.clone(),
        dir: config.database.data_dir.join("mail"),
    };
    Mailer::new(settings).context("KAPAL_SMTP_URL or KAPAL_MAIL_FROM")
}

/// Migrates where that is wanted, makes the first signing key, and puts together what handlers share.
async fn prepare(config: &Config, database: &Database, objects: Objects) -> Result<App> {
    if config.database.migrate {
        let run = database.migrate().await?;
        if run > 0 {
            tracing::info!(target: "kapal", "{run} migrations run");
        }
    }
    let search = match config.http.search {
        true => kapal_search::Index::open(&config.database.data_dir.join("search"))?,
        // Never built: so the database answers.
        false => kapal_search::Index::in_memory()?,
    };
    let app = make_app(config, database.connect(), objects, search);
    let mut tx = app.db.identity(Actor::System, "serve").await?;
    tx.ensure_signing_key().await.context("making the first signing key")?;
    tx.commit().await?;
    app.tokens.set_keys(&app.db.signing_keys().await?);
    app.db.look_at_heads().await?;
    Ok(app)
}

/// What handlers share, without a look at the database.
pub fn make_app(config: &Config, db: Db, objects: Objects, search: kapal_search::Index) -> App {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    App {
        db,
        objects,
        search: kapal_search::Desk::new(search),
        tokens: Tokens::new(config.http.public_url.clone()),
        limits: Limits::new(config.http.rate_limits, config.http.trusted_proxies.clone()),
        public_url: config.http.public_url.clone(),
        production: config.production,
        heavy: Arc::new(tokio::sync::Semaphore::new(cores)),
        pixels: Arc::new(tokio::sync::Semaphore::new(PIXELS_MIB as usize)),
        documents: kapal_api::documents(),
        draining: AtomicBool::new(false),
    }
}

fn bind(address: SocketAddr, name: &str) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| {
        let remedy = match error.kind() {
            std::io::ErrorKind::AddrInUse => "Stop the program that has the port, or choose another one",
            std::io::ErrorKind::PermissionDenied => "Choose a port above 1023",
            _ => "Choose an address of this machine",
        };
        anyhow::anyhow!("{address} can't be listened on: {error}.\nWhat to do: {remedy} with {name}.")
    })
}

async fn look_at_heads(app: web::Data<App>) {
    loop {
        if let Err(error) = app.db.look_at_heads().await {
            tracing::warn!(target: "kapal", %error, "the logs' ends can't be looked at");
        }
        tokio::time::sleep(HEADS_EVERY).await;
    }
}

async fn read_keys(app: web::Data<App>) {
    loop {
        tokio::time::sleep(KEYS_EVERY).await;
        match app.db.signing_keys().await {
            Ok(keys) => app.tokens.set_keys(&keys),
            Err(error) => tracing::warn!(target: "kapal", %error, "the signing keys can't be read"),
        }
        app.limits.tidy();
    }
}

#[get("/metrics")]
async fn metrics_text() -> HttpResponse {
    let text = prometheus::TextEncoder::new().encode_to_string(&prometheus::gather()).unwrap_or_default();
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text)
}
