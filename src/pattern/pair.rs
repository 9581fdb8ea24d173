//! PAIR (RFC 31): one peer and no other.
//!
//! Invariant: at most one pipe is in the two policies, which bring along what a message needs to
//! stay whole when the peer is lost in the middle of it.

use super::dealer::Dealer;
use super::{Arrival, Pattern, Scope};
use crate::errno::Errno;
use crate::msg::Msg;
use crate::runtime::PipeId;

/// See the module.
#[derive(Default)]
pub(super) struct Pair(Dealer);

impl Pattern for Pair {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, _: Arrival<'_>) {
        if self.0.inbound.is_empty() {
            self.0.inbound.attach(pipe);
            self.0.outbound.attach(pipe);
        } else {
            scope.pipes.terminate(pipe);
        }
    }

    fn readable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.0.readable(scope, pipe);
    }

    fn writable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.0.writable(scope, pipe);
    }

    fn gone(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.0.gone(scope, pipe);
    }

    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        self.0.send(scope, msg)
    }

    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        self.0.recv(scope, msg)
    }

    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool {
        self.0.has_in(scope)
    }

    fn has_out(&mut self, scope: &mut Scope<'_>) -> bool {
        self.0.has_out(scope)
    }
}
