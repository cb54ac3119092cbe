//! Request bodies: JSON, bounded in size and depth, with every unknown field named. What comes out of `Json` has loose
//! types; each request's own `parse()` makes domain values of it.

mod objects;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::{FutureExt, LocalBoxFuture};
use kapal_domain::{Code, Faults};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::Problem;
use crate::gate::granted;
use objects::Objects;

/// The largest JSON body.
pub(crate) const MAX_BODY: usize = 1024 * 1024;
/// The deepest nesting of arrays and objects.
const MAX_DEPTH: usize = 32;

/// SHA-256 of a body, for the idempotency fingerprint; left in the request by whoever read it.
pub(crate) struct BodyHash(pub [u8; 32]);

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        async move {
            granted(&request).await;
            expect_json(&request)?;
            let body = read(&request, payload, MAX_BODY).await?;
            request.extensions_mut().insert(BodyHash(kapal_persistence::sha256(&body)));
            parse(&body).map(Json)
        }
        .boxed_local()
    }
}

/// A JSON body that may be left away altogether.
#[derive(Debug)]
pub struct OptionalJson<T>(pub Option<T>);

impl<T: DeserializeOwned + 'static> FromRequest for OptionalJson<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        async move {
            granted(&request).await;
            let body = read(&request, payload, MAX_BODY).await?;
            if body.is_empty() {
                return Ok(Self(None));
            }
            expect_json(&request)?;
            request.extensions_mut().insert(BodyHash(kapal_persistence::sha256(&body)));
            parse(&body).map(|value| Self(Some(value)))
        }
        .boxed_local()
    }
}

fn expect_json(request: &HttpRequest) -> Result<(), Problem> {
    let content_type = request.content_type().to_ascii_lowercase();
    match content_type.as_str() {
        "application/json" | "application/merge-patch+json" => Ok(()),
        _ => Err(Problem::because(Code::UnsupportedMediaType, "Send Content-Type: application/json.")),
    }
}

/// Reads a body of at most `limit` bytes; what its header announces too large is not read at all.
pub(crate) async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
) -> Result<BytesMut, Problem> {
    let too_large = || Problem::because(Code::PayloadTooLarge, format!("The limit is {limit} bytes."));
    let announced =
        request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = BytesMut::with_capacity(announced.unwrap_or_default());
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Code::MalformedRequest))?;
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Parses JSON: malformed text, a wrong type with its place, or all unknown fields.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(body).map_err(|e| {
        Problem::because(Code::MalformedJson, format!("Byte {} is not UTF-8.", e.valid_up_to()))
    })?;
    if depth(text) > MAX_DEPTH {
        return Err(Problem::because(
            Code::MalformedJson,
            format!("It is nested deeper than {MAX_DEPTH} levels."),
        ));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let mut unknown = Faults::default();
    let mut note = |path: serde_ignored::Path<'_>| unknown.add(pointer(&path), Code::UnknownField);
    let mut track = serde_path_to_error::Track::new();
    let ignored = serde_ignored::Deserializer::new(&mut json, &mut note);
    let tracked = serde_path_to_error::Deserializer::new(ignored, &mut track);
    let value = match T::deserialize(Objects(tracked)) {
        Ok(value) => value,
        Err(error) if matches!(error.classify(), serde_json::error::Category::Data) => {
            return Err(wrong_type(&error, &track.path()));
        }
        Err(error) => return Err(malformed(&error)),
    };
    json.end().map_err(|e| malformed(&e))?;
    unknown.finish()?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::because(Code::MalformedJson, format!("Line {}, column {}.", error.line(), error.column()))
}

fn wrong_type(error: &serde_json::Error, path: &serde_path_to_error::Path) -> Problem {
    let mut pointer = String::new();
    for segment in path {
        use serde_path_to_error::Segment;
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escaped(key))),
            Segment::Enum { variant } => pointer.push_str(&format!("/{}", escaped(variant))),
            Segment::Unknown => {}
        }
    }
    let message = error.to_string();
    let mut faults = Faults::default();
    if let Some(name) = message.strip_prefix("missing field `").and_then(|m| m.split('`').next()) {
        faults.add(format!("{pointer}/{name}"), Code::Required);
    } else {
        // Without serde's position, which counts in the raw text and helps nobody beside a pointer.
        let message = message.split(" at line ").next().unwrap_or_default();
        let message = match message.split_once("expected struct ") {
            Some((found, _)) => format!("{found}expected an object"),
            None => message.to_owned(),
        };
        faults.add_detail(pointer, Code::WrongType, message.chars().take(200).collect::<String>());
    }
    faults.into()
}

/// How deep arrays and objects are nested, strings left out.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn pointer(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}/{index}", pointer(parent)),
        Path::Map { parent, key } => format!("{}/{}", pointer(parent), escaped(key)),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            pointer(parent)
        }
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A field of a merge patch (RFC 7396): absent keeps, null clears, a value sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Not in the patch.
    #[default]
    Keep,
    /// `null`.
    Clear,
    /// A value.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

impl<T> Patch<T> {
    /// The parsed value to set, where the field may not be cleared; None keeps. The outer None is a noted fault.
    pub fn required<U>(
        &self,
        faults: &mut Faults,
        pointer: &str,
        parse: impl FnOnce(&T) -> Result<U, Code>,
    ) -> Option<Option<U>> {
        match self {
            Self::Keep => Some(None),
            Self::Clear => faults.take(pointer, Err(Code::Required)),
            Self::Set(value) => faults.take(pointer, parse(value)).map(Some),
        }
    }

    /// The parsed value to set, `Some(None)` to clear, None to keep. The outer None is a noted fault.
    pub fn optional<U>(
        &self,
        faults: &mut Faults,
        pointer: &str,
        parse: impl FnOnce(&T) -> Result<U, Code>,
    ) -> Option<Option<Option<U>>> {
        match self {
            Self::Keep => Some(None),
            Self::Clear => Some(Some(None)),
            Self::Set(value) => faults.take(pointer, parse(value)).map(|v| Some(Some(v))),
        }
    }
}
