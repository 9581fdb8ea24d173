//! The cells that C's handles point to: never freed, used again, but not soon.
//!
//! Invariants: whoever holds a stale handle may look at its cell, for it stays a cell of its kind;
//! and it goes on to look stale until many more cells were given back. A forked child has a stock
//! of its own: the parent's may have been locked, for ever, when it forked.

use std::collections::VecDeque;
use std::sync::OnceLock;

use parking_lot::Mutex;

use crate::sys;

/// Cells that rest before one of them is used again.
const REST: usize = if cfg!(loom) { usize::MAX } else { 1024 };

/// The cells of one kind that nobody uses at present.
pub struct Cells<T: 'static> {
    spare: Mutex<VecDeque<&'static T>>,
    /// The stock of the process's children.
    next: OnceLock<Box<Cells<T>>>,
}

impl<T: Sync> Cells<T> {
    /// No cells.
    pub const fn new() -> Cells<T> {
        Cells {
            spare: Mutex::new(VecDeque::new()),
            next: OnceLock::new(),
        }
    }

    /// A cell that rested for long enough, or else a new one.
    pub fn take(&self, make: impl FnOnce() -> T) -> &'static T {
        let mut spare = self.stock(sys::fork_generation()).spare.lock();
        if spare.len() > REST
            && let Some(cell) = spare.pop_front()
        {
            return cell;
        }
        drop(spare);
        Box::leak(Box::new(make()))
    }

    /// Takes back a cell that is no longer used.
    pub fn give_back(&self, cell: &'static T) {
        self.stock(sys::fork_generation())
            .spare
            .lock()
            .push_back(cell);
    }

    /// The stock of the process that descends from the first one by this many forks.
    fn stock(&self, generation: u32) -> &Cells<T> {
        let mut stock = self;
        for _ in 0..generation {
            stock = stock.next.get_or_init(|| Box::new(Cells::new()));
        }
        stock
    }
}

impl<T: Sync> Default for Cells<T> {
    fn default() -> Cells<T> {
        Cells::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_rests_before_it_is_used_again() {
        let cells: Cells<u32> = Cells::new();
        let first = cells.take(|| 1);
        cells.give_back(first);
        for _ in 0..REST {
            let next = cells.take(|| 2);
            assert!(!std::ptr::eq(next, first));
            cells.give_back(next);
        }
        assert!(std::ptr::eq(cells.take(|| 3), first));
    }

    #[test]
    fn a_child_does_not_touch_what_its_parent_may_have_locked() {
        let cells: Cells<u32> = Cells::new();
        let locked = [cells.stock(0).spare.lock(), cells.stock(1).spare.lock()];
        assert!(cells.stock(2).spare.try_lock().is_some());
        assert!(std::ptr::eq(cells.stock(2), cells.stock(2)));
        drop(locked);
    }
}
