//! `kapal admin`: what is done from the command line because nobody may do it over the network.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, Result, anyhow};
use clap::Subcommand;
use kapal_domain::Code;
use kapal_domain::locale::Locale;
use kapal_domain::user::{Email, Password, PersonName};
use kapal_persistence::{Actor, NewUser, hash_password};

use crate::config::Config;
use crate::database::Database;

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Make an account that runs the platform; the password is read from standard input, one line.
    CreateOperator {
        /// Where the person gets mail, and what the login asks for.
        #[arg(long)]
        email: String,
        /// The person's name.
        #[arg(long)]
        name: String,
    },
    /// Make new keys: one that signs access tokens, and a data key for each aggregator, under which all that the
    /// former ones sealed is brought. Runs beside servers; stopped half-way, it is started again.
    RotateKeys,
}

/// Does one task.
pub async fn run(config: Config, task: Task) -> Result<()> {
    match task {
        Task::CreateOperator { email, name } => create_operator(config, &email, &name).await,
        Task::RotateKeys => rotate_keys(config).await,
    }
}

async fn create_operator(config: Config, email: &str, name: &str) -> Result<()> {
    let explained = |what: &str, code: Code| {
        anyhow!(
            "The {what} is not right: {}\nWhat to do: {}",
            code.title(Locale::En),
            code.remedy(Locale::En)
        )
    };
    let email = Email::parse(email).map_err(|code| explained("e-mail address", code))?;
    let name = PersonName::parse(name).map_err(|code| explained("name", code))?;
    if std::io::stdin().is_terminal() {
        eprintln!("Password of {} (12 characters or more), then Enter:", email.as_str());
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("reading the password from standard input")?;
    let password =
        Password::parse(line.trim_end_matches(['\r', '\n'])).map_err(|code| explained("password", code))?;
    kapal_api::judge_password(&password, &[email.as_str(), name.as_str()])
        .map_err(|code| explained("password", code))?;
    let password_hash = actix_web::web::block(move || hash_password(&password)).await??;

    let database = open(&config).await?;
    let db = database.connect();
    let mut tx = db.identity(Actor::System, "kapal admin create-operator").await?;
    let new = NewUser { email, name, password_hash, locale: Locale::default() };
    let user = tx.make_operator(&new, false).await?;
    tx.commit().await?;
    drop(db);
    actix_web::web::block(move || database.close()).await?;
    println!("{} runs the platform now: log in at /v1/auth/login.", user.email);
    Ok(())
}

async fn rotate_keys(config: Config) -> Result<()> {
    const COMMAND: &str = "kapal admin rotate-keys";
    let database = open(&config).await?;
    let db = database.connect();
    let mut tx = db.identity(Actor::System, COMMAND).await?;
    let id = tx.rotate_signing_key().await?;
    tx.commit().await?;
    println!(
        "Signing key {id} is published; it signs in a few minutes, and the former ones stay valid for an hour."
    );
    let tenants = db.all_tenants().await?;
    for (number, (aggregator, slug)) in (1..).zip(&tenants) {
        let rotated = db.rotate_data_key(*aggregator, COMMAND).await?;
        let what = match rotated.data_key {
            Some(key) => format!(
                "data key {key}; wrapped anew: {} subjects; sealed anew: {} leads",
                rotated.subject_keys, rotated.leads
            ),
            None => "nothing was ever sealed".to_owned(),
        };
        println!("{number} of {}: {slug}: {what}", tenants.len());
    }
    drop(db);
    actix_web::web::block(move || database.close()).await?;
    Ok(())
}

async fn open(config: &Config) -> Result<Database> {
    let settings = config.database.clone();
    let database = actix_web::web::block(move || Database::open(&settings)).await??;
    if config.database.migrate {
        database.migrate().await?;
    }
    Ok(database)
}
