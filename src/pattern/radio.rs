//! RADIO (RFC 48): each message goes to the peers that joined its group.
//!
//! On the way a message is two parts: the name of its group, then the body. Invariant: who joined
//! what is known as it arrives, and nothing else that peers send is looked at.

use super::distribute::Distribute;
use super::subscriptions::Subscriptions;
use super::{Arrival, Pattern, Scope};
use crate::errno::Errno;
use crate::msg::{Msg, flag};
use crate::proto::command::{self, Command};
use crate::runtime::PipeId;

/// See the module.
#[derive(Default)]
pub(super) struct Radio {
    groups: Subscriptions,
    /// Peers that cannot join and get everything (datagrams).
    deaf: Vec<PipeId>,
    distribute: Distribute,
}

impl Pattern for Radio {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, arrival: Arrival<'_>) {
        self.distribute.attach(pipe);
        if arrival.subscribe_to_all {
            self.deaf.push(pipe);
        }
        self.readable(scope, pipe);
    }

    fn readable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        while let Some(msg) = scope.pipes.read(pipe) {
            if !msg.has(flag::COMMAND) {
                continue;
            }
            let known = match command::parse(msg.data()) {
                // RFC 48: joining twice is joining once.
                Ok(Command::Join(group)) => self.groups.add(group, pipe).is_ok(),
                Ok(Command::Leave(group)) => {
                    self.groups.remove(group, pipe);
                    true
                }
                _ => true,
            };
            if !known {
                // Without memory for its groups a peer cannot be served.
                scope.pipes.terminate(pipe);
                return;
            }
        }
    }

    fn writable(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.distribute.activate(pipe);
    }

    fn gone(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.groups.remove_pipe(pipe, |_, _| {});
        self.deaf.retain(|&deaf| deaf != pipe);
        self.distribute.gone(pipe);
    }

    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        if msg.more() {
            return Err(Errno::EINVAL);
        }
        let group = msg
            .metadata()
            .map_or_else(Default::default, |known| known.group())
            .to_bytes();
        let distribute = &mut self.distribute;
        distribute.begin();
        self.groups
            .wanting(group, |pipes| distribute.mark_each(pipes));
        for &pipe in &self.deaf {
            distribute.mark(pipe);
        }
        if scope.options.xpub_nodrop && !distribute.has_room(scope.pipes, msg) {
            return Err(Errno::EAGAIN);
        }
        let mut label = Msg::from_slice(group)?;
        label.set(flag::MORE);
        let mut body = msg.take();
        body.set_metadata(None);
        distribute.send(scope.pipes, &mut label);
        distribute.send(scope.pipes, &mut body);
        Ok(())
    }

    fn recv(&mut self, _: &mut Scope<'_>, _: &mut Msg) -> Result<(), Errno> {
        Err(Errno::ENOTSUP)
    }

    fn has_in(&mut self, _: &mut Scope<'_>) -> bool {
        false
    }

    fn has_out(&mut self, _: &mut Scope<'_>) -> bool {
        // Messages that nobody wants or has room for are dropped.
        true
    }
}
