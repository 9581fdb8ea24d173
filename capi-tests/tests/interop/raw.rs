//! Peers that speak octet by octet from a script: ZMTP 1.0 (RFC 13), 2.0 (RFC 15), 3.0 (RFC 23)
//! and 3.1 (RFC 37). Each script is played to ours and to the genuine library.
//!
//! Invariant: what either library writes is exactly what stands in the script.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::actor::{Actor, Lib, Part};
use crate::zmq;

/// A peer made of octets.
pub struct Peer {
    stream: TcpStream,
}

impl Peer {
    pub fn connect(endpoint: &str) -> Peer {
        let address = endpoint.strip_prefix("tcp://").expect("tcp was bound");
        Peer::new(TcpStream::connect(address).expect("somebody listens"))
    }

    pub fn new(stream: TcpStream) -> Peer {
        let limit = Some(Duration::from_secs(10));
        stream.set_read_timeout(limit).expect("not zero");
        stream.set_nodelay(true).expect("it is tcp");
        Peer { stream }
    }

    pub fn say(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).expect("it listens");
    }

    /// Reads as many octets as are expected, which have to be these.
    pub fn hear(&mut self, want: &[u8], what: &str) {
        let mut got = vec![0; want.len()];
        if let Err(error) = self.stream.read_exact(&mut got) {
            panic!("{what}: {error}");
        }
        assert_eq!(got, want, "{what}");
    }

    /// What a look at the stream finds within 10 ms.
    fn peek(&mut self) -> std::io::Result<usize> {
        let limit = self.stream.read_timeout().expect("it is tcp");
        let soon = Some(Duration::from_millis(10));
        self.stream.set_read_timeout(soon).expect("not zero");
        let found = self.stream.peek(&mut [0]);
        self.stream.set_read_timeout(limit).expect("not zero");
        found
    }

    /// Whether there is something to hear within 10 ms.
    pub fn hears(&mut self) -> bool {
        self.peek().is_ok_and(|count| count == 1)
    }

    /// As `hear_the_end`, with something done all the time.
    #[cfg(feature = "draft")]
    pub fn hear_the_end_while(&mut self, what: &str, mut act: impl FnMut()) -> usize {
        let mut tries = 0;
        while self
            .peek()
            .is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
        {
            act();
            tries += 1;
            assert!(tries < 1000, "{what}: the connection is not closed");
        }
        self.hear_the_end(what)
    }

    /// Reads to the end of the stream; how much there was.
    pub fn hear_the_end(&mut self, what: &str) -> usize {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(size) => size,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => rest.len(),
            Err(error) => panic!("{what}: the connection is not closed: {error}"),
        }
    }
}

/// An actor with a socket that is bound, and a peer that is connected.
fn stage(lib: Lib, kind: i32, id: &[u8]) -> (Actor, Peer) {
    let mut actor = Actor::new(lib);
    actor.open(0, kind);
    if !id.is_empty() {
        let id = Part::new(id);
        actor.tell(format!("bytes 0 {} {}", zmq::ROUTING_ID, id.told()));
    }
    let endpoint = actor.bind(0, "tcp://127.0.0.1:*");
    let peer = Peer::connect(&endpoint);
    (actor, peer)
}

fn leave(mut actor: Actor) {
    actor.tell("close 0");
    actor.leave();
}

/// The ten octets that all versions begin with. To a 1.0 peer they are the head of a long frame
/// with the routing id.
pub fn signature(id: &[u8]) -> Vec<u8> {
    let mut octets = vec![0xff];
    octets.extend_from_slice(&(id.len() as u64 + 1).to_be_bytes());
    octets.push(0x7f);
    octets
}

/// What of a 3.x greeting follows the signature.
fn greeting_rest(minor: u8) -> Vec<u8> {
    let mut octets = vec![3, minor];
    octets.extend_from_slice(b"NULL");
    octets.resize(54, 0);
    octets
}

pub fn command(name: &str, body: &[u8]) -> Vec<u8> {
    let mut octets = vec![4, (1 + name.len() + body.len()) as u8, name.len() as u8];
    octets.extend_from_slice(name.as_bytes());
    octets.extend_from_slice(body);
    octets
}

fn property(name: &str, value: &[u8]) -> Vec<u8> {
    let mut octets = vec![name.len() as u8];
    octets.extend_from_slice(name.as_bytes());
    octets.extend_from_slice(&(value.len() as u32).to_be_bytes());
    octets.extend_from_slice(value);
    octets
}

