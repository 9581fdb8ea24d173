//! Every socket type with a peer of each version of ZMTP, made of octets, that connects and that is
//! connected to. Each script is played to ours and to the genuine library.
//!
//! Invariant: what either library writes is exactly what the version says.

use std::net::TcpListener;

use crate::actor::{Actor, Lib, Part};
use crate::raw::{Peer, command, scripts, shake_hands, signature};
use crate::zmq;

/// RFC 13, RFC 15, RFC 23, RFC 37.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    V1,
    V2,
    V30,
    V31,
}
use Version::{V1, V2, V30, V31};

/// What a socket is, and what its peer says to be.
struct Kind {
    number: i32,
    name: &'static str,
    peer: (&'static str, u8),
    /// Its READY has a routing id.
    has_id: bool,
    talk: fn(Version, &mut Actor, &mut Peer),
}

const fn kind(
    number: i32,
    name: &'static str,
    peer: (&'static str, u8),
    talk: fn(Version, &mut Actor, &mut Peer),
) -> Kind {
    Kind {
        number,
        name,
        peer,
        has_id: matches!(number, zmq::REQ | zmq::DEALER | zmq::ROUTER),
        talk,
    }
}

const KINDS: &[Kind] = &[
    kind(zmq::PAIR, "PAIR", ("PAIR", 0), both_ways),
    kind(zmq::PUB, "PUB", ("SUB", 2), publishes),
    kind(zmq::SUB, "SUB", ("PUB", 1), filters),
    kind(zmq::REQ, "REQ", ("REP", 4), asks),
    kind(zmq::REP, "REP", ("REQ", 3), answers),
    kind(zmq::DEALER, "DEALER", ("ROUTER", 6), both_ways),
    kind(zmq::ROUTER, "ROUTER", ("DEALER", 5), routes),
    kind(zmq::PULL, "PULL", ("PUSH", 8), receives),
    kind(zmq::PUSH, "PUSH", ("PULL", 7), sends),
    kind(zmq::XPUB, "XPUB", ("XSUB", 10), publishes),
    kind(zmq::XSUB, "XSUB", ("XPUB", 9), subscribes),
];

/// They came with ZMTP 3.
#[cfg(feature = "draft")]
const DRAFTS: &[Kind] = &[
    kind(12, "SERVER", ("CLIENT", 13), answers_by_number),
    kind(13, "CLIENT", ("SERVER", 12), both_ways),
    kind(14, "RADIO", ("DISH", 15), radiates),
    kind(15, "DISH", ("RADIO", 14), joins),
    kind(16, "GATHER", ("SCATTER", 17), receives),
    kind(17, "SCATTER", ("GATHER", 16), sends),
    kind(19, "PEER", ("PEER", 19), answers_by_number),
    kind(20, "CHANNEL", ("CHANNEL", 20), both_ways),
];
#[cfg(not(feature = "draft"))]
const DRAFTS: &[Kind] = &[];

impl Version {
    fn frame(self, body: &[u8], more: bool) -> Vec<u8> {
        let size = body.len() as u8;
        let head = match self {
            V1 => [size + 1, more.into()],
            _ => [more.into(), size],
        };
        [&head, body].concat()
    }

    /// How a topic is subscribed to.
    fn subscription(self, topic: &[u8]) -> Vec<u8> {
        match self {
            V31 => command("SUBSCRIBE", topic),
            _ => self.frame(&[&[1], topic].concat(), false),
        }
    }

    fn shake_hands(self, kind: &Kind, peer: &mut Peer) {
        let id: Option<&[u8]> = kind.has_id.then_some(b"");
        match self {
            V1 => {
                peer.say(&self.frame(b"", false));
                peer.hear(&signature(b""), "the head of the routing id");
            }
            V2 => {
                peer.say(&signature(b""));
                peer.say(&[1, kind.peer.1, 0, 0]);
                peer.hear(&signature(b""), "the signature");
                peer.hear(&[3, kind.number as u8, 0, 0], "type and routing id");
            }
            V30 => shake_hands(peer, 0, kind.peer.0, (kind.name, id)),
            V31 => shake_hands(peer, 1, kind.peer.0, (kind.name, id)),
        }
    }
}

const BODY: &[u8] = b"topic and more";

fn receives(version: Version, actor: &mut Actor, peer: &mut Peer) {
    peer.say(&version.frame(BODY, false));
    actor.expect(0, &[Part::new(BODY)]);
}

fn sends(version: Version, actor: &mut Actor, peer: &mut Peer) {
    actor.send(0, &[Part::new(BODY)]);
    peer.hear(&version.frame(BODY, false), "a message");
}

fn both_ways(version: Version, actor: &mut Actor, peer: &mut Peer) {
    receives(version, actor, peer);
    sends(version, actor, peer);
}

/// What is between REQ and REP.
fn enveloped(version: Version) -> Vec<u8> {
    [version.frame(b"", true), version.frame(BODY, false)].concat()
}

fn asks(version: Version, actor: &mut Actor, peer: &mut Peer) {
    actor.send(0, &[Part::new(BODY)]);
    peer.hear(&enveloped(version), "a request");
    peer.say(&enveloped(version));
    actor.expect(0, &[Part::new(BODY)]);
}

fn answers(version: Version, actor: &mut Actor, peer: &mut Peer) {
    peer.say(&enveloped(version));
    actor.expect(0, &[Part::new(BODY)]);
    actor.send(0, &[Part::new(BODY)]);
    peer.hear(&enveloped(version), "a reply");
}

fn routes(version: Version, actor: &mut Actor, peer: &mut Peer) {
    peer.say(&version.frame(BODY, false));
    let got = actor.recv(0);
    assert_eq!(got[1..], [Part::new(BODY).shown()]);
    actor.send(0, &[Part::again(&got[0]), Part::new(BODY)]);
    peer.hear(&version.frame(BODY, false), "the answer");
}

/// Sends until the peer hears it.
fn until_heard(peer: &mut Peer, mut send: impl FnMut()) {
    for _ in 0..1000 {
        send();
        if peer.hears() {
            return;
        }
    }
    panic!("the peer is never heard");
}

fn publishes(version: Version, actor: &mut Actor, peer: &mut Peer) {
    peer.say(&version.subscription(b"topic"));
    until_heard(peer, || actor.send(0, &[Part::new(BODY)]));
    peer.hear(&version.frame(BODY, false), "what was subscribed to");
}

fn subscribes(version: Version, actor: &mut Actor, peer: &mut Peer) {
    actor.begin("recv 0");
    peer.hear(&version.subscription(b"topic"), "the subscription");
    peer.say(&version.frame(BODY, false));
    assert_eq!(actor.end(), Part::new(BODY).shown());
}

fn filters(version: Version, actor: &mut Actor, peer: &mut Peer) {
    peer.say(&version.frame(b"no such thing", false));
    subscribes(version, actor, peer);
}

#[cfg(feature = "draft")]
fn answers_by_number(version: Version, actor: &mut Actor, peer: &mut Peer) {
    receives(version, actor, peer);
    let number = actor.tell("number");
    actor.tell(format!("reply 0 {number} {}", Part::new(BODY).told()));
    peer.hear(&version.frame(BODY, false), "the answer");
}

/// RFC 48: a group, then a body.
#[cfg(feature = "draft")]
fn grouped(version: Version) -> Vec<u8> {
    [version.frame(b"group", true), version.frame(BODY, false)].concat()
}

#[cfg(feature = "draft")]
fn radiates(version: Version, actor: &mut Actor, peer: &mut Peer) {
    peer.say(&command("JOIN", b"group"));
    let cast = format!("cast 0 group {}", Part::new(BODY).told());
    until_heard(peer, || {
        actor.tell(&cast);
    });
    peer.hear(&grouped(version), "what was joined");
}

#[cfg(feature = "draft")]
fn joins(version: Version, actor: &mut Actor, peer: &mut Peer) {
    actor.begin("recv 0");
    peer.hear(&command("JOIN", b"group"), "the group");
    peer.say(&[version.frame(b"other", true), version.frame(b"no", false)].concat());
    peer.say(&grouped(version));
    assert_eq!(actor.end(), Part::new(BODY).shown());
    assert_eq!(actor.tell("group"), "group");
}

fn every_type(version: Version, lib: Lib) {
    let mut actor = Actor::new(lib);
    let drafts = if version >= V30 { DRAFTS } else { &[] };
    for kind in KINDS.iter().chain(drafts) {
        for binds in [true, false] {
            println!("{version:?} {} binds: {binds}", kind.name);
            actor.open(0, kind.number);
            match kind.name {
                "SUB" => {
                    let topic = Part::new(b"topic");
                    actor.tell(format!("bytes 0 {} {}", zmq::SUBSCRIBE, topic.told()));
                }
                "XSUB" => actor.send(0, &[Part::new(b"\x01topic")]),
                "DISH" => {
                    actor.tell("join 0 group");
                }
                _ => {}
            }
            let mut peer = if binds {
                Peer::connect(&actor.bind(0, "tcp://127.0.0.1:*"))
            } else {
                let listener = TcpListener::bind("127.0.0.1:0").expect("there are ports");
                let address = listener.local_addr().expect("it is bound");
                actor.tell(format!("connect 0 tcp://{address}"));
                Peer::new(listener.accept().expect("it was told to").0)
            };
            version.shake_hands(kind, &mut peer);
            (kind.talk)(version, &mut actor, &mut peer);
            actor.tell("close 0");
        }
    }
    actor.leave();
}

fn every_type_with_zmtp_1_0(lib: Lib) {
    every_type(V1, lib);
}

fn every_type_with_zmtp_2_0(lib: Lib) {
    every_type(V2, lib);
}

fn every_type_with_zmtp_3_0(lib: Lib) {
    every_type(V30, lib);
}

fn every_type_with_zmtp_3_1(lib: Lib) {
    every_type(V31, lib);
}

scripts! {
    every_type_with_zmtp_1_0
    every_type_with_zmtp_2_0
    every_type_with_zmtp_3_0
    every_type_with_zmtp_3_1
}
