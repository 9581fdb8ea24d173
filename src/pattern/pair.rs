//! PAIR (RFC 31): one peer and no other.
//!
//! Invariant: one peer is there at most, the last of `peers`; those before it are gone and have left
//! something to read, and are read one after the other. COMPAT: whoever comes while a peer is there is
//! not heard, and not told so.

use std::collections::VecDeque;

use super::dealer::Dealer;
use super::{Arrival, Pattern, Scope, Straight};
use crate::errno::Errno;
use crate::msg::Msg;
use crate::runtime::{Pipe, PipeId};

/// See the module. Of its two policies the one writes to all peers, of whom the last one takes it;
/// the other reads the first.
#[derive(Default)]
pub(super) struct Pair {
    both: Dealer,
    peers: VecDeque<PipeId>,
}

impl Pair {
    /// Whether all of the first one was read, and another one waits to be.
    fn turn_to_next(&mut self, scope: &mut Scope<'_>) -> bool {
        if self.peers.len() < 2 {
            return false;
        }
        let first = self.peers[0];
        let over = scope.pipes.get(first).is_none_or(Pipe::is_finished);
        if over {
            self.gone(scope, first);
        }
        over
    }
}

impl Pattern for Pair {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, _: Arrival<'_>) {
        let last = self.peers.back().and_then(|&last| scope.pipes.get(last));
        if last.is_some_and(|last| !last.is_abandoned()) {
            scope.pipes.terminate(pipe);
            return;
        }
        self.peers.push_back(pipe);
        self.both.outbound.attach(pipe);
        if self.peers.len() == 1 {
            self.both.inbound.attach(pipe);
        }
    }

    fn readable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.both.readable(scope, pipe);
    }

    fn writable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.both.writable(scope, pipe);
    }

    fn gone(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.both.gone(scope, pipe);
        self.peers.retain(|&peer| peer != pipe);
        if let Some(&first) = self.peers.front() {
            // Nothing changes for who is read already.
            self.both.inbound.attach(first);
        }
    }

    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        self.both.send(scope, msg)
    }

    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        loop {
            match self.both.recv(scope, msg) {
                Err(Errno::EAGAIN) if self.turn_to_next(scope) => {}
                result => return result,
            }
        }
    }

    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool {
        loop {
            if self.both.has_in(scope) {
                return true;
            }
            if !self.turn_to_next(scope) {
                return false;
            }
        }
    }

    fn has_out(&mut self, scope: &mut Scope<'_>) -> bool {
        self.both.has_out(scope)
    }

    fn straight(&self) -> Straight {
        self.both.straight()
    }
}
