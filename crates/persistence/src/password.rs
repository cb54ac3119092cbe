//! Password hashes: argon2id in PHC strings. Each costs about 50 ms of a core and 19 MiB: callers bound how many run.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use kapal_domain::user::Password;

use crate::Result;

/// KiB of memory.
const MEMORY: u32 = 19_456;
/// Passes over it.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;

/// Well-formed with the present parameters, and the hash of nothing: checking against it costs what a real one costs.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordCheck {
    /// It is another password, or there is none to compare with.
    Wrong,
    /// It is the one. `rehashed` is its hash with the present parameters, where the stored ones are weaker.
    Right {
        /// To be stored in place of the old hash.
        rehashed: Option<String>,
    },
}

/// The hash to store of a password.
pub fn hash_password(password: &Password) -> Result<String> {
    Ok(hasher()?.hash_password(password.expose().as_bytes())?.to_string())
}

/// Compares a password with a stored hash. Without a hash (an unknown account) or without a password (a text that none
/// can be) the answer is no, at the same cost.
pub fn check_password(stored: Option<&str>, password: Option<&Password>) -> Result<PasswordCheck> {
    let hasher = hasher()?;
    let hash = PasswordHash::new(stored.unwrap_or(NOBODY)).map_err(argon2::password_hash::Error::from)?;
    let text = password.map_or("", Password::expose);
    // The parameters are those of the stored hash.
    let matches = hasher.verify_password(text.as_bytes(), &hash).is_ok();
    match password {
        Some(password) if matches && stored.is_some() => {
            let rehashed = if is_weak(&hash) { Some(hash_password(password)?) } else { None };
            Ok(PasswordCheck::Right { rehashed })
        }
        _ => Ok(PasswordCheck::Wrong),
    }
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY, PASSES, LANES, None).map_err(argon2::password_hash::Error::from)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn is_weak(hash: &PasswordHash) -> bool {
    match Params::try_from(hash) {
        Ok(params) => params.m_cost() < MEMORY || params.t_cost() < PASSES || params.p_cost() < LANES,
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text).expect("a password")
    }

    #[test]
    fn the_right_password_alone_is_right() {
        let hash = hash_password(&password("kapal induk 2026")).expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let check = |text: &str| check_password(Some(&hash), Some(&password(text))).expect("checked");
        assert_eq!(check("kapal induk 2026"), PasswordCheck::Right { rehashed: None });
        assert_eq!(check("kapal induk 2027"), PasswordCheck::Wrong);
    }

    #[test]
    fn nobody_is_checked_at_the_present_cost_and_is_never_right() {
        let hash = PasswordHash::new(NOBODY).expect("well-formed");
        assert!(!is_weak(&hash));
        assert_eq!(hash.hash.expect("a hash").len(), 32);
        assert_eq!(hash.salt.expect("a salt").len(), 16);
        for attempt in [None, Some(password("kapal induk 2026"))] {
            assert_eq!(check_password(None, attempt.as_ref()).expect("checked"), PasswordCheck::Wrong);
        }
    }

    #[test]
    fn a_hash_of_weaker_parameters_is_replaced() {
        let weak = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8_192, 1, 1, None).expect("parameters"),
        );
        let old: PasswordHash = weak.hash_password(b"kapal induk 2026").expect("hashed");
        let checked = check_password(Some(&old.to_string()), Some(&password("kapal induk 2026")));
        let Ok(PasswordCheck::Right { rehashed: Some(new) }) = checked else {
            panic!("{checked:?}");
        };
        assert!(!is_weak(&PasswordHash::new(&new).expect("well-formed")));
    }
}
