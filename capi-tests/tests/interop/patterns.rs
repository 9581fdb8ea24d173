//! Every pair of socket types that talk to each other, over every transport, with either side
//! bound, and every size of message at which the framing or the reading changes.
//!
//! Invariant: what arrives is, part by part, what was sent, and nothing else.

use crate::actor::{Actor, Part, octets, shown_hashed};
use crate::{Cast, SCHEMES, fresh, plays, zmq};

/// What stands before the body.
#[derive(Clone, Copy)]
enum Front {
    /// The peer's routing id.
    Id,
    Empty,
}
use Front::{Empty, Id};

/// How two sockets find out that they can talk.
#[derive(Clone, Copy, PartialEq)]
enum Setup {
    /// Messages wait for the peer.
    None,
    /// `b` subscribes to everything; `a` is told.
    Subscribe,
    /// The same, but `a` is not told.
    SubscribeUnseen,
    /// As `Subscribe`, by a message.
    SendSubscription,
    /// `b` announces itself by an empty message.
    Probe,
}

pub(crate) struct Pair {
    pub(crate) kinds: (i32, i32),
    setup: Setup,
    a_sends: &'static [Front],
    b_sees: &'static [Front],
    /// The fronts of the reply, sent by `b` and seen by `a`; `None` if there is no way back.
    back: Option<(&'static [Front], &'static [Front])>,
}

const BACK: Option<(&[Front], &[Front])> = Some((&[], &[]));

const fn pair(a: i32, b: i32) -> Pair {
    Pair {
        kinds: (a, b),
        setup: Setup::None,
        a_sends: &[],
        b_sees: &[],
        back: BACK,
    }
}

const fn one_way(a: i32, b: i32, setup: Setup) -> Pair {
    Pair {
        setup,
        back: None,
        ..pair(a, b)
    }
}

pub(crate) const PAIRS: &[Pair] = &[
    pair(zmq::PAIR, zmq::PAIR),
    pair(zmq::REQ, zmq::REP),
    pair(zmq::DEALER, zmq::DEALER),
    one_way(zmq::PUSH, zmq::PULL, Setup::None),
    one_way(zmq::XPUB, zmq::SUB, Setup::Subscribe),
    one_way(zmq::XPUB, zmq::XSUB, Setup::SendSubscription),
    one_way(zmq::PUB, zmq::SUB, Setup::SubscribeUnseen),
    one_way(zmq::PUB, zmq::XSUB, Setup::SubscribeUnseen),
    Pair {
        b_sees: &[Id],
        back: Some((&[Id], &[])),
        ..pair(zmq::DEALER, zmq::ROUTER)
    },
    Pair {
        a_sends: &[Empty],
        back: Some((&[], &[Empty])),
        ..pair(zmq::DEALER, zmq::REP)
    },
    Pair {
        b_sees: &[Id, Empty],
        back: Some((&[Id, Empty], &[])),
        ..pair(zmq::REQ, zmq::ROUTER)
    },
    Pair {
        setup: Setup::Probe,
        a_sends: &[Id],
        b_sees: &[Id],
        back: Some((&[Id], &[Id])),
        ..pair(zmq::ROUTER, zmq::ROUTER)
    },
];

/// One part of each size, then many parts.
fn messages() -> Vec<Vec<Part>> {
    let sizes = [0, 1, 31, 255, 256, 8191, 8192, 65536, (1 << 20) + 1];
    let mut messages: Vec<Vec<Part>> = sizes
        .iter()
        .map(|&size| vec![Part::body(size, size as u32)])
        .collect();
    messages.push(vec![Part::new(b""), Part::body(255, 1), Part::new(b"")]);
    messages.push(sizes.iter().map(|&size| Part::body(size, 3)).collect());
    messages.push((0..100).map(|i| Part::body(i * 5, i as u32)).collect());
    messages
}

/// The ids that each side knows the other by.
#[derive(Default)]
struct Ids {
    a_knows: Option<Part>,
    b_knows: Option<Part>,
}

fn with_front(fronts: &[Front], id: Option<&Part>, body: &[Part]) -> Vec<Part> {
    let front = fronts.iter().map(|front| match front {
        Id => id.expect("the peer was heard of").clone(),
        Empty => Part::new(b""),
    });
    front.chain(body.iter().cloned()).collect()
}

/// Receives a message with these fronts; the id, if it is shown, is remembered.
fn receive(actor: &mut Actor, fronts: &[Front], id: &mut Option<Part>, body: &[Part], what: &str) {
    let got = actor.recv(0);
    assert_eq!(got.len(), fronts.len() + body.len(), "{what}: {got:.200?}");
    for (front, shown) in fronts.iter().zip(&got) {
        match front {
            Empty => assert_eq!(shown, "x", "{what}"),
            Id => {
                let shown = Part::again(shown);
                assert!(
                    id.as_ref().is_none_or(|id| *id == shown),
                    "{what}: another id"
                );
                *id = Some(shown);
            }
        }
    }
    let shown: Vec<&str> = body.iter().map(Part::shown).collect();
    assert_eq!(got[fronts.len()..], shown, "{what}");
}

pub(crate) fn prepare(pair: &Pair, a: &mut Actor, b: &mut Actor) {
    a.open(0, pair.kinds.0);
    b.open(0, pair.kinds.1);
    match pair.setup {
        Setup::None | Setup::SendSubscription => {}
        Setup::SubscribeUnseen if pair.kinds.1 == zmq::XSUB => {}
        Setup::Subscribe | Setup::SubscribeUnseen => {
            b.tell(format!("bytes 0 {} x", zmq::SUBSCRIBE));
        }
        Setup::Probe => b.set(0, zmq::PROBE_ROUTER, 1),
    }
}

