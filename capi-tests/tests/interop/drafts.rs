//! The socket types of the draft API, over every transport that carries streams, with either side
//! bound, through every mechanism.
//!
//! Invariant: what arrives is what was sent, in order, from whom and for whom it was, and nothing
//! else.

use crate::actor::{Actor, Part};
use crate::secured::{MECHANISMS, Mechanism, introduce};
use crate::{Cast, Scheme, fresh, plays, zmq};

const SERVER: i32 = 12;
const CLIENT: i32 = 13;
const RADIO: i32 = 14;
const DISH: i32 = 15;
const GATHER: i32 = 16;
const SCATTER: i32 = 17;
const PEER: i32 = 19;
const CHANNEL: i32 = 20;

/// How the two find each other.
#[derive(Clone, Copy, Debug)]
struct Way {
    scheme: Scheme,
    a_binds: bool,
    mechanism: Mechanism,
}

fn ways(cast: Cast) -> Vec<Way> {
    let mut ways = Vec::new();
    for scheme in cast.all_schemes() {
        for a_binds in [true, false] {
            for mechanism in MECHANISMS {
                ways.push(Way {
                    scheme,
                    a_binds,
                    mechanism,
                });
            }
        }
    }
    ways
}

fn open(way: Way, a: &mut Actor, b: &mut Actor, kinds: (i32, i32)) {
    a.open(0, kinds.0);
    b.open(0, kinds.1);
    way.mechanism.secure(a, b);
    let (binder, connecter) = if way.a_binds { (a, b) } else { (b, a) };
    introduce(way.scheme, binder, connecter);
}

fn link(way: Way, a: &mut Actor, b: &mut Actor) {
    let (binder, connecter) = if way.a_binds { (a, b) } else { (b, a) };
    let endpoint = binder.bind(0, &fresh(way.scheme));
    connecter.tell(format!("connect 0 {endpoint}"));
}

fn close(a: &mut Actor, b: &mut Actor) {
    a.tell("close 0");
    b.tell("close 0");
}

/// Each size at which something changes; where another mechanism or TLS is all that is new, a few.
fn bodies(way: Way) -> Vec<Part> {
    let sizes: &[usize] = if way.mechanism == Mechanism::Null && way.scheme != Scheme::Wss {
        &[0, 1, 33, 48, 255, 256, 8192, 65536, (1 << 20) + 1]
    } else {
        &[0, 48, 256, 65536]
    };
    sizes.iter().map(|&size| Part::body(size, 5)).collect()
}

/// There and back, `a` answering by the number under which it knows `b`.
fn numbered(cast: Cast, kinds: (i32, i32), b_numbers: bool) {
    let (mut a, mut b) = cast.enter_judging();
    for way in ways(cast) {
        // A PEER learns the number of whom it connects to by that call alone.
        let way = Way {
            a_binds: way.a_binds || b_numbers,
            ..way
        };
        open(way, &mut a, &mut b, kinds);
        let known = if b_numbers {
            let endpoint = a.bind(0, &fresh(way.scheme));
            Some(b.tell(format!("meet 0 {endpoint}")))
        } else {
            link(way, &mut a, &mut b);
            None
        };
        let mut number = None;
        for body in bodies(way) {
            match &known {
                Some(known) => b.begin(format!("reply 0 {known} {}", body.told())),
                None => b.begin_send(0, std::slice::from_ref(&body)),
            }
            a.expect(0, std::slice::from_ref(&body));
            b.end();
            let from = a.tell("number");
            assert_ne!(from, "0", "{way:?}");
            assert_eq!(*number.get_or_insert_with(|| from.clone()), from, "{way:?}");
            a.begin(format!("reply 0 {from} {}", body.told()));
            b.expect(0, &[body]);
            a.end();
            if let Some(known) = &known {
                assert_eq!(b.tell("number"), *known, "{way:?}");
            }
        }
        let nobody = a.ask("reply 0 4000000000 x00");
        assert_eq!(nobody, Err("EHOSTUNREACH".to_owned()), "{way:?}");
        close(&mut a, &mut b);
    }
    a.leave();
    b.leave();
}

fn server_and_client(cast: Cast) {
    numbered(cast, (SERVER, CLIENT), false);
}

fn peers(cast: Cast) {
    numbered(cast, (PEER, PEER), true);
}

