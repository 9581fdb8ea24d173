//! SERVER (RFC 41) and PEER (RFC 51): each message names the peer that it goes to or came from, by
//! a number.
//!
//! Invariant: `pipes` and `numbers` say the same; a number is never 0, and is not given again
//! before four billion others were.

use std::collections::HashMap;

use super::fair_queue::FairQueue;
use super::prefix_hash::random;
use super::{Arrival, Pattern, Scope};
use crate::errno::Errno;
use crate::msg::Msg;
use crate::runtime::PipeId;

/// See the module.
pub(super) struct Server {
    inbound: FairQueue,
    /// By number.
    pipes: HashMap<u32, PipeId>,
    /// By the number of the pipe within the socket; 0 where there is none.
    numbers: Vec<u32>,
    next: u32,
    /// A message that was looked for before the application asked for it.
    prefetched: Option<Msg>,
}

impl Server {
    pub(super) fn new() -> Server {
        Server {
            inbound: FairQueue::default(),
            pipes: HashMap::new(),
            numbers: Vec::new(),
            next: random() as u32,
            prefetched: None,
        }
    }

    fn fresh_number(&mut self) -> u32 {
        loop {
            let number = self.next;
            self.next = self.next.wrapping_add(1);
            if number != 0 && !self.pipes.contains_key(&number) {
                return number;
            }
        }
    }

    fn find(&mut self, scope: &mut Scope<'_>) -> Result<Msg, Errno> {
        let mut msg = Msg::empty();
        let pipe = self.inbound.recv_single(scope.pipes, &mut msg)?;
        msg.routing_id = self.peer_number(pipe).unwrap_or(0);
        Ok(msg)
    }
}

impl Pattern for Server {
    fn attached(&mut self, _: &mut Scope<'_>, pipe: PipeId, _: Arrival<'_>) {
        let number = self.fresh_number();
        self.pipes.insert(number, pipe);
        let place = pipe.0 as usize;
        if self.numbers.len() <= place {
            self.numbers.resize(place + 1, 0);
        }
        self.numbers[place] = number;
        self.inbound.attach(pipe);
    }

    fn readable(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.inbound.activate(pipe);
    }

    fn writable(&mut self, _: &mut Scope<'_>, _: PipeId) {}

    fn gone(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.inbound.gone(pipe);
        if let Some(number) = self.numbers.get_mut(pipe.0 as usize) {
            self.pipes.remove(&std::mem::take(number));
        }
    }

    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        if msg.more() {
            return Err(Errno::EINVAL);
        }
        let pipe = self.peer_pipe(msg.routing_id)?;
        if !scope.pipes.writable(pipe) {
            let gone = scope.pipes.get(pipe).is_none_or(|end| end.is_abandoned());
            return Err(if gone {
                Errno::EHOSTUNREACH
            } else {
                Errno::EAGAIN
            });
        }
        let mut msg = msg.take();
        // It is our name for the peer, and means nothing there.
        msg.routing_id = 0;
        if scope.pipes.write(pipe, msg).is_ok() {
            scope.pipes.flush(pipe);
        }
        // Else the peer left just now: as if it had left a moment later.
        Ok(())
    }

    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        *msg = match self.prefetched.take() {
            Some(found) => found,
            None => self.find(scope)?,
        };
        Ok(())
    }

    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool {
        if self.prefetched.is_none() {
            self.prefetched = self.find(scope).ok();
        }
        self.prefetched.is_some()
    }

    fn has_out(&mut self, _: &mut Scope<'_>) -> bool {
        // COMPAT: whether a message can go depends on whom it is for.
        true
    }

    fn peer_number(&self, pipe: PipeId) -> Option<u32> {
        let number = self.numbers.get(pipe.0 as usize).copied();
        number.filter(|&number| number != 0)
    }

    fn peer_pipe(&self, number: u32) -> Result<PipeId, Errno> {
        self.pipes.get(&number).copied().ok_or(Errno::EHOSTUNREACH)
    }
}
