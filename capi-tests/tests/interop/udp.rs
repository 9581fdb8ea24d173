//! DGRAM, RADIO and DISH over udp: to one host, to all of a network, and to groups.
//!
//! Invariant: a datagram may be lost while sockets are still opening, and not after one was heard;
//! what arrives is what was sent. A play about "not heard" waits for something later that is.

use std::net::UdpSocket;

use crate::actor::{Actor, Lib, Part};
use crate::network::Network;
use crate::{Cast, plays};

const RADIO: i32 = 14;
const DISH: i32 = 15;
const DGRAM: i32 = 18;

const IPV6: i32 = 42;
const BINDTODEVICE: i32 = 92;
const MULTICAST_LOOP: i32 = 96;

/// A port that nobody has now.
fn free_port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("there are ports");
    socket.local_addr().expect("it is bound").port()
}

/// Longer datagrams are cut by libzmq when it receives them.
const LONGEST_OF_GENUINE: usize = 8192;

fn sizes(cast: Cast, head: usize) -> Vec<usize> {
    let limit = match (cast.a, cast.b) {
        (Lib::Ours, Lib::Ours) => 65_507,
        _ => LONGEST_OF_GENUINE - 1,
    } - head;
    let mut sizes = vec![
        0, 1, 33, 48, 49, 255, 256, 1472, 1473, 8000, 65_000, limit, 0,
    ];
    sizes.retain(|&size| size <= limit);
    sizes
}

fn told(text: &str) -> Part {
    Part::new(text.as_bytes())
}

/// Sends until it is heard, and then one that ends what was said until then.
fn heard(from: (&mut Actor, usize), to: (&mut Actor, usize), head: &str, group: bool) {
    let say = |text: &str| {
        let part = told(text);
        match group {
            true => format!("cast {} {head} {}", from.1, part.told()),
            false => format!("send {} {} {}", from.1, told(head).told(), part.told()),
        }
    };
    let mut tries = 0;
    loop {
        from.0.tell(say("hello"));
        if to.0.hears(to.1, 10) {
            break;
        }
        tries += 1;
        assert!(tries < 500, "{head} is not heard");
    }
    from.0.tell(say("begin"));
    while to.0.recv(to.1).last().map(String::as_str) != Some(told("begin").shown()) {}
}

/// How a peer's address is received: as a string of C, with its end.
fn name(address: &str) -> Part {
    told(&format!("{address}\0"))
}

fn dgrams(cast: Cast) {
    let (mut a, mut b) = cast.enter();
    a.open(0, DGRAM);
    b.open(0, DGRAM);
    let [at_a, at_b] = [(); 2].map(|()| format!("127.0.0.1:{}", free_port()));
    a.bind(0, &format!("udp://{at_a}"));
    b.bind(0, &format!("udp://{at_b}"));
    heard((&mut a, 0), (&mut b, 0), &at_b, false);
    heard((&mut b, 0), (&mut a, 0), &at_a, false);
    for size in sizes(cast, 0) {
        let body = Part::body(size, 3);
        a.send(0, &[told(&at_b), body.clone()]);
        b.expect(0, &[name(&at_a), body.clone()]);
        // As it came.
        b.send(0, &[name(&at_a), body.clone()]);
        a.expect(0, &[name(&at_b), body]);
    }
    a.tell("close 0");
    b.tell("close 0");
    a.leave();
    b.leave();
}

/// What the DISH hears of one group after another.
fn cast_about(cast: Cast, a: &mut Actor, b: &mut Actor, ends: (&str, &str)) {
    println!("{ends:?}");
    a.open(0, RADIO);
    b.open(0, DISH);
    for actor in [&mut *a, &mut *b] {
        actor.set(0, IPV6, i32::from(ends.0.contains("[")));
    }
    // Groups above 127 octets end libzmq when they come from the network.
    let longest = if cast.b == Lib::Ours { 255 } else { 127 };
    let groups = ["g".to_owned(), "h".repeat(15), "i".repeat(longest)];
    for group in &groups {
        b.tell(format!("join 0 {group}"));
    }
    b.bind(0, ends.1);
    a.tell(format!("connect 0 {}", ends.0));
    heard((a, 0), (b, 0), &groups[0], true);
    for size in sizes(cast, 1 + 255) {
        let body = Part::body(size, 9);
        for group in &groups {
            a.tell(format!("cast 0 nobody {}", told("lost").told()));
            a.tell(format!("cast 0 {group} {}", body.told()));
            b.expect(0, std::slice::from_ref(&body));
            assert_eq!(b.tell("group"), *group);
        }
    }
    a.tell("close 0");
    b.tell("close 0");
}

fn radio_and_dish(cast: Cast) {
    let (mut a, mut b) = cast.enter();
    let endpoint = format!("udp://127.0.0.1:{}", free_port());
    cast_about(cast, &mut a, &mut b, (&endpoint, &endpoint));
    // A group, on a machine without any network but itself.
    let group = format!("udp://127.0.0.1;239.255.3.9:{}", free_port());
    cast_about(cast, &mut a, &mut b, (&group, &group));
    a.leave();
    b.leave();
}