/// READY of a type, with an identity where that type has one.
fn ready(kind: &str, id: Option<&[u8]>) -> Vec<u8> {
    let mut body = property("Socket-Type", kind.as_bytes());
    if let Some(id) = id {
        body.extend(property("Identity", id));
    }
    command("READY", &body)
}

/// The whole handshake of a 3.x peer of this type with a socket of that.
pub fn shake_hands(peer: &mut Peer, minor: u8, kind: &str, with: (&str, Option<&[u8]>)) {
    peer.say(&signature(b""));
    peer.say(&greeting_rest(minor));
    peer.hear(&signature(with.1.unwrap_or_default()), "the signature");
    peer.hear(&greeting_rest(1), "the greeting");
    peer.say(&ready(kind, None));
    peer.hear(&ready(with.0, with.1), "READY");
}

/// RFC 13: lengths count the flags; the routing id is the first frame.
fn version_1_dealer(lib: Lib) {
    let (mut actor, mut peer) = stage(lib, zmq::DEALER, b"me");
    peer.say(&[1, 0]);
    peer.hear(&signature(b"me"), "the head of the routing id");
    peer.hear(b"me", "the routing id");
    peer.say(&[3, 1, b'h', b'i', 1, 0]);
    actor.expect(0, &[Part::new(b"hi"), Part::new(b"")]);
    actor.send(0, &[Part::new(b"you"), Part::body(300, 1)]);
    peer.hear(&[4, 1, b'y', b'o', b'u'], "a short frame");
    peer.hear(
        &[0xff, 0, 0, 0, 0, 0, 0, 1, 45, 0],
        "the head of a long frame",
    );
    peer.hear(&crate::actor::octets(300, 1), "its body");
    leave(actor);
}

/// A 1.0 peer with a routing id of its own, at a ROUTER.
fn version_1_routing_id(lib: Lib) {
    let (mut actor, mut peer) = stage(lib, zmq::ROUTER, b"");
    peer.say(&[4, 0, b'o', b'l', b'd', 2, 0, b'?']);
    actor.expect(0, &[Part::new(b"old"), Part::new(b"?")]);
    actor.send(0, &[Part::new(b"old"), Part::new(b"!")]);
    peer.hear(&signature(b""), "the head of the routing id");
    peer.hear(&[2, 0, b'!'], "the answer");
    leave(actor);
}

/// A 1.0 subscriber. The oldest of them filter themselves and never subscribe, so each gets
/// everything, whatever it says.
fn version_1_subscriber(lib: Lib) {
    let (mut actor, mut peer) = stage(lib, zmq::XPUB, b"");
    peer.say(&[1, 0, 3, 0, 1, b't']);
    actor.expect(0, &[Part::new([1])]);
    actor.expect(0, &[Part::new([1, b't'])]);
    actor.send(0, &[Part::new(b"no")]);
    actor.send(0, &[Part::new(b"topic")]);
    peer.hear(&signature(b""), "the head of the routing id");
    peer.hear(&[3, 0, b'n', b'o'], "the other message");
    peer.hear(&[6, 0, b't', b'o', b'p', b'i', b'c'], "the message");
    peer.say(&[3, 0, 0, b't']);
    actor.expect(0, &[Part::new([0, b't'])]);
    leave(actor);
}

/// RFC 15: the type as an octet, then the routing id as a frame.
fn version_2_dealer(lib: Lib) {
    let (mut actor, mut peer) = stage(lib, zmq::DEALER, b"me");
    peer.say(&signature(b""));
    peer.say(&[1, zmq::DEALER as u8]);
    peer.hear(&signature(b"me"), "the signature");
    peer.hear(&[3, zmq::DEALER as u8], "our version and type");
    peer.say(&[0, 0]);
    peer.hear(&[0, 2, b'm', b'e'], "the routing id");
    peer.say(&[1, 2, b'h', b'i', 0, 0]);
    actor.expect(0, &[Part::new(b"hi"), Part::new(b"")]);
    actor.send(0, &[Part::new(b"you"), Part::body(300, 1)]);
    peer.hear(&[1, 3, b'y', b'o', b'u'], "a short frame");
    peer.hear(&[2, 0, 0, 0, 0, 0, 0, 1, 44], "the head of a long frame");
    peer.hear(&crate::actor::octets(300, 1), "its body");
    leave(actor);
}

