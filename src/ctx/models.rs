//! The hand-overs between drivers: the library itself, with its sockets, sessions and I/O thread, in
//! every order of events that loom can find.
//!
//! What is real: all of it, the streams, pollers and descriptors included. What is not: nobody sleeps
//! in the kernel, and time passes only while somebody waits for it (`sys/kernel.rs`). The peer is a
//! thread with the other end of the stream, which knows as much of ZMTP as it must.
//!
//! Invariant: a model ends in every order of events. What is left in a stream, a buffer or a pipe
//! while nobody is to see to it is a wait without an end for somebody, and loom reports a deadlock.
//! Connecting and closing are not explored.
//!
//! That they find what they look for was tried by breaking the library by hand. A deadlock was reported
//! when a lease was kept without a timer (`Then::Arm`), when a stream was not given back
//! (`Then::GiveBack`), when one of several sleepers did not say that it woke (`Bed::rise`), when the
//! reader of a full pipe found the session locked and told nobody (`drive_refill`), when a post was
//! marked by a load and a store, when the I/O thread slept without a look at its schedule, when an inbox
//! took sleepers though something was in it, when a parker did not forget what woke it before, when many
//! streams were given back but not put into the poller, when only the first that was found of them was
//! read, and when the last of them was taken out and watched nowhere; and by a model of portions with
//! more messages, too long for every day, when the I/O thread did not ask the pipe (`encode_all`). No
//! model notices yet that `refill` leaves something behind, that a wrong ticket ends a wait, or that a
//! tick of the portions does not write.

use std::io::{ErrorKind, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::{Arc, OnceLock};

use loom::thread::{self, JoinHandle};

use super::Context;
use crate::errno::Errno;
use crate::msg::Msg;
use crate::options::{kind, number};
use crate::queue::sync::STACK;
use crate::socket::{POLLIN, Socket};
use crate::sys::kernel;

mod among;
mod crowd;
mod lease;
mod portions;
mod refill;

/// Runs a model in all orders with as many preemptions, or fewer if `LOOM_MAX_PREEMPTIONS` says so.
fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    let bound = builder.preemption_bound.unwrap_or(preemptions);
    builder.preemption_bound = Some(bound.min(preemptions));
    builder.max_branches = 100_000;
    let model = Arc::new(model);
    builder.check(move || {
        loom::stop_exploring();
        let model = model.clone();
        // In a thread with a stack that is large enough.
        spawn(move || model()).join().unwrap();
    });
}

fn spawn<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let builder = thread::Builder::new().stack_size(STACK);
    builder.spawn(run).unwrap()
}

/// A context with a few sockets, each with the peer that it is connected to.
struct World {
    context: &'static Context,
    sockets: Vec<&'static Socket>,
    peers: Vec<Peer>,
}

