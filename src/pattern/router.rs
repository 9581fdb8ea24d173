//! ROUTER (RFC 28): the first part of each message says which peer it goes to or came from.
//!
//! Invariant: a pipe is in the inbound queue exactly if it has a routing id; before that it can be
//! neither read from nor written to by the application.

use super::routing::{Inbound, Routing};
use super::{Arrival, Pattern, Scope};
use crate::errno::Errno;
use crate::msg::Msg;
use crate::runtime::PipeId;

/// Where the parts of the present outgoing message go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outgoing {
    /// None was begun: the next part is a routing id.
    Between,
    /// To this pipe.
    To(PipeId),
    /// Nowhere.
    Dropped,
}

/// See the module.
pub(super) struct Router {
    routing: Routing,
    inbound: Inbound,
    outgoing: Outgoing,
    /// The pipe whose id another one took over is closed as soon as its message was received.
    closing: Option<PipeId>,
}

impl Router {
    pub(super) fn new() -> Router {
        Router {
            routing: Routing::default(),
            inbound: Inbound::default(),
            outgoing: Outgoing::Between,
            closing: None,
        }
    }

    /// Names a pipe if its peer said who it is.
    fn identify(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        let announces = scope
            .pipes
            .get(pipe)
            .is_some_and(|end| end.next_is_routing_id());
        let id = match announces {
            true => scope.pipes.read(pipe),
            // Data without an id before it: from a peer that announces none.
            false if scope.pipes.readable(pipe) => None,
            false => return,
        };
        match id {
            Some(id) if !id.is_empty() => {
                if let Some(holder) = self.routing.find(id.data())
                    && !self.give_up(scope, holder)
                {
                    scope.pipes.terminate(pipe);
                    return;
                }
                self.admit(scope, pipe, id.data());
            }
            _ => {
                let id = self.routing.generate();
                self.admit(scope, pipe, &id);
            }
        }
    }

    fn admit(&mut self, scope: &mut Scope<'_>, pipe: PipeId, id: &[u8]) {
        if self.routing.name(pipe, id).is_ok() {
            self.inbound.queue.attach(pipe);
        } else {
            scope.pipes.terminate(pipe);
        }
    }

    /// Has a pipe give up its id to a new one: if its peer is gone and only has messages left to
    /// be read, or is to be replaced (`ZMQ_ROUTER_HANDOVER`). `false`: it keeps it.
    fn give_up(&mut self, scope: &mut Scope<'_>, holder: PipeId) -> bool {
        let gone = scope.pipes.get(holder).is_none_or(|end| end.is_abandoned());
        if !gone && !scope.options.router_handover {
            return false;
        }
        if self.outgoing == Outgoing::To(holder) {
            scope.pipes.rollback(holder);
            self.outgoing = Outgoing::Dropped;
        }
        if gone {
            return true;
        }
        if self.inbound.current() == Some(holder) {
            self.closing = Some(holder);
        } else {
            scope.pipes.terminate(holder);
        }
        true
    }

    /// The first part of an outgoing message: whom it goes to.
    fn address(&mut self, scope: &mut Scope<'_>, msg: &Msg) -> Result<(), Errno> {
        if !msg.more() {
            // An id and no message.
            return Ok(());
        }
        let mandatory = scope.options.router_mandatory;
        let Some(pipe) = self.routing.find(msg.data()) else {
            if mandatory {
                return Err(Errno::EHOSTUNREACH);
            }
            self.outgoing = Outgoing::Dropped;
            return Ok(());
        };
        if scope.pipes.writable(pipe) {
            self.outgoing = Outgoing::To(pipe);
            return Ok(());
        }
        if !mandatory {
            self.outgoing = Outgoing::Dropped;
            return Ok(());
        }
        let gone = scope.pipes.get(pipe).is_none_or(|end| end.is_abandoned());
        Err(if gone {
            Errno::EHOSTUNREACH
        } else {
            Errno::EAGAIN
        })
    }
}

impl Pattern for Router {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, arrival: Arrival<'_>) {
        if scope.options.probe_router {
            let _ = scope.pipes.probe(pipe);
        }
        if arrival.locally_initiated && !arrival.routing_id.is_empty() {
            if self.routing.find(arrival.routing_id).is_some() {
                scope.pipes.terminate(pipe);
            } else {
                self.admit(scope, pipe, arrival.routing_id);
            }
        } else if scope.options.router_raw {
            let id = self.routing.generate();
            self.admit(scope, pipe, &id);
        } else {
            self.identify(scope, pipe);
        }
    }

    fn readable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        if self.inbound.queue.contains(pipe) {
            self.inbound.queue.activate(pipe);
        } else {
            self.identify(scope, pipe);
        }
    }

    fn writable(&mut self, _: &mut Scope<'_>, _: PipeId) {}

    fn gone(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.inbound.gone(pipe);
        self.routing.gone(pipe);
        if self.outgoing == Outgoing::To(pipe) {
            self.outgoing = Outgoing::Dropped;
        }
        if self.closing == Some(pipe) {
            self.closing = None;
        }
    }

    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        if self.outgoing == Outgoing::Between {
            self.address(scope, msg)?;
            *msg = Msg::empty();
            return Ok(());
        }
        let mut part = msg.take();
        let raw = scope.options.router_raw;
        if raw {
            part.clear(crate::msg::flag::MORE);
        }
        let more = part.more();
        let Outgoing::To(pipe) = self.outgoing else {
            if !more {
                self.outgoing = Outgoing::Between;
            }
            return Ok(());
        };
        if raw && part.is_empty() {
            // Sending nothing to a raw peer is hanging up on it.
            scope.pipes.terminate(pipe);
            self.outgoing = Outgoing::Between;
            return Ok(());
        }
        if scope.pipes.write(pipe, part).is_err() {
            // There was room, so the peer is gone.
            scope.pipes.rollback(pipe);
            self.outgoing = Outgoing::Dropped;
        }
        if !more {
            scope.pipes.flush(pipe);
            self.outgoing = Outgoing::Between;
        }
        Ok(())
    }

    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        let last = self.inbound.recv(scope.pipes, &mut self.routing, msg)?;
        if let Some(pipe) = last
            && self.closing == Some(pipe)
        {
            self.closing = None;
            scope.pipes.terminate(pipe);
        }
        Ok(())
    }

    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool {
        self.inbound.has_in(scope.pipes, &mut self.routing)
    }

    fn has_out(&mut self, scope: &mut Scope<'_>) -> bool {
        // What cannot be sent is dropped, so anything can be, unless the application wants to know.
        if !scope.options.router_mandatory || self.outgoing != Outgoing::Between {
            return true;
        }
        let pipes = &mut *scope.pipes;
        self.inbound.queue.iter().any(|pipe| pipes.writable(pipe))
    }

    fn peer_state(&mut self, scope: &mut Scope<'_>, routing_id: &[u8]) -> Result<bool, Errno> {
        let pipe = self.routing.find(routing_id).ok_or(Errno::EHOSTUNREACH)?;
        Ok(scope.pipes.writable(pipe))
    }
}
