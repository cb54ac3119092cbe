//! Forged access tokens, made by a signer that shares no code with the service.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kapal_tests::World;
use serde_json::{Value, json};
use sha2::Sha256;

/// What a forger has: a real token to copy from, the public keys, and a key of his own.
struct Forger {
    world: World,
    head: Value,
    claims: Value,
    genuine: String,
    key: SigningKey,
}

impl Forger {
    async fn new() -> Self {
        let world = World::new().await;
        let member = world.aggregator().await.owner;
        let genuine = member.token().to_owned();
        let part = |n: usize| -> Value {
            let part = genuine.split('.').nth(n).expect("three parts");
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
        };
        let (head, claims) = (part(0), part(1));
        Self { world, head, claims, genuine, key: SigningKey::from_bytes(&[7; 32]) }
    }

    fn signed(&self, head: &str, claims: &Value) -> String {
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Another head before the genuine claims, under the genuine signature or the forger's own.
    async fn refuses_head(&self, head: Value) {
        self.refuses(&self.signed(&head.to_string(), &self.claims)).await;
        let mut parts: Vec<_> = self.genuine.split('.').map(str::to_owned).collect();
        parts[0] = URL_SAFE_NO_PAD.encode(head.to_string());
        self.refuses(&parts.join(".")).await;
    }

    async fn refuses(&self, token: &str) {
        let reply = self.world.visitor.with_token(token).get("/v1/me").await;
        assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"", "{token}: {reply}");
        reply.problem(401, "invalid_token");
    }

    fn head(&self, change: Value) -> Value {
        let mut head = self.head.clone();
        for (name, value) in change.as_object().expect("an object") {
            head[name] = value.clone();
        }
        head
    }
}

#[tokio::test]
async fn a_genuine_token_is_short_lived_typed_and_says_no_permissions() {
    let forger = Forger::new().await;
    let _ = forger.world.visitor.with_token(&forger.genuine).get("/v1/me").await.expect(200);
    assert_eq!((forger.head["alg"].as_str(), forger.head["typ"].as_str()), (Some("EdDSA"), Some("at+jwt")));
    let names: Vec<_> = forger.claims.as_object().expect("claims").keys().cloned().collect();
    assert_eq!(names, ["iss", "aud", "sub", "sid", "exp", "iat", "jti"]);
    let age = forger.claims["exp"].as_i64().zip(forger.claims["iat"].as_i64()).map(|(exp, iat)| exp - iat);
    assert!(age.is_some_and(|seconds| seconds <= 600));
    let jwks = forger.world.visitor.get("/.well-known/jwks.json").await.json(200);
    let key = jwks["keys"]
        .as_array()
        .and_then(|keys| keys.iter().find(|key| key["kid"] == forger.head["kid"]))
        .expect("the key");
    assert_eq!((key["kty"].as_str(), key["alg"].as_str(), key.get("d")), (Some("OKP"), Some("EdDSA"), None));
}

#[tokio::test]
async fn no_algorithm_is_no_signature() {
    let forger = Forger::new().await;
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let head = forger.head(json!({ "alg": none }));
        let text = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(head.to_string()),
            URL_SAFE_NO_PAD.encode(forger.claims.to_string())
        );
        for signature in ["", "AA", "e30"] {
            forger.refuses(&format!("{text}.{signature}")).await;
        }
        forger.refuses_head(head).await;
    }
}

#[tokio::test]
async fn the_public_key_is_no_shared_secret() {
    let forger = Forger::new().await;
    let jwks = forger.world.visitor.get("/.well-known/jwks.json").await;
    let x = jwks.json.pointer("/keys/0/x").and_then(Value::as_str).expect("a key").to_owned();
    let secrets =
        [URL_SAFE_NO_PAD.decode(&x).expect("base64"), x.into_bytes(), jwks.body.clone(), Vec::new()];
    let head = forger.head(json!({ "alg": "HS256" })).to_string();
    for secret in secrets {
        let text = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(&head),
            URL_SAFE_NO_PAD.encode(forger.claims.to_string())
        );
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).expect("any key");
        mac.update(text.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        forger.refuses(&format!("{text}.{signature}")).await;
    }
}

