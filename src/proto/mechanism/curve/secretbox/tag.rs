//! Poly1305: the tag of octets under a key that is used once.
//!
//! Invariant: how long it takes depends on how many octets there are, and on nothing else. The sum
//! is below 2^131 between blocks, and reduced in the end.

use super::TAG;

/// A tag.
pub(in super::super) type Tag = [u8; TAG];

/// The number that octets are made into: modulo 2^130 - 5, in three words.
pub(super) type Sum = [u64; 3];

/// A tag that is being made.
pub(super) struct Tagger {
    /// What the sum is multiplied with: below 2^124, its upper word a multiple of four.
    by: [u64; 2],
    /// What is added in the end.
    pad: u128,
    pub(super) sum: Sum,
}

impl Tagger {
    /// Under this key.
    #[inline]
    pub(super) fn new(key: &[u8; 32]) -> Tagger {
        let number = |at: usize| key.as_chunks::<16>().0[at];
        let [by, pad] = [0, 1].map(|at| u128::from_le_bytes(number(at)));
        let by = by & 0x0fff_fffc_0fff_fffc_0fff_fffc_0fff_ffff;
        Tagger {
            by: [by as u64, (by >> 64) as u64],
            pad,
            sum: [0; 3],
        }
    }

    /// The first four powers of what the sum is multiplied with.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub(super) fn powers(&self) -> [Sum; 4] {
        let mut powers = [[self.by[0], self.by[1], 0]; 4];
        for at in 1..4 {
            powers[at] = self.times(powers[at - 1]);
        }
        powers
    }

    /// The product, nearly reduced: its third word is below five.
    #[inline(always)]
    fn times(&self, [a, b, c]: Sum) -> Sum {
        let [r, s] = self.by;
        let wide = |a: u64, b: u64| u128::from(a) * u128::from(b);
        // Two words further is 2^128, and 2^130 is five: so s, a multiple of four, counts 5/4.
        let round = s + (s >> 2);
        let low = wide(a, r) + wide(b, round);
        let middle = wide(a, s) + wide(b, r) + u128::from(c * round) + (low >> 64);
        let high = c * r + (middle >> 64) as u64;
        // From bit 130 on: times five.
        let over = u128::from((high >> 2) + (high & !3));
        let low = u128::from(low as u64) + over;
        let middle = u128::from(middle as u64) + (low >> 64);
        [
            low as u64,
            middle as u64,
            (high & 3) + (middle >> 64) as u64,
        ]
    }

    /// Takes in one block of at most 16 octets, the last of all if shorter.
    #[inline(always)]
    fn absorb(&mut self, block: u128, beyond: u64) {
        let [a, b, c] = self.sum;
        let low = u128::from(a) + (block & u128::from(u64::MAX));
        let middle = u128::from(b) + (block >> 64) + (low >> 64);
        let high = c + beyond + (middle >> 64) as u64;
        self.sum = self.times([low as u64, middle as u64, high]);
    }

    /// Takes in a block that is not the last.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    #[inline(always)]
    pub(super) fn block(&mut self, block: &[u8; 16]) {
        self.absorb(u128::from_le_bytes(*block), 1);
    }

    /// Takes in so many whole blocks that are not the last.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    #[inline]
    pub(super) fn blocks(&mut self, octets: &[u8]) {
        let (blocks, _) = octets.as_chunks();
        blocks.iter().for_each(|block| self.block(block));
    }

    /// Takes in the last octets: the tag.
    #[inline]
    pub(super) fn finish(mut self, octets: &[u8]) -> Tag {
        let (blocks, rest) = octets.as_chunks::<16>();
        for block in blocks {
            self.absorb(u128::from_le_bytes(*block), 1);
        }
        if !rest.is_empty() {
            let mut last = [0; 16];
            last[..rest.len()].copy_from_slice(rest);
            last[rest.len()] = 1;
            self.absorb(u128::from_le_bytes(last), 0);
        }
        let [a, b, c] = self.sum;
        let low = u128::from(a) | u128::from(b) << 64;
        // Less than 2^130 - 5 twice: with five more it reaches 2^130 if that is to be taken off.
        let (more, carry) = low.overflowing_add(5);
        let reaches = (c + u64::from(carry)) >> 2 != 0;
        let mask = u128::from(reaches).wrapping_neg();
        let sum = (more & mask) | (low & !mask);
        sum.wrapping_add(self.pad).to_le_bytes()
    }
}
