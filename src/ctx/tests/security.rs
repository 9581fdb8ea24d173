//! ZAP handlers that are slow, that die, and that end with everything else.

use super::*;
use crate::runtime::number as event;

/// A server that asks, its monitor, and a client.
struct Scene {
    context: &'static Context,
    server: &'static Socket,
    monitor: &'static Socket,
    client: &'static Socket,
}

const HANDLER: &[u8] = b"inproc://zeromq.zap.01";

impl Scene {
    /// `prepare` may set options of both before they are connected.
    fn open(prepare: impl FnOnce(&Socket, &Socket)) -> Scene {
        let context = Context::create().unwrap();
        let socket = |kind| {
            let socket = context.socket(kind).unwrap();
            set(socket, number::RCVTIMEO, 10_000);
            socket
        };
        let scene = Scene {
            context,
            server: socket(kind::DEALER),
            monitor: socket(kind::PAIR),
            client: socket(kind::DEALER),
        };
        prepare(scene.server, scene.client);
        let name = b"inproc://monitor";
        let events = event::HANDSHAKE_SUCCEEDED
            | event::HANDSHAKE_FAILED_AUTH
            | event::HANDSHAKE_FAILED_NO_DETAIL
            | event::HANDSHAKE_FAILED_PROTOCOL;
        scene
            .server
            .monitor(Some(name), events, 1, kind::PAIR)
            .unwrap();
        scene.monitor.connect(name).unwrap();
        scene.server.bind(b"tcp://127.0.0.1:*").unwrap();
        let endpoint = text(scene.server, number::LAST_ENDPOINT);
        scene.client.connect(endpoint.as_bytes()).unwrap();
        scene
    }

    fn handler(&self, kind: i32) -> &'static Socket {
        let handler = self.context.socket(kind).unwrap();
        set(handler, number::RCVTIMEO, 10_000);
        handler.bind(HANDLER).unwrap();
        handler
    }

    /// The next event of the server's: number and value.
    fn event(&self) -> (u64, u32) {
        let (head, _) = recv(self.monitor);
        recv(self.monitor);
        let (number, value) = head.split_at(2);
        (
            u16::from_ne_bytes(number.try_into().unwrap()).into(),
            u32::from_ne_bytes(value.try_into().unwrap()),
        )
    }

    fn close(self) {
        for socket in [self.server, self.monitor, self.client] {
            socket.close();
        }
        self.context.terminate().unwrap();
    }
}

fn set_text(socket: &Socket, option: i32, value: &[u8]) {
    socket.set_option(option, Some(value), value.len()).unwrap();
}

/// A client of PLAIN that will not be tried twice, and its server.
fn plain(server: &Socket, client: &Socket) {
    set(server, number::PLAIN_SERVER, 1);
    set_text(client, number::PLAIN_USERNAME, b"admin");
    set_text(client, number::PLAIN_PASSWORD, b"secret");
    set(client, number::RECONNECT_IVL, 60_000);
}

fn parts(socket: &Socket) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    loop {
        let (part, more) = recv(socket);
        parts.push(part);
        if !more {
            return parts;
        }
    }
}

fn reply(socket: &Socket, parts: &[&[u8]]) {
    for (at, part) in parts.iter().enumerate() {
        send(socket, part, at + 1 < parts.len());
    }
}

#[test]
fn a_handler_may_take_its_time_and_is_told_everything() {
    let mut handler = None;
    let scene = Scene::open(|server, client| {
        plain(server, client);
        set_text(server, number::ZAP_DOMAIN, b"home");
        set_text(server, number::ROUTING_ID, b"it");
        set(client, number::RECONNECT_IVL, 1);
    });
    // Without a handler nobody gets in, and the client keeps trying.
    let refused = (event::HANDSHAKE_FAILED_NO_DETAIL, libc::EFAULT as u32);
    assert_eq!(scene.event(), refused);
    let handler = handler.insert(scene.handler(kind::ROUTER));
    let asked = parts(handler);
    let told: Vec<&[u8]> = asked[1..].iter().map(Vec::as_slice).collect();
    let expected: [&[u8]; 9] = [
        b"",
        b"1.0",
        b"1",
        b"home",
        b"127.0.0.1",
        b"it",
        b"PLAIN",
        b"admin",
        b"secret",
    ];
    assert_eq!(told, expected);
    // What the client wrote long ago waits for the verdict.
    send(scene.client, b"at last", false);
    let answer: [&[u8]; 8] = [&asked[0], b"", b"1.0", b"1", b"200", b"", b"bob", b""];
    reply(handler, &answer);
    let mut msg = Msg::empty();
    scene.server.recv(&mut msg, 0).unwrap();
    assert_eq!(msg.data(), b"at last");
    let user = msg.metadata().and_then(|metadata| metadata.get("User-Id"));
    assert_eq!(user, Some(c"bob"));
    let mut last = scene.event();
    while last == refused {
        last = scene.event();
    }
    assert_eq!(last.0, event::HANDSHAKE_SUCCEEDED);
    handler.close();
    scene.close();
}

