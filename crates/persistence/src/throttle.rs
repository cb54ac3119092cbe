//! Failed logins, counted in the database so that a restart forgives nobody. An attempt is counted before its password
//! is hashed: of parallel attempts no more get through than of single ones.

use std::net::IpAddr;

use chrono::{TimeDelta, Utc};
use diesel::sql_types::{Array, Binary, Integer};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kapal_domain::user::Email;
use kapal_schema::login_throttles;

use crate::db::lend;
use crate::sql::sql;
use crate::{Db, IdentityTx, Result, Vault};

/// When delays begin, and how soon failures are forgiven.
#[derive(Debug, Clone, Copy)]
struct Schedule {
    /// Failures without a delay after them, and the one that brings the first.
    free: i32,
    /// Each such time takes one failure away, so that slow mistakes don't add up.
    forgiven_after: TimeDelta,
    /// Seconds of the first delay; each one after it is twice as long.
    first: i32,
}

/// An account's own failures.
const ACCOUNT: Schedule = Schedule { free: 5, forgiven_after: TimeDelta::hours(1), first: 1 };
/// Those of one address: many people may share it.
const ADDRESS: Schedule = Schedule { free: 30, forgiven_after: TimeDelta::seconds(20), first: 1 };
/// Those of a whole network.
const NETWORK: Schedule = Schedule { free: 60, forgiven_after: TimeDelta::seconds(10), first: 1 };
/// Letters to one mailbox about a forgotten password.
const RESETS: Schedule = Schedule { free: 3, forgiven_after: TimeDelta::hours(1), first: 60 };
/// PINs of one merchant: there are a million, and every member who visits it may try some.
const PINS: Schedule = Schedule { free: 5, forgiven_after: TimeDelta::hours(1), first: 60 };
/// Seconds of the longest delay: nobody is locked out for good by a stranger.
const LONGEST: i32 = 900;
/// How long a quiet counter is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

impl Schedule {
    /// The delays after the last free failure, in seconds.
    fn delays(self) -> Vec<i32> {
        let doubled = std::iter::successors(Some(self.first), |delay| delay.checked_mul(2));
        doubled.take_while(|delay| *delay < LONGEST).chain([LONGEST]).collect()
    }

    /// The same with other bounds, for a service whose limits are multiplied.
    fn times(self, factor: f64) -> Self {
        Self { free: ((f64::from(self.free) * factor) as i32).max(1), ..self }
    }
}

/// Under which keys an attempt is counted: hashes, so that the table names nobody.
#[derive(Debug, Clone)]
pub struct AttemptKeys {
    account: Vec<u8>,
    /// Keys of the address and of its network, and the factor of their limits; None where they have none.
    from: Option<(f64, [Vec<u8>; 2])>,
}

impl AttemptKeys {
    /// The keys of an attempt on an account from an address. Limits of addresses are multiplied by `factor`; without
    /// one there are none.
    #[must_use]
    pub fn new(vault: &Vault, email: &Email, address: IpAddr, factor: Option<f64>) -> Self {
        let key = |kind: &[u8], value: &str| vault.lookups.mac(&[kind, value.as_bytes()]).to_vec();
        let from = factor.map(|factor| {
            let address_key = key(b"login/address", &address.to_string());
            (factor, [address_key, key(b"login/network", &network(address).to_string())])
        });
        Self { account: key(b"login/account", email.as_str()), from }
    }
}

/// The /24 of an IPv4 address, the /48 of an IPv6 one: what one subscriber or one small company has.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            IpAddr::from([a, b, c, 0])
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            IpAddr::from([a, b, c, 0, 0, 0, 0, 0])
        }
    }
}

sql! {
    // Counts one attempt under `key` unless one of `checked` or `key` itself is blocked now; answers the seconds to wait.
    CountAttempt {
        checked: Vec<Vec<u8>> => Array<Binary>, key: Vec<u8> => Binary, free: i32 => Integer,
        forgiven_after: i32 => Integer, delays: Vec<i32> => Array<Integer>,
    }
    include_str!("sql/count_attempt.sql")
}

sql! {
    // Counts attempts under each of the keys that is not blocked now; answers those keys.
    CountAttempts {
        keys: Vec<Vec<u8>> => Array<Binary>, attempts: Vec<i32> => Array<Integer>, free: i32 => Integer,
        forgiven_after: i32 => Integer, delays: Vec<i32> => Array<Integer>,
    }
    include_str!("sql/count_attempts.sql")
}

#[derive(diesel::QueryableByName)]
struct Counted {
    #[diesel(sql_type = Binary)]
    key: Vec<u8>,
}

#[derive(diesel::QueryableByName)]
struct Wait {
    #[diesel(sql_type = Integer)]
    seconds: i32,
}

impl CountAttempt {
    fn new(checked: Vec<Vec<u8>>, key: Vec<u8>, schedule: Schedule) -> Self {
        Self {
            checked,
            key,
            free: schedule.free,
            forgiven_after: i32::try_from(schedule.forgiven_after.num_seconds()).unwrap_or(i32::MAX),
            delays: schedule.delays(),
        }
    }
}

