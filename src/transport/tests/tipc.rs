//! What tipc addresses mean, what of them the kernel gets, and what becomes of them where it has no
//! TIPC. The texts and their answers are the genuine library's (4.3.5), seen by asking it, but where a
//! comment says otherwise.

use std::os::fd::AsRawFd;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};

use super::{Place, Tipc, own, parse, peer, text};
use crate::errno::Errno;
use crate::options::Options;
use crate::sys::tipc::octets;
use crate::transport;

fn range(service: u32, lower: u32, upper: u32) -> Tipc {
    Tipc::Range {
        service,
        lower,
        upper,
    }
}

fn name(service: u32, instance: u32, domain: u32) -> Tipc {
    Tipc::Name {
        service,
        instance,
        domain,
    }
}

const NODE: u32 = 1 << 24 | 2 << 12 | 3;
const ID: Tipc = Tipc::Id {
    port: 4,
    node: NODE,
};

#[test]
fn addresses_are_taken_apart() {
    let most = 0xff << 24 | 0xfff << 12 | 0xfff;
    let cases = [
        ("{5560,0,0}", range(5560, 0, 0)),
        ("{5560, 7, 9}", range(5560, 7, 9)),
        ("{64,0,4294967295}", range(64, 0, u32::MAX)),
        ("{4294967295,1,1}", range(u32::MAX, 1, 1)),
        // libzmq: in zone 1.
        ("{5560,7}", name(5560, 7, 0)),
        ("{5560, 7}", name(5560, 7, 0)),
        ("{5560,7}@0.0.0", name(5560, 7, 0)),
        ("{5560,7}@1.2.3", name(5560, 7, NODE)),
        ("{5560,7}@ 1.2.3", name(5560, 7, NODE)),
        ("{5560,7}@255.4095.4095", name(5560, 7, most)),
        ("<1.2.3:4>", ID),
        ("< 1. 2. 3: 4>", ID),
        ("<0.0.0:0>", Tipc::Id { port: 0, node: 0 }),
    ];
    for (address, expected) in cases {
        assert_eq!(parse(address), Ok(Place::Given(expected)), "{address}");
        assert_eq!(peer(address), Ok(expected), "{address}");
        // What is reported means the same again.
        assert_eq!(parse(&text(expected)), Ok(Place::Given(expected)));
    }
    assert_eq!(parse("<*>"), Ok(Place::Unnamed));
}

#[test]
fn what_is_no_address_is_refused() {
    let refused = [
        "",
        "x",
        "{",
        "<",
        "{}",
        "<>",
        "5560,7",
        "{5560}",
        "{5560,}",
        "{5560,,}",
        "{5560;7}",
        "{0x64,7}",
        "{ 5560 ,7}",
        "{5560,9,7}",
        " {5560,7}",
        "{5560,7@1.2.3}",
        "{5560,7}@",
        "{5560,7}@1",
        "{5560,7}@1.2",
        "{5560,7}@1.2.3.4",
        "{5560,7}@1.2.3x",
        "{5560,7}@x",
        // The kernel's own services.
        "{0,0,0}",
        "{1,2,3}",
        "{63,7}",
        "<1>",
        "<1.2.3>",
        "<1.2:4>",
        "<1.2.3 :4>",
        "<*",
        "<**>",
        // These are taken by libzmq, which looks at their beginnings only.
        "{5560,7",
        "{5560,7,",
        "{5560,7,9",
        "{5560,7,}",
        "{5560,7,9,11}",
        "{5560,7}x",
        "{5560,7 }",
        "{5560,7}x@1.2.3",
        "{5560,7,9}@1.2.3",
        "<1.2.3:4",
        "<1.2.3:4>x",
        "<*>x",
        // And these are taken modulo something.
        "{5560,4294967296}",
        "{18446744073709551616,7}",
        "{5560,-7}",
        "{+5560,7}",
        "<1.2.3:-1>",
        "<256.2.3:4>",
        "<1.4096.3:4>",
        "<1.2.4096:4>",
        "<1.2.3:4294967296>",
        "{5560,7}@256.4096.4096",
    ];
    for address in refused {
        assert_eq!(parse(address), Err(Errno::EINVAL), "{address}");
    }
}

