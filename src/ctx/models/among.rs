//! One thread that waits for several streams at once (`socket/among.rs`, `ctx/poll.rs`).

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::poll::{Item, poll};
use super::*;

fn item(socket: &'static Socket) -> Item {
    Item {
        socket: Some(socket),
        fd: -1,
        events: POLLIN as i16,
        revents: 0,
    }
}

#[test]
fn who_waits_for_two_hears_both() {
    check(1, || {
        let (mut world, [a, b], [mut first, mut second]) = World::new(kind::PAIR, "PAIR", &[]);
        let peers = spawn(move || {
            for round in 0..2 {
                assert_eq!(first.recv(), round);
                first.send(&[round]);
                assert_eq!(second.recv(), round);
                second.send(&[round]);
            }
            [first, second]
        });
        for round in 0..2 {
            send(a, round);
            send(b, round);
            let mut heard = 0;
            while heard < 2 {
                let mut items = [item(a), item(b)];
                poll(&mut items, -1).unwrap();
                for one in items.iter().filter(|item| item.revents != 0) {
                    assert_eq!(one.socket.map(recv), Some(round));
                    heard += 1;
                }
            }
        }
        world.keep(peers.join().unwrap());
        world.end();
    });
}

/// Of the two one is heard later, and once the application has heard both it does something else.
#[test]
fn a_stream_that_was_waited_for_is_not_forgotten() {
    check(1, || {
        let (mut world, [a, b], [mut first, mut second]) = World::new(kind::PAIR, "PAIR", &[]);
        // Not loom's: who waits for it waits in the kernel.
        let over = Arc::new(AtomicBool::new(false));
        let theirs = over.clone();
        let peers = spawn(move || {
            assert_eq!([first.recv(), second.recv()], [1, 1]);
            first.send(&[1, 2]);
            second.send(&[1]);
            kernel::wait(None, |_| (theirs.load(Ordering::Relaxed), ()));
            first.ping();
            second.ping();
            [first, second]
        });
        send(a, 1);
        send(b, 1);
        let mut left = 3;
        while left > 0 {
            let mut items = [item(a), item(b)];
            poll(&mut items, -1).unwrap();
            for one in items.iter().filter(|item| item.revents != 0) {
                one.socket.map(recv);
                left -= 1;
            }
        }
        kernel::call(|| over.store(true, Ordering::Relaxed));
        world.keep(peers.join().unwrap());
        world.end();
    });
}
