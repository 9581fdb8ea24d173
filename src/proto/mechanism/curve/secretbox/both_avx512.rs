//! Salsa20, sixteen blocks at a time, and Poly1305 in one loop, for processors with AVX-512.
//!
//! As `both_avx2.rs` does it, with vectors that are twice as wide and turn in one step. What is less
//! than a pass is left to that.
//!
//! Invariant: that of `salsa_avx2.rs` and of `both_avx2.rs`. Who holds a [`Sixteen`] runs on such a
//! processor.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::salsa_avx2::{AT_ONCE, ROUNDS, Words, quarter, two_rounds, words};
use super::tag::Tagger;

/// Shows that there is AVX-512, on a processor that does not slow down for it.
#[derive(Clone, Copy)]
pub(super) struct Sixteen(());

/// What a pass makes a stream for: how many blocks, and how many octets.
const BLOCKS: usize = 16;
const LEN: usize = BLOCKS * 64;
type Piece = [u8; LEN];

/// How much of a piece the tag takes in during one round, in blocks of 16 octets.
const EACH: usize = 6;
const _: () = assert!(EACH * ROUNDS <= LEN / 16);

impl Sixteen {
    /// `None` on a processor without, or on one of the first that had it.
    #[inline]
    pub(super) fn detect() -> Option<Sixteen> {
        let is_there =
            is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma");
        is_there.then_some(Sixteen(()))
    }

    /// Adds to octets the stream of a nonce, behind its first eight blocks. What is left, and the
    /// number of the block that it begins with.
    pub(super) fn add_more<'a>(
        self,
        key: &Words,
        nonce: u64,
        octets: &'a mut [u8],
    ) -> (&'a mut [u8], u64) {
        // SAFETY: there is AVX-512.
        unsafe { add_more(key, nonce, octets) }
    }

    /// The same, and the tag takes in what was sealed.
    #[inline]
    pub(super) fn seal_more<'a>(
        self,
        key: &Words,
        nonce: u64,
        tagger: &mut Tagger,
        octets: &'a mut [u8],
    ) -> (&'a mut [u8], u64) {
        // SAFETY: there is AVX-512.
        unsafe { seal_more(key, nonce, tagger, octets) }
    }

    /// The same, and the tag takes in what was opened.
    #[inline]
    pub(super) fn open_more<'a>(
        self,
        key: &Words,
        nonce: u64,
        tagger: &mut Tagger,
        octets: &'a mut [u8],
    ) -> (&'a mut [u8], u64) {
        // SAFETY: there is AVX-512.
        unsafe { open_more(key, nonce, tagger, octets) }
    }
}

#[target_feature(enable = "avx512f")]
fn add_more<'a>(key: &Words, nonce: u64, octets: &'a mut [u8]) -> (&'a mut [u8], u64) {
    let mut stream = Stream::of(key, nonce);
    let (whole, rest) = octets.as_chunks_mut();
    for piece in whole {
        add_piece(piece, stream.next(|_| ()));
    }
    (rest, stream.number)
}

#[target_feature(enable = "avx512f")]
fn seal_more<'a>(
    key: &Words,
    nonce: u64,
    tagger: &mut Tagger,
    octets: &'a mut [u8],
) -> (&'a mut [u8], u64) {
    let mut stream = Stream::of(key, nonce);
    let (whole, rest) = octets.as_chunks_mut();
    let mut before: Option<&Piece> = None;
    for piece in whole {
        add_piece(
            piece,
            match before {
                Some(before) => stream.next_beside(tagger, before),
                None => stream.next(|_| ()),
            },
        );
        before = Some(piece);
    }
    if let Some(before) = before {
        tagger.blocks(before);
    }
    (rest, stream.number)
}

#[target_feature(enable = "avx512f")]
fn open_more<'a>(
    key: &Words,
    nonce: u64,
    tagger: &mut Tagger,
    octets: &'a mut [u8],
) -> (&'a mut [u8], u64) {
    let mut stream = Stream::of(key, nonce);
    let (whole, rest) = octets.as_chunks_mut();
    for piece in whole {
        let blocks = stream.next_beside(tagger, piece);
        add_piece(piece, blocks);
    }
    (rest, stream.number)
}

/// Adds sixteen blocks to as many octets.
#[inline]
#[target_feature(enable = "avx512f")]
fn add_piece(piece: &mut Piece, blocks: [__m512i; BLOCKS]) {
    for (part, block) in piece.as_chunks_mut::<64>().0.iter_mut().zip(blocks) {
        let at = part.as_mut_ptr().cast::<__m512i>();
        // SAFETY: the part has 64 octets, and these need no alignment.
        unsafe { _mm512_storeu_si512(at, _mm512_xor_si512(_mm512_loadu_si512(at), block)) };
    }
}

