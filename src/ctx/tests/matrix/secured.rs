//! Every type through the mechanisms that know who is who, over every transport that has them; and
//! strangers, who are kept out.
//!
//! Invariant: whoever is let in was judged by the handler, once for each connection.

use std::thread::{self, JoinHandle};

use super::*;
use crate::runtime::number as event;

const USER: &[u8] = b"admin";
const PASSWORD: &[u8] = b"secret";
const SERVER: [u8; 32] = [7; 32];
const CLIENT: [u8; 32] = [9; 32];

fn public(secret: [u8; 32]) -> [u8; 32] {
    SecretKey::new(secret).public()
}

fn plain(server: &Socket, client: &Socket) {
    set(server, number::PLAIN_SERVER, 1);
    set_octets(client, number::PLAIN_USERNAME, USER);
    set_octets(client, number::PLAIN_PASSWORD, PASSWORD);
}

fn curve(server: &Socket, client: &Socket) {
    curve_as(server, client, CLIENT);
}

fn curve_as(server: &Socket, client: &Socket, secret: [u8; 32]) {
    set(server, number::CURVE_SERVER, 1);
    set_octets(server, number::CURVE_SECRETKEY, &SERVER);
    set_octets(client, number::CURVE_SERVERKEY, &public(SERVER));
    set_octets(client, number::CURVE_PUBLICKEY, &public(secret));
    set_octets(client, number::CURVE_SECRETKEY, &secret);
}

/// Answers whoever asks until the context ends; how many it let in and how many not.
fn handler(context: &'static Context) -> JoinHandle<(usize, usize)> {
    let handler = context.socket(kind::REP).unwrap();
    handler.bind(b"inproc://zeromq.zap.01").unwrap();
    thread::spawn(move || {
        let (mut known, mut unknown) = (0, 0);
        loop {
            let (mut asked, mut msg) = (Vec::new(), Msg::empty());
            loop {
                if let Err(error) = handler.recv(&mut msg, 0) {
                    assert_eq!(error, Errno::ETERM);
                    handler.close();
                    return (known, unknown);
                }
                asked.push(msg.data().to_vec());
                if !msg.more() {
                    break;
                }
            }
            let right = match &*asked[5] {
                b"PLAIN" => asked[6..] == [USER, PASSWORD],
                b"CURVE" => asked[6..] == [public(CLIENT)],
                other => panic!("{}", other.escape_ascii()),
            };
            *(if right { &mut known } else { &mut unknown }) += 1;
            let status: &[u8] = if right { b"200" } else { b"400" };
            let answer = [b"1.0", &*asked[1], status, b"", b"somebody", b""];
            let parts = answer.map(<[u8]>::to_vec).to_vec();
            // The context may end in between.
            for (at, part) in parts.iter().enumerate() {
                let flags = if at + 1 < parts.len() { 2 } else { 0 };
                let _ = handler.send(&mut Msg::from_slice(part).unwrap(), flags);
            }
        }
    })
}

/// A client that the server does not know: both hear that it came to nothing.
fn stranger_stays_out(context: &'static Context, place: &Place, secure: Secure) {
    let (server, client) = (socket(context, kind::DEALER), socket(context, kind::DEALER));
    let monitor = socket(context, kind::PAIR);
    let events = event::HANDSHAKE_SUCCEEDED
        | event::HANDSHAKE_FAILED_AUTH
        | event::HANDSHAKE_FAILED_NO_DETAIL
        | event::HANDSHAKE_FAILED_PROTOCOL;
    let name = b"inproc://monitor";
    server.monitor(Some(name), events, 1, kind::PAIR).unwrap();
    monitor.connect(name).unwrap();
    (place.credentials)(server, client);
    secure(server, client);
    server.bind(place.endpoint.as_bytes()).unwrap();
    client
        .connect(text(server, number::LAST_ENDPOINT).as_bytes())
        .unwrap();
    // Refused, it is not tried again: there may be nobody to send to any more.
    let _ = client.send(&mut Msg::from_slice(b"hear me").unwrap(), 1);
    let head = recv(monitor).0;
    let seen = u64::from(u16::from_ne_bytes([head[0], head[1]]));
    let value = u32::from_ne_bytes(head[2..].try_into().unwrap());
    assert_eq!((seen, value), (event::HANDSHAKE_FAILED_AUTH, 400));
    let heard = server.recv(&mut Msg::empty(), 1);
    assert_eq!(heard, Err(Errno::EAGAIN));
    for socket in [server, client, monitor] {
        socket.close();
    }
}

fn every_type_through(place: &Place, carries_octets: bool, right: Secure, wrong: Secure) {
    let context = Context::create().unwrap();
    let handler = handler(context);
    everybody_meets(context, place, carries_octets, right);
    stranger_stays_out(context, place, wrong);
    context.terminate().unwrap();
    let (known, unknown) = handler.join().unwrap();
    // STREAM knows no mechanism.
    let streams = PAIRS.iter().filter(|pair| pair.0 == kind::STREAM).count();
    assert_eq!((known, unknown), (2 * (PAIRS.len() - streams), 1));
}

fn plain_over(place: &Place, carries_octets: bool) {
    every_type_through(place, carries_octets, plain, |server, client| {
        plain(server, client);
        set_octets(client, number::PLAIN_PASSWORD, b"guess");
    });
}

fn curve_over(place: &Place, carries_octets: bool) {
    every_type_through(place, carries_octets, curve, |server, client| {
        curve_as(server, client, [8; 32]);
    });
}

#[test]
fn every_type_with_plain_over_ipc() {
    plain_over(&IPC, true);
}

#[test]
fn every_type_with_plain_over_tcp() {
    plain_over(&TCP, true);
}

#[test]
fn every_type_with_plain_over_ws() {
    plain_over(&WS, false);
}

#[cfg(feature = "wss")]
#[test]
fn every_type_with_plain_over_wss() {
    plain_over(&WSS, false);
}

#[test]
fn every_type_with_curve_over_ipc() {
    curve_over(&IPC, true);
}

#[test]
fn every_type_with_curve_over_tcp() {
    curve_over(&TCP, true);
}

#[test]
fn every_type_with_curve_over_ws() {
    curve_over(&WS, false);
}

#[cfg(feature = "wss")]
#[test]
fn every_type_with_curve_over_wss() {
    curve_over(&WSS, false);
}
