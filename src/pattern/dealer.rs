//! DEALER (RFC 28): load-balanced out, fair-queued in, bodies untouched.
//!
//! Invariant: none of its own; it is its two policies.

use super::fair_queue::FairQueue;
use super::load_balance::LoadBalance;
use super::{Arrival, Pattern, Scope, Straight};
use crate::errno::Errno;
use crate::msg::Msg;
use crate::runtime::PipeId;

/// See the module.
#[derive(Default)]
pub(super) struct Dealer {
    pub(super) inbound: FairQueue,
    pub(super) outbound: LoadBalance,
}

impl Pattern for Dealer {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, _: Arrival<'_>) {
        if scope.options.probe_router {
            let _ = scope.pipes.probe(pipe);
        }
        self.inbound.attach(pipe);
        self.outbound.attach(pipe);
    }

    fn readable(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.inbound.activate(pipe);
    }

    fn writable(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.outbound.activate(pipe);
    }

    fn gone(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.inbound.gone(pipe);
        self.outbound.gone(pipe);
    }

    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        self.outbound.send(scope.pipes, msg).map(|_| ())
    }

    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        self.inbound.recv(scope.pipes, msg).map(|_| ())
    }

    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool {
        self.inbound.has_in(scope.pipes)
    }

    fn has_out(&mut self, scope: &mut Scope<'_>) -> bool {
        self.outbound.has_out(scope.pipes)
    }

    fn straight(&self) -> Straight {
        Straight {
            out: self.outbound.sole(),
            inbound: self.inbound.sole(),
        }
    }
}
