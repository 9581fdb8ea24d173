//! Distribute: one message to many pipes.
//!
//! Invariant: each pipe gets a message whole or not at all. Who gets it is settled at the first
//! part; a pipe without room then misses all of it, and nobody waits for anybody.

use super::active_set::ActiveSet;
use super::bundle::Bundle;
use crate::msg::Msg;
use crate::runtime::{PipeId, Pipes};

#[derive(Clone, Copy, Default)]
struct Member {
    /// The message for which the pipe was marked last.
    marked: u32,
    /// There was no room, and the pipe did not say otherwise since.
    full: bool,
}

/// See the module.
#[derive(Default)]
pub(super) struct Distribute {
    set: ActiveSet,
    /// By the number of the pipe.
    members: Vec<Member>,
    /// Who gets the present message, each once.
    matching: Vec<PipeId>,
    /// Those are not marked yet: nothing asked.
    unmarked: bool,
    /// The number of the present message; marks of other messages do not count.
    message: u32,
    /// Parts of the present message are still to come.
    more: bool,
    /// Messages that many get are encoded once.
    bundle: Option<Bundle>,
}

impl Distribute {
    /// For messages that are the same for everybody, but for what they are encoded as.
    pub(super) fn bundling() -> Distribute {
        Distribute {
            bundle: Some(Bundle::new()),
            ..Distribute::default()
        }
    }

    fn end_run(&mut self) {
        if let Some(bundle) = &mut self.bundle {
            bundle.end();
        }
    }

    /// Adds a pipe.
    pub(super) fn attach(&mut self, pipe: PipeId) {
        self.end_run();
        let number = pipe.0 as usize;
        if self.members.len() <= number {
            self.members.resize(number + 1, Member::default());
        }
        self.members[number] = Member {
            marked: self.message.wrapping_sub(1),
            full: false,
        };
        self.set.insert(pipe);
    }

    /// A pipe has room again.
    pub(super) fn activate(&mut self, pipe: PipeId) {
        self.set_full(pipe, false);
    }

    /// Leaves a pipe out until it is activated.
    pub(super) fn hold(&mut self, pipe: PipeId) {
        self.set_full(pipe, true);
    }

    fn set_full(&mut self, pipe: PipeId, full: bool) {
        self.end_run();
        if let Some(member) = self.members.get_mut(pipe.0 as usize) {
            member.full = full;
        }
    }

    /// A pipe is over.
    pub(super) fn gone(&mut self, pipe: PipeId) {
        self.set.remove(pipe);
        self.leave_out(pipe);
    }

    /// Has a pipe miss the rest of the present message.
    pub(super) fn leave_out(&mut self, pipe: PipeId) {
        self.end_run();
        self.matching.retain(|&matching| matching != pipe);
    }

