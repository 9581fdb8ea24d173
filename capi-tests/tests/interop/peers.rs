//! Peers that come and go, crash, freeze, say too much, and come again.
//!
//! Invariant: whoever is left notices, and goes on with whoever comes next.

use crate::actor::{Actor, Part};
use crate::{Cast, Scheme, fresh, plays, zmq};

/// Twenty peers, one after the other, each with something to say and to hear.
fn peers_come_and_go(cast: Cast) {
    let (mut a, mut b) = cast.enter();
    for scheme in cast.schemes() {
        a.open(0, zmq::ROUTER);
        a.tell("watch 0");
        let endpoint = a.bind(0, &fresh(scheme));
        for number in 0..20_u8 {
            b.open(0, zmq::REQ);
            b.tell(format!("connect 0 {endpoint}"));
            b.begin_send(0, &[Part::new([number])]);
            let got = a.recv(0);
            assert_eq!(got[1..], ["x", Part::new([number]).shown()]);
            b.end();
            a.send(
                0,
                &[Part::again(&got[0]), Part::new(b""), Part::body(300, 1)],
            );
            b.expect(0, &[Part::body(300, 1)]);
            b.tell("close 0");
            a.until(0, zmq::DISCONNECTED);
        }
        a.tell("close 0");
    }
    a.leave();
    b.leave();
}

/// The side that bound is killed and started again at the same place: whoever had connected comes
/// back, and subscribes again.
fn subscriptions_are_sent_again(cast: Cast) {
    for scheme in cast.schemes() {
        let (mut a, mut b) = cast.enter();
        a.open(0, zmq::XPUB);
        let endpoint = a.bind(0, &fresh(scheme));
        b.open(0, zmq::SUB);
        b.set(0, zmq::RECONNECT_IVL, 5);
        let topics = [Part::new(b"one"), Part::new([0]), Part::body(300, 1)];
        for topic in &topics {
            b.tell(format!("bytes 0 {} {}", zmq::SUBSCRIBE, topic.told()));
        }
        b.tell(format!("connect 0 {endpoint}"));
        let all_told = |a: &mut Actor, b: &mut Actor| {
            b.begin("recv 0");
            let mut told: Vec<String> = topics.iter().flat_map(|_| a.recv(0)).collect();
            told.sort();
            told.dedup();
            assert_eq!(told.len(), topics.len(), "{told:?}");
            a.send(0, &[topics[1].clone()]);
            assert_eq!(b.end(), topics[1].shown());
        };
        all_told(&mut a, &mut b);
        for _ in 0..3 {
            a.kill();
            a = Actor::new(cast.a);
            a.open(0, zmq::XPUB);
            a.bind(0, &endpoint);
            all_told(&mut a, &mut b);
        }
        b.tell("close 0");
        b.leave();
        a.tell("close 0");
        a.leave();
    }
}

/// The side that connected is killed: the other hears of it, and serves the next.
fn clients_crash(cast: Cast) {
    let (mut a, _) = cast.enter();
    a.open(0, zmq::REP);
    a.tell("watch 0");
    let endpoint = a.bind(0, &fresh(Scheme::Tcp));
    for number in 0..5_u8 {
        let mut b = Actor::new(cast.b);
        b.open(0, zmq::REQ);
        b.tell(format!("connect 0 {endpoint}"));
        b.send(0, &[Part::new([number])]);
        a.expect(0, &[Part::new([number])]);
        // Odd ones die before the answer.
        if number % 2 == 1 {
            b.kill();
            a.until(0, zmq::DISCONNECTED);
            a.send(0, &[Part::new(b"to nobody")]);
            continue;
        }
        a.send(0, &[Part::new(b"answer")]);
        b.expect(0, &[Part::new(b"answer")]);
        b.kill();
        a.until(0, zmq::DISCONNECTED);
    }
    a.tell("close 0");
    a.leave();
}

/// A server that is killed and started again answers the requests that come then; what is sent
/// while it is away waits.
fn servers_crash(cast: Cast) {
    let (mut a, mut b) = cast.enter();
    a.open(0, zmq::DEALER);
    let endpoint = a.bind(0, &fresh(Scheme::Tcp));
    b.open(0, zmq::DEALER);
    b.set(0, zmq::RECONNECT_IVL, 5);
    b.tell("watch 0");
    b.tell(format!("connect 0 {endpoint}"));
    for number in 0..3_u8 {
        b.send(0, &[Part::new([number])]);
        a.expect(0, &[Part::new([number])]);
        a.send(0, &[Part::new([number]), Part::body(1000, 7)]);
        b.expect(0, &[Part::new([number]), Part::body(1000, 7)]);
        a.kill();
        b.until(0, zmq::DISCONNECTED);
        b.send(0, &[Part::new(b"waits")]);
        a = Actor::new(cast.a);
        a.open(0, zmq::DEALER);
        a.bind(0, &endpoint);
        a.expect(0, &[Part::new(b"waits")]);
    }
    b.tell("close 0");
    b.leave();
    a.tell("close 0");
    a.leave();
}