#[test]
fn not_all_can_be_bound_or_connected_to() {
    assert_eq!(own("<*>"), Ok(None));
    assert_eq!(own("{5560,7,9}"), Ok(Some(range(5560, 7, 9))));
    assert_eq!(own("{5560,7}"), Ok(Some(range(5560, 7, 7))));
    assert_eq!(own("{5560,7}@1.2.3"), Ok(Some(range(5560, 7, 7))));
    assert_eq!(own("<1.2.3:123123>"), Err(Errno::EINVAL));
    assert_eq!(peer("<*>"), Err(Errno::EINVAL));
}

/// `struct sockaddr_tipc` of `linux/tipc.h`.
#[test]
fn the_kernel_gets_what_was_said() {
    let cases = [
        (range(5560, 7, 9), 1, 2, [5560, 7, 9]),
        (name(5560, 7, NODE), 2, 0, [5560, 7, NODE]),
        (ID, 3, 0, [4, NODE, 0]),
    ];
    for (address, kind, scope, words) in cases {
        let made = address.to_socket_address();
        let mut expected = 30_u16.to_ne_bytes().to_vec();
        expected.extend([kind, scope]);
        expected.extend(words.into_iter().flat_map(u32::to_ne_bytes));
        assert_eq!(octets(&made), expected, "{address:?}");
        assert_eq!(Tipc::from_socket_address(&made), Some(address));
    }
    let other = "127.0.0.1:5".parse::<std::net::SocketAddr>().unwrap();
    assert_eq!(Tipc::from_socket_address(&other.into()), None);
}

#[test]
fn endpoints_are_reported_as_they_are_understood() {
    let (family, _) = transport::parse("tipc://{1,1}").unwrap();
    let cases = [
        ("{5560,7}", "tipc://{5560, 7}"),
        ("{5560,7}@1.2.3", "tipc://{5560, 7}@1.2.3"),
        ("{5560,7,9}", "tipc://{5560, 7, 9}"),
        ("< 1.2.3:4>", "tipc://<1.2.3:4>"),
    ];
    let options = Options::new(0, &Default::default());
    for (address, expected) in cases {
        assert_eq!(family.canonical(address), expected);
        let targets = family.resolve(address, &options).unwrap();
        assert_eq!(targets[0].endpoint(), expected);
    }
}

/// With TIPC a message goes through; without it whoever binds or connects is told.
#[test]
fn a_kernel_without_tipc_says_so() {
    let options = Options::new(0, &Default::default());
    let (family, _) = transport::parse("tipc://{1,1}").unwrap();
    let bound = ["{7560,0,0}", "<*>"].map(|address| family.listen(address, &options));
    let targets = family.resolve("{7560,0}", &options).unwrap();
    if let Err(error) = Socket::new(Domain::from(libc::AF_TIPC), Type::STREAM, None) {
        let errno = Errno::from(error);
        assert_eq!(errno, Errno::EAFNOSUPPORT);
        for listener in bound {
            assert_eq!(listener.unwrap_err(), errno);
        }
        assert_eq!(targets[0].connect(&options).unwrap_err(), errno);
        assert_eq!(
            family.listen("<1.2.3:4>", &options).unwrap_err(),
            Errno::EINVAL
        );
        return;
    }
    let [service, socket] = bound.map(Result::unwrap);
    assert_eq!(service.endpoint(), "tipc://{7560, 0, 0}");
    let (_, id) = transport::parse(socket.endpoint()).unwrap();
    for (listener, address) in [(&service, "{7560,0}"), (&socket, id)] {
        let targets = family.resolve(address, &options).unwrap();
        let (stream, _) = targets[0].connect(&options).unwrap();
        let mut poll = Poll::new().unwrap();
        poll.registry()
            .register(
                &mut SourceFd(&listener.as_raw_fd()),
                Token(0),
                Interest::READABLE,
            )
            .unwrap();
        let mut events = Events::with_capacity(1);
        poll.poll(&mut events, Some(Duration::from_secs(10)))
            .unwrap();
        assert!(!events.is_empty(), "nobody came");
        let accepted = listener.accept(&options).unwrap();
        assert_eq!(accepted.peer_endpoint(), stream.local_endpoint());
        assert!(!accepted.peer_address().is_empty());
    }
}
