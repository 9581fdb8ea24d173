//! Routing ids: said, made up, given by the other side, in doubt, unknown.
//!
//! Invariant: a ROUTER knows a peer by the id that the peer announced, or by one that it made.

use crate::actor::{Actor, Lib, Part};
use crate::{Cast, Scheme, fresh, plays, zmq};

fn router(cast: Cast) -> (Actor, Actor, String) {
    let (mut a, b) = cast.enter();
    a.open(0, zmq::ROUTER);
    a.set(0, zmq::ROUTER_MANDATORY, 1);
    let endpoint = a.bind(0, &fresh(Scheme::Tcp));
    (a, b, endpoint)
}

/// A DEALER with an id (none if empty) that says its number.
fn dealer(b: &mut Actor, socket: usize, id: &Part, endpoint: &str) {
    b.open(socket, zmq::DEALER);
    if id.shown() != "x" {
        b.tell(format!("bytes {socket} {} {}", zmq::ROUTING_ID, id.told()));
    }
    b.tell(format!("connect {socket} {endpoint}"));
    b.send(socket, &[Part::new([socket as u8])]);
}

fn leave(mut a: Actor, mut b: Actor, last: usize) {
    for socket in 0..=last {
        b.tell(format!("close {socket}"));
    }
    a.tell("close 0");
    b.leave();
    a.leave();
}

/// Ids of every length there may be; without one the router makes one of five octets.
fn ids_that_peers_announce(cast: Cast) {
    let (mut a, mut b, endpoint) = router(cast);
    let ids = [
        Part::new(b"x"),
        Part::new([1, 0, 0xff, 0]),
        Part::new([7; 64]),
        Part::body(255, 5),
    ];
    for (socket, id) in ids.iter().enumerate() {
        dealer(&mut b, socket, id, &endpoint);
        a.expect(0, &[id.clone(), Part::new([socket as u8])]);
        a.send(0, &[id.clone(), Part::new(b"you")]);
        b.expect(socket, &[Part::new(b"you")]);
    }
    let socket = ids.len();
    dealer(&mut b, socket, &Part::new(b""), &endpoint);
    let got = a.recv(0);
    assert!(got[0].starts_with("x00") && got[0].len() == 11, "{got:?}");
    a.send(0, &[Part::again(&got[0]), Part::new(b"you")]);
    b.expect(socket, &[Part::new(b"you")]);
    leave(a, b, socket);
}

/// Nobody of that name: the sender is told, and may send the next.
fn nobody_of_that_name(cast: Cast) {
    let (mut a, mut b, endpoint) = router(cast);
    let nobody = Part::new(b"nobody");
    let refused = a.ask(format!("send 0 {} {}", nobody.told(), nobody.told()));
    assert_eq!(refused, Err("EHOSTUNREACH".to_owned()));
    let id = Part::new(b"somebody");
    dealer(&mut b, 0, &id, &endpoint);
    a.expect(0, &[id.clone(), Part::new([0])]);
    let refused = a.ask(format!("send 0 {} {}", nobody.told(), nobody.told()));
    assert_eq!(refused, Err("EHOSTUNREACH".to_owned()));
    a.send(0, &[id, Part::new(b"you")]);
    b.expect(0, &[Part::new(b"you")]);
    leave(a, b, 0);
}

/// The second peer of the same name is not let in, unless it may take over.
fn two_of_the_same_name(cast: Cast) {
    let (mut a, mut b, endpoint) = router(cast);
    let id = Part::new(b"same");
    dealer(&mut b, 0, &id, &endpoint);
    a.expect(0, &[id.clone(), Part::new([0])]);
    dealer(&mut b, 1, &id, &endpoint);
    // The router has seen the second before it sees what a third says.
    dealer(&mut b, 2, &Part::new(b"other"), &endpoint);
    a.expect(0, &[Part::new(b"other"), Part::new([2])]);
    a.send(0, &[id.clone(), Part::new(b"first")]);
    b.expect(0, &[Part::new(b"first")]);
    assert!(!a.hears(0, 0) && !b.hears(1, 0));

    a.set(0, zmq::ROUTER_HANDOVER, 1);
    b.open(3, zmq::DEALER);
    b.tell(format!("bytes 3 {} {}", zmq::ROUTING_ID, id.told()));
    b.tell(format!("connect 3 {endpoint}"));
    b.send(3, &[Part::new([3])]);
    a.expect(0, &[id.clone(), Part::new([3])]);
    a.send(0, &[id, Part::new(b"third")]);
    b.expect(3, &[Part::new(b"third")]);
    leave(a, b, 3);
}

/// The name that the router gives to whom it connects to.
fn names_given_when_connecting(cast: Cast) {
    let (mut a, mut b) = cast.enter();
    a.open(0, zmq::ROUTER);
    a.set(0, zmq::ROUTER_MANDATORY, 1);
    b.open(0, zmq::DEALER);
    let endpoint = b.bind(0, &fresh(Scheme::Path));
    let id = Part::new(b"given");
    a.tell(format!("bytes 0 {} {}", zmq::CONNECT_ROUTING_ID, id.told()));
    a.tell(format!("connect 0 {endpoint}"));
    a.send(0, &[id.clone(), Part::new(b"you")]);
    b.expect(0, &[Part::new(b"you")]);
    b.send(0, &[Part::new(b"I")]);
    a.expect(0, &[id, Part::new(b"I")]);
    leave(a, b, 0);
}

/// A probe makes a peer known that has nothing to say, to every type that may get one.
fn probes(cast: Cast) {
    let (mut a, mut b, endpoint) = router(cast);
    b.open(0, zmq::DEALER);
    b.set(0, zmq::PROBE_ROUTER, 1);
    let id = Part::new(b"probe");
    b.tell(format!("bytes 0 {} {}", zmq::ROUTING_ID, id.told()));
    b.tell(format!("connect 0 {endpoint}"));
    a.expect(0, &[id.clone(), Part::new(b"")]);
    a.send(0, &[id, Part::new(b"hello")]);
    b.expect(0, &[Part::new(b"hello")]);
    // A DEALER sees it as an empty message.
    a.open(1, zmq::DEALER);
    let endpoint = a.bind(1, &fresh(Scheme::Abstract));
    b.open(1, zmq::ROUTER);
    b.set(1, zmq::PROBE_ROUTER, 1);
    b.tell(format!("connect 1 {endpoint}"));
    a.expect(1, &[Part::new(b"")]);
    a.tell("close 1");
    leave(a, b, 1);
}

/// What a message tells of whom it is from.
fn properties(cast: Cast) {
    let (mut a, mut b, endpoint) = router(cast);
    dealer(&mut b, 0, &Part::new(b"me"), &endpoint);
    a.recv(0);
    assert_eq!(a.tell("property Socket-Type"), "DEALER");
    if cast.a == Lib::Ours {
        // The manual has this name; the genuine library knows only the old one.
        assert_eq!(a.tell("property Routing-Id"), "me");
    }
    assert_eq!(a.tell("property Identity"), "me");
    assert_eq!(a.tell("property Peer-Address"), "127.0.0.1");
    assert_eq!(a.ask("property Nothing"), Err("EINVAL".to_owned()));
    leave(a, b, 0);
}

plays! {
    ids_that_peers_announce
    nobody_of_that_name
    two_of_the_same_name
    names_given_when_connecting
    probes
    properties
}
