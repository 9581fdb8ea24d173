//! The deadlines of an I/O thread: at most one for each handler.
//!
//! Invariant: `current` is the truth; entries of the heap that disagree with it are stale.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Instant;

#[derive(Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
    current: HashMap<usize, Instant>,
}

impl Timers {
    /// Sets or removes the deadline of a handler.
    pub(super) fn set(&mut self, key: usize, deadline: Option<Instant>) {
        match deadline {
            None => {
                if !self.current.is_empty() {
                    self.current.remove(&key);
                }
            }
            Some(deadline) => {
                if self.current.insert(key, deadline) != Some(deadline) {
                    self.heap.push(Reverse((deadline, key)));
                }
            }
        }
    }

    /// The next deadline.
    pub(super) fn next(&mut self) -> Option<Instant> {
        while let Some(&Reverse((at, key))) = self.heap.peek() {
            if self.current.get(&key) == Some(&at) {
                return Some(at);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes out a handler whose deadline has come.
    pub(super) fn expire(&mut self, now: Instant) -> Option<usize> {
        if self.next()? > now {
            return None;
        }
        let Reverse((_, key)) = self.heap.pop()?;
        self.current.remove(&key);
        Some(key)
    }
}
