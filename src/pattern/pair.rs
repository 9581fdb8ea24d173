//! PAIR (RFC 31): one peer and no other.
//!
//! Invariant: `peers` stand in the order in which they came. The first is read, those behind it when it
//! is gone and all it left was read. The first that is not gone is written to. Whoever comes while
//! another is there waits for its turn: it may be that other, whose end was not heard of yet. (libzmq
//! does not hear such a peer, then or later, and does not tell it so.)

use std::collections::VecDeque;

use super::dealer::Dealer;
use super::{Arrival, Pattern, Scope, Straight};
use crate::errno::Errno;
use crate::msg::Msg;
use crate::runtime::{Pipe, PipeId};

/// With more peers than these, those that went before it was their turn leave nothing.
const PATIENCE: usize = 16;

/// See the module. Of its two policies the one reads the first peer; the other writes to the first
/// `admitted` ones, of whom only the last may take it.
#[derive(Default)]
pub(super) struct Pair {
    both: Dealer,
    peers: VecDeque<PipeId>,
    admitted: usize,
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

    /// Goes on to the first peer that is there. Whether it is another one.
    fn admit(&mut self, scope: &mut Scope<'_>) -> bool {
        let before = self.admitted;
        while let Some(&next) = self.peers.get(self.admitted) {
            let last = self.admitted.checked_sub(1).map(|at| self.peers[at]);
            if last.is_some_and(|last| !is_over(scope, last)) {
                break;
            }
            self.admitted += 1;
            self.both.outbound.attach(next);
        }
        self.admitted > before
    }

    /// Forgets those that went before it was their turn, of whom there may come any number.
    fn sweep(&mut self, scope: &mut Scope<'_>) {
        let waiting: Vec<PipeId> = self.peers.range(self.admitted..).copied().collect();
        for peer in waiting {
            if is_over(scope, peer) {
                self.peers.retain(|&other| other != peer);
                scope.pipes.terminate(peer);
            }
        }
    }
}

fn is_over(scope: &mut Scope<'_>, pipe: PipeId) -> bool {
    scope.pipes.get(pipe).is_none_or(|pipe| pipe.is_abandoned())
}

impl Pattern for Pair {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, _: Arrival<'_>) {
        if self.peers.len() >= PATIENCE {
            self.sweep(scope);
        }
        self.peers.push_back(pipe);
        self.admit(scope);
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
        if let Some(at) = self.peers.iter().position(|&peer| peer == pipe) {
            self.peers.remove(at);
            self.admitted -= usize::from(at < self.admitted);
        }
        self.admit(scope);
        if let Some(&first) = self.peers.front() {
            // Nothing changes for who is read already.
            self.both.inbound.attach(first);
        }
    }

    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        loop {
            match self.both.send(scope, msg) {
                Err(Errno::EAGAIN) if self.admit(scope) => {}
                result => return result,
            }
        }
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
        loop {
            if self.both.has_out(scope) {
                return true;
            }
            if !self.admit(scope) {
                return false;
            }
        }
    }

    fn straight(&self) -> Straight {
        self.both.straight()
    }
}
