//! What is particular to tcp.

use std::fs::File;
use std::net::{Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::IntoRawFd;
use std::time::Duration;

use super::*;
use crate::sys::Given;

fn ipv6_works() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

fn ipv6() -> Options {
    Options {
        ipv6: true,
        ..Options::new(0, &Default::default())
    }
}

fn port(listener: &Listener) -> u16 {
    listener
        .endpoint()
        .rsplit_once(':')
        .unwrap()
        .1
        .parse()
        .unwrap()
}

/// Endpoint asked for, with `ZMQ_IPV6`, and what `ZMQ_LAST_ENDPOINT` says up to the port.
#[test]
fn wildcards_are_resolved_in_the_endpoint() {
    let cases = [
        ("tcp://*:*", false, "tcp://0.0.0.0"),
        ("tcp://[*]:*", false, "tcp://0.0.0.0"),
        ("tcp://0.0.0.0:0", false, "tcp://0.0.0.0"),
        ("tcp://127.0.0.1:*", false, "tcp://127.0.0.1"),
        ("tcp://lo:*", false, "tcp://127.0.0.1"),
        ("tcp://127.0.0.1:1;127.0.0.1:*", false, "tcp://127.0.0.1"),
        ("tcp://*:*", true, "tcp://[::]"),
        ("tcp://127.0.0.1:*", true, "tcp://[::ffff:127.0.0.1]"),
        ("tcp://0.0.0.0:*", true, "tcp://[::ffff:0.0.0.0]"),
        ("tcp://[::1]:*", true, "tcp://[::1]"),
        ("tcp://[::1%lo]:*", true, "tcp://[::1]"),
        ("tcp://lo:*", true, "tcp://[::1]"),
    ];
    for (endpoint, ipv6, expected) in cases {
        if ipv6 && !ipv6_works() {
            continue;
        }
        let options = Options {
            ipv6,
            ..Options::new(0, &Default::default())
        };
        let listener = listen(endpoint, &options).unwrap();
        assert_ne!(port(&listener), 0);
        assert_eq!(
            listener.endpoint(),
            format!("{expected}:{}", port(&listener)),
            "{endpoint}"
        );
    }
}

#[test]
fn bad_binds_are_told_apart() {
    let taken = listen("tcp://127.0.0.1:*", &Options::new(0, &Default::default())).unwrap();
    let cases = [
        ("tcp://*", Errno::EINVAL),
        ("tcp://127.0.0.1:", Errno::EINVAL),
        ("tcp://127.0.0.1:65536", Errno::EINVAL),
        ("tcp://x;127.0.0.1:*", Errno::EINVAL),
        ("tcp://127.0.0.1:*;", Errno::EINVAL),
        ("tcp://[::1]:*", Errno::ENODEV),
        ("tcp://]:*", Errno::ENODEV),
        ("tcp://203.0.113.77:*", Errno::EADDRNOTAVAIL),
        (taken.endpoint(), Errno::EADDRINUSE),
    ];
    for (endpoint, errno) in cases {
        assert_eq!(
            listen(endpoint, &Options::new(0, &Default::default())).unwrap_err(),
            errno,
            "{endpoint}"
        );
    }
}

#[test]
fn a_dual_stack_listener_takes_both() {
    if !ipv6_works() {
        return;
    }
    let listener = listen("tcp://*:*", &ipv6()).unwrap();
    let cases = [
        (
            "127.0.0.1",
            Options::new(0, &Default::default()),
            "127.0.0.1",
            "::ffff:127.0.0.1",
        ),
        ("127.0.0.1", ipv6(), "::ffff:127.0.0.1", "::ffff:127.0.0.1"),
        ("[::1]", ipv6(), "::1", "::1"),
    ];
    for (host, options, seen, own) in cases {
        let endpoint = format!("tcp://{host}:{}", port(&listener));
        let connected = connect(&endpoint, &options).unwrap();
        let accepted = accept(&listener, &ipv6()).unwrap();
        assert_eq!(connected.peer_address(), seen);
        assert_eq!(accepted.peer_address(), own);
        let own = format!("tcp://[{own}]:{}", port(&listener));
        assert_eq!(accepted.local_endpoint(), own);
        send(&connected, &accepted, &[b"x"]);
    }
}

#[test]
fn link_local_addresses_name_their_interface() {
    // The text only: such addresses are not everywhere, and what they reach is not this machine.
    let address: SocketAddr = "[fe80::1%1]:5".parse().unwrap();
    let name = crate::sys::interface_name(1).unwrap_or_else(|| "1".to_owned());
    let (tcp, _) = parse("tcp://x:1").unwrap();
    assert_eq!(
        tcp.endpoint(&address.into()),
        format!("tcp://[fe80::1%{name}]:5")
    );
    let address: SocketAddr = "[fd00::1%4000000000]:5".parse().unwrap();
    assert_eq!(
        tcp.endpoint(&address.into()),
        "tcp://[fd00::1%4000000000]:5"
    );
}

#[test]
fn a_connection_comes_from_its_source() {
    let listener = listen("tcp://127.0.0.1:*", &Options::new(0, &Default::default())).unwrap();
    let free = TcpListener::bind("127.0.0.7:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for source in ["127.0.0.5:0", "127.0.0.6:*", "lo:0", &free.to_string()] {
        let endpoint = format!("tcp://{source};127.0.0.1:{}", port(&listener));
        let connected = connect(&endpoint, &Options::new(0, &Default::default())).unwrap();
        let accepted = accept(&listener, &Options::new(0, &Default::default())).unwrap();
        let (host, port) = source.split_once(':').unwrap();
        let host = if host == "lo" { "127.0.0.1" } else { host };
        assert_eq!(accepted.peer_address(), host);
        if port.len() > 1 {
            assert_eq!(accepted.peer_endpoint(), format!("tcp://{source}"));
        }
        assert_eq!(accepted.peer_endpoint(), connected.local_endpoint());
    }
    let (tcp, _) = parse("tcp://x:1").unwrap();
    let resolved = |address: &str| {
        tcp.resolve(address, &Options::new(0, &Default::default()))
            .map(|_| ())
    };
    assert_eq!(resolved("[::1]:0;127.0.0.1:5"), Err(Errno::ENODEV));
    assert_eq!(resolved("127.0.0.1;127.0.0.1:5"), Err(Errno::EINVAL));
    assert_eq!(resolved("127.0.0.1:0;127.0.0.1"), Err(Errno::EINVAL));
    let elsewhere = tcp
        .resolve(
            "203.0.113.77:0;127.0.0.1:5",
            &Options::new(0, &Default::default()),
        )
        .unwrap();
    let refused = elsewhere[0]
        .connect(&Options::new(0, &Default::default()))
        .map(|_| ());
    assert_eq!(refused, Err(Errno::EADDRNOTAVAIL));
}

/// From a port to that very port, the kernel makes a connection out of one socket.
#[test]
fn a_connection_to_itself_is_refused() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let endpoint = format!("tcp://{free};{free}");
    assert_eq!(
        connect(&endpoint, &Options::new(0, &Default::default())).unwrap_err(),
        Errno::ECONNREFUSED
    );
    if ipv6_works() {
        assert_eq!(
            connect(&endpoint, &ipv6()).unwrap_err(),
            Errno::ECONNREFUSED
        );
    }
}