#[tokio::test]
async fn another_algorithm_is_refused() {
    let forger = Forger::new().await;
    for algorithm in ["RS256", "ES256", "PS512", "HS512", "ES384", "eddsa", "Ed25519", "EdDSA "] {
        forger.refuses_head(forger.head(json!({ "alg": algorithm }))).await;
    }
}

#[tokio::test]
async fn a_key_of_the_forgers_own_is_not_ours() {
    let forger = Forger::new().await;
    forger.refuses(&forger.signed(&forger.head.to_string(), &forger.claims)).await;
}

#[tokio::test]
async fn a_key_id_is_only_a_name() {
    let forger = Forger::new().await;
    let ids = [
        json!(null),
        json!(""),
        json!("../../../dev/null"),
        json!("' OR 1=1 --"),
        json!("https://evil.example/k"),
        json!(1),
        json!(["x"]),
        json!({ "a": 1 }),
        json!("\u{0}"),
        json!("x".repeat(3_000)),
    ];
    for id in ids {
        forger.refuses_head(forger.head(json!({ "kid": id }))).await;
    }
    let mut without = forger.head.clone();
    without.as_object_mut().expect("a head").shift_remove("kid");
    forger.refuses_head(without).await;
    // A name that stands twice: whichever of the two a parser takes.
    let twice = forger.head.to_string().replacen('{', "{\"kid\":\"other\",", 1);
    forger.refuses(&forger.signed(&twice, &forger.claims)).await;
}

#[tokio::test]
async fn keys_and_addresses_in_the_head_are_refused() {
    let forger = Forger::new().await;
    let x = URL_SAFE_NO_PAD.encode(forger.key.verifying_key().as_bytes());
    let changes = [
        json!({ "jwk": { "kty": "OKP", "crv": "Ed25519", "x": x } }),
        json!({ "jku": "https://evil.example/jwks.json" }),
        json!({ "x5u": "https://evil.example/cert.pem" }),
        json!({ "x5c": ["MIIB"] }),
        json!({ "crit": ["exp"] }),
    ];
    for change in changes {
        forger.refuses_head(forger.head(change)).await;
    }
}

#[tokio::test]
async fn another_type_of_token_is_refused() {
    let forger = Forger::new().await;
    for kind in [json!("JWT"), json!("id+jwt"), json!("refresh"), json!(null), json!("AT+JWT ")] {
        forger.refuses_head(forger.head(json!({ "typ": kind }))).await;
    }
}

#[tokio::test]
async fn changed_claims_break_the_signature() {
    let forger = Forger::new().await;
    let changes = [
        json!({ "sub": uuid::Uuid::now_v7() }),
        json!({ "exp": 99_999_999_999_i64 }),
        json!({ "iss": "https://evil.example" }),
        json!({ "aud": "other" }),
        json!({ "sid": uuid::Uuid::now_v7() }),
    ];
    for change in changes {
        let mut claims = forger.claims.clone();
        for (name, value) in change.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        let mut parts: Vec<_> = forger.genuine.split('.').map(str::to_owned).collect();
        parts[1] = URL_SAFE_NO_PAD.encode(claims.to_string());
        forger.refuses(&parts.join(".")).await;
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let forger = Forger::new().await;
    let member = forger.world.aggregator().await.owner;
    let huge = format!("{}.{}", forger.genuine, "A".repeat(9_000));
    let cut = &forger.genuine[..forger.genuine.len() - 1];
    let long = format!("{}A", forger.genuine);
    for token in ["..", "a.b", "a.b.c.d", &huge, cut, &long, &member.refresh_token, "null"] {
        forger.refuses(token).await;
    }
}

#[tokio::test]
async fn only_a_bearer_header_that_stands_once_counts() {
    let forger = Forger::new().await;
    let visitor = &forger.world.visitor;
    let token = &forger.genuine;
    for value in [format!("Basic {token}"), token.clone(), "Bearer".to_owned(), format!("Token {token}")] {
        visitor.get("/v1/me").header("Authorization", &value).await.problem(401, "unauthenticated");
    }
    let twice = visitor.get("/v1/me").header("Authorization", &format!("Bearer {token}"));
    twice.header("Authorization", "Bearer x").await.problem(401, "unauthenticated");
    visitor.get(&format!("/v1/me?access_token={token}")).await.problem(400, "unknown_parameter");
    let _ = visitor.get("/v1/me").header("Authorization", &format!("bearer {token}")).await.expect(200);
}
