//! What handlers answer with: made inside the transaction, so that an idempotent request can store it beside its effect.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use kapal_domain::locale::Locale;
pub(crate) use kapal_persistence::Answer;
use serde::Serialize;

use crate::Problem;

/// The result of every handler.
pub type Answered = Result<HttpResponse, Problem>;

/// What can be an answer.
pub trait Reply {
    /// Status, headers and body.
    fn answer(self) -> Answer;
}

/// 200 with a thing and, where it has versions, its `ETag`.
#[derive(Debug)]
pub struct Found<T>(pub Option<i32>, pub T);

/// 201 with a thing, its address and version.
#[derive(Debug)]
pub struct Created<T> {
    /// Path of the thing.
    pub location: String,
    /// Its version, where it has one.
    pub version: Option<i32>,
    /// The thing.
    pub thing: T,
}

/// 204: done, nothing to say.
#[derive(Debug)]
pub struct Done;

impl<T: Serialize> Reply for Found<T> {
    fn answer(self) -> Answer {
        let mut answer = json_answer(200, &self.1);
        answer.headers.extend(etag(self.0));
        answer
    }
}

impl<T: Serialize> Reply for Created<T> {
    fn answer(self) -> Answer {
        let mut answer = json_answer(201, &self.thing);
        answer.headers.push(("Location".into(), self.location));
        answer.headers.extend(etag(self.version));
        answer
    }
}

impl Reply for Done {
    fn answer(self) -> Answer {
        Answer { status: 204, headers: Vec::new(), body: String::new() }
    }
}

/// A PUT makes the thing or replaces it: 201 or 200.
#[derive(Debug)]
pub enum Put<T> {
    /// It was made.
    Made(Created<T>),
    /// It was there.
    Kept(Found<T>),
}

impl<T: Serialize> Reply for Put<T> {
    fn answer(self) -> Answer {
        match self {
            Self::Made(created) => created.answer(),
            Self::Kept(found) => found.answer(),
        }
    }
}

/// 202: it waits for somebody, at this address.
#[derive(Debug)]
pub struct Waits<T> {
    /// Path of what it waits as.
    pub location: String,
    /// What it waits as.
    pub thing: T,
}

impl<T: Serialize> Reply for Waits<T> {
    fn answer(self) -> Answer {
        let mut answer = json_answer(202, &self.thing);
        answer.headers.push(("Location".into(), self.location));
        answer
    }
}

/// Either of two answers.
#[derive(Debug)]
pub enum Either<A, B> {
    /// The usual one.
    Left(A),
    /// The other one.
    Right(B),
}

impl<A: Reply, B: Reply> Reply for Either<A, B> {
    fn answer(self) -> Answer {
        match self {
            Self::Left(answer) => answer.answer(),
            Self::Right(answer) => answer.answer(),
        }
    }
}

/// An answer with texts in the asked language.
#[derive(Debug)]
pub struct InLanguage<R>(pub Locale, pub R);

impl<R: Reply> Reply for InLanguage<R> {
    fn answer(self) -> Answer {
        let mut answer = self.1.answer();
        answer.headers.push(("Content-Language".into(), self.0.as_str().into()));
        answer
    }
}

fn etag(version: Option<i32>) -> Option<(String, String)> {
    version.map(|version| ("ETag".into(), format!("\"{version}\"")))
}

/// An answer with a JSON body.
pub(crate) fn json_answer(status: u16, body: &impl Serialize) -> Answer {
    // Our views have no maps with other keys than text, so this can't fail.
    let body = serde_json::to_string(body).unwrap_or_default();
    Answer { status, headers: vec![("Content-Type".into(), "application/json".into())], body }
}

/// The answer as a response.
pub(crate) fn respond(answer: Answer) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK));
    for header in answer.headers {
        response.insert_header(header);
    }
    response.body(answer.body)
}
