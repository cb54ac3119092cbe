//! Problem details (RFC 9457): the one shape of every answer that is not a success.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use kapal_domain::locale::{Bilingual, Locale};
use kapal_domain::{Code, Fault, Faults, Refusal};
use kapal_persistence::Error;
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was not fulfilled. Rendered in the asked language by [`crate::envelope`].
#[derive(Debug, Clone)]
pub struct Problem {
    /// The public code.
    pub code: Code,
    // Boxed: a result is as large as its error, on every way through a handler.
    detail: Option<Box<Bilingual<String>>>,
    errors: Vec<Fault>,
    headers: Vec<(HeaderName, String)>,
    /// Extension members (RFC 9457, 3.2).
    members: Vec<(&'static str, serde_json::Value)>,
}

impl Problem {
    /// A problem that its code explains.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self { code, detail: None, errors: Vec::new(), headers: Vec::new(), members: Vec::new() }
    }

    /// A problem with something to say about this case.
    #[must_use]
    pub fn because(code: Code, detail: impl Into<String>) -> Self {
        Self { detail: Refusal::because(code, detail).detail.map(Box::new), ..Self::new(code) }
    }

    /// The same with a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// The same with an extension member: what both sides of a conflict say, for example.
    #[must_use]
    pub fn with_member(mut self, name: &'static str, value: serde_json::Value) -> Self {
        self.members.push((name, value));
        self
    }

    /// The same about a part of a body: its pointers begin with the part's own.
    #[must_use]
    pub fn under(mut self, part: &str) -> Self {
        for fault in &mut self.errors {
            fault.pointer.insert_str(0, part);
        }
        self
    }

    /// One bad field.
    #[must_use]
    pub fn field(pointer: &str, code: Code) -> Self {
        let mut faults = Faults::default();
        faults.add(pointer, code);
        faults.into()
    }

    /// The answer in one language.
    #[must_use]
    pub fn render(&self, locale: Locale, request_id: &str) -> HttpResponse {
        let mut body = serde_json::to_value(self.view(locale, request_id)).unwrap_or_default();
        for (name, value) in &self.members {
            body[*name] = value.clone();
        }
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json");
        response.insert_header(("Content-Language", locale.as_str()));
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.insert_header((name.clone(), value));
            }
        }
        response.body(body.to_string())
    }

    /// What the answer says in one language.
    pub(crate) fn view(&self, locale: Locale, request_id: &str) -> ProblemView {
        ProblemView {
            r#type: format!("/errors/{}", self.code),
            title: self.code.title(locale),
            status: self.code.status(),
            detail: match &self.detail {
                Some(detail) => detail.get(locale).clone(),
                None => self.code.remedy(locale).to_owned(),
            },
            instance: request_id.to_owned(),
            code: self.code.as_str(),
            errors: self.errors.iter().map(|fault| FaultView::new(fault, locale)).collect(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.code)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.render(Locale::default(), "")
    }
}

impl From<Faults> for Problem {
    fn from(faults: Faults) -> Self {
        Self { errors: faults.into_vec(), ..Self::new(Code::ValidationFailed) }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        // A rule about one field that only the database could check is a bad field all the same.
        if refusal.code.status() == 422 && !matches!(refusal.code, Code::IdempotencyKeyReused) {
            let detail = refusal.detail.map(|detail| detail.en);
            let fault = Fault { pointer: String::new(), code: refusal.code, detail };
            return Faults::from(fault).into();
        }
        Self { detail: refusal.detail.map(Box::new), ..Self::new(refusal.code) }
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Refusal::from(code).into()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        use actix_web::http::header::{ETAG, RETRY_AFTER};
        match error {
            Error::NotFound => Self::new(Code::NotFound),
            Error::Refused(refusal) => {
                let problem = Self::from(refusal);
                match problem.code {
                    Code::IdempotencyInFlight => problem.with_header(RETRY_AFTER, 1),
                    Code::ConfirmationLocked => problem.with_header(RETRY_AFTER, 60),
                    _ => problem,
                }
            }
            Error::Invalid(faults) => faults.into(),
            Error::Stale(version) => {
                Self::new(Code::PreconditionFailed).with_header(ETAG, format!("\"{version}\""))
            }
            Error::Busy => Self::new(Code::Overloaded).with_header(RETRY_AFTER, 1),
            Error::Unavailable(cause) => {
                tracing::warn!(%cause, "the database is away");
                Self::new(Code::Unavailable).with_header(RETRY_AFTER, 2)
            }
            Error::StorageFull(cause) => {
                tracing::error!(%cause, "no space left");
                Self::new(Code::StorageFull)
            }
            Error::Internal(cause) => {
                tracing::error!(%cause, "internal error");
                Self::new(Code::Internal)
            }
        }
    }
}

/// A problem as the client sees it (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemView {
    /// Where the code is explained.
    #[schema(example = "/errors/validation_failed", max_length = 200)]
    r#type: String,
    /// What happened, in the asked language.
    #[schema(example = "Some fields are not right.", max_length = 500)]
    title: &'static str,
    /// The HTTP status again.
    #[schema(example = 422, minimum = 400, maximum = 599)]
    status: u16,
    /// What to do about it, or what is particular about this case.
    #[schema(example = "Correct every field listed in errors.", max_length = 2000)]
    detail: String,
    /// The request's id, also in `X-Request-Id`.
    #[schema(example = "019ab0f2-5b5c-7d30-9d0c-2f2f1f6f8a11", max_length = 100)]
    instance: String,
    /// The code: never translated.
    #[schema(example = "validation_failed", max_length = 60)]
    code: &'static str,
    /// Every bad field, where fields are the problem.
    #[schema(max_items = 1000)]
    errors: Vec<FaultView>,
}

/// One bad field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fault)]
pub struct FaultView {
    /// Where in the body (RFC 6901); empty when it is about the body as a whole.
    #[schema(example = "/phone", max_length = 500)]
    pointer: String,
    /// What is wrong.
    #[schema(example = "invalid_phone", max_length = 60)]
    code: &'static str,
    /// The same as a sentence in the asked language.
    #[schema(example = "This is not a phone number. Write it as +6281234567890.", max_length = 2000)]
    detail: String,
}

impl FaultView {
    fn new(fault: &Fault, locale: Locale) -> Self {
        let sentence = format!("{} {}", fault.code.title(locale), fault.code.remedy(locale));
        let detail =
            fault.detail.as_ref().map_or(sentence.clone(), |detail| format!("{sentence} ({detail})"));
        Self { pointer: fault.pointer.clone(), code: fault.code.as_str(), detail }
    }
}
