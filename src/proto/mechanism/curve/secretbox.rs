//! The boxes of NaCl: XSalsa20 and Poly1305 under a key that two parties share.
//!
//! Invariant: a box that was changed by a single bit does not open, and its octets stay as they
//! came. Keys are wiped when they are dropped.
//!
//! This file is the only one that knows which ciphers are used, and from where. All octets are
//! sealed and opened in place; the first few may lie apart from the others.

use poly1305::Poly1305;
use poly1305::universal_hash::{KeyInit, UniversalHash};
use salsa20::cipher::consts::U10;
use salsa20::cipher::{KeyIvInit, StreamCipher};
use salsa20::{Salsa20, hsalsa};
use subtle::ConstantTimeEq;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::keys::{Key, SecretKey};
use crate::errno::Errno;

/// The size of the tag in front of sealed octets.
pub(super) const TAG: usize = 16;
/// A tag.
pub(super) type Tag = [u8; TAG];
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

    /// A key that nobody else has. Fails as [`SecretKey::random`] does.
    pub(super) fn random() -> Result<BoxKey, Errno> {
        let mut key = BoxKey(Zeroizing::default());
        super::keys::fill(&mut *key.0)?;
        Ok(key)
    }

    /// The key of all boxes whose nonces begin with these octets.
    pub(super) fn lane(&self, prefix: &[u8; 16]) -> Lane {
        let subkey = hsalsa::<U10>((&*self.0).into(), prefix.into());
        Lane(Zeroizing::new(subkey.into()))
    }

    /// Seals what the pieces say: the tag, then as many octets.
    pub(super) fn seal(&self, nonce: &Nonce, pieces: &[&[u8]]) -> Vec<u8> {
        let mut sealed = vec![0; TAG];
        pieces
            .iter()
            .for_each(|piece| sealed.extend_from_slice(piece));
        let (prefix, rest) = parts(nonce);
        let tag = self.lane(&prefix).seal(rest, &mut [], &mut sealed[TAG..]);
        sealed[..TAG].copy_from_slice(&tag);
        sealed
    }

    /// Opens what [`seal`](BoxKey::seal) made.
    pub(super) fn open(&self, nonce: &Nonce, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (tag, octets) = sealed.split_first_chunk()?;
        let mut octets = Zeroizing::new(octets.to_vec());
        let (prefix, rest) = parts(nonce);
        self.lane(&prefix)
            .open(rest, &mut [], &mut octets, tag)
            .then_some(octets)
    }
}

fn parts(nonce: &Nonce) -> ([u8; 16], [u8; 8]) {
    let (mut prefix, mut rest) = ([0; 16], [0; 8]);
    prefix.copy_from_slice(&nonce[..16]);
    rest.copy_from_slice(&nonce[16..]);
    (prefix, rest)
}

/// The key of boxes whose nonces begin with the same 16 octets: each box is given the other 8.
pub(super) struct Lane(Zeroizing<[u8; 32]>);

impl Lane {
    /// Seals the octets of the head (at most 16) and the body behind it.
    #[inline]
    pub(super) fn seal(&self, nonce: [u8; 8], head: &mut [u8], body: &mut [u8]) -> Tag {
        let (mut stream, key) = self.begin(nonce);
        stream.apply_keystream(head);
        stream.apply_keystream(body);
        tag(&key, head, body)
    }

    /// Opens what [`seal`](Lane::seal) sealed; `false`, and nothing is changed, if the tag says that
    /// it was not sealed so.
    #[inline]
    pub(super) fn open(
        &self,
        nonce: [u8; 8],
        head: &mut [u8],
        body: &mut [u8],
        expected: &Tag,
    ) -> bool {
        let (mut stream, key) = self.begin(nonce);
        if !bool::from(tag(&key, head, body).ct_eq(expected)) {
            return false;
        }
        stream.apply_keystream(head);
        stream.apply_keystream(body);
        true
    }

    /// The stream of this nonce, and its first 32 octets, which are the key of the tag.
    #[inline]
    fn begin(&self, nonce: [u8; 8]) -> (Salsa20, Zeroizing<[u8; 32]>) {
        let mut stream = Salsa20::new((&*self.0).into(), &nonce.into());
        let mut key = Zeroizing::new([0; 32]);
        stream.apply_keystream(&mut *key);
        (stream, key)
    }
}

/// The tag of sealed octets in two pieces, of which the first has at most 16.
fn tag(key: &[u8; 32], head: &[u8], body: &[u8]) -> Tag {
    let mut mac = Poly1305::new(key.into());
    if head.is_empty() {
        return mac.compute_unpadded(body).into();
    }
    let mut first = [0; TAG];
    let (own, room) = first.split_at_mut(head.len());
    own.copy_from_slice(head);
    let Some((taken, rest)) = body.split_at_checked(room.len()) else {
        room[..body.len()].copy_from_slice(body);
        return mac
            .compute_unpadded(&first[..head.len() + body.len()])
            .into();
    };
    room.copy_from_slice(taken);
    mac.update(&[first.into()]);
    mac.compute_unpadded(rest).into()
}
