//! `kapal`: serve, migrate, demonstrate, administer.

mod admin;
mod config;
mod database;
mod demo;
mod openapi;
mod serve;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use config::Config;
use database::Database;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Backend of an aggregator marketplace for small merchants. Settings are environment variables: see `kapal settings`.
#[derive(Parser)]
#[command(name = "kapal", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API until Ctrl-C.
    Serve,
    /// Do the background duties alone: for servers that run with KAPAL_WORKER=off.
    Worker,
    /// Bring the database to this program's schema.
    Migrate,
    /// Load the demonstration into an empty database.
    Demo {
        /// Do nothing, without a word, where the database is not empty.
        #[arg(long)]
        if_empty: bool,
    },
    /// Write the OpenAPI documents, or check that those written are current.
    Openapi {
        /// Where they are written to.
        #[arg(long, default_value = "openapi")]
        out: std::path::PathBuf,
        /// Write nothing; fail when a document differs.
        #[arg(long)]
        check: bool,
    },
    /// What an administrator does from the command line.
    Admin {
        #[command(subcommand)]
        task: admin::Task,
    },
    /// List the environment variables that are read.
    Settings,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log();
    match actix_web::rt::System::new().block_on(run(arguments.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Serve => serve::serve(Config::from_env()?).await,
        Command::Worker => serve::work(Config::from_env()?).await,
        Command::Migrate => migrate(Config::from_env()?).await,
        Command::Demo { if_empty } => demo::run(Config::from_env()?, if_empty).await,
        Command::Openapi { out, check } => openapi::run(&out, check),
        Command::Admin { task } => admin::run(Config::from_env()?, task).await,
        Command::Settings => {
            for (name, meaning) in config::NAMES {
                println!("{name:28} {meaning}");
            }
            Ok(())
        }
    }
}

async fn migrate(config: Config) -> Result<()> {
    let database = actix_web::web::block(move || Database::open(&config.database)).await??;
    let run = database.migrate().await?;
    println!("{run} migrations run; the database is current.");
    actix_web::web::block(move || database.close()).await?;
    Ok(())
}

fn log() {
    let filter =
        std::env::var("KAPAL_LOG").unwrap_or_else(|_| "warn,kapal=info,kapal::access=warn".to_owned());
    let filter = tracing_subscriber::EnvFilter::new(filter);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::env::var("KAPAL_LOG_FORMAT").is_ok_and(|format| format == "json") {
        builder.json().init();
    } else {
        builder.init();
    }
}
