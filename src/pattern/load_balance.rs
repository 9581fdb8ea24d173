//! Load balance: who is written to next.
//!
//! Invariant: all parts of a message go to one pipe. If that pipe dies before the last part, what
//! was written of the message is taken back and the rest of it is swallowed; the next message
//! goes to the next pipe.

use super::active_set::ActiveSet;
use crate::errno::Errno;
use crate::msg::Msg;
use crate::runtime::{PipeId, Pipes};

/// See the module.
#[derive(Default)]
pub(super) struct LoadBalance {
    set: ActiveSet,
    /// A message was begun on the current pipe.
    more: bool,
    /// The pipe of a message died: its remaining parts are dropped.
    dropping: bool,
}

impl LoadBalance {
    /// Adds a pipe.
    pub(super) fn attach(&mut self, pipe: PipeId) {
        self.set.insert(pipe);
    }

    /// A pipe has room again.
    pub(super) fn activate(&mut self, pipe: PipeId) {
        self.set.activate(pipe);
    }

    /// A pipe is over.
    pub(super) fn gone(&mut self, pipe: PipeId) {
        if self.more && self.set.current() == Some(pipe) {
            self.more = false;
            self.dropping = true;
        }
        self.set.remove(pipe);
    }

    /// Sends a part: to which pipe, or to none (`None`) as the pipe of its message died.
    /// `EAGAIN` if no pipe has room; the part stays in `msg` then.
    #[inline]
    pub(super) fn send(
        &mut self,
        pipes: &mut Pipes,
        msg: &mut Msg,
    ) -> Result<Option<PipeId>, Errno> {
        let more = msg.more();
        if self.dropping {
            self.dropping = more;
            *msg = Msg::empty();
            return Ok(None);
        }
        while let Some(pipe) = self.set.current() {
            if pipes.put(pipe, msg) {
                self.more = more;
                if !more {
                    pipes.flush(pipe);
                    self.set.advance();
                }
                return Ok(Some(pipe));
            }
            self.set.retire_current();
            if self.more {
                // In the middle of a message that means: gone.
                pipes.rollback(pipe);
                self.more = false;
                self.dropping = more;
                *msg = Msg::empty();
                return Ok(None);
            }
        }
        Err(Errno::EAGAIN)
    }

    /// The pipe that all messages of one part go to at present.
    #[inline]
    pub(super) fn sole(&self) -> Option<PipeId> {
        self.set.sole().filter(|_| !self.more && !self.dropping)
    }

    /// Whether `send` would take a part.
    pub(super) fn has_out(&mut self, pipes: &mut Pipes) -> bool {
        if self.more || self.dropping {
            return true;
        }
        while let Some(pipe) = self.set.current() {
            if pipes.writable(pipe) {
                return true;
            }
            self.set.retire_current();
        }
        false
    }
}
