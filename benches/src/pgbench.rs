//! The limit: the very statements that the server sends for a request, through `pgbench -M prepared`. They are taken
//! from the database server's own log while the request is made once.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::client::{self, Request};
use crate::server::Kapal;

/// A pgbench script with the values of its variables.
pub struct Script {
    text: String,
    variables: Vec<(String, String)>,
}

/// Makes the request once and writes a script of the statements that it led to.
pub async fn capture(kapal: &Kapal, request: &Request) -> Result<Script> {
    let database = kapal.superuser().await?;
    // Once unlogged, so that what is prepared only the first time is not in the script.
    client::call(kapal, request).await?;
    let offset = std::fs::metadata(kapal.database_log())?.len();
    for role in ["kapal_public", "kapal_app", "kapal_identity"] {
        database.batch_execute(&format!("ALTER ROLE {role} SET log_min_duration_statement = 0")).await?;
    }
    // Only new sessions read a role's settings.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'kapal_%'";
    database.batch_execute(end).await?;
    let answered = async {
        for _ in 0..200 {
            if client::call(kapal, request).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("no answer while statements are logged")
    };
    answered.await?;
    for role in ["kapal_public", "kapal_app", "kapal_identity"] {
        database.batch_execute(&format!("ALTER ROLE {role} RESET log_min_duration_statement")).await?;
    }
    database.batch_execute(end).await?;
    let log = std::fs::read(kapal.database_log())?;
    let log = String::from_utf8_lossy(&log[usize::try_from(offset)?..]).into_owned();
    let script = script(&log);
    if script.text.trim().is_empty() {
        bail!("the log shows no statement of this request");
    }
    Ok(script)
}

/// The statements of a log, in their order; what the server does in the background is left out.
fn script(log: &str) -> Script {
    let mut statements: Vec<(String, Vec<String>)> = Vec::new();
    let mut in_statement = false;
    for line in log.lines() {
        if let Some((_, rest)) = line.split_once("  execute ") {
            let sql = rest.split_once(": ").map_or("", |(_, sql)| sql);
            statements.push((sql.to_owned(), Vec::new()));
            in_statement = true;
        } else if line.starts_with('\t') && in_statement {
            if let Some((sql, _)) = statements.last_mut() {
                sql.push(' ');
                sql.push_str(line.trim());
            }
        } else if let Some((_, parameters)) = line.split_once("DETAIL:  parameters: ") {
            // Those of the step before, the binding, are the same and come before its statement.
            if in_statement && let Some((_, values)) = statements.last_mut() {
                *values = split_parameters(parameters);
            }
            in_statement = false;
        } else {
            in_statement = false;
        }
    }
    statements.retain(|(sql, _)| {
        !sql.contains("tenant_heads h LEFT JOIN")
            && !sql.starts_with("SET ")
            && !sql.contains("pg_terminate_backend")
    });
    let mut script = Script { text: String::new(), variables: Vec::new() };
    let pipelined = statements.len() > 1;
    if pipelined {
        script.text.push_str("\\startpipeline\n");
    }
    for (index, (mut sql, values)) in statements.into_iter().enumerate() {
        // From the last, so that $1 does not meet $10.
        for (n, value) in values.iter().enumerate().rev() {
            let name = format!("v{index}x{}", n + 1);
            sql = sql.replace(&format!("${}", n + 1), &format!(":{name}"));
            script.variables.push((name, value.clone()));
        }
        // pgbench reads a doubled colon as it is, and statements end at the line.
        script.text.push_str(&sql);
        script.text.push_str(";\n");
    }
    if pipelined {
        script.text.push_str("\\endpipeline\n");
    }
    script
}

/// `$1 = 'a', $2 = 'it''s', $3 = NULL` as values.
fn split_parameters(text: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(" = ") {
        if let Some(quoted) = after.strip_prefix('\'') {
            let mut value = String::new();
            let mut letters = quoted.char_indices().peekable();
            let mut end = quoted.len();
            while let Some((at, letter)) = letters.next() {
                if letter == '\'' {
                    if letters.peek().is_some_and(|(_, next)| *next == '\'') {
                        letters.next();
                    } else {
                        end = at + 1;
                        break;
                    }
                }
                value.push(letter);
            }
            values.push(value);
            rest = &quoted[end..];
        } else {
            values.push(String::new());
            rest = after;
        }
    }
    values
}

/// Runs the script; transactions a second.
pub fn run(kapal: &Kapal, script: &Script, connections: usize, each: Duration) -> Result<f64> {
    let file = kapal.folder().join("bench.sql");
    std::fs::write(&file, &script.text)?;
    let mut command = Command::new(program());
    command
        .args(["-h", &kapal.socket().display().to_string(), "-U", "kapal_public", "-n", "-M", "prepared"])
        .args(["-c", &connections.to_string(), "-j", "1", "-T", &each.as_secs().max(1).to_string()])
        .args(["-f", &file.display().to_string()]);
    for (name, value) in &script.variables {
        command.arg("-D").arg(format!("{name}={value}"));
    }
    let output = command.arg("kapal").output().context("running pgbench")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    match tps {
        Some(tps) => Ok(tps),
        None => bail!("pgbench: {}\n{}\n{}", String::from_utf8_lossy(&output.stderr), text, script.text),
    }
}

fn program() -> PathBuf {
    std::env::var_os("KAPAL_PG_BIN")
        .map_or_else(|| PathBuf::from("pgbench"), |folder| PathBuf::from(folder).join("pgbench"))
}
