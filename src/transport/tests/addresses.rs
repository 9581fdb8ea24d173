//! What addresses mean, as tables. The facts are the genuine library's (4.3.5), seen by asking it,
//! and those that its own resolver tests insist on.

use std::io;
use std::net::SocketAddr;

use crate::errno::Errno;
use crate::options::Options;
use crate::sys::{self, Wanted};
use crate::transport::address::Purpose::{self, Local, Peer};
use crate::transport::resolve::{Names, is_immediate, resolve, without_ipv6};
use crate::transport::{FAMILIES, parse};

/// A world of three hosts and three interfaces.
struct World;

impl Names for World {
    fn look_up(&self, host: &str, wanted: Wanted, numeric: bool) -> io::Result<Vec<SocketAddr>> {
        let known: &[&str] = match host {
            _ if numeric => return sys::look_up(host, wanted, true),
            "both.test" => &["[fdf5::1]:0", "10.100.0.1:0", "10.100.0.1:0"],
            "four.test" => &["10.100.0.2:0"],
            "six.test" => &["[fdf5::2]:0"],
            _ => return Err(io::ErrorKind::NotFound.into()),
        };
        let known = known.iter().map(|address| address.parse().unwrap());
        let found: Vec<SocketAddr> = known
            .filter(|a: &SocketAddr| wanted == Wanted::Both || a.is_ipv4())
            .collect();
        if found.is_empty() {
            Err(io::ErrorKind::NotFound.into())
        } else {
            Ok(found)
        }
    }