#[test]
fn filters_let_in_whom_they_list() {
    type Networks = &'static [(&'static str, u8)];
    let cases: [(Networks, bool, bool); 7] = [
        (&[], false, true),
        (&[("127.0.0.1", 32)], false, true),
        (&[("0.0.0.0", 0)], false, true),
        (&[("127.0.0.255", 32)], false, false),
        (&[("10.0.0.0", 8), ("127.0.0.0", 8)], false, true),
        (&[("127.0.0.0", 8)], true, true),
        (&[("::1", 128)], true, false),
    ];
    for (filters, ipv6, expected) in cases {
        if ipv6 && !ipv6_works() {
            continue;
        }
        let filters = filters
            .iter()
            .map(|(ip, prefix)| (ip.parse().unwrap(), *prefix));
        let tcp_accept_filter = filters.collect();
        let options = Options {
            ipv6,
            tcp_accept_filter,
            ..Options::new(0, &Default::default())
        };
        let listener = listen("tcp://127.0.0.1:*", &options).unwrap();
        let connected = connect(listener.endpoint(), &options).unwrap();
        match accept(&listener, &options) {
            Ok(accepted) => {
                assert!(expected, "{:?}", options.tcp_accept_filter);
                send(&accepted, &connected, &[b"welcome"]);
            }
            Err(error) => {
                assert_eq!(
                    (error, expected),
                    (AcceptError::Refused, false),
                    "{:?}",
                    options.tcp_accept_filter
                );
                // Turned away, not left waiting.
                await_event(&connected, Interest::READABLE);
                assert!(!matches!(connected.read(&mut [0; 1]), Ok(1..)));
            }
        }
        assert_eq!(listener.accept(&options).unwrap_err(), AcceptError::Empty);
    }
}

