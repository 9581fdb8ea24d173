//! Fair queue: who is read next.
//!
//! Invariant: parts of one message come from one pipe and nothing comes between them; after each
//! message the turn goes to the next pipe that has something.

use super::active_set::ActiveSet;
use crate::errno::Errno;
use crate::msg::{Msg, flag};
use crate::runtime::{PipeId, Pipes};

/// See the module.
#[derive(Default)]
pub(super) struct FairQueue {
    set: ActiveSet,
    /// The part that was read last has others behind it.
    more: bool,
    /// A pipe that was taken away in the middle of a message which was read in part. The reader
    /// was promised more, so it gets one empty last part instead of somebody else's message.
    cut: Option<PipeId>,
}

impl FairQueue {
    /// Adds a pipe.
    pub(super) fn attach(&mut self, pipe: PipeId) {
        self.set.insert(pipe);
    }

    /// A pipe has something to read again.
    pub(super) fn activate(&mut self, pipe: PipeId) {
        self.set.activate(pipe);
    }

    /// Whether the pipe was added.
    pub(super) fn contains(&self, pipe: PipeId) -> bool {
        self.set.contains(pipe)
    }

    /// All pipes.
    pub(super) fn iter(&self) -> impl Iterator<Item = PipeId> + '_ {
        self.set.iter()
    }

    /// A pipe is over.
    pub(super) fn gone(&mut self, pipe: PipeId) {
        if self.more && self.set.current() == Some(pipe) {
            self.more = false;
            self.cut = Some(pipe);
        }
        self.set.remove(pipe);
    }

    /// Nobody has seen the beginning of the message that was cut off, so nobody needs its end.
    pub(super) fn forget_cut(&mut self) {
        self.cut = None;
    }

    /// The next part and the pipe it came from, or `EAGAIN`.
    #[inline(always)]
    pub(super) fn recv(&mut self, pipes: &mut Pipes, msg: &mut Msg) -> Result<PipeId, Errno> {
        if let Some(pipe) = self.cut.take() {
            *msg = Msg::empty();
            return Ok(pipe);
        }
        while let Some(pipe) = self.set.current() {
            if !pipes.read_into(pipe, msg) {
                self.set.retire_current();
            } else if msg.has(flag::ROUTING_ID) {
                // Comes again after each reconnect; the pipe has its name already.
                *msg = Msg::empty();
            } else {
                self.more = msg.more();
                if !self.more {
                    self.set.advance();
                }
                return Ok(pipe);
            }
        }
        Err(Errno::EAGAIN)
    }

    /// The pipe that the next message comes from, be it one of one part.
    #[inline]
    pub(super) fn sole(&self) -> Option<PipeId> {
        self.set.sole().filter(|_| !self.more && self.cut.is_none())
    }

    /// The next message of a single part; longer ones are dropped whole.
    pub(super) fn recv_single(
        &mut self,
        pipes: &mut Pipes,
        msg: &mut Msg,
    ) -> Result<PipeId, Errno> {
        loop {
            let pipe = self.recv(pipes, msg)?;
            if !msg.more() {
                return Ok(pipe);
            }
            self.skip(pipes, msg);
        }
    }

    /// Whether `recv` would return a part.
    pub(super) fn has_in(&mut self, pipes: &mut Pipes) -> bool {
        if self.cut.is_some() {
            return true;
        }
        while let Some(pipe) = self.set.current() {
            if pipes.get(pipe).is_some_and(|end| end.next_is_routing_id()) {
                pipes.read(pipe);
            } else if pipes.readable(pipe) {
                return true;
            } else {
                self.set.retire_current();
            }
        }
        false
    }

    /// Reads the rest of a message of which `msg` is a part, and drops it.
    pub(super) fn skip(&mut self, pipes: &mut Pipes, msg: &mut Msg) {
        while msg.more() {
            if self.recv(pipes, msg).is_err() {
                break;
            }
        }
    }
}
