//! Who waits for a stream: the I/O thread's poller, a thread of the application, or a timer
//! (`session/lease.rs`, `session/connection/attend.rs`, `socket/wait.rs`).

use super::*;

#[test]
fn an_answer_is_heard_whoever_waits_for_the_stream() {
    check(1, || {
        let (mut world, [socket], [peer]) = World::new(kind::PAIR, "PAIR", &[]);
        let peer = played(peer, |peer| {
            for round in 0..3 {
                assert_eq!(peer.recv(), round);
                peer.send(&[round]);
            }
        });
        for round in 0..3 {
            send(socket, round);
            assert_eq!(recv(socket), round);
        }
        world.keep([peer.join().unwrap()]);
        world.end();
    });
}

/// The stream was lent, and the application does something else for ever.
#[test]
fn a_peer_is_heard_though_nobody_waits_any_more() {
    check(2, || {
        let (mut world, [socket], [peer]) = World::new(kind::PAIR, "PAIR", &[]);
        let peer = played(peer, |peer| {
            assert_eq!(peer.recv(), 1);
            peer.send(&[1]);
            peer.ping();
        });
        send(socket, 1);
        assert_eq!(recv(socket), 1);
        world.keep([peer.join().unwrap()]);
        world.end();
    });
}

#[test]
fn a_peer_is_heard_after_a_wait_in_vain() {
    check(2, || {
        let options = [(number::RCVTIMEO, 1)];
        let (mut world, [socket], [peer]) = World::new(kind::PAIR, "PAIR", &options);
        let peer = played(peer, |peer| {
            assert_eq!(peer.recv(), 1);
            peer.ping();
        });
        send(socket, 1);
        assert_eq!(socket.recv(&mut Msg::empty(), 0), Err(Errno::EAGAIN));
        world.keep([peer.join().unwrap()]);
        world.end();
    });
}

/// A call that finds nothing gives the stream back, but for the first one after a wait.
#[test]
fn who_only_looks_finds_what_comes() {
    check(1, || {
        let (mut world, [socket], [peer]) = World::new(kind::PAIR, "PAIR", &[]);
        let peer = played(peer, |peer| {
            assert_eq!(peer.recv(), 1);
            peer.send(&[1]);
            peer.send(&[2]);
        });
        send(socket, 1);
        assert_eq!(recv(socket), 1);
        while socket.events().unwrap() & POLLIN == 0 {
            thread::yield_now();
        }
        assert_eq!(recv(socket), 2);
        world.keep([peer.join().unwrap()]);
        world.end();
    });
}

/// Two threads wait at the same socket: the stream is the I/O thread's then.
#[test]
fn two_who_wait_both_hear() {
    check(1, || {
        let (mut world, [socket], [peer]) = World::new(kind::PAIR, "PAIR", &[]);
        let peer = played(peer, |peer| {
            assert_eq!(peer.recv(), 1);
            peer.send(&[1]);
            peer.send(&[2]);
        });
        send(socket, 1);
        let other = spawn(move || recv(socket));
        let heard = recv(socket) + other.join().unwrap();
        assert_eq!(heard, 3);
        world.keep([peer.join().unwrap()]);
        world.end();
    });
}
