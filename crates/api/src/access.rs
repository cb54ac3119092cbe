//! Who asks, as a handler's argument. Without one of these a handler has no way to the database.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::future::{FutureExt, LocalBoxFuture, Ready, ready};
use kapal_domain::Code;
use kapal_domain::ids::{AggregatorId, Id, MerchantId, SessionId, UserId};
use kapal_domain::permission::{Demand, Permission, Role};
use kapal_persistence::{
    Access, Actor, Claim, IdentityTx, KeyClaim, Membership, OperatorTx, Restricted, Scope, TenantTx,
    Transaction,
};
use uuid::Uuid;

use crate::answer::{Answered, Reply, respond};
use crate::envelope::request_id;
use crate::gate::Gate;
use crate::json::BodyHash;
use crate::token::Bearer;
use crate::{App, Problem};

/// Somebody who is logged in.
pub struct Account {
    /// The service.
    pub app: web::Data<App>,
    /// The person.
    pub user: UserId,
    /// The login.
    pub session: SessionId,
    request: HttpRequest,
}

/// A member of the path's aggregator whose role has the permission `P`.
pub struct Staff<P> {
    /// The service.
    pub app: web::Data<App>,
    /// The person.
    pub user: UserId,
    /// The role and the aggregator.
    pub membership: Membership,
    request: HttpRequest,
    restricted: Restricted,
    permission: PhantomData<P>,
}

/// Somebody who runs the platform.
pub struct Operator {
    /// The service.
    pub app: web::Data<App>,
    /// The person.
    pub user: UserId,
    request: HttpRequest,
}

/// Somebody who need not be logged in, where accounts and logins are concerned.
pub struct Anyone {
    /// The service.
    pub app: web::Data<App>,
    request: HttpRequest,
}

impl FromRequest for Anyone {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request.app_data::<web::Data<App>>().cloned().ok_or(Problem::new(Code::Internal));
        ready(app.map(|app| Self { app, request: request.clone() }))
    }
}

impl FromRequest for Account {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        let gate = Gate::shut(&request);
        async move {
            let (app, bearer, access) = authenticate(&request, None).await?;
            gate.open();
            Ok(Self { app, user: access.user, session: bearer.session, request })
        }
        .boxed_local()
    }
}

impl<P: Demand> FromRequest for Staff<P> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        let gate = Gate::shut(&request);
        async move {
            let aggregator = request.match_info().get("aggregator").map(str::to_owned);
            let (app, _, access) = authenticate(&request, aggregator.as_deref()).await?;
            // Who is no member learns nothing, not even that the aggregator exists.
            let membership = access.membership.ok_or(Problem::new(Code::NotFound))?;
            demand(membership.role, P::PERMISSION)?;
            refuse_suspended(&request, &membership)?;
            gate.open();
            let restricted = met_restricted(&request, &membership);
            Ok(Self { app, user: access.user, membership, request, restricted, permission: PhantomData })
        }
        .boxed_local()
    }
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        let gate = Gate::shut(&request);
        async move {
            let (app, _, access) = authenticate(&request, None).await?;
            if !access.is_operator {
                return Err(Problem::because(Code::Forbidden, "Only a platform operator may do this."));
            }
            gate.open();
            Ok(Self { app, user: access.user, request })
        }
        .boxed_local()
    }
}

fn refuse_suspended(request: &HttpRequest, membership: &Membership) -> Result<(), Problem> {
    if request.method() == Method::GET || membership.status.takes_writes() {
        Ok(())
    } else {
        Err(Problem::because(Code::AggregatorSuspended, format!("It is {}.", membership.status)))
    }
}

/// A merchant whose processing is restricted is seen where its own address is asked for, by those who answer for its
/// personal data; in lists by nobody.
fn met_restricted(request: &HttpRequest, membership: &Membership) -> Restricted {
    let asks_for_one = request.match_info().get(MerchantId::PARAMETER).is_some();
    if asks_for_one && membership.role.may(Permission::PiiRead) {
        Restricted::Seen
    } else {
        Restricted::Hidden
    }
}

fn demand(role: Role, permission: Permission) -> Result<(), Problem> {
    if role.may(permission) {
        Ok(())
    } else {
        Err(Problem::because(
            Code::Forbidden,
            format!("This needs the permission {permission}; your role is {role}."),
        ))
    }
}

/// To whom access was granted, and when: the body may come much later.
#[derive(Clone, Copy)]
struct Grant {
    bearer: Bearer,
    at: Instant,
}

/// Within this time what is taken away must be gone.
const GRANTED_FOR: Duration = Duration::from_secs(1);

