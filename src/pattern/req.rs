//! REQ (RFC 28): a request, then its reply, in turns.
//!
//! ```text
//!            first part            last part              head of the reply
//!   Idle ───────────────► Sending ───────────► Waiting ───────────────────► Reply
//!    ▲                                            │ relaxed: next request     │ last part
//!    └────────────────────────────────────────────┴───────────────────────────┘
//! ```
//!
//! On the wire a request is [request id,] an empty delimiter, then the application's parts.
//! Invariant: in `Reply` the head of the right reply (and only that) was read, the rest is in the
//! pipe; whatever else comes from whomever is dropped whole.

use super::dealer::Dealer;
use super::prefix_hash::random;
use super::{Arrival, Pattern, Scope};
use crate::errno::Errno;
use crate::msg::{Msg, flag};
use crate::runtime::PipeId;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Sending,
    Waiting,
    /// `begun`: the application has seen a part of it.
    Reply {
        begun: bool,
    },
}

/// See the module.
pub(super) struct Req {
    dealer: Dealer,
    state: State,
    /// Whose reply counts. COMPAT: once that peer is gone, anybody's.
    peer: Option<PipeId>,
    request_id: u32,
}

impl Req {
    pub(super) fn new() -> Req {
        Req {
            dealer: Dealer::default(),
            state: State::Idle,
            peer: None,
            request_id: random() as u32,
        }
    }

    /// Sends what comes before the application's parts.
    fn send_head(&mut self, scope: &mut Scope<'_>) -> Result<(), Errno> {
        let mut delimiter = Msg::empty();
        delimiter.set(flag::MORE);
        let outbound = &mut self.dealer.outbound;
        if scope.options.req_correlate {
            let next = self.request_id.wrapping_add(1);
            let mut id = Msg::from_slice(&next.to_ne_bytes())?;
            id.set(flag::MORE);
            self.peer = outbound.send(scope.pipes, &mut id)?;
            self.request_id = next;
            // In the middle of a message: it is taken, or swallowed.
            let _ = outbound.send(scope.pipes, &mut delimiter);
        } else {
            self.peer = outbound.send(scope.pipes, &mut delimiter)?;
        }
        // What is here before the request leaves is no reply to it.
        let mut stale = Msg::empty();
        while self.dealer.inbound.recv(scope.pipes, &mut stale).is_ok() {}
        Ok(())
    }

    /// Reads up to the body of the reply.
    fn find_reply(&mut self, scope: &mut Scope<'_>) -> Result<(), Errno> {
        let inbound = &mut self.dealer.inbound;
        let pipes = &mut *scope.pipes;
        let mut part = Msg::empty();
        loop {
            let pipe = inbound.recv(pipes, &mut part)?;
            let mut right = self.peer.is_none_or(|peer| peer == pipe);
            if right && scope.options.req_correlate {
                right = part.more() && part.data() == self.request_id.to_ne_bytes();
                if right {
                    inbound.recv(pipes, &mut part)?;
                }
            }
            if right && part.more() && part.is_empty() {
                self.peer = Some(pipe);
                self.state = State::Reply { begun: false };
                return Ok(());
            }
            inbound.skip(pipes, &mut part);
        }
    }
}

impl Pattern for Req {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, arrival: Arrival<'_>) {
        self.dealer.attached(scope, pipe, arrival);
    }

    fn readable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.dealer.readable(scope, pipe);
    }

    fn writable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.dealer.writable(scope, pipe);
    }

    fn gone(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.dealer.gone(scope, pipe);
        if self.peer == Some(pipe) {
            self.peer = None;
            if self.state == (State::Reply { begun: false }) {
                self.dealer.inbound.forget_cut();
                self.state = State::Waiting;
            }
        }
    }

    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        match self.state {
            State::Sending => {}
            State::Waiting | State::Reply { .. } if !scope.options.req_relaxed => {
                return Err(Errno::EFSM);
            }
            State::Idle | State::Waiting | State::Reply { .. } => {
                self.send_head(scope)?;
                self.state = State::Sending;
            }
        }
        let more = msg.more();
        self.dealer.outbound.send(scope.pipes, msg)?;
        if !more {
            self.state = State::Waiting;
        }
        Ok(())
    }

    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        match self.state {
            State::Idle | State::Sending => return Err(Errno::EFSM),
            State::Waiting => self.find_reply(scope)?,
            State::Reply { .. } => {}
        }
        self.dealer.inbound.recv(scope.pipes, msg)?;
        self.state = if msg.more() {
            State::Reply { begun: true }
        } else {
            State::Idle
        };
        Ok(())
    }

    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool {
        match self.state {
            State::Idle | State::Sending => false,
            State::Waiting => self.find_reply(scope).is_ok(),
            State::Reply { .. } => true,
        }
    }

    fn has_out(&mut self, scope: &mut Scope<'_>) -> bool {
        match self.state {
            State::Waiting | State::Reply { .. } if !scope.options.req_relaxed => false,
            _ => self.dealer.has_out(scope),
        }
    }
}
