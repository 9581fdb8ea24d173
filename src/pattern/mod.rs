//! Patterns: who gets a message and whose is next, for each socket type.
//!
//! Invariant: a pattern is policy over [`Pipes`] and nothing else. It never sees an endpoint, a
//! thread, a clock or a descriptor, and it never waits: what cannot be done now is `EAGAIN`, and
//! the socket calls again once a pipe was reported.

mod active_set;
mod behind;
mod bundle;
mod dealer;
mod dgram;
mod dish;
mod distribute;
mod fair_queue;
mod guards;
mod keys;
mod kinds;
mod load_balance;
mod pair;
mod prefix_hash;
mod publish;
mod pull;
mod push;
mod radio;
mod rep;
mod req;
mod router;
mod routing;
mod server;
mod single;
mod stream;
mod subscribe;
mod subscriptions;
mod table;
mod xpub;
mod xsub;

#[cfg(test)]
mod tests;

pub use kinds::{KINDS, Kind, kind};

use crate::errno::Errno;
use crate::msg::Msg;
use crate::options::{Options, number};
use crate::runtime::{PipeId, Pipes};

/// What a pattern may touch while it works.
pub struct Scope<'a> {
    /// The pipes of its socket.
    pub pipes: &'a mut Pipes,
    /// The options of its socket.
    pub options: &'a mut Options,
}

/// How a pipe came to be.
pub struct Arrival<'a> {
    /// The peer speaks a protocol without subscriptions and wants everything.
    pub subscribe_to_all: bool,
    /// This socket connected (else the peer did).
    pub locally_initiated: bool,
    /// The id that the application gave the peer (`ZMQ_CONNECT_ROUTING_ID`), empty if none.
    pub routing_id: &'a [u8],
}

/// The only pipes that messages of one part go to and come from at present: of such a message
/// nothing changes about the policy, so that it need not be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Straight {
    /// `send` would write to this pipe, if it has room.
    pub out: Option<PipeId>,
    /// `recv` would read from this pipe, if it has something.
    pub inbound: Option<PipeId>,
}

/// The policy of one socket type. Calls come from its socket, under the socket's lock.
///
/// `send` takes the message out of `msg` (leaving an empty one) if and only if it returns `Ok`.
/// The mark `MORE` of what is sent says whether further parts follow; of what is received likewise.
pub trait Pattern: Send {
    /// A pipe was added. It may be read and written at once.
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, arrival: Arrival<'_>);
    /// A pipe that had nothing to read has something again (or may have).
    fn readable(&mut self, scope: &mut Scope<'_>, pipe: PipeId);
    /// A pipe that was full has room again (or may have).
    fn writable(&mut self, scope: &mut Scope<'_>, pipe: PipeId);
    /// The peer behind a pipe was lost and replaced: it must be told everything again.
    fn hiccuped(&mut self, _scope: &mut Scope<'_>, _pipe: PipeId) {}
    /// A pipe is over: all that could be read was. It is removed right after this call.
    fn gone(&mut self, scope: &mut Scope<'_>, pipe: PipeId);

    /// Sends one part.
    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno>;
    /// Receives one part.
    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno>;
    /// Whether `recv` would return a part now.
    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool;
    /// Whether `send` would take a part now.
    fn has_out(&mut self, scope: &mut Scope<'_>) -> bool;

    /// Where messages need not pass through here, until the next call of another function.
    fn straight(&self) -> Straight {
        Straight::default()
    }

    /// An option that is the pattern's to act on; the option table has checked it, and stored it
    /// but for `ZMQ_SUBSCRIBE` and `ZMQ_UNSUBSCRIBE`, whose value is handed in. `EINVAL` if it
    /// means nothing to this socket type now.
    fn set_option(&mut self, _: &mut Scope<'_>, option: i32, _: &[u8]) -> Result<(), Errno> {
        match option {
            number::SUBSCRIBE | number::UNSUBSCRIBE => Err(Errno::EINVAL),
            _ => Ok(()),
        }
    }

    /// How many different topics are subscribed to (`ZMQ_TOPICS_COUNT`), where there are topics.
    fn topics_count(&self) -> Option<usize> {
        None
    }

    /// Whether a message to the peer with this routing id would find room
    /// (`zmq_socket_get_peer_state`). `EHOSTUNREACH` if there is no such peer, `ENOTSUP` if this
    /// socket type knows none by their ids.
    fn peer_state(&mut self, _: &mut Scope<'_>, _routing_id: &[u8]) -> Result<bool, Errno> {
        Err(Errno::ENOTSUP)
    }

    /// The number by which messages name the peer behind a pipe (SERVER, PEER).
    fn peer_number(&self, _: PipeId) -> Option<u32> {
        None
    }

    /// The pipe to the peer with this number. `EHOSTUNREACH` if there is none, `ENOTSUP` if this
    /// socket type does not number its peers.
    fn peer_pipe(&self, _number: u32) -> Result<PipeId, Errno> {
        Err(Errno::ENOTSUP)
    }

    /// Joins a group (`zmq_join`). `EINVAL` if that was done, or its name is too long; `ENOTSUP`
    /// where there are no groups to join.
    fn join(&mut self, _: &mut Scope<'_>, _group: &[u8]) -> Result<(), Errno> {
        Err(Errno::ENOTSUP)
    }

    /// Leaves a group (`zmq_leave`). `EINVAL` if it was not joined, `ENOTSUP` as for `join`.
    fn leave(&mut self, _: &mut Scope<'_>, _group: &[u8]) -> Result<(), Errno> {
        Err(Errno::ENOTSUP)
    }
}
