//! The latch, with what is behind it: loom finds every two accesses that the lock does not order.

use std::sync::Arc;

use lock_api::RawMutex;
use loom::cell::UnsafeCell;

use super::*;

struct Counter {
    latch: Latch,
    count: UnsafeCell<usize>,
}

// SAFETY: what is in the cell is used under the latch only; that this is enough is what is checked.
unsafe impl Sync for Counter {}

impl Counter {
    /// Counts if the latch can be had, for which it waits or not.
    fn count(&self, wait: bool) -> usize {
        if wait {
            self.latch.lock();
        } else if !self.latch.try_lock() {
            return 0;
        }
        // SAFETY: under the latch, which is let go of by the one who has it.
        unsafe {
            self.count.with_mut(|count| *count += 1);
            self.latch.unlock();
        }
        1
    }
}

#[test]
fn one_at_a_time_sees_what_the_one_before_did() {
    check(|| {
        let counter = Arc::new(Counter {
            latch: Latch::new(false),
            count: UnsafeCell::new(0),
        });
        // Loom makes the latch when it is first used.
        assert_eq!(counter.count(false), 1);
        let theirs = counter.clone();
        let other = thread::spawn(move || theirs.count(true) + theirs.count(false));
        let mut counted = 1 + counter.count(true);
        counted += other.join().unwrap() + counter.count(true);
        // SAFETY: the others are gone.
        assert_eq!(counter.count.with(|count| unsafe { *count }), counted);
    });
}
