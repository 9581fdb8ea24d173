//! Boxes of every size against RustCrypto's Salsa20 and Poly1305, each way that a processor can go.

use poly1305::universal_hash::KeyInit;
use proptest::prelude::*;
use salsa20::cipher::{KeyIvInit, StreamCipher};

use super::tag::{Tag, Tagger};
use super::*;

const PREFIX: &[u8; 16] = b"sixteen octets !";

fn lanes(key: [u8; 32]) -> Vec<Lane> {
    let key = BoxKey::of(key);
    let mut lanes = vec![key.lane(PREFIX), key.lane_anywhere(PREFIX)];
    #[cfg(target_arch = "x86_64")]
    lanes.extend(
        salsa_avx2::Wide::detect_eight()
            .map(|wide| Lane::Wide(wide::Lane::on(wide, &key.0, PREFIX))),
    );
    lanes
}

/// What a box is.
fn expected(key: [u8; 32], nonce: u64, clear: &[u8]) -> (Tag, Vec<u8>) {
    let nonce = super::super::counted(PREFIX, nonce.to_be_bytes());
    let mut stream = salsa20::XSalsa20::new(&key.into(), &nonce.into());
    let (mut key, mut sealed) = ([0; 32], clear.to_vec());
    stream.apply_keystream(&mut key);
    stream.apply_keystream(&mut sealed);
    (reference(&key, &sealed), sealed)
}

fn reference(key: &[u8; 32], octets: &[u8]) -> Tag {
    poly1305::Poly1305::new(key.into())
        .compute_unpadded(octets)
        .into()
}

fn check(lane: &mut Lane, key: [u8; 32], nonce: u64, clear: &[u8]) {
    let (tag, sealed) = expected(key, nonce, clear);
    let mut octets = clear.to_vec();
    assert_eq!(lane.seal(nonce, &mut octets), tag, "{}", clear.len());
    assert_eq!(octets, sealed, "{}", clear.len());
    let mut wrong = tag;
    wrong[15] ^= 0x80;
    assert!(!lane.open(nonce, &mut octets, &wrong));
    assert_eq!(octets, sealed, "{}", clear.len());
    if let [first, rest @ ..] = clear {
        let (mut first, mut rest) = (*first, rest.to_vec());
        if let Some(apart) = lane.seal_apart(nonce, &mut first, &mut rest) {
            assert_eq!((apart, first), (tag, sealed[0]), "{}", clear.len());
            assert_eq!(rest, sealed[1..], "{}", clear.len());
        }
    }
    if let Some(last) = octets.last_mut() {
        *last ^= 1;
        let changed = octets.clone();
        assert!(!lane.open(nonce, &mut octets, &tag));
        assert_eq!(octets, changed, "{}", clear.len());
        octets.clone_from(&sealed);
    }
    assert!(lane.open(nonce, &mut octets, &tag));
    assert_eq!(octets, clear, "{}", clear.len());
}

#[test]
fn boxes_of_every_size_are_right() {
    let key = [0xA7; 32];
    for mut lane in lanes(key) {
        // Where passes of eight blocks end, behind the key of the tag and 480 octets.
        let edges = (2..6).flat_map(|pass| 512 * pass - 50..512 * pass - 30);
        // And of sixteen.
        let wider = (1..4).flat_map(|pass| 480 + 1024 * pass - 20..480 + 1024 * pass + 20);
        let edges = edges.chain(wider);
        let long = [4096, 4097, 32_769, 65_537];
        for len in (0..1250).chain(edges).chain(long) {
            let clear: Vec<u8> = (0..len).map(|at| (at * 7) as u8).collect();
            check(&mut lane, key, len as u64, &clear);
        }
    }
}

/// Octets and keys, with many that carries run through.
fn octets(len: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![
        Just(0),
        Just(0xFF),
        Just(0xFB),
        Just(0xFC),
        Just(1),
        any::<u8>()
    ];
    prop::collection::vec(octet, len)
}

proptest! {
    #[test]
    fn counters_may_jump(
        key: [u8; 32],
        start in prop_oneof![any::<u64>(), Just(0), Just(u64::MAX - 3), Just(u64::from(u32::MAX) - 2)],
        steps in prop::collection::vec((0..6_u64, prop_oneof![0..130_usize, 0..700_usize]), 1..8),
    ) {
        for mut lane in lanes(key) {
            let mut nonce = start;
            for &(step, len) in &steps {
                nonce = nonce.wrapping_add(step);
                check(&mut lane, key, nonce, &vec![0x5C; len]);
            }
        }
    }

    #[test]
    fn tags_are_those_of_another(key in octets(32), octets in octets(0..1500)) {
        let key: [u8; 32] = key.try_into().unwrap();
        let wanted = reference(&key, &octets);
        prop_assert_eq!(Tagger::new(&key).finish(&octets), wanted);
        let (mut tagger, mut rest) = (Tagger::new(&key), &octets[..]);
        #[cfg(target_arch = "x86_64")]
        if let Some(wide) = salsa_avx2::Wide::detect() {
            rest = wide.absorb(&mut tagger, rest);
        }
        prop_assert_eq!(tagger.finish(rest), wanted);
    }

    #[test]
    fn tags_of_the_same_octet_are_those_of_another(
        key in octets(32), octet: u8, len in 0..2000_usize,
    ) {
        let key: [u8; 32] = key.try_into().unwrap();
        let octets = vec![octet; len];
        let (mut tagger, mut rest) = (Tagger::new(&key), &octets[..]);
        #[cfg(target_arch = "x86_64")]
        if let Some(wide) = salsa_avx2::Wide::detect() {
            rest = wide.absorb(&mut tagger, rest);
        }
        prop_assert_eq!(tagger.finish(rest), reference(&key, &octets));
    }
}

/// RFC 8439, A.3, numbers 7 to 11: where the sum comes close to 2^130 - 5 or 2^128.
#[test]
fn tags_are_those_of_the_rfc() {
    let block = |first: u8, rest: u8| {
        let mut block = [rest; 16];
        block[0] = first;
        block
    };
    let full = [0xFF; 16];
    // What is multiplied with, what is added in the end, the octets, the first of the tag and all
    // others.
    let table = [
        (2, 0, full.to_vec(), block(3, 0)),
        (2, 0xFF, block(2, 0).to_vec(), block(3, 0)),
        (2, 0, block(0xFD, 0xFF).to_vec(), block(0xFA, 0xFF)),
        (
            1,
            0,
            [full, block(0xF0, 0xFF), block(0x11, 0)].concat(),
            block(5, 0),
        ),
        (1, 0, [full, block(0xFB, 0xFE), [1; 16]].concat(), [0; 16]),
    ];
    for (by, pad, octets, tag) in table {
        let mut key = [pad; 32];
        key[..16].copy_from_slice(&block(by, 0));
        assert_eq!(Tagger::new(&key).finish(&octets), tag, "{octets:?}");
    }
}
