//! One root secret, many keys: sub-keys by HKDF (RFC 5869), sealing by XChaCha20-Poly1305, look-ups by HMAC-SHA-256.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// 32 bytes that may not be shown: the root secret, or a key made from it.
pub struct Secret(SecretBox<[u8; 32]>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Clone for Secret {
    fn clone(&self) -> Self {
        Self::from_bytes(*self.0.expose_secret())
    }
}

impl Secret {
    /// Exactly these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// From base64 of 32 bytes, as `KAPAL_SECRET_KEY` holds it.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.trim()).or_else(|_| URL_SAFE_NO_PAD.decode(text.trim())).ok()?;
        bytes.try_into().ok().map(Self::from_bytes)
    }

    /// A new random one.
    #[must_use]
    pub fn generate() -> Self {
        Self::from_bytes(random())
    }

    /// As base64, to be written to a file.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0.expose_secret())
    }

    /// The bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }

    /// The sub-key for one purpose.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        let mut key = [0; 32];
        let expanded = hkdf::Hkdf::<Sha256>::new(Some(b"kapal-induk"), self.expose())
            .expand(purpose.as_bytes(), &mut key);
        // 32 bytes are below HKDF's bound of 255 hashes.
        if expanded.is_err() {
            unreachable!("32 bytes are always within HKDF's bound");
        }
        Self::from_bytes(key)
    }

    /// The keyed hash of `data`: for look-ups of what may not be stored, and for what must not be forged.
    #[must_use]
    pub fn mac(&self, data: &[&[u8]]) -> [u8; 32] {
        let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(self.expose()) else {
            unreachable!("HMAC takes keys of any length")
        };
        for part in data {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Whether `tag` is the keyed hash of `data`, told in the same time whatever it is.
    #[must_use]
    pub fn is_mac(&self, data: &[&[u8]], tag: &[u8]) -> bool {
        use subtle::ConstantTimeEq;
        self.mac(data)[..].ct_eq(tag).into()
    }

    /// Encrypts and authenticates; `context` says where the value belongs, so that it can't be moved elsewhere.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; 24] = random();
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context.as_bytes() })
            .map_err(|_| Error::Internal("sealing failed".into()))?;
        Ok([&[FORMAT][..], &nonce, &sealed].concat())
    }

    /// What [`Secret::seal`] sealed for the same context.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let refuse = || Error::Internal(format!("a sealed value does not open: {context}"));
        let (&[FORMAT], rest) = sealed.split_first_chunk::<1>().ok_or_else(refuse)? else {
            return Err(refuse());
        };
        let (nonce, body) = rest.split_first_chunk::<24>().ok_or_else(refuse)?;
        self.cipher()
            .decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: context.as_bytes() })
            .map_err(|_| refuse())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.expose().into())
    }
}

/// The first byte of a sealed value: how it was sealed.
const FORMAT: u8 = 1;

/// The keys that this process works with.
#[derive(Debug, Clone)]
pub struct Vault {
    /// Wraps signing keys and the tenants' data keys.
    pub wrapping: Secret,
    /// Authenticates list cursors.
    pub cursors: Secret,
    /// Seals the stored answers of idempotent requests.
    pub answers: Secret,
    /// Seals mail in the outbox.
    pub mail: Secret,
    /// Makes each refresh token's successor.
    pub refresh: Secret,
    /// Signs links to private files.
    pub links: Secret,
    /// Hashes what is looked up without being stored: e-mail addresses and IP addresses of failed logins.
    pub lookups: Secret,
    /// Makes the keys of blind indexes: what personal data is found by.
    pub blind: Secret,
}

impl Vault {
    /// All keys of a root secret.
    #[must_use]
    pub fn new(root: &Secret) -> Self {
        Self {
            wrapping: root.derive("wrapping"),
            cursors: root.derive("cursors"),
            answers: root.derive("answers"),
            mail: root.derive("mail"),
            refresh: root.derive("refresh"),
            links: root.derive("links"),
            lookups: root.derive("lookups"),
            blind: root.derive("blind"),
        }
    }
}

/// Random bytes from the operating system.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    use rand::TryRng;
    let mut bytes = [0; N];
    if let Err(error) = rand::rngs::SysRng.try_fill_bytes(&mut bytes) {
        panic!("the operating system gives no random bytes: {error}");
    }
    bytes
}

/// SHA-256: for tokens, which are random enough to need no key.
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

/// Bytes as lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