fn channels(cast: Cast) {
    let (mut a, mut b) = cast.enter_judging();
    for way in ways(cast) {
        open(way, &mut a, &mut b, (CHANNEL, CHANNEL));
        link(way, &mut a, &mut b);
        for body in bodies(way) {
            a.begin_send(0, std::slice::from_ref(&body));
            b.expect(0, std::slice::from_ref(&body));
            a.end();
            b.begin_send(0, std::slice::from_ref(&body));
            a.expect(0, &[body]);
            b.end();
        }
        close(&mut a, &mut b);
    }
    a.leave();
    b.leave();
}

fn scatter_and_gather(cast: Cast) {
    let (mut a, mut b) = cast.enter_judging();
    for way in ways(cast) {
        open(way, &mut a, &mut b, (GATHER, SCATTER));
        link(way, &mut a, &mut b);
        for body in bodies(way) {
            b.begin_send(0, std::slice::from_ref(&body));
            a.expect(0, &[body]);
            b.end();
        }
        b.begin("flood 0 0 5000 40");
        a.tell("drain 0 0 5000 40");
        b.end();
        close(&mut a, &mut b);
    }
    a.leave();
    b.leave();
}

/// Casts for a group until it is heard, and then hears the rest of them.
fn heard(radio: &mut Actor, dish: &mut Actor, group: &str, way: Way) {
    let mut tries = 0;
    loop {
        radio.tell(format!("cast 0 {group} {}", Part::new(b"hello").told()));
        if dish.hears(0, 10) {
            break;
        }
        tries += 1;
        assert!(tries < 1000, "{group} is not joined: {way:?}");
    }
    radio.tell(format!("cast 0 {group} {}", Part::new(b"begin").told()));
    while dish.recv(0) != [Part::new(b"begin").shown()] {}
}

fn radio_and_dish(cast: Cast) {
    let (mut a, mut b) = cast.enter_judging();
    // From one octet to the longest name there is.
    let groups = ["g".to_owned(), "g".repeat(15), "h".repeat(255)];
    for way in ways(cast) {
        open(way, &mut a, &mut b, (RADIO, DISH));
        b.tell(format!("join 0 {}", groups[0]));
        link(way, &mut a, &mut b);
        heard(&mut a, &mut b, &groups[0], way);
        for group in &groups[1..] {
            // Groups that are joined later.
            b.tell(format!("join 0 {group}"));
            heard(&mut a, &mut b, group, way);
        }
        for body in bodies(way) {
            for group in &groups {
                a.tell(format!("cast 0 nobody {}", Part::new(b"lost").told()));
                a.begin(format!("cast 0 {group} {}", body.told()));
                b.expect(0, std::slice::from_ref(&body));
                assert_eq!(b.tell("group"), *group, "{way:?}");
                a.end();
            }
        }
        // One that is left is not heard of any more; another tells when that has arrived.
        b.tell(format!("leave 0 {}", groups[1]));
        b.tell("join 0 last");
        heard(&mut a, &mut b, "last", way);
        a.tell(format!(
            "cast 0 {} {}",
            groups[1],
            Part::new(b"left").told()
        ));
        a.tell(format!("cast 0 last {}", Part::new(b"end").told()));
        b.expect(0, &[Part::new(b"end")]);
        close(&mut a, &mut b);
    }
    a.leave();
    b.leave();
}

/// A type that it does not talk to is refused, whoever says so first; the right one is then let in.
fn strangers_are_refused(cast: Cast) {
    let (mut a, mut b) = cast.enter();
    for (kind, wrong, right) in [
        (SERVER, zmq::DEALER, CLIENT),
        (GATHER, zmq::PUSH, SCATTER),
        (CHANNEL, zmq::PAIR, CHANNEL),
        (PEER, CLIENT, PEER),
    ] {
        a.open(0, kind);
        a.tell("watch 0");
        let endpoint = a.bind(0, &fresh(Scheme::Tcp));
        b.open(0, wrong);
        b.tell(format!("connect 0 {endpoint}"));
        a.until(0, 0x0800 | 0x2000 | zmq::DISCONNECTED);
        b.tell("close 0");
        b.open(0, right);
        b.tell(format!("connect 0 {endpoint}"));
        a.until(0, zmq::HANDSHAKE_SUCCEEDED);
        close(&mut a, &mut b);
    }
    a.leave();
    b.leave();
}

plays! {
    server_and_client
    peers
    channels
    scatter_and_gather
    radio_and_dish
    strangers_are_refused
}
