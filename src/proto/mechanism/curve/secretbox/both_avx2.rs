//! Salsa20 and Poly1305 in one loop, for processors with AVX2.
//!
//! The stream is made in vectors and the tag in whole numbers, so that the two leave each other most
//! of the processor: while eight blocks of stream are made, as many octets are taken into the tag.
//!
//! Invariant: the tag takes in sealed octets only, each once: when sealing, what the pass before has
//! sealed; when opening, what is opened at the end of the same pass.

#![allow(unsafe_code)]

use std::arch::x86_64::__m256i;

use super::salsa_avx2::{
    AT_ONCE, Blocks, LEN, ROUNDS, Wide, Words, add_piece, eight, numbers, put, same,
};
use super::tag::{Tag, Tagger};
use super::wide::add;

/// What a pass makes a stream for.
type Piece = [u8; LEN];

/// The number of the first block that is made here.
const FIRST: u64 = AT_ONCE as u64;

/// How much of a piece the tag takes in during one round, in blocks of 16 octets.
const EACH: usize = 3;
const _: () = assert!(EACH * ROUNDS <= LEN / 16);

impl Wide {
    /// Adds to octets the stream of a nonce, behind its first eight blocks.
    pub(super) fn add_more(self, key: &Words, nonce: u64, octets: &mut [u8]) {
        let (octets, number) = match self.sixteen {
            Some(sixteen) => sixteen.add_more(key, nonce, octets),
            None => (octets, FIRST),
        };
        // SAFETY: there is AVX2.
        unsafe { add_more(Stream::of(key, nonce, number), octets) }
    }

    /// Seals octets by the stream of a nonce, behind its first eight blocks. The tag takes in
    /// all of them but for the last ones, which are returned.
    #[inline]
    pub(super) fn seal_more<'a>(
        self,
        key: &Words,
        nonce: u64,
        tagger: &mut Tagger,
        octets: &'a mut [u8],
    ) -> &'a [u8] {
        let (octets, number) = match self.sixteen {
            Some(sixteen) => sixteen.seal_more(key, nonce, tagger, octets),
            None => (octets, FIRST),
        };
        // SAFETY: there is AVX2.
        unsafe { seal_more(Stream::of(key, nonce, number), tagger, octets) }
    }

    /// Opens octets by the stream of a nonce, behind its first eight blocks: the tag of what they were.
    #[inline]
    pub(super) fn open_more(
        self,
        key: &Words,
        nonce: u64,
        mut tagger: Tagger,
        octets: &mut [u8],
    ) -> Tag {
        let (octets, number) = match self.sixteen {
            Some(sixteen) => sixteen.open_more(key, nonce, &mut tagger, octets),
            None => (octets, FIRST),
        };
        // SAFETY: there is AVX2.
        unsafe { open_more(Stream::of(key, nonce, number), tagger, octets) }
    }
}

#[target_feature(enable = "avx2")]
fn add_more(mut stream: Stream<'_>, octets: &mut [u8]) {
    let (whole, rest) = octets.as_chunks_mut();
    for piece in whole {
        add_piece(piece, stream.next());
    }
    stream.add_last(rest);
}

#[target_feature(enable = "avx2")]
fn seal_more<'a>(mut stream: Stream<'_>, tagger: &mut Tagger, octets: &'a mut [u8]) -> &'a [u8] {
    let (whole, rest) = octets.as_chunks_mut();
    let mut before: Option<&Piece> = None;
    for piece in whole {
        add_piece(
            piece,
            match before {
                Some(before) => stream.next_beside(tagger, before),
                None => stream.next(),
            },
        );
        before = Some(piece);
    }
    let Some(before) = before else {
        stream.add_last(rest);
        return rest;
    };
    if rest.is_empty() {
        tagger.blocks(before);
    } else {
        let mut blocks = Blocks::new();
        put(stream.next_beside(tagger, before), &mut blocks);
        add(rest, blocks.octets());
    }
    rest
}

#[target_feature(enable = "avx2")]
fn open_more(mut stream: Stream<'_>, mut tagger: Tagger, octets: &mut [u8]) -> Tag {
    let (whole, rest) = octets.as_chunks_mut();
    for piece in whole {
        let blocks = stream.next_beside(&mut tagger, piece);
        add_piece(piece, blocks);
    }
    let tag = tagger.finish(rest);
    stream.add_last(rest);
    tag
}

/// The stream of a nonce from one of its blocks on.
struct Stream<'a> {
    key: &'a Words,
    nonces: [__m256i; 2],
    number: u64,
}

impl Stream<'_> {
    #[target_feature(enable = "avx2")]
    fn of(key: &Words, nonce: u64, number: u64) -> Stream<'_> {
        Stream {
            key,
            nonces: same(nonce),
            number,
        }
    }

    /// The numbers of the next eight blocks.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn numbers(&mut self) -> [__m256i; 2] {
        let from = self.number;
        self.number += AT_ONCE as u64;
        numbers(from)
    }

    #[target_feature(enable = "avx2")]
    fn next(&mut self) -> [__m256i; 16] {
        let numbers = self.numbers();
        eight(self.key, self.nonces, numbers, |_| ())
    }

    /// The next eight blocks, while a tag takes in sealed octets.
    #[target_feature(enable = "avx2")]
    fn next_beside(&mut self, tagger: &mut Tagger, sealed: &Piece) -> [__m256i; 16] {
        let (blocks, _) = sealed.as_chunks::<16>();
        let numbers = self.numbers();
        let stream = eight(self.key, self.nonces, numbers, |round| {
            tagger.block(&blocks[EACH * round]);
            tagger.block(&blocks[EACH * round + 1]);
            tagger.block(&blocks[EACH * round + 2]);
        });
        tagger.blocks(&sealed[16 * EACH * ROUNDS..]);
        stream
    }

    /// Adds the next blocks to no more octets than they have.
    #[target_feature(enable = "avx2")]
    fn add_last(&mut self, octets: &mut [u8]) {
        if !octets.is_empty() {
            let mut blocks = Blocks::new();
            put(self.next(), &mut blocks);
            add(octets, blocks.octets());
        }
    }
}
