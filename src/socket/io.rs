//! Sending, receiving, and waiting for either.
//!
//! Invariant: a call that may wait tries first, then sleeps with its parker in the inbox, then
//! tries again; whatever could make it succeed leaves a mark there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::errno::Errno;
use crate::msg::{Msg, flag};
use crate::runtime::Inbox;
use crate::sys;

use super::wait::For;
use super::{Guard, Socket};

/// `ZMQ_DONTWAIT`.
const DONTWAIT: i32 = 1;
/// `ZMQ_SNDMORE`.
const SNDMORE: i32 = 2;
/// `ZMQ_POLLIN`.
pub const POLLIN: i32 = 1;
/// `ZMQ_POLLOUT`.
pub const POLLOUT: i32 = 2;

/// Until when to wait, for a timeout in milliseconds (-1: for ever, `None`).
fn deadline(timeout: i32) -> Option<Instant> {
    let timeout = u64::try_from(timeout).ok()?;
    sys::now().checked_add(Duration::from_millis(timeout))
}

impl Socket {
    /// Sends one part; on `Ok` the message was taken and left empty. `EAGAIN` when it would have
    /// to wait longer than it may, and what the pattern says.
    pub fn send(&self, msg: &mut Msg, flags: i32) -> Result<(), Errno> {
        let mut inner = self.enter()?;
        if flags & SNDMORE == 0 && inner.send_straight(msg) {
            return Ok(());
        }
        self.send_slowly(inner, msg, flags)
    }

    /// Apart, so that what goes straight does not pay for what this needs.
    #[inline(never)]
    fn send_slowly<'a>(
        &'a self,
        mut inner: Guard<'a>,
        msg: &mut Msg,
        flags: i32,
    ) -> Result<(), Errno> {
        inner.prepare(msg, flags & SNDMORE != 0);
        match inner.with_pattern(|pattern, scope| pattern.send(scope, msg)) {
            Err(Errno::EAGAIN) => {}
            result => return inner.sent(result),
        }
        if flags & DONTWAIT != 0 || inner.options.sndtimeo == 0 {
            return Err(Errno::EAGAIN);
        }
        let deadline = deadline(inner.options.sndtimeo);
        loop {
            inner = self.wait(inner, deadline, For::Anything)?;
            inner.may_write_now = true;
            match inner.with_pattern(|pattern, scope| pattern.send(scope, msg)) {
                Err(Errno::EAGAIN) if deadline.is_none_or(|at| at > sys::now()) => {}
                result => return inner.sent(result),
            }
        }
    }

    /// Receives one part, in place of what `msg` held. `EAGAIN` when it would have to wait longer
    /// than it may, and what the pattern says.
    pub fn recv(&self, msg: &mut Msg, flags: i32) -> Result<(), Errno> {
        let mut inner = self.enter()?;
        if inner.recv_straight(msg) {
            return Ok(());
        }
        self.recv_slowly(inner, msg, flags)
    }

    #[inline(never)]
    fn recv_slowly<'a>(
        &'a self,
        mut inner: Guard<'a>,
        msg: &mut Msg,
        flags: i32,
    ) -> Result<(), Errno> {
        inner.spent.settle();
        match inner.with_pattern(|pattern, scope| pattern.recv(scope, msg)) {
            Err(Errno::EAGAIN) => {}
            result => return inner.received(msg, result),
        }
        // COMPAT: what it held is let go of before anything comes.
        *msg = Msg::empty();
        if flags & DONTWAIT != 0 || inner.options.rcvtimeo == 0 {
            inner.found_nothing();
            return Err(Errno::EAGAIN);
        }
        let deadline = deadline(inner.options.rcvtimeo);
        loop {
            inner = self.wait(inner, deadline, For::Messages)?;
            match inner.with_pattern(|pattern, scope| pattern.recv(scope, msg)) {
                Err(Errno::EAGAIN) if deadline.is_none_or(|at| at > sys::now()) => {}
                result => return inner.received(msg, result),
            }
        }
    }

    /// What can be done now: a set of [`POLLIN`] and [`POLLOUT`].
    pub fn events(&self) -> Result<i32, Errno> {
        Ok(self.enter()?.events())
    }

    /// Whether a part can be sent now. Does not look for something to receive, as
    /// [`events`](Socket::events) does.
    pub fn is_writable(&self) -> Result<bool, Errno> {
        let mut inner = self.enter()?;
        Ok(inner.with_pattern(|pattern, scope| pattern.has_out(scope)))
    }

    /// Waits until one of these events is there, or until the deadline has come (none). `ETERM`,
    /// `EINTR`, `ENOTSOCK`.
    pub fn await_events(&self, wanted: i32, deadline: Option<Instant>) -> Result<i32, Errno> {
        let mut inner = self.enter()?;
        loop {
            let events = inner.look_for(wanted);
            if events != 0 || deadline.is_some_and(|at| at <= sys::now()) {
                return Ok(events);
            }
            inner = self.wait(inner, deadline, For::those(wanted))?;
        }
    }

    /// Where the socket is told things, for those who wait for several.
    pub fn inbox(&self) -> Result<Arc<Inbox>, Errno> {
        Ok(self.lock()?.inbox.clone())
    }
}