/// The access as it is now, where the request took so long to arrive that it may have been taken away since.
async fn renewed(
    app: &App,
    request: &HttpRequest,
    aggregator: Option<&str>,
) -> Result<Option<Access>, Problem> {
    let grant = request.extensions().get::<Grant>().copied();
    match grant {
        Some(grant) if grant.at.elapsed() > GRANTED_FOR => {
            Ok(Some(look_up(app, grant.bearer, aggregator).await?))
        }
        _ => Ok(None),
    }
}

async fn authenticate(
    request: &HttpRequest,
    aggregator: Option<&str>,
) -> Result<(web::Data<App>, Bearer, Access), Problem> {
    let Some(app) = request.app_data::<web::Data<App>>().cloned() else { return Err(Code::Internal.into()) };
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let (Some(value), None) = (headers.next(), headers.next()) else {
        return Err(challenge(Code::Unauthenticated, ""));
    };
    let value = value.to_str().unwrap_or_default();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => return Err(challenge(Code::Unauthenticated, "")),
    };
    let bearer = app.tokens.check(token).map_err(|code| challenge(code, " error=\"invalid_token\""))?;
    app.limits.account(bearer.user.uuid(), request)?;
    let access = look_up(&app, bearer, aggregator).await?;
    request.extensions_mut().insert(Grant { bearer, at: Instant::now() });
    Ok((app, bearer, access))
}

async fn look_up(app: &App, bearer: Bearer, aggregator: Option<&str>) -> Result<Access, Problem> {
    app.db.access(bearer.user, bearer.session, aggregator).await.map_err(|error| match error {
        kapal_persistence::Error::NotFound => challenge(Code::InvalidToken, " error=\"invalid_token\""),
        other => other.into(),
    })
}

fn challenge(code: Code, error: &str) -> Problem {
    Problem::new(code).with_header(header::WWW_AUTHENTICATE, format!("Bearer{error}"))
}

impl<P: Demand> Staff<P> {
    /// The aggregator.
    #[must_use]
    pub fn aggregator(&self) -> AggregatorId {
        self.membership.aggregator
    }

    /// The path of a thing of this aggregator, for `Location`.
    #[must_use]
    pub fn path(&self, rest: impl std::fmt::Display) -> String {
        format!("/v1/aggregators/{}/{rest}", self.membership.slug)
    }

    /// Whether the role has another permission too, for fields that need more than the route.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.membership.role.may(permission)
    }

    /// The same, but able to see merchants whose processing is restricted, where the role answers for personal data.
    #[must_use]
    pub fn seeing_restricted(self) -> Self {
        if self.may(Permission::PiiRead) { Self { restricted: Restricted::Seen, ..self } } else { self }
    }

    /// The same, but able to change merchants whose processing is restricted: for what people ask about their data.
    #[must_use]
    pub fn handling_restricted(self) -> Self {
        if self.may(Permission::PiiRead) { Self { restricted: Restricted::Handled, ..self } } else { self }
    }

    /// Opens a transaction of the aggregator, where the access still stands.
    pub(crate) async fn open(&self) -> Result<TenantTx<'_>, Problem> {
        if let Some(access) = renewed(&self.app, &self.request, Some(&self.membership.slug)).await? {
            let now = access.membership.ok_or(Problem::new(Code::NotFound))?;
            if now.role != self.membership.role {
                return Err(Problem::because(Code::Forbidden, format!("Your role is {} by now.", now.role)));
            }
            refuse_suspended(&self.request, &now)?;
        }
        let scope = Scope {
            aggregator: self.membership.aggregator,
            actor: Actor::User(self.user),
            narrowed: self.membership.role.is_narrowed(),
            request_id: request_id(&self.request),
        };
        let mut tx = self.app.db.tenant(scope).await?;
        tx.meet_restricted(self.restricted);
        Ok(tx)
    }

    /// The request.
    pub(crate) fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// Runs `work` in one transaction of the aggregator and commits what succeeds. A request with an idempotency key
    /// that was answered before gets that answer again.
    pub async fn run<R: Reply>(
        &self,
        work: impl AsyncFnOnce(&mut TenantTx<'_>) -> Result<R, Problem>,
    ) -> Answered {
        let tx = self.open().await?;
        let claim = claim(&self.request, self.membership.aggregator, self.user.uuid())?;
        run(&self.app, tx, claim, work).await
    }
}

impl Account {
    /// Runs `work` in one transaction on accounts and sessions.
    pub async fn run<R: Reply>(
        &self,
        work: impl AsyncFnOnce(&mut IdentityTx<'_>) -> Result<R, Problem>,
    ) -> Answered {
        renewed(&self.app, &self.request, None).await?;
        let tx = self.app.db.identity(Actor::User(self.user), &request_id(&self.request)).await?;
        let claim = claim(&self.request, AggregatorId::PLATFORM, self.user.uuid())?;
        run(&self.app, tx, claim, work).await
    }

    /// Where the request came from and with what, for the list of sessions.
    #[must_use]
    pub fn request(&self) -> &HttpRequest {
        &self.request
    }
}

impl Anyone {
    /// The account, where the request has a token; a bad token is not the same as none.
    pub async fn account(&self) -> Result<Option<UserId>, Problem> {
        if !self.request.headers().contains_key(header::AUTHORIZATION) {
            return Ok(None);
        }
        let (_, _, access) = authenticate(&self.request, None).await?;
        Ok(Some(access.user))
    }

