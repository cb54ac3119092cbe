//! Query parameters and lists: every unknown parameter is refused, a cursor belongs to its list.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use kapal_domain::Code;
use kapal_persistence::{Cursor, Page, Vault};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::{IntoParams, ToSchema};

use crate::answer::{Answer, Reply, json_answer};
use crate::gate::{Judged, judged};
use crate::{App, Problem};

/// The query parameters of a path that lists nothing.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Judged<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        judged(request, parse_pairs(&pairs(request)).map(Query))
    }
}

/// The query parameters of a list: its filters, and which page.
#[derive(Debug)]
pub struct List<T> {
    /// The list's own parameters.
    pub filter: T,
    /// How many things on a page: 1 to 100.
    pub limit: usize,
    /// Where the page starts.
    pub after: Option<Cursor>,
    list: String,
    address: String,
    vault: Vault,
}

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what `List` reads itself")]
pub struct Paging {
    /// How many things on a page.
    #[param(minimum = 1, maximum = 100, default = 20, example = 20)]
    limit: Option<u32>,
    /// `page.next_cursor` of the page before.
    #[param(max_length = 1000)]
    cursor: Option<String>,
}

impl<T: DeserializeOwned + 'static> FromRequest for List<T> {
    type Error = Problem;
    type Future = Judged<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        judged(request, list(request))
    }
}

fn list<T: DeserializeOwned>(request: &HttpRequest) -> Result<List<T>, Problem> {
    let Some(app) = request.app_data::<web::Data<App>>() else { return Err(Code::Internal.into()) };
    let (mut limit, mut cursor) = (20, None);
    let mut rest = Vec::new();
    for (name, value) in pairs(request) {
        match name.as_str() {
            "limit" => {
                limit = value.parse().ok().filter(|l| (1..=100).contains(l)).ok_or_else(|| {
                    Problem::because(Code::InvalidParameter, "limit is a whole number from 1 to 100.")
                })?;
            }
            "cursor" => cursor = Some(value),
            _ => rest.push((name, value)),
        }
    }
    rest.sort();
    let filter = parse_pairs(&rest)?;
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&rest).finish();
    let list = format!("{}?{query}", request.path());
    let after = cursor.map(|c| Cursor::decode(&c, &app.db.vault, &list)).transpose()?;
    let mut address = format!("{}{}?{query}", app.public_url, request.path());
    if let Some(fields) = fields(request.query_string()) {
        let separator = if query.is_empty() { "" } else { "&" };
        address.push_str(&format!("{separator}fields={}", fields.join(",")));
    }
    Ok(List { filter, limit, after, list, address, vault: app.db.vault.clone() })
}

impl<T> List<T> {
    /// The answer of the list: one page, and how to get the next.
    pub fn reply<U: Serialize>(&self, page: Page<U>) -> Listed<U> {
        let page = self.page_of(page);
        let link = page.page.next_cursor.as_deref().map(|cursor| self.link(cursor));
        Listed { page, link, tagged: true }
    }

    /// The `Link` to the page of a cursor.
    pub fn link(&self, cursor: &str) -> String {
        let separator = if self.address.ends_with('?') { "" } else { "&" };
        format!("<{}{separator}limit={}&cursor={cursor}>; rel=\"next\"", self.address, self.limit)
    }

    /// A place in the list, as the client sees it.
    pub fn next(&self, next: Option<Cursor>) -> Option<String> {
        next.map(|cursor| cursor.encode(&self.vault, &self.list))
    }

    /// One page, to stand within a larger answer.
    pub fn page_of<U>(&self, page: Page<U>) -> PageOf<U> {
        PageOf { data: page.items, page: self.page_info(page.next) }
    }

    /// Where a page goes on, beside things under a name of their own.
    pub fn page_info(&self, next: Option<Cursor>) -> PageInfo {
        let next_cursor = self.next(next);
        PageInfo { has_more: next_cursor.is_some(), next_cursor }
    }
}

/// A page of a list, with the header that names the next.
pub struct Listed<T> {
    page: PageOf<T>,
    link: Option<String>,
    tagged: bool,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageOf<T> {
    /// The things.
    #[schema(max_items = 100)]
    data: Vec<T>,
    /// Where it goes on.
    page: PageInfo,
}

/// Where a list goes on.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageInfo {
    /// Send it as `cursor`; null on the last page.
    #[schema(max_length = 1000, example = "mFQGm2NbW3siaW50IjoxfV0")]
    next_cursor: Option<String>,
    /// Whether there is a next page.
    #[schema(example = true)]
    has_more: bool,
}

