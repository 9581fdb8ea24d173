//! The latch that its owner takes without a locked instruction.

use loom::cell::Cell;

use super::*;
use crate::queue::latch::{Latch, Latched};

/// What is behind the latch: loom finds whoever comes too early.
struct Count(Cell<usize>);

// SAFETY: behind the latch.
unsafe impl Send for Count {}

fn count_up(latched: &Latched<Count>) -> usize {
    let count = latched.lock();
    count.0.set(count.0.get() + 1);
    count.0.get()
}

/// The calling thread owns it.
fn owned() -> Arc<Latched<Count>> {
    let latch = Latched::from_raw(Latch::owned_after(1), Count(Cell::new(0)));
    // The first time is no succession; at the second it becomes the owner.
    assert_eq!((count_up(&latch), count_up(&latch)), (1, 2));
    Arc::new(latch)
}

#[test]
fn an_owner_and_another_hold_it_one_after_the_other() {
    check(|| {
        let latched = owned();
        let theirs = latched.clone();
        let other = thread::spawn(move || count_up(&theirs));
        count_up(&latched);
        count_up(&latched);
        other.join().unwrap();
        assert_eq!(count_up(&latched), 6);
    });
}

#[test]
fn who_only_tries_holds_it_or_not() {
    check(|| {
        let latched = owned();
        let theirs = latched.clone();
        let other = thread::spawn(move || {
            let Some(count) = theirs.try_lock() else {
                return 0;
            };
            count.0.set(count.0.get() + 1);
            1
        });
        count_up(&latched);
        count_up(&latched);
        let tried = other.join().unwrap();
        assert_eq!(count_up(&latched), 5 + tried);
    });
}

#[test]
fn owners_follow_each_other() {
    check_within(2, || {
        let latched = owned();
        let others = [(); 2].map(|()| {
            let theirs = latched.clone();
            thread::spawn(move || {
                count_up(&theirs);
                count_up(&theirs);
            })
        });
        count_up(&latched);
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(count_up(&latched), 8);
    });
}
