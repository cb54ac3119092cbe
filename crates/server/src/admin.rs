//! `kapal admin`: what is done from the command line because nobody may do it over the network.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, Result, anyhow};
use clap::Subcommand;
use kapal_domain::Code;
use kapal_domain::locale::Locale;
use kapal_domain::user::{Email, Password, PersonName};
use kapal_persistence::{Actor, Audited, NewUser, hash_password};

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
    /// Recompute the audit chains and name the first entry of each that was tampered with; fails when there is one.
    AuditVerify {
        /// Only the chain of this aggregator; `nasional` is the platform's own.
        #[arg(long)]
        aggregator: Option<String>,
    },
}

/// Does one task.
pub async fn run(config: Config, task: Task) -> Result<()> {
    match task {
        Task::CreateOperator { email, name } => create_operator(config, &email, &name).await,
        Task::RotateKeys => rotate_keys(config).await,
        Task::AuditVerify { aggregator } => audit_verify(config, aggregator.as_deref()).await,
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
async fn audit_verify(config: Config, aggregator: Option<&str>) -> Result<()> {
    let settings = config.database.clone();
    let database = actix_web::web::block(move || Database::open(&settings)).await??;
    let db = database.connect();
    let began = std::time::Instant::now();
    let shows = std::io::stderr().is_terminal();
    let found = db
        .verify_audit(aggregator, |slug, seq| {
            if shows {
                eprint!("\r{slug}: {seq} entries\x1b[K");
            }
        })
        .await;
    if shows {
        eprint!("\r\x1b[K");
    }
    drop(db);
    actix_web::web::block(move || database.close()).await?;
    let found = found.map_err(|error| match error {
        kapal_persistence::Error::NotFound => {
            anyhow!("There is no such aggregator.\nWhat to do: name it by its slug.")
        }
        other => other.into(),
    })?;
    let (mut entries, mut broken) = (0, 0);
    for Audited { slug, verification, .. } in &found {
        entries += verification.entries;
        if let Some(bad) = &verification.first_bad {
            broken += 1;
            let id = bad.id.map(|id| format!(", id {id}")).unwrap_or_default();
            println!("{slug}: entry {} was {}{id}", bad.seq, bad.kind);
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let rate = entries as f64 / seconds.max(f64::EPSILON);
    println!("{} chains, {entries} entries in {seconds:.1} s ({rate:.0} entries/s)", found.len());
    if broken > 0 {
        return Err(anyhow!("{broken} of {} chains were tampered with", found.len()));
    }
    Ok(())
}