/// Two that ask each other for signs of life do not take silence for death.
fn heartbeats_keep_the_quiet(cast: Cast) {
    let (mut a, mut b) = cast.enter();
    for (actor, kind) in [(&mut a, zmq::ROUTER), (&mut b, zmq::DEALER)] {
        actor.open(0, kind);
        actor.set(0, zmq::HEARTBEAT_IVL, 20);
        actor.set(0, zmq::HEARTBEAT_TTL, 3000);
        actor.set(0, zmq::HEARTBEAT_TIMEOUT, 3000);
        actor.tell("watch 0");
    }
    let endpoint = a.bind(0, &fresh(Scheme::Tcp));
    b.tell(format!("connect 0 {endpoint}"));
    a.until(0, zmq::HANDSHAKE_SUCCEEDED);
    b.until(0, zmq::HANDSHAKE_SUCCEEDED);
    // Some fifteen heartbeats each way.
    let lost = a.ask(format!("within 0 {} 300", zmq::DISCONNECTED));
    assert_eq!(lost, Err("EAGAIN".to_owned()));
    let lost = b.ask(format!("within 0 {} 0", zmq::DISCONNECTED));
    assert_eq!(lost, Err("EAGAIN".to_owned()));
    b.send(0, &[Part::new(b"still here")]);
    assert_eq!(a.recv(0)[1], Part::new(b"still here").shown());
    assert!(
        !a.hears(0, 0) && !b.hears(0, 0),
        "heartbeats are no messages"
    );
    for mut actor in [a, b] {
        actor.tell("close 0");
        actor.leave();
    }
}

/// A peer that is frozen is given up, by its silence; once it thaws, all is well again.
fn heartbeats_find_the_frozen(cast: Cast) {
    let (mut a, mut b) = cast.enter();
    a.open(0, zmq::DEALER);
    let endpoint = a.bind(0, &fresh(Scheme::Path));
    b.open(0, zmq::DEALER);
    b.set(0, zmq::HEARTBEAT_IVL, 30);
    b.set(0, zmq::HEARTBEAT_TIMEOUT, 200);
    b.set(0, zmq::RECONNECT_IVL, 20);
    b.tell("watch 0");
    b.tell(format!("connect 0 {endpoint}"));
    b.until(0, zmq::HANDSHAKE_SUCCEEDED);
    a.freeze(true);
    b.until(0, zmq::DISCONNECTED);
    a.freeze(false);
    b.until(0, zmq::HANDSHAKE_SUCCEEDED);
    b.send(0, &[Part::new(b"again")]);
    a.expect(0, &[Part::new(b"again")]);
    for mut actor in [a, b] {
        actor.tell("close 0");
        actor.leave();
    }
}

/// The time to live that one side announces is kept by the other, which has no heartbeats itself.
fn time_to_live_is_kept(cast: Cast) {
    let (mut a, mut b) = cast.enter();
    a.open(0, zmq::DEALER);
    a.tell("watch 0");
    let endpoint = a.bind(0, &fresh(Scheme::Tcp));
    b.open(0, zmq::DEALER);
    b.set(0, zmq::HEARTBEAT_IVL, 50);
    b.set(0, zmq::HEARTBEAT_TTL, 300);
    // Longer than the test: only the other side is to give up.
    b.set(0, zmq::HEARTBEAT_TIMEOUT, 60_000);
    b.tell("watch 0");
    b.tell(format!("connect 0 {endpoint}"));
    a.until(0, zmq::HANDSHAKE_SUCCEEDED);
    let lost = a.ask(format!("within 0 {} 500", zmq::DISCONNECTED));
    assert_eq!(lost, Err("EAGAIN".to_owned()), "its heartbeats count");
    b.freeze(true);
    a.until(0, zmq::DISCONNECTED);
    b.freeze(false);
    a.until(0, zmq::HANDSHAKE_SUCCEEDED);
    b.send(0, &[Part::new(b"again")]);
    a.expect(0, &[Part::new(b"again")]);
    for mut actor in [a, b] {
        actor.tell("close 0");
        actor.leave();
    }
}

/// A message above the limit ends the connection; what is within it passes, before and after.
fn too_large_a_message(cast: Cast) {
    for limit in [100, 10_000] {
        let (mut a, mut b) = cast.enter();
        a.open(0, zmq::PULL);
        a.tell(format!("long 0 {} {limit}", zmq::MAXMSGSIZE));
        a.tell("watch 0");
        let endpoint = a.bind(0, &fresh(Scheme::Tcp));
        b.open(0, zmq::PUSH);
        b.set(0, zmq::RECONNECT_IVL, 5);
        b.tell("watch 0");
        b.tell(format!("connect 0 {endpoint}"));
        b.send(0, &[Part::body(limit, 1), Part::body(limit, 2)]);
        a.expect(0, &[Part::body(limit, 1), Part::body(limit, 2)]);
        b.send(0, &[Part::body(limit + 1, 3)]);
        a.until(0, zmq::DISCONNECTED);
        b.until(0, zmq::DISCONNECTED);
        a.until(0, zmq::HANDSHAKE_SUCCEEDED);
        b.until(0, zmq::HANDSHAKE_SUCCEEDED);
        b.send(0, &[Part::body(limit, 4)]);
        a.expect(0, &[Part::body(limit, 4)]);
        for mut actor in [a, b] {
            actor.tell("close 0");
            actor.leave();
        }
    }
}

plays! {
    peers_come_and_go
    subscriptions_are_sent_again
    clients_crash
    servers_crash
    heartbeats_keep_the_quiet
    heartbeats_find_the_frozen
    time_to_live_is_kept
    too_large_a_message
}
