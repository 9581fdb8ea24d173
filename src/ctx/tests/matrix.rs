//! Every pair of socket types that talk to each other, over every transport that carries it,
//! through every mechanism, with either side bound.
//!
//! Invariant: each type is in [`PAIRS`] or in [`DATAGRAMS_ONLY`], with each type that it may talk
//! to; the manual names for each type and transport the test that shows it (`manual`).

mod manual;
mod secured;

use super::*;
use crate::pattern::KINDS;
use crate::proto::curve::SecretKey;

/// How two types find each other, and which way messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Talk {
    /// The first sends, the second receives.
    OneWay,
    /// And the second answers to whatever the message began with.
    BothWays,
    /// As `BothWays`; the first has to hear of the second before it can name it.
    Named,
    /// The second subscribes to what the first sends.
    Subscribed,
    /// The second joins the group that the first sends to.
    Grouped,
}
use Talk::{BothWays, Grouped, Named, OneWay, Subscribed};

const PAIRS: &[(i32, i32, Talk)] = &[
    (kind::PAIR, kind::PAIR, BothWays),
    (kind::PUB, kind::SUB, Subscribed),
    (kind::PUB, kind::XSUB, Subscribed),
    (kind::XPUB, kind::SUB, Subscribed),
    (kind::XPUB, kind::XSUB, Subscribed),
    (kind::REQ, kind::REP, BothWays),
    (kind::REQ, kind::ROUTER, BothWays),
    (kind::DEALER, kind::REP, BothWays),
    (kind::DEALER, kind::DEALER, BothWays),
    (kind::DEALER, kind::ROUTER, BothWays),
    (kind::ROUTER, kind::ROUTER, Named),
    (kind::PUSH, kind::PULL, OneWay),
    (kind::STREAM, kind::STREAM, Named),
    (kind::CLIENT, kind::SERVER, BothWays),
    (kind::PEER, kind::PEER, BothWays),
    (kind::RADIO, kind::DISH, Grouped),
    (kind::SCATTER, kind::GATHER, OneWay),
    (kind::CHANNEL, kind::CHANNEL, BothWays),
];

/// No stream carries them: `datagrams` has their tests.
const DATAGRAMS_ONLY: &[i32] = &[kind::DGRAM];

#[test]
fn every_type_is_paired_with_every_type_that_it_may_talk_to() {
    for row in KINDS {
        if DATAGRAMS_ONLY.contains(&row.number) {
            assert!(row.peers.is_empty(), "{}", row.name);
            continue;
        }
        let mut peers: Vec<&str> = PAIRS
            .iter()
            .flat_map(|&(a, b, _)| [(a, b), (b, a)])
            .filter(|&(one, _)| one == row.number)
            .map(|(_, other)| crate::pattern::kind(other).unwrap().name)
            .filter(|_| !row.raw)
            .collect();
        let mut expected = row.peers.to_vec();
        peers.sort_unstable();
        peers.dedup();
        expected.sort_unstable();
        assert_eq!(peers, expected, "{}", row.name);
        assert!(PAIRS.iter().any(|&(a, b, _)| [a, b].contains(&row.number)));
    }
}

const WAIT: i32 = 20_000;

