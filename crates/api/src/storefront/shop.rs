//! Which storefront a request is about, and its conditional answers: who has the present state already gets a 304
//! without a query.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::{Ready, ready};
use kapal_domain::Code;
use kapal_domain::locale::Locale;
use kapal_persistence::{Address, Db, Store};

use crate::answer::{Answered, Reply, respond};
use crate::envelope::{etag_matches, locale};
use crate::fields::narrowed;
use crate::query::fields;
use crate::{App, Problem};

/// The storefront of the path, in the asked language.
#[derive(Clone)]
pub struct Shop {
    /// The service.
    pub app: web::Data<App>,
    /// Whose things it shows.
    pub store: Store,
    /// The asked language.
    pub locale: Locale,
    request: HttpRequest,
}

impl FromRequest for Shop {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(app) = request.app_data::<web::Data<App>>().cloned() else {
            return ready(Err(Code::Internal.into()));
        };
        let aggregator = request.match_info().get("aggregator");
        let store = match (aggregator, request.path().starts_with("/v1/storefronts/")) {
            (Some(aggregator), true) => Store::of(aggregator),
            (Some(aggregator), false) => Store::national_of(aggregator),
            (None, _) => Store::national(),
        };
        ready(Ok(Self { app, store, locale: locale(request), request: request.clone() }))
    }
}

impl Shop {
    /// The thing that the path names.
    pub fn address(&self) -> Address {
        Address::parse(self.request.match_info().get("slug_or_id").unwrap_or_default())
    }

    /// The request itself.
    pub fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// An absolute address of this API, below the store.
    pub fn url(&self, rest: &str) -> String {
        let base = match &self.store.aggregator {
            Some(Address::Slug(slug)) => format!("/v1/storefronts/{slug}"),
            Some(Address::Id(id)) => format!("/v1/storefronts/{id}"),
            None => "/v1/storefront".to_owned(),
        };
        format!("{}{base}{rest}", self.app.public_url)
    }

    /// Answers from the database, or with 304 from the known end of the log alone. Schedules that begin or end are in
    /// the log too.
    pub async fn answer<R: Reply>(&self, read: impl AsyncFnOnce(&Db) -> Result<R, Problem>) -> Answered {
        let tag = tag(&self.app, &self.store, self.locale, &self.request);
        self.answer_tagged(tag, read).await
    }

    /// The same where the index answers: it may lag behind the log, and what it then says is not the store's state.
    pub async fn answer_searched<R: Reply>(
        &self,
        read: impl AsyncFnOnce(&Db) -> Result<R, Problem>,
    ) -> Answered {
        let tag = tag(&self.app, &self.store, self.locale, &self.request);
        let tag = tag.filter(|_| self.is_indexed_up_to_date());
        self.answer_tagged(tag, read).await
    }

    /// The same where the answer bears the day.
    pub async fn answer_today<R: Reply>(
        &self,
        read: impl AsyncFnOnce(&Db) -> Result<R, Problem>,
    ) -> Answered {
        self.respond_today(async |db| Ok(self.rendered(read(db).await?))).await
    }

    /// The same with any kind of body.
    pub async fn respond_today(&self, make: impl AsyncFnOnce(&Db) -> Answered) -> Answered {
        let today = chrono::Utc::now().date_naive();
        let tag = tag(&self.app, &self.store, self.locale, &self.request);
        let tag = tag.map(|tag| format!("\"{}.{today}\"", tag.trim_matches('"')));
        conditional(&self.request, self.locale, tag, async || make(&self.app.db).await).await
    }

    fn rendered(&self, reply: impl Reply) -> HttpResponse {
        let answer = reply.answer();
        respond(match fields(self.request.query_string()) {
            Some(fields) => narrowed(answer, &fields),
            None => answer,
        })
    }

    async fn answer_tagged<R: Reply>(
        &self,
        tag: Option<String>,
        read: impl AsyncFnOnce(&Db) -> Result<R, Problem>,
    ) -> Answered {
        conditional(&self.request, self.locale, tag, async || Ok(self.rendered(read(&self.app.db).await?)))
            .await
    }
}

/// The tag of what a request is answered with in the store's present state; None where that state is not known. It is
/// taken before the query, so that a change in between makes the tag too old, never too new.
pub(crate) fn tag(app: &App, store: &Store, locale: Locale, request: &HttpRequest) -> Option<String> {
    let state = match &store.aggregator {
        _ if store.national => app.db.heads.national()?,
        Some(Address::Slug(slug)) => app.db.heads.of(slug)?,
        Some(Address::Id(_)) | None => return None,
    };
    let uri = request.uri();
    let of = format!(
        "{} {state} {locale} {}?{}",
        env!("CARGO_PKG_VERSION"),
        uri.path(),
        uri.query().unwrap_or_default()
    );
    let hash = kapal_persistence::sha256(of.as_bytes());
    Some(format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..12])))
}

/// Answers 304 where the client has what bears `tag`, else what `make` makes, with the headers that public reads have.
pub(crate) async fn conditional(
    request: &HttpRequest,
    locale: Locale,
    tag: Option<String>,
    make: impl AsyncFnOnce() -> Answered,
) -> Answered {
    let had = tag.as_ref().is_some_and(|tag| etag_matches(request, tag.as_bytes()));
    let mut response = if had { HttpResponse::NotModified().finish() } else { make().await? };
    if response.status().is_client_error() {
        // What was taken down must not be had from a cache that still says so when it comes back.
        return Ok(response);
    }
    let mut bear = |name, value: &str| {
        if let Ok(value) = header::HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    bear(header::CACHE_CONTROL, "public, max-age=30, stale-while-revalidate=60");
    bear(header::VARY, "Accept-Language");
    bear(header::CONTENT_LANGUAGE, locale.as_str());
    if let Some(tag) = tag {
        bear(header::ETAG, &tag);
    }
    Ok(response)
}
