//! A pipe that was full: its reader's thread and the I/O thread both may read on
//! (`session/connection/refill.rs`, `runtime/pipe/reading.rs`, `runtime/pipes.rs`).

use super::*;

fn stream(preemptions: usize, mark: i32, writes: &'static [&'static [u8]]) {
    check(preemptions, move || {
        let options = [(number::RCVHWM, mark)];
        let (mut world, [socket], [peer]) = World::new(kind::PULL, "PUSH", &options);
        let peer = played(peer, move |peer| {
            for bodies in writes {
                peer.send(bodies);
            }
        });
        for &body in writes.iter().copied().flatten() {
            assert_eq!(recv(socket), body);
        }
        world.keep([peer.join().unwrap()]);
        world.end();
    });
}

#[test]
fn what_did_not_fit_comes_when_there_is_room() {
    stream(2, 1, &[&[1, 2, 3]]);
    stream(2, 2, &[&[1, 2, 3, 4]]);
}

#[test]
fn what_comes_meanwhile_comes_after_it() {
    stream(2, 1, &[&[1, 2], &[3, 4]]);
}
