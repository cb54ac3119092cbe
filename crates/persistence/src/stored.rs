//! JSON columns that our own statements filled, read straight from the wire into their types.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::Jsonb;
use serde::de::DeserializeOwned;

/// A JSON array of things: `#[diesel(sql_type = Jsonb, deserialize_as = Stored<T>)]` for a `Vec<T>`.
#[derive(Debug, FromSqlRow)]
pub(crate) struct Stored<T>(Vec<T>);

impl<T: DeserializeOwned> FromSql<Jsonb, Pg> for Stored<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        read(&value).map(Self)
    }
}

impl<T> From<Stored<T>> for Vec<T> {
    fn from(stored: Stored<T>) -> Self {
        stored.0
    }
}

/// A JSON value as its type.
pub(crate) fn read<T: DeserializeOwned>(value: &PgValue<'_>) -> deserialize::Result<T> {
    match value.as_bytes() {
        // The version of the format; there is no other.
        [1, json @ ..] => Ok(serde_json::from_slice(json)?),
        _ => Err("not jsonb".into()),
    }
}
