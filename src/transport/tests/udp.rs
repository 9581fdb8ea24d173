//! Addresses of udp: what the genuine library makes of each, and of the descriptor behind it.

use super::*;

fn options(ipv6: bool) -> Options {
    Options {
        ipv6,
        ..Options::default()
    }
}

/// The address and the interface, or the error.
fn resolved(text: &str, purpose: Purpose, ipv6: bool) -> Result<(String, Interface), Errno> {
    let place = resolve(text, purpose, &options(ipv6))?;
    Ok((place.address.to_string(), place.interface))
}

#[test]
fn addresses_are_what_the_genuine_library_takes_them_for() {
    use Purpose::{Local, Peer};
    let cases = [
        ("127.0.0.1:5555", Peer, false, Ok("127.0.0.1:5555")),
        ("[::1]:123", Peer, true, Ok("[::1]:123")),
        ("127.0.0.1:5555", Local, false, Ok("127.0.0.1:5555")),
        ("127.0.0.1:5555", Local, true, Ok("127.0.0.1:5555")),
        (
            "[abcd::1234:1]:5555",
            Local,
            true,
            Ok("[abcd::1234:1]:5555"),
        ),
        ("*:*", Local, false, Ok("0.0.0.0:0")),
        ("*:*", Local, true, Ok("[::]:0")),
        ("127.0.0.1:*", Local, false, Ok("127.0.0.1:0")),
        ("*:5555", Local, true, Ok("[::]:5555")),
        ("lo:5", Local, false, Ok("127.0.0.1:5")),
        ("*:5555", Peer, false, Err(Errno::EINVAL)),
        ("127.0.0.1:*", Peer, false, Err(Errno::EINVAL)),
        ("127.0.0.1:0", Peer, false, Ok("127.0.0.1:0")),
        ("127.0.0.1", Peer, false, Err(Errno::EINVAL)),
        ("127.0.0.1:x", Local, false, Err(Errno::EINVAL)),
        ("[::1]:5", Peer, false, Err(Errno::EINVAL)),
        ("[::1]:5", Local, false, Err(Errno::ENODEV)),
        ("no_such:5", Local, false, Err(Errno::ENODEV)),
        ("239.0.0.1:1234", Local, false, Ok("239.0.0.1:1234")),
        ("[ff00::1]:1234", Peer, true, Ok("[ff00::1]:1234")),
        ("*;230.2.8.12:5555", Peer, false, Ok("230.2.8.12:5555")),
        ("*;[ff10::1]:5555", Peer, true, Ok("[ff10::1]:5555")),
        ("no_such;239.0.0.1:5", Local, false, Err(Errno::ENODEV)),
        (";239.0.0.1:5", Local, false, Err(Errno::ENODEV)),
        ("127.0.0.1;1.2.3.4:5555", Local, false, Err(Errno::EINVAL)),
        ("lo;127.0.0.1:5", Peer, false, Err(Errno::EINVAL)),
        ("[::1];[ffab::4]:5555", Local, true, Err(Errno::ENODEV)),
        ("[1:2:3::4];[ff01::1]:5555", Peer, true, Err(Errno::ENODEV)),
    ];
    for (text, purpose, ipv6, expected) in cases {
        let found = resolved(text, purpose, ipv6).map(|(address, _)| address);
        assert_eq!(
            found,
            expected.map(str::to_owned),
            "{text} {purpose:?} {ipv6}"
        );
    }
}

#[test]
fn interfaces_are_named_or_have_their_address() {
    let v4 = |text: &str| resolved(text, Purpose::Local, false).map(|(_, interface)| interface);
    let lo = Interface {
        v4: Ipv4Addr::LOCALHOST,
        v6: 0,
    };
    assert_eq!(v4("lo;239.0.0.1:5"), Ok(lo));
    assert_eq!(v4("127.0.0.1;239.0.0.1:5"), Ok(lo));
    assert_eq!(v4("*;239.0.0.1:5"), Ok(ANY));
    let v6 = resolved("lo;[ff02::1]:5", Purpose::Local, true).map(|(_, interface)| interface.v6);
    assert_eq!(v6, Ok(sys::interface_index("lo").unwrap()));
}

