//! DGRAM: datagrams, each a message of two parts, the peer's address and the body.
//!
//! Invariant: nothing but pairs of an address and a body goes out; there is one pipe, to the
//! descriptor that was bound.

use super::pair::Pair;
use super::{Arrival, Pattern, Scope};
use crate::errno::Errno;
use crate::msg::Msg;
use crate::runtime::PipeId;

/// See the module.
#[derive(Default)]
pub(super) struct Dgram {
    pair: Pair,
    /// The address was sent, the body is next.
    addressed: bool,
}

impl Pattern for Dgram {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, arrival: Arrival<'_>) {
        self.pair.attached(scope, pipe, arrival);
    }

    fn readable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.pair.readable(scope, pipe);
    }

    fn writable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.pair.writable(scope, pipe);
    }

    fn gone(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.pair.gone(scope, pipe);
    }

    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        // An address has something behind it, and a body has not.
        if msg.more() == self.addressed {
            return Err(Errno::EINVAL);
        }
        self.pair.send(scope, msg)?;
        self.addressed = !self.addressed;
        Ok(())
    }

    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        self.pair.recv(scope, msg)
    }

    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool {
        self.pair.has_in(scope)
    }

    fn has_out(&mut self, scope: &mut Scope<'_>) -> bool {
        self.pair.has_out(scope)
    }
}
