//! The limit: the very statements that the server sends for a request, through `pgbench -M prepared`. They are taken
//! from the database server's own log while the request is made twice.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::client::{self, Request};
use crate::script::{self, Script};
use crate::server::Kapal;

/// The roles that serve requests.
const ROLES: [&str; 3] = ["kapal_public", "kapal_app", "kapal_identity"];

/// A role that may and sees what those together may and see, since one run of a script is one session.
const RUNNER: &str = "DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kapal_bench') THEN
        CREATE ROLE kapal_bench LOGIN IN ROLE kapal_public, kapal_app, kapal_identity;
    END IF;
END $$";

/// Makes the request while statements are logged, and writes a script of those that it led to.
pub async fn capture(kapal: &Kapal, request: &Request) -> Result<Script> {
    let database = kapal.superuser().await?;
    database.batch_execute(RUNNER).await?;
    for role in ROLES {
        database.batch_execute(&format!("ALTER ROLE {role} SET log_min_duration_statement = 0")).await?;
    }
    reconnect(kapal, &database, request).await?;
    let mut logs = Vec::new();
    for _ in 0..2 {
        let offset = usize::try_from(std::fs::metadata(kapal.database_log())?.len())?;
        client::call(kapal, request).await?;
        let log = std::fs::read(kapal.database_log())?;
        logs.push(script::statements(&String::from_utf8_lossy(&log[offset..])));
    }
    for role in ROLES {
        database.batch_execute(&format!("ALTER ROLE {role} RESET log_min_duration_statement")).await?;
    }
    reconnect(kapal, &database, request).await?;
    match (logs.pop(), logs.pop()) {
        (Some(again), Some(first)) if !first.is_empty() => Ok(Script::new(first, &again)),
        _ => bail!("the log shows no statement of this request"),
    }
}

/// Ends all sessions of the server, since only new ones read a role's settings, and makes the request until nothing is
/// left of the old ones and the new ones have it prepared.
async fn reconnect(kapal: &Kapal, database: &tokio_postgres::Client, request: &Request) -> Result<()> {
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY ($1)";
    database.query(end, &[&ROLES.as_slice()]).await?;
    let mut answered_in_a_row = 0;
    for _ in 0..500 {
        match client::call(kapal, request).await {
            Ok(_) => answered_in_a_row += 1,
            Err(_) => {
                answered_in_a_row = 0;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        if answered_in_a_row == 16 {
            return Ok(());
        }
    }
    bail!("no answers after the database sessions were ended")
}

/// Runs the script; transactions a second.
pub fn run(kapal: &Kapal, script: &Script, connections: usize, each: Duration) -> Result<f64> {
    let file = kapal.folder().join("bench.sql");
    std::fs::write(&file, &script.text)?;
    // Plans made for the values, where the server asks for these: the same work for the database.
    let planning = if script.planned_anew { "-c plan_cache_mode=force_custom_plan" } else { "" };
    let mut command = Command::new(program());
    command
        .env("PGOPTIONS", planning)
        .args(["-h", &kapal.socket().display().to_string(), "-U", "kapal_bench", "-n", "-M", "prepared"])
        .args(["-c", &connections.to_string(), "-j", "1", "-T", &each.as_secs().max(1).to_string()])
        .args(["-f", &file.display().to_string()]);
    for (name, value) in &script.variables {
        command.arg("-D").arg(format!("{name}={value}"));
    }
    let output = command.arg("kapal").output().context("running pgbench")?;
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    match tps {
        Some(tps) if output.status.success() => Ok(tps),
        _ => bail!("pgbench: {errors}\n{text}\n{}", script.text),
    }
}

fn program() -> PathBuf {
    std::env::var_os("KAPAL_PG_BIN")
        .map_or_else(|| PathBuf::from("pgbench"), |folder| PathBuf::from(folder).join("pgbench"))
}
