//! Access tokens: JWT (RFC 9068) signed with Ed25519, at most 10 minutes, checked for algorithm, key id, type, issuer,
//! audience and times. What the bearer may do is looked up at each request.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kapal_domain::Code;
use kapal_domain::ids::{SessionId, UserId};
use kapal_persistence::SigningKey;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Seconds for which an access token is valid.
pub const VALID_FOR: i64 = 600;
/// So long a key is published before it signs: longer than any server takes to read the keys again.
const PUBLISHED_FOR: TimeDelta = TimeDelta::minutes(5);
/// Who the token is for: this API.
pub const AUDIENCE: &str = "kapal-api";
/// Larger than any token of ours.
const MAX_TOKEN: usize = 8 * 1024;
/// Seconds by which clocks may differ.
const LEEWAY: u64 = 10;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    exp: i64,
    iat: i64,
    jti: Uuid,
}

/// Signs and checks access tokens.
pub struct Tokens {
    issuer: String,
    keys: RwLock<Arc<Keys>>,
}

#[derive(Default)]
struct Keys {
    signing: Option<(String, EncodingKey)>,
    checking: HashMap<String, DecodingKey>,
    jwks: serde_json::Value,
}

/// Whom a valid token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer {
    /// The person.
    pub user: UserId,
    /// The login.
    pub session: SessionId,
}

impl Tokens {
    /// Without keys yet: none is accepted.
    #[must_use]
    pub fn new(issuer: String) -> Self {
        Self { issuer, keys: RwLock::default() }
    }

    /// Takes the keys that the database holds now, the newest first. The newest that every server knows signs; where
    /// none is so old, the oldest.
    pub fn set_keys(&self, keys: &[SigningKey]) {
        let known = Utc::now() - PUBLISHED_FOR;
        let signing = keys.iter().find(|key| key.created_at < known).or(keys.last());
        let signing =
            signing.map(|key| (key.id.clone(), EncodingKey::from_ed_der(&pkcs8(key.private.expose()))));
        let checking =
            keys.iter().map(|key| (key.id.clone(), DecodingKey::from_ed_der(&key.public))).collect();
        let jwks: Vec<_> = keys
            .iter()
            .map(|key| {
                let x = URL_SAFE_NO_PAD.encode(key.public);
                serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.id, "x": x })
            })
            .collect();
        let keys = Keys { signing, checking, jwks: serde_json::json!({ "keys": jwks }) };
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// Whether tokens can be signed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.keys().signing.is_some()
    }

    /// The public keys (RFC 7517).
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        self.keys().jwks.clone()
    }

    /// Who issues: the public address.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    fn keys(&self) -> Arc<Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A new token for a login.
    pub fn sign(&self, user: UserId, session: SessionId, now: i64) -> Result<String, Code> {
        let keys = self.keys();
        let (kid, key) = keys.signing.as_ref().ok_or(Code::Unavailable)?;
        let header =
            Header { typ: Some("at+jwt".into()), kid: Some(kid.clone()), ..Header::new(Algorithm::EdDSA) };
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.into(),
            sub: user.uuid(),
            sid: session.uuid(),
            exp: now + VALID_FOR,
            iat: now,
            jti: Uuid::now_v7(),
        };
        jsonwebtoken::encode(&header, &claims, key).map_err(|_| Code::Internal)
    }

    /// Checks a token. The library's own defaults are laxer than this in every line.
    pub fn check(&self, token: &str) -> Result<Bearer, Code> {
        if token.len() > MAX_TOKEN {
            return Err(Code::InvalidToken);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Code::InvalidToken)?;
        let foreign = header.jku.is_some()
            || header.jwk.is_some()
            || header.x5u.is_some()
            || header.x5c.is_some()
            || header.crit.is_some()
            || header.alg != Algorithm::EdDSA
            || header.typ.as_deref() != Some("at+jwt");
        if foreign {
            return Err(Code::InvalidToken);
        }
        let keys = self.keys();
        // `kid` is nothing but a name in this map.
        let key = header.kid.as_deref().and_then(|kid| keys.checking.get(kid)).ok_or(Code::InvalidToken)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.algorithms = vec![Algorithm::EdDSA];
        validation.leeway = LEEWAY;
        validation.validate_exp = true;
        validation.validate_nbf = true;
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims =
            jsonwebtoken::decode::<Claims>(token, key, &validation).map_err(|_| Code::InvalidToken)?.claims;
        if claims.exp - claims.iat > VALID_FOR {
            return Err(Code::InvalidToken);
        }
        Ok(Bearer { user: claims.sub.into(), session: claims.sid.into() })
    }
}

/// An Ed25519 seed as PKCS #8 (RFC 8410): a fixed head before the 32 bytes.
fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    const HEAD: [u8; 16] =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    [&HEAD[..], seed].concat()
}

#[cfg(test)]
mod tests {
    use kapal_persistence::Secret;

    use super::*;

    #[test]
    fn a_key_is_published_before_it_signs() {
        let key = |id: &str, minutes| {
            let private = Secret::generate();
            let created_at = Utc::now() - TimeDelta::minutes(minutes);
            SigningKey { id: id.into(), public: *private.expose(), private, created_at }
        };
        let signing = |keys: &[SigningKey]| {
            let tokens = Tokens::new("https://kapal.example".into());
            tokens.set_keys(keys);
            assert_eq!(tokens.jwks()["keys"].as_array().map(Vec::len), Some(keys.len()));
            tokens.keys().signing.as_ref().map(|(id, _)| id.clone())
        };
        let (new, known, old) = (key("new", 1), key("known", 6), key("old", 60));
        assert_eq!(signing(&[new.clone(), known.clone(), old.clone()]).as_deref(), Some("known"));
        assert_eq!(signing(&[new.clone(), old]).as_deref(), Some("old"));
        assert_eq!(signing(&[new]).as_deref(), Some("new"), "the first key of all");
        assert_eq!(signing(&[]), None);
    }
}
