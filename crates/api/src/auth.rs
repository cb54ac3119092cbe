//! `/v1/auth`: login, rotating tokens, passwords.

use actix_web::http::header::USER_AGENT;
use actix_web::{HttpRequest, post};
use chrono::Utc;
use kapal_domain::Code;
use kapal_domain::user::{Email, Password};
use kapal_persistence::{Device, EndReason, Error, Refreshed, Started, network};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::answer::{Answered, Done, Found, Reply, respond};
use crate::envelope::locale;
use crate::json::Json;
use crate::limits::address;
use crate::password::{attempt_keys, hash_new, prove};
use crate::token::VALID_FOR;
use crate::{Account, Anyone, App, Problem};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(login)
        .service(refresh)
        .service(logout)
        .service(logout_all)
        .service(change_password)
        .service(forgot_password)
        .service(reset_password);
}

/// The tokens of a login.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tokens)]
pub struct TokensView {
    /// Sent with each request as `Authorization: Bearer`.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl", max_length = 8192)]
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer", max_length = 10)]
    token_type: &'static str,
    /// Seconds for which the access token is valid.
    #[schema(example = 600, minimum = 1, maximum = 600)]
    expires_in: i64,
    /// Exchanged once, at `/v1/auth/refresh`, for the next pair.
    #[schema(example = "q9Cq1Vt0dY0dYx0lT2n3b8m5sA7rJ4kE6hGfWzQpXyU", max_length = 43)]
    refresh_token: String,
}

impl TokensView {
    fn of(app: &App, started: Started) -> Result<Self, Code> {
        Ok(Self {
            access_token: app.tokens.sign(started.user, started.session, Utc::now().timestamp())?,
            token_type: "Bearer",
            expires_in: VALID_FOR,
            refresh_token: started.refresh_token,
        })
    }
}

/// Who logs in.
#[derive(Debug, Deserialize, ToSchema)]
pub struct LoginBody {
    /// Address of the account.
    #[schema(example = "owner@ekraf-sulawesi.id", max_length = 254)]
    email: String,
    /// Its password.
    #[schema(example = "perahu kecil di laut", max_length = 128)]
    password: String,
    /// One-time code, for accounts that have a second factor; others leave it away.
    #[schema(example = "123456", max_length = 20)]
    #[expect(dead_code, reason = "part of the contract; no account has a second factor")]
    otp: Option<String>,
}

/// Log in
///
/// Exchanges an address and its password for an access token of ten minutes and a refresh token. The answer to a wrong
/// password and to an unknown address is the same. After five failures of an account each further one is followed by a
/// longer delay, up to 15 minutes, told by `Retry-After`.
#[utoipa::path(tag = "auth", request_body = LoginBody, responses((status = 200, description = "The tokens.", body = TokensView), (status = 401, description = "The address or the password is wrong.")))]
#[post("/v1/auth/login")]
pub async fn login(anyone: Anyone, body: Json<LoginBody>) -> Answered {
    let app = &anyone.app;
    app.limits.login(anyone.request())?;
    let email = Email::parse(&body.0.email).map_err(|code| Problem::field("/email", code))?;
    let proven = prove(app, anyone.request(), &email, &body.0.password).await?;
    let (user, hash) = (proven.credentials.user(), &proven.credentials.password_hash);
    let device = device(anyone.request());
    anyone
        .run(async |tx| {
            let started =
                tx.start_session(user, hash, proven.rehashed.clone(), &device, &proven.keys).await?;
            Ok(Found(None, TokensView::of(app, started)?))
        })
        .await
}

/// What the client says it is, and the network that it comes from.
fn device(request: &HttpRequest) -> Device {
    let user_agent = request.headers().get(USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let address = address(request);
    let bits = if address.is_ipv4() { 24 } else { 48 };
    Device {
        user_agent: user_agent.chars().take(200).collect(),
        network: format!("{}/{bits}", network(address)),
    }
}

/// A refresh token.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RefreshBody {
    /// The newest one of the login.
    #[schema(example = "q9Cq1Vt0dY0dYx0lT2n3b8m5sA7rJ4kE6hGfWzQpXyU", max_length = 43)]
    refresh_token: String,
}

/// Refresh a login
///
/// Exchanges a refresh token for the next pair. A client whose answer was lost may send the same token again within ten
/// seconds and gets the same successor; any older one ends the login, since somebody else may have it. A login lasts 30
/// days, and 14 without a refresh.
#[utoipa::path(tag = "auth", request_body = RefreshBody, responses((status = 200, description = "The next tokens.", body = TokensView), (status = 401, description = "The token is unknown, used or too old.")))]
#[post("/v1/auth/refresh")]
pub async fn refresh(anyone: Anyone, body: Json<RefreshBody>) -> Answered {
    let app = &anyone.app;
    let mut tx = anyone.open().await?;
    match tx.refresh_session(&body.0.refresh_token).await? {
        Refreshed::Next(started) => {
            if let Err(problem) = app.limits.account(started.user.uuid(), anyone.request()) {
                tx.rollback().await;
                return Err(problem);
            }
            tx.commit().await?;
            Ok(respond(Found(None, TokensView::of(app, started)?).answer()))
        }
        Refreshed::Refused => {
            tx.rollback().await;
            app.limits.login(anyone.request())?;
            Err(Code::InvalidToken.into())
        }
        Refreshed::Reused => {
            tx.commit().await?;
            Err(Code::InvalidToken.into())
        }
    }
}

