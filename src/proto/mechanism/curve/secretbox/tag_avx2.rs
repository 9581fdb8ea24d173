//! Poly1305, four blocks at a time, for processors with AVX2.
//!
//! A number is in five limbs of 26 bits; a vector holds the same limb of four numbers. The first
//! takes in the blocks 0, 4, 8 and so on, the second 1, 5, 9: each multiplies by the fourth power,
//! and in the end by the power that its last block is away from the end.
//!
//! Invariant: a limb that is multiplied is below 2^28, one that it is multiplied with below 2^29, so
//! that five products are below 2^60.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::salsa_avx2::Wide;
use super::tag::{Sum, Tagger};

/// Below so many octets it is not worth the powers.
pub(super) const FROM: usize = 320;

/// A limb.
const LIMB: u64 = (1 << 26) - 1;

impl Wide {
    /// Takes in whole portions of 64 octets of what is given, if they are many: the rest.
    #[inline]
    pub(super) fn absorb<'a>(self, tagger: &mut Tagger, octets: &'a [u8]) -> &'a [u8] {
        let (portions, rest) = octets.as_chunks::<64>();
        if octets.len() < FROM {
            return octets;
        }
        let powers = tagger.powers().map(limbs);
        // SAFETY: there is AVX2.
        let sums = unsafe { absorb(powers, limbs(tagger.sum), portions) };
        tagger.sum = joined(sums);
        rest
    }
}

/// The limbs of a number; the last may have a bit more.
fn limbs([a, b, c]: Sum) -> [u64; 5] {
    [
        a & LIMB,
        a >> 26 & LIMB,
        (a >> 52 | b << 12) & LIMB,
        b >> 14 & LIMB,
        b >> 40 | c << 24,
    ]
}

/// The number of limbs that may be up to 2^62, nearly reduced.
fn joined(mut limbs: [u64; 5]) -> Sum {
    for _ in 0..2 {
        for at in 0..4 {
            limbs[at + 1] += limbs[at] >> 26;
            limbs[at] &= LIMB;
        }
        limbs[0] += (limbs[4] >> 26) * 5;
        limbs[4] &= LIMB;
    }
    let [a, b, c, d, e] = limbs.map(u128::from);
    // The first limb may have one bit more than a limb has.
    let low = a + (b << 26) + (c << 52) + (d << 78);
    let (low, carry) = low.overflowing_add(e << 104);
    [
        low as u64,
        (low >> 64) as u64,
        (e >> 24) as u64 + u64::from(carry),
    ]
}

/// The same limb of four numbers, for each limb.
type Four = [__m256i; 5];

/// What a number is multiplied with: its limbs, and five times these.
struct Factor {
    limbs: Four,
    fives: Four,
}

#[inline]
#[target_feature(enable = "avx2")]
fn factor(limbs: Four) -> Factor {
    let fives = limbs.map(|limb| _mm256_add_epi64(limb, _mm256_slli_epi64::<2>(limb)));
    Factor { limbs, fives }
}

/// The sum, in limbs of up to 2^29, of what was before and of all portions.
#[target_feature(enable = "avx2")]
fn absorb(powers: [[u64; 5]; 4], before: [u64; 5], portions: &[[u8; 64]]) -> [u64; 5] {
    let [first, second, third, fourth] = powers;
    let each = |at: usize| _mm256_set1_epi64x(fourth[at] as i64);
    let all = factor([each(0), each(1), each(2), each(3), each(4)]);
    let one = |at: usize| _mm256_setr_epi64x(before[at] as i64, 0, 0, 0);
    let mut sums = [one(0), one(1), one(2), one(3), one(4)];
    let mut portions = portions.iter();
    if let Some(portion) = portions.next() {
        sums = plus(sums, portion);
    }
    for portion in portions {
        sums = plus(times(sums, &all), portion);
    }
    // In the order of `plus`.
    let last = |at: usize| {
        let [a, b, c, d] = [fourth, second, third, first].map(|power| power[at] as i64);
        _mm256_setr_epi64x(a, b, c, d)
    };
    let last = factor([last(0), last(1), last(2), last(3), last(4)]);
    times(sums, &last).map(|limb| {
        let two = _mm_add_epi64(
            _mm256_castsi256_si128(limb),
            _mm256_extracti128_si256::<1>(limb),
        );
        (_mm_cvtsi128_si64(two) + _mm_extract_epi64::<1>(two)) as u64
    })
}

/// Adds four blocks: to the first number block 0, to the second 2, to the third 1, to the fourth 3.
#[inline]
#[target_feature(enable = "avx2")]
fn plus(sums: Four, portion: &[u8; 64]) -> Four {
    let at = portion.as_ptr().cast::<__m256i>();
    // SAFETY: twice 32 octets, and these need no alignment.
    let (near, far) = unsafe { (_mm256_loadu_si256(at), _mm256_loadu_si256(at.add(1))) };
    let low = _mm256_unpacklo_epi64(near, far);
    let high = _mm256_unpackhi_epi64(near, far);
    let mask = _mm256_set1_epi64x(LIMB as i64);
    let limb = |word| _mm256_and_si256(word, mask);
    let middle = _mm256_or_si256(_mm256_srli_epi64::<52>(low), _mm256_slli_epi64::<12>(high));
    // A whole block counts 2^128 more.
    let beyond = _mm256_set1_epi64x(1 << 24);
    let blocks = [
        limb(low),
        limb(_mm256_srli_epi64::<26>(low)),
        limb(middle),
        limb(_mm256_srli_epi64::<14>(high)),
        _mm256_or_si256(_mm256_srli_epi64::<40>(high), beyond),
    ];
    let mut sums = sums;
    for (sum, block) in sums.iter_mut().zip(blocks) {
        *sum = _mm256_add_epi64(*sum, block);
    }
    sums
}

/// The products of four numbers and a factor, with limbs of little more than 26 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn times(sums: Four, by: &Factor) -> Four {
    let mut products = [_mm256_setzero_si256(); 5];
    for (at, product) in products.iter_mut().enumerate() {
        let mut sum = _mm256_setzero_si256();
        for (from, &limb) in sums.iter().enumerate() {
            let with = if from <= at {
                by.limbs[at - from]
            } else {
                by.fives[at + 5 - from]
            };
            sum = _mm256_add_epi64(sum, _mm256_mul_epu32(limb, with));
        }
        *product = sum;
    }
    let [mut a, mut b, mut c, mut d, mut e] = products;
    let mask = _mm256_set1_epi64x(LIMB as i64);
    let over = |limb| _mm256_srli_epi64::<26>(limb);
    let rest = |limb| _mm256_and_si256(limb, mask);
    // Two chains side by side.
    (b, a) = (_mm256_add_epi64(b, over(a)), rest(a));
    (e, d) = (_mm256_add_epi64(e, over(d)), rest(d));
    (c, b) = (_mm256_add_epi64(c, over(b)), rest(b));
    let round = over(e);
    let five = _mm256_add_epi64(round, _mm256_slli_epi64::<2>(round));
    (a, e) = (_mm256_add_epi64(a, five), rest(e));
    (d, c) = (_mm256_add_epi64(d, over(c)), rest(c));
    (b, a) = (_mm256_add_epi64(b, over(a)), rest(a));
    (e, d) = (_mm256_add_epi64(e, over(d)), rest(d));
    [a, b, c, d, e]
}
