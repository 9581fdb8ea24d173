//! XSUB (RFC 29): fair-queued in, subscriptions and other messages out to every publisher.
//!
//! Invariant: every publisher was told, or is about to be told by `behind`, what `interests` says:
//! a full pipe delays subscriptions and never loses them.

use super::behind::Behind;
use super::distribute::Distribute;
use super::fair_queue::FairQueue;
use super::subscriptions::{Interests, Removed};
use super::xpub::request;
use super::{Arrival, Pattern, Scope, Straight};
use crate::errno::Errno;
use crate::msg::{Msg, flag};
use crate::runtime::{PipeId, Pipes};

/// See the module.
pub(super) struct Xsub {
    /// A SUB: the application gets only what it asked for, whatever publishers send.
    filter: bool,
    inbound: FairQueue,
    outbound: Distribute,
    pub(super) interests: Interests,
    behind: Behind,
    /// The first part of a message that passed the filter before the application asked for it.
    prefetched: Option<(PipeId, Msg)>,
    /// The application has read a part and more follow.
    more_in: bool,
    /// The application has sent a part and more follow.
    more_out: bool,
    /// Parts of the present outgoing message may be subscriptions.
    process: bool,
    /// `ZMQ_INVERT_MATCHING`, as it was when something was last received; before that `true`, so
    /// that somebody looks.
    inverted: bool,
}

impl Xsub {
    /// `filter`: messages that nothing was subscribed for are dropped (SUB).
    pub(super) fn new(filter: bool) -> Xsub {
        Xsub {
            filter,
            inbound: FairQueue::default(),
            outbound: Distribute::default(),
            interests: Interests::default(),
            behind: Behind::default(),
            prefetched: None,
            more_in: false,
            more_out: false,
            process: true,
            inverted: true,
        }
    }

    /// Whether every message passes the filter.
    fn wants_all(&self) -> bool {
        !self.filter || (self.interests.wants_all() && !self.inverted)
    }

    /// Tells every publisher about a subscription or cancellation.
    pub(super) fn tell_all(&mut self, pipes: &mut Pipes, mut msg: Msg) {
        let Xsub {
            outbound, behind, ..
        } = self;
        let mut full = Vec::new();
        for pipe in outbound.iter() {
            if !behind.tell(pipes, pipe, msg.share()) {
                full.push(pipe);
            }
        }
        for pipe in full {
            outbound.hold(pipe);
        }
    }

    /// Tells a publisher that knows nothing yet about every subscription.
    fn tell_everything(&mut self, pipes: &mut Pipes, pipe: PipeId) {
        self.behind.forget(pipe);
        let mut told = true;
        for topic in self.interests.iter() {
            let Ok(mut msg) = request(1, topic) else {
                // Better no publisher than one that leaves out topics.
                pipes.terminate(pipe);
                return;
            };
            msg.set(flag::SUBSCRIBE);
            told &= self.behind.tell(pipes, pipe, msg);
        }
        if !told {
            self.outbound.hold(pipe);
        }
    }

    /// Sends a part to every publisher that has room.
    fn spread(&mut self, pipes: &mut Pipes, msg: &mut Msg) {
        if !self.outbound.is_mid_message() {
            self.outbound.begin();
            self.outbound.mark_all();
        }
        self.outbound.send(pipes, msg);
    }

    #[inline(always)]
    fn wanted(&self, scope: &Scope<'_>, msg: &Msg) -> bool {
        self.interests.matches(msg.data()) != scope.options.invert_matching
    }

    /// Reads up to a first part that passes the filter.
    #[inline(always)]
    fn find(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<PipeId, Errno> {
        loop {
            let pipe = self.inbound.recv(scope.pipes, msg)?;
            if self.wanted(scope, msg) {
                return Ok(pipe);
            }
            self.inbound.skip(scope.pipes, msg);
        }
    }
}

impl Pattern for Xsub {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, _: Arrival<'_>) {
        self.inbound.attach(pipe);
        self.outbound.attach(pipe);
        self.tell_everything(scope.pipes, pipe);
    }

    fn readable(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.inbound.activate(pipe);
    }

    fn writable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        if self.behind.catch_up(scope.pipes, pipe) {
            self.outbound.activate(pipe);
        }
    }

    fn hiccuped(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        // Subscriptions must not get into a message that was begun.
        scope.pipes.rollback(pipe);
        self.outbound.leave_out(pipe);
        self.tell_everything(scope.pipes, pipe);
    }

    fn gone(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.inbound.gone(pipe);
        self.outbound.gone(pipe);
        self.behind.forget(pipe);
        if self
            .prefetched
            .take_if(|(from, part)| *from == pipe && part.more())
            .is_some()
        {
            self.inbound.forget_cut();
        }
    }

    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        let more = msg.more();
        let first = !self.more_out;
        if first {
            self.process = !scope.options.only_first_subscribe;
        }
        // RFC 29: 0x01 and 0x00 at the beginning of a message are verbs.
        let verb = if first || self.process {
            msg.data().first()
        } else {
            None
        };
        match verb {
            Some(1) => {
                // Every one is sent: a verbose XPUB behind a proxy wants to see them all.
                self.interests.add(&msg.data()[1..])?;
                self.process = true;
            }
            Some(0) => {
                self.process = true;
                let removed = self.interests.remove(&msg.data()[1..]);
                let news = removed == Removed::Last || scope.options.xsub_verbose_unsubscribe;
                if !news && first && !more {
                    *msg = Msg::empty();
                    return Ok(());
                }
            }
            _ => {}
        }
        self.more_out = more;
        match verb {
            Some(verb @ (0 | 1)) if first && !more => {
                let mark = if *verb == 1 {
                    flag::SUBSCRIBE
                } else {
                    flag::CANCEL
                };
                let mut request = msg.take();
                request.set(mark);
                self.tell_all(scope.pipes, request);
            }
            // Parts of a longer message stay data, which any publisher takes.
            _ => self.spread(scope.pipes, msg),
        }
        Ok(())
    }

    #[inline]
    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        if let Some((_, part)) = self.prefetched.take() {
            *msg = part;
        } else if self.filter && !self.more_in {
            self.find(scope, msg)?;
        } else {
            self.inbound.recv(scope.pipes, msg)?;
        }
        self.inverted = scope.options.invert_matching;
        self.more_in = msg.more();
        Ok(())
    }

    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool {
        if self.prefetched.is_some() {
            return true;
        }
        if !self.filter || self.more_in {
            return self.inbound.has_in(scope.pipes);
        }
        let mut part = Msg::empty();
        let Ok(pipe) = self.find(scope, &mut part) else {
            return false;
        };
        self.prefetched = Some((pipe, part));
        true
    }

    fn has_out(&mut self, _: &mut Scope<'_>) -> bool {
        // A subscription can be made at any time.
        true
    }

    fn straight(&self) -> Straight {
        let whole = !self.more_in && self.prefetched.is_none() && self.wants_all();
        Straight {
            out: None,
            inbound: self.inbound.sole().filter(|_| whole),
        }
    }

    fn topics_count(&self) -> Option<usize> {
        Some(self.interests.len())
    }
}