#[test]
fn a_handler_that_dies_lets_nobody_in() {
    let scene = Scene::open(|server, client| {
        set_text(server, number::ZAP_DOMAIN, b"home");
        set(server, number::HANDSHAKE_IVL, 200);
        // Until the handler is there.
        set(client, number::RECONNECT_IVL, 60_000);
        set(server, number::ZAP_ENFORCE_DOMAIN, 1);
    });
    assert_eq!(scene.event().1, libc::EFAULT as u32);
    let handler = scene.handler(kind::REP);
    let late = scene.context.socket(kind::DEALER).unwrap();
    set(late, number::RECONNECT_IVL, 60_000);
    set(late, number::LINGER, 0);
    let endpoint = text(scene.server, number::LAST_ENDPOINT);
    late.connect(endpoint.as_bytes()).unwrap();
    send(late, b"never", false);
    assert_eq!(parts(handler).len(), 6);
    handler.close();
    // Its peer waits until the handshake takes too long.
    let timeout = (event::HANDSHAKE_FAILED_NO_DETAIL, libc::ETIMEDOUT as u32);
    assert_eq!(scene.event(), timeout);
    let mut msg = Msg::empty();
    assert!(scene.server.recv(&mut msg, 1).is_err());
    late.close();
    scene.close();
}

#[test]
fn everything_ends_while_a_handler_is_asked() {
    // Whoever is closed first, and whatever lingers.
    for linger in [0, -1] {
        let scene = Scene::open(|server, client| {
            plain(server, client);
            set(server, number::LINGER, linger);
            set(client, number::RECONNECT_IVL, 1);
            // A message that waits for a peer that never comes would keep the client for ever.
            set(client, number::LINGER, 0);
        });
        let handler = scene.handler(kind::REP);
        send(scene.client, b"never", false);
        parts(handler);
        if linger == 0 {
            scene.close_handler_last(handler);
        } else {
            handler.close();
            scene.close();
        }
    }
}

impl Scene {
    /// The handler answers somebody who is gone, and then learns that all is over.
    fn close_handler_last(self, handler: &'static Socket) {
        for socket in [self.server, self.monitor, self.client] {
            socket.close();
        }
        reply(handler, &[b"1.0", b"1", b"200", b"", b"", b""]);
        self.context.shutdown().unwrap();
        let mut msg = Msg::empty();
        assert_eq!(handler.recv(&mut msg, 0), Err(Errno::ETERM));
        handler.close();
        self.context.terminate().unwrap();
    }
}

#[test]
fn only_a_handler_says_who_a_peer_is() {
    let scene = Scene::open(|_, _| {});
    let address = text(scene.server, number::LAST_ENDPOINT);
    let mut stream = std::net::TcpStream::connect(address.trim_start_matches("tcp://")).unwrap();
    let mut said = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL".to_vec();
    said.resize(64, 0);
    said.extend(b"\x04\x38\x05READY\x0BSocket-Type\0\0\0\x06DEALER");
    said.extend(b"\x07User-Id\0\0\0\x04root\x06X-Mine\0\0\0\x01m");
    let len = said.len() - 66;
    said[65] = len as u8;
    said.extend(b"\0\x02hi");
    std::io::Write::write_all(&mut stream, &said).unwrap();
    let mut msg = Msg::empty();
    scene.server.recv(&mut msg, 0).unwrap();
    assert_eq!(msg.data(), b"hi");
    let metadata = msg.metadata().unwrap();
    assert_eq!(metadata.get("User-Id"), None);
    assert_eq!(metadata.get("X-Mine"), Some(c"m"));
    scene.close();
}
