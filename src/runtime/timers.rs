//! The deadlines of an I/O thread: at most one for each handler.
//!
//! Invariants: `current` is the truth; entries of the heap that disagree with it are stale, and
//! there are never many more of those than there are handlers, however often deadlines change
//! (a peer's heartbeats change them).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Instant;

/// Stale entries that are not worth a thought.
const STALE: usize = 64;

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
                    self.sweep();
                }
            }
        }
    }

    /// Rids the heap of stale entries once they are the greater part of it.
    fn sweep(&mut self) {
        if self.heap.len() > STALE + 2 * self.current.len() {
            self.heap.clear();
            let all = self.current.iter();
            self.heap.extend(all.map(|(&key, &at)| Reverse((at, key))));
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn changing_deadlines_does_not_make_the_heap_grow() {
        let (now, mut timers) = (Instant::now(), Timers::default());
        let at = |second| now + Duration::from_secs(second);
        for round in 0..10_000 {
            for key in 0..10 {
                timers.set(key, Some(at(10 + (round * 7919 + key as u64) % 1000)));
            }
            timers.set(10, Some(at(5)));
            timers.set(10, None);
        }
        assert!(timers.heap.len() <= STALE + 22);
        for key in 0..10 {
            timers.set(key, Some(at(20 - key as u64)));
        }
        assert_eq!(timers.next(), Some(at(11)));
        let order: Vec<usize> = std::iter::from_fn(|| timers.expire(at(100))).collect();
        assert_eq!(order, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(timers.next(), None);
    }
}
