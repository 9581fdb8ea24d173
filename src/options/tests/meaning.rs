//! What options mean beyond the answers of get: effects, filters, properties, and options that move
//! others along.

use super::{fresh, read_any, set_any};
use crate::errno::Errno;
use crate::options::*;
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};

#[test]
fn effects_tell_the_socket_what_to_do() {
    let one = 1i32.to_ne_bytes();
    let mut router = fresh(kind::ROUTER);
    let mut set_on = |number, value| set(&mut router, number, Some(value), value.len());
    assert_eq!(set_on(number::SNDHWM, &one), Ok(Effect::Hwm));
    assert_eq!(set_on(number::RCVHWM, &one), Ok(Effect::Hwm));
    assert_eq!(set_on(number::LINGER, &one), Ok(Effect::None));
    assert_eq!(
        set_on(number::ROUTER_MANDATORY, &one),
        Ok(Effect::Pattern(number::ROUTER_MANDATORY))
    );
    assert_eq!(
        set_on(number::CONNECT_ROUTING_ID, b"peer"),
        Ok(Effect::Pattern(number::CONNECT_ROUTING_ID))
    );
    assert_eq!(set_on(number::SUBSCRIBE, b"topic"), Err(Errno::EINVAL));
    assert!(router.router_mandatory);
    assert_eq!(router.connect_routing_id, b"peer");

    let mut sub = fresh(kind::SUB);
    let topic = Some(&b"topic"[..]);
    let effect = set(&mut sub, number::SUBSCRIBE, topic, 5);
    assert_eq!(effect, Ok(Effect::Subscribe(b"topic")));
    let effect = set(&mut sub, number::UNSUBSCRIBE, topic, 5);
    assert_eq!(effect, Ok(Effect::Unsubscribe(b"topic")));
    let effect = set(&mut sub, number::SUBSCRIBE, None, 0);
    assert_eq!(effect, Ok(Effect::Subscribe(b"")));
    assert_eq!(
        set(&mut sub, number::SUBSCRIBE, topic, 4),
        Err(Errno::EINVAL)
    );
}

#[test]
fn publishers_have_one_verbosity() {
    // As counted on a genuine XPUB with two subscribers to one topic.
    let (on, off) = (1i32.to_ne_bytes(), 0i32.to_ne_bytes());
    for (steps, verbose, verboser) in [
        (&[(number::XPUB_VERBOSER, on)][..], true, true),
        (&[(number::XPUB_VERBOSE, on)], true, false),
        (
            &[(number::XPUB_VERBOSER, on), (number::XPUB_VERBOSE, on)],
            true,
            false,
        ),
        (
            &[(number::XPUB_VERBOSE, on), (number::XPUB_VERBOSER, off)],
            false,
            false,
        ),
        (
            &[(number::XPUB_VERBOSER, on), (number::XPUB_VERBOSE, off)],
            false,
            false,
        ),
    ] {
        let mut options = fresh(kind::XPUB);
        for (number, value) in steps {
            set(&mut options, *number, Some(value), 4).expect("a flag");
        }
        assert_eq!(
            (options.xpub_verbose, options.xpub_verboser),
            (verbose, verboser),
            "{steps:?}"
        );
    }
}

#[test]
fn accept_filters_mean_what_they_say() {
    let v4 = |a, b, c, d, prefix| Some((IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix));
    for (text, ipv6, rule) in [
        ("10.1.2.3", false, v4(10, 1, 2, 3, 32)),
        ("10.1.2.3", true, v4(10, 1, 2, 3, 32)),
        ("10.0.0.0/8", false, v4(10, 0, 0, 0, 8)),
        ("10.0.0.0/8", true, v4(10, 0, 0, 0, 8)),
        ("10.0.0.0/104", true, v4(10, 0, 0, 0, 8)),
        ("10.0.0.0/60", true, v4(10, 0, 0, 0, 0)),
        ("10.0.0.0/0", false, v4(10, 0, 0, 0, 0)),
        ("10.1/16", false, v4(10, 0, 0, 1, 16)),
        ("0x0a000001", false, v4(10, 0, 0, 1, 32)),
        ("012.1.258", false, v4(10, 1, 1, 2, 32)),
        ("10.0.0.0/ 8 or so", false, v4(10, 0, 0, 0, 8)),
        ("::1", false, None),
        (
            "::1/128",
            true,
            Some((IpAddr::V6(Ipv6Addr::LOCALHOST), 128)),
        ),
        ("[::]/0", true, Some((IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0))),
        ("10.0.0.0/33", false, None),
        ("10.0.0.0/129", true, None),
    ] {
        let mut options = fresh(kind::PULL);
        options.ipv6 = ipv6;
        for _ in 0..2 {
            let value = Some(text.as_bytes());
            let result = set(&mut options, number::TCP_ACCEPT_FILTER, value, text.len());
            assert_eq!(result.is_ok(), rule.is_some(), "{text}");
        }
        assert_eq!(options.tcp_accept_filter, Vec::from_iter(rule), "{text}");
        set(&mut options, number::TCP_ACCEPT_FILTER, None, 0).expect("NULL clears");
        assert!(options.tcp_accept_filter.is_empty());
    }
}