/// Two actors on two hosts.
fn hosts(cast: Cast, network: &Network) -> (Actor, Actor) {
    (
        Actor::at(cast.a, network.here()),
        Actor::at(cast.b, network.there()),
    )
}

fn over_a_network(cast: Cast) {
    let Some(network) = Network::new() else {
        return;
    };
    let (mut a, mut b) = hosts(cast, &network);
    for ends in [
        ("udp://10.99.0.2:5001", "udp://10.99.0.2:5001"),
        ("udp://10.99.0.2:5002", "udp://v1:5002"),
        ("udp://10.99.0.2:5003", "udp://*:5003"),
        ("udp://10.99.0.255:5004", "udp://*:5004"),
        ("udp://v0;239.0.0.1:5005", "udp://v1;239.0.0.1:5005"),
        (
            "udp://10.99.0.1;239.0.0.1:5006",
            "udp://10.99.0.2;239.0.0.1:5006",
        ),
        ("udp://*;239.0.0.1:5007", "udp://*;239.0.0.1:5007"),
        ("udp://239.0.0.1:5008", "udp://239.0.0.1:5008"),
        ("udp://[fd99::2]:5009", "udp://[fd99::2]:5009"),
        ("udp://v0;[ff02::99]:5010", "udp://v1;[ff02::99]:5010"),
    ] {
        // libzmq does not ask the kernel to let it broadcast.
        if cast.a == Lib::Ours || !ends.0.contains(".255:") {
            cast_about(cast, &mut a, &mut b, ends);
        }
    }
    a.leave();
    b.leave();
}

fn say(actor: &mut Actor, socket: usize, text: &str) {
    actor.tell(format!("cast {socket} g {}", told(text).told()));
}

/// Without `ZMQ_MULTICAST_LOOP` a host does not hear itself.
fn loops(cast: Cast) {
    let Some(network) = Network::new() else {
        return;
    };
    let (mut a, mut b) = hosts(cast, &network);
    b.open(0, DISH);
    b.tell("join 0 g");
    b.bind(0, "udp://v1;239.0.0.1:5000");
    a.open(3, DISH);
    a.tell("join 3 g");
    a.bind(3, "udp://v0;239.0.0.1:5000");
    for (socket, looped) in [(1, 0), (2, 1)] {
        a.open(socket, RADIO);
        a.set(socket, MULTICAST_LOOP, looped);
        a.tell(format!("connect {socket} udp://v0;239.0.0.1:5000"));
    }
    heard((&mut a, 1), (&mut b, 0), "g", true);
    heard((&mut a, 2), (&mut b, 0), "g", true);
    while !a.hears(3, 10) {
        say(&mut a, 2, "hello");
    }
    for _ in 0..20 {
        // The other host has heard it: it was on its way here as well.
        say(&mut a, 1, "abroad");
        while b.recv(0) != [told("abroad").shown()] {}
        say(&mut a, 2, "both");
        while b.recv(0) != [told("both").shown()] {}
    }
    say(&mut a, 2, "end");
    loop {
        let got = a.recv(3);
        assert_ne!(got, [told("abroad").shown()]);
        if got == [told("end").shown()] {
            break;
        }
    }
    for socket in 1..=3 {
        a.tell(format!("close {socket}"));
    }
    b.tell("close 0");
    a.leave();
    b.leave();
}

/// What is bound to a device hears what comes by it, and something else the rest.
fn devices(cast: Cast) {
    let Some(network) = Network::new() else {
        return;
    };
    let (mut a, mut b) = hosts(cast, &network);
    for (socket, device) in [(0, Some("v1")), (1, None)] {
        b.open(socket, DISH);
        if let Some(device) = device {
            let device = told(device);
            b.tell(format!("bytes {socket} {BINDTODEVICE} {}", device.told()));
        }
        b.tell(format!("join {socket} g"));
        b.bind(socket, "udp://*:5000");
    }
    for (actor, endpoint) in [
        (&mut a, "udp://10.99.0.2:5000"),
        (&mut b, "udp://127.0.0.1:5000"),
    ] {
        actor.open(2, RADIO);
        actor.tell(format!("connect 2 {endpoint}"));
    }
    heard((&mut a, 2), (&mut b, 0), "g", true);
    while !b.hears(1, 10) {
        say(&mut b, 2, "hello");
    }
    say(&mut b, 2, "near");
    while b.recv(1) != [told("near").shown()] {}
    say(&mut a, 2, "far");
    b.expect(0, &[told("far")]);
    a.tell("close 2");
    for socket in 0..=2 {
        b.tell(format!("close {socket}"));
    }
    a.leave();
    b.leave();
}

plays! {
    dgrams
    radio_and_dish
    over_a_network
    loops
    devices
}
