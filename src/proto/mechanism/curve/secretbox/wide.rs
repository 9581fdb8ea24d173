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
        let wide = Wide::detect()?;
        let octets = subkey(key, prefix);
        let mut words = Zeroizing::new([0; 8]);
        for (word, octets) in words.iter_mut().zip(octets.as_chunks().0) {
            *word = u32::from_le_bytes(*octets);
        }
        Some(Lane {
            wide,
            subkey: words,
            stock: Stock {
                count: 0,
                from: 0,
                blocks: Blocks::new(),
            },
        })
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
        self.add_long(nonce, stream, octets);
        tag(wide, key, octets)
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
        let good = tag(wide, key, octets).ct_eq(expected).into();
        if good {
            self.add_long(nonce, stream, octets);
        }
        good
    }

    /// See [`seal_apart`](super::Lane::seal_apart).
    pub(super) fn seal_apart(&self, nonce: u64, first: &mut u8, octets: &mut [u8]) -> Tag {
        let mut blocks = Blocks::new();
        self.wide.first(&self.subkey, nonce, &mut blocks);
        let (key, stream) = split(blocks.octets());
        *first ^= stream[0];
        self.add_long(nonce, &stream[1..], octets);
        let mut tagger = Tagger::new(key);
        let (near, far) = octets.split_at(octets.len().min(15));
        let mut block = [0; 16];
        block[0] = *first;
        block[1..=near.len()].copy_from_slice(near);
        if near.len() < 15 {
            return tagger.finish(&block[..=near.len()]);
        }
        tagger.block(&block);
        let rest = self.wide.absorb(&mut tagger, far);
        tagger.finish(rest)
    }

    /// Adds the stream of a nonce, which begins with this and goes on behind the first blocks.
    fn add_long(&self, nonce: u64, stream: &[u8], octets: &mut [u8]) {
        let (near, far) = octets.split_at_mut(octets.len().min(stream.len()));
        add(near, stream);
        if !far.is_empty() {
            self.wide.add_more(&self.subkey, nonce, far);
        }
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

fn tag(wide: Wide, key: &[u8; KEY], octets: &[u8]) -> Tag {
    let mut tagger = Tagger::new(key);
    let rest = wide.absorb(&mut tagger, octets);
    tagger.finish(rest)
}
