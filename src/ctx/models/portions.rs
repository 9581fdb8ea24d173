//! A stream that goes out: written by the thread that sends, by the I/O thread at its ticks, or by the
//! I/O thread that is told (`session/portions.rs`, `session/connection/portion.rs`).

use super::*;

/// In portions already: the last messages are written though the application never calls again.
#[test]
fn what_is_sent_is_written_without_another_call() {
    check(2, || {
        let (mut world, [socket], [mut peer]) = World::new(kind::PUSH, "PULL", &[]);
        loom::stop_exploring();
        (0..6).for_each(|body| send(socket, body));
        peer.read_exactly(6 * 3);
        loom::explore();
        let peer = played(peer, |peer| {
            assert_eq!(peer.read_exactly(9), [0, 1, 6, 0, 1, 7, 0, 1, 8]);
        });
        (6..9).for_each(|body| send(socket, body));
        world.keep([peer.join().unwrap()]);
        world.end();
    });
}

/// A pipe that is soon full: who sends waits for room, and somebody makes it.
#[test]
fn who_sends_into_a_full_pipe_goes_on() {
    check(1, || {
        let options = [(number::SNDHWM, 4)];
        let (mut world, [socket], [peer]) = World::new(kind::PUSH, "PULL", &options);
        let peer = played(peer, |peer| {
            for body in 0..10 {
                assert_eq!(peer.recv(), body);
            }
        });
        for body in 0..10 {
            send(socket, body);
        }
        world.keep([peer.join().unwrap()]);
        world.end();
    });
}
