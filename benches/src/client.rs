//! A request as bytes, and the few calls that the benchmark makes outside of its measurements.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::Kapal;

/// A request that is sent again and again.
#[derive(Debug, Clone)]
pub struct Request {
    /// Start line and headers up to the empty line, then the body.
    pub bytes: Vec<u8>,
    /// The status that is a success.
    pub expected: u16,
}

impl Request {
    /// A GET.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path, &[], None, 200)
    }

    /// A request with headers and a JSON body.
    pub fn new(
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
        expected: u16,
    ) -> Self {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: bench\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            text.push_str("Content-Type: application/json\r\n");
        }
        if method != "GET" {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        text.push_str(&body);
        Self { bytes: text.into_bytes(), expected }
    }
}

/// A kept-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request and reads the whole answer: status, head, body.
    pub async fn send(&mut self, request: &Request) -> Result<(u16, String, Vec<u8>)> {
        self.stream.write_all(&request.bytes).await?;
        self.buffer.clear();
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.buffer[..end])?;
                let status: u16 = head.get(9..12).and_then(|s| s.parse().ok()).context("a status line")?;
                let length = head
                    .lines()
                    .find_map(|line| {
                        let (name, value) = line.split_once(':')?;
                        name.eq_ignore_ascii_case("content-length")
                            .then(|| value.trim().parse::<usize>().ok())?
                    })
                    .unwrap_or(0);
                let total = end + 4 + length;
                if self.buffer.len() >= total {
                    return Ok((status, head.to_owned(), self.buffer[end + 4..total].to_vec()));
                }
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// One call outside of the measurements; fails with the answer's text when the status is another.
pub async fn call(kapal: &Kapal, request: &Request) -> Result<(String, Value)> {
    let (status, head, body) = Connection::open(kapal.address()).await?.send(request).await?;
    if status != request.expected {
        bail!("{}: {status} {}", String::from_utf8_lossy(&request.bytes), String::from_utf8_lossy(&body));
    }
    Ok((head, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

/// The value of the Authorization header of a demonstration account.
pub async fn login(kapal: &Kapal, email: &str) -> Result<String> {
    let (_, answer) = call(kapal, &login_request(email)).await?;
    Ok(format!("Bearer {}", answer["access_token"].as_str().context("an access token")?))
}

/// The login of a demonstration account.
pub fn login_request(email: &str) -> Request {
    let body = json!({ "email": email, "password": "kapal-demo-2026" });
    Request::new("POST", "/v1/auth/login", &[], Some(&body), 200)
}
