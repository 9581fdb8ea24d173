//! The keys of CURVE.
//!
//! Invariant: secret keys are wiped when they are dropped, and no text shows them.

use subtle::ConstantTimeEq;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::errno::Errno;

/// A public key.
pub type Key = [u8; 32];

/// A secret key.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<[u8; 32]>);

impl SecretKey {
    /// The key of these octets.
    pub fn new(octets: [u8; 32]) -> SecretKey {
        SecretKey(Zeroizing::new(octets))
    }

    /// A fresh key. `EAGAIN` if the system gives no random numbers.
    pub fn random() -> Result<SecretKey, Errno> {
        let mut key = SecretKey(Zeroizing::default());
        fill(&mut *key.0)?;
        Ok(key)
    }

    /// The public key that belongs to it.
    pub fn public(&self) -> Key {
        PublicKey::from(&StaticSecret::from(*self.0)).to_bytes()
    }

    /// Its octets.
    pub fn octets(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether these octets are the key, told in constant time.
    pub(super) fn is(&self, octets: &[u8]) -> bool {
        self.0.ct_eq(octets).into()
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey")
    }
}

/// The keys of a client.
#[derive(Clone, Debug)]
pub struct ClientKeys {
    /// Its own (`ZMQ_CURVE_SECRETKEY`).
    pub secret: SecretKey,
    /// What belongs to it (`ZMQ_CURVE_PUBLICKEY`).
    // COMPAT: taken as it is set. One that does not belong to the secret is found by the server.
    pub public: Key,
    /// The server's (`ZMQ_CURVE_SERVERKEY`).
    pub server: Key,
}

/// Fills in random octets. `EAGAIN` if the system gives none.
pub(super) fn fill(octets: &mut [u8]) -> Result<(), Errno> {
    getrandom::fill(octets).map_err(|_| Errno::EAGAIN)
}
