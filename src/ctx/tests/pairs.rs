//! A PAIR whose peer goes and comes back.

use super::*;

/// A peer of the bound one that has finished its handshake, or has just connected where there is none.
fn peer(context: &'static Context, endpoint: &str) -> &'static Socket {
    const SUCCEEDED: i32 = 0x1000;
    let peer = context.socket(kind::PAIR).unwrap();
    set(peer, number::RCVTIMEO, 20_000);
    set(peer, number::SNDTIMEO, 20_000);
    if endpoint.starts_with("inproc:") {
        peer.connect(endpoint.as_bytes()).unwrap();
        return peer;
    }
    let name = Some(b"inproc://events".as_slice());
    (peer.monitor(name, SUCCEEDED as u64, 1, kind::PAIR)).unwrap();
    let events = context.socket(kind::PAIR).unwrap();
    set(events, number::RCVTIMEO, 20_000);
    events.connect(b"inproc://events").unwrap();
    peer.connect(endpoint.as_bytes()).unwrap();
    assert!(recv(events).1 && !recv(events).1);
    events.close();
    peer.monitor(None, 0, 1, kind::PAIR).unwrap();
    peer
}

/// The pipe is full, so the end of the old connection stands behind what was not read of it.
#[test]
fn a_peer_that_comes_back_before_its_last_words_were_read_is_heard_after_them() {
    const COUNT: u32 = 50;
    for endpoint in endpoints() {
        let context = Context::create().unwrap();
        let pair = context.socket(kind::PAIR).unwrap();
        set(pair, number::RCVTIMEO, 20_000);
        set(pair, number::SNDTIMEO, 20_000);
        set(pair, number::RCVHWM, 2);
        pair.bind(endpoint.as_bytes()).unwrap();
        let place = text(pair, number::LAST_ENDPOINT);
        for round in 0..3 {
            let first = peer(context, &place);
            for number in 0..COUNT {
                send(
                    first,
                    &[round, number].map(u32::to_ne_bytes).concat(),
                    false,
                );
            }
            // What was said is on its way.
            first.close();
            let second = peer(context, &place);
            send(second, b"again", false);
            for number in 0..COUNT {
                let expected = [round, number].map(u32::to_ne_bytes).concat();
                assert_eq!(recv(pair), (expected, false), "{endpoint}");
            }
            assert_eq!(recv(pair).0, b"again", "{endpoint}");
            send(pair, b"well", false);
            assert_eq!(recv(second).0, b"well", "{endpoint}");
            second.close();
        }
        pair.close();
        context.terminate().unwrap();
    }
}
