//! DISH (RFC 48): receives the messages of the groups that it joined.
//!
//! Invariant: every radio was told, or is about to be told by `behind`, what `joined` says; what
//! the application receives is of a group in `joined`, whatever radios send.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::behind::Behind;
use super::fair_queue::FairQueue;
use super::{Arrival, Pattern, Scope};
use crate::errno::Errno;
use crate::msg::{Metadata, Msg, flag};
use crate::proto::groups::LONGEST;
use crate::runtime::{PipeId, Pipes};

/// See the module.
#[derive(Default)]
pub(super) struct Dish {
    inbound: FairQueue,
    joined: BTreeSet<Vec<u8>>,
    behind: Behind,
    /// A message that was looked for before the application asked for it.
    prefetched: Option<Msg>,
    /// The group of the last message, with what else is known of it: the next one is often alike.
    label: Option<Arc<Metadata>>,
}

/// The command (`JOIN` or `LEAVE`) and the group, as they are on the wire.
fn command(name: &[u8], group: &[u8]) -> Result<Msg, Errno> {
    let head = 1 + name.len();
    let mut msg = Msg::with_size(head + group.len())?;
    let body = msg.data_mut().ok_or(Errno::ENOMEM)?;
    body[0] = name.len() as u8;
    body[1..head].copy_from_slice(name);
    body[head..].copy_from_slice(group);
    msg.set(flag::COMMAND);
    Ok(msg)
}

impl Dish {
    fn tell_all(&mut self, pipes: &mut Pipes, mut msg: Msg) {
        for pipe in self.inbound.iter() {
            self.behind.tell(pipes, pipe, msg.share());
        }
    }

    /// Tells a radio that knows nothing yet about every group.
    fn tell_everything(&mut self, pipes: &mut Pipes, pipe: PipeId) {
        self.behind.forget(pipe);
        for group in &self.joined {
            let Ok(msg) = command(b"JOIN", group) else {
                // Better no radio than one that leaves out groups.
                pipes.terminate(pipe);
                return;
            };
            self.behind.tell(pipes, pipe, msg);
        }
    }

    /// Reads up to a message of a group that was joined.
    fn find(&mut self, scope: &mut Scope<'_>) -> Result<Msg, Errno> {
        let (mut group, mut body) = (Msg::empty(), Msg::empty());
        loop {
            self.inbound.recv(scope.pipes, &mut group)?;
            if !group.more() {
                // No group: that is no message of a radio's.
                continue;
            }
            // Pipes show whole messages only: it is there.
            self.inbound.recv(scope.pipes, &mut body)?;
            if body.more() {
                self.inbound.skip(scope.pipes, &mut body);
            } else if self.joined.contains(group.data()) {
                self.label(group.data(), &mut body);
                return Ok(body);
            }
        }
    }

    fn label(&mut self, group: &[u8], body: &mut Msg) {
        let alike = |label: &Arc<Metadata>| label.is_group_of(group, body.metadata());
        let label = match self.label.take().filter(alike) {
            Some(label) => label,
            None => Arc::new(Metadata::with_group(group, body.metadata())),
        };
        body.set_metadata(Some(label.clone()));
        self.label = Some(label);
    }
}

impl Pattern for Dish {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, _: Arrival<'_>) {
        self.inbound.attach(pipe);
        self.tell_everything(scope.pipes, pipe);
    }

    fn readable(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.inbound.activate(pipe);
    }

    fn writable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.behind.catch_up(scope.pipes, pipe);
    }

    fn hiccuped(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.tell_everything(scope.pipes, pipe);
    }

    fn gone(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.inbound.gone(pipe);
        self.behind.forget(pipe);
    }

    fn send(&mut self, _: &mut Scope<'_>, _: &mut Msg) -> Result<(), Errno> {
        Err(Errno::ENOTSUP)
    }

    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        *msg = match self.prefetched.take() {
            Some(found) => found,
            None => self.find(scope)?,
        };
        Ok(())
    }

    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool {
        if self.prefetched.is_none() {
            self.prefetched = self.find(scope).ok();
        }
        self.prefetched.is_some()
    }

    fn has_out(&mut self, _: &mut Scope<'_>) -> bool {
        // COMPAT: groups can be joined at any time.
        true
    }

    fn join(&mut self, scope: &mut Scope<'_>, group: &[u8]) -> Result<(), Errno> {
        if group.len() > LONGEST || self.joined.contains(group) {
            return Err(Errno::EINVAL);
        }
        let msg = command(b"JOIN", group)?;
        self.joined.insert(group.to_vec());
        self.tell_all(scope.pipes, msg);
        Ok(())
    }

    fn leave(&mut self, scope: &mut Scope<'_>, group: &[u8]) -> Result<(), Errno> {
        if group.len() > LONGEST || !self.joined.contains(group) {
            return Err(Errno::EINVAL);
        }
        let msg = command(b"LEAVE", group)?;
        self.joined.remove(group);
        self.tell_all(scope.pipes, msg);
        Ok(())
    }
}
