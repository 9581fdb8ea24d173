//! REP (RFC 28): a request, then its reply, in turns.
//!
//! ```text
//!            delimiter read           last part              last part
//!   Idle ───────────────────► Request ─────────► Replying ──────────────► Idle
//! ```
//!
//! A request is an envelope (any parts, then an empty one) and the application's parts; the reply
//! leaves with the same envelope, on the pipe that the request came from.
//! Invariants: `envelope` is whole in `Request` and `Replying` until the reply's first part; a pipe is
//! in the inbound queue once its peer said, or did without saying, who it is.

use super::fair_queue::FairQueue;
use super::routing::Routing;
use super::{Arrival, Pattern, Scope};
use crate::errno::Errno;
use crate::msg::Msg;
use crate::runtime::PipeId;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    /// `begun`: the application has seen a part of it.
    Request {
        begun: bool,
    },
    Replying,
}

/// See the module.
pub(super) struct Rep {
    inbound: FairQueue,
    /// Who is asked about (`zmq_socket_get_peer_state`), by the ids that peers gave themselves.
    routing: Routing,
    state: State,
    envelope: Vec<Msg>,
    /// Whom the reply goes to; nobody once that peer is gone.
    peer: Option<PipeId>,
}

impl Rep {
    pub(super) fn new() -> Rep {
        Rep {
            inbound: FairQueue::default(),
            routing: Routing::default(),
            state: State::Idle,
            envelope: Vec::new(),
            peer: None,
        }
    }

    /// Lets a pipe in, with the id that its peer has, if it has one. Of several peers with the same
    /// id all are served, and the last one is asked about.
    fn identify(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        let announces = scope
            .pipes
            .get(pipe)
            .is_some_and(|end| end.next_is_routing_id());
        if announces {
            let id = scope.pipes.read(pipe).filter(|id| !id.is_empty());
            if let Some(id) = id {
                // Without memory for it the peer has no name, and is served all the same.
                let _ = self.routing.name(pipe, id.data());
            }
        } else if !scope.pipes.readable(pipe) {
            return;
        }
        self.inbound.attach(pipe);
    }

    /// Reads up to the body of the next request.
    fn find_request(&mut self, scope: &mut Scope<'_>) -> Result<(), Errno> {
        loop {
            self.envelope.clear();
            let mut part = Msg::empty();
            let pipe = self.inbound.recv(scope.pipes, &mut part)?;
            // A message that ends before its delimiter, or with it, is malformed and dropped.
            while part.more() {
                let delimiter = part.is_empty();
                self.envelope.push(part.take());
                if delimiter {
                    self.peer = Some(pipe);
                    self.state = State::Request { begun: false };
                    return Ok(());
                }
                self.inbound.recv(scope.pipes, &mut part)?;
            }
        }
    }
}

impl Pattern for Rep {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, _: Arrival<'_>) {
        self.identify(scope, pipe);
    }

    fn readable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        if self.inbound.contains(pipe) {
            self.inbound.activate(pipe);
        } else {
            self.identify(scope, pipe);
        }
    }

    fn writable(&mut self, _: &mut Scope<'_>, _: PipeId) {}

    fn gone(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.inbound.gone(pipe);
        self.routing.gone(pipe);
        if self.peer == Some(pipe) {
            self.peer = None;
            if self.state == (State::Request { begun: false }) {
                self.inbound.forget_cut();
                self.state = State::Idle;
            }
        }
    }

    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        if self.state != State::Replying {
            return Err(Errno::EFSM);
        }
        let part = msg.take();
        let more = part.more();
        if let Some(peer) = self.peer {
            // COMPAT: a reply for which its peer's pipe has no room is dropped, as ROUTER does.
            let mut parts = self.envelope.drain(..).chain([part]);
            if parts.any(|part| scope.pipes.write(peer, part).is_err()) {
                scope.pipes.rollback(peer);
                self.peer = None;
            } else if !more {
                scope.pipes.flush(peer);
            }
        }
        if !more {
            self.envelope.clear();
            self.peer = None;
            self.state = State::Idle;
        }
        Ok(())
    }

    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        match self.state {
            State::Replying => return Err(Errno::EFSM),
            State::Idle => self.find_request(scope)?,
            State::Request { .. } => {}
        }
        self.inbound.recv(scope.pipes, msg)?;
        self.state = if msg.more() {
            State::Request { begun: true }
        } else {
            State::Replying
        };
        Ok(())
    }

    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool {
        match self.state {
            State::Idle => self.find_request(scope).is_ok(),
            State::Request { .. } => true,
            State::Replying => false,
        }
    }

    fn has_out(&mut self, _: &mut Scope<'_>) -> bool {
        self.state == State::Replying
    }

    // COMPAT: the manual says that only a ROUTER is asked. In libzmq a REP is one inside.
    fn peer_state(&mut self, scope: &mut Scope<'_>, routing_id: &[u8]) -> Result<bool, Errno> {
        let pipe = self.routing.find(routing_id).ok_or(Errno::EHOSTUNREACH)?;
        Ok(scope.pipes.writable(pipe))
    }
}