impl<T> Listed<T> {
    /// The same without a tag of its text: for lists that are tagged by what they were made of, at no cost.
    pub fn untagged(self) -> Self {
        Self { tagged: false, ..self }
    }
}

impl<T: Serialize> Reply for Listed<T> {
    fn answer(self) -> Answer {
        let mut answer = json_answer(200, &self.page);
        if self.tagged {
            let hash = kapal_persistence::sha256(answer.body.as_bytes());
            answer.headers.push(("ETag".into(), format!("\"{}\"", kapal_persistence::hex(&hash[..12]))));
        }
        answer.headers.extend(self.link.map(|link| ("Link".into(), link)));
        answer
    }
}

/// A parameter that is there or not, read by `parse`.
pub(crate) fn one<T, E>(
    name: &str,
    text: Option<&String>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Problem> {
    text.map(|text| parse(text)).transpose().map_err(|_| unknown(name))
}

/// The values of a parameter that takes several, separated by commas.
pub(crate) fn several<T, E>(
    name: &str,
    text: Option<&String>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, Problem> {
    text.iter()
        .flat_map(|text| text.split(','))
        .map(parse)
        .collect::<Result<_, E>>()
        .map_err(|_| unknown(name))
}

/// A number of days, 0 to 365.
pub(crate) fn days(name: &str, days: Option<u32>) -> Result<Option<u16>, Problem> {
    let few = |days| u16::try_from(days).ok().filter(|days| *days <= 365).ok_or_else(|| unknown(name));
    days.map(few).transpose()
}

fn unknown(name: &str) -> Problem {
    Problem::because(Code::InvalidParameter, format!("{name} is not known."))
}

/// The fields that a storefront's answer is narrowed to.
pub(crate) fn fields(query: &str) -> Option<Vec<String>> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let (_, fields) = pairs.find(|(name, _)| name == "fields")?;
    Some(fields.split(',').map(str::to_owned).collect())
}

/// The parameters that say what is read. Which of its fields are wanted changes nothing of that.
/// One parameter of a request that takes any: carriers and networks append their own to links.
pub(crate) fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    let value = pairs.find(|(known, _)| known == name)?.1.into_owned();
    (value.len() <= 2_000 && !value.contains('\0')).then_some(value)
}

fn pairs(request: &HttpRequest) -> Vec<(String, String)> {
    let is_narrowed = request.path().starts_with("/v1/storefront");
    let pairs = url::form_urlencoded::parse(request.query_string().as_bytes()).into_owned();
    pairs.filter(|(name, _)| !(is_narrowed && name == "fields")).collect()
}

fn parse_pairs<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, Problem> {
    if pairs.iter().any(|(_, v)| v.contains('\0') || v.len() > 2_000) {
        return Err(Problem::because(Code::InvalidParameter, "A value has a NUL or more than 2,000 bytes."));
    }
    let mut unknown = Vec::new();
    let values = serde::de::value::MapDeserializer::new(pairs.iter().map(|(k, v)| (k.as_str(), Value(v))));
    let parsed = serde_ignored::deserialize(values, |path| unknown.push(path.to_string()));
    let parsed = parsed.map_err(|error: serde::de::value::Error| {
        Problem::because(Code::InvalidParameter, error.to_string().chars().take(300).collect::<String>())
    })?;
    if unknown.is_empty() {
        Ok(parsed)
    } else {
        Err(Problem::because(Code::UnknownParameter, format!("Unknown: {}.", unknown.join(", "))))
    }
}

/// A parameter's text, which may be asked for as a number or a yes or no.
struct Value<'a>(&'a str);

impl<'de> serde::de::IntoDeserializer<'de, serde::de::value::Error> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $expected:literal),+) => {$(
        fn $method<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            match self.0.parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(serde::de::Error::custom(format_args!("\"{}\" is not {}", self.0, $expected))),
            }
        }
    )+};
}

impl<'de> serde::Deserializer<'de> for Value<'de> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    parsed! {
        deserialize_bool visit_bool "true or false", deserialize_u8 visit_u8 "a small whole number",
        deserialize_u32 visit_u32 "a whole number", deserialize_i64 visit_i64 "a whole number"
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 u16 u64 i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}
