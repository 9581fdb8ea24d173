//! With a WebSocket that is not ours (tungstenite) on the other side, and with HTTP.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use tungstenite::client::ClientRequestBuilder;
use tungstenite::handshake::server::{Request, Response};
use tungstenite::http::HeaderValue;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Message, WebSocket};

use super::*;

/// A socket that is bound, and where.
fn bound(context: &'static Context, kind: i32) -> (&'static Socket, String) {
    let socket = context.socket(kind).unwrap();
    set(socket, number::RCVTIMEO, 20_000);
    socket.bind(b"ws://127.0.0.1:*/zeromq").unwrap();
    (socket, text(socket, number::LAST_ENDPOINT))
}

/// A stranger connects, and offers this.
fn connect(endpoint: &str, protocols: &str) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(host_of(endpoint)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let request = ClientRequestBuilder::new(endpoint.parse().unwrap()).with_sub_protocol(protocols);
    let (websocket, response) = tungstenite::client(request, stream).unwrap();
    let chosen = response.headers()["Sec-WebSocket-Protocol"].to_str();
    assert_eq!(chosen.unwrap(), protocols.split(',').next().unwrap());
    websocket
}

fn host_of(endpoint: &str) -> &str {
    let rest = endpoint.strip_prefix("ws://").unwrap();
    rest.split('/').next().unwrap()
}

fn binary(octets: &[u8]) -> Message {
    Message::binary(octets.to_vec())
}