#[test]
fn the_options_reach_the_socket() {
    let options = Options {
        sndbuf: 20_000,
        rcvbuf: 30_000,
        tos: 0x28,
        tcp_keepalive: 1,
        tcp_keepalive_cnt: 3,
        tcp_keepalive_idle: 40,
        tcp_keepalive_intvl: 5,
        tcp_maxrt: 1234,
        priority: 3,
        ..Options::new(0, &Default::default())
    };
    let listener = listen("tcp://127.0.0.1:*", &options).unwrap();
    let (accepted, connected) = pair(&listener, &options);
    for stream in [&accepted, &connected] {
        let socket = stream.socket();
        assert!(socket.tcp_nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
        assert_eq!(
            socket.tcp_keepalive_time().unwrap(),
            Duration::from_secs(40)
        );
        assert_eq!(
            socket.tcp_keepalive_interval().unwrap(),
            Duration::from_secs(5)
        );
        assert_eq!(
            socket.tcp_user_timeout().unwrap(),
            Some(Duration::from_millis(1234))
        );
        assert_eq!(socket.tos_v4().unwrap(), 0x28);
        assert_eq!(socket.priority().unwrap(), 3);
        // The kernel doubles what is asked for.
        assert_eq!(socket.send_buffer_size().unwrap(), 40_000);
        assert_eq!(socket.recv_buffer_size().unwrap(), 60_000);
    }
    assert!(listener.socket().reuse_address().unwrap());
    if ipv6_works() {
        let options = Options {
            ipv6: true,
            ..options
        };
        let listener = listen("tcp://[::1]:*", &options).unwrap();
        assert_eq!(
            pair(&listener, &options).0.socket().tclass_v6().unwrap(),
            0x28
        );
    }
}

#[test]
fn what_is_not_asked_for_is_left_alone() {
    let options = Options {
        tcp_keepalive_cnt: 3,
        ..Options::new(0, &Default::default())
    };
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let plain = Socket::from(plain);
    let listener = listen("tcp://127.0.0.1:*", &options).unwrap();
    let (accepted, _connected) = pair(&listener, &options);
    let socket = accepted.socket();
    assert!(socket.tcp_nodelay().unwrap());
    assert!(!socket.keepalive().unwrap());
    let retries = plain.tcp_keepalive_retries().unwrap();
    assert_eq!(socket.tcp_keepalive_retries().unwrap(), retries);
    assert_eq!(
        socket.tcp_user_timeout().unwrap(),
        plain.tcp_user_timeout().unwrap()
    );
    assert_eq!(socket.tos_v4().unwrap(), 0);
}

/// Advice that the kernel turns down hinders nothing; a device that is not there does.
#[test]
fn only_the_device_must_be_had() {
    let options = Options {
        sndbuf: i32::MAX,
        rcvbuf: 0,
        tos: i32::MAX,
        tcp_keepalive: 1,
        tcp_keepalive_cnt: i32::MAX,
        tcp_keepalive_idle: i32::MAX,
        tcp_keepalive_intvl: 0,
        tcp_maxrt: i32::MAX,
        priority: i32::MAX,
        busy_poll: i32::MAX,
        backlog: 0,
        ..Options::new(0, &Default::default())
    };
    let listener = listen("tcp://127.0.0.1:*", &options).unwrap();
    let (accepted, connected) = pair(&listener, &options);
    send(&accepted, &connected, &[b"x"]);

    let bindtodevice = b"no-such-device".to_vec();
    let options = Options {
        bindtodevice,
        ..Options::new(0, &Default::default())
    };
    let errno = listen("tcp://127.0.0.1:*", &options).unwrap_err();
    assert!([Errno::ENODEV, Errno::EPERM].contains(&errno), "{errno:?}");
    assert_eq!(connect(listener.endpoint(), &options).unwrap_err(), errno);

    let options = Options {
        bindtodevice: b"lo".to_vec(),
        ..Options::new(0, &Default::default())
    };
    match listen("tcp://127.0.0.1:*", &options) {
        Ok(listener) => assert_eq!(listener.socket().device().unwrap().unwrap(), b"lo"),
        Err(errno) => assert_eq!(errno, Errno::EPERM),
    }
}

#[test]
fn a_descriptor_that_listens_is_adopted() {
    let given = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = given.local_addr().unwrap();
    let options = Options {
        use_fd: given.into_raw_fd(),
        ..Options::new(0, &Default::default())
    };
    let listener = listen("tcp://127.0.0.1:*", &options).unwrap();
    assert_eq!(listener.endpoint(), format!("tcp://{address}"));
    assert_ne!(flags(&listener) & libc::O_NONBLOCK, 0);
    let (accepted, connected) = pair(&listener, &options);
    send(&accepted, &connected, &[b"x"]);
    // It has one owner only.
    assert_eq!(
        listen("tcp://127.0.0.1:*", &options).unwrap_err(),
        Errno::EADDRINUSE
    );
    drop((listener, accepted, connected));
    assert!(TcpListener::bind(address).is_ok());
}

#[test]
fn a_descriptor_that_does_not_listen_stays_the_programs() {
    let file = File::open("/dev/null").unwrap().into_raw_fd();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap().into_raw_fd();
    let tcp = Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let tcp = tcp.into_raw_fd();
    for (fd, errno) in [
        (file, Errno::ENOTSOCK),
        (udp, Errno::EINVAL),
        (tcp, Errno::EINVAL),
    ] {
        let options = Options {
            use_fd: fd,
            ..Options::new(0, &Default::default())
        };
        assert_eq!(listen("tcp://127.0.0.1:*", &options).unwrap_err(), errno);
        assert_eq!(
            listen("tcp://127.0.0.1:*", &options).unwrap_err(),
            errno,
            "closed"
        );
        drop(Given::take(fd).unwrap());
    }
    for use_fd in [i32::MAX, -2] {
        let options = Options {
            use_fd,
            ..Options::new(0, &Default::default())
        };
        assert_eq!(
            listen("tcp://127.0.0.1:*", &options).unwrap_err(),
            Errno::EBADF
        );
    }
}

/// Alone in its process, since the number might be anybody's by then.
#[test]
fn an_adopted_descriptor_may_be_closed_behind_our_back() {
    if !is_apart() {
        run_apart(
            "transport::tests::tcp::an_adopted_descriptor_may_be_closed_behind_our_back",
            r#"exec "$@""#,
        );
        return;
    }
    let given = TcpListener::bind("127.0.0.1:0").unwrap();
    let options = Options {
        use_fd: given.as_raw_fd(),
        ..Options::new(0, &Default::default())
    };
    let listener = listen("tcp://127.0.0.1:*", &options).unwrap();
    drop(given);
    // The number now means something else, which is not ours to close.
    let file = File::open("/dev/null").unwrap();
    assert_eq!(file.as_raw_fd(), options.use_fd);
    let (accepted, connected) = pair(&listener, &options);
    send(&accepted, &connected, &[b"x"]);
    drop(listener);
    assert!(file.metadata().is_ok());
}

#[test]
fn connections_within_the_machine_are_not_paced() {
    let options = Options::new(0, &Default::default());
    let near = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = std::net::TcpStream::connect(near.local_addr().unwrap()).unwrap();
    let socket = socket2::Socket::from(client);
    let peer = socket.peer_addr().unwrap();
    (parse("tcp://x").unwrap().0.tune)(&socket, Some(&peer), &options);
    assert_eq!(&socket.tcp_congestion().unwrap()[..5], b"reno\0");
}
