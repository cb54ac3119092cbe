//! The audit chain is never rewritten: so what is personal in it stands there sealed under the key of whom it is about,
//! and is gone with that key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::subject_key::logged;
use crate::{Error, Result, TenantTx};

/// Facts that name or describe a person: a merchant's maker, a hero, the holder of a document. What people wrote of a
/// merchant's goods tells of their maker too.
const PERSONAL: [&str; 26] = [
    "name",
    "legal_name",
    "nib",
    "phone",
    "story",
    "handle",
    "profile",
    "display_name",
    "latitude",
    "longitude",
    "home_region_code",
    "number",
    "holder",
    "note",
    "reason",
    "fields",
    "revoke_reason",
    "actions",
    "slug",
    "translations",
    "media",
    "variant",
    "variants",
    "details",
    "certificate",
    "certificates",
];
/// Where they stand, sealed together.
const SEALED: &str = "personal";
/// What they are sealed for.
const PLACE: &str = "audit_entries/personal";

impl TenantTx<'_> {
    /// Facts with those that are personal sealed for `subject`.
    pub(crate) async fn sealed_facts(&mut self, subject: Uuid, facts: Value) -> Result<Value> {
        let Value::Object(mut facts) = facts else { return Ok(facts) };
        let personal: Map<_, _> = PERSONAL.iter().filter_map(|name| facts.remove_entry(*name)).collect();
        if personal.values().any(|fact| !fact.is_null()) {
            let plain = Value::Object(personal).to_string();
            let sealed = self.seal_for(subject, PLACE, subject, &plain).await?;
            facts.insert(SEALED.to_owned(), logged(Some(&sealed)));
        }
        Ok(Value::Object(facts))
    }

    /// Puts the personal facts back into entries of the chain; of who was erased they are null.
    pub(crate) async fn open_facts(&mut self, entries: &mut [Value]) -> Result<()> {
        let mut places = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            for side in ["before", "after"] {
                let Some(sealed) = entry[side][SEALED].as_str() else { continue };
                let sealed = STANDARD.decode(sealed).map_err(|e| Error::Internal(e.to_string()))?;
                places.push((at, side, sealed_for(&sealed)?, sealed));
            }
        }
        if !places.is_empty() {
            self.read_subject_keys(places.iter().map(|(_, _, subject, _)| *subject).collect()).await?;
        }
        for (at, side, subject, sealed) in places {
            let plain = self.open_for(subject, PLACE, subject, &sealed).await?;
            let plain = plain.map(|plain| serde_json::from_str(&plain)).transpose();
            let plain: Option<Value> = plain.map_err(|e| Error::Internal(e.to_string()))?;
            entries[at][side][SEALED] = plain.unwrap_or_default();
        }
        Ok(())
    }
}

/// Whose key opens a sealed value: it says so itself.
fn sealed_for(sealed: &[u8]) -> Result<Uuid> {
    let subject = sealed.first_chunk().map(|bytes| Uuid::from_bytes(*bytes));
    subject.ok_or_else(|| Error::Internal("a sealed fact names nobody".into()))
}
