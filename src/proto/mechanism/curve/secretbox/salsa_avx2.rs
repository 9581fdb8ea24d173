//! Salsa20, eight blocks at a time, for processors with AVX2.
//!
//! Nonces are numbers, and their octets stand with the highest first.
//!
//! Invariant: a vector holds the same word of eight blocks, so that no step depends on what a word
//! is: nothing branches on secrets or looks them up. Who holds a [`Wide`] runs on such a processor.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use zeroize::Zeroize;

use super::both_avx512::Sixteen;

/// Shows that there is AVX2, and whether there is more.
#[derive(Clone, Copy)]
pub(super) struct Wide {
    pub(super) sixteen: Option<Sixteen>,
}

/// What one pass makes: eight blocks, one behind the other. (Words, because they are wiped one by one.)
#[repr(align(32))]
pub(super) struct Blocks([u64; LEN / 8]);

/// A key.
pub(super) type Words = [u32; 8];

/// How many blocks that is, and how many octets.
pub(super) const AT_ONCE: usize = 8;
pub(super) const LEN: usize = AT_ONCE * 64;

impl Blocks {
    /// Zeros.
    #[inline]
    pub(super) fn new() -> Blocks {
        Blocks([0; LEN / 8])
    }

    /// As octets.
    #[inline]
    pub(super) fn octets(&self) -> &[u8; LEN] {
        // SAFETY: as large, any octets will do, and the reference borrows the same memory.
        unsafe { &*(&raw const self.0).cast::<[u8; LEN]>() }
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Wide {
    /// `None` on a processor without.
    #[inline]
    pub(super) fn detect() -> Option<Wide> {
        let sixteen = Sixteen::detect();
        is_x86_feature_detected!("avx2").then_some(Wide { sixteen })
    }

    /// As on a processor that has AVX2 and no more.
    #[cfg(test)]
    pub(super) fn detect_eight() -> Option<Wide> {
        Wide::detect().map(|_| Wide { sixteen: None })
    }

    /// The first blocks of the stream of a nonce.
    #[inline]
    pub(super) fn first(self, key: &Words, nonce: u64, blocks: &mut Blocks) {
        // SAFETY: there is AVX2.
        unsafe { first(key, nonce, blocks) }
    }

    /// The first two blocks of each of four streams: of this nonce and the three after it.
    #[inline]
    pub(super) fn pairs(self, key: &Words, nonce: u64, blocks: &mut Blocks) {
        // SAFETY: there is AVX2.
        unsafe { pairs(key, nonce, blocks) }
    }
}

/// The two words of a nonce.
#[inline]
pub(super) fn words(nonce: u64) -> [u32; 2] {
    let nonce = nonce.swap_bytes();
    [nonce as u32, (nonce >> 32) as u32]
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn same(nonce: u64) -> [__m256i; 2] {
    let [low, high] = words(nonce);
    [
        _mm256_set1_epi32(low as i32),
        _mm256_set1_epi32(high as i32),
    ]
}

#[target_feature(enable = "avx2")]
fn first(key: &Words, nonce: u64, blocks: &mut Blocks) {
    put(eight(key, same(nonce), numbers(0), |_| ()), blocks);
}

#[target_feature(enable = "avx2")]
fn pairs(key: &Words, nonce: u64, blocks: &mut Blocks) {
    let (mut low, mut high) = ([0; 8], [0; 8]);
    for lane in 0..8 {
        [low[lane], high[lane]] = words(nonce.wrapping_add(lane as u64 / 2));
    }
    let nonces = [vector(&low), vector(&high)];
    let odd = _mm256_setr_epi32(0, 1, 0, 1, 0, 1, 0, 1);
    let numbers = [odd, _mm256_setzero_si256()];
    put(eight(key, nonces, numbers, |_| ()), blocks);
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn put(parts: [__m256i; 16], blocks: &mut Blocks) {
    for (four, part) in blocks.0.as_chunks_mut::<4>().0.iter_mut().zip(parts) {
        // SAFETY: four words are 32 octets, and these need no alignment.
        unsafe { _mm256_storeu_si256(four.as_mut_ptr().cast(), part) };
    }
}

/// Adds eight blocks to as many octets.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn add_piece(piece: &mut [u8; LEN], blocks: [__m256i; 16]) {
    for (part, block) in piece.as_chunks_mut::<32>().0.iter_mut().zip(blocks) {
        let at = part.as_mut_ptr().cast::<__m256i>();
        // SAFETY: the part has 32 octets, and these need no alignment.
        unsafe { _mm256_storeu_si256(at, _mm256_xor_si256(_mm256_loadu_si256(at), block)) };
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn vector(words: &[u32; 8]) -> __m256i {
    // SAFETY: eight words are 32 octets, and these need no alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

/// The numbers of eight blocks from this one on: their lower halves and their upper ones.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn numbers(from: u64) -> [__m256i; 2] {
    let (mut low, mut high) = ([0; 8], [0; 8]);
    for lane in 0..8 {
        let number = from.wrapping_add(lane as u64);
        (low[lane], high[lane]) = (number as u32, (number >> 32) as u32);
    }
    [vector(&low), vector(&high)]
}

macro_rules! turn {
    ($x:ident[$to:literal] ^= $a:literal + $b:literal, $by:literal) => {
        let sum = _mm256_add_epi32($x[$a], $x[$b]);
        let high = _mm256_xor_si256($x[$to], _mm256_slli_epi32::<$by>(sum));
        $x[$to] = _mm256_xor_si256(high, _mm256_srli_epi32::<{ 32 - $by }>(sum));
    };
}

/// A quarter of a round, by a macro that does one step of it.
macro_rules! quarter {
    ($turn:ident, $x:ident, $a:literal, $b:literal, $c:literal, $d:literal) => {
        $turn!($x[$b] ^= $a + $d, 7);
        $turn!($x[$c] ^= $b + $a, 9);
        $turn!($x[$d] ^= $c + $b, 13);
        $turn!($x[$a] ^= $d + $c, 18);
    };
}

/// Two rounds of Salsa20: columns, then rows.
macro_rules! two_rounds {
    ($turn:ident, $x:ident) => {
        quarter!($turn, $x, 0, 4, 8, 12);
        quarter!($turn, $x, 5, 9, 13, 1);
        quarter!($turn, $x, 10, 14, 2, 6);
        quarter!($turn, $x, 15, 3, 7, 11);
        quarter!($turn, $x, 0, 1, 2, 3);
        quarter!($turn, $x, 5, 6, 7, 4);
        quarter!($turn, $x, 10, 11, 8, 9);
        quarter!($turn, $x, 15, 12, 13, 14);
    };
}
pub(super) use {quarter, two_rounds};

/// How often [`eight`] does two rounds.
pub(super) const ROUNDS: usize = 10;

/// The eight blocks of eight nonces and numbers, given by their lower and upper words: block after
/// block, each in two parts. In each round something else is done as well.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn eight(
    key: &Words,
    nonces: [__m256i; 2],
    numbers: [__m256i; 2],
    mut beside: impl FnMut(usize),
) -> [__m256i; 16] {
    let all = |word: u32| _mm256_set1_epi32(word as i32);
    let start = [
        all(0x6170_7865),
        all(key[0]),
        all(key[1]),
        all(key[2]),
        all(key[3]),
        all(0x3320_646e),
        nonces[0],
        nonces[1],
        numbers[0],
        numbers[1],
        all(0x7962_2d32),
        all(key[4]),
        all(key[5]),
        all(key[6]),
        all(key[7]),
        all(0x6b20_6574),
    ];
    let mut x = start;
    for round in 0..ROUNDS {
        beside(round);
        two_rounds!(turn, x);
    }
    for (word, start) in x.iter_mut().zip(start) {
        *word = _mm256_add_epi32(*word, start);
    }
    let [a, b, c, d, e, f, g, h, rest @ ..] = x;
    let (first, second) = (turned([a, b, c, d, e, f, g, h]), turned(rest));
    let mut blocks = [_mm256_setzero_si256(); 16];
    for at in 0..AT_ONCE {
        (blocks[2 * at], blocks[2 * at + 1]) = (first[at], second[at]);
    }
    blocks
}

/// Eight words of each of eight blocks, from vectors of the same word of all.
#[inline]
#[target_feature(enable = "avx2")]
fn turned(x: [__m256i; 8]) -> [__m256i; 8] {
    let low = |a, b| _mm256_unpacklo_epi32(x[a], x[b]);
    let high = |a, b| _mm256_unpackhi_epi32(x[a], x[b]);
    // Words 0 and 1 of blocks 0, 1, 4 and 5, and so on.
    let two = [low(0, 1), high(0, 1), low(2, 3), high(2, 3)];
    let next = [low(4, 5), high(4, 5), low(6, 7), high(6, 7)];
    // Words 0 to 3, and 4 to 7, of blocks 0 and 4, 1 and 5, 2 and 6, 3 and 7.
    let four = |two: [__m256i; 4]| {
        [
            _mm256_unpacklo_epi64(two[0], two[2]),
            _mm256_unpackhi_epi64(two[0], two[2]),
            _mm256_unpacklo_epi64(two[1], two[3]),
            _mm256_unpackhi_epi64(two[1], two[3]),
        ]
    };
    let (near, far) = (four(two), four(next));
    let mut blocks = [_mm256_setzero_si256(); 8];
    for at in 0..4 {
        blocks[at] = _mm256_permute2x128_si256::<0x20>(near[at], far[at]);
        blocks[at + 4] = _mm256_permute2x128_si256::<0x31>(near[at], far[at]);
    }
    blocks
}
