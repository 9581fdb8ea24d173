//! What the addresses of VM sockets mean, and what of them the kernel gets. Nothing here opens such a
//! socket: it would lead off this machine.

use socket2::SockAddr;

use super::{AF_VSOCK, Purpose, Vm, canonical, cid, own_cid, parse, text, vm};
use crate::errno::Errno;
use crate::options::Options;
use crate::transport;

const SEVEN: fn() -> Option<u32> = || Some(7);

#[test]
fn addresses_are_taken_apart() {
    let cases = [
        ("3:5560", Ok((3, 5560)), Ok((3, 5560))),
        ("@:5560", Ok((7, 5560)), Ok((7, 5560))),
        ("0:0", Ok((0, 0)), Ok((0, 0))),
        (
            "4294967294:4294967294",
            Ok((u32::MAX - 1, u32::MAX - 1)),
            Ok((u32::MAX - 1, u32::MAX - 1)),
        ),
        ("*:5560", Ok((vm::ANY, 5560)), Err(Errno::EINVAL)),
        ("-1:5560", Ok((vm::ANY, 5560)), Err(Errno::EINVAL)),
        ("4294967295:5560", Ok((vm::ANY, 5560)), Err(Errno::EINVAL)),
        ("3:*", Ok((3, vm::ANY)), Err(Errno::EINVAL)),
        ("3:-1", Ok((3, vm::ANY)), Err(Errno::EINVAL)),
        ("@:*", Ok((7, vm::ANY)), Err(Errno::EINVAL)),
        ("*:*", Ok((vm::ANY, vm::ANY)), Err(Errno::EINVAL)),
    ];
    for (address, local, peer) in cases {
        let expected = |place: Result<(u32, u32), Errno>| place.map(|(cid, port)| Vm { cid, port });
        let found = [Purpose::Local, Purpose::Peer].map(|purpose| parse(address, purpose, SEVEN));
        assert_eq!(found, [local, peer].map(expected), "{address}");
    }
}

#[test]
fn what_is_no_address_is_refused() {
    let refused = [
        "",
        ":",
        "3",
        "3:",
        ":5",
        "@",
        "@:",
        "x:5",
        "3:x",
        "3x:5",
        "3:5x",
        " 3:5",
        "3: 5",
        "+3:5",
        "3:+5",
        "-2:5",
        "4294967296:5",
        "3:4294967296",
        "@3:5",
        "3:@",
        "**:5",
        "1:2:3",
        "é:5",
    ];
    for address in refused {
        for purpose in [Purpose::Local, Purpose::Peer] {
            assert_eq!(
                parse(address, purpose, SEVEN),
                Err(Errno::EINVAL),
                "{address}"
            );
        }
    }
    assert_eq!(parse("@:5", Purpose::Peer, || None), Err(Errno::ENODEV));
    assert_eq!(parse("@:x", Purpose::Peer, || None), Err(Errno::EINVAL));
}

#[test]
fn the_kernel_gets_what_was_said() {
    let place = Vm {
        cid: 3,
        port: 0x8000_0001,
    };
    let made = place.to_socket_address(AF_VSOCK);
    assert_eq!(made, SockAddr::vsock(3, 0x8000_0001));
    assert_eq!(made.domain(), socket2::Domain::VSOCK);
    assert_eq!(Vm::from_socket_address(&made, AF_VSOCK), Some(place));
    assert_eq!(Vm::from_socket_address(&made, 38), None);
    let made = place.to_socket_address(38);
    assert_eq!(made.family(), 38);
    assert_eq!(made.as_vsock_address(), None);
    assert_eq!(Vm::from_socket_address(&made, 38), Some(place));
}

#[test]
fn endpoints_are_reported_in_numbers() {
    let place = |cid, port| Vm { cid, port };
    assert_eq!(text(place(1, 5562)), "1:5562");
    assert_eq!(text(place(vm::ANY, 5563)), "*:5563");
    assert_eq!(text(place(3, vm::ANY)), "3:*");
    assert_eq!(canonical("@:5563", SEVEN), "7:5563");
    assert_eq!(canonical("what?", SEVEN), "what?");
    assert_eq!(cid(Some(place(3, 5))), "3");
    assert_eq!(cid(None), "");
    let (family, address) = transport::parse("vsock://@:5563").unwrap();
    assert_eq!(family.canonical(address), "vsock://1:5563");
    assert_eq!(own_cid(), Some(1));
    let options = Options::new(0, &Default::default());
    let targets = family.resolve(address, &options).unwrap();
    assert_eq!(targets[0].endpoint(), "vsock://1:5563");
    let peer = SockAddr::vsock(3, 5);
    assert!((family.owns)(&peer));
    assert_eq!((family.address)(&peer), "3:5");
}

#[test]
fn what_cannot_be_is_told_before_anything_is_opened() {
    let options = Options::new(0, &Default::default());
    for scheme in ["vsock", "vmci"] {
        let (family, _) = transport::parse(&format!("{scheme}://x")).unwrap();
        for address in ["1", "x:1", "*:5", "1:*"] {
            assert_eq!(
                family.check_connect(address, &options),
                Err(Errno::EINVAL),
                "{address}"
            );
        }
        assert_eq!(family.check_connect("1:5", &options), Ok(()));
        assert_eq!(family.listen("1", &options).unwrap_err(), Errno::EINVAL);
        // Where tests run, there is no such family.
        let listened = family.listen("1:*", &options).unwrap_err();
        let targets = family.resolve("1:5", &options).unwrap();
        let connected = targets[0].connect(&options).unwrap_err();
        assert_eq!([listened, connected], [Errno::EAFNOSUPPORT; 2]);
    }
}
