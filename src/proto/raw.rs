//! No protocol: what STREAM sockets and raw ROUTER sockets speak.
//!
//! Invariant: every octet of the peer is delivered, in order, in parts whose borders mean nothing.

use std::time::Instant;

use super::{Event, Failure, Peer};
use crate::msg::{Msg, RecvBuffer, Room, SendBuffer};

/// A conversation without a protocol. The same verbs as [`Zmtp`](super::Zmtp).
#[derive(Debug, Default)]
pub struct Raw {
    ready: bool,
}

impl Raw {
    /// A conversation. Nothing has to be said first.
    pub fn new() -> Raw {
        Raw::default()
    }

    /// [`Event::Ready`] at once, then everything that was received as one part.
    pub fn decode(
        &mut self,
        input: &mut RecvBuffer,
        _out: &mut SendBuffer,
        _now: Instant,
    ) -> Result<Option<Event>, Failure> {
        if !self.ready {
            self.ready = true;
            return Ok(Some(Event::Ready(Peer::default())));
        }
        if input.is_empty() {
            return Ok(None);
        }
        Ok(Some(Event::Message(input.take(input.len())?)))
    }

    /// Whether [`Event::Ready`] came.
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// There is no handshake in which anything could fail.
    pub fn during_handshake(&self) -> bool {
        false
    }

    /// Adds a body as it is.
    pub fn encode(&mut self, msg: Msg, out: &mut SendBuffer) {
        out.push_body(msg);
    }

    /// Everything goes through the receive buffer.
    pub fn body_room(&mut self) -> Option<Room<'_>> {
        None
    }

    /// Never to be called, as there never is room.
    pub fn body_filled(&mut self, _count: usize) {}

    /// Does nothing: signs of life are not asked for.
    pub fn heard(&mut self, _now: Instant) {}

    /// Nothing is ever due.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Nothing is ever due.
    pub fn handle_timeout(&mut self, _now: Instant, _out: &mut SendBuffer) -> Result<(), Failure> {
        Ok(())
    }
}
