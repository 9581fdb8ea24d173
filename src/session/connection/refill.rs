//! Reading on in a thread of the application that made room in a full pipe.
//!
//! Invariant: what it does is what the I/O thread would have done at the same moment, and as much
//! of it as is soon done; for the rest the I/O thread is told.

use std::time::Instant;

use super::super::protocol::{Protocol, each};
use super::{Connection, Context, End};
use crate::msg::RecvBuffer;
use crate::runtime::Pipe;

/// So often the stream is read at most.
const LOOKS: usize = 4;

impl Connection {
    /// Takes what was received into a pipe that was full, and what a few looks at the stream add.
    /// `false`: the I/O thread is to be told of the room.
    pub(in super::super) fn refill(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        buffer: &mut RecvBuffer,
    ) -> bool {
        let sound = self.ready && self.broken.is_none() && self.found.is_none() && !self.ending;
        if !sound || self.refused.is_none() || self.is_lent() || !self.is_plain() {
            return false;
        }
        self.now = Instant::now();
        match self.read_on(cx, pipe, buffer) {
            Ok(done) => done && self.out.is_empty(),
            Err(end) => {
                self.found = Some(end);
                false
            }
        }
    }

    fn read_on(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        buffer: &mut RecvBuffer,
    ) -> Result<bool, End> {
        if !self.read_held(cx, pipe, buffer)? {
            return Ok(true);
        }
        buffer.append(&self.left).map_err(|_| End::Memory)?;
        self.left.clear();
        let result = self.read_once(cx, pipe, buffer);
        self.stash(pipe, buffer);
        result
    }

    /// `true`: the pipe is full again, or the stream is drained.
    fn read_once(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        buffer: &mut RecvBuffer,
    ) -> Result<bool, End> {
        if !self.decode(cx, pipe, buffer)? {
            return Ok(true);
        }
        for _ in 0..LOOKS {
            let (count, room) = self.fill(buffer)?;
            if count == 0 {
                self.undrained = false;
                return Ok(true);
            }
            each!(&mut self.protocol, protocol => protocol.heard(self.now));
            if !self.decode(cx, pipe, buffer)? {
                return Ok(true);
            }
            if count < room {
                self.undrained = false;
                return Ok(true);
            }
        }
        Ok(false)
    }
}
