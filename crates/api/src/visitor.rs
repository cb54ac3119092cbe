//! Who stands behind a public request: a person, told from programs, and known again for a moment without being named.

use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;
use chrono::{TimeDelta, Utc};
use kapal_domain::robot::is_robot;

use crate::App;
use crate::envelope::is_head;
use crate::limits::address;

/// Hours by which the key of visitors' hashes changes before the day does in UTC: at three in the morning in Jakarta,
/// when hardly anybody presses twice.
const BEFORE_MIDNIGHT: TimeDelta = TimeDelta::hours(4);

/// Whether somebody opens a link: no known program, no browser that fetches ahead, nobody who asks for the head alone.
pub(crate) fn is_person(request: &HttpRequest) -> bool {
    !is_head(request) && !is_robot(user_agent(request)) && !is_prefetch(request)
}

fn is_prefetch(request: &HttpRequest) -> bool {
    ["sec-purpose", "purpose", "x-purpose", "x-moz"].iter().any(|name| {
        request.headers().get_all(*name).filter_map(|value| value.to_str().ok()).any(|value| {
            let value = value.to_ascii_lowercase();
            ["prefetch", "prerender", "preview"].iter().any(|ahead| value.contains(ahead))
        })
    })
}

/// The keyed hash by which a visitor is known again; of another day's key it tells nothing.
pub(crate) fn hash(app: &App, request: &HttpRequest) -> [u8; 32] {
    let day = (Utc::now() + BEFORE_MIDNIGHT).date_naive();
    let key = app.db.vault.lookups.derive(&format!("visitors/{day}"));
    let agent = user_agent(request).unwrap_or_default();
    key.mac(&[address(request).to_string().as_bytes(), agent.as_bytes()])
}

fn user_agent(request: &HttpRequest) -> Option<&str> {
    request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok())
}
