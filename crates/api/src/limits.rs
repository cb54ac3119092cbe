//! Rate limits in the process: per logged-in person, per visitor's address. Token buckets by the `governor` crate;
//! headers by draft-ietf-httpapi-ratelimit-headers-10. What must survive a restart (failed logins) is in the database.

use std::net::IpAddr;
use std::num::NonZeroU32;

use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpMessage, HttpRequest, web};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use kapal_domain::Code;
use uuid::Uuid;

use crate::{App, Problem};

type Limiter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// The limits of this process.
pub struct Limits {
    /// Requests of one logged-in person a minute.
    account: Option<Limit<Uuid>>,
    /// Public writes of one address a minute.
    visitor: Option<Limit<IpAddr>>,
    /// Logins and other uses of passwords and tokens of one address a minute.
    login: Option<Limit<IpAddr>>,
    /// Proxies of ours, whose word on the client's address is taken.
    trusted_proxies: Vec<IpAddr>,
    /// What all of them are multiplied by.
    multiplier: Option<f64>,
}

struct Limit<K: Clone + std::hash::Hash + Eq> {
    name: &'static str,
    per_minute: u32,
    limiter: Limiter<K>,
}

/// What a request leaves of its limit.
#[derive(Debug, Clone)]
pub struct Remaining {
    name: &'static str,
    per_minute: u32,
    left: u32,
}

impl Remaining {
    /// The value of `RateLimit-Policy`.
    #[must_use]
    pub fn policy(&self) -> String {
        format!("\"{}\";q={};w=60", self.name, self.per_minute)
    }

    /// The value of `RateLimit`.
    #[must_use]
    pub fn state(&self) -> String {
        let until_full = (self.per_minute - self.left.min(self.per_minute)) * 60 / self.per_minute.max(1);
        format!("\"{}\";r={};t={}", self.name, self.left, until_full.max(1))
    }
}

impl<K: Clone + std::hash::Hash + Eq> Limit<K> {
    fn new(name: &'static str, per_minute: u32, multiplier: f64) -> Self {
        let per_minute =
            NonZeroU32::new((f64::from(per_minute) * multiplier) as u32).unwrap_or(NonZeroU32::MIN);
        let limiter = RateLimiter::keyed(Quota::per_minute(per_minute)).with_middleware();
        Self { name, per_minute: per_minute.get(), limiter }
    }

    fn take(&self, key: &K, request: &HttpRequest) -> Result<(), Problem> {
        match self.limiter.check_key(key) {
            Ok(snapshot) => {
                let left = snapshot.remaining_burst_capacity();
                let remaining = Remaining { name: self.name, per_minute: self.per_minute, left };
                request.extensions_mut().insert(remaining);
                Ok(())
            }
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
                let none = Remaining { name: self.name, per_minute: self.per_minute, left: 0 };
                request.extensions_mut().insert(none);
                let detail =
                    format!("The limit \"{}\" allows {} requests a minute.", self.name, self.per_minute);
                Err(Problem::because(Code::RateLimited, detail).with_header(RETRY_AFTER, wait))
            }
        }
    }
}

impl Limits {
    /// The limits times a factor; None switches them off, for benchmarks.
    #[must_use]
    pub fn new(multiplier: Option<f64>, trusted_proxies: Vec<IpAddr>) -> Self {
        Self {
            account: multiplier.map(|m| Limit::new("account", 600, m)),
            visitor: multiplier.map(|m| Limit::new("visitor", 60, m)),
            login: multiplier.map(|m| Limit::new("login", 60, m)),
            trusted_proxies,
            multiplier,
        }
    }

    pub(crate) fn account(&self, user: Uuid, request: &HttpRequest) -> Result<(), Problem> {
        self.account.as_ref().map_or(Ok(()), |limit| limit.take(&user, request))
    }

    pub(crate) fn visitor(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.visitor.as_ref().map_or(Ok(()), |limit| limit.take(&address(request), request))
    }

    pub(crate) fn login(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.login.as_ref().map_or(Ok(()), |limit| limit.take(&address(request), request))
    }

    /// What the bounds of failed logins of an address are multiplied by, too.
    pub(crate) fn multiplier(&self) -> Option<f64> {
        self.multiplier
    }

    /// Forgets those who have been quiet. Called now and then.
    pub fn tidy(&self) {
        if let Some(limit) = &self.account {
            limit.limiter.retain_recent();
        }
        for limit in [&self.visitor, &self.login].into_iter().flatten() {
            limit.limiter.retain_recent();
        }
    }
}

/// The client's address: the peer's, or what a trusted proxy says of it. Others could say anything.
fn client(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let trusted = request.app_data::<web::Data<App>>().map_or(&[][..], |app| &app.limits.trusted_proxies);
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    let values: Vec<_> =
        request.headers().get_all("x-forwarded-for").filter_map(|v| v.to_str().ok()).collect();
    let mut hops = values.iter().flat_map(|v| v.split(',')).filter_map(|hop| hop.trim().parse().ok());
    // Each proxy appends whom it saw: the last one that is none of ours is the client.
    hops.rfind(|hop| !trusted.contains(hop)).or(Some(peer))
}

/// The client's network address; IPv6 by its /64, which one household has.
pub(crate) fn address(request: &HttpRequest) -> IpAddr {
    match client(request) {
        Some(IpAddr::V6(v6)) => {
            let mut octets = v6.octets();
            octets[8..].fill(0);
            IpAddr::from(octets)
        }
        Some(v4) => v4,
        None => IpAddr::from([0, 0, 0, 0]),
    }
}
