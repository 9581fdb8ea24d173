//! The streams of two peers, which a thread of the application borrows together
//! (`session/crowd.rs`, `runtime/nest.rs`, `socket/crowd.rs`).

use super::*;

/// A socket that asks by turns, and two that answer.
fn world() -> (World, &'static Socket, [Peer; 2]) {
    let (world, [socket], [first]) = World::unexplored(kind::DEALER, "DEALER", &[]);
    // Two connections to the same endpoint would be one.
    let second = Peer::at(1, socket, "DEALER");
    loom::explore();
    (world, socket, [first, second])
}

#[test]
fn answers_of_two_are_heard_whoever_waits_for_the_streams() {
    check(1, || {
        let (mut world, socket, [mut first, mut second]) = world();
        let peers = spawn(move || {
            for round in 0..3 {
                let peer = if round == 1 { &mut second } else { &mut first };
                let asked = peer.recv();
                peer.send(&[asked]);
            }
            [first, second]
        });
        for round in 0..3 {
            send(socket, round);
            assert_eq!(recv(socket), round);
        }
        world.keep(peers.join().unwrap());
        world.end();
    });
}

#[test]
fn two_answers_at_once_are_both_heard() {
    check(1, || {
        let (mut world, socket, [mut first, mut second]) = world();
        let peers = spawn(move || {
            assert_eq!([first.recv(), second.recv()], [1, 2]);
            second.send(&[2]);
            first.send(&[1]);
            [first, second]
        });
        send(socket, 1);
        send(socket, 2);
        assert_eq!(recv(socket) + recv(socket), 3);
        world.keep(peers.join().unwrap());
        world.end();
    });
}

/// The streams were lent, and the application does something else for ever.
#[test]
fn peers_are_heard_though_nobody_waits_any_more() {
    check(1, || {
        let (mut world, socket, [mut first, mut second]) = world();
        let peers = spawn(move || {
            assert_eq!(first.recv(), 1);
            first.send(&[1]);
            first.ping();
            second.ping();
            [first, second]
        });
        send(socket, 1);
        assert_eq!(recv(socket), 1);
        world.keep(peers.join().unwrap());
        world.end();
    });
}

/// A call that finds nothing gives the streams back, but for the first one after a wait.
#[test]
fn who_only_looks_finds_what_comes() {
    check(1, || {
        let (mut world, socket, [mut first, mut second]) = world();
        let peers = spawn(move || {
            assert_eq!(first.recv(), 1);
            first.send(&[1]);
            second.send(&[2]);
            [first, second]
        });
        send(socket, 1);
        let heard = recv(socket);
        while socket.events().unwrap() & POLLIN == 0 {
            thread::yield_now();
        }
        assert_eq!(heard + recv(socket), 3);
        world.keep(peers.join().unwrap());
        world.end();
    });
}

/// The other peer is disconnected from, so the stream of the one that is left goes back to the I/O
/// thread's poller.
#[test]
fn the_last_one_is_heard_while_its_stream_goes_back() {
    check(1, || {
        let (mut world, socket, [mut first, second]) = world();
        let peers = spawn(move || {
            assert_eq!(first.recv(), 1);
            first.send(&[1]);
            first.ping();
            [first]
        });
        send(socket, 1);
        assert_eq!(recv(socket), 1);
        loom::stop_exploring();
        socket.disconnect(listener(1).1.as_bytes()).unwrap();
        loom::explore();
        while socket.nest().is_some() {
            socket.events().unwrap();
            thread::yield_now();
        }
        world.keep(peers.join().unwrap());
        world.keep([second]);
        world.end();
    });
}
