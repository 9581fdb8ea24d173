//! The last words of a peer that closes its socket and ends at once after sending.
//!
//! Invariant: what was sent with time to linger arrives, whole and in order, however slow the
//! receiver is, and whatever the receiver itself wants to say to the peer that is gone.

use std::fs;
use std::time::{Duration, Instant};

use crate::actor::{Actor, Lib, Part};
use crate::{Cast, Scheme, fresh, plays, zmq};

/// How many messages, and how long. The kernel has to have room for all of them, each written by
/// itself: while there is something that it does not take, the sender stays.
const COUNT: usize = 80;
const SIZE: usize = 300;
/// What a receiver with a small high-water mark does not read in one go.
const FIRST: usize = 30;

/// `a` sends its messages, closes and ends. Only the first few find `b` reading.
fn flood_and_leave(mut a: Actor, b: &mut Actor) {
    a.set(0, zmq::LINGER, 10_000);
    a.tell(format!("flood 0 0 {FIRST} {SIZE}"));
    assert!(b.hears(0, 10_000));
    a.tell(format!("flood 0 {FIRST} {COUNT} {SIZE}"));
    a.tell("close 0");
    a.leave();
}

/// `b` gets all of them, from this one on.
fn hear_all(b: &mut Actor, first: usize) {
    b.tell(format!("drain 0 {first} {COUNT} {SIZE}"));
    assert!(!b.hears(0, 0));
}

/// Connects two sockets; `a_binds` or `b` does. The endpoint.
fn meet(a: &mut Actor, b: &mut Actor, scheme: Scheme, a_binds: bool) -> String {
    let (binder, connecter) = if a_binds { (a, b) } else { (b, a) };
    let endpoint = binder.bind(0, &fresh(scheme));
    connecter.tell(format!("connect 0 {endpoint}"));
    endpoint
}

/// Waits until the kernel has all that the peer behind a port said, and the end of it: before that
/// an answer makes the peer's kernel forget what is under way.
fn wait_for_the_end(endpoint: &str) {
    const CLOSE_WAIT: &str = "08";
    let Some((_, port)) = endpoint.split_once("://127.0.0.1:") else {
        return;
    };
    let port = port.split('/').next().unwrap_or_default();
    let port: u16 = port.parse().expect("a port is a number");
    let port = format!(":{port:04X}");
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        let table = fs::read_to_string("/proc/net/tcp").expect("this is Linux");
        let ended = table.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let ends = words.get(1..3).unwrap_or_default();
            words.get(3) == Some(&CLOSE_WAIT) && ends.iter().any(|end| end.ends_with(&port))
        });
        if ended {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("the peer's last words do not come");
}

/// A receiver with room for everything, which reads only when the sender is gone.
fn last_words(cast: Cast) {
    for scheme in cast.schemes() {
        for a_binds in [false, true] {
            let (mut a, mut b) = cast.enter();
            a.open(0, zmq::PUSH);
            b.open(0, zmq::PULL);
            b.tell("watch 0");
            meet(&mut a, &mut b, scheme, a_binds);
            b.until(0, zmq::HANDSHAKE_SUCCEEDED);
            flood_and_leave(a, &mut b);
            b.until(0, zmq::DISCONNECTED);
            hear_all(&mut b, 0);
        }
    }
}

/// A receiver whose high-water mark was reached long before: the rest is in the kernel, and has to
/// be read from there after the sender hung up. libzmq loses it over ipc, so `b` is ours.
fn last_words_to_the_slow(cast: Cast) {
    if cast.b == Lib::Genuine {
        return;
    }
    for scheme in cast.schemes() {
        for a_binds in [false, true] {
            let (mut a, mut b) = cast.enter();
            a.open(0, zmq::PUSH);
            a.set(0, zmq::SNDHWM, 0);
            b.open(0, zmq::PULL);
            b.set(0, zmq::RCVHWM, 10);
            meet(&mut a, &mut b, scheme, a_binds);
            flood_and_leave(a, &mut b);
            hear_all(&mut b, 0);
        }
    }
}

/// The same, but the receiver writes to the peer that is gone: that its words are lost is no
/// reason to lose the peer's.
fn last_words_to_the_talkative(cast: Cast) {
    if cast.b == Lib::Genuine {
        return;
    }
    for scheme in cast.schemes() {
        for a_binds in [false, true] {
            let (mut a, mut b) = cast.enter();
            a.open(0, zmq::DEALER);
            a.set(0, zmq::SNDHWM, 0);
            b.open(0, zmq::DEALER);
            b.set(0, zmq::RCVHWM, 10);
            b.set(0, zmq::RECONNECT_IVL, 60_000);
            let endpoint = meet(&mut a, &mut b, scheme, a_binds);
            flood_and_leave(a, &mut b);
            wait_for_the_end(&endpoint);
            // One is read, so that it is known where to write to.
            let first = b.recv(0);
            assert_eq!(first.len(), 1);
            for _ in 0..20 {
                b.send(0, &[Part::body(100, 1)]);
                b.tell(format!("get 0 {}", zmq::EVENTS));
            }
            hear_all(&mut b, 1);
        }
    }
}

/// Heartbeats that cannot be written any more end nothing that can still be read. Not over tcp: there
/// a heartbeat at the wrong moment makes the peer's kernel forget what is under way.
fn last_words_among_heartbeats(cast: Cast) {
    if cast.b == Lib::Genuine {
        return;
    }
    for scheme in [Scheme::Path, Scheme::Abstract] {
        let (mut a, mut b) = cast.enter();
        a.open(0, zmq::PUSH);
        a.set(0, zmq::SNDHWM, 0);
        b.open(0, zmq::PULL);
        b.set(0, zmq::RCVHWM, 10);
        b.set(0, zmq::HEARTBEAT_IVL, 5);
        b.set(0, zmq::HEARTBEAT_TIMEOUT, 10_000);
        b.tell("watch 0");
        meet(&mut a, &mut b, scheme, false);
        flood_and_leave(a, &mut b);
        // Time for some of them; the connection stands as long as there is something to read.
        let lost = b.ask(format!("within 0 {} 100", zmq::DISCONNECTED));
        assert_eq!(lost, Err("EAGAIN".to_owned()));
        hear_all(&mut b, 0);
        b.until(0, zmq::DISCONNECTED);
    }
}

/// Nobody is there to hear the last words: the time to linger passes, and that is all.
fn nobody_to_hear(cast: Cast) {
    let mut a = Actor::new(cast.a);
    for linger in [0, 100] {
        a.open(0, zmq::PUSH);
        a.set(0, zmq::LINGER, linger);
        let place = fresh(Scheme::Abstract);
        a.tell(format!("connect 0 {place}"));
        a.send(0, &[Part::body(1000, 1)]);
        a.tell("close 0");
        a.tell("term");
    }
    a.leave();
}

plays! {
    last_words
    last_words_to_the_slow
    last_words_to_the_talkative
    last_words_among_heartbeats
    nobody_to_hear
}