impl Db {
    /// Counts an attempt on an account, before its password is checked. Answers the seconds to wait when it comes too
    /// soon: then nothing is counted, and nothing may be checked.
    pub async fn count_attempt(&self, keys: &AttemptKeys) -> Result<Option<u32>> {
        let mut checked = vec![keys.account.clone()];
        checked.extend(keys.from.iter().flat_map(|(_, keys)| keys.clone()));
        let mut connection = lend(&self.identity).await?;
        count(&mut connection, CountAttempt::new(checked, keys.account.clone(), ACCOUNT)).await
    }

    /// Counts a failure of the address and its network. Only failures count there, since many may log in from one.
    pub async fn count_failure(&self, keys: &AttemptKeys) -> Result<()> {
        let Some((factor, [address, network])) = &keys.from else { return Ok(()) };
        let mut connection = lend(&self.identity).await?;
        for (key, schedule) in [(address, ADDRESS), (network, NETWORK)] {
            count(&mut connection, CountAttempt::new(Vec::new(), key.clone(), schedule.times(*factor)))
                .await?;
        }
        Ok(())
    }

    /// Counts tries of merchants' PINs before any is looked at, on a connection of its own: what refuses the request can't
    /// take them back. Answers the keys under which none comes too soon.
    pub(crate) async fn count_pins(&self, tries: Vec<(Vec<u8>, i32)>) -> Result<Vec<Vec<u8>>> {
        let mut connection = lend(&self.identity).await?;
        let (keys, attempts) = tries.into_iter().unzip();
        let CountAttempt { free, forgiven_after, delays, .. } =
            CountAttempt::new(Vec::new(), Vec::new(), PINS);
        let count = CountAttempts { keys, attempts, free, forgiven_after, delays };
        Ok(count.load::<Counted>(&mut connection).await?.into_iter().map(|counted| counted.key).collect())
    }

    /// Forgets the tries under these keys: a PIN was right.
    pub(crate) async fn forgive_pins(&self, keys: Vec<Vec<u8>>) -> Result<()> {
        let mut connection = lend(&self.identity).await?;
        let right = login_throttles::key.eq_any(keys);
        diesel::delete(login_throttles::table.filter(right)).execute(&mut connection).await?;
        Ok(())
    }

    /// Deletes counters that nobody raised for long. Answers how many.
    pub async fn forget_attempts(&self) -> Result<usize> {
        let mut connection = lend(&self.identity).await?;
        let quiet = login_throttles::updated_at.lt(Utc::now() - KEPT);
        Ok(diesel::delete(login_throttles::table.filter(quiet)).execute(&mut connection).await?)
    }
}

async fn count(connection: &mut AsyncPgConnection, attempt: CountAttempt) -> Result<Option<u32>> {
    let wait = attempt.get_result::<Wait>(connection).await?;
    Ok(u32::try_from(wait.seconds).ok().filter(|seconds| *seconds > 0))
}

impl IdentityTx<'_> {
    /// Forgets the account's failures: a login succeeded.
    pub async fn forgive_account(&mut self, keys: &AttemptKeys) -> Result<()> {
        let own = login_throttles::key.eq(keys.account.clone());
        diesel::delete(login_throttles::table.filter(own)).execute(&mut **self).await?;
        Ok(())
    }

    /// Whether one more letter about a forgotten password may go to this mailbox; counts it.
    pub(crate) async fn count_reset(&mut self, email: &Email) -> Result<bool> {
        let key = self.db.vault.lookups.mac(&[b"reset/account", email.as_str().as_bytes()]).to_vec();
        let attempt = CountAttempt::new(Vec::new(), key, RESETS);
        let wait = attempt.get_result::<Wait>(&mut **self).await?;
        Ok(wait.seconds == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[test]
    fn delays_double_from_a_second_to_a_quarter_of_an_hour() {
        assert_eq!(ACCOUNT.delays(), [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]);
        assert_eq!(PINS.delays(), [60, 120, 240, 480, 900]);
        assert_eq!(RESETS.delays(), [60, 120, 240, 480, 900]);
    }

    #[test]
    fn few_of_a_thousand_tries_get_through() {
        // Whoever tries without a pause for an hour gets the free ones and one after each delay.
        let mut waited = 0;
        let after = ACCOUNT.delays().into_iter().chain(std::iter::repeat(LONGEST)).take_while(|delay| {
            waited += delay;
            waited < 3_600
        });
        assert!(5 + after.count() <= 20);
    }

    #[test]
    fn keys_tell_accounts_and_networks_apart_without_naming_them() {
        let vault = Vault::new(&Secret::from_bytes([3; 32]));
        let keys = |email: &str, address: [u8; 4]| {
            AttemptKeys::new(&vault, &Email::parse(email).expect("an address"), address.into(), Some(1.0))
        };
        let (one, other) = (keys("Sri@toko.id", [10, 1, 2, 3]), keys("sri@toko.id", [10, 1, 2, 4]));
        assert_eq!(one.account, other.account);
        assert_ne!(one.account, keys("ana@toko.id", [10, 1, 2, 3]).account);
        let (Some((_, [a, n])), Some((_, [b, m]))) = (one.from, other.from) else { panic!("no addresses") };
        assert_ne!(a, b);
        assert_eq!(n, m);
    }
}
