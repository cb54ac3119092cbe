//! A pgbench script of the statements that one request led to, from the database server's own log.

use std::collections::HashMap;

/// A script with the values of its variables.
pub struct Script {
    /// What pgbench reads.
    pub text: String,
    /// The variables that keep one value.
    pub variables: Vec<(String, String)>,
    /// Whether the server has some of the statements planned anew for their values.
    pub planned_anew: bool,
}

/// A statement of the log.
#[derive(Debug, Clone)]
pub struct Statement {
    sql: String,
    values: Vec<Value>,
    named: bool,
}

type Value = Option<String>;

/// The statements of a log, in their order; what the server does in the background is left out.
pub fn statements(log: &str) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    let mut in_statement = false;
    for line in log.lines() {
        if let Some((_, rest)) = line.split_once("  execute ") {
            let (name, sql) = rest.split_once(": ").unwrap_or((rest, ""));
            let named = name != "<unnamed>";
            let sql = without_comment(sql).to_owned();
            statements.push(Statement { sql, values: Vec::new(), named });
            in_statement = true;
        } else if line.starts_with('\t') && in_statement {
            if let Some(statement) = statements.last_mut() {
                statement.sql.push(' ');
                statement.sql.push_str(without_comment(line.trim()));
            }
        } else if let Some((_, parameters)) = line.split_once("DETAIL:  parameters: ") {
            // Those of the step before, the binding, are the same and come before its statement.
            if in_statement && let Some(statement) = statements.last_mut() {
                statement.values = split_parameters(parameters);
            }
            in_statement = false;
        } else {
            in_statement = false;
        }
    }
    statements.retain(|statement| {
        let sql = &statement.sql;
        !sql.contains("tenant_heads h LEFT JOIN")
            && !sql.starts_with("SET ")
            && !sql.contains("pg_terminate_backend")
    });
    statements
}

/// A comment would swallow what follows: a statement becomes one line.
fn without_comment(line: &str) -> &str {
    line.split_once("--").map_or(line, |(code, _)| code)
}

impl Script {
    /// A script of the first statements. What differs in `again`, the same request made once more, the server makes
    /// up each time: ids, hashes and slugs of it are new in each run of the script too.
    pub fn new(first: Vec<Statement>, again: &[Statement]) -> Self {
        let made_up = made_up(&first, again);
        let mut script = Self {
            text: String::new(),
            variables: Vec::new(),
            planned_anew: first.iter().any(|s| !s.named && !s.values.is_empty()),
        };
        for number in made_up.values() {
            // As many bits as the last group of a UUID has.
            script.text.push_str(&format!("\\set r{number} random(1, 281474976710655)\n"));
        }
        // A read is sent in one flush. Of a transaction the first three statements are: its beginning, its tenant and
        // its first query.
        let is_read = !first.iter().any(|s| s.sql.starts_with("BEGIN"));
        let pipelined = if is_read { first.len() } else { 3 };
        let mut in_flush = None;
        for (index, statement) in first.into_iter().enumerate() {
            if (is_read && index == 0 && pipelined > 1) || statement.sql.starts_with("BEGIN") {
                script.text.push_str("\\startpipeline\n");
                in_flush = Some(0);
            }
            let mut sql = statement.sql;
            // From the last, so that $1 does not meet $10.
            for (n, value) in statement.values.into_iter().enumerate().rev() {
                let place = format!("${}", n + 1);
                let fresh = value.as_ref().and_then(|value| {
                    let one = fresh(bare(value), *made_up.get(bare(value))?)?;
                    Some(if bare(value) == value { one } else { format!("ARRAY[{one}]") })
                });
                sql = match (fresh, value) {
                    (Some(expression), _) => sql.replace(&place, &expression),
                    (None, None) => sql.replace(&place, "NULL"),
                    // pgbench has no empty variables.
                    (None, Some(value)) if value.is_empty() => sql.replace(&place, "''"),
                    (None, Some(value)) => {
                        let name = format!("v{index}x{}", n + 1);
                        let cast = if is_plain(&value, &sql) { "" } else { cast(&value) };
                        let sql = sql.replace(&place, &format!(":{name}{cast}"));
                        script.variables.push((name, value));
                        sql
                    }
                };
            }
            script.text.push_str(&sql);
            script.text.push_str(";\n");
            in_flush = in_flush.map(|sent| sent + 1);
            if in_flush == Some(pipelined) {
                script.text.push_str("\\endpipeline\n");
                in_flush = None;
            }
        }
        script
    }
}

/// The values that are other ones in the second log, numbered.
fn made_up(first: &[Statement], again: &[Statement]) -> HashMap<String, usize> {
    let mut found = HashMap::new();
    for (one, other) in first.iter().zip(again) {
        for (value, changed) in one.values.iter().zip(&other.values) {
            if let Some(value) = value.as_ref().filter(|_| value != changed)
                && fresh(bare(value), 0).is_some()
            {
                let number = found.len();
                found.entry(bare(value).to_owned()).or_insert(number);
            }
        }
    }
    found
}

/// The value in an array of one, or the value: what a request makes several of at once, it made one of here.
fn bare(value: &str) -> &str {
    let inner = value.strip_prefix('{').and_then(|v| v.strip_suffix('}'));
    inner.filter(|inner| !inner.contains(['{', ','])).unwrap_or(value)
}

/// An expression with another value each time, of the same kind: an id, a hash, a slug.
fn fresh(value: &str, number: usize) -> Option<String> {
    let digits = format!("lpad(to_hex(:r{number}::bigint), 12, '0')");
    let is_uuid = value.len() == 36 && value.matches('-').count() == 4;
    let is_hash = value.len() == 66 && value.starts_with("\\x");
    let is_slug = value.contains('-')
        && value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if is_uuid {
        Some(format!("('{}' || {digits})::uuid", &value[..24]))
    } else if is_hash {
        Some(format!("sha256({digits}::bytea)"))
    } else if is_slug {
        Some(format!("('bench-' || {digits})"))
    } else {
        None
    }
}

/// Whether the statement itself tells what an empty array is: one looks like an empty object of JSON. `unnest` alone
/// doesn't.
fn is_plain(value: &str, sql: &str) -> bool {
    value == "{}" && !sql.contains("unnest(")
}

/// What tells an array's type, which the server's own statement carries beside its text; nothing for other values.
fn cast(value: &str) -> &'static str {
    let Some(inner) = value.strip_prefix('{').and_then(|v| v.strip_suffix('}')) else { return "" };
    let items = || inner.split(',').filter(|item| *item != "NULL");
    // An object of JSON, not an array.
    if inner.contains("\":") {
        return "";
    }
    if items().all(|item| item.len() == 36 && item.matches('-').count() == 4) {
        "::uuid[]"
    } else if items().all(|item| item.parse::<i64>().is_ok()) {
        "::bigint[]"
    } else if items().all(|item| item.starts_with("\"\\\\x")) {
        "::bytea[]"
    } else {
        "::text[]"
    }
}

/// `$1 = 'a', $2 = 'it''s', $3 = NULL` as values.
fn split_parameters(text: &str) -> Vec<Value> {
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
            values.push(Some(value));
            rest = &quoted[end..];
        } else {
            values.push(None);
            rest = after;
        }
    }
    values
}
