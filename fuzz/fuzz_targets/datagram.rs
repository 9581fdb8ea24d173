//! Datagrams of anybody's: of RADIO and DISH, and the names of peers.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zmq::proto::datagram;

fuzz_target!(|data: &[u8]| {
    match datagram::parse(data) {
        Some((group, body)) => {
            let head = datagram::head(group).expect("it came with a length of one octet");
            assert_eq!([&head[..], group, body].concat(), data);
        }
        None => assert!(
            data.first()
                .is_none_or(|&length| data.len() <= length.into())
        ),
    }
    if let Some(peer) = datagram::named(data) {
        let name = datagram::name(peer);
        let again = datagram::named(name.as_bytes()).expect("a name means a peer");
        assert_eq!(again.ip().to_canonical(), peer.ip().to_canonical());
        assert_eq!(again.port(), peer.port());
    }
});