fn wait_for_peer(pair: &Pair, a: &mut Actor, b: &mut Actor, ids: &mut Ids) {
    if pair.kinds.1 == zmq::XSUB {
        b.send(0, &[Part::new([1])]);
    }
    match pair.setup {
        Setup::None => {}
        Setup::Subscribe | Setup::SendSubscription => {
            a.hears_while(0, b, 0);
            a.expect(0, &[Part::new([1])]);
        }
        Setup::Probe => {
            a.hears_while(0, b, 0);
            receive(a, &[Id, Empty], &mut ids.a_knows, &[], "the probe");
        }
        Setup::SubscribeUnseen => {
            // What is published before the subscription is there is lost, so say it until it is
            // heard.
            let hello = [Part::new(b"hello")];
            let mut tries = 0;
            loop {
                a.send(0, &hello);
                if b.hears(0, 10) {
                    break;
                }
                tries += 1;
                assert!(tries < 1000, "the subscription does not come");
            }
            // An end that is told from what was said too often.
            a.send(0, &[Part::new(b"begin")]);
            while b.recv(0) != [Part::new(b"begin").shown()] {}
        }
    }
}

/// One pair over one transport.
pub(crate) fn talk(pair: &Pair, a: &mut Actor, b: &mut Actor, messages: &[Vec<Part>], what: &str) {
    let mut ids = Ids::default();
    wait_for_peer(pair, a, b, &mut ids);
    for message in messages {
        let sent = with_front(pair.a_sends, ids.a_knows.as_ref(), message);
        a.begin_send(0, &sent);
        receive(b, pair.b_sees, &mut ids.b_knows, message, what);
        a.end();
        if let Some((b_sends, a_sees)) = pair.back {
            let sent = with_front(b_sends, ids.b_knows.as_ref(), message);
            b.begin_send(0, &sent);
            receive(a, a_sees, &mut ids.a_knows, message, what);
            b.end();
        }
    }
    assert!(!b.hears(0, 0), "{what}: more than was sent");
    a.tell("close 0");
    b.tell("close 0");
}

fn every_pair(cast: Cast) {
    let messages = messages();
    let (mut a, mut b) = cast.enter();
    for pair in PAIRS {
        for scheme in cast.schemes() {
            for a_binds in [true, false] {
                prepare(pair, &mut a, &mut b);
                let (binder, connecter) = if a_binds {
                    (&mut a, &mut b)
                } else {
                    (&mut b, &mut a)
                };
                let endpoint = binder.bind(0, &fresh(scheme));
                connecter.tell(format!("connect 0 {endpoint}"));
                let what = format!("{:?} {scheme:?} a binds: {a_binds}", pair.kinds);
                talk(pair, &mut a, &mut b, &messages, &what);
            }
        }
    }
    a.leave();
    b.leave();
}

/// STREAM: octets without frames, and word of who came and went.
fn streams(cast: Cast) {
    let (mut a, mut b) = cast.enter();
    for scheme in SCHEMES {
        a.open(0, zmq::STREAM);
        b.open(0, zmq::STREAM);
        let endpoint = a.bind(0, &fresh(scheme));
        b.tell(format!("connect 0 {endpoint}"));
        let greeting = |actor: &mut Actor| {
            let got = actor.recv(0);
            assert_eq!((got.len(), got[1].as_str()), (2, "x"), "{got:?}");
            Part::again(&got[0])
        };
        let (b_id, a_id) = (greeting(&mut a), greeting(&mut b));
        for size in [1, 255, 8192, 8193, 65536, (1 << 20) + 1] {
            let want = shown_hashed(&octets(size, 9));
            a.begin_send(0, &[b_id.clone(), Part::body(size, 9)]);
            assert_eq!(b.tell(format!("collect 0 {size}")), want);
            a.end();
            b.begin_send(0, &[a_id.clone(), Part::body(size, 9)]);
            assert_eq!(a.tell(format!("collect 0 {size}")), want);
            b.end();
        }
        // Nothing at all closes the connection.
        a.send(0, &[b_id, Part::new(b"")]);
        b.hears_while(0, &mut a, 0);
        b.expect(0, &[a_id, Part::new(b"")]);
        a.tell("close 0");
        b.tell("close 0");
    }
    a.leave();
    b.leave();
}

/// Fifty thousand messages: none lost, none twice, none before another.
fn many_messages_in_order(cast: Cast) {
    let (mut a, mut b) = cast.enter();
    let count = 50_000;
    for (a_kind, b_kind, scheme, size) in [
        (zmq::PUSH, zmq::PULL, crate::Scheme::Tcp, 40),
        (zmq::PUSH, zmq::PULL, crate::Scheme::Path, 100),
        (zmq::XPUB, zmq::SUB, crate::Scheme::Tcp, 20),
    ] {
        a.open(0, a_kind);
        b.open(0, b_kind);
        if a_kind == zmq::XPUB {
            a.set(0, zmq::XPUB_NODROP, 1);
            b.tell(format!("bytes 0 {} x", zmq::SUBSCRIBE));
        }
        let endpoint = b.bind(0, &fresh(scheme));
        a.tell(format!("connect 0 {endpoint}"));
        if a_kind == zmq::XPUB {
            a.hears_while(0, &mut b, 0);
            a.expect(0, &[Part::new([1])]);
        }
        a.begin(format!("flood 0 0 {count} {size}"));
        b.tell(format!("drain 0 0 {count} {size}"));
        a.end();
        a.tell("close 0");
        b.tell("close 0");
    }
    a.leave();
    b.leave();
}

plays! { every_pair streams many_messages_in_order }
