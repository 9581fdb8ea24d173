//! PULL (RFC 30): fair-queued in, nothing out.
//!
//! Invariant: none of its own; it is its policy.

use super::fair_queue::FairQueue;
use super::{Arrival, Pattern, Scope, Straight};
use crate::errno::Errno;
use crate::msg::Msg;
use crate::runtime::PipeId;

/// See the module.
#[derive(Default)]
pub(super) struct Pull(FairQueue);

impl Pattern for Pull {
    fn attached(&mut self, _: &mut Scope<'_>, pipe: PipeId, _: Arrival<'_>) {
        self.0.attach(pipe);
    }

    fn readable(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.0.activate(pipe);
    }

    fn writable(&mut self, _: &mut Scope<'_>, _: PipeId) {}

    fn gone(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.0.gone(pipe);
    }

    fn send(&mut self, _: &mut Scope<'_>, _: &mut Msg) -> Result<(), Errno> {
        Err(Errno::ENOTSUP)
    }

    #[inline]
    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        self.0.recv(scope.pipes, msg).map(|_| ())
    }

    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool {
        self.0.has_in(scope.pipes)
    }

    fn has_out(&mut self, _: &mut Scope<'_>) -> bool {
        false
    }

    fn straight(&self) -> Straight {
        Straight {
            out: None,
            inbound: self.0.sole(),
        }
    }
}