    fn interface_addresses(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        Ok(match name {
            "lo0" => vec!["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()],
            "eth0" => vec!["10.0.0.7:0".parse().unwrap()],
            _ => vec![],
        })
    }

    fn interface_index(&self, name: &str) -> Option<u32> {
        ["lo0", "eth0", "eth1"]
            .iter()
            .position(|known| *known == name)
            .map(|at| at as u32 + 1)
    }
}

fn check(cases: &[(&str, Purpose, bool, Result<&str, Errno>)]) {
    for &(text, purpose, ipv6, expected) in cases {
        let found = resolve(text, purpose, ipv6, &World).map(|found| {
            let found: Vec<String> = found.iter().map(SocketAddr::to_string).collect();
            found.join(" ")
        });
        assert_eq!(
            found.as_deref().map_err(|e| *e),
            expected,
            "{text} {purpose:?} ipv6 {ipv6}"
        );
    }
}

const V4: bool = false;
const V6: bool = true;
const INVALID: Result<&str, Errno> = Err(Errno::EINVAL);
const NO_DEVICE: Result<&str, Errno> = Err(Errno::ENODEV);
const UNKNOWN: Result<&str, Errno> = Err(Errno::EHOSTUNREACH);

#[test]
fn wildcards() {
    check(&[
        ("*:*", Local, V4, Ok("0.0.0.0:0")),
        ("*:*", Local, V6, Ok("[::]:0")),
        ("*:0", Local, V4, Ok("0.0.0.0:0")),
        ("*:0", Local, V6, Ok("[::]:0")),
        ("*:7", Local, V4, Ok("0.0.0.0:7")),
        ("[*]:7", Local, V4, Ok("0.0.0.0:7")),
        ("*%lo0:7", Local, V4, Ok("0.0.0.0:7")),
        ("*:*", Peer, V4, INVALID),
        ("*:*", Peer, V6, INVALID),
        ("*:1234", Peer, V4, INVALID),
        ("*:1234", Peer, V6, INVALID),
        ("127.0.0.1:*", Peer, V4, INVALID),
        ("127.0.0.1:*", Peer, V6, INVALID),
        ("[1234::1]:*", Local, V6, Ok("[1234::1]:0")),
        ("[192.168.1.1:*]", Local, V4, INVALID),
    ]);
}

#[test]
fn ports() {
    check(&[
        ("127.0.0.1:0", Peer, V4, Ok("127.0.0.1:0")),
        ("127.0.0.1:0", Peer, V6, Ok("[::ffff:127.0.0.1]:0")),
        ("1.2.128.129:123", Peer, V4, Ok("1.2.128.129:123")),
        ("1.2.128.129:00123", Peer, V4, Ok("1.2.128.129:123")),
        ("1.2.128.129:65535", Peer, V4, Ok("1.2.128.129:65535")),
        ("1.2.128.129:65536", Peer, V4, INVALID),
        ("1.2.128.129:99999999999999999999", Peer, V4, INVALID),
        ("1.2.128.129:-1", Peer, V4, INVALID),
        ("1.2.128.129:00", Peer, V4, INVALID),
        ("1.2.3.4:567bad", Peer, V4, Ok("1.2.3.4:567")),
        ("1.2.3.4: +567 ", Peer, V4, Ok("1.2.3.4:567")),
        ("1.2.3.4", Peer, V4, INVALID),
        ("1.2.3.4:", Peer, V4, INVALID),
        ("1.2.3.4:bad", Peer, V4, INVALID),
        ("1.2.3.4:*/path", Local, V4, INVALID),
        ("a:b:c", Local, V4, INVALID),
        ("", Peer, V4, INVALID),
        (":", Peer, V4, INVALID),
        (":5", Peer, V4, UNKNOWN),
        (":5", Local, V4, NO_DEVICE),
        ("[]:5", Local, V6, NO_DEVICE),
    ]);
}

#[test]
fn ipv4_in_digits() {
    check(&[
        ("1.2.128.129:80", Peer, V4, Ok("1.2.128.129:80")),
        ("0.0.0.0:80", Peer, V4, Ok("0.0.0.0:80")),
        ("255.255.255.255:80", Peer, V4, Ok("255.255.255.255:80")),
        ("[1.2.128.129]:80", Peer, V4, Ok("1.2.128.129:80")),
        ("[192.168.1.1]:5555", Peer, V4, Ok("192.168.1.1:5555")),
        ("1.2.128.129]:80", Peer, V4, UNKNOWN),
        ("[1.2.128.129:80", Peer, V4, UNKNOWN),
        ("[1.2.128].129:80", Peer, V4, UNKNOWN),
        ("[192.168.1.1:]5555", Peer, V4, INVALID),
        ("[192.168.1.1:5555]", Peer, V4, UNKNOWN),
        ("[192.168.1.1:5555]:1", Peer, V4, UNKNOWN),
        ("256.1.1.1:80", Local, V4, NO_DEVICE),
        ("127.1:80", Local, V4, Ok("127.0.0.1:80")),
        ("0x7f000001:80", Local, V4, Ok("127.0.0.1:80")),
        ("2130706433:80", Local, V4, Ok("127.0.0.1:80")),
        (" 127.0.0.1:80", Local, V4, NO_DEVICE),
        ("127.0.0.1%lo0:80", Local, V4, Ok("127.0.0.1:80")),
        ("::1:80", Peer, V4, UNKNOWN),
        ("[::1]:80", Peer, V4, UNKNOWN),
        ("[::]:80", Local, V4, NO_DEVICE),
        ("::ffff:127.0.0.1:80", Local, V4, Ok("127.0.0.1:80")),
    ]);
}

#[test]
fn ipv6_in_digits() {
    let all_ones = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    check(&[
        ("::1:80", Peer, V6, Ok("[::1]:80")),
        ("[::1]:80", Peer, V6, Ok("[::1]:80")),
        ("[1234::1]:80", Peer, V6, Ok("[1234::1]:80")),
        (
            "abcd:1234::1:0:234:123",
            Peer,
            V6,
            Ok("[abcd:1234::1:0:234]:123"),
        ),
        (":::80", Peer, V6, Ok("[::]:80")),
        ("[::]:80", Local, V6, Ok("[::]:80")),
        (
            &format!("{all_ones}:80"),
            Peer,
            V6,
            Ok(&format!("[{all_ones}]:80")),
        ),
        ("::1]:80", Peer, V6, UNKNOWN),
        ("[::1:80", Peer, V6, UNKNOWN),
        ("[::1:80", Local, V6, NO_DEVICE),
        ("[abcd:1234::1:]0:234", Peer, V6, UNKNOWN),
        ("11.22.33.44:55", Peer, V6, Ok("[::ffff:11.22.33.44]:55")),
        ("0.0.0.0:80", Local, V6, Ok("[::ffff:0.0.0.0]:80")),
        ("127.0.0.1%lo0:80", Local, V6, Ok("[::ffff:127.0.0.1]:80")),
    ]);
}

#[test]
fn zones() {
    check(&[
        (
            "3000:4:5::1:234%2:80",
            Peer,
            V6,
            Ok("[3000:4:5::1:234%2]:80"),
        ),
        ("3000:4:5::1:234%0:80", Peer, V6, INVALID),
        ("3000:4:5::1:234%-1:80", Peer, V6, INVALID),
        (
            "3000:4:5::1:234%eth1:80",
            Peer,
            V6,
            Ok("[3000:4:5::1:234%3]:80"),
        ),
        (
            "3000:4:5::1:234%eth0:8080",
            Peer,
            V6,
            Ok("[3000:4:5::1:234%2]:8080"),
        ),
        (
            "[3000:4:5::1:234%eth0]:8080",
            Peer,
            V6,
            Ok("[3000:4:5::1:234%2]:8080"),
        ),
        ("3000:4:5::1:234%bad0:80", Peer, V6, INVALID),
        ("[fe80::1%]:80", Local, V6, INVALID),
        ("[fe80::1%nosuch]:80", Local, V4, INVALID),
        ("[fe80::1%2]:80", Local, V4, NO_DEVICE),
        ("[fe80::1]%eth0:80", Local, V6, NO_DEVICE),
        (
            "both.test%lo0:4444",
            Peer,
            V6,
            Ok("[fdf5::1%1]:4444 [::ffff:10.100.0.1]:4444"),
        ),
        (
            "[both.test%lo0]:4444",
            Peer,
            V6,
            Ok("[fdf5::1%1]:4444 [::ffff:10.100.0.1]:4444"),
        ),
    ]);
}

#[test]
fn names() {
    check(&[
        ("both.test:1234", Peer, V4, Ok("10.100.0.1:1234")),
        ("four.test:80", Peer, V4, Ok("10.100.0.2:80")),
        ("none.test:80", Peer, V4, UNKNOWN),
        ("six.test:80", Peer, V4, UNKNOWN),
        (
            "both.test:80",
            Peer,
            V6,
            Ok("[fdf5::1]:80 [::ffff:10.100.0.1]:80"),
        ),
        ("six.test:80", Peer, V6, Ok("[fdf5::2]:80")),
        ("four.test:80", Peer, V6, Ok("[::ffff:10.100.0.2]:80")),
        ("none.test:80", Peer, V6, UNKNOWN),
        ("[both.test]:22", Peer, V4, Ok("10.100.0.1:22")),
        ("[both].test:22", Peer, V4, UNKNOWN),
        ("[both.test:22]", Peer, V4, UNKNOWN),
        ("four.test:80", Local, V4, Ok("10.100.0.2:80")),
        ("none.test:80", Local, V6, NO_DEVICE),
    ]);
}

#[test]
fn interfaces() {
    check(&[
        ("lo0:*", Local, V4, Ok("127.0.0.1:0")),
        ("lo0:5", Local, V6, Ok("[::1]:5 [::ffff:127.0.0.1]:5")),
        ("eth0:5", Local, V4, Ok("10.0.0.7:5")),
        ("eth0:5", Local, V6, Ok("[::ffff:10.0.0.7]:5")),
        ("eth1:5", Local, V4, NO_DEVICE),
        ("lo0:5", Peer, V4, UNKNOWN),
        ("lo0%lo0:5", Local, V6, Ok("[::1%1]:5 [::ffff:127.0.0.1]:5")),
    ]);
}

#[test]
fn only_names_need_a_name_service() {
    let cases = [
        ("127.0.0.1:5", Peer, true),
        ("127.1:5", Peer, true),
        ("[::1%lo0]:5", Peer, true),
        ("*:*", Local, true),
        ("lo0:5", Local, true),
        ("lo0:5", Peer, false),
        ("both.test:5", Peer, false),
        ("none.test:5", Local, false),
        ("no port", Peer, true),
        ("[::1:5", Peer, true),
        (":5", Peer, true),
    ];
    for (text, purpose, expected) in cases {
        assert_eq!(
            is_immediate(text, purpose, &World),
            expected,
            "{text} {purpose:?}"
        );
    }
    let (tcp, _) = parse("tcp://x:1").unwrap();
    assert!(tcp.is_immediate("127.0.0.1:1;127.0.0.1:2"));
    assert!(!tcp.is_immediate("host.invalid:1;127.0.0.1:2"));
    assert!(!tcp.is_immediate("127.0.0.1:1;host.invalid:2"));
}

/// What `zmq_connect` lets pass and what it refuses, independent of what the system knows.
#[test]
fn the_look_of_an_address() {
    let good = "localhost:5 localhost:5x localhost:0 localhost:00005 localhost:65535 \
        localhost:65536 localhost:99999999999 :5 [::1]:5 ::1:5 [::1:5 ::1]:5 []:5 [127.0.0.1]:5 \
        x-:5 x_y:5 x;y:5 x:1;y:5 x:*;y:5 lo:0;127.0.0.1:5 x:1; x:1;y x:1;;y:5 x:1;y:1;z:5 x:5; \
        [fe80::1%lo]:5 [fe80::1%nosuch]:5 x%y:5 a:b:5 256.1.1.1:5 1.2.3:5 999:5 a..b:5 a:5; \
        a:5:6 a:5* a:5;b [:5 5:5 a:5% a:5] a:5- a:5. a:5_ a:5a a:b:c:5 a:;b:5 0:0";
    let bad = "x localhost localhost: localhost:* localhost:x localhost:-1 *:5 [::1]:* -x:5 _x:5 \
        .x:5 x/y:5 x@y:5 x+y:5 xé:5 é:5 x,y:5 *:*;y:5 *:0;y:5 ;x:5 x:1;y:* %y:5 ]x:5 \
        127.0.0.1:5/p a:;5 a:5: a:*5 : :: a: 5 a;5 a:5b: a:5b:c é";
    let (tcp, _) = parse("tcp://x:1").unwrap();
    for ipv6 in [false, true] {
        let options = Options {
            ipv6,
            ..Options::new(0, &Default::default())
        };
        for address in good.split_whitespace() {
            assert_eq!(tcp.check_connect(address, &options), Ok(()), "{address}");
        }
        let spaced = [" 127.0.0.1:5", "127.0.0.1:5 ", "x y:5", ""];
        for address in bad.split_whitespace().chain(spaced) {
            let found = tcp.check_connect(address, &options);
            assert_eq!(found, Err(Errno::EINVAL), "{address:?}");
        }
    }
    let long = "a".repeat(5000) + ":5";
    assert_eq!(
        tcp.check_connect(&long, &Options::new(0, &Default::default())),
        Ok(())
    );
}

/// No text whatever does more than fail.
#[test]
fn any_text_is_survived() {
    let pieces = [
        "", "*", "[", "]", ":", ";", "%", "1", "::", "é", "\0", " ", "@", "/", "-", "lo",
    ];
    let options = Options {
        ipv6: true,
        ..Options::new(0, &Default::default())
    };
    for family in FAMILIES {
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    let address = format!("{first}{second}{third}");
                    let _ = family.check_connect(&address, &options);
                    if !family.is_immediate(&address) {
                        continue;
                    }
                    if let Ok(targets) = family.resolve(&address, &options) {
                        assert!(!targets.is_empty());
                        assert!(targets[0].endpoint().starts_with(family.scheme));
                    }
                }
            }
        }
    }
}

#[test]
fn some_addresses_do_without_ipv6() {
    let cases = [
        ("[::]:5", Some("0.0.0.0:5")),
        ("[::ffff:1.2.3.4]:5", Some("1.2.3.4:5")),
        ("[::1]:5", None),
        ("1.2.3.4:5", None),
    ];
    for (address, expected) in cases {
        let found = without_ipv6(address.parse().unwrap());
        assert_eq!(
            found,
            expected.map(|address| address.parse().unwrap()),
            "{address}"
        );
    }
}