    /// Opens a transaction on accounts and sessions; who acts turns out there.
    pub async fn open(&self) -> Result<IdentityTx<'_>, Problem> {
        Ok(self.app.db.identity(Actor::System, &request_id(&self.request)).await?)
    }

    /// Runs `work` in such a transaction.
    pub async fn run<R: Reply>(
        &self,
        work: impl AsyncFnOnce(&mut IdentityTx<'_>) -> Result<R, Problem>,
    ) -> Answered {
        let tx = self.open().await?;
        let claim = claim(&self.request, AggregatorId::PLATFORM, Uuid::nil())?;
        run(&self.app, tx, claim, work).await
    }

    /// Where the request came from and with what.
    #[must_use]
    pub fn request(&self) -> &HttpRequest {
        &self.request
    }
}

impl Operator {
    /// Runs `work` in one transaction across tenants.
    pub async fn run<R: Reply>(
        &self,
        work: impl AsyncFnOnce(&mut OperatorTx<'_>) -> Result<R, Problem>,
    ) -> Answered {
        if let Some(access) = renewed(&self.app, &self.request, None).await?
            && !access.is_operator
        {
            return Err(Problem::because(Code::Forbidden, "Only a platform operator may do this."));
        }
        let tx = self.app.db.operator(Actor::User(self.user), &request_id(&self.request)).await?;
        let claim = claim(&self.request, AggregatorId::PLATFORM, self.user.uuid())?;
        run(&self.app, tx, claim, work).await
    }
}

/// Runs `work` in `tx`, once per idempotency key.
pub(crate) async fn run<T: Transaction, R: Reply>(
    app: &App,
    mut tx: T,
    claim: Option<KeyClaim>,
    work: impl AsyncFnOnce(&mut T) -> Result<R, Problem>,
) -> Answered {
    let attempt = async || {
        if let Some(claim) = &claim
            && let Claim::Again(answer) = tx.claim_key(&app.db.vault, claim).await?
        {
            return Ok((answer, true));
        }
        let answer = work(&mut tx).await?.answer();
        if let Some(claim) = &claim {
            tx.store_answer(&app.db.vault, claim, &answer).await?;
        }
        Ok::<_, Problem>((answer, false))
    };
    match attempt().await {
        Ok((answer, true)) => {
            tx.rollback().await;
            let mut response = respond(answer);
            let name = header::HeaderName::from_static("idempotency-replayed");
            response.headers_mut().insert(name, header::HeaderValue::from_static("true"));
            Ok(response)
        }
        Ok((answer, false)) => {
            tx.commit().await?;
            Ok(respond(answer))
        }
        Err(problem) => {
            tx.rollback().await;
            Err(problem)
        }
    }
}

/// Whether answers there are given once and kept nowhere, since they are tokens or personal data unmasked.
pub(crate) fn is_given_once(path: &str) -> bool {
    path.starts_with("/v1/auth/") || path.ends_with("/pii") || path.ends_with("/find-by-number")
}

/// The request's idempotency key, where it has one and its method takes one.
pub(crate) fn claim(
    request: &HttpRequest,
    aggregator: AggregatorId,
    principal: Uuid,
) -> Result<Option<KeyClaim>, Problem> {
    let takes_keys = request.method() == Method::POST || request.method() == Method::PATCH;
    if !takes_keys || is_given_once(request.path()) {
        return Ok(None);
    }
    let mut keys = request.headers().get_all("idempotency-key");
    let key = match (keys.next(), keys.next()) {
        (None, _) => return Ok(None),
        (Some(key), None) => key.to_str().unwrap_or_default(),
        (Some(_), Some(_)) => return Err(Code::InvalidIdempotencyKey.into()),
    };
    if !(1..=255).contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Code::InvalidIdempotencyKey.into());
    }
    let body = request.extensions().get::<BodyHash>().map_or([0; 32], |hash| hash.0);
    let target = format!("{} {}?{}", request.method(), request.path(), request.query_string());
    Ok(Some(KeyClaim {
        aggregator: aggregator.uuid(),
        principal,
        method: request.method().to_string(),
        route: request.match_pattern().unwrap_or_default(),
        key: key.to_owned(),
        fingerprint: kapal_persistence::sha256(&[target.as_bytes(), &body].concat()),
    }))
}