#[test]
fn datagrams_of_every_size_arrive_whole_and_longer_ones_are_lost() {
    let here = Datagrams::bind("127.0.0.1:*", &options(false)).unwrap();
    let there = Datagrams::connect(here.endpoint(), &options(false)).unwrap();
    let body = vec![9; 65_536];
    let mut buffer = vec![0; 65_536];
    for size in (0..=65_507).step_by(251).chain([1, 65_506, 65_507]) {
        // The kernel carries what stays on this machine before it returns.
        assert!(there.send(&[IoSlice::new(&body[..size])], None));
        let (count, peer) = here.receive(&mut buffer).unwrap().unwrap();
        assert_eq!((count, peer.ip()), (size, Ipv4Addr::LOCALHOST.into()));
    }
    for size in [65_508, 65_536] {
        assert!(there.send(&[IoSlice::new(&body[..size])], None));
        assert_eq!(here.receive(&mut buffer).unwrap(), None);
    }
}

#[test]
fn nobody_at_home_is_no_error() {
    let gone = Datagrams::bind("127.0.0.1:*", &options(false)).unwrap();
    let there = Datagrams::connect(gone.endpoint(), &options(false)).unwrap();
    drop(gone);
    for _ in 0..10 {
        assert!(there.send(&[IoSlice::new(b"x")], None));
    }
}

#[test]
fn one_descriptor_for_both_versions_reaches_both() {
    let both = Datagrams::bind("*:*", &options(true)).unwrap();
    let port = both.socket.local_addr().unwrap().port();
    let four = Datagrams::bind("127.0.0.1:*", &options(true)).unwrap();
    let at = four.socket.local_addr().unwrap();
    assert!(both.send(&[IoSlice::new(b"out")], Some(at)));
    let mut buffer = [0; 8];
    assert_eq!(four.receive(&mut buffer).unwrap().unwrap().0, 3);
    let back = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
    assert!(four.send(&[IoSlice::new(b"back")], Some(back)));
    assert_eq!(both.receive(&mut buffer).unwrap().unwrap().0, 4);
    // What the descriptor cannot reach is lost, and the next one is not.
    assert!(four.send(&[IoSlice::new(b"x")], Some("[::1]:9".parse().unwrap())));
    assert!(four.send(&[IoSlice::new(b"y")], Some(back)));
    assert_eq!(both.receive(&mut buffer).unwrap().unwrap().0, 1);
}

#[test]
fn groups_are_reached_as_the_options_say() {
    for (ipv6, at) in [(false, "lo;239.0.0.1:5"), (true, "lo;[ff02::1]:5")] {
        for (hops, looped) in [(1, true), (7, false), (255, true), (1000, true)] {
            let options = Options {
                multicast_hops: hops,
                multicast_loop: looped,
                ..options(ipv6)
            };
            let there = Datagrams::connect(at, &options).unwrap();
            let socket = SockRef::from(&there.socket);
            // There are no more than 255.
            let expected = hops.min(255).unsigned_abs();
            if ipv6 {
                assert_eq!(socket.multicast_hops_v6().unwrap(), expected);
                assert_eq!(socket.multicast_loop_v6().unwrap(), looped);
                let lo = sys::interface_index("lo").unwrap();
                assert_eq!(socket.multicast_if_v6().unwrap(), lo);
            } else {
                assert_eq!(socket.multicast_ttl_v4().unwrap(), expected);
                assert_eq!(socket.multicast_loop_v4().unwrap(), looped);
                assert_eq!(socket.multicast_if_v4().unwrap(), Ipv4Addr::LOCALHOST);
            }
        }
    }
}

#[test]
fn a_device_that_is_not_there_is_an_error() {
    let options = Options {
        bindtodevice: b"no_such".to_vec(),
        ..options(false)
    };
    for found in [
        Datagrams::bind("127.0.0.1:*", &options),
        Datagrams::connect("127.0.0.1:5", &options),
    ] {
        assert_eq!(found.err(), Some(Errno::ENODEV));
    }
}
