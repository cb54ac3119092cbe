//! What must hold of the code as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Which of our crates each may see, directly: `docs` and `ARCHITECTURE.md` draw the same arrows.
const ARROWS: &[(&str, &[&str])] = &[
    ("kapal-domain", &[]),
    ("kapal-schema", &[]),
    ("kapal-fonts", &[]),
    ("kapal-papers", &["kapal-domain", "kapal-fonts"]),
    ("kapal-pictures", &["kapal-fonts"]),
    ("kapal-search", &["kapal-domain"]),
    ("kapal-persistence", &["kapal-domain", "kapal-schema"]),
    ("kapal-api", &["kapal-domain", "kapal-papers", "kapal-persistence", "kapal-pictures", "kapal-search"]),
    ("kapal-worker", &["kapal-domain", "kapal-persistence", "kapal-search"]),
    (
        "kapal-server",
        &["kapal-api", "kapal-domain", "kapal-persistence", "kapal-pictures", "kapal-search", "kapal-worker"],
    ),
];
/// Crates of others that only some of ours may name.
const KEPT_TO: &[(&str, &[&str])] = &[
    ("diesel", &["kapal-persistence", "kapal-schema"]),
    ("diesel-async", &["kapal-persistence"]),
    ("actix-web", &["kapal-api", "kapal-server"]),
    ("tantivy", &["kapal-search"]),
];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

fn packages() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo metadata");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().into_iter().flatten();
            let names = dependencies.filter(|d| d["kind"].is_null()).filter_map(|d| d["name"].as_str());
            let name = package["name"].as_str().expect("a name");
            (name.to_owned(), names.map(str::to_owned).collect())
        })
        .collect()
}

#[test]
fn crates_depend_on_each_other_one_way_only() {
    let packages = packages();
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for (name, dependencies) in &packages {
        if matches!(name.as_str(), "kapal-tests" | "kapal-bench") {
            continue;
        }
        let allowed = arrows.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not in the table"));
        for dependency in dependencies.iter().filter(|d| d.starts_with("kapal-")) {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not see {dependency}");
        }
    }
    for (kept, to) in KEPT_TO {
        for (name, dependencies) in &packages {
            assert!(
                !dependencies.contains(*kept) || to.contains(&name.as_str()),
                "{name} must not see {kept}"
            );
        }
    }
}

#[test]
fn no_crate_has_features_of_its_own() {
    for manifest in manifests() {
        let text = std::fs::read_to_string(&manifest).expect("a manifest");
        assert!(!text.contains("[features]"), "{} has features", manifest.display());
    }
}

fn manifests() -> Vec<std::path::PathBuf> {
    let crates = std::fs::read_dir(root().join("crates")).expect("crates");
    crates.map(|entry| entry.expect("a crate").path().join("Cargo.toml")).collect()
}

#[test]
fn every_migration_that_makes_a_tenant_table_distributes_it() {
    for file in migrations("up.sql") {
        let sql = std::fs::read_to_string(&file).expect("a migration");
        for (at, opening) in sql.match_indices("CREATE TABLE ") {
            let statement = sql[at + opening.len()..].split(';').next().unwrap_or_default();
            let words: Vec<_> = statement.split_whitespace().collect();
            let is_tenants = words.windows(2).any(|pair| pair == ["aggregator_id", "uuid"]);
            let call = format!("app.distribute('{}')", words[0]);
            assert!(!is_tenants || sql.contains(&call), "{} lacks {call}", file.display());
        }
    }
}

#[test]
fn every_migration_can_be_taken_back() {
    for file in migrations("up.sql") {
        let down = file.with_file_name("down.sql");
        let sql = std::fs::read_to_string(&down).unwrap_or_default();
        assert!(!sql.trim().is_empty(), "{} is missing", down.display());
    }
}

fn migrations(name: &str) -> Vec<std::path::PathBuf> {
    let folders = std::fs::read_dir(root().join("migrations")).expect("migrations");
    folders.map(|entry| entry.expect("a folder").path().join(name)).filter(|path| path.is_file()).collect()
}

/// SQL is text that was written by hand: what a request brings is bound, never pasted.
#[test]
fn no_sql_is_pasted_together_outside_of_migrations() {
    const ALLOWED: &[(&str, &str)] =
        &[("crates/persistence/src/migrate.rs", "roles, passwords and database names, of our own making")];
    let mut found = BTreeSet::new();
    visit(&root().join("crates"), &mut |path, text| {
        let pasted = text.lines().any(|line| {
            let line = line.trim_start();
            !line.starts_with("//")
                && line.contains("format!(")
                && ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "ORDER BY ", "CREATE ", "ALTER "]
                    .iter()
                    .any(|word| line.contains(&format!("\"{word}")))
        });
        if pasted {
            found.insert(path.strip_prefix(root()).expect("inside").display().to_string());
        }
    });
    let allowed: BTreeSet<String> = ALLOWED.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert!(found.is_subset(&allowed), "{:?}", found.difference(&allowed));
}

#[test]
fn no_source_file_grows_beyond_600_lines() {
    visit(&root().join("crates"), &mut |path, text| {
        let lines = text.lines().count();
        let generated = path.ends_with("schema/src/tables.rs");
        assert!(generated || lines <= 600, "{} has {lines} lines", path.display());
    });
}

pub fn visit(folder: &Path, look: &mut dyn FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            visit(&path, look);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            look(&path, &std::fs::read_to_string(&path).expect("a source file"));
        }
    }
}