impl World {
    /// So many sockets of a type, and peers of another. From here on everything is explored.
    fn new<const N: usize>(
        own: i32,
        theirs: &str,
        options: &[(i32, i32)],
    ) -> (World, [&'static Socket; N], [Peer; N]) {
        let made = World::unexplored(own, theirs, options);
        loom::explore();
        made
    }

    /// The same, before anything is explored.
    fn unexplored<const N: usize>(
        own: i32,
        theirs: &str,
        options: &[(i32, i32)],
    ) -> (World, [&'static Socket; N], [Peer; N]) {
        let context = Context::create().unwrap();
        let made = [(); N].map(|()| {
            let socket = context.socket(own).unwrap();
            // Time passes quickly here.
            let common = [(number::LINGER, 0), (number::HANDSHAKE_IVL, 0)];
            for &(option, value) in common.iter().chain(options) {
                let value = value.to_ne_bytes();
                socket.set_option(option, Some(&value), 4).unwrap();
            }
            (socket, Peer::of(socket, theirs))
        });
        let sockets = made.each_ref().map(|(socket, _)| *socket);
        let world = World {
            context,
            sockets: sockets.to_vec(),
            peers: Vec::new(),
        };
        (world, sockets, made.map(|(_, peer)| peer))
    }

    /// Peers whose streams are to stay open until the end.
    fn keep<const N: usize>(&mut self, peers: [Peer; N]) {
        self.peers.extend(peers);
    }

    /// From here on nothing is explored.
    fn end(self) {
        loom::stop_exploring();
        for socket in self.sockets {
            socket.close();
        }
        self.context.terminate().unwrap();
    }
}

/// Where all models connect to; the second place is for another peer of the same socket.
fn listener(place: usize) -> (&'static UnixListener, String) {
    static LISTENERS: [OnceLock<UnixListener>; 2] = [const { OnceLock::new() }; 2];
    let name = format!("ferrozmq-model-{}-{place}", std::process::id());
    let listener = LISTENERS[place].get_or_init(|| {
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        listener.set_nonblocking(true).unwrap();
        listener
    });
    (listener, format!("ipc://@{name}"))
}

/// The other end of the stream.
struct Peer {
    stream: UnixStream,
}

impl Peer {
    /// Has a socket connect.
    fn of(socket: &Socket, theirs: &str) -> Peer {
        Peer::at(0, socket, theirs)
    }

    fn at(place: usize, socket: &Socket, theirs: &str) -> Peer {
        let (listener, endpoint) = listener(place);
        socket.connect(endpoint.as_bytes()).unwrap();
        let stream = loop {
            match listener.accept() {
                Ok((stream, _)) => break stream,
                Err(_) => thread::yield_now(),
            }
        };
        stream.set_nonblocking(true).unwrap();
        let mut peer = Peer { stream };
        peer.greet(theirs);
        // Now the socket knows it too.
        peer.ping();
        peer
    }

    /// What a peer says first, and what it hears.
    fn greet(&mut self, theirs: &str) {
        let mut greeting = [0; 64];
        greeting[0] = 0xFF;
        greeting[9..11].copy_from_slice(&[0x7F, 3]);
        greeting[12..16].copy_from_slice(b"NULL");
        self.write(&greeting);
        self.read_exactly(64);
        let mut ready = b"\x04\x00\x05READY\x0bSocket-Type\x00\x00\x00".to_vec();
        ready.push(theirs.len() as u8);
        ready.extend_from_slice(theirs.as_bytes());
        ready[1] = ready.len() as u8 - 2;
        self.write(&ready);
        let head = self.read_exactly(2);
        self.read_exactly(usize::from(head[1]));
    }

    fn write(&mut self, octets: &[u8]) {
        let stream = &mut self.stream;
        kernel::call(|| stream.write_all(octets)).unwrap();
    }

    /// So many octets, for which it waits.
    fn read_exactly(&mut self, count: usize) -> Vec<u8> {
        let mut octets = vec![0; count];
        let mut filled = 0;
        while filled < count {
            let (stream, room) = (&mut self.stream, &mut octets[filled..]);
            filled += kernel::wait(None, |_| match stream.read(room) {
                Ok(0) => panic!("the stream is at its end"),
                Ok(count) => (true, count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => (false, 0),
                Err(error) => panic!("{error}"),
            });
        }
        octets
    }

    /// Sends messages of one octet in one write.
    fn send(&mut self, bodies: &[u8]) {
        let frames: Vec<u8> = bodies.iter().flat_map(|&body| [0, 1, body]).collect();
        self.write(&frames);
    }

    /// Asks whether somebody is there, and waits to hear so.
    fn ping(&mut self) {
        self.write(b"\x04\x07\x04PING\x00\x00");
        assert_eq!(self.read_exactly(7), b"\x04\x05\x04PONG");
    }

    /// Receives a message of one octet.
    fn recv(&mut self) -> u8 {
        let frame = self.read_exactly(3);
        assert_eq!(frame[..2], [0, 1]);
        frame[2]
    }
}

/// What the peer of a model is made of: it runs until its part is over, and stays.
fn played(mut peer: Peer, part: impl FnOnce(&mut Peer) + Send + 'static) -> JoinHandle<Peer> {
    spawn(move || {
        part(&mut peer);
        peer
    })
}

/// Sends a message of one octet.
fn send(socket: &Socket, body: u8) {
    socket
        .send(&mut Msg::from_slice(&[body]).unwrap(), 0)
        .unwrap();
}

/// Receives a message of one octet.
fn recv(socket: &Socket) -> u8 {
    let mut msg = Msg::empty();
    socket.recv(&mut msg, 0).unwrap();
    msg.data()[0]
}