fn socket(context: &'static Context, kind: i32) -> &'static Socket {
    let socket = context.socket(kind).unwrap();
    for option in [number::RCVTIMEO, number::SNDTIMEO] {
        set(socket, option, WAIT);
    }
    set(socket, number::LINGER, 0);
    socket
}

fn set_octets(socket: &Socket, option: i32, octets: &[u8]) {
    socket
        .set_option(option, Some(octets), octets.len())
        .unwrap();
}

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Whole {
    parts: Vec<Vec<u8>>,
    /// By which a SERVER or a PEER knows who sent it.
    from: u32,
}

fn take(socket: &Socket) -> Whole {
    let (mut parts, mut msg) = (Vec::new(), Msg::empty());
    loop {
        socket.recv(&mut msg, 0).unwrap();
        parts.push(msg.data().to_vec());
        if !msg.more() {
            let from = msg.routing_id;
            return Whole { parts, from };
        }
    }
}

fn give(socket: &Socket, whole: &Whole) {
    let (last, front) = whole.parts.split_last().unwrap();
    for part in front {
        send(socket, part, true);
    }
    let mut msg = Msg::from_slice(last).unwrap();
    msg.routing_id = whole.from;
    socket.send(&mut msg, 0).unwrap();
}

/// The same to the same peer, but for what it says.
fn with_body(whole: &Whole, body: &[u8]) -> Whole {
    let mut whole = whole.clone();
    *whole.parts.last_mut().unwrap() = body.to_vec();
    whole
}

fn alone(body: &[u8]) -> Whole {
    let parts = vec![body.to_vec()];
    Whole { parts, from: 0 }
}

fn hears(socket: &'static Socket, milliseconds: i64) -> bool {
    let item = poll::Item {
        socket: Some(socket),
        fd: -1,
        events: 1,
        revents: 0,
    };
    poll::poll(&mut [item], milliseconds) == Ok(1)
}

/// Waits for a message while the other is used: what a socket says by itself (subscriptions, probes)
/// it says inside a call, as with libzmq.
fn hears_while(socket: &'static Socket, other: &'static Socket) {
    let begun = std::time::Instant::now();
    while !hears(socket, 5) {
        assert!(begun.elapsed().as_millis() < WAIT as u128, "never heard");
        hears(other, 0);
    }
}

/// Sends until it is heard that the other wants it, and reads the rest of what was said then.
fn until_heard(from: &Socket, to: &'static Socket, say: impl Fn(&Socket, &[u8])) {
    let begun = std::time::Instant::now();
    while !hears(to, 5) {
        assert!(begun.elapsed().as_millis() < WAIT as u128, "never heard");
        say(from, b"knock");
    }
    say(from, b"begin");
    while recv(to).0 != b"begin" {}
}

fn radiate(radio: &Socket, body: &[u8]) {
    let mut msg = Msg::from_slice(body).unwrap();
    let group = crate::msg::Metadata::with_group(b"group", None);
    msg.set_metadata(Some(std::sync::Arc::new(group)));
    radio.send(&mut msg, 0).unwrap();
}

const SIZES: [usize; 5] = [1, 48, 300, 9000, 70_000];

fn bodies() -> impl Iterator<Item = Vec<u8>> {
    SIZES
        .map(|size| (0..size).map(|at| (at % 251) as u8).collect::<Vec<u8>>())
        .into_iter()
}

/// Says what the type says before the peer can be reached, once both are opened.
fn prepare(kinds: (i32, i32), b: &Socket) {
    match kinds.1 {
        kind::SUB => set_octets(b, number::SUBSCRIBE, b""),
        kind::DISH => b.join(b"group").unwrap(),
        kind::ROUTER if kinds.0 == kind::ROUTER => set(b, number::PROBE_ROUTER, 1),
        _ => {}
    }
}

/// Two that are connected say everything there is to say.
fn talk((a_kind, b_kind, how): (i32, i32, Talk), a: &'static Socket, b: &'static Socket) {
    match how {
        OneWay => {
            for body in bodies() {
                send(a, &body, false);
                assert!(take(b) == alone(&body));
            }
        }
        Subscribed => {
            if b_kind == kind::XSUB {
                send(b, b"\x01", false);
            }
            if a_kind == kind::XPUB {
                hears_while(a, b);
                assert_eq!(recv(a).0, b"\x01");
            }
            until_heard(a, b, |from, body| send(from, body, false));
            for body in bodies() {
                let parts = vec![body.clone(), b"more".to_vec()];
                let whole = Whole { parts, from: 0 };
                give(a, &whole);
                assert!(take(b) == whole);
            }
        }
        Grouped => {
            until_heard(a, b, radiate);
            for body in bodies() {
                radiate(a, &body);
                assert!(take(b) == alone(&body));
            }
        }
        BothWays | Named => {
            let mut to_b = match (a_kind, b_kind) {
                // A REP expects what a REQ puts in front.
                (kind::DEALER, kind::REP) => Whole {
                    parts: vec![Vec::new(), Vec::new()],
                    from: 0,
                },
                _ => alone(b""),
            };
            if how == Named {
                hears_while(a, b);
                to_b = take(a);
                assert_eq!((to_b.parts.len(), &*to_b.parts[1]), (2, &b""[..]));
                if a_kind == kind::STREAM {
                    assert_eq!(take(b).parts[1], b"");
                }
            }
            for body in bodies().filter(|body| a_kind != kind::STREAM || body.len() < 1000) {
                give(a, &with_body(&to_b, &body));
                let asked = take(b);
                assert!(asked.parts.last() == Some(&body));
                give(b, &with_body(&asked, b"answer"));
                let answer = take(a);
                assert_eq!(answer.parts, with_body(&to_b, b"answer").parts);
            }
        }
    }
}

/// A place to meet.
struct Place {
    endpoint: &'static str,
    /// What both say before they meet, who binds first.
    credentials: fn(&Socket, &Socket),
}

const PLAINLY: fn(&Socket, &Socket) = |_, _| {};

/// What both say of who they are.
type Secure = fn(&Socket, &Socket);

/// One pair; the context may have a handler.
fn meet(
    context: &'static Context,
    place: &Place,
    pair: (i32, i32, Talk),
    a_binds: bool,
    secure: Secure,
) {
    let (a, b) = (socket(context, pair.0), socket(context, pair.1));
    prepare((pair.0, pair.1), b);
    let (binder, caller) = if a_binds { (a, b) } else { (b, a) };
    (place.credentials)(binder, caller);
    secure(binder, caller);
    binder.bind(place.endpoint.as_bytes()).unwrap();
    let endpoint = text(binder, number::LAST_ENDPOINT);
    if pair.0 == kind::PEER {
        // By its number only is the peer told apart that was called.
        let number = caller.connect_peer(endpoint.as_bytes()).unwrap();
        for body in bodies() {
            let mut msg = Msg::from_slice(&body).unwrap();
            msg.routing_id = number;
            caller.send(&mut msg, 0).unwrap();
            let asked = take(binder);
            assert!(asked.parts == [body] && asked.from != 0);
            give(binder, &with_body(&asked, b"answer"));
            let (parts, from) = (vec![b"answer".to_vec()], number);
            assert_eq!(take(caller), Whole { parts, from });
        }
    } else {
        caller.connect(endpoint.as_bytes()).unwrap();
        talk(pair, a, b);
    }
    a.close();
    b.close();
}

/// Every pair, with either side bound. A stream of octets is carried by what is one only.
fn everybody_meets(context: &'static Context, place: &Place, carries_octets: bool, secure: Secure) {
    for &pair in PAIRS {
        if pair.0 == kind::STREAM && !carries_octets {
            continue;
        }
        for a_binds in [true, false] {
            println!("{} {pair:?}, the first binds: {a_binds}", place.endpoint);
            meet(context, place, pair, a_binds, secure);
        }
    }
}

fn every_type_over(place: &Place, carries_octets: bool) {
    let context = Context::create().unwrap();
    everybody_meets(context, place, carries_octets, PLAINLY);
    context.terminate().unwrap();
}

const IPC: Place = Place {
    endpoint: "ipc://*",
    credentials: PLAINLY,
};
const TCP: Place = Place {
    endpoint: "tcp://127.0.0.1:*",
    credentials: PLAINLY,
};
const WS: Place = Place {
    endpoint: "ws://127.0.0.1:*/matrix",
    credentials: PLAINLY,
};
#[cfg(feature = "wss")]
const WSS: Place = Place {
    endpoint: "wss://127.0.0.1:*/matrix",
    credentials: |binder, caller| {
        use super::wss::{Authority, set_text};
        static ONE: std::sync::LazyLock<(String, (String, String))> =
            std::sync::LazyLock::new(|| {
                let authority = Authority::new();
                (authority.pem(), authority.server())
            });
        let (trusted, (certificate, key)) = &*ONE;
        set_text(binder, number::WSS_CERT_PEM, certificate);
        set_text(binder, number::WSS_KEY_PEM, key);
        set_text(caller, number::WSS_TRUST_PEM, trusted);
        set_text(caller, number::WSS_HOSTNAME, "right.test");
    },
};

#[test]
fn every_type_over_inproc() {
    let place = Place {
        endpoint: "inproc://matrix",
        credentials: PLAINLY,
    };
    every_type_over(&place, false);
}

#[test]
fn every_type_over_ipc() {
    every_type_over(&IPC, true);
}

#[test]
fn every_type_over_tcp() {
    every_type_over(&TCP, true);
}

#[test]
fn every_type_over_ws() {
    every_type_over(&WS, false);
}

#[cfg(feature = "wss")]
#[test]
fn every_type_over_wss() {
    every_type_over(&WSS, false);
}
