//! The boxes of NaCl: XSalsa20 and Poly1305 under a key that two parties share.
//!
//! Invariant: a box that was changed by a single bit does not open, and its octets stay as they
//! came. Keys are wiped when they are dropped.
//!
//! This file and those below it are the only ones that know which ciphers are used, and from where.
//! Everything is sealed and opened in place. On processors with AVX2 eight blocks are computed at
//! once (`wide.rs`), with AVX-512 sixteen of long boxes; on others one after the other for short boxes, and for long ones with what SIMD
//! there is (`any.rs`).

mod any;
#[cfg(target_arch = "x86_64")]
mod both_avx2;
#[cfg(target_arch = "x86_64")]
mod both_avx512;
#[cfg(target_arch = "x86_64")]
mod salsa_avx2;
mod tag;
#[cfg(target_arch = "x86_64")]
mod tag_avx2;
#[cfg(target_arch = "x86_64")]
mod wide;

#[cfg(test)]
mod tests;

use salsa20::cipher::consts::U10;
use salsa20::hsalsa;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

pub(super) use tag::Tag;

use super::keys::{Key, SecretKey};
use crate::errno::Errno;

/// The size of the tag in front of sealed octets.
pub(super) const TAG: usize = 16;
/// A nonce; all that is sealed under one key has different ones.
pub(super) type Nonce = [u8; 24];

/// A key that two parties share.
pub(in crate::proto) struct BoxKey(Zeroizing<[u8; 32]>);

impl BoxKey {
    /// The key between us and somebody else. `None` for a public key that is none: one that would
    /// give the same key to everybody.
    pub(super) fn between(secret: &SecretKey, public: &Key) -> Option<BoxKey> {
        let shared = StaticSecret::from(*secret.octets()).diffie_hellman(&PublicKey::from(*public));
        if !shared.was_contributory() {
            return None;
        }
        let key = hsalsa::<U10>(shared.as_bytes().into(), &[0; 16].into());
        Some(BoxKey(Zeroizing::new(key.into())))
    }

    /// The key of these octets.
    #[cfg(test)]
    pub(super) fn of(octets: [u8; 32]) -> BoxKey {
        BoxKey(Zeroizing::new(octets))
    }

    /// A key that nobody else has. Fails as [`SecretKey::random`] does.
    pub(super) fn random() -> Result<BoxKey, Errno> {
        let mut key = BoxKey(Zeroizing::default());
        super::keys::fill(&mut *key.0)?;
        Ok(key)
    }

    /// The key of all boxes whose nonces begin with these octets.
    pub(super) fn lane(&self, prefix: &[u8; 16]) -> Lane {
        #[cfg(target_arch = "x86_64")]
        if let Some(lane) = wide::Lane::of(&self.0, prefix) {
            return Lane::Wide(lane);
        }
        self.lane_anywhere(prefix)
    }

    /// The same, in the way that any processor can go.
    pub(super) fn lane_anywhere(&self, prefix: &[u8; 16]) -> Lane {
        Lane::Any(any::Lane::of(&self.0, prefix))
    }

    /// Seals what the pieces say: the tag, then as many octets.
    pub(super) fn seal(&self, nonce: &Nonce, pieces: &[&[u8]]) -> Vec<u8> {
        let mut sealed = vec![0; TAG];
        pieces
            .iter()
            .for_each(|piece| sealed.extend_from_slice(piece));
        let (prefix, rest) = parts(nonce);
        let tag = self.lane(&prefix).seal(rest, &mut sealed[TAG..]);
        sealed[..TAG].copy_from_slice(&tag);
        sealed
    }

    /// Opens what [`seal`](BoxKey::seal) made.
    pub(super) fn open(&self, nonce: &Nonce, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (tag, octets) = sealed.split_first_chunk()?;
        let mut octets = Zeroizing::new(octets.to_vec());
        let (prefix, rest) = parts(nonce);
        self.lane(&prefix)
            .open(rest, &mut octets, tag)
            .then_some(octets)
    }
}

fn parts(nonce: &Nonce) -> ([u8; 16], u64) {
    let (mut prefix, mut rest) = ([0; 16], [0; 8]);
    prefix.copy_from_slice(&nonce[..16]);
    rest.copy_from_slice(&nonce[16..]);
    (prefix, u64::from_be_bytes(rest))
}

/// What XSalsa20 makes of a key and the first 16 octets of a nonce: the key of Salsa20.
fn subkey(key: &[u8; 32], prefix: &[u8; 16]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(hsalsa::<U10>(key.into(), prefix.into()).into())
}

/// The key of boxes whose nonces begin with the same 16 octets: each box is given the other 8, as a
/// number whose highest octet comes first.
// There are two for a connection, which are in a box already; others last for a call.
#[allow(clippy::large_enum_variant)]
pub(super) enum Lane {
    /// On any processor.
    Any(any::Lane),
    /// On one with AVX2.
    #[cfg(target_arch = "x86_64")]
    Wide(wide::Lane),
}

impl Lane {
    /// Seals octets.
    #[inline]
    pub(super) fn seal(&mut self, nonce: u64, octets: &mut [u8]) -> Tag {
        match self {
            Lane::Any(lane) => lane.seal(nonce, octets),
            #[cfg(target_arch = "x86_64")]
            Lane::Wide(lane) => lane.seal(nonce, octets),
        }
    }

    /// Seals an octet and those that follow it, which lie elsewhere; `None`, and nothing is done, on
    /// a processor where that would be slow.
    #[inline]
    pub(super) fn seal_apart(
        &mut self,
        nonce: u64,
        first: &mut u8,
        octets: &mut [u8],
    ) -> Option<Tag> {
        match self {
            Lane::Any(_) => None,
            #[cfg(target_arch = "x86_64")]
            Lane::Wide(lane) => Some(lane.seal_apart(nonce, first, octets)),
        }
    }

    /// Opens what [`seal`](Lane::seal) sealed; `false`, and nothing is changed, if the tag says that
    /// it was not sealed so.
    #[inline]
    pub(super) fn open(&mut self, nonce: u64, octets: &mut [u8], expected: &Tag) -> bool {
        match self {
            Lane::Any(lane) => lane.open(nonce, octets, expected),
            #[cfg(target_arch = "x86_64")]
            Lane::Wide(lane) => lane.open(nonce, octets, expected),
        }
    }
}
