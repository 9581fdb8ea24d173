//! Subscriptions over the wire: any octets, any length, taken back, many of them.
//!
//! Invariant: what a publisher is told, and what a subscriber gets, depends on neither side's
//! library.

use crate::actor::{Actor, Lib, Part};
use crate::{Cast, Scheme, fresh, plays, zmq};

const SUBSCRIBED: u8 = 1;
const CANCELLED: u8 = 0;

/// An XPUB that is bound and a subscriber that is connected.
fn connected(cast: Cast, kind: i32) -> (Actor, Actor) {
    let (mut a, mut b) = cast.enter();
    a.open(0, zmq::XPUB);
    b.open(0, kind);
    let endpoint = a.bind(0, &fresh(Scheme::Tcp));
    b.tell(format!("connect 0 {endpoint}"));
    (a, b)
}

fn leave(mut a: Actor, mut b: Actor) {
    b.tell("close 0");
    a.tell("close 0");
    b.leave();
    a.leave();
}

/// What a publisher is told of a subscription or its end.
fn told(what: u8, topic: &[u8]) -> Part {
    let mut octets = vec![what];
    octets.extend_from_slice(topic);
    Part::new(octets)
}

fn subscription(b: &mut Actor, option: i32, topic: &[u8]) {
    let topic = Part::new(topic);
    b.tell(format!("bytes 0 {option} {}", topic.told()));
}

fn topics() -> Vec<Vec<u8>> {
    vec![
        b"weather.berlin".to_vec(),
        vec![0],
        vec![0, 0, 1, 0],
        vec![0xff; 3],
        (0..=255).collect(),
        vec![b'a'; 254],
        vec![b'b'; 255],
        vec![b'c'; 256],
        vec![0x80; 9000],
        vec![7; 70_000],
    ]
}

/// Binary topics, and topics whose frames are short, long and longer than any buffer.
fn topics_of_all_kinds(cast: Cast) {
    let (mut a, mut b) = connected(cast, zmq::SUB);
    // Debian's 4.3.4 cannot say SUBSCRIBE in a long frame.
    let longest = match b.tell("version").as_str() {
        "4.3.4" => 240,
        _ => usize::MAX,
    };
    for topic in topics() {
        if topic.len() > longest {
            continue;
        }
        subscription(&mut b, zmq::SUBSCRIBE, &topic);
        a.expect(0, &[told(SUBSCRIBED, &topic)]);

        let mut other = topic.clone();
        *other.last_mut().expect("no topic here is empty") ^= 1;
        let mut longer = topic.clone();
        longer.extend_from_slice(b"/more");
        a.send(0, &[Part::new(&other), Part::new(b"not for you")]);
        a.send(0, &[Part::new(&topic[..topic.len() - 1])]);
        a.send(0, &[Part::new(&topic), Part::new(b"exactly")]);
        a.send(0, &[Part::new(&longer), Part::new(b"")]);
        b.expect(0, &[Part::new(&topic), Part::new(b"exactly")]);
        b.expect(0, &[Part::new(&longer), Part::new(b"")]);

        subscription(&mut b, zmq::UNSUBSCRIBE, &topic);
        a.expect(0, &[told(CANCELLED, &topic)]);
        a.send(0, &[Part::new(&topic)]);
    }
    // Everything, with the empty topic: nothing of the above is still on its way.
    subscription(&mut b, zmq::SUBSCRIBE, b"");
    a.expect(0, &[told(SUBSCRIBED, b"")]);
    a.send(0, &[Part::new(b"")]);
    b.expect(0, &[Part::new(b"")]);
    subscription(&mut b, zmq::UNSUBSCRIBE, b"");
    a.expect(0, &[told(CANCELLED, b"")]);
    leave(a, b);
}

