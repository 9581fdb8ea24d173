//! The pipes of a socket in a row, those that can be used now in front.
//!
//! ```text
//!   order:  a  b  c │ d  e        │ = `active`, ▲ = `current`
//!              ▲
//! ```
//!
//! Invariant: `places` says where each pipe stands in `order`, `current` is below `active` or 0.
//! A pipe that becomes active again goes to the end of the active ones, by changing places; so
//! every step is O(1), and whose turn it is does not depend on how many pipes are idle.

use crate::runtime::PipeId;

const NOWHERE: u32 = u32::MAX;

/// See the module.
#[derive(Default)]
pub(super) struct ActiveSet {
    order: Vec<PipeId>,
    places: Vec<u32>,
    active: usize,
    current: usize,
}

impl ActiveSet {
    fn place(&self, pipe: PipeId) -> Option<usize> {
        match self.places.get(pipe.0 as usize) {
            Some(&place) if place != NOWHERE => Some(place as usize),
            _ => None,
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.order.swap(a, b);
        self.places[self.order[a].0 as usize] = a as u32;
        self.places[self.order[b].0 as usize] = b as u32;
    }

    /// Adds a pipe, active.
    pub(super) fn insert(&mut self, pipe: PipeId) {
        let number = pipe.0 as usize;
        if self.places.len() <= number {
            self.places.resize(number + 1, NOWHERE);
        }
        if self.places[number] == NOWHERE {
            self.places[number] = self.order.len() as u32;
            self.order.push(pipe);
        }
        self.activate(pipe);
    }

    /// Puts a pipe at the end of the active ones, if it is not among them.
    pub(super) fn activate(&mut self, pipe: PipeId) {
        if let Some(place) = self.place(pipe)
            && place >= self.active
        {
            self.swap(place, self.active);
            self.active += 1;
        }
    }

    /// Whether the pipe is in the row.
    pub(super) fn contains(&self, pipe: PipeId) -> bool {
        self.place(pipe).is_some()
    }

    /// The active pipe whose turn it is.
    #[inline]
    pub(super) fn current(&self) -> Option<PipeId> {
        if self.current < self.active {
            self.order.get(self.current).copied()
        } else {
            None
        }
    }

    /// The active pipe, if it is the only one: it keeps the turn.
    #[inline]
    pub(super) fn sole(&self) -> Option<PipeId> {
        self.current().filter(|_| self.active == 1)
    }

    /// Gives the turn to the next active pipe.
    #[inline]
    pub(super) fn advance(&mut self) {
        self.current += 1;
        if self.current >= self.active {
            self.current = 0;
        }
    }

    /// Takes the current pipe out of the active ones.
    pub(super) fn retire_current(&mut self) {
        if self.current < self.active {
            self.active -= 1;
            self.swap(self.current, self.active);
            if self.current == self.active {
                self.current = 0;
            }
        }
    }

    /// Takes a pipe out of the row. Whoever has the turn keeps it.
    pub(super) fn remove(&mut self, pipe: PipeId) {
        let Some(mut place) = self.place(pipe) else {
            return;
        };
        if place < self.active {
            self.active -= 1;
            self.swap(place, self.active);
            if self.current == self.active {
                // The last active pipe had the turn: it stands where the removed one stood.
                self.current = if place < self.active { place } else { 0 };
            }
            place = self.active;
        }
        self.swap(place, self.order.len() - 1);
        self.order.pop();
        self.places[pipe.0 as usize] = NOWHERE;
    }

    /// All pipes, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = PipeId> + '_ {
        self.order.iter().copied()
    }
}
