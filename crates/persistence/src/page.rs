//! Keyset pages. A cursor holds the sort values of the last row; outside it is opaque, authenticated, and bound to the
//! list that it came from.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{Datelike, NaiveDate};
use kapal_domain::Code;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Vault;

/// Rows, and where the next ones start.
#[derive(Debug)]
pub struct Page<T> {
    /// At most as many as were asked for.
    pub items: Vec<T>,
    /// None on the last page.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Makes a page of rows that were read with `limit + 1`.
    pub fn cut(mut items: Vec<T>, limit: usize, position: impl Fn(&T) -> Cursor) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(position) } else { None };
        Self { items, next }
    }

    /// The same page of other things.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

/// One sort value of a cursor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CursorValue {
    /// A whole number, or a time in microseconds since 1970.
    Int(i64),
    /// A relevance.
    Float(f32),
    /// A text.
    Text(String),
    /// An id: the last value of every cursor, since ties are broken by it.
    Id(Uuid),
}

/// The place of a row in an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cursor(pub Vec<CursorValue>);

/// The day of what has none: `coalesce(.., '9999-12-31')` in the indexes.
const NO_DAY: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(day) => day,
    None => NaiveDate::MAX,
};

/// Bytes of the tag: 128 bits.
const TAG: usize = 16;
/// Bytes of the list's name.
const LIST: usize = 8;

impl Cursor {
    /// A cursor that stands on a time and an id.
    #[must_use]
    pub fn at(time: chrono::DateTime<chrono::Utc>, id: Uuid) -> Self {
        Self(vec![CursorValue::Int(time.timestamp_micros()), CursorValue::Id(id)])
    }

    /// The time and id of [`Cursor::at`].
    pub fn time_and_id(&self) -> Result<(chrono::DateTime<chrono::Utc>, Uuid), Code> {
        match self.0.as_slice() {
            [CursorValue::Int(micros), CursorValue::Id(id)] => {
                let time = chrono::DateTime::from_timestamp_micros(*micros).ok_or(Code::InvalidCursor)?;
                Ok((time, *id))
            }
            _ => Err(Code::CursorMismatch),
        }
    }

    /// A cursor that stands on the end of something and an id; what has no end stands after all that have one.
    #[must_use]
    pub fn until(end: Option<chrono::DateTime<chrono::Utc>>, id: Uuid) -> Self {
        Self::at(end.unwrap_or_else(|| NO_DAY.and_time(chrono::NaiveTime::MIN).and_utc()), id)
    }

    /// A cursor that stands on a day and an id; what has no day stands after all that have one.
    #[must_use]
    pub fn on(day: Option<NaiveDate>, id: Uuid) -> Self {
        let day = i64::from(day.unwrap_or(NO_DAY).num_days_from_ce());
        Self(vec![CursorValue::Int(day), CursorValue::Id(id)])
    }

    /// The day and id of [`Cursor::on`].
    pub fn day_and_id(&self) -> Result<(NaiveDate, Uuid), Code> {
        match self.0.as_slice() {
            [CursorValue::Int(day), CursorValue::Id(id)] => {
                let day = i32::try_from(*day).ok().and_then(NaiveDate::from_num_days_from_ce_opt);
                Ok((day.ok_or(Code::InvalidCursor)?, *id))
            }
            _ => Err(Code::CursorMismatch),
        }
    }

    /// A cursor that stands on a name and an id.
    #[must_use]
    pub fn named(name: &str, id: Uuid) -> Self {
        Self(vec![CursorValue::Text(name.to_owned()), CursorValue::Id(id)])
    }

    /// The name and id of [`Cursor::named`].
    pub fn name_and_id(&self) -> Result<(String, Uuid), Code> {
        match self.0.as_slice() {
            [CursorValue::Text(name), CursorValue::Id(id)] => Ok((name.clone(), *id)),
            _ => Err(Code::CursorMismatch),
        }
    }

    /// A cursor that stands on a number and an id.
    #[must_use]
    pub fn numbered(number: i64, id: Uuid) -> Self {
        Self(vec![CursorValue::Int(number), CursorValue::Id(id)])
    }

    /// The number and id of [`Cursor::numbered`].
    pub fn number_and_id(&self) -> Result<(i64, Uuid), Code> {
        match self.0.as_slice() {
            [CursorValue::Int(number), CursorValue::Id(id)] => Ok((*number, *id)),
            _ => Err(Code::CursorMismatch),
        }
    }

    /// As the client sees it. `list` names tenant, route, filters and order.
    #[must_use]
    pub fn encode(&self, vault: &Vault, list: &str) -> String {
        let values = serde_json::to_vec(self).unwrap_or_default();
        let list = vault.cursors.mac(&[b"list", list.as_bytes()]);
        let mut bytes = [&list[..LIST], &values].concat();
        let tag = vault.cursors.mac(&[b"cursor", &bytes]);
        bytes.extend_from_slice(&tag[..TAG]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// A cursor that a client sent back to the list `list`.
    pub fn decode(text: &str, vault: &Vault, list: &str) -> Result<Self, Code> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Code::InvalidCursor)?;
        let (body, tag) = bytes.split_last_chunk::<TAG>().ok_or(Code::InvalidCursor)?;
        let expected = vault.cursors.mac(&[b"cursor", body]);
        if !bool::from(subtle::ConstantTimeEq::ct_eq(&expected[..TAG], tag)) {
            return Err(Code::InvalidCursor);
        }
        let (of, values) = body.split_first_chunk::<LIST>().ok_or(Code::InvalidCursor)?;
        if of != &vault.cursors.mac(&[b"list", list.as_bytes()])[..LIST] {
            return Err(Code::CursorMismatch);
        }
        serde_json::from_slice(values).map_err(|_| Code::InvalidCursor)
    }
}