/// The same topic twice: one subscription on the wire, and it ends with the second cancellation.
fn topics_are_counted(cast: Cast) {
    let (mut a, mut b) = connected(cast, zmq::SUB);
    subscription(&mut b, zmq::SUBSCRIBE, b"t");
    subscription(&mut b, zmq::SUBSCRIBE, b"t");
    subscription(&mut b, zmq::SUBSCRIBE, b"mark1");
    a.expect(0, &[told(SUBSCRIBED, b"t")]);
    a.expect(0, &[told(SUBSCRIBED, b"mark1")]);
    subscription(&mut b, zmq::UNSUBSCRIBE, b"t");
    // Never subscribed to: nobody is told.
    subscription(&mut b, zmq::UNSUBSCRIBE, b"nothing");
    subscription(&mut b, zmq::SUBSCRIBE, b"mark2");
    a.expect(0, &[told(SUBSCRIBED, b"mark2")]);
    a.send(0, &[Part::new(b"topic")]);
    b.expect(0, &[Part::new(b"topic")]);
    subscription(&mut b, zmq::UNSUBSCRIBE, b"t");
    a.expect(0, &[told(CANCELLED, b"t")]);
    a.send(0, &[Part::new(b"topic")]);
    a.send(0, &[Part::new(b"mark2")]);
    b.expect(0, &[Part::new(b"mark2")]);
    // Who goes takes the rest along.
    b.tell("close 0");
    let mut rest = [a.recv(0), a.recv(0)].concat();
    rest.sort();
    let mut want =
        [told(CANCELLED, b"mark1"), told(CANCELLED, b"mark2")].map(|part| part.shown().to_owned());
    want.sort();
    assert_eq!(rest, want);
    a.tell("close 0");
    b.leave();
    a.leave();
}

/// What an XSUB sends that is no subscription reaches the publisher as it is.
fn messages_upstream(cast: Cast) {
    let (mut a, mut b) = connected(cast, zmq::XSUB);
    b.send(0, &[told(SUBSCRIBED, b"x")]);
    a.expect(0, &[told(SUBSCRIBED, b"x")]);
    b.send(0, &[Part::new(b"a question")]);
    a.expect(0, &[Part::new(b"a question")]);
    b.send(0, &[Part::new(b"two"), Part::new(b"parts")]);
    a.expect(0, &[Part::new(b"two"), Part::new(b"parts")]);
    a.send(0, &[Part::new(b"x marks")]);
    b.expect(0, &[Part::new(b"x marks")]);
    b.send(0, &[told(CANCELLED, b"x")]);
    a.expect(0, &[told(CANCELLED, b"x")]);
    leave(a, b);
}

/// Five thousand topics, all told, and all told again to a publisher that comes later.
fn many_topics(cast: Cast) {
    let (mut a, mut b) = cast.enter();
    let count = 5000;
    b.open(0, zmq::SUB);
    if cast.b == Lib::Genuine {
        // It forgets the subscriptions beyond its high-water mark; ours has them wait.
        b.set(0, zmq::SNDHWM, 0);
    }
    for publisher in [0, 1] {
        a.open(publisher, zmq::XPUB);
        let endpoint = a.bind(publisher, &fresh(Scheme::Tcp));
        b.tell(format!("connect 0 {endpoint}"));
        if publisher == 0 {
            b.tell(format!("subscribe 0 {count}"));
        }
        b.begin("recv 0");
        a.tell(format!("hear {publisher} {count}"));
        let last = [Part::new(b"topic 4999"), Part::new(b"last")];
        a.send(publisher, &last);
        assert_eq!(b.end(), format!("{} {}", last[0].shown(), last[1].shown()));
    }
    a.tell("close 1");
    leave(a, b);
}

/// Two subscribers of one publisher get what they asked for, whatever the other did.
fn subscribers_do_not_disturb_each_other(cast: Cast) {
    let (mut a, mut b) = connected(cast, zmq::SUB);
    let endpoint = a.bind(0, &fresh(Scheme::Abstract));
    b.open(1, zmq::SUB);
    b.tell(format!("connect 1 {endpoint}"));
    for (socket, topic) in [(0, "a"), (1, "b"), (1, "ab")] {
        b.tell(format!(
            "bytes {socket} {} {}",
            zmq::SUBSCRIBE,
            Part::new(topic).told()
        ));
        a.expect(0, &[told(SUBSCRIBED, topic.as_bytes())]);
    }
    for text in ["a", "b", "abc", "c", "ba"] {
        a.send(0, &[Part::new(text)]);
    }
    for (socket, texts) in [(0, ["a", "abc"].as_slice()), (1, &["b", "abc", "ba"])] {
        for text in texts {
            b.expect(socket, &[Part::new(text)]);
        }
        assert!(!b.hears(socket, 0));
    }
    b.tell("close 1");
    leave(a, b);
}

plays! {
    topics_of_all_kinds
    topics_are_counted
    messages_upstream
    many_topics
    subscribers_do_not_disturb_each_other
}
