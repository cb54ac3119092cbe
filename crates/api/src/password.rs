//! Passwords in requests: checked under a throttle, judged and hashed on a core of their own.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::RETRY_AFTER;
use kapal_domain::Code;
use kapal_domain::user::{Email, Password};
use kapal_persistence::{AttemptKeys, Credentials, PasswordCheck, check_password, hash_password};
use tokio::sync::Semaphore;

use crate::limits::address;
use crate::{App, Problem};

/// How many attempts on one account are under way at once, in this process. More than there are free failures would
/// count each other's before they are known to be right.
const ABREAST: usize = 2;
/// Accounts share these by chance; sharing one only means to wait.
static GATES: [Semaphore; 64] = [const { Semaphore::const_new(ABREAST) }; 64];
/// How long an attempt waits for those before it.
const PATIENCE: Duration = Duration::from_secs(5);
/// The weakest password taken, of zxcvbn's 0 to 4.
const WEAKEST: zxcvbn::Score = zxcvbn::Score::Two;

/// A password that was right.
pub(crate) struct Proven {
    /// The account's.
    pub credentials: Credentials,
    /// The hash to store in place of the old one, where that is weaker than today's.
    pub rehashed: Option<String>,
    /// Under which keys the attempt was counted.
    pub keys: AttemptKeys,
}

/// Checks a password, whether the address has an account or not, at the same cost and with the same answer. The attempt
/// is counted first: one that comes too soon is not checked at all.
pub(crate) async fn prove(
    app: &App,
    request: &HttpRequest,
    email: &Email,
    text: &str,
) -> Result<Proven, Problem> {
    let gate = usize::from(kapal_persistence::sha256(email.as_str().as_bytes())[0]) % GATES.len();
    let Ok(Ok(_turn)) = tokio::time::timeout(PATIENCE, GATES[gate].acquire()).await else {
        return Err(Problem::new(Code::Overloaded).with_header(RETRY_AFTER, 1));
    };
    let keys = attempt_keys(app, request, email);
    if let Some(wait) = app.db.count_attempt(&keys).await? {
        let detail = format!("Too many failed attempts: the next one is looked at in {wait} seconds.");
        return Err(Problem::because(Code::RateLimited, detail).with_header(RETRY_AFTER, wait));
    }
    let credentials = app.db.credentials_of(email).await?.filter(|c| !(app.production && c.demonstration));
    let stored = credentials.as_ref().map(|c| c.password_hash.clone());
    let password = Password::parse(text).ok();
    let check = app.heavily(move || check_password(stored.as_deref(), password.as_ref())).await??;
    match (credentials, check) {
        (Some(credentials), PasswordCheck::Right { rehashed }) => Ok(Proven { credentials, rehashed, keys }),
        _ => {
            app.db.count_failure(&keys).await?;
            Err(Code::InvalidCredentials.into())
        }
    }
}

/// Under which keys attempts on this account from this address are counted.
pub(crate) fn attempt_keys(app: &App, request: &HttpRequest, email: &Email) -> AttemptKeys {
    AttemptKeys::new(&app.db.vault, email, address(request), app.limits.multiplier())
}

/// The hash of a new password that is not easy to guess, also for who knows `about` its owner; else a fault of the
/// field `pointer`.
pub(crate) async fn hash_new(
    app: &App,
    password: Password,
    about: Vec<String>,
    pointer: &'static str,
) -> Result<String, Problem> {
    app.heavily(move || {
        let about: Vec<_> = about.iter().map(String::as_str).collect();
        judge_password(&password, &about).map_err(|code| Problem::field(pointer, code))?;
        hash_password(&password).map_err(Problem::from)
    })
    .await?
}

/// Refuses a password that is easy to guess: a common one, a pattern, or what is known `about` its owner.
pub fn judge_password(password: &Password, about: &[&str]) -> Result<(), Code> {
    if zxcvbn::zxcvbn(password.expose(), about).score() < WEAKEST {
        return Err(Code::PasswordTooCommon);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_patterns_and_ones_own_name_are_refused() {
        let judge =
            |text: &str, about: &[&str]| judge_password(&Password::parse(text).expect("long enough"), about);
        for bad in ["passwordpassword", "123456789012", "qwertyuiop12", "abcabcabcabc"] {
            assert_eq!(judge(bad, &[]), Err(Code::PasswordTooCommon), "{bad}");
        }
        let about = ["sri.wahyuni@toko.id", "Sri Wahyuni"];
        assert_eq!(judge("sri.wahyuni@toko.id", &about), Err(Code::PasswordTooCommon));
        assert_eq!(judge("kapal-demo-2026", &["owner@nusa.demo.kapal.test", "Pemilik Nusa"]), Ok(()));
        assert_eq!(judge("perahu kecil di laut", &about), Ok(()));
    }
}
