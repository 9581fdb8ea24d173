//! Routing ids: which pipe has which, and messages that begin with the id of their sender.
//!
//! Invariant of [`Routing`]: a live id belongs to one pipe; a pipe that lost its id to another one
//! (handover) still has the name under which its unread messages are delivered.

use super::fair_queue::FairQueue;
use super::keys::Keys;
use super::prefix_hash::random;
use crate::errno::Errno;
use crate::msg::{Msg, flag};
use crate::runtime::{PipeId, Pipes};

/// See the module.
pub(super) struct Routing {
    /// Ids, each with the number of its pipe.
    ids: Keys,
    /// By the number of the pipe: its id as the first part of a message.
    names: Vec<Option<Msg>>,
    next: u32,
}

impl Default for Routing {
    fn default() -> Routing {
        Routing {
            ids: Keys::of_names(),
            names: Vec::new(),
            next: random() as u32,
        }
    }
}

impl Routing {
    /// The pipe with an id.
    pub(super) fn find(&self, id: &[u8]) -> Option<PipeId> {
        let place = self.ids.find(id)?;
        Some(PipeId(self.ids.value(place)))
    }

    /// Gives a pipe an id, taking it from the pipe that has it. `ENOMEM` without memory.
    pub(super) fn name(&mut self, pipe: PipeId, id: &[u8]) -> Result<(), Errno> {
        let mut name = Msg::from_slice(id)?;
        name.set(flag::MORE);
        match self.ids.find(id) {
            Some(place) => self.ids.set_value(place, pipe.0),
            None => self.ids.insert(id, pipe.0)?,
        }
        let number = pipe.0 as usize;
        if self.names.len() <= number {
            self.names.resize_with(number + 1, || None);
        }
        self.names[number] = Some(name);
        Ok(())
    }

    /// An id that nobody has: a zero octet and a number (RFC 28: ids that begin with a zero octet
    /// are the ROUTER's to make).
    pub(super) fn generate(&mut self) -> [u8; 5] {
        loop {
            let mut id = [0; 5];
            id[1..].copy_from_slice(&self.next.to_be_bytes());
            self.next = self.next.wrapping_add(1);
            if self.ids.find(&id).is_none() {
                return id;
            }
        }
    }

    /// The id of a pipe as the first part of a message; empty if it has none.
    #[inline]
    fn label(&mut self, pipe: PipeId) -> Msg {
        match self.names.get_mut(pipe.0 as usize) {
            Some(Some(name)) => name.share(),
            _ => {
                let mut nameless = Msg::empty();
                nameless.set(flag::MORE);
                nameless
            }
        }
    }

    /// A pipe is over: its id is free.
    pub(super) fn gone(&mut self, pipe: PipeId) {
        let Some(name) = self.names.get_mut(pipe.0 as usize).and_then(Option::take) else {
            return;
        };
        if let Some(place) = self.ids.find(name.data())
            && self.ids.value(place) == pipe.0
        {
            self.ids.remove(place);
        }
    }
}

/// How far the present incoming message is.
#[derive(Default)]
enum Stage {
    /// None was begun.
    #[default]
    Between,
    /// Its first part was read; the id goes out before it.
    Read { pipe: PipeId, id: Msg, part: Msg },
    /// The id went out, the first part is next.
    Labelled { pipe: PipeId, part: Msg },
    /// Further parts are in the pipe.
    Middle { pipe: PipeId },
}

/// A fair queue that puts the sender's routing id before each message.
#[derive(Default)]
pub(super) struct Inbound {
    /// The pipes that have an id.
    pub(super) queue: FairQueue,
    stage: Stage,
}

impl Inbound {
    /// Receives a part. `true` as well if it was the last of its message: from that pipe.
    pub(super) fn recv(
        &mut self,
        pipes: &mut Pipes,
        routing: &mut Routing,
        msg: &mut Msg,
    ) -> Result<Option<PipeId>, Errno> {
        match std::mem::take(&mut self.stage) {
            Stage::Between => {
                let pipe = self.queue.recv(pipes, msg)?;
                let part = std::mem::replace(msg, routing.label(pipe));
                msg.set_metadata(part.metadata().cloned());
                self.stage = Stage::Labelled { pipe, part };
                Ok(None)
            }
            Stage::Read { pipe, id, part } => {
                *msg = id;
                self.stage = Stage::Labelled { pipe, part };
                Ok(None)
            }
            Stage::Labelled { pipe, part } => {
                *msg = part;
                Ok(self.passed(pipe, msg.more()))
            }
            Stage::Middle { pipe } => match self.queue.recv(pipes, msg) {
                Ok(_) => Ok(self.passed(pipe, msg.more())),
                Err(errno) => {
                    self.stage = Stage::Middle { pipe };
                    Err(errno)
                }
            },
        }
    }

    fn passed(&mut self, pipe: PipeId, more: bool) -> Option<PipeId> {
        if more {
            self.stage = Stage::Middle { pipe };
            None
        } else {
            Some(pipe)
        }
    }

    /// Whether `recv` would return a part.
    pub(super) fn has_in(&mut self, pipes: &mut Pipes, routing: &mut Routing) -> bool {
        if !matches!(self.stage, Stage::Between) {
            return true;
        }
        let mut part = Msg::empty();
        let Ok(pipe) = self.queue.recv(pipes, &mut part) else {
            return false;
        };
        let mut id = routing.label(pipe);
        id.set_metadata(part.metadata().cloned());
        self.stage = Stage::Read { pipe, id, part };
        true
    }

    /// The pipe whose message was begun and not finished.
    pub(super) fn current(&self) -> Option<PipeId> {
        match self.stage {
            Stage::Between => None,
            Stage::Read { pipe, .. } | Stage::Labelled { pipe, .. } | Stage::Middle { pipe } => {
                Some(pipe)
            }
        }
    }

    /// A pipe is over. A message of which only the beginning was read is dropped, or ended early
    /// if its id went out already.
    pub(super) fn gone(&mut self, pipe: PipeId) {
        self.queue.gone(pipe);
        match &self.stage {
            Stage::Read {
                pipe: from, part, ..
            } if *from == pipe && part.more() => {
                self.stage = Stage::Between;
                self.queue.forget_cut();
            }
            _ => {}
        }
    }
}