/// A 2.0 publisher: it is told subscriptions by messages.
fn version_2_publisher(lib: Lib) {
    let (mut actor, mut peer) = stage(lib, zmq::SUB, b"");
    actor.tell(format!("bytes 0 {} x74", zmq::SUBSCRIBE));
    peer.say(&signature(b""));
    peer.say(&[1, zmq::PUB as u8, 0, 0]);
    peer.hear(&signature(b""), "the signature");
    peer.hear(&[3, zmq::SUB as u8, 0, 0], "version, type and routing id");
    actor.begin("recv 0");
    peer.hear(&[0, 2, 1, b't'], "the subscription");
    peer.say(&[0, 1, b'x', 0, 1, b't']);
    assert_eq!(actor.end(), "x74");
    leave(actor);
}

/// RFC 23: mechanisms and READY.
fn version_3_0_dealer(lib: Lib) {
    let (mut actor, mut peer) = stage(lib, zmq::DEALER, b"");
    shake_hands(&mut peer, 0, "ROUTER", ("DEALER", Some(b"")));
    peer.say(&[1, 2, b'h', b'i', 0, 0]);
    actor.expect(0, &[Part::new(b"hi"), Part::new(b"")]);
    actor.send(
        0,
        &[Part::new(b"a"), Part::body(255, 1), Part::body(256, 2)],
    );
    peer.hear(&[1, 1, b'a', 1, 255], "short frames");
    peer.hear(&crate::actor::octets(255, 1), "the longest short body");
    peer.hear(&[2, 0, 0, 0, 0, 0, 0, 1, 0], "the head of a long frame");
    peer.hear(&crate::actor::octets(256, 2), "the shortest long body");
    // A frame may be long although it need not be.
    peer.say(&[2, 0, 0, 0, 0, 0, 0, 0, 1, b'x']);
    actor.expect(0, &[Part::new(b"x")]);
    leave(actor);
}

/// A 3.0 subscriber and a 3.0 publisher: subscriptions are messages up to 3.0.
fn version_3_0_subscriptions(lib: Lib) {
    let (mut actor, mut peer) = stage(lib, zmq::XPUB, b"");
    shake_hands(&mut peer, 0, "SUB", ("XPUB", None));
    peer.say(&[0, 2, 1, b't']);
    actor.expect(0, &[Part::new([1, b't'])]);
    actor.send(0, &[Part::new(b"topic")]);
    peer.hear(&[0, 5, b't', b'o', b'p', b'i', b'c'], "the message");
    leave(actor);

    let (mut actor, mut peer) = stage(lib, zmq::SUB, b"");
    actor.tell(format!("bytes 0 {} x74", zmq::SUBSCRIBE));
    shake_hands(&mut peer, 0, "PUB", ("SUB", None));
    actor.begin("recv 0");
    peer.hear(&[0, 2, 1, b't'], "the subscription");
    peer.say(&[0, 1, b't']);
    assert_eq!(actor.end(), "x74");
    leave(actor);
}

/// RFC 37: subscriptions are commands; a message that looks like one still is one.
fn version_3_1_subscriptions(lib: Lib) {
    let (mut actor, mut peer) = stage(lib, zmq::XPUB, b"");
    shake_hands(&mut peer, 1, "SUB", ("XPUB", None));
    peer.say(&command("SUBSCRIBE", b"t"));
    actor.expect(0, &[Part::new([1, b't'])]);
    peer.say(&[0, 2, 1, b'u']);
    actor.expect(0, &[Part::new([1, b'u'])]);
    actor.send(0, &[Part::new(b"u2")]);
    peer.hear(&[0, 2, b'u', b'2'], "the message");
    peer.say(&command("CANCEL", b"t"));
    actor.expect(0, &[Part::new([0, b't'])]);
    leave(actor);

    let (mut actor, mut peer) = stage(lib, zmq::SUB, b"");
    actor.tell(format!("bytes 0 {} x74", zmq::SUBSCRIBE));
    shake_hands(&mut peer, 1, "PUB", ("SUB", None));
    actor.begin("recv 0");
    peer.hear(&command("SUBSCRIBE", b"t"), "the subscription");
    peer.say(&[0, 1, b't']);
    assert_eq!(actor.end(), "x74");
    actor.tell(format!("bytes 0 {} x74", zmq::UNSUBSCRIBE));
    peer.hear(&command("CANCEL", b"t"), "the cancellation");
    leave(actor);
}

/// PING is answered with what it said, by peers that have no heartbeats themselves.
fn pings(lib: Lib) {
    let (mut actor, mut peer) = stage(lib, zmq::DEALER, b"");
    shake_hands(&mut peer, 1, "DEALER", ("DEALER", Some(b"")));
    peer.say(&command("PING", &[0, 0]));
    peer.hear(&command("PONG", b""), "PONG");
    peer.say(&command("PING", b"\0\x10context"));
    peer.hear(&command("PONG", b"context"), "PONG with a context");
    peer.say(&[0, 1, b'm']);
    actor.expect(0, &[Part::new(b"m")]);
    leave(actor);
}

