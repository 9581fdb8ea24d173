//! Boxes against the vectors of NaCl, and a conversation with fixed keys against libsodium.

use super::keys::{Key, SecretKey};
use super::secretbox::BoxKey;
use super::*;
use crate::msg::{Msg, SendBuffer, flag};
use crate::proto::ProtocolError;

/// Octets from text, in which white space counts nothing.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|two| (two[0] << 4 | two[1]) as u8)
        .collect()
}

fn key(text: &str) -> Key {
    hex(text).try_into().unwrap()
}

// "Cryptography in NaCl" (Bernstein, 2009), sections 2, 8 to 10.
const ALICE: &str = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
const BOB_PUBLIC: &str = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
const NONCE: &str = "69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37";
const CLEAR: &str = "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d4 \
     5e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a \
     024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705";
const SEALED: &str = "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c5 \
     31a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8a \
     b932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622 \
     a43d14a6599b1f654cb45a74e355a5";

#[test]
fn boxes_are_those_of_nacl() {
    let alice = SecretKey::new(key(ALICE));
    let shared = BoxKey::between(&alice, &key(BOB_PUBLIC)).unwrap();
    let nonce: Nonce = hex(NONCE).try_into().unwrap();
    let (clear, sealed) = (hex(CLEAR), hex(SEALED));
    assert_eq!(shared.seal(&nonce, &[&clear]), sealed);
    assert_eq!(
        shared.seal(&nonce, &[&clear[..7], b"", &clear[7..]]),
        sealed
    );
    assert_eq!(**shared.open(&nonce, &sealed).unwrap(), clear);
    let public = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
    assert_eq!(alice.public(), key(public));
}

#[test]
fn a_box_that_was_touched_does_not_open() {
    let shared = BoxKey::between(&SecretKey::new(key(ALICE)), &key(BOB_PUBLIC)).unwrap();
    let nonce: Nonce = hex(NONCE).try_into().unwrap();
    let sealed = hex(SEALED);
    for at in 0..sealed.len() {
        let mut touched = sealed.clone();
        touched[at] ^= 1 << (at % 8);
        assert!(shared.open(&nonce, &touched).is_none(), "octet {at}");
    }
    for len in 0..sealed.len() {
        assert!(
            shared.open(&nonce, &sealed[..len]).is_none(),
            "{len} octets"
        );
    }
    for at in 0..24 {
        let mut other = nonce;
        other[at] ^= 0x80;
        assert!(shared.open(&other, &sealed).is_none(), "nonce {at}");
    }
}

#[test]
fn keys_of_low_order_are_none() {
    // All u-coordinates of small order (RFC 7748, 6.1; cr.yp.to/ecdh.html), and their doubles.
    let points = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let secret = SecretKey::random().unwrap();
    for point in points {
        assert!(BoxKey::between(&secret, &key(point)).is_none(), "{point}");
    }
}

#[test]
fn secrets_are_in_no_text() {
    let secret = SecretKey::new([0x5A; 32]);
    let keys = ClientKeys {
        secret: secret.clone(),
        public: secret.public(),
        server: [1; 32],
    };
    assert!(!format!("{secret:?} {keys:?}").contains("90, 90"));
    assert!(secret.is(&[0x5A; 32]) && !secret.is(&[0x5A; 31]) && !secret.is(&[0; 32]));
}

// What libsodium makes of the secret keys 01 01 … (S), 02 02 … (C') and 03 03 … (S').
const HELLO_BOX: &str = "331fb6d435f33411de5cd78cde6c76ee4d9b8c004f1bfb5cc0c9f48cae0b9e30750a3ee2560639ed2043 \
     5c9e5c5260e2065139dad12d2aeae231b0e4f8eb3a667d4c9c903c6a03bff9a313576fcc6b62";
const CLIENT_TEXT: &[u8] =
    b"The quick brown fox jumps over the lazy dog, twice and again: fox, dog.";
const CLIENT_BOX: &str = "6f72a2753d991de0a11bf66dadf4134ab243609db271928fd80a0de5d422cd2702b09f4d0bdd89f07409 \
     6b9749dcc13800366a331a8afb2f06e01bcc0e77ecf61fd0f657ed487bddc46f1b008a2f72b0ace2637ec2e5e448";
const SUBSCRIBE_BOX: &str = "2eafa8a762569e8f5f21e8dd48adc40cb2c238016726e82f4a7537bfcbc9a6c2";
const SERVER_BOX: &str = "5c97f3c29b82ab171b30ab5473dc89b175b695d3";

fn fixed(octet: u8) -> SecretKey {
    SecretKey::new([octet; 32])
}

