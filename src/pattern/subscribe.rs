//! SUB (RFC 29): an XSUB that subscribes by option and sends nothing else.
//!
//! Invariant: what the application receives was subscribed to, even if a publisher sends more.

use super::subscriptions::Removed;
use super::xpub::request;
use super::xsub::Xsub;
use super::{Arrival, Pattern, Scope, Straight};
use crate::errno::Errno;
use crate::msg::{Msg, flag};
use crate::options::number;
use crate::runtime::PipeId;

/// See the module.
pub(super) struct Subscribe(Xsub);

impl Subscribe {
    pub(super) fn new() -> Subscribe {
        Subscribe(Xsub::new(true))
    }
}

impl Pattern for Subscribe {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, arrival: Arrival<'_>) {
        self.0.attached(scope, pipe, arrival);
    }

    fn readable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.0.readable(scope, pipe);
    }

    fn writable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.0.writable(scope, pipe);
    }

    fn hiccuped(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.0.hiccuped(scope, pipe);
    }

    fn gone(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.0.gone(scope, pipe);
    }

    fn send(&mut self, _: &mut Scope<'_>, _: &mut Msg) -> Result<(), Errno> {
        Err(Errno::ENOTSUP)
    }

    #[inline]
    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        self.0.recv(scope, msg)
    }

    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool {
        self.0.has_in(scope)
    }

    fn has_out(&mut self, _: &mut Scope<'_>) -> bool {
        false
    }

    fn set_option(
        &mut self,
        scope: &mut Scope<'_>,
        option: i32,
        value: &[u8],
    ) -> Result<(), Errno> {
        match option {
            number::SUBSCRIBE => {
                let mut msg = request(1, value)?;
                self.0.interests.add(value)?;
                msg.set(flag::SUBSCRIBE);
                self.0.tell_all(scope.pipes, msg);
                Ok(())
            }
            number::UNSUBSCRIBE => {
                let mut msg = request(0, value)?;
                let removed = self.0.interests.remove(value);
                if removed == Removed::Last || scope.options.xsub_verbose_unsubscribe {
                    msg.set(flag::CANCEL);
                    self.0.tell_all(scope.pipes, msg);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn straight(&self) -> Straight {
        self.0.straight()
    }

    fn topics_count(&self) -> Option<usize> {
        self.0.topics_count()
    }
}
