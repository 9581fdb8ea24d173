//! Hashes of a string's prefixes, all of them in one walk over the string.
//!
//! Invariant: the hash is keyed at random, so that a peer cannot choose strings that collide.

use std::hash::{BuildHasher, RandomState};

/// A random number.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// The key of the hash.
#[derive(Clone, Copy)]
pub(super) struct Hash {
    seed: u64,
    factor: u64,
}

impl Hash {
    /// A new one.
    pub(super) fn new() -> Hash {
        Hash {
            seed: random(),
            factor: random() | 1,
        }
    }

    /// The hash of a string.
    pub(super) fn of(self, octets: &[u8]) -> u32 {
        Hasher::new(self, octets).prefix(octets.len()) as u32
    }

    #[inline]
    fn mix(self, state: u64) -> u64 {
        let product = u128::from(state) * u128::from(self.factor);
        product as u64 ^ (product >> 64) as u64
    }
}

/// Hashes the prefixes of a string, shorter ones first.
pub(super) struct Hasher<'a> {
    hash: Hash,
    octets: &'a [u8],
    /// Whole words before here are in `state`; the word from here is `word`.
    start: usize,
    state: u64,
    word: u64,
}

impl<'a> Hasher<'a> {
    /// Begins with the shortest.
    #[inline]
    pub(super) fn new(hash: Hash, octets: &'a [u8]) -> Hasher<'a> {
        Hasher {
            hash,
            octets,
            start: 0,
            state: hash.seed,
            word: word(octets),
        }
    }

    /// The hash of the first `len` octets; `len` never shrinks from call to call.
    #[inline]
    pub(super) fn prefix(&mut self, len: usize) -> u64 {
        while len - self.start >= 8 {
            self.state = self.hash.mix(self.state ^ self.word);
            self.start += 8;
            self.word = word(&self.octets[self.start..]);
        }
        let tail = self.word & !(u64::MAX << (8 * (len - self.start)));
        // The length tells a prefix from the same one with zero octets behind it.
        let end = self.state.wrapping_add(len as u64) ^ tail.rotate_left(8);
        let hash = self.hash.mix(end);
        hash ^ (hash >> 32)
    }
}

/// The next eight octets, zeros where there are none.
#[inline]
fn word(octets: &[u8]) -> u64 {
    match octets.first_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => octets
            .iter()
            .rev()
            .fold(0, |word, &octet| word << 8 | u64::from(octet)),
    }
}
