//! A thin client: what was asked is kept with the answer, so that a failed expectation tells the whole story.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use reqwest::header::HeaderMap;
use reqwest::{Body, Method};
use serde_json::Value;

/// Somebody who talks to a server.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    address: String,
    token: Option<String>,
}

/// A request in the making; awaiting it sends it.
#[derive(Debug)]
pub struct Call {
    said: String,
    request: reqwest::RequestBuilder,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    said: String,
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
    /// The body where it is JSON, else null.
    pub json: Value,
}

impl Client {
    /// Somebody without a login.
    #[must_use]
    pub fn new(address: &str) -> Self {
        // The server's own choice; whoever made it before is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap_or_else(|error| panic!("{error}"));
        Self { http, address: address.to_owned(), token: None }
    }

    /// The same with an access token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The access token.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_else(|| panic!("not logged in"))
    }

    /// The server's address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A request without a body.
    #[must_use]
    pub fn call(&self, method: &str, path: &str) -> Call {
        let method: Method = method.to_uppercase().parse().unwrap_or_else(|_| panic!("method {method}"));
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.address) };
        let mut request = self.http.request(method.clone(), url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        Call { said: format!("{method} {path}"), request }
    }

    /// GET.
    #[must_use]
    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    /// POST of JSON.
    #[must_use]
    pub fn post(&self, path: &str, body: Value) -> Call {
        self.call("POST", path).json(&body)
    }

    /// POST without a body.
    #[must_use]
    pub fn step(&self, path: &str) -> Call {
        self.call("POST", path)
    }

    /// PUT of JSON.
    #[must_use]
    pub fn put(&self, path: &str, body: Value) -> Call {
        self.call("PUT", path).json(&body)
    }

    /// PATCH of the version that `Call::of` names.
    #[must_use]
    pub fn patch(&self, path: &str, body: Value) -> Call {
        self.call("PATCH", path).json(&body)
    }

    /// DELETE.
    #[must_use]
    pub fn delete(&self, path: &str) -> Call {
        self.call("DELETE", path)
    }
}

impl Call {
    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// With a body of any kind.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let shown = String::from_utf8_lossy(&body[..body.len().min(600)]).into_owned();
        self.said = format!("{} {shown}", self.said);
        self.request = self.request.header("Content-Type", content_type).body(Body::from(body));
        self
    }

    /// With a file as part `file`.
    #[must_use]
    pub fn file(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.said = format!("{} file {name} of {} bytes", self.said, bytes.len());
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        self.request = self.request.multipart(reqwest::multipart::Form::new().part("file", part));
        self
    }

    /// With a file of evidence as part `file`, about a merchant.
    #[must_use]
    pub fn evidence(mut self, name: &str, bytes: Vec<u8>, merchant: &str) -> Self {
        self.said = format!("{} file {name} of {} bytes about {merchant}", self.said, bytes.len());
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form =
            reqwest::multipart::Form::new().text("merchant_id", merchant.to_owned()).part("file", part);
        self.request = self.request.multipart(form);
        self
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.said = format!("{} [{name}: {value}]", self.said);
        self.request = self.request.header(name, value);
        self
    }

    /// As a change of this version.
    #[must_use]
    pub fn of(self, version: &Value) -> Self {
        self.header("If-Match", &format!("\"{version}\""))
    }

    /// Sends it; None where the server closed the connection instead of answering.
    pub async fn try_send(self) -> Option<Reply> {
        self.send().await.ok()
    }

    async fn send(self) -> reqwest::Result<Reply> {
        let response = self.request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?.to_vec();
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Ok(Reply { said: self.said, status, headers, body, json })
    }
}

impl IntoFuture for Call {
    type Output = Reply;
    type IntoFuture = Pin<Box<dyn Future<Output = Reply> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let said = self.said.clone();
            self.send().await.unwrap_or_else(|error| panic!("{said}: no answer: {error:?}"))
        })
    }
}

/// Sends all at the same time; the answers are in the order of the calls.
pub async fn all_at_once(calls: impl IntoIterator<Item = Call>) -> Vec<Reply> {
    let sent: Vec<_> = calls.into_iter().map(|call| tokio::spawn(call.into_future())).collect();
    let mut replies = Vec::with_capacity(sent.len());
    for reply in sent {
        replies.push(reply.await.unwrap_or_else(|error| panic!("{error}")));
    }
    replies
}

impl Reply {
    /// The answer, which must have this status.
    #[track_caller]
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// The JSON of an answer that must have this status.
    #[track_caller]
    #[must_use]
    pub fn json(self, status: u16) -> Value {
        self.expect(status).json
    }

    /// The problem that the answer must be.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.code()), (status, code), "{self}");
        self.is_problem();
        self.json
    }

    /// A 422 with exactly these faults, as `(pointer, code)`.
    #[track_caller]
    pub fn faults(self, expected: &[(&str, &str)]) {
        let shown = self.to_string();
        let problem = self.problem(422, "validation_failed");
        let mut found: Vec<_> = problem["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|fault| (fault["pointer"].as_str().unwrap_or("?"), fault["code"].as_str().unwrap_or("?")))
            .collect();
        let mut expected = expected.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{shown}");
    }

    /// Asserts the form that every failure has (RFC 9457 and our conventions).
    #[track_caller]
    pub fn is_problem(&self) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self}");
        let code = self.code();
        assert_eq!(self.json["type"], format!("/errors/{code}"), "{self}");
        assert_eq!(self.json["status"], self.status, "{self}");
        assert_eq!(self.json["instance"], self.header("x-request-id"), "{self}");
        assert!(self.json["title"].as_str().is_some_and(|t| !t.is_empty()), "{self}");
        assert!(self.json["detail"].is_string() && self.json["errors"].is_array(), "{self}");
    }

    /// The problem's code, or nothing.
    #[must_use]
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// A header, empty where it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.text();
        let shown: String = text.chars().take(2_000).collect();
        write!(f, "{} answered {} {shown}", self.said, self.status)
    }
}