/// Log out
///
/// Ends the login of the access token: it and its refresh token are worth nothing from then on.
#[utoipa::path(tag = "auth", responses((status = 204, description = "Done.")), security(("bearer" = [])))]
#[post("/v1/auth/logout")]
pub async fn logout(account: Account) -> Answered {
    account
        .run(async |tx| match tx.end_session(account.user, account.session, EndReason::Logout).await {
            // Two requests at once end it once.
            Ok(()) | Err(Error::NotFound) => Ok(Done),
            Err(error) => Err(error.into()),
        })
        .await
}

/// Log out everywhere
///
/// Ends all logins of the account, on every device.
#[utoipa::path(tag = "auth", responses((status = 204, description = "Done.")), security(("bearer" = [])))]
#[post("/v1/auth/logout-all")]
pub async fn logout_all(account: Account) -> Answered {
    account
        .run(async |tx| {
            tx.end_all_sessions(account.user).await?;
            Ok(Done)
        })
        .await
}

/// A new password in place of a known one.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PasswordChange {
    /// The present one.
    #[schema(example = "perahu kecil di laut", max_length = 128)]
    current_password: String,
    /// The new one: 12 characters or more that are not easy to guess.
    #[schema(example = "empat layar putih", min_length = 12, max_length = 128)]
    new_password: String,
}

/// Change the password
///
/// Needs the present password. All other logins of the account end; this one goes on.
#[utoipa::path(tag = "auth", request_body = PasswordChange, responses((status = 204, description = "Done.")), security(("bearer" = [])))]
#[post("/v1/auth/password/change")]
pub async fn change_password(account: Account, body: Json<PasswordChange>) -> Answered {
    let app = &account.app;
    let new = Password::parse(&body.0.new_password).map_err(|code| Problem::field("/new_password", code))?;
    let own = app.db.credentials(account.user).await?;
    let email = Email::parse(&own.email)?;
    let proven = prove(app, account.request(), &email, &body.0.current_password).await?;
    let new = hash_new(app, new, vec![own.email, own.name], "/new_password").await?;
    account
        .run(async |tx| {
            let old = &proven.credentials.password_hash;
            tx.change_password(account.user, old, &new, account.session).await?;
            tx.forgive_account(&proven.keys).await?;
            Ok(Done)
        })
        .await
}

/// Whose password is forgotten.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PasswordForgotten {
    /// Address of the account.
    #[schema(example = "owner@ekraf-sulawesi.id", max_length = 254)]
    email: String,
}

/// 202: it will be done, or not; either way there is nothing to see.
struct Accepted;

impl Reply for Accepted {
    fn answer(self) -> crate::answer::Answer {
        crate::answer::Answer { status: 202, headers: Vec::new(), body: String::new() }
    }
}

/// Forget the password
///
/// Sends a code to the address, where it has an account. The answer is the same either way.
#[utoipa::path(tag = "auth", request_body = PasswordForgotten, responses((status = 202, description = "Taken.")))]
#[post("/v1/auth/password/forgot")]
pub async fn forgot_password(anyone: Anyone, body: Json<PasswordForgotten>) -> Answered {
    anyone.app.limits.login(anyone.request())?;
    let email = Email::parse(&body.0.email).map_err(|code| Problem::field("/email", code))?;
    let link = format!("{}/v1/auth/password/reset", anyone.app.public_url);
    anyone
        .run(async |tx| {
            tx.request_reset(&email, locale(anyone.request()), &link).await?;
            Ok(Accepted)
        })
        .await
}

/// A new password in place of a forgotten one.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PasswordReset {
    /// The code of the letter.
    #[schema(example = "q9Cq1Vt0dY0dYx0lT2n3b8m5sA7rJ4kE6hGfWzQpXyU", max_length = 43)]
    token: String,
    /// The new password: 12 characters or more that are not easy to guess.
    #[schema(example = "empat layar putih", min_length = 12, max_length = 128)]
    new_password: String,
}

/// Reset the password
///
/// Sets a new password by the code of a letter, once, within an hour. All logins of the account end.
#[utoipa::path(tag = "auth", request_body = PasswordReset, responses((status = 204, description = "Done."), (status = 401, description = "The code is unknown, used or too old.")))]
#[post("/v1/auth/password/reset")]
pub async fn reset_password(anyone: Anyone, body: Json<PasswordReset>) -> Answered {
    let app = &anyone.app;
    app.limits.login(anyone.request())?;
    let new = Password::parse(&body.0.new_password).map_err(|code| Problem::field("/new_password", code))?;
    let own = app.db.credentials_by_reset(&body.0.token).await?.ok_or(Code::InvalidToken)?;
    let keys = attempt_keys(app, anyone.request(), &Email::parse(&own.email)?);
    let hash = hash_new(app, new, vec![own.email, own.name], "/new_password").await?;
    anyone
        .run(async |tx| {
            tx.reset_password(&body.0.token, &hash, &keys).await?;
            Ok(Done)
        })
        .await
}