/// A heartbeat that is asked for: PING with the time to live in tenths of a second.
fn our_pings(lib: Lib) {
    let mut actor = Actor::new(lib);
    actor.open(0, zmq::DEALER);
    actor.set(0, zmq::HEARTBEAT_IVL, 20);
    actor.set(0, zmq::HEARTBEAT_TTL, 25_600);
    actor.set(0, zmq::HEARTBEAT_TIMEOUT, 60_000);
    let endpoint = actor.bind(0, "tcp://127.0.0.1:*");
    let mut peer = Peer::connect(&endpoint);
    shake_hands(&mut peer, 1, "DEALER", ("DEALER", Some(b"")));
    peer.hear(&command("PING", &[1, 0]), "PING");
    peer.say(&command("PONG", b""));
    peer.hear(&command("PING", &[1, 0]), "the next PING");
    leave(actor);
}

/// REQ and REP on the wire: the envelope is an empty frame.
fn envelopes(lib: Lib) {
    let (mut actor, mut peer) = stage(lib, zmq::REP, b"");
    shake_hands(&mut peer, 1, "REQ", ("REP", None));
    peer.say(&[1, 0, 0, 1, b'?']);
    actor.expect(0, &[Part::new(b"?")]);
    actor.send(0, &[Part::new(b"!")]);
    peer.hear(&[1, 0, 0, 1, b'!'], "the reply");
    leave(actor);

    let (mut actor, mut peer) = stage(lib, zmq::REQ, b"");
    shake_hands(&mut peer, 1, "REP", ("REQ", Some(b"")));
    actor.send(0, &[Part::new(b"?")]);
    peer.hear(&[1, 0, 0, 1, b'?'], "the request");
    peer.say(&[1, 0, 0, 1, b'!']);
    actor.expect(0, &[Part::new(b"!")]);
    leave(actor);
}

/// Who breaks the rules is hung up on.
fn hang_ups(lib: Lib) {
    let mut long = ready("DEALER", None);
    long[1] += 1;
    long.push(b'x');
    let mut bad_mechanism = greeting_rest(1);
    bad_mechanism[2..6].copy_from_slice(b"NUL?");
    let hello = [signature(b""), greeting_rest(1)].concat();
    let scripts: [(&str, Vec<u8>); 5] = [
        (
            "another mechanism",
            [signature(b""), bad_mechanism].concat(),
        ),
        (
            "a type that does not fit",
            [hello.clone(), ready("SUB", None)].concat(),
        ),
        ("a property cut short", [hello.clone(), long].concat()),
        (
            "a command before READY",
            [hello.clone(), command("HELLO", b"")].concat(),
        ),
        (
            "ERROR",
            [hello.clone(), command("ERROR", b"\x03bad")].concat(),
        ),
    ];
    for (what, script) in scripts {
        if what == "ERROR" && lib == Lib::Genuine {
            // It waits for the peer, who gave up, to hang up.
            continue;
        }
        let (mut actor, mut peer) = stage(lib, zmq::DEALER, b"");
        actor.tell("watch 0");
        peer.say(&script);
        let rest = peer.hear_the_end(what);
        assert!(rest <= 200, "{what}: {rest} octets");
        // And the next is served.
        let endpoint = actor.tell("endpoint 0");
        let mut peer = Peer::connect(&endpoint);
        shake_hands(&mut peer, 1, "DEALER", ("DEALER", Some(b"")));
        peer.say(&[0, 1, b'm']);
        actor.expect(0, &[Part::new(b"m")]);
        leave(actor);
    }
}

/// Makes a test of each script for each library.
macro_rules! scripts {
    ($($(#[$meta:meta])* $script:ident)*) => {$(
        $(#[$meta])*
        mod $script {
            use crate::actor::Lib;
            #[test]
            fn to_ours() {
                super::$script(Lib::Ours);
            }
            #[test]
            fn to_the_genuine() {
                if Lib::Genuine.folder().is_some() {
                    super::$script(Lib::Genuine);
                } else {
                    println!("skipped: no genuine libzmq");
                }
            }
        }
    )*};
}
pub(crate) use scripts;

scripts! {
    version_1_dealer
    version_1_routing_id
    version_1_subscriber
    version_2_dealer
    version_2_publisher
    version_3_0_dealer
    version_3_0_subscriptions
    version_3_1_subscriptions
    pings
    our_pings
    envelopes
    hang_ups
}