impl super::Inner {
    /// Sends a part as a message of its own, if it is settled which pipe it goes to and there is room.
    /// `false` changes nothing: the pattern is to be asked.
    #[inline(always)]
    fn send_straight(&mut self, msg: &mut Msg) -> bool {
        let Some(pipe) = self.straight.out else {
            return false;
        };
        if !self.pipes.publish_straight(pipe, msg) {
            return false;
        }
        self.settle();
        self.sent_last = true;
        true
    }

    /// Receives a message of a single part, if it is settled which pipe it comes from and there is
    /// one. `false`: the pattern is to be asked.
    #[inline(always)]
    fn recv_straight(&mut self, msg: &mut Msg) -> bool {
        let Some(pipe) = self.straight.inbound else {
            return false;
        };
        if !self.pipes.read_straight(pipe, msg, &mut self.spent) {
            return false;
        }
        self.got(false);
        true
    }

    #[inline]
    fn sent(&mut self, result: Result<(), Errno>) -> Result<(), Errno> {
        self.sent_last |= result.is_ok();
        result
    }

    /// Takes off a part what it may have of a socket that it was received from.
    #[inline]
    pub(super) fn prepare(&self, msg: &mut Msg, more: bool) {
        msg.clear(!flag::SHARED);
        if more {
            msg.set(flag::MORE);
        }
        if !self.kind.has_groups {
            msg.set_metadata(None);
        }
        if !self.kind.numbers_peers {
            msg.routing_id = 0;
        }
    }

    #[inline]
    pub(super) fn received(&mut self, msg: &Msg, result: Result<(), Errno>) -> Result<(), Errno> {
        result?;
        self.got(msg.more());
        Ok(())
    }

    /// A part was received.
    #[inline(always)]
    fn got(&mut self, more: bool) {
        self.receive_more = more;
        self.may_write_now = true;
        self.conversing = false;
        self.sent_last = false;
    }

    pub(super) fn events(&mut self) -> i32 {
        let events = self.look();
        if events & POLLIN == 0 {
            // Who looks may not come to wait here, and never see what nobody reads.
            self.found_nothing();
        }
        events
    }

    fn look(&mut self) -> i32 {
        self.look_for(POLLIN | POLLOUT)
    }

    /// Which of these events are there now.
    pub(super) fn look_for(&mut self, wanted: i32) -> i32 {
        self.with_pattern(|pattern, scope| {
            let mut events = 0;
            if wanted & POLLIN != 0 && pattern.has_in(scope) {
                events |= POLLIN;
            }
            if wanted & POLLOUT != 0 && pattern.has_out(scope) {
                events |= POLLOUT;
            }
            events
        })
    }
}
