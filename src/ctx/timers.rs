//! A set of repeating timers (`zmq_timers_*`): says which are due, and calls nobody.
//!
//! Invariant: `queue` holds exactly one entry per timer, at the time that the timer's row says.
//! Time is an argument: milliseconds of any clock that does not go back.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use crate::errno::Errno;

/// Timers, each with something (`T`) to hand out when it is due.
#[derive(Debug)]
pub struct Timers<T> {
    rows: HashMap<i32, Row<T>>,
    queue: BTreeSet<(u64, i32)>,
    last_id: i32,
    round: u64,
}

#[derive(Debug)]
struct Row<T> {
    due: u64,
    interval: u64,
    /// The round in which the timer was last handed out, or in which it was added.
    round: u64,
    payload: T,
}

impl<T: Clone> Timers<T> {
    /// No timers.
    pub fn new() -> Timers<T> {
        Timers {
            rows: HashMap::new(),
            queue: BTreeSet::new(),
            last_id: 0,
            round: 0,
        }
    }

    /// Adds a timer that is due every `interval` milliseconds from `now` on, and returns its id,
    /// which is never 0. `ENOMEM` without memory, or when every id is in use.
    pub fn add(&mut self, now: u64, interval: u64, payload: T) -> Result<i32, Errno> {
        self.rows.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        if self.rows.len() >= i32::MAX as usize {
            return Err(Errno::ENOMEM);
        }
        let id = self.unused_id();
        let due = now.saturating_add(interval);
        let row = Row {
            due,
            interval,
            round: self.round,
            payload,
        };
        self.rows.insert(id, row);
        self.queue.insert((due, id));
        Ok(id)
    }

    fn unused_id(&mut self) -> i32 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.rows.contains_key(&self.last_id) {
                return self.last_id;
            }
        }
    }

    /// Removes a timer. `EINVAL` if there is none with this id.
    pub fn cancel(&mut self, id: i32) -> Result<(), Errno> {
        let row = self.rows.remove(&id).ok_or(Errno::EINVAL)?;
        self.queue.remove(&(row.due, id));
        Ok(())
    }

    /// Gives a timer another interval and starts it anew. `EINVAL` if there is none with this id.
    pub fn set_interval(&mut self, now: u64, id: i32, interval: u64) -> Result<(), Errno> {
        let row = self.rows.get_mut(&id).ok_or(Errno::EINVAL)?;
        row.interval = interval;
        self.reset(now, id)
    }

    /// Starts a timer anew: due one interval from `now`. `EINVAL` if there is none with this id.
    pub fn reset(&mut self, now: u64, id: i32) -> Result<(), Errno> {
        let row = self.rows.get_mut(&id).ok_or(Errno::EINVAL)?;
        self.queue.remove(&(row.due, id));
        row.due = now.saturating_add(row.interval);
        self.queue.insert((row.due, id));
        Ok(())
    }

    /// How many milliseconds there are until the next timer is due; `None` without timers.
    pub fn timeout(&self, now: u64) -> Option<u64> {
        let &(due, _) = self.queue.first()?;
        Some(due.saturating_sub(now))
    }

    /// Begins to hand out what is due: the number to give to [`Timers::next_due`].
    pub fn begin_round(&mut self) -> u64 {
        self.round += 1;
        self.round
    }

    /// The next timer that is due at `now` and was neither handed out nor added since this round
    /// began; it is started anew. Between two calls timers may be added, changed and cancelled.
    pub fn next_due(&mut self, now: u64, round: u64) -> Option<(i32, T)> {
        let id = self.queue.range(..=(now, i32::MAX)).find_map(|(_, id)| {
            let row = self.rows.get(id)?;
            (row.round < round).then_some(*id)
        })?;
        self.reset(now, id).ok()?;
        let row = self.rows.get_mut(&id)?;
        row.round = round;
        Some((id, row.payload.clone()))
    }
}

impl<T: Clone> Default for Timers<T> {
    fn default() -> Timers<T> {
        Timers::new()
    }
}
