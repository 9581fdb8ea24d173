//! WebSocket over TLS: who is believed and who is not, and what strangers may say to a port.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::*;
use crate::runtime::number as event;

/// One who vouches for servers.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub(super) type Identity = (String, String);

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "common.test");
    params
}

impl Authority {
    pub(super) fn new() -> Authority {
        let mut params = params(&[]);
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Authority(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    fn sign(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// A good server's.
    pub(super) fn server(&self) -> Identity {
        self.sign(&params(&["right.test", "127.0.0.1"]))
    }
}

pub(super) fn set_text(socket: &Socket, option: i32, text: &str) {
    socket
        .set_option(option, Some(text.as_bytes()), text.len())
        .unwrap();
}

fn bound(context: &'static Context, kind: i32, identity: &Identity) -> (&'static Socket, String) {
    let socket = context.socket(kind).unwrap();
    set(socket, number::RCVTIMEO, 20_000);
    set_text(socket, number::WSS_CERT_PEM, &identity.0);
    set_text(socket, number::WSS_KEY_PEM, &identity.1);
    socket.bind(b"wss://127.0.0.1:*/zeromq").unwrap();
    (socket, text(socket, number::LAST_ENDPOINT))
}

/// A client that trusts these certificates, and wants the server to have that name.
fn client(context: &'static Context, kind: i32, trusted: &str, name: &str) -> &'static Socket {
    let socket = context.socket(kind).unwrap();
    set(socket, number::RCVTIMEO, 20_000);
    set(socket, number::RECONNECT_IVL, 10);
    set_text(socket, number::WSS_TRUST_PEM, trusted);
    set_text(socket, number::WSS_HOSTNAME, name);
    socket
}

fn monitor(context: &'static Context, socket: &Socket, name: &str) -> &'static Socket {
    let events = event::HANDSHAKE_SUCCEEDED
        | event::HANDSHAKE_FAILED_AUTH
        | event::HANDSHAKE_FAILED_NO_DETAIL
        | event::HANDSHAKE_FAILED_PROTOCOL
        | event::CONNECT_RETRIED;
    let name = format!("inproc://{name}");
    let monitor = context.socket(kind::PAIR).unwrap();
    set(monitor, number::RCVTIMEO, 20_000);
    socket
        .monitor(Some(name.as_bytes()), events, 1, kind::PAIR)
        .unwrap();
    monitor.connect(name.as_bytes()).unwrap();
    monitor
}

fn next(monitor: &Socket) -> u64 {
    let (head, _) = recv(monitor);
    recv(monitor);
    u64::from(u16::from_ne_bytes([head[0], head[1]]))
}

/// Whether a client with this trust believes this server. Both monitors hear of the end, and the
/// client tries again if it came to nothing.
fn believes(identity: &Identity, trusted: &str, name: &str) -> bool {
    let context = Context::create().unwrap();
    let (server, endpoint) = bound(context, kind::DEALER, identity);
    let client = client(context, kind::DEALER, trusted, name);
    let (there, here) = (
        monitor(context, server, "server"),
        monitor(context, client, "client"),
    );
    client.connect(endpoint.as_bytes()).unwrap();
    let seen = next(here);
    let believed = seen == event::HANDSHAKE_SUCCEEDED;
    assert_eq!(next(there), seen);
    if !believed {
        assert_eq!(seen, event::HANDSHAKE_FAILED_NO_DETAIL);
        assert_eq!(next(here), event::CONNECT_RETRIED);
    }
    for socket in [server, client, there, here] {
        set(socket, number::LINGER, 0);
        socket.close();
    }
    context.terminate().unwrap();
    believed
}

#[test]
fn only_those_are_believed_who_are_vouched_for_and_called_right() {
    let (ours, other) = (Authority::new(), Authority::new());
    let good = ours.server();
    assert!(believes(&good, &ours.pem(), "right.test"));
    assert!(believes(&good, &ours.pem(), "RIGHT.test"));
    assert!(believes(&good, &ours.pem(), "127.0.0.1"));
    assert!(believes(&good, &ours.pem(), ""), "nobody asked");
    assert!(believes(&good, &(other.pem() + &ours.pem()), "right.test"));
    assert!(!believes(&good, &ours.pem(), "wrong.test"));
    assert!(!believes(&good, &ours.pem(), "common.test"), "it has names");
    assert!(!believes(&good, &ours.pem(), "127.0.0.2"));
    assert!(!believes(&good, &other.pem(), "right.test"));
    assert!(!believes(&good, &other.pem(), ""), "a stranger's");
    assert!(!believes(&good, "", "right.test"), "trusts nobody");

    let nameless = ours.sign(&params(&[]));
    assert!(believes(&nameless, &ours.pem(), "common.test"));
    assert!(!believes(&nameless, &ours.pem(), "right.test"));

    let mut past = params(&["right.test"]);
    past.not_before = date_time_ymd(2001, 1, 1);
    past.not_after = date_time_ymd(2002, 1, 1);
    assert!(!believes(&ours.sign(&past), &ours.pem(), "right.test"));
    let mut future = params(&["right.test"]);
    future.not_before = date_time_ymd(4000, 1, 1);
    assert!(!believes(&ours.sign(&future), &ours.pem(), "right.test"));
}

#[test]
fn what_is_trusted_itself_needs_nobody_to_vouch_for_it() {
    for is_ca in [false, true] {
        let own = |until| {
            let mut params = params(&["right.test"]);
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(until, 1, 1);
            if is_ca {
                params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            }
            let key = KeyPair::generate().unwrap();
            (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
        };
        let (good, expired) = (own(4000), own(2002));
        assert!(believes(&good, &good.0, "right.test"));
        assert!(!believes(&good, &good.0, "wrong.test"));
        assert!(!believes(&good, &own(4000).0, "right.test"));
        assert!(!believes(&expired, &expired.0, "right.test"));
    }
}

#[test]
fn what_cannot_work_is_refused_at_once() {
    let context = Context::create().unwrap();
    let authority = Authority::new();
    let (certificate, key) = authority.server();
    let other = authority.server().1;
    let socket = context.socket(kind::DEALER).unwrap();
    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (certificate, key) in [
        ("", ""),
        (&*certificate, ""),
        ("", &*key),
        (&certificate, &other),
        (nonsense, &key),
        (&certificate, "no key"),
    ] {
        set_text(socket, number::WSS_CERT_PEM, certificate);
        set_text(socket, number::WSS_KEY_PEM, key);
        let bound = socket.bind(b"wss://127.0.0.1:*");
        assert_eq!(bound, Err(crate::errno::Errno::EINVAL));
    }
    for (trusted, name) in [("nonsense", ""), (nonsense, ""), ("", "no name!")] {
        set_text(socket, number::WSS_TRUST_PEM, trusted);
        set_text(socket, number::WSS_HOSTNAME, name);
        let connected = socket.connect(b"wss://127.0.0.1:1");
        assert_eq!(connected, Err(crate::errno::Errno::EINVAL));
    }
    let stream = context.socket(kind::STREAM).unwrap();
    for result in [
        stream.bind(b"wss://127.0.0.1:*"),
        stream.connect(b"wss://127.0.0.1:1"),
    ] {
        assert_eq!(result, Err(crate::errno::Errno::ENOCOMPATPROTO));
    }
    stream.close();
    socket.close();
    context.terminate().unwrap();
}

#[test]
fn messages_of_every_size_go_both_ways() {
    let context = Context::create().unwrap();
    let authority = Authority::new();
    let (server, endpoint) = bound(context, kind::PAIR, &authority.server());
    let client = client(context, kind::PAIR, &authority.pem(), "right.test");
    client.connect(endpoint.as_bytes()).unwrap();
    for size in [
        0, 1, 48, 126, 8191, 8192, 16_384, 70_000, 300_000, 9_000_000,
    ] {
        let body: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        for (from, to) in [(client, server), (server, client)] {
            send(from, &body, true);
            send(from, b"end", false);
            assert!(recv(to) == (body.clone(), true), "{size} octets");
            assert_eq!(recv(to), (b"end".to_vec(), false));
        }
    }
    for number in 0..20_000_u32 {
        send(client, &number.to_ne_bytes(), false);
        if number % 500 == 499 {
            for number in number - 499..=number {
                assert_eq!(recv(server).0, number.to_ne_bytes());
            }
        }
    }
    // What was sent arrives although the sender closed.
    send(client, &vec![7; 3_000_000], false);
    client.close();
    assert!(recv(server).0 == vec![7; 3_000_000]);
    server.close();
    context.terminate().unwrap();
}

#[test]
fn garbage_and_plain_text_end_one_connection_each() {
    let context = Context::create().unwrap();
    let authority = Authority::new();
    let (server, endpoint) = bound(context, kind::DEALER, &authority.server());
    let heard = monitor(context, server, "server");
    let host = endpoint["wss://".len()..].split('/').next().unwrap();
    let http = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n";
    for octets in [
        http.as_slice(),
        &[0xff; 70_000],
        b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
        b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL",
    ] {
        let mut stream = TcpStream::connect(host).unwrap();
        // It may hang up before it has heard all.
        let _ = stream.write_all(octets);
        let _ = stream.read_to_end(&mut Vec::new());
        assert_eq!(next(heard), event::HANDSHAKE_FAILED_NO_DETAIL);
    }
    // A plain client here, and one of TLS at a plain port.
    let plain = context.socket(kind::DEALER).unwrap();
    plain.connect(format!("ws://{host}/").as_bytes()).unwrap();
    assert_eq!(next(heard), event::HANDSHAKE_FAILED_NO_DETAIL);
    plain.bind(b"ws://127.0.0.1:*").unwrap();
    let there = text(plain, number::LAST_ENDPOINT).replace("ws:", "wss:");
    let other = client(context, kind::DEALER, &authority.pem(), "");
    let tried = monitor(context, other, "other");
    other.connect(there.as_bytes()).unwrap();
    assert_eq!(next(tried), event::HANDSHAKE_FAILED_NO_DETAIL);
    assert_eq!(next(tried), event::CONNECT_RETRIED);
    for socket in [plain, other, tried] {
        set(socket, number::LINGER, 0);
        socket.close();
    }
    // And whoever comes in the right way is served.
    let right = client(context, kind::DEALER, &authority.pem(), "right.test");
    right.connect(endpoint.as_bytes()).unwrap();
    send(right, b"here", false);
    assert_eq!(recv(server).0, b"here");
    for socket in [right, server, heard] {
        socket.close();
    }
    context.terminate().unwrap();
}

/// A stream that passes on single octets.
struct Slow(TcpStream);

impl Read for Slow {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let most = room.len().min(1);
        self.0.read(&mut room[..most])
    }
}

impl Write for Slow {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.write(&octets[..octets.len().min(1)])
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn a_slow_stranger_is_served_in_every_version() {
    let context = Context::create().unwrap();
    let authority = Authority::new();
    let (rep, endpoint) = bound(context, kind::REP, &authority.server());
    let host = endpoint["wss://".len()..].split('/').next().unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut roots = RootCertStore::empty();
        roots.add(authority.0.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("right.test").unwrap();
        let tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = TcpStream::connect(host).unwrap();
        stream.set_nodelay(true).unwrap();
        let stream = StreamOwned::new(tls, Slow(stream));
        let request = tungstenite::client::ClientRequestBuilder::new(
            endpoint.replace("wss:", "ws:").parse().unwrap(),
        )
        .with_sub_protocol("ZWS2.0");
        let (mut stranger, _) = tungstenite::client(request, stream).unwrap();
        let binary = |octets: &[u8]| tungstenite::Message::binary(octets.to_vec());
        stranger.send(binary(b"\x00slow")).unwrap();
        assert_eq!(stranger.read().unwrap(), binary(b"\x00"));
        stranger.send(binary(b"\x01")).unwrap();
        stranger.send(binary(b"\x00question")).unwrap();
        assert_eq!(recv(rep).0, b"question");
        send(rep, b"answer", false);
        assert_eq!(stranger.read().unwrap(), binary(b"\x01"));
        assert_eq!(stranger.read().unwrap(), binary(b"\x00answer"));
    }
    rep.close();
    context.terminate().unwrap();
}
