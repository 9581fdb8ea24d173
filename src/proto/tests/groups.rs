//! Groups of every length, and what is no group.

use super::pair::*;
use crate::msg::flag::COMMAND;
use crate::proto::{Failure, ProtocolError};

/// A frame of any size.
fn frame(flags: u8, body: &[u8]) -> Vec<u8> {
    if body.len() < 256 {
        return short(flags, body);
    }
    let head = (body.len() as u64).to_be_bytes();
    [&[flags | 2], &head[..], body].concat()
}

/// JOIN or LEAVE of a group of so many octets.
fn order(name: &str, len: usize) -> Vec<u8> {
    let group = vec![b'g'; len];
    [&[name.len() as u8], name.as_bytes(), &group].concat()
}

#[test]
fn groups_that_are_joined_have_up_to_255_octets() {
    for name in ["JOIN", "LEAVE"] {
        for len in [0, 1, 15, 16, 254, 255, 256, 300, 70_000] {
            for size in [1, 100, 100_000] {
                let mut radio = End::open(config("RADIO"), "DISH");
                let (first, this) = (order("JOIN", 3), order(name, len));
                let wire = [frame(4, &first), frame(4, &this)].concat();
                let result = radio.feed_in(&wire, size);
                let mut seen = vec![(first, COMMAND)];
                if len > 255 {
                    let malformed = ProtocolError::MalformedCommandUnspecified;
                    assert_eq!(result, Err(Failure::Protocol(malformed)), "{name} {len}");
                } else {
                    assert_eq!(result, Ok(()), "{name} {len}");
                    seen.push((this, COMMAND));
                }
                assert_eq!(radio.parts(), seen, "{name} {len}");
            }
        }
        // A group is octets: none of them is an end.
        let mut radio = End::open(config("RADIO"), "DISH");
        let odd = [&[name.len() as u8], name.as_bytes(), b"\0\xff\0"].concat();
        radio.feed(&frame(4, &odd)).unwrap();
        assert_eq!(radio.parts(), [(odd, COMMAND)]);
        // In a message, whatever it looks like, nothing is joined.
        radio.feed(&frame(0, &order(name, 3))).unwrap();
        assert_eq!(radio.parts(), [(order(name, 3), 0)]);
    }
}

/// Bodies and flags.
type Parts = Vec<(Vec<u8>, u8)>;

/// What a DISH hears of these frames, each with its flags, and what becomes of it.
fn hears(frames: &[(u8, &[u8])]) -> (Parts, Result<(), Failure>) {
    let wire: Vec<u8> = (frames.iter())
        .flat_map(|(flags, body)| frame(*flags, body))
        .collect();
    let mut all: Vec<_> = [1, 7, 100_000]
        .map(|size| {
            let mut dish = End::open(config("DISH"), "RADIO");
            let result = dish.feed_in(&wire, size);
            (dish.parts(), result)
        })
        .into();
    all.dedup();
    assert_eq!(all.len(), 1, "it depends on the pieces");
    all.remove(0)
}

#[test]
fn a_dish_hears_groups_with_one_body_each() {
    let (longest, too_long) = ([b'g'; 255], [b'g'; 256]);
    let large = [7; 10_000];
    for group in [&b""[..], b"g", b"\0\xff", &longest] {
        for body in [&b""[..], b"body", &large] {
            let twice = [(1, group), (0, body)].repeat(2);
            let (parts, result) = hears(&twice);
            let once = [(group.to_vec(), 1), (body.to_vec(), 0)];
            let expected = [once.clone(), once].concat();
            assert!((parts, result) == (expected, Ok(())));
        }
    }
    let refused = Err(Failure::Protocol(ProtocolError::Unspecified));
    for wrong in [
        &[(0, &b"g"[..])][..],
        &[(0, b"")],
        &[(1, &too_long)],
        &[(1, b"g"), (1, b"body")],
        &[(1, b"g"), (1, b"body"), (0, b"more")],
    ] {
        let right = [(1, &b"g"[..]), (0, b"body")];
        let (parts, result) = hears(&[&right, wrong, &right].concat());
        assert_eq!(result, refused, "{wrong:?}");
        assert_eq!(parts[..2], [(b"g".to_vec(), 1), (b"body".to_vec(), 0)]);
        // Of what is wrong nothing comes through that would be a message.
        assert!(parts[2..].iter().all(|(_, flags)| *flags == 1), "{wrong:?}");
    }
    // A command between both is none of theirs.
    let (parts, result) = hears(&[(1, b"g"), (4, b"\x04PING\0\0"), (0, b"body")]);
    assert_eq!((parts.len(), result), (2, Ok(())));
}
