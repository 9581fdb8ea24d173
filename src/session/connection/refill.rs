//! Reading on in a thread of the application that made room in a full pipe.
//!
//! Invariant: what it does is what the I/O thread would have done at the same moment, and as much
//! of it as is soon done; for the rest the I/O thread is told.

use super::{Connection, Context};
use crate::msg::RecvBuffer;
use crate::runtime::Pipe;
use crate::sys;

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
        self.now = sys::now();
        match self.read(cx, pipe, buffer, LOOKS) {
            Ok(more) => !more && self.out.is_empty(),
            Err(end) => {
                self.found = Some(end);
                false
            }
        }
    }
}
