//! What is particular to ws: the path.

use super::*;
use crate::proto::ws::Side;

fn options() -> Options {
    Options::new(0, &Default::default())
}

#[test]
fn an_endpoint_has_a_path_even_if_none_was_given() {
    for (given, path) in [
        ("ws://127.0.0.1:*", "/"),
        ("ws://127.0.0.1:*/", "/"),
        ("ws://127.0.0.1:0/a/b?c=d:*", "/a/b?c=d:*"),
        ("ws://lo:*//", "//"),
    ] {
        let listener = listen(given, &options()).unwrap();
        let port = listener.socket().local_addr().unwrap();
        let port = port.as_socket().unwrap().port();
        assert_eq!(listener.endpoint(), format!("ws://127.0.0.1:{port}{path}"));
    }
    let (family, address) = parse("ws://some.where:1").unwrap();
    assert_eq!(family.canonical(address), "ws://some.where:1/");
    let (family, address) = parse("ws://some.where:1/x/y").unwrap();
    assert_eq!(family.canonical(address), "ws://some.where:1/x/y");
    assert_eq!(parse("tcp://a:1").unwrap().0.canonical("a:1"), "tcp://a:1");
}

#[test]
fn what_would_break_a_request_is_no_path() {
    let (family, _) = parse("ws://127.0.0.1:1").unwrap();
    let options = options();
    for path in [
        "/ ",
        "/a b",
        "/\r\nHost: x",
        "/\t",
        "/\0",
        "/\u{e9}",
        "/\u{7f}",
    ] {
        let address = format!("127.0.0.1:1{path}");
        let invalid = Err(Errno::EINVAL);
        assert_eq!(
            family.check_connect(&address, &options),
            invalid,
            "{path:?}"
        );
        let resolved = family.resolve(&address, &options);
        assert_eq!(resolved.map(|_| ()), invalid, "{path:?}");
        let bound = listen(&format!("ws://127.0.0.1:*{path}"), &options);
        assert_eq!(bound.map(|_| ()), invalid, "{path:?}");
    }
    for address in ["127.0.0.1", "127.0.0.1/x", "/x", "*:5/x", "127.0.0.1:*/x"] {
        assert_eq!(
            family.check_connect(address, &options),
            Err(Errno::EINVAL),
            "{address}"
        );
    }
}

#[test]
fn a_request_names_host_and_path_as_they_were_given() {
    let (family, _) = parse("ws://x:1").unwrap();
    for (address, expected_host, expected_path) in [
        ("example.org:80", "example.org:80", "/"),
        ("[::1]:5555/zeromq", "[::1]:5555", "/zeromq"),
        ("[fe80::1%lo]:5/a?b", "[fe80::1]:5", "/a?b"),
        ("127.0.0.1:0;127.0.0.2:7/", "127.0.0.2:7", "/"),
    ] {
        assert_eq!(
            family.check_connect(address, &options()),
            Ok(()),
            "{address}"
        );
        match family.websocket(Some(address)) {
            Some(Side::Client { host, path }) => {
                assert_eq!((&*host, &*path), (expected_host, expected_path));
            }
            side => panic!("{side:?}"),
        }
    }
    assert!(matches!(family.websocket(None), Some(Side::Server)));
    assert!(parse("tcp://x:1").unwrap().0.websocket(None).is_none());
}

#[test]
fn a_proxy_is_told_the_host_without_the_path() {
    let destination = |endpoint: &'static str| {
        let (family, address) = parse(endpoint).unwrap();
        family.destination(address)
    };
    assert_eq!(destination("ws://[::1]:5/x:7"), Some(Ok(("::1", 5))));
    assert_eq!(destination("tcp://1.1.1.1:1;a.b:9"), Some(Ok(("a.b", 9))));
    assert_eq!(destination("tcp://a.b"), Some(Err(Errno::EINVAL)));
    assert_eq!(destination("ipc:///a:1"), None);
}
