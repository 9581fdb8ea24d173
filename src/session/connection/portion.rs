//! Writing, where it is the sending thread that writes a stream of messages, in portions.
//!
//! Invariant: while in portions nobody asks the pipe to tell of messages; whoever ends that writes
//! once more in the ordinary way, which asks.

use std::time::{Duration, Instant};

use super::super::portions::Tick;
use super::Connection;
use crate::runtime::Pipe;
use crate::sys;

/// The sender writes once there is enough for one write, or the oldest octets have waited so long.
const AGE: Duration = Duration::from_micros(50);
/// A pipe that takes fewer messages than this is full before a portion is due.
const ROOM: u64 = if cfg!(loom) { 4 } else { 256 };

impl Connection {
    /// Whether the sending thread writes portions.
    pub(in super::super) fn is_portioned(&self) -> bool {
        self.portions.is_on()
    }

    /// The I/O thread's turn to write. `called`: it comes not just because the peer said something.
    /// `offered`: the sender would have taken portions.
    pub(super) fn write_in_turn(
        &mut self,
        mut pipe: Option<&mut Pipe>,
        called: bool,
        offered: bool,
        now: Instant,
    ) -> bool {
        if self.portions.is_on() {
            let stuck = self.blocked || self.broken.is_some() || pipe.is_none();
            match self.portions.tick(now) {
                _ if stuck => self.portions.end(),
                Tick::Pass => return false,
                Tick::Early if !called => return false,
                Tick::Early | Tick::Write => return self.write(pipe),
                Tick::End => {}
            }
        }
        (self.taken, self.encoded) = (0, 0);
        let more = self.write(pipe.as_deref_mut());
        let free = !self.blocked && self.broken.is_none();
        if free && pipe.is_some_and(|pipe| pipe.takes(ROOM)) && self.is_plain() {
            self.portions.told(self.taken, self.encoded, offered, now);
        }
        more
    }

    /// Encodes what the pipe holds, in the sending thread, and writes if that is enough or the
    /// `last` for now. `true`: the I/O thread is to see to the rest.
    pub(in super::super) fn write_portion(&mut self, pipe: &mut Pipe, last: bool) -> bool {
        let able = self.ready && !self.blocked && self.broken.is_none() && self.found.is_none();
        if !able || !self.portions.is_on() {
            return false;
        }
        let now = sys::now();
        if self.out.is_empty() {
            self.oldest = now;
        }
        self.portions.take();
        let due = last || now.saturating_duration_since(self.oldest) > AGE;
        loop {
            self.encode_all(pipe);
            let enough = !self.has_room();
            if enough || due {
                self.write_out();
                self.oldest = now;
            }
            if self.blocked || self.broken.is_some() {
                return true;
            }
            if !enough {
                return false;
            }
        }
    }
}
