//! A peer that upgrades well, perhaps greets well, and then says anything. What came out is sent once
//! more, by an end of our own on the peer's side, and has to come out again.

#![no_main]

use std::time::Instant;

use ferrozmq_fuzz::web::{End, message};
use ferrozmq_fuzz::{Input, config, peer_of};
use libfuzzer_sys::fuzz_target;
use zmq::proto::Config;

fuzz_target!(|data: &[u8]| {
    let Some((&how, data)) = data.split_first() else {
        return;
    };
    let Some(input) = Input::new(data) else {
        return;
    };
    let (is_client, greets, bare) = (how & 1 != 0, how & 2 != 0, how & 4 != 0);
    let ours = Config {
        legacy_allowed: true,
        ..config(input.kind)
    };
    let theirs = Config {
        socket_type: peer_of(input.kind),
        peers: &["XPUB", "ROUTER", "PULL", "RADIO", "DISH"],
        ..ours.clone()
    };
    let now = Instant::now();
    let hello = |of: &Config, masked| match bare {
        true => message(b"\x00fuzz", masked),
        false => {
            let kind = of.socket_type.as_bytes();
            let len = [0, 0, 0, kind.len() as u8];
            let ready = [b"\x02\x05READY\x0bSocket-Type", &len[..], kind].concat();
            message(&ready, masked)
        }
    };
    let start = || {
        let mut end = End::upgraded(&ours, is_client, bare, now);
        if greets {
            end.feed(&hello(&theirs, !is_client));
            assert!(end.seen.peer.is_some());
        }
        end
    };
    let mut whole = start();
    whole.feed(input.octets);
    let whole = whole.finish();
    let mut pieces = start();
    input.pieces().iter().for_each(|piece| pieces.feed(piece));
    assert_eq!(pieces.finish(), whole, "it depends on the pieces");

    let mut a = End::upgraded(&theirs, !is_client, bare, now);
    let mut b = End::upgraded(&ours, is_client, bare, now);
    a.feed(&hello(&ours, is_client));
    b.feed(&hello(&theirs, !is_client));
    a.take_output();
    for (body, flags) in &whole.parts {
        a.send(body, *flags);
    }
    b.feed(&a.take_output());
    assert_eq!(b.seen.parts, whole.parts);
});
