//! Heads and masks, by the examples of RFC 6455, 5.7 and at every limit.

use super::super::frame::{
    Header, MAX_CONTROL, Malformed, Mask, Opcode, header, put_control, put_header,
};
use super::frame_with;
use crate::msg::SendBuffer;

fn head(opcode: Opcode, size: usize, len: u64) -> Header {
    Header {
        is_final: true,
        opcode,
        mask: None,
        size,
        len,
    }
}

#[test]
fn the_examples_of_the_rfc_are_understood() {
    let mask = Mask::new([0x37, 0xFA, 0x21, 0x3D]);
    let cases: [(&[u8], Header); 7] = [
        (b"\x81\x05Hello", head(Opcode::Text, 2, 5)),
        (
            b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
            Header {
                mask: Some(mask),
                ..head(Opcode::Text, 6, 5)
            },
        ),
        (
            b"\x01\x03Hel",
            Header {
                is_final: false,
                ..head(Opcode::Text, 2, 3)
            },
        ),
        (b"\x80\x02lo", head(Opcode::Continuation, 2, 2)),
        (b"\x89\x05Hello", head(Opcode::Ping, 2, 5)),
        (b"\x82\x7E\x01\x00", head(Opcode::Binary, 4, 256)),
        (
            b"\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00",
            head(Opcode::Binary, 10, 65536),
        ),
    ];
    for (octets, expected) in cases {
        assert_eq!(header(octets), Ok(Some(expected)), "{octets:?}");
        for cut in 0..expected.size {
            assert_eq!(header(&octets[..cut]), Ok(None), "{octets:?} up to {cut}");
        }
    }
    let mut hello = *b"\x7f\x9f\x4d\x51\x58";
    { mask }.apply(&mut hello);
    assert_eq!(&hello, b"Hello");
}

#[test]
fn what_is_no_frame_is_refused() {
    let cases: [&[u8]; 9] = [
        b"\xC2",                                     // reserved bits
        b"\xA2",                                     //
        b"\x92",                                     //
        b"\x83",                                     // opcodes that nobody defined
        b"\x8B",                                     //
        b"\x09\x00",                                 // a ping in pieces
        b"\x88\x7E",                                 // a long goodbye
        b"\x8A\xFF",                                 // a long pong
        b"\x82\x7F\x80\x00\x00\x00\x00\x00\x00\x00", // a negative length
    ];
    for octets in cases {
        assert_eq!(header(octets), Err(Malformed), "{octets:?}");
    }
    // A length in more octets than it needs is one all the same.
    let long = header(b"\x82\x7F\0\0\0\0\0\0\0\x01");
    assert_eq!(long, Ok(Some(head(Opcode::Binary, 10, 1))));
}

#[test]
fn what_is_written_is_read() {
    for len in [0, 1, 125, 126, 127, 255, 256, 65535, 65536, 1 << 40] {
        for mask in [None, Some(Mask::new([1, 2, 3, 4]))] {
            let mut out = SendBuffer::new();
            put_header(Opcode::Binary, len, mask, &mut out);
            let wire = out.drain();
            let expected = Header {
                mask,
                ..head(Opcode::Binary, wire.len(), len as u64)
            };
            assert_eq!(header(&wire), Ok(Some(expected)));
        }
    }
    let mut out = SendBuffer::new();
    put_control(Opcode::Pong, &[7; 200], Some(Mask::new([7; 4])), &mut out);
    let expected = [b"\x8A\xFD\x07\x07\x07\x07".as_slice(), &[0; MAX_CONTROL]].concat();
    assert_eq!(out.drain(), expected);
}

#[test]
fn a_mask_does_not_care_for_cuts() {
    let clear: Vec<u8> = (0..67).collect();
    let mask = [0xA1, 0x02, 0xF3, 0x54];
    let whole: Vec<u8> = (clear.iter().zip(mask.iter().cycle()))
        .map(|(octet, mask)| octet ^ mask)
        .collect();
    for size in 1..=clear.len() {
        let (mut pieces, mut mask) = (clear.clone(), Mask::new(mask));
        pieces.chunks_mut(size).for_each(|piece| mask.apply(piece));
        assert_eq!(pieces, whole, "in pieces of {size}");
    }
    assert_eq!(frame_with(0x82, &clear, Some(mask))[6..], whole);
}