/// The stream of a nonce behind its first eight blocks.
struct Stream<'a> {
    key: &'a Words,
    nonce: [u32; 2],
    number: u64,
}

macro_rules! turn {
    ($x:ident[$to:literal] ^= $a:literal + $b:literal, $by:literal) => {
        let sum = _mm512_add_epi32($x[$a], $x[$b]);
        $x[$to] = _mm512_xor_si512($x[$to], _mm512_rol_epi32::<$by>(sum));
    };
}

impl Stream<'_> {
    fn of(key: &Words, nonce: u64) -> Stream<'_> {
        let (nonce, number) = (words(nonce), AT_ONCE as u64);
        Stream { key, nonce, number }
    }

    /// The next sixteen blocks. In each round something else is done as well.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn next(&mut self, mut beside: impl FnMut(usize)) -> [__m512i; BLOCKS] {
        let all = |word: u32| _mm512_set1_epi32(word as i32);
        let (key, numbers) = (self.key, numbers(self.number));
        self.number += BLOCKS as u64;
        let start = [
            all(0x6170_7865),
            all(key[0]),
            all(key[1]),
            all(key[2]),
            all(key[3]),
            all(0x3320_646e),
            all(self.nonce[0]),
            all(self.nonce[1]),
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
            *word = _mm512_add_epi32(*word, start);
        }
        turned(x)
    }

    /// The next sixteen blocks, while a tag takes in sealed octets.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn next_beside(&mut self, tagger: &mut Tagger, sealed: &Piece) -> [__m512i; BLOCKS] {
        let (blocks, _) = sealed.as_chunks::<16>();
        let stream = self.next(|round| {
            for block in &blocks[EACH * round..EACH * (round + 1)] {
                tagger.block(block);
            }
        });
        tagger.blocks(&sealed[16 * EACH * ROUNDS..]);
        stream
    }
}

/// The numbers of sixteen blocks from this one on: their lower halves and their upper ones.
#[inline]
#[target_feature(enable = "avx512f")]
fn numbers(from: u64) -> [__m512i; 2] {
    let (mut low, mut high) = ([0_u32; BLOCKS], [0_u32; BLOCKS]);
    for lane in 0..BLOCKS {
        let number = from.wrapping_add(lane as u64);
        (low[lane], high[lane]) = (number as u32, (number >> 32) as u32);
    }
    // SAFETY: sixteen words are 64 octets, and these need no alignment.
    [low, high].map(|words| unsafe { _mm512_loadu_si512(words.as_ptr().cast()) })
}

/// Block after block, from vectors of the same word of all.
#[inline]
#[target_feature(enable = "avx512f")]
fn turned(x: [__m512i; BLOCKS]) -> [__m512i; BLOCKS] {
    // Four words each, from 4 * group on, of blocks 0, 4, 8 and 12, of 1, 5, 9 and 13, and so on.
    let four = |group: usize| {
        let [a, b, c, d] = [x[group], x[group + 1], x[group + 2], x[group + 3]];
        let low = [_mm512_unpacklo_epi32(a, b), _mm512_unpacklo_epi32(c, d)];
        let high = [_mm512_unpackhi_epi32(a, b), _mm512_unpackhi_epi32(c, d)];
        [
            _mm512_unpacklo_epi64(low[0], low[1]),
            _mm512_unpackhi_epi64(low[0], low[1]),
            _mm512_unpacklo_epi64(high[0], high[1]),
            _mm512_unpackhi_epi64(high[0], high[1]),
        ]
    };
    let parts = [four(0), four(4), four(8), four(12)];
    let mut blocks = [_mm512_setzero_si512(); BLOCKS];
    for at in 0..4 {
        // Of two parts the blocks 0 and 8, or 4 and 12, counted from here.
        let even = |a: usize| _mm512_shuffle_i32x4::<0x88>(parts[a][at], parts[a + 1][at]);
        let odd = |a: usize| _mm512_shuffle_i32x4::<0xDD>(parts[a][at], parts[a + 1][at]);
        blocks[at] = _mm512_shuffle_i32x4::<0x88>(even(0), even(2));
        blocks[at + 4] = _mm512_shuffle_i32x4::<0x88>(odd(0), odd(2));
        blocks[at + 8] = _mm512_shuffle_i32x4::<0xDD>(even(0), even(2));
        blocks[at + 12] = _mm512_shuffle_i32x4::<0xDD>(odd(0), odd(2));
    }
    blocks
}
