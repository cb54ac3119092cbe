//! Answers packed for the wire, by gzip or brotli as the client asks, whole or as they are streamed. Small answers gain
//! nothing and stay as they are; so do pictures, which are packed already.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpRequest};
use flate2::write::GzEncoder;

/// Bytes of the smallest answer that is packed.
const LEAST: u64 = 1_024;
/// How hard each tries: what an answer takes to be made must not be doubled by packing it.
const GZIP_LEVEL: u32 = 4;
const BROTLI_LEVEL: u32 = 4;

/// How an answer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The one that the client likes best, brotli where it likes both as much (RFC 9110, 12.5.3). What it refuses
    /// altogether is not answered with 406 but as it is.
    fn asked(headers: &HeaderMap) -> Option<Self> {
        let accepted = headers.get_all(header::ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
        let (mut brotli, mut gzip, mut any) = (None, None, 0.0);
        for coding in accepted.flat_map(|value| value.split(',')) {
            let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse::<f32>().ok());
            let weight = weight.filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0);
            match name.trim().to_ascii_lowercase().as_str() {
                "br" => brotli = Some(weight),
                "gzip" | "x-gzip" => gzip = Some(weight),
                "*" => any = weight,
                _ => {}
            }
        }
        let (brotli, gzip) = (brotli.unwrap_or(any), gzip.unwrap_or(any));
        match (brotli >= gzip, brotli.max(gzip) > 0.0) {
            (_, false) => None,
            (true, true) => Some(Self::Brotli),
            (false, true) => Some(Self::Gzip),
        }
    }

    /// The tag of an answer as it is packed: other bytes, so another strong tag.
    fn tag(self, plain: &str) -> String {
        format!("{}-{}\"", plain.trim_end_matches('"'), self.as_str())
    }
}

/// The tag without what says how the answer was packed.
pub(crate) fn plain_tag(tag: &[u8]) -> Option<Vec<u8>> {
    let plain = [Coding::Brotli, Coding::Gzip].into_iter().find_map(|coding| {
        let end = format!("-{}\"", coding.as_str());
        tag.strip_suffix(end.as_bytes())
    })?;
    Some([plain, b"\""].concat())
}

/// The middleware.
pub(crate) async fn compress(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let coding = Coding::asked(request.headers());
    let mut response = next.call(request).await?.map_into_boxed_body();
    let is_kept = response.status() == StatusCode::NOT_MODIFIED;
    if !is_kept && !gains(&response) {
        return Ok(response);
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    let plain = tag_of(&response);
    let tag = match (is_kept, coding) {
        (true, _) => plain.and_then(|plain| had(response.request(), &plain)),
        (false, coding) => plain.zip(coding).map(|(plain, coding)| coding.tag(&plain)),
    };
    if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    let Some(coding) = coding.filter(|_| !is_kept) else { return Ok(response) };
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.as_str()));
    response.headers_mut().remove(header::CONTENT_LENGTH);
    Ok(response.map_body(|_, body| BoxBody::new(Packed { body, packer: Some(Packer::new(coding)) })))
}

/// Whether an answer becomes smaller.
fn gains(response: &ServiceResponse) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    let is_text = kind.starts_with("text/")
        || kind.ends_with("json")
        || kind.ends_with("xml")
        || kind.ends_with("javascript");
    let is_large = match response.response().body().size() {
        BodySize::None => false,
        BodySize::Sized(bytes) => bytes >= LEAST,
        BodySize::Stream => true,
    };
    is_text && is_large && !response.headers().contains_key(header::CONTENT_ENCODING)
}

/// The tag of what others may keep. Those of the staff's things are versions, which name what a change is made from.
fn tag_of(response: &ServiceResponse) -> Option<String> {
    let cached = response.headers().get(header::CACHE_CONTROL)?.to_str().ok()?;
    let tag = response.headers().get(header::ETAG)?.to_str().ok()?;
    cached.starts_with("public").then(|| tag.to_owned())
}

/// The tag under which the client has it: a 304 bears the tag of what it confirms.
fn had(request: &HttpRequest, plain: &str) -> Option<String> {
    let tags = request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let mut tags = tags.flat_map(|tags| tags.split(',')).map(str::trim);
    tags.find(|tag| plain_tag(tag.as_bytes()).is_some_and(|of| of == plain.as_bytes())).map(str::to_owned)
}

enum Packer {
    // Tables of a megabyte are kept off the body itself.
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Packer {
    fn new(coding: Coding) -> Self {
        match coding {
            Coding::Brotli => {
                Self::Brotli(Box::new(brotli::CompressorWriter::new(Vec::new(), 8_192, BROTLI_LEVEL, 20)))
            }
            Coding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL))),
        }
    }

    /// What is ready of the packed bytes once these are in it.
    fn pack(&mut self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Brotli(writer) => {
                writer.write_all(bytes)?;
                Ok(std::mem::take(writer.get_mut()))
            }
            Self::Gzip(writer) => {
                writer.write_all(bytes)?;
                Ok(std::mem::take(writer.get_mut()))
            }
        }
    }

    /// The rest.
    fn finish(self) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Brotli(writer) => Ok(writer.into_inner()),
            Self::Gzip(writer) => writer.finish(),
        }
    }
}

/// A body that is packed as it is sent.
struct Packed {
    body: BoxBody,
    /// None once all is sent.
    packer: Option<Packer>,
}

impl MessageBody for Packed {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        loop {
            let Some(packer) = &mut this.packer else { return Poll::Ready(None) };
            let packed = match ready!(Pin::new(&mut this.body).poll_next(context)) {
                Some(Ok(chunk)) => packer.pack(&chunk),
                // What breaks off must be seen to: without an end it can't be unpacked.
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => match this.packer.take() {
                    Some(packer) => packer.finish(),
                    None => return Poll::Ready(None),
                },
            };
            match packed {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Poll::Ready(Some(Ok(bytes.into()))),
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Option<Coding> {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(value).unwrap_or_else(|error| panic!("{error}"));
        headers.insert(header::ACCEPT_ENCODING, value);
        Coding::asked(&headers)
    }

    #[test]
    fn the_client_has_the_coding_that_it_likes_best() {
        for (value, coding) in [
            ("gzip, br", Some(Coding::Brotli)),
            ("gzip", Some(Coding::Gzip)),
            ("br;q=0.5, gzip;q=0.9", Some(Coding::Gzip)),
            ("br;q=0, *", Some(Coding::Gzip)),
            ("*;q=0.1", Some(Coding::Brotli)),
            ("identity", None),
            ("gzip;q=0", None),
            ("gzip;q=nan", None),
            ("deflate, zstd", None),
            ("identity;q=0", None),
            ("", None),
        ] {
            assert_eq!(asked(value), coding, "{value}");
        }
        assert_eq!(Coding::asked(&HeaderMap::new()), None);
    }

    #[test]
    fn a_tag_says_how_the_answer_is_packed() {
        for coding in [Coding::Brotli, Coding::Gzip] {
            let packed = coding.tag("\"abc-3\"");
            assert_eq!(plain_tag(packed.as_bytes()).as_deref(), Some(b"\"abc-3\"".as_slice()));
        }
        assert_eq!(plain_tag(b"\"abc\""), None);
    }
}
