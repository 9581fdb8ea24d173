//! Boxes on a processor with AVX2.
//!
//! Eight blocks cost what one does. For short boxes, which need two, they are computed for four
//! nonces at once: those of the boxes to come are known, because counters count.
//!
//! Invariant: what is in stock for a nonce is the beginning of its stream, whatever becomes of it;
//! it is wiped when it is replaced or dropped.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::salsa_avx2::{self, Blocks, Wide, Words};
use super::subkey;
use super::tag::{Tag, Tagger};

/// What a stream begins with is the key of the tag.
const KEY: usize = 32;
/// Octets in stock for a nonce: two blocks.
const EACH: usize = 128;
/// Boxes up to this size are sealed from stock.
const SHORT: usize = EACH - KEY;

/// See [`Lane`](super::Lane).
pub(in super::super) struct Lane {
    wide: Wide,
    subkey: Zeroizing<Words>,
    stock: Stock,
}

/// The beginnings of the streams of a few nonces.
struct Stock {
    /// How many there are, and the first of the nonces.
    count: u64,
    from: u64,
    blocks: Blocks,
}

impl Stock {
    /// The beginning of the stream of a nonce.
    #[inline]
    fn get(&mut self, wide: Wide, key: &Words, nonce: u64) -> &[u8; EACH] {
        let mut at = nonce.wrapping_sub(self.from);
        if at >= self.count {
            wide.pairs(key, nonce, &mut self.blocks);
            (self.count, self.from) = ((salsa_avx2::LEN / EACH) as u64, nonce);
            at = 0;
        }
        &self.blocks.octets().as_chunks().0[at as usize]
    }
}

impl Lane {
    /// `None` without AVX2.
    pub(super) fn of(key: &[u8; 32], prefix: &[u8; 16]) -> Option<Lane> {
        Some(Lane::on(Wide::detect()?, key, prefix))
    }

    pub(super) fn on(wide: Wide, key: &[u8; 32], prefix: &[u8; 16]) -> Lane {
        let octets = subkey(key, prefix);
        let mut words = Zeroizing::new([0; 8]);
        for (word, octets) in words.iter_mut().zip(octets.as_chunks().0) {
            *word = u32::from_le_bytes(*octets);
        }
        Lane {
            wide,
            subkey: words,
            stock: Stock {
                count: 0,
                from: 0,
                blocks: Blocks::new(),
            },
        }
    }

    #[inline]
    pub(super) fn seal(&mut self, nonce: u64, octets: &mut [u8]) -> Tag {
        let wide = self.wide;
        if octets.len() <= SHORT {
            let (key, stream) = split(self.stock.get(wide, &self.subkey, nonce));
            add(octets, stream);
            return Tagger::new(key).finish(octets);
        }
        let mut blocks = Blocks::new();
        wide.first(&self.subkey, nonce, &mut blocks);
        let (key, stream) = split(blocks.octets());
        let (near, far) = octets.split_at_mut(octets.len().min(stream.len()));
        add(near, stream);
        self.seal_far(nonce, Tagger::new(key), near, far)
    }

    #[inline]
    pub(super) fn open(&mut self, nonce: u64, octets: &mut [u8], expected: &Tag) -> bool {
        let wide = self.wide;
        if octets.len() <= SHORT {
            let (key, stream) = split(self.stock.get(wide, &self.subkey, nonce));
            let good = Tagger::new(key).finish(octets).ct_eq(expected).into();
            if good {
                add(octets, stream);
            }
            return good;
        }
        let mut blocks = Blocks::new();
        wide.first(&self.subkey, nonce, &mut blocks);
        let (key, stream) = split(blocks.octets());
        let (near, far) = octets.split_at_mut(octets.len().min(stream.len()));
        let good = self.open_far(nonce, Tagger::new(key), near, far, expected);
        if good {
            add(near, stream);
        }
        good
    }

    /// See [`seal_apart`](super::Lane::seal_apart).
    pub(super) fn seal_apart(&self, nonce: u64, first: &mut u8, octets: &mut [u8]) -> Tag {
        let mut blocks = Blocks::new();
        self.wide.first(&self.subkey, nonce, &mut blocks);
        let (key, stream) = split(blocks.octets());
        let mut tagger = Tagger::new(key);
        *first ^= stream[0];
        let (near, far) = octets.split_at_mut(octets.len().min(stream.len() - 1));
        add(near, &stream[1..]);
        let (front, near) = near.split_at(near.len().min(15));
        let mut block = [0; 16];
        block[0] = *first;
        block[1..=front.len()].copy_from_slice(front);
        if front.len() < 15 {
            return tagger.finish(&block[..=front.len()]);
        }
        tagger.block(&block);
        self.seal_far(nonce, tagger, near, far)
    }

    /// Seals what is behind the first blocks of the stream: the tag of it, and of what stands before
    /// it, in whole blocks unless that is all.
    fn seal_far(&self, nonce: u64, mut tagger: Tagger, near: &[u8], far: &mut [u8]) -> Tag {
        let rest = self.wide.absorb(&mut tagger, near);
        if far.is_empty() {
            return tagger.finish(rest);
        }
        tagger.blocks(rest);
        let rest = self.wide.seal_more(&self.subkey, nonce, &mut tagger, far);
        tagger.finish(rest)
    }

    /// Opens what is behind the first blocks of the stream, if this is the tag of it and of what
    /// stands before it, in whole blocks unless that is all.
    fn open_far(
        &self,
        nonce: u64,
        mut tagger: Tagger,
        near: &[u8],
        far: &mut [u8],
        expected: &Tag,
    ) -> bool {
        let rest = self.wide.absorb(&mut tagger, near);
        if far.is_empty() {
            return tagger.finish(rest).ct_eq(expected).into();
        }
        tagger.blocks(rest);
        let tag = self.wide.open_more(&self.subkey, nonce, tagger, far);
        let good = bool::from(tag.ct_eq(expected));
        if !good {
            // As they came: what nobody vouches for is not to lie about in clear.
            self.wide.add_more(&self.subkey, nonce, far);
        }
        good
    }
}

/// The key of the tag, and what is added to the octets.
#[inline]
fn split<const N: usize>(stream: &[u8; N]) -> (&[u8; KEY], &[u8]) {
    let (key, stream) = stream.split_at(KEY);
    (&key.as_chunks().0[0], stream)
}

/// Adds a stream to no more octets than it has.
#[inline]
pub(super) fn add(octets: &mut [u8], stream: &[u8]) {
    for (octet, add) in octets.iter_mut().zip(stream) {
        *octet ^= add;
    }
}
