//! What every request passes: an id, a deadline, problems in the asked language, conditional answers, and the headers
//! that each answer bears.

use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use kapal_domain::Code;
use kapal_domain::locale::Locale;
use uuid::Uuid;

use crate::Problem;
use crate::compress::plain_tag;
use crate::limits::Remaining;

/// Longer than any request takes that the server will finish.
const DEADLINE: Duration = Duration::from_secs(30);
/// Uploads may come over a phone's connection.
const UPLOAD_DEADLINE: Duration = Duration::from_secs(120);

/// Names and values of a request's header fields together.
const MAX_HEADERS: usize = 16 * 1024;

/// The id under which a request is found in logs and in the audit chain.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub String);

/// The request's id.
pub(crate) fn request_id(request: &HttpRequest) -> String {
    request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
}

/// The asked language, Indonesian where none of ours is asked.
pub(crate) fn locale(request: &HttpRequest) -> Locale {
    let header = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    header.and_then(Locale::from_accept_language).unwrap_or_default()
}

/// Only the head is asked for.
struct HeadAlone;

/// Whether only the head of an answer is asked for.
pub(crate) fn is_head(request: &HttpRequest) -> bool {
    request.extensions().get::<HeadAlone>().is_some()
}

/// The middleware round everything.
pub async fn envelope(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let id = known_id(&request).unwrap_or_else(|| Uuid::now_v7().to_string());
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    if method == Method::HEAD {
        // Answered like GET; the connection leaves the body away.
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(HeadAlone);
    }
    let language = locale(request.request());
    let path = request.path().to_owned();
    let deadline = if path.ends_with("/media") { UPLOAD_DEADLINE } else { DEADLINE };
    let headers: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers > MAX_HEADERS {
        return Err(failed(&Problem::new(Code::HeadersTooLarge), language, &id));
    }
    if path.contains("%00") {
        // It names nothing, and no text of the database can hold it.
        return Err(failed(&Problem::new(Code::NotFound), language, &id));
    }
    // The request itself can't be kept over the call: routing needs it alone.
    let mut response = match tokio::time::timeout(deadline, next.call(request)).await {
        Ok(Ok(response)) => response.map_into_boxed_body(),
        Ok(Err(error)) => return Err(failed(&problem_of(&error), language, &id)),
        Err(_) => {
            let problem = Problem::new(Code::Overloaded).with_header(header::RETRY_AFTER, 1);
            return Err(failed(&problem, language, &id));
        }
    };
    if response.status().as_u16() >= 400 {
        response = as_problem(response, &id);
    } else if response.status() == StatusCode::OK && is_unchanged(&response) {
        response = not_modified(response);
    }
    let remaining = response.request().extensions().get::<Remaining>().cloned();
    bear_headers(response.headers_mut(), &id, remaining.as_ref());
    // An invitation's token is a secret until it is used.
    let path = path.split_once("/invitations/").map_or(path.as_str(), |(head, _)| head);
    tracing::info!(
        target: "kapal::access", %method, path, status = response.status().as_u16(),
        ms = began.elapsed().as_secs_f64() * 1e3, request_id = %id,
    );
    Ok(response)
}

fn known_id(request: &ServiceRequest) -> Option<String> {
    let id = request.headers().get("x-request-id")?.to_str().ok()?;
    let fits =
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    fits.then(|| id.to_owned())
}

/// The problem that an error means; errors of the framework are told by their status.
fn problem_of(error: &Error) -> Problem {
    error.as_error::<Problem>().cloned().unwrap_or_else(|| of_status(error.as_response_error().status_code()))
}

fn of_status(status: StatusCode) -> Problem {
    Problem::new(match status.as_u16() {
        404 => Code::NotFound,
        405 => Code::MethodNotAllowed,
        413 => Code::PayloadTooLarge,
        415 => Code::UnsupportedMediaType,
        431 => Code::HeadersTooLarge,
        503 => Code::Overloaded,
        400..=499 => Code::MalformedRequest,
        _ => Code::Internal,
    })
}

/// A failure as problem details in the asked language. HTML pages that tell of a failure stay as they are.
fn as_problem(response: ServiceResponse, id: &str) -> ServiceResponse {
    let problem = match response.response().error() {
        Some(error) => problem_of(error),
        None if response.headers().get(header::CONTENT_TYPE).is_some_and(is_finished) => return response,
        None => of_status(response.status()),
    };
    let locale = locale(response.request());
    let rendered = problem.render(locale, id);
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, rendered)
}

fn is_finished(content_type: &HeaderValue) -> bool {
    content_type
        .to_str()
        .is_ok_and(|t| t.starts_with("application/problem+json") || t.starts_with("text/html"))
}

fn is_unchanged(response: &ServiceResponse) -> bool {
    let request = response.request();
    *request.method() == Method::GET
        && response.headers().get(header::ETAG).is_some_and(|etag| etag_matches(request, etag.as_bytes()))
}

/// Whether the client has the thing with this tag already (RFC 9110, 13.1.2).
pub(crate) fn etag_matches(request: &HttpRequest, etag: &[u8]) -> bool {
    request.headers().get_all(header::IF_NONE_MATCH).any(|value| {
        let tags = value.as_bytes();
        tags == b"*"
            || tags.split(|b| *b == b',').any(|tag| {
                let tag = tag.trim_ascii();
                let tag = tag.strip_prefix(b"W/").unwrap_or(tag);
                tag == etag || plain_tag(tag).is_some_and(|plain| plain == etag)
            })
    })
}

fn not_modified(response: ServiceResponse) -> ServiceResponse {
    let mut bare = HttpResponse::build(StatusCode::NOT_MODIFIED);
    for name in [header::ETAG, header::CACHE_CONTROL, header::VARY, header::CONTENT_LANGUAGE, header::LINK] {
        if let Some(value) = response.headers().get(&name) {
            bare.insert_header((name, value.clone()));
        }
    }
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, bare.finish())
}

/// What is left to answer with when nothing came back that belongs to the request.
fn failed(problem: &Problem, language: Locale, id: &str) -> Error {
    let mut response = problem.render(language, id);
    bear_headers(response.headers_mut(), id, None);
    actix_web::error::InternalError::from_response("no response", response).into()
}

fn bear_headers(headers: &mut header::HeaderMap, id: &str, remaining: Option<&Remaining>) {
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(HeaderName::from_static("x-request-id"), id);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    if let Some(remaining) = remaining {
        set(HeaderName::from_static("ratelimit-policy"), &remaining.policy());
        set(HeaderName::from_static("ratelimit"), &remaining.state());
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    }
}
