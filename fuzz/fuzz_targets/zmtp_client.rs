//! A peer that greets well and then says anything. What came out is sent once more, by an end of
//! our own on the peer's side, and has to come out again.

#![no_main]

use std::time::Instant;

use ferrozmq_fuzz::{End, Input, config, converse, opening, peer_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data) else {
        return;
    };
    let ours = config(input.kind);
    let mut end = converse(
        &ours,
        &opening(peer_of(input.kind), input.kind >> 7),
        &input,
    );
    end.tick(4);
    let parts = &end.outcome().parts;

    let mut theirs = config(input.kind);
    theirs.socket_type = peer_of(input.kind);
    theirs.peers = &["XPUB", "ROUTER", "PULL", "RADIO", "DISH"];
    let now = Instant::now();
    let (mut a, mut b) = (End::new(theirs, now), End::new(ours.clone(), now));
    a.feed(&opening(ours.socket_type, 1));
    b.feed(&opening(peer_of(input.kind), 1));
    a.take_output();
    for (body, flags) in parts {
        a.send(body, *flags);
    }
    b.feed(&a.take_output());
    assert_eq!(&b.outcome().parts, parts);
});
