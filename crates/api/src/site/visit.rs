//! A person's request for a page.

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use askama::Template;
use futures_util::future::{Ready, ready};
use kapal_domain::Code;
use kapal_domain::locale::Locale;
use kapal_persistence::{Address, Cursor, Db, Error, Store};

use super::address::Subject;
use super::words::Words;
use crate::answer::Answered;
use crate::query::parameter;
use crate::storefront::{conditional, tag};
use crate::{App, Problem, page};

/// Which page is asked for, in which language: the path says both.
pub(crate) struct Visit {
    /// The service.
    pub app: web::Data<App>,
    /// Whose storefront it belongs to.
    pub store: Store,
    /// The language.
    pub locale: Locale,
    request: HttpRequest,
}

impl FromRequest for Visit {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(app) = request.app_data::<web::Data<App>>().cloned() else {
            return ready(Err(Code::Internal.into()));
        };
        let path = request.match_info();
        let locale = path.get("locale").and_then(|locale| Locale::parse(locale).ok()).unwrap_or_default();
        let store = path.get("aggregator").map_or_else(Store::national, Store::of);
        ready(Ok(Self { app, store, locale, request: request.clone() }))
    }
}

impl Visit {
    /// A part of the path.
    pub fn part(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }

    /// The thing that the path names.
    pub fn address(&self) -> Address {
        Address::parse(self.part("slug"))
    }

    /// A parameter; what is not asked for here is passed over.
    pub fn parameter(&self, name: &str) -> Option<String> {
        parameter(&self.request, name)
    }

    /// Where the list `list` goes on, as the link to its next page says; a link that was spoilt leads to its beginning.
    pub fn after(&self, list: &str) -> Option<Cursor> {
        Cursor::decode(&self.parameter("cursor")?, &self.app.db.vault, &self.list(list)).ok()
    }

    /// The address of the next page of the list `list`.
    pub fn next(&self, list: &str, next: Option<Cursor>) -> Option<String> {
        let cursor = next?.encode(&self.app.db.vault, &self.list(list));
        let separator = if list.is_empty() { "" } else { "&" };
        Some(format!("{}?{list}{separator}cursor={cursor}", self.request.path()))
    }

    fn list(&self, list: &str) -> String {
        format!("{}?{list}", self.request.path())
    }

    /// The page that `make` makes; what it does not find is told by a page too. Who has its present state already gets a
    /// 304 without a query.
    pub async fn page<T: Template>(&self, make: impl AsyncFnOnce(&Db) -> Result<T, Problem>) -> Answered {
        let tag = tag(&self.app, &self.store, self.locale, &self.request);
        conditional(&self.request, self.locale, tag, async || match make(&self.app.db).await {
            Ok(made) => page::html(&made, self.locale),
            Err(problem) if problem.code == Code::NotFound => self.missing().await,
            Err(problem) => Err(problem),
        })
        .await
    }

    /// Says that there is no such page, and where others are.
    pub async fn missing(&self) -> Answered {
        let shop = match &self.store.aggregator {
            Some(_) => match self.app.db.storefront_aggregator(&self.store, self.locale).await {
                Ok(aggregator) => Some(aggregator),
                Err(Error::NotFound) => None,
                Err(error) => return Err(error.into()),
            },
            None => None,
        };
        let shop = shop.map(|shop| (Subject::Home(&shop.slug).path(self.locale), shop.name));
        missing(self.locale, shop)
    }
}

#[derive(Template)]
#[template(path = "missing.html")]
struct Missing {
    locale: Locale,
    words: &'static Words,
    /// The path and the name of the storefront that the address is below of.
    shop: Option<(String, String)>,
}

/// A page that says that there is none, and where others are: in the storefront of this path and name, and in the nation's.
pub(crate) fn missing(locale: Locale, shop: Option<(String, String)>) -> Answered {
    let mut response: HttpResponse = page::html(&Missing { locale, words: Words::of(locale), shop }, locale)?;
    *response.status_mut() = StatusCode::NOT_FOUND;
    let fresh = header::HeaderValue::from_static("private, no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, fresh);
    Ok(response)
}
