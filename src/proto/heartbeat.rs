//! Heartbeats (`ZMTP 3.1, 2.6`): asking a peer whether it is there, and being asked.
//!
//! Invariant: whatever the peer sends is a sign of life, not only its PONG.

use std::time::{Duration, Instant};

use super::{Failure, Heartbeat, Timeout, command};
use crate::msg::SendBuffer;

/// With this much waiting to be written no PING or PONG is added: what waits tells the peer the
/// same, and a peer that does not read must not make it grow.
pub(super) const BACKLOG: usize = 64 * 1024;

/// The clocks of one connection. All off until [`start`](Timers::start).
#[derive(Default)]
pub(super) struct Timers {
    settings: Heartbeat,
    /// When the next PING of ours is due.
    ping_at: Option<Instant>,
    /// When the peer's silence after a PING of ours becomes too long.
    silent_at: Option<Instant>,
    /// What the peer's last PING said.
    ttl: Option<Duration>,
    /// When the peer's silence becomes longer than it promised.
    expires_at: Option<Instant>,
    /// Octets came, at a time that is not known yet.
    touched: bool,
}

impl Timers {
    /// Begins to send PINGs.
    pub(super) fn start(&mut self, settings: &Heartbeat, now: Instant) {
        self.settings = settings.clone();
        self.ping_at = (settings.interval).and_then(|interval| now.checked_add(interval));
    }

    /// Whether signs of life matter at the moment.
    #[inline]
    pub(super) fn listens(&self) -> bool {
        self.silent_at.is_some() || self.ttl.is_some()
    }

    /// The peer gave a sign of life.
    pub(super) fn heard(&mut self, now: Instant) {
        self.touched = false;
        self.silent_at = None;
        // Each sign of life starts the TTL anew. (libzmq forgets it with the first, and so misses
        // peers that die after they sent a message.)
        self.expires_at = self.ttl.and_then(|ttl| now.checked_add(ttl));
    }

    /// The peer gave a sign of life since the last call with a time.
    pub(super) fn touch(&mut self) {
        self.touched = true;
    }

    /// The peer asks: it gets its answer.
    pub(super) fn ping(&mut self, ttl: u16, context: &[u8], now: Instant, out: &mut SendBuffer) {
        self.ttl = (ttl > 0).then(|| Duration::from_millis(u64::from(ttl) * 100));
        self.heard(now);
        if out.len() < BACKLOG {
            command::put(b"PONG", &[context], out);
        }
    }

    /// When [`handle_timeout`](Timers::handle_timeout) has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.ping_at, self.silent_at, self.expires_at]
            .into_iter()
            .flatten()
            .min()
    }

    /// Sends what is due, and says whether the peer was silent for too long.
    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        out: &mut SendBuffer,
    ) -> Result<(), Failure> {
        if self.due(now)? && out.len() < BACKLOG {
            let ttl = self.settings.ttl_deciseconds.to_be_bytes();
            command::put(b"PING", &[&ttl], out);
        }
        Ok(())
    }

    /// Whether a PING is due, in whatever form; an error if the peer was silent for too long.
    pub(super) fn due(&mut self, now: Instant) -> Result<bool, Failure> {
        if self.touched {
            self.heard(now);
        }
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(self.silent_at) || is_due(self.expires_at) {
            return Err(Failure::Timeout(Timeout::Heartbeat));
        }
        let ping = is_due(self.ping_at);
        if ping {
            self.ping_at = (self.settings.interval).and_then(|interval| now.checked_add(interval));
            let timeout = self.settings.timeout;
            if self.silent_at.is_none() && !timeout.is_zero() {
                self.silent_at = now.checked_add(timeout);
            }
        }
        Ok(ping)
    }
}
