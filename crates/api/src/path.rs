//! Ids in the path, and the version that a change expects.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{Ready, ready};
use kapal_domain::Code;
use kapal_domain::ids::Id;
use uuid::Uuid;

use crate::Problem;
use crate::gate::{Judged, judged};

/// The id of a thing, from the path parameter that its type names. What is no UUID names nothing: 404.
#[derive(Debug, Clone, Copy)]
pub struct At<T>(pub T);

impl<T: Id + 'static> FromRequest for At<T> {
    type Error = Problem;
    type Future = Judged<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get(T::PARAMETER).and_then(|text| Uuid::try_parse(text).ok());
        judged(request, id.map(|id| At(id.into())).ok_or(Problem::new(Code::NotFound)))
    }
}

/// The version that a change was made from: `If-Match: "<version>"`. Without it 428, with another one 412.
#[derive(Debug, Clone, Copy)]
pub struct IfMatch(pub i32);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Judged<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let version = expected_version(request);
        judged(request, version.and_then(|v| v.ok_or(Problem::new(Code::PreconditionRequired))).map(IfMatch))
    }
}

/// An id in a body or a query.
pub(crate) fn parse_id<T: Id>(text: &str) -> Result<T, Code> {
    Uuid::try_parse(text).map(T::from).map_err(|_| Code::InvalidId)
}

/// The version that a PUT was made from, where the thing is there already.
#[derive(Debug, Clone, Copy)]
pub struct IfMatchOptional(pub Option<i32>);

/// Whether a PUT asks to make the thing or do nothing: `If-None-Match: *`.
#[derive(Debug, Clone, Copy)]
pub struct OnlyNew(pub bool);

impl FromRequest for OnlyNew {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let star = request.headers().get_all(header::IF_NONE_MATCH).any(|value| value.as_bytes() == b"*");
        ready(Ok(OnlyNew(star)))
    }
}

impl FromRequest for IfMatchOptional {
    type Error = Problem;
    type Future = Judged<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        judged(request, expected_version(request).map(IfMatchOptional))
    }
}

fn expected_version(request: &HttpRequest) -> Result<Option<i32>, Problem> {
    let Some(value) = request.headers().get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let version = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).and_then(|t| t.parse().ok());
    // A tag that we never gave can't be the present one.
    version.map(Some).ok_or(Problem::new(Code::PreconditionFailed))
}
