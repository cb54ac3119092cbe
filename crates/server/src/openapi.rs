//! `kapal openapi`: the documents that are committed under `openapi/`.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// Writes the documents into `out`, or checks those that are there.
pub fn run(out: &Path, check: bool) -> Result<()> {
    let mut stale = Vec::new();
    for (name, document) in kapal_api::documents() {
        let path = out.join(name);
        if check {
            if std::fs::read_to_string(&path).ok().as_deref() != Some(&document) {
                stale.push(path.display().to_string());
            }
        } else {
            std::fs::create_dir_all(out)?;
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
