//! Conversations within the process, where who waits for an answer may look for it before it
//! sleeps. Whether it does is the machine's affair; nothing else may depend on it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::*;
use crate::socket::POLLIN;

/// Sends back what comes until the context ends, or until it is told to stop.
fn echo(socket: &Socket) -> Result<(), Errno> {
    let mut msg = Msg::empty();
    loop {
        socket.recv(&mut msg, 0)?;
        let over = msg.data() == b"stop";
        socket.send(&mut msg, 0)?;
        if over {
            return Ok(());
        }
    }
}

fn ask(socket: &Socket, number: u32) {
    send(socket, &number.to_ne_bytes(), false);
    assert_eq!(recv(socket).0, number.to_ne_bytes());
}

#[test]
fn a_conversation_goes_on_and_its_last_wait_ends_in_time() {
    let context = Context::create().unwrap();
    let (a, b) = pairs(context, "inproc://talk");
    let peer = std::thread::spawn(move || echo(a));
    for number in 0..20_000 {
        ask(b, number);
    }
    send(b, b"stop", false);
    assert_eq!(recv(b).0, b"stop");
    peer.join().unwrap().unwrap();
    for timeout in [1, 30] {
        // This one nobody answers.
        send(b, b"anybody?", false);
        set(b, number::RCVTIMEO, timeout);
        let began = Instant::now();
        assert_eq!(b.recv(&mut Msg::empty(), 0), Err(Errno::EAGAIN));
        assert!(began.elapsed() >= Duration::from_millis(timeout as u64));
    }
    a.close();
    b.close();
    context.terminate().unwrap();
}

#[test]
fn a_conversation_in_zmq_poll_goes_on() {
    let context = Context::create().unwrap();
    let (a, b) = pairs(context, "inproc://talk");
    let peer = std::thread::spawn(move || echo(a));
    let deadline = Instant::now() + Duration::from_secs(20);
    for number in 0..5_000_u32 {
        send(b, &number.to_ne_bytes(), false);
        assert_eq!(b.await_events(POLLIN, Some(deadline)), Ok(POLLIN));
        assert_eq!(recv(b).0, number.to_ne_bytes());
    }
    send(b, b"stop", false);
    peer.join().unwrap().unwrap();
    a.close();
    b.close();
    context.terminate().unwrap();
}

#[test]
fn the_end_of_the_context_ends_a_conversation() {
    for _ in 0..20 {
        let context = Context::create().unwrap();
        let (a, b) = pairs(context, "inproc://talk");
        let peer = std::thread::spawn(move || {
            let result = echo(a);
            a.close();
            result
        });
        let (talks, talking) = std::sync::mpsc::channel();
        let speaker = std::thread::spawn(move || {
            let mut msg = Msg::from_slice(b"ping").unwrap();
            let mut said = 0;
            let errno = loop {
                if let Err(errno) = b.send(&mut msg, 0).and_then(|()| b.recv(&mut msg, 0)) {
                    break errno;
                }
                said += 1;
                if said == 200 {
                    talks.send(()).unwrap();
                }
            };
            b.close();
            errno
        });
        talking.recv().unwrap();
        context.terminate().unwrap();
        assert_eq!(speaker.join().unwrap(), Errno::ETERM);
        assert_eq!(peer.join().unwrap(), Err(Errno::ETERM));
    }
}

/// Another thread takes the news in, and does nothing about it: who waits must see it all the same.
#[test]
fn who_waits_is_not_forgotten_while_others_look_at_the_socket() {
    let context = Context::create().unwrap();
    let (a, b) = pairs(context, "inproc://talk");
    let peer = std::thread::spawn(move || echo(a));
    static OVER: AtomicBool = AtomicBool::new(false);
    let looker = std::thread::spawn(move || {
        while !OVER.load(Ordering::Relaxed) {
            b.events().unwrap();
            std::thread::yield_now();
        }
    });
    for number in 0..10_000 {
        ask(b, number);
    }
    send(b, b"stop", false);
    peer.join().unwrap().unwrap();
    OVER.store(true, Ordering::Relaxed);
    looker.join().unwrap();
    a.close();
    b.close();
    context.terminate().unwrap();
}