    /// All pipes.
    pub(super) fn iter(&self) -> impl Iterator<Item = PipeId> + '_ {
        self.set.iter()
    }

    /// Whether parts of a message are still to come.
    pub(super) fn is_mid_message(&self) -> bool {
        self.more
    }

    /// Begins a message that nobody gets yet.
    pub(super) fn begin(&mut self) {
        self.matching.clear();
        self.unmarked = false;
        self.message = self.message.wrapping_add(1);
        if self.message == 0 {
            // Marks of four billion messages ago must not be taken for new ones.
            for member in &mut self.members {
                member.marked = u32::MAX;
            }
        }
    }

    /// Has pipes get the message, of which none is named twice.
    #[inline]
    pub(super) fn mark_each(&mut self, pipes: &[PipeId]) {
        if self.matching.is_empty() {
            // All that there is to do as long as there is one reason to send it to anybody.
            self.matching.extend_from_slice(pipes);
            self.unmarked = true;
        } else {
            pipes.iter().for_each(|&pipe| self.mark(pipe));
        }
    }

    fn mark_matching(&mut self) {
        if std::mem::take(&mut self.unmarked) {
            for pipe in &self.matching {
                if let Some(member) = self.members.get_mut(pipe.0 as usize) {
                    member.marked = self.message;
                }
            }
        }
    }

    /// Has a pipe get the message.
    #[inline]
    pub(super) fn mark(&mut self, pipe: PipeId) {
        self.mark_matching();
        if let Some(member) = self.members.get_mut(pipe.0 as usize)
            && member.marked != self.message
            && self.set.contains(pipe)
        {
            member.marked = self.message;
            self.matching.push(pipe);
        }
    }

    /// Has all pipes get the message.
    pub(super) fn mark_all(&mut self) {
        self.matching.clear();
        self.matching.extend(self.set.iter());
    }

    /// Has those get the message that were not marked.
    pub(super) fn invert(&mut self) {
        self.mark_matching();
        let (members, message) = (&self.members, self.message);
        self.matching.clear();
        let unmarked = |pipe: &PipeId| members[pipe.0 as usize].marked != message;
        self.matching.extend(self.set.iter().filter(unmarked));
    }

    /// Whether every marked pipe has room for a message that begins with this part, but for those
    /// whose other end is gone.
    pub(super) fn has_room(&mut self, pipes: &mut Pipes, part: &Msg) -> bool {
        if let Some(bundle) = &mut self.bundle {
            if bundle.takes(&self.matching, part) {
                return true;
            }
            bundle.end();
        }
        let members = &mut self.members;
        self.matching.iter().all(|&pipe| {
            let room = pipes.writable_as_heard(pipe);
            if let Some(member) = members.get_mut(pipe.0 as usize) {
                member.full = !room;
            }
            room || pipes.get(pipe).is_none_or(|end| end.is_abandoned())
        })
    }

    /// Sends a part to all that get the message, and leaves an empty one.
    pub(super) fn send(&mut self, pipes: &mut Pipes, msg: &mut Msg) {
        let part = msg.take();
        let more = part.more();
        if !more && !self.more {
            self.send_whole(pipes, part);
            return;
        }
        self.end_run();
        if !std::mem::replace(&mut self.more, more) {
            let members = &mut self.members;
            self.matching.retain(|&pipe| {
                let Some(member) = members.get_mut(pipe.0 as usize) else {
                    return false;
                };
                member.full = member.full || !pipes.writable(pipe);
                !member.full
            });
        }
        self.spread(pipes, part);
        if !more {
            for &pipe in &self.matching {
                pipes.flush(pipe);
            }
            self.matching.clear();
        }
    }

    /// A message of one part, which most are: each pipe is looked at once.
    fn send_whole(&mut self, pipes: &mut Pipes, mut part: Msg) {
        if let [pipe] = self.matching[..] {
            let members = &mut self.members;
            // The only one gets the message itself, with a body that is nobody else's.
            if let Some(member) = members.get_mut(pipe.0 as usize)
                && !member.full
            {
                member.full = !pipes.publish(pipe, &mut part);
            }
        } else if !self.send_bundled(pipes, &part) {
            let members = &mut self.members;
            let mut copies = part.share_many(self.matching.len() as u32);
            for &pipe in &self.matching {
                if let Some(member) = members.get_mut(pipe.0 as usize)
                    && !member.full
                {
                    member.full = !pipes.publish_next(pipe, &mut copies);
                }
            }
        }
        self.matching.clear();
    }

    fn send_bundled(&mut self, pipes: &mut Pipes, part: &Msg) -> bool {
        let members = &self.members;
        let full = |pipe: PipeId| {
            members
                .get(pipe.0 as usize)
                .is_none_or(|member| member.full)
        };
        self.bundle
            .as_mut()
            .is_some_and(|bundle| bundle.send(pipes, &self.matching, full, part))
    }

    fn spread(&mut self, pipes: &mut Pipes, mut part: Msg) {
        let Some((&last, others)) = self.matching.split_last() else {
            return;
        };
        let mut refused = None;
        let mut write = |pipe: PipeId, copy: Msg| {
            if pipes.write(pipe, copy).is_err() {
                // It had room, so its other end is gone.
                pipes.rollback(pipe);
                refused.get_or_insert_with(Vec::new).push(pipe);
            }
        };
        if !others.is_empty() {
            for (&pipe, copy) in others.iter().zip(part.share_many(others.len() as u32)) {
                write(pipe, copy);
            }
        }
        write(last, part);
        if let Some(refused) = refused {
            self.matching.retain(|pipe| !refused.contains(pipe));
        }
    }
}
