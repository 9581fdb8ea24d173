//! What an idle tcp connection costs: octets of heap for each, at the end that listens and at the
//! end that connects, after a handshake and a message. Counted by the allocator, so that it cannot
//! creep back; the peers are bare sockets, which have no heap.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

use zmq::ctx::Context;
use zmq::msg::{Msg, flag};
use zmq::options::{kind, number};
use zmq::socket::Socket;

/// No idle connection has more.
const AT_MOST: usize = 4096;
/// Enough for what is there once to disappear in the quotient.
const PEERS: usize = 200;

static HELD: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: it is the system's allocator; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Greets as a peer of ZMTP 3.0 with the NULL mechanism, and says which type it is.
fn introduce(stream: &mut TcpStream, kind: &str) {
    let mut octets = [0; 128];
    octets[0] = 0xff;
    octets[9] = 0x7f;
    octets[10] = 3;
    octets[12..16].copy_from_slice(b"NULL");
    let mut at = 64;
    let length = [0, 0, 0, kind.len() as u8];
    let body = [&b"\x05READY\x0bSocket-Type"[..], &length, kind.as_bytes()];
    let size = body.iter().map(|part| part.len()).sum::<usize>();
    for part in [&[4, size as u8][..]].into_iter().chain(body) {
        octets[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    stream.write_all(&octets[..at]).unwrap();
}

/// Reads what the library says first: its greeting and its READY.
fn be_introduced(stream: &mut TcpStream) {
    let mut octets = [0; 256];
    stream.read_exact(&mut octets[..66]).unwrap();
    let size = usize::from(octets[65]);
    stream.read_exact(&mut octets[..size]).unwrap();
    assert_eq!(&octets[..6], b"\x05READY");
}

fn expect_message(stream: &mut TcpStream) {
    let mut frame = [0xff; 3];
    stream.read_exact(&mut frame).unwrap();
    assert_eq!(&frame, b"\x00\x01m");
}

fn last_endpoint(socket: &Socket) -> String {
    let mut buffer = [0; 256];
    let length = socket
        .get_option(number::LAST_ENDPOINT, &mut buffer)
        .unwrap();
    String::from_utf8(buffer[..length - 1].to_vec()).unwrap()
}

fn listening(context: &'static Context) -> usize {
    let router = context.socket(kind::ROUTER).unwrap();
    router.bind(b"tcp://127.0.0.1:*").unwrap();
    let endpoint = last_endpoint(router);
    let address = endpoint.trim_start_matches("tcp://");
    let mut peers = Vec::with_capacity(PEERS + 1);
    let mut before = 0;
    for number in 0..=PEERS {
        if number == 1 {
            // With the first comes what is there once.
            before = HELD.load(Ordering::Relaxed);
        }
        let mut peer = TcpStream::connect(address).unwrap();
        introduce(&mut peer, "DEALER");
        be_introduced(&mut peer);
        peer.write_all(b"\x00\x01m").unwrap();
        // The answer goes back, so the router knows this peer.
        let mut msg = Msg::empty();
        router.recv(&mut msg, 0).unwrap();
        assert!(msg.has(flag::MORE));
        router.send(&mut msg, 2).unwrap();
        router.recv(&mut msg, 0).unwrap();
        router.send(&mut msg, 0).unwrap();
        expect_message(&mut peer);
        peers.push(peer);
    }
    let held = HELD.load(Ordering::Relaxed) - before;
    router.close();
    held / PEERS
}

fn connecting(context: &'static Context) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
    let push = context.socket(kind::PUSH).unwrap();
    let mut peers = Vec::with_capacity(PEERS + 1);
    let mut before = 0;
    for number in 0..=PEERS {
        if number == 1 {
            // With the first comes what is there once.
            before = HELD.load(Ordering::Relaxed);
        }
        push.connect(endpoint.as_bytes()).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        introduce(&mut peer, "PULL");
        be_introduced(&mut peer);
        peers.push(peer);
    }
    for _ in 0..=PEERS {
        push.send(&mut Msg::from_slice(b"m").unwrap(), 0).unwrap();
    }
    peers.iter_mut().for_each(expect_message);
    let held = HELD.load(Ordering::Relaxed) - before;
    push.close();
    held / PEERS
}

#[test]
fn an_idle_connection_is_small() {
    // One after the other: what the first gives back is not to be taken off the second.
    let [accepted, connected] = [listening, connecting].map(|side| {
        let context = Context::create().unwrap();
        let held = side(context);
        context.terminate().unwrap();
        held
    });
    println!("heap per idle connection: {accepted} accepted, {connected} connected");
    assert!(accepted <= AT_MOST, "{accepted} octets when accepted");
    assert!(connected <= AT_MOST, "{connected} octets when connected");
}