/// Reads what a stranger gets, but for answers to its own pings.
fn read(websocket: &mut WebSocket<TcpStream>) -> Vec<u8> {
    match websocket.read().unwrap() {
        Message::Binary(octets) => octets.to_vec(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stranger_is_served() {
    let context = Context::create().unwrap();
    let (rep, endpoint) = bound(context, kind::REP);
    let mut stranger = connect(&endpoint, "ZWS2.0,ZWS2.0/NULL");
    // Routing ids first, then an envelope without ids.
    stranger.send(binary(b"\x00stranger")).unwrap();
    assert_eq!(read(&mut stranger), b"\x00");
    for size in [0, 1, 125, 126, 70_000, 3_000_000] {
        let body = [b"\x00".as_slice(), &vec![size as u8; size]].concat();
        stranger.send(binary(b"\x01")).unwrap();
        stranger.send(Message::binary(body.clone())).unwrap();
        assert!(recv(rep) == (body[1..].to_vec(), false), "{size} octets");
        send(rep, &body[1..], false);
        assert_eq!(read(&mut stranger), b"\x01");
        assert!(read(&mut stranger) == body, "{size} octets");
    }
    // In pieces, with a ping between them.
    let piece = |octets: &[u8], opcode, last| {
        let frame = Frame::message(octets.to_vec(), OpCode::Data(opcode), last);
        Message::Frame(frame)
    };
    stranger.send(binary(b"\x01")).unwrap();
    stranger
        .write(piece(b"\x00in ", Data::Binary, false))
        .unwrap();
    stranger
        .write(piece(b"pie", Data::Continue, false))
        .unwrap();
    stranger
        .send(Message::Ping(b"there?".to_vec().into()))
        .unwrap();
    stranger.send(piece(b"ces", Data::Continue, true)).unwrap();
    assert_eq!(recv(rep).0, b"in pieces");
    let pong = Message::Pong(b"there?".to_vec().into());
    assert_eq!(stranger.read().unwrap(), pong);
    // And goodbye.
    let bye = CloseFrame {
        code: 1001.into(),
        reason: "going away".into(),
    };
    stranger.close(Some(bye)).unwrap();
    match stranger.read().unwrap() {
        Message::Close(Some(answer)) => assert_eq!(u16::from(answer.code), 1001),
        other => panic!("{other:?}"),
    }
    let end = stranger.read().unwrap_err();
    assert!(matches!(end, tungstenite::Error::ConnectionClosed), "{end}");
    rep.close();
    context.terminate().unwrap();
}

#[test]
fn a_stranger_that_breaks_the_rules_is_told_so() {
    let context = Context::create().unwrap();
    let (socket, endpoint) = bound(context, kind::PULL);
    for (message, code) in [
        (Message::text("\0text"), 1003),
        (binary(b"\x07flags"), 1002),
        (binary(b""), 1002),
    ] {
        let mut stranger = connect(&endpoint, "ZWS2.0");
        assert_eq!(read(&mut stranger), b"\x00");
        stranger.send(message).unwrap();
        match stranger.read().unwrap() {
            Message::Close(Some(answer)) => assert_eq!(u16::from(answer.code), code),
            other => panic!("{other:?}"),
        }
    }
    socket.close();
    context.terminate().unwrap();
}

#[test]
fn a_browser_without_websocket_gets_an_answer() {
    let context = Context::create().unwrap();
    let (socket, endpoint) = bound(context, kind::PULL);
    let mut stream = TcpStream::connect(host_of(&endpoint)).unwrap();
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: {}\r\n\r\n",
        host_of(&endpoint)
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    assert!(
        answer.contains("\r\nSec-WebSocket-Version: 13\r\n"),
        "{answer}"
    );
    socket.close();
    context.terminate().unwrap();
}

/// Serves the next client, who has to ask for this.
#[expect(clippy::result_large_err, reason = "the signature is tungstenite's")]
fn accept(listener: &TcpListener, path: &str) -> WebSocket<TcpStream> {
    let (stream, _) = listener.accept().unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let callback = |request: &Request, mut response: Response| {
        assert_eq!(request.uri().path_and_query().unwrap().as_str(), path);
        assert_eq!(request.headers()["Host"], host.as_str());
        assert_eq!(
            request.headers()["Sec-WebSocket-Protocol"],
            "ZWS2.0/NULL,ZWS2.0"
        );
        let chosen = HeaderValue::from_static("ZWS2.0");
        response
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", chosen);
        Ok(response)
    };
    tungstenite::accept_hdr(stream, callback).unwrap()
}

#[test]
fn a_strange_server_is_talked_to_and_found_again() {
    let context = Context::create().unwrap();
    let dealer = context.socket(kind::DEALER).unwrap();
    set(dealer, number::RCVTIMEO, 20_000);
    set(dealer, number::RECONNECT_IVL, 1);
    dealer
        .set_option(number::ROUTING_ID, Some(b"me"), 2)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    let endpoint = format!("ws://{host}/a/b?c=d");
    dealer.connect(endpoint.as_bytes()).unwrap();
    assert_eq!(text(dealer, number::LAST_ENDPOINT), endpoint);

    // Not now.
    let (mut stream, _) = listener.accept().unwrap();
    let mut request = [0; 4096];
    assert!(stream.read(&mut request).unwrap() > 100);
    stream
        .write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
    drop(stream);

    for round in 0..2_u8 {
        let mut stranger = accept(&listener, "/a/b?c=d");
        assert_eq!(read(&mut stranger), b"\x00me");
        stranger.send(binary(b"\x00you")).unwrap();
        for size in [0, 1, 125, 126, 5000, 70_000, 3_000_000] {
            let body = [b"\x00".as_slice(), &vec![round + 1; size]].concat();
            send(dealer, &body[1..], false);
            assert!(read(&mut stranger) == body, "{size} octets");
            stranger.send(Message::binary(body.clone())).unwrap();
            assert!(recv(dealer) == (body[1..].to_vec(), false), "{size} octets");
        }
        stranger
            .send(Message::Ping(b"there?".to_vec().into()))
            .unwrap();
        let pong = Message::Pong(b"there?".to_vec().into());
        assert_eq!(stranger.read().unwrap(), pong);
        if round == 0 {
            // The client comes back after a goodbye of the server's.
            stranger.close(None).unwrap();
            assert_eq!(stranger.read().unwrap(), Message::Close(None));
            let end = stranger.read().unwrap_err();
            assert!(matches!(end, tungstenite::Error::ConnectionClosed), "{end}");
        } else {
            // And says goodbye itself when its socket closes.
            dealer.close();
            match stranger.read().unwrap() {
                Message::Close(Some(bye)) => assert_eq!(u16::from(bye.code), 1000),
                other => panic!("{other:?}"),
            }
        }
    }
    context.terminate().unwrap();
}

#[test]
fn a_silent_server_is_left_when_patience_ends() {
    let context = Context::create().unwrap();
    let push = context.socket(kind::PUSH).unwrap();
    set(push, number::HANDSHAKE_IVL, 50);
    set(push, number::RECONNECT_IVL, 1);
    set(push, number::LINGER, 0);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    push.connect(format!("ws://{host}").as_bytes()).unwrap();
    for _ in 0..2 {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = String::new();
        stream.read_to_string(&mut request).unwrap();
        let expected = format!("GET / HTTP/1.1\r\nHost: {host}\r\n");
        assert!(request.starts_with(&expected), "{request}");
    }
    push.close();
    context.terminate().unwrap();
}

/// Everything that proves who somebody is goes through WebSocket as through tcp.
#[test]
fn mechanisms_go_through_websocket() {
    for curve in [false, true] {
        for right in [true, false] {
            let context = Context::create().unwrap();
            let (server, client) = (
                context.socket(kind::DEALER).unwrap(),
                context.socket(kind::DEALER).unwrap(),
            );
            let handler = context.socket(kind::REP).unwrap();
            set(handler, number::RCVTIMEO, 20_000);
            handler.bind(b"inproc://zeromq.zap.01").unwrap();
            if curve {
                let secret = crate::proto::curve::SecretKey::new([7; 32]);
                set(server, number::CURVE_SERVER, 1);
                set_bytes(server, number::CURVE_SECRETKEY, &[7; 32]);
                set_bytes(client, number::CURVE_SERVERKEY, &secret.public());
                let own = crate::proto::curve::SecretKey::new([9; 32]);
                set_bytes(client, number::CURVE_PUBLICKEY, &own.public());
                set_bytes(client, number::CURVE_SECRETKEY, &[9; 32]);
            } else {
                set(server, number::PLAIN_SERVER, 1);
                set_bytes(client, number::PLAIN_USERNAME, b"admin");
                set_bytes(client, number::PLAIN_PASSWORD, b"secret");
            }
            set(server, number::RCVTIMEO, if right { 20_000 } else { 300 });
            server.bind(b"ws://127.0.0.1:*/x").unwrap();
            client
                .connect(text(server, number::LAST_ENDPOINT).as_bytes())
                .unwrap();
            send(client, b"sealed", false);
            let mut asked = Vec::new();
            loop {
                let (part, more) = recv(handler);
                asked.push(part);
                if !more {
                    break;
                }
            }
            let mechanism: &[u8] = if curve { b"CURVE" } else { b"PLAIN" };
            assert_eq!(asked[5], mechanism);
            let status: &[u8] = if right { b"200" } else { b"400" };
            for part in [b"1.0", asked[1].as_slice(), status, b"", b"me"] {
                send(handler, part, true);
            }
            send(handler, b"", false);
            if right {
                assert_eq!(recv(server).0, b"sealed");
                send(server, &[5; 100_000], false);
                set(client, number::RCVTIMEO, 20_000);
                assert!(recv(client).0 == [5; 100_000]);
            } else {
                let mut msg = Msg::empty();
                let received = server.recv(&mut msg, 0);
                assert_eq!(received, Err(crate::errno::Errno::EAGAIN));
            }
            for socket in [server, client, handler] {
                set(socket, number::LINGER, 0);
                socket.close();
            }
            context.terminate().unwrap();
        }
    }
}

#[test]
fn a_wildcard_with_a_path_is_known_by_what_became_of_it() {
    let context = Context::create().unwrap();
    for endpoint in [
        "ws://127.0.0.1:*/x",
        "ws://127.0.0.1:0/x",
        "ws://127.0.0.1:*",
    ] {
        let (socket, _) = bound(context, kind::PAIR);
        socket.bind(endpoint.as_bytes()).unwrap();
        let resolved = text(socket, number::LAST_ENDPOINT);
        let unbound = socket.unbind(endpoint.as_bytes());
        assert_eq!(unbound, Err(crate::errno::Errno::ENOENT), "{endpoint}");
        socket.unbind(resolved.as_bytes()).unwrap();
        socket.close();
    }
    context.terminate().unwrap();
}
