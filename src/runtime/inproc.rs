//! The names of inproc endpoints in one context, bound or waited for.
//!
//! Invariant: a name is bound by at most one acceptor; a connect to a name that is not bound waits
//! here with the far end of its pipe, into which messages may be written already.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::inbox::{Acceptor, Attachment, Mailbox};
use super::pipe::{Conflate, Limits, Pipe, pair};
use crate::errno::Errno;
use crate::msg::{Msg, flag};

/// One side of an inproc connection: what the other must know of it.
#[derive(Clone)]
pub struct Party {
    /// Tells sockets apart.
    pub owner: u64,
    /// Its high-water marks.
    pub limits: Limits,
    /// The id it announces (`ZMQ_ROUTING_ID`).
    pub routing_id: Vec<u8>,
    /// It wants to know the id of its peers.
    pub wants_routing_ids: bool,
    /// What it sends to each new peer first (`ZMQ_HELLO_MSG`), empty for nothing.
    pub hello: Vec<u8>,
    /// What it receives when a peer has gone (`ZMQ_DISCONNECT_MSG`), empty for nothing.
    pub farewell: Vec<u8>,
}

struct Bound {
    party: Party,
    acceptor: Arc<dyn Acceptor>,
}

struct Waiting {
    party: Party,
    far: Pipe,
}

#[derive(Default)]
struct State {
    bound: HashMap<Vec<u8>, Bound>,
    waiting: HashMap<Vec<u8>, Vec<Waiting>>,
}

/// See the module.
#[derive(Default)]
pub struct Names(Mutex<State>);

/// Tells the other side of `pipe` who is at this one.
fn announce(pipe: &mut Pipe, routing_id: &[u8]) {
    if let Ok(mut msg) = Msg::from_slice(routing_id) {
        msg.set(flag::ROUTING_ID);
        // Not counted, so never refused.
        let _ = pipe.write(msg);
        pipe.flush();
    }
}

/// Has a party say at its end of a pipe what it says to new peers, and hear what it wants to hear
/// when this one goes.
fn introduce(pipe: &mut Pipe, party: &Party) {
    if !party.hello.is_empty() {
        pipe.write_anyway(&party.hello);
    }
    pipe.await_farewell(&party.farewell);
}

impl Names {
    /// No names.
    pub fn new() -> Names {
        Names::default()
    }

    /// Binds a name. Pipes of those who waited for it are attached at once. `EADDRINUSE` if taken.
    pub fn bind(
        &self,
        name: &[u8],
        party: Party,
        acceptor: Arc<dyn Acceptor>,
    ) -> Result<(), Errno> {
        let mut state = self.0.lock();
        if state.bound.contains_key(name) {
            return Err(Errno::EADDRINUSE);
        }
        for mut waiting in state.waiting.remove(name).unwrap_or_default() {
            waiting.far.claim_limits(party.limits);
            if waiting.party.wants_routing_ids {
                announce(&mut waiting.far, &party.routing_id);
            }
            introduce(&mut waiting.far, &party);
            // An acceptor that is gone drops the pipe, and that closes it.
            let _ = acceptor.attach(Attachment {
                pipe: waiting.far,
                driver: None,
                subscribe_to_all: false,
                locally_initiated: false,
                routing_id: Vec::new(),
            });
        }
        state.bound.insert(name.to_vec(), Bound { party, acceptor });
        Ok(())
    }

    /// Connects to a name, bound or not, and returns this side's end of the pipe. With `now` a
    /// name that is not bound is `ECONNREFUSED`.
    pub fn connect(
        &self,
        name: &[u8],
        party: Party,
        mailbox: Arc<dyn Mailbox>,
        conflate: Conflate,
        now: bool,
    ) -> Result<Pipe, Errno> {
        let mut state = self.0.lock();
        let far_limits = state
            .bound
            .get(name)
            .map_or(Limits::NONE, |bound| bound.party.limits);
        let (mut near, mut far) = pair([party.limits, far_limits], conflate);
        near.set_owner(mailbox);
        // Dropped on the other side by those who do not want it.
        announce(&mut near, &party.routing_id);
        introduce(&mut near, &party);
        if let Some(bound) = state.bound.get(name) {
            if party.wants_routing_ids {
                announce(&mut far, &bound.party.routing_id);
            }
            introduce(&mut far, &bound.party);
            let refused = bound.acceptor.attach(Attachment {
                pipe: far,
                driver: None,
                subscribe_to_all: false,
                locally_initiated: false,
                routing_id: Vec::new(),
            });
            match refused {
                None => return Ok(near),
                Some(attachment) => far = attachment.pipe,
            }
        }
        if now {
            return Err(Errno::ECONNREFUSED);
        }
        state
            .waiting
            .entry(name.to_vec())
            .or_default()
            .push(Waiting { party, far });
        Ok(near)
    }

    /// Unbinds a name of this owner's. `ENOENT` if it is not.
    pub fn unbind(&self, name: &[u8], owner: u64) -> Result<(), Errno> {
        let mut state = self.0.lock();
        match state.bound.get(name) {
            Some(bound) if bound.party.owner == owner => {
                state.bound.remove(name);
                Ok(())
            }
            _ => Err(Errno::ENOENT),
        }
    }

    /// Forgets all names of this owner. What it wrote to names that are not bound yet stays.
    pub fn forget(&self, owner: u64) {
        self.0
            .lock()
            .bound
            .retain(|_, bound| bound.party.owner != owner);
    }

    /// Whether a name is bound.
    pub fn is_bound(&self, name: &[u8]) -> bool {
        self.0.lock().bound.contains_key(name)
    }

    /// Tells the bound parties of this owner its new limits (for connections to come).
    pub fn set_limits(&self, owner: u64, limits: Limits) {
        for bound in self
            .0
            .lock()
            .bound
            .values_mut()
            .filter(|b| b.party.owner == owner)
        {
            bound.party.limits = limits;
        }
    }
}
