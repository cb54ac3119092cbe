//! `kapal openapi`: the documents that are generated from the code and committed.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// Writes the API documents into `out` and the table of error codes into `docs` beside it, or checks those that are
/// there.
pub fn run(out: &Path, check: bool) -> Result<()> {
    let mut stale = Vec::new();
    let documents = kapal_api::documents().into_iter().map(|(name, document)| (out.join(name), document));
    let errors = (out.with_file_name("docs").join("errors.md"), kapal_api::errors_page());
    for (path, document) in documents.chain([errors]) {
        if check {
            if std::fs::read_to_string(&path).ok().as_deref() != Some(&document) {
                stale.push(path.display().to_string());
            }
        } else {
            std::fs::create_dir_all(path.parent().unwrap_or(out))?;
            std::fs::write(&path, document).with_context(|| format!("writing {}", path.display()))?;
            println!("{}", path.display());
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    bail!(
        "{} differ from the code.\nWhat to do: run make openapi and look at the difference.",
        stale.join(", ")
    )
}