#[test]
fn ipc_filters_gather_and_clear() {
    let mut options = fresh(kind::PULL);
    for id in [5i32, 7, 5] {
        set(
            &mut options,
            number::IPC_FILTER_UID,
            Some(&id.to_ne_bytes()),
            4,
        )
        .expect("an id");
    }
    assert_eq!(options.ipc_filter_uid, [5, 7]);
    assert!(options.ipc_filter_pid.is_empty() && options.ipc_filter_gid.is_empty());
    set(&mut options, number::IPC_FILTER_UID, None, 0).expect("NULL clears");
    assert!(options.ipc_filter_uid.is_empty());
}

#[test]
fn metadata_gathers_and_the_last_of_a_name_wins() {
    let mut options = fresh(kind::PUSH);
    let mut add =
        |text: &[u8]| set(&mut options, number::METADATA, Some(text), text.len()).map(|_| ());
    assert_eq!(add(b"X-one:1"), Ok(()));
    assert_eq!(add(b"X-two:a:b"), Ok(()));
    assert_eq!(add(b"X-one:2"), Ok(()));
    let long = [b"X-", &[b'n'; 254][..], b":v"].concat();
    assert_eq!(add(&long), Err(Errno::EINVAL));
    assert_eq!(add(&long[1..]), Err(Errno::EINVAL));
    let property = |name: &[u8], value: &[u8]| (name.to_vec(), value.to_vec());
    assert_eq!(
        options.metadata,
        [property(b"X-one", b"2"), property(b"X-two", b"a:b")]
    );
}

#[test]
fn names_and_passwords_outlive_a_return_to_null() {
    let mut options = fresh(kind::DEALER);
    set(&mut options, number::PLAIN_USERNAME, Some(b"me"), 2).expect("a name");
    set(&mut options, number::PLAIN_USERNAME, None, 0).expect("NULL");
    assert_eq!(options.mechanism, MECHANISM_NULL);
    assert_eq!(options.plain_username, b"me");
    set(&mut options, number::SOCKS_PROXY, Some(b"a:1"), 3).expect("a proxy");
    set(&mut options, number::SOCKS_PROXY, None, 0).expect("NULL");
    assert!(options.socks_proxy.is_empty());
}

proptest! {
    /// Whatever is set, reading it afterwards works, and nothing panics.
    #[test]
    fn no_argument_is_too_strange(
        kind in -2..40i32,
        steps in prop::collection::vec(
            (0..130i32, prop::option::of(prop::collection::vec(any::<u8>(), 0..300))),
            1..8,
        ),
        length in 0..300usize,
    ) {
        let mut options = fresh(kind);
        for (number, value) in &steps {
            let _ = set_any(&mut options, *number, value.as_deref());
            let mut buffer = vec![0; length];
            if let Ok(length) = read_any(&options, *number, 1, &mut buffer) {
                prop_assert!(length <= buffer.len());
            }
        }
        prop_assert!(options.heartbeat_ttl % 100 == 0 && options.heartbeat_ttl >= 0);
        prop_assert!((0..=3).contains(&options.mechanism));
        prop_assert!(options.routing_id.len() <= 255);
    }

    /// Filters are text from outside: any text is either a rule within its width, or refused.
    #[test]
    fn filters_are_rules_or_refused(text in "[0-9a-fx:./ \\[\\]+-]{0,30}", ipv6: bool) {
        let mut options = fresh(kind::PULL);
        options.ipv6 = ipv6;
        let value = Some(text.as_bytes());
        if set(&mut options, number::TCP_ACCEPT_FILTER, value, text.len()).is_ok() {
            let (address, prefix) = options.tcp_accept_filter[0];
            let width = if address.is_ipv4() { 32 } else { 128 };
            prop_assert!(prefix <= width);
            prop_assert!(ipv6 || address.is_ipv4());
        }
    }
}