#[test]
fn hello_is_the_one_that_libsodium_makes() {
    let keys = ClientKeys {
        secret: fixed(9),
        public: fixed(9).public(),
        server: fixed(1).public(),
    };
    let mut out = SendBuffer::new();
    assert!(Client::hello(&keys, fixed(2), &mut out).is_ok());
    let mut expected = b"\x04\xC8\x05HELLO\x01\x00".to_vec();
    expected.extend([0; 72]);
    expected.extend(fixed(2).public());
    expected.extend(1_u64.to_be_bytes());
    expected.extend(hex(HELLO_BOX));
    assert_eq!(out.drain(), expected);
}

/// The frame of a box.
fn frame(count: u64, sealed: &str) -> Vec<u8> {
    let sealed = hex(sealed);
    let mut frame = vec![0, 16 + sealed.len() as u8];
    frame.extend(b"\x07MESSAGE");
    frame.extend(count.to_be_bytes());
    frame.extend(sealed);
    frame
}

#[test]
fn messages_are_those_that_libsodium_makes() {
    let of_client = BoxKey::between(&fixed(2), &fixed(3).public()).unwrap();
    let of_server = BoxKey::between(&fixed(3), &fixed(2).public()).unwrap();
    let mut client = Traffic::of_client(&of_client, 1);
    let mut server = Traffic::of_server(&of_server, 2);
    let mut out = SendBuffer::new();
    let mut part = Msg::from_slice(CLIENT_TEXT).unwrap();
    part.set(flag::MORE);
    client.seal_part(part, &mut out).unwrap();
    let mut said = out.drain();
    assert_eq!(said, frame(3, CLIENT_BOX));
    assert_eq!(server.open(&mut said[2..]), Ok(flag::MORE));
    assert_eq!(&said[2 + Traffic::OVERHEAD..], CLIENT_TEXT);

    client.seal_command(&[b"\x09SUBSCRIBE", b"topic"], &mut out);
    let mut said = out.drain();
    assert_eq!(said, frame(4, SUBSCRIBE_BOX));
    assert_eq!(
        server.open(&mut said[2..]),
        Ok(crate::proto::frame::COMMAND)
    );

    server
        .seal_part(Msg::from_slice(b"The").unwrap(), &mut out)
        .unwrap();
    let mut said = out.drain();
    assert_eq!(said, frame(2, SERVER_BOX));
    assert_eq!(client.open(&mut said[2..]), Ok(0));
    assert_eq!(&said[2 + Traffic::OVERHEAD..], b"The");
}

/// CVE-2014-7203.
#[test]
fn counters_only_grow_and_only_with_boxes_that_open() {
    let of_client = BoxKey::between(&fixed(2), &fixed(3).public()).unwrap();
    let of_server = BoxKey::between(&fixed(3), &fixed(2).public()).unwrap();
    let ends = [
        (
            Traffic::of_client(&of_client, 1),
            Traffic::of_server(&of_server, 2),
        ),
        (
            Traffic::of_server(&of_server, 2),
            Traffic::of_client(&of_client, 1),
        ),
    ];
    for (mut from, mut to) in ends {
        let mut boxes = Vec::new();
        for number in 0..6_u8 {
            let mut out = SendBuffer::new();
            from.seal_part(Msg::from_slice(&[number]).unwrap(), &mut out)
                .unwrap();
            boxes.push(out.drain()[2..].to_vec());
        }
        let mut open = |octets: &[u8]| to.open(&mut octets.to_vec());
        assert_eq!(open(&boxes[1]), Ok(0));
        assert_eq!(
            open(&boxes[1]),
            Err(ProtocolError::InvalidSequence),
            "equal"
        );
        assert_eq!(
            open(&boxes[0]),
            Err(ProtocolError::InvalidSequence),
            "lower"
        );
        // One that promises much and does not open must not lock the others out.
        let mut forged = boxes[2].clone();
        forged[8..16].fill(0xFF);
        assert_eq!(open(&forged), Err(ProtocolError::Cryptographic));
        assert_eq!(open(&boxes[4]), Ok(0), "a gap is none of our business");
        assert_eq!(open(&boxes[3]), Err(ProtocolError::InvalidSequence));
        assert_eq!(open(&boxes[5]), Ok(0));
        let wrong = [
            (&b""[..], ProtocolError::UnexpectedCommand),
            (b"\x07MESSAG", ProtocolError::UnexpectedCommand),
            (
                b"\x07MESSAGF.......................................",
                ProtocolError::UnexpectedCommand,
            ),
            (b"\x07MESSAGE", ProtocolError::MalformedCommandMessage),
            (&boxes[5][..32], ProtocolError::MalformedCommandMessage),
        ];
        for (octets, error) in wrong {
            assert_eq!(open(octets), Err(error));
        }
    }
}
