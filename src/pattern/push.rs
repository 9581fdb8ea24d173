//! PUSH (RFC 30): load-balanced out, nothing in.
//!
//! Invariant: what a peer sends all the same is read and dropped, so that its pipe can end.

use super::load_balance::LoadBalance;
use super::{Arrival, Pattern, Scope, Straight};
use crate::errno::Errno;
use crate::msg::Msg;
use crate::runtime::PipeId;

/// See the module.
#[derive(Default)]
pub(super) struct Push(LoadBalance);

impl Pattern for Push {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, _: Arrival<'_>) {
        self.0.attach(pipe);
        self.readable(scope, pipe);
    }

    fn readable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        while scope.pipes.read(pipe).is_some() {}
    }

    fn writable(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.0.activate(pipe);
    }

    fn gone(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.0.gone(pipe);
    }

    #[inline]
    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        self.0.send(scope.pipes, msg).map(|_| ())
    }

    fn recv(&mut self, _: &mut Scope<'_>, _: &mut Msg) -> Result<(), Errno> {
        Err(Errno::ENOTSUP)
    }

    fn has_in(&mut self, _: &mut Scope<'_>) -> bool {
        false
    }

    fn has_out(&mut self, scope: &mut Scope<'_>) -> bool {
        self.0.has_out(scope.pipes)
    }

    fn straight(&self) -> Straight {
        Straight {
            out: self.0.sole(),
            inbound: None,
        }
    }
}
