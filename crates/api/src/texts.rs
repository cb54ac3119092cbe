//! Texts in both languages, as requests carry them.

use kapal_domain::{Code, Faults};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::json::Patch;

/// A text in one or both languages.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct TextsBody {
    /// In Indonesian.
    #[schema(example = "Kado Lebaran", max_length = 2000)]
    pub id: Option<String>,
    /// In English.
    #[schema(example = "Gifts for Eid", max_length = 2000)]
    pub en: Option<String>,
}

/// What to change of a text (RFC 7396).
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct TextsPatch {
    /// In Indonesian.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Kado Lebaran", max_length = 2000)]
    pub id: Patch<String>,
    /// In English.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Gifts for Eid", max_length = 2000)]
    pub en: Patch<String>,
}

/// A text that null empties.
pub(crate) fn clearable(
    patch: &Patch<String>,
    faults: &mut Faults,
    pointer: &str,
    parse: impl FnOnce(&str) -> Result<String, Code>,
) -> Option<Option<String>> {
    match patch {
        Patch::Clear => Some(Some(String::new())),
        Patch::Keep | Patch::Set(_) => patch.required(faults, pointer, |text| parse(text)),
    }
}
