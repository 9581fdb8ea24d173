//! Reading in a thread of the application, which waits for the stream itself.
//!
//! Invariant: only a connection with nothing else to do is lent out, and whatever turns up in
//! between (an error, a full pipe, a full kernel) is left for the I/O thread to find.

use std::os::fd::RawFd;
use std::time::Instant;

use super::super::lease::{Attend, Lease, Then, Wait};
use super::{Connection, Context, End, TURN};
use crate::msg::RecvBuffer;
use crate::runtime::{Loan, Pipe, Post, Ready, Watch};
use crate::sys;

/// So often a stream of many is read at most.
const READS: usize = 2;

impl Connection {
    /// Whether there is nothing to do but to wait for what the peer says.
    fn is_steady(&self) -> bool {
        let idle = !self.blocked && self.out.is_empty() && self.refused.is_none();
        let sound = self.broken.is_none() && self.found.is_none() && !self.ending;
        self.ready && idle && sound && !self.undrained
    }

    /// Whether the stream is out of the poller.
    pub(super) fn is_lent(&self) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.is_held())
    }

    /// When the lease is to be looked after.
    pub(super) fn tick(&self) -> Option<Instant> {
        self.lease.as_ref()?.tick()
    }

    /// A thread of the application wants to wait for the stream.
    pub(in super::super) fn lend(&mut self, post: &Post, conversing: bool) -> Option<Loan> {
        if self.lease.is_none() && !conversing {
            return None;
        }
        if !self.is_steady() || post.is_marked() {
            self.give_back(post);
            return None;
        }
        let fd = self.fd();
        match self
            .lease
            .get_or_insert_with(Box::default)
            .attend(conversing, sys::now)
        {
            Attend::Again(ticket) => Some(Loan { fd, ticket }),
            Attend::Begin(ticket) => {
                if self.watched.take().is_some() {
                    post.deregister(fd);
                }
                Some(Loan { fd, ticket })
            }
            Attend::No(then) => {
                self.obey(post, then);
                None
            }
        }
    }

    /// Reads what the stream holds, for the thread that waits for it. `true`: nothing came of it
    /// that the socket would hear of, and it may wait on.
    pub(in super::super) fn read_now(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        ticket: u64,
        buffer: &mut RecvBuffer,
        now: Instant,
    ) -> bool {
        let attended = self
            .lease
            .as_ref()
            .is_some_and(|lease| lease.is_attended(ticket));
        // What is asked of the session comes first: it may be to end.
        if !attended || !self.is_steady() || cx.post.is_marked() {
            return false;
        }
        self.now = now;
        self.undrained = true;
        self.delivered = false;
        match self.read(cx, pipe, buffer, TURN) {
            // A turn was not enough. That does not matter: who waits is told again.
            Ok(true) => self.undrained = false,
            Ok(false) => {}
            Err(end) => self.found = Some(end),
        }
        if !self.out.is_empty() && self.found.is_none() {
            self.write_out();
        }
        !self.delivered && self.is_steady()
    }

    /// A thread of the application waits no more. `true`: it may wait again without further ado.
    pub(in super::super) fn leave(&mut self, post: &Post, ticket: u64, wait: Wait) -> bool {
        let steady = self.is_steady();
        let Some(lease) = &mut self.lease else {
            return false;
        };
        let mut then = lease.leave(ticket, wait, sys::now);
        if !steady {
            then = lease.end();
        }
        self.obey(post, then);
        if !steady {
            // The I/O thread is to see why.
            post.ask();
        }
        self.is_lent()
    }

    /// The I/O thread looks after the lease. `over`: there is no more of it in any case.
    pub(in super::super) fn look_after(&mut self, post: &Post, over: bool, now: Instant) {
        let over = over || !self.is_steady();
        let Some(lease) = &mut self.lease else { return };
        let then = if over {
            lease.end()
        } else {
            lease.look_after(now)
        };
        self.obey(post, then);
    }

    /// Has the I/O thread watch the stream, if it does not.
    pub(in super::super) fn give_back(&mut self, post: &Post) {
        if let Some(lease) = &mut self.lease {
            let then = lease.end();
            self.obey(post, then);
        }
    }

    /// Its descriptor and what a poller watches it for, if one does.
    pub(in super::super) fn watched(&self) -> Option<(RawFd, Watch)> {
        Some((self.fd(), self.watched?))
    }

    /// Reads what the stream holds, for a thread that looked into the nest. `true`: nothing came of
    /// it that the socket would hear of.
    pub(in super::super) fn read_aside(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        buffer: &mut RecvBuffer,
        ready: Ready,
        now: Instant,
    ) -> bool {
        let simple = ready.readable && !ready.closed && !ready.writable;
        // What is asked of the session comes first: it may be to end.
        if !simple || !self.is_steady() || cx.post.is_marked() {
            self.leave_ready(cx.post, ready);
            return true;
        }
        self.now = now;
        self.undrained = true;
        self.delivered = false;
        let more = self.read(cx, pipe, buffer, READS).unwrap_or_else(|end| {
            self.found = Some(end);
            true
        });
        if !self.out.is_empty() && self.found.is_none() {
            self.write_out();
        }
        // A pipe that is full says when there is room.
        let waits = self.refused.is_some() && self.found.is_none() && self.out.is_empty();
        if more || !(waits || self.is_steady()) {
            cx.post.ask();
        }
        !self.delivered
    }

    /// Leaves to the I/O thread what was found ready.
    pub(in super::super) fn leave_ready(&mut self, post: &Post, ready: Ready) {
        self.undrained |= ready.readable;
        self.ending |= ready.closed;
        if ready.writable {
            let idle = !self.blocked && self.out.is_empty();
            self.blocked = false;
            if let Err(end) = self.watch(post, idle) {
                self.found.get_or_insert(end);
            }
        }
        post.ask();
    }

    fn obey(&mut self, post: &Post, then: Then) {
        match then {
            Then::Stay => {}
            Then::Arm => post.ask_sooner(),
            // What came meanwhile is told at once: registering counts as an edge.
            Then::GiveBack => {
                let watch = if self.blocked {
                    Watch::Both
                } else {
                    Watch::Reading
                };
                match post.register(self.fd(), watch) {
                    Ok(()) => self.watched = Some(watch),
                    Err(errno) => {
                        self.found.get_or_insert(End::Stream(errno));
                        post.ask();
                    }
                }
            }
        }
    }
}

impl Default for Lease {
    fn default() -> Lease {
        Lease::new()
    }
}
