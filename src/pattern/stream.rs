//! STREAM: octets of plain TCP connections, each piece with the routing id of its connection.
//!
//! Invariant: messages come in pairs, an id and a piece of data. The session says with an empty
//! piece that a connection came or went; the application says with one that it shall go.

use super::routing::{Inbound, Routing};
use super::{Arrival, Pattern, Scope};
use crate::errno::Errno;
use crate::msg::{Msg, flag};
use crate::runtime::PipeId;

enum Outgoing {
    /// The next part is a routing id.
    Between,
    /// The next part goes to this pipe, or nowhere as it went.
    To(Option<PipeId>),
}

/// See the module.
pub(super) struct Stream {
    routing: Routing,
    inbound: Inbound,
    outgoing: Outgoing,
}

impl Stream {
    pub(super) fn new() -> Stream {
        Stream {
            routing: Routing::default(),
            inbound: Inbound::default(),
            outgoing: Outgoing::Between,
        }
    }
}

impl Pattern for Stream {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, arrival: Arrival<'_>) {
        let named = if arrival.locally_initiated && !arrival.routing_id.is_empty() {
            match self.routing.find(arrival.routing_id) {
                Some(_) => Err(Errno::EADDRINUSE),
                None => self.routing.name(pipe, arrival.routing_id),
            }
        } else {
            let id = self.routing.generate();
            // COMPAT: clients read the id of their only connection back as ZMQ_ROUTING_ID.
            scope.options.routing_id = id.to_vec();
            self.routing.name(pipe, &id)
        };
        match named {
            Ok(()) => self.inbound.queue.attach(pipe),
            Err(_) => scope.pipes.terminate(pipe),
        }
    }

    fn readable(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.inbound.queue.activate(pipe);
    }

    fn writable(&mut self, _: &mut Scope<'_>, _: PipeId) {}

    fn gone(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.inbound.gone(pipe);
        self.routing.gone(pipe);
        if let Outgoing::To(to) = &mut self.outgoing
            && *to == Some(pipe)
        {
            *to = None;
        }
    }

    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        let Outgoing::To(to) = self.outgoing else {
            // An id with nothing behind it is no message.
            if msg.more() {
                let pipe = self.routing.find(msg.data()).ok_or(Errno::EHOSTUNREACH)?;
                if !scope.pipes.writable(pipe) {
                    let gone = scope.pipes.get(pipe).is_none_or(|end| end.is_abandoned());
                    return Err(if gone {
                        Errno::EHOSTUNREACH
                    } else {
                        Errno::EAGAIN
                    });
                }
                self.outgoing = Outgoing::To(Some(pipe));
            }
            *msg = Msg::empty();
            return Ok(());
        };
        self.outgoing = Outgoing::Between;
        let mut data = msg.take();
        // COMPAT: a piece is never part of anything longer, whatever the application says.
        data.clear(flag::MORE);
        if let Some(pipe) = to {
            if data.is_empty() {
                scope.pipes.terminate(pipe);
            } else if scope.pipes.write(pipe, data).is_ok() {
                scope.pipes.flush(pipe);
            }
        }
        Ok(())
    }

    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        self.inbound
            .recv(scope.pipes, &mut self.routing, msg)
            .map(|_| ())
    }

    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool {
        self.inbound.has_in(scope.pipes, &mut self.routing)
    }

    fn has_out(&mut self, _: &mut Scope<'_>) -> bool {
        true
    }
}
