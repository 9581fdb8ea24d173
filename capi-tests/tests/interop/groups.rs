//! Groups on the wire (RFC 48), right and wrong, told octet by octet to both libraries.
//!
//! Invariant: whoever breaks the rules loses its connection; whoever does not is served on.

use crate::actor::{Actor, Lib, Part};
use crate::raw::{Peer, command, scripts, shake_hands};

const RADIO: i32 = 14;
const DISH: i32 = 15;

/// A frame, in whatever form its size wants.
fn frame(flags: u8, body: &[u8]) -> Vec<u8> {
    let head = match u8::try_from(body.len()) {
        Ok(size) => vec![flags, size],
        Err(_) => [&[flags | 2][..], &(body.len() as u64).to_be_bytes()].concat(),
    };
    [&head, body].concat()
}

fn order(name: &str, group: &[u8]) -> Vec<u8> {
    let body = [&[name.len() as u8], name.as_bytes(), group].concat();
    frame(4, &body)
}

fn parts(parts: &[&[u8]]) -> Vec<u8> {
    let last = parts.len() - 1;
    let frames = parts.iter().enumerate();
    frames
        .flat_map(|(at, part)| frame(u8::from(at < last), part))
        .collect()
}

fn connect(endpoint: &str, me: &str, with: &str) -> Peer {
    let mut peer = Peer::connect(endpoint);
    shake_hands(&mut peer, 1, me, (with, None));
    peer
}

/// A DISH hears groups of every length, and hangs up on what is no message of a RADIO's.
fn what_a_radio_may_say(lib: Lib) {
    let mut actor = Actor::new(lib);
    actor.open(0, DISH);
    let long = "g".repeat(255);
    for group in ["g", &long] {
        actor.tell(format!("join 0 {group}"));
    }
    let endpoint = actor.bind(0, "tcp://127.0.0.1:*");
    let joins = |actor: &mut Actor, peer: &mut Peer| {
        // It tells them inside a call.
        while !peer.hears() {
            actor.hears(0, 0);
        }
        let (short, long) = (command("JOIN", b"g"), order("JOIN", long.as_bytes()));
        peer.hear(&[short, long].concat(), "what it joined");
    };
    let mut other = connect(&endpoint, "RADIO", "DISH");
    joins(&mut actor, &mut other);
    let too_long = [b'g'; 256];
    for (what, said) in [
        ("a group alone", parts(&[b"g"])),
        ("three parts", parts(&[b"g", b"x", b"y"])),
        ("a group that is too long", parts(&[&too_long, b"x"])),
    ] {
        println!("{what}");
        let mut peer = connect(&endpoint, "RADIO", "DISH");
        joins(&mut actor, &mut peer);
        peer.say(&parts(&[b"g", b"right"]));
        actor.expect(0, &[Part::new(b"right")]);
        peer.say(&said);
        peer.say(&parts(&[b"g", b"late"]));
        assert_eq!(
            peer.hear_the_end_while(what, || {
                actor.hears(0, 0);
            }),
            0
        );
        assert!(!actor.hears(0, 0), "{what}");
        for group in ["g", &long] {
            other.say(&parts(&[group.as_bytes(), b"on"]));
            actor.expect(0, &[Part::new(b"on")]);
            assert_eq!(actor.tell("group"), group);
        }
    }
    actor.tell("close 0");
    actor.leave();
}

/// A RADIO knows groups of every length, and hangs up on those that no group can have.
fn what_a_dish_may_say(lib: Lib) {
    let mut actor = Actor::new(lib);
    actor.open(0, RADIO);
    let endpoint = actor.bind(0, "tcp://127.0.0.1:*");
    let long = "g".repeat(255);
    let mut other = connect(&endpoint, "DISH", "RADIO");
    other.say(&order("JOIN", b"here"));
    let heard = |actor: &mut Actor, peer: &mut Peer, group: &str| {
        let cast = format!("cast 0 {group} {}", Part::new(b"on").told());
        for _ in 0..1000 {
            actor.tell(&cast);
            if peer.hears() {
                peer.hear(&parts(&[group.as_bytes(), b"on"]), "what was joined");
                return;
            }
        }
        panic!("a group of {} octets is not joined", group.len());
    };
    heard(&mut actor, &mut other, "here");
    for name in ["JOIN", "LEAVE"] {
        let mut peer = connect(&endpoint, "DISH", "RADIO");
        for group in ["g", &long] {
            peer.say(&order(name, group.as_bytes()));
            peer.say(&order("JOIN", group.as_bytes()));
            heard(&mut actor, &mut peer, group);
            peer.say(&order("LEAVE", group.as_bytes()));
        }
        if lib == Lib::Genuine {
            // It does not outlive what follows.
            continue;
        }
        for size in [256, 300, 70_000] {
            let mut peer = connect(&endpoint, "DISH", "RADIO");
            peer.say(&order(name, &vec![b'g'; size]));
            assert_eq!(peer.hear_the_end(name), 0);
        }
        heard(&mut actor, &mut other, "here");
    }
    actor.tell("close 0");
    actor.leave();
}

scripts! { what_a_radio_may_say what_a_dish_may_say }
