//! A SOCKS5 proxy that says anything. How its words are cut makes no difference, and of what it says
//! once it has connected us nothing is taken.

#![no_main]

use ferrozmq_fuzz::Input;
use libfuzzer_sys::fuzz_target;
use zmq::msg::SendBuffer;
use zmq::proto::Login;
use zmq::proto::socks::{Destination, Refusal, Socks};

/// Hands the pieces in: what was said to the proxy, how much was taken, how it ended.
fn talk(kind: u8, pieces: &[&[u8]]) -> (Vec<u8>, usize, Result<bool, Refusal>) {
    let hosts = ["127.0.0.1", "::1", "example.org", "x"];
    let destination = Destination::new(hosts[usize::from(kind & 3)], 5555);
    let login = (kind & 4 != 0).then(|| Login {
        username: b"name".to_vec(),
        password: vec![b'p'; usize::from(kind)],
    });
    let mut out = SendBuffer::new();
    let mut socks = Socks::new(destination.expect("a good host"), login, &mut out);
    let mut taken = 0;
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() && !socks.is_over() {
            let room = socks.room();
            assert!(!room.is_empty(), "it waits for nothing");
            let count = room.len().min(rest.len());
            room[..count].copy_from_slice(&rest[..count]);
            if let Err(refusal) = socks.filled(count, &mut out) {
                return (out.drain(), taken, Err(refusal));
            }
            taken += count;
            rest = &rest[count..];
        }
    }
    assert_eq!(socks.is_over(), socks.room().is_empty());
    (out.drain(), taken, Ok(socks.is_over()))
}

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data) else {
        return;
    };
    let pieces = input.pieces();
    let one_by_one: Vec<&[u8]> = input.octets.chunks(1).collect();
    let (said, _, end) = talk(input.kind, &[input.octets]);
    for pieces in [pieces, one_by_one] {
        let (said_then, taken, end_then) = talk(input.kind, &pieces);
        assert_eq!((&said_then, end_then), (&said, end));
        if end == Ok(true) {
            let again = talk(input.kind, &[&input.octets[..taken]]);
            assert_eq!(again, (said_then, taken, Ok(true)));
        }
    }
});
