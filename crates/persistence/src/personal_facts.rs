//! The audit chain is never rewritten: so what is personal in it stands there sealed under the key of whom it is about,
//! and is gone with that key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::subject_key::logged;
use crate::{Error, Result, TenantTx};

/// The facts about a merchant that are about its maker too.
const PERSONAL: [&str; 5] = ["name", "legal_name", "phone", "story", "handle"];
/// Where they stand, sealed together.
const SEALED: &str = "personal";
/// What they are sealed for.
const PLACE: &str = "audit_entries/personal";

impl TenantTx<'_> {
    /// The facts about a merchant with the personal ones sealed.
    pub(crate) async fn sealed_facts(&mut self, merchant: Uuid, facts: Value) -> Result<Value> {
        let Value::Object(mut facts) = facts else { return Ok(facts) };
        let personal: Map<_, _> = PERSONAL.iter().filter_map(|name| facts.remove_entry(*name)).collect();
        let plain = Value::Object(personal).to_string();
        let sealed = self.seal_for(merchant, PLACE, merchant, &plain).await?;
        facts.insert(SEALED.to_owned(), logged(Some(&sealed)));
        Ok(Value::Object(facts))
    }

    /// Puts the personal facts back into entries of the chain; of who was erased they are null.
    pub(crate) async fn open_facts(&mut self, entries: &mut [Value]) -> Result<()> {
        let about = |entry: &Value| Uuid::try_parse(entry["subject_id"].as_str()?).ok();
        let has = |entry: &Value| ["before", "after"].iter().any(|side| entry[side][SEALED].is_string());
        let subjects: Vec<_> = entries.iter().filter(|entry| has(entry)).filter_map(about).collect();
        if !subjects.is_empty() {
            self.read_subject_keys(subjects).await?;
        }
        for entry in entries {
            let Some(subject) = about(entry) else { continue };
            for side in ["before", "after"] {
                let Some(sealed) = entry[side][SEALED].as_str() else { continue };
                let sealed = STANDARD.decode(sealed).map_err(|e| Error::Internal(e.to_string()))?;
                let plain = self.open_for(subject, PLACE, subject, &sealed).await?;
                let plain = plain.map(|plain| serde_json::from_str(&plain)).transpose();
                let plain: Option<Value> = plain.map_err(|e| Error::Internal(e.to_string()))?;
                entry[side][SEALED] = plain.unwrap_or_default();
            }
        }
        Ok(())
    }
}
