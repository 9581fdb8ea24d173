//! Who waits for a stream: the I/O thread's poller, or the thread of the application that sleeps
//! in `zmq_recv` and reads the answer itself (a lease).
//!
//! ```text
//!   with the I/O thread ── a wait begins ──► leased for this wait ── it ends ──► (given back)
//!          ▲                                        │ several were short
//!          │ the application is busy,               ▼
//!          └─ or its waits end with nothing ─ kept between waits, looked after by a timer
//! ```
//!
//! Invariant: while leased, a thread attends, or a tick is due: a stream is never forgotten. Time
//! is an argument, and what is to be done about the poller is the answer.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::msg::RecvBuffer;
use crate::queue::sync::per_thread;

/// A lease between waits is looked at that often; unused since the last time, it is over.
const TICK: Duration = Duration::from_millis(5);
/// A wait that is shorter than this is short.
const SHORT: Duration = Duration::from_millis(1);
/// So many short waits in a row, and the lease is kept between them.
const WAITS: u16 = if cfg!(loom) { 1 } else { 4 };
/// The most that it takes where the application proved to be busy in between.
const MOST_WAITS: u16 = 4096;
/// Waits in a row, without a message sent between them, after which it is a stream of messages
/// that comes in, and the I/O thread's.
const ALONE: u8 = if cfg!(loom) { 3 } else { 16 };
/// How much a thread of the application reads at once at most.
const RECEIVE: usize = 64 * 1024;

per_thread! {
    static BUFFER: RefCell<RecvBuffer> = const { RefCell::new(RecvBuffer::new(RECEIVE)) };
}

/// Lends the calling thread's buffer, which is empty. `None` while the thread is just ending.
pub(super) fn with_buffer<R>(read: impl FnOnce(&mut RecvBuffer) -> R) -> Option<R> {
    let lend = |buffer: &RefCell<RecvBuffer>| {
        let mut buffer = buffer.try_borrow_mut().ok()?;
        let result = read(&mut buffer);
        buffer.clear();
        Some(result)
    };
    BUFFER.try_with(lend).ok().flatten()
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// By the stream, or by something else that was waited for.
    Happened,
    /// By its deadline or a signal: who knows whether the thread waits again.
    InVain,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing: it stays as it is.
    Stay,
    /// The I/O thread is to come at the [tick](Lease::tick).
    Arm,
    /// The I/O thread's poller is to watch the stream again.
    GiveBack,
}

/// What a thread that wants to wait is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attend {
    /// It waits for the stream under this number, which is out of the poller already.
    Again(u64),
    /// The same, once the stream is taken out of the poller.
    Begin(u64),
    /// It does not.
    No(Then),
}

/// See the module.
pub(super) struct Lease {
    /// The number of the last wait; never used for another one, not by other leases either.
    ticket: u64,
    held: bool,
    /// A thread waits for the stream at this moment.
    attending: bool,
    /// A wait began or ended since the last tick.
    used: bool,
    /// When to look whether it is used; `None` if it ends with the present wait.
    tick: Option<Instant>,
    /// When the present wait began, unless it is kept.
    since: Option<Instant>,
    /// Short waits in a row.
    short: u16,
    /// So many of them are wanted.
    wanted: u16,
    /// Waits in a row without a message sent.
    alone: u8,
}

impl Lease {
    /// None yet.
    pub(super) fn new() -> Lease {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Lease {
            ticket: NEXT.fetch_add(1 << 32, Ordering::Relaxed),
            held: false,
            attending: false,
            used: false,
            tick: None,
            since: None,
            short: 0,
            wanted: WAITS,
            alone: 0,
        }
    }

    /// Whether the stream is out of the poller.
    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// When the I/O thread is to [look after](Lease::look_after) it.
    pub(super) fn tick(&self) -> Option<Instant> {
        self.tick
    }

    /// Whether this wait goes on.
    pub(super) fn is_attended(&self, ticket: u64) -> bool {
        self.attending && self.ticket == ticket
    }

    /// A thread wants to wait. `conversing`: a message was sent since one was received last. `now`
    /// is asked for the time if that matters.
    pub(super) fn attend(&mut self, conversing: bool, now: impl FnOnce() -> Instant) -> Attend {
        if !self.held && !conversing {
            return Attend::No(Then::Stay);
        }
        // Two who wait are better served by the I/O thread.
        if self.attending {
            return Attend::No(self.end());
        }
        self.alone = if conversing { 0 } else { self.alone + 1 };
        if self.alone >= ALONE {
            return Attend::No(self.end());
        }
        self.ticket += 1;
        self.attending = true;
        self.used = true;
        if self.held && self.tick.is_some() {
            return Attend::Again(self.ticket);
        }
        self.since = Some(now());
        self.held = true;
        Attend::Begin(self.ticket)
    }

    /// A wait is over. `now` is asked for the time if that matters.
    pub(super) fn leave(&mut self, ticket: u64, wait: Wait, now: impl FnOnce() -> Instant) -> Then {
        if !self.is_attended(ticket) {
            return Then::Stay;
        }
        self.attending = false;
        self.used = true;
        if wait == Wait::InVain {
            return self.end();
        }
        if self.tick.is_some() {
            return Then::Stay;
        }
        let now = now();
        let length = self.since.map(|since| now.saturating_duration_since(since));
        self.short = match length {
            Some(length) if length < SHORT => self.short.saturating_add(1),
            _ => 0,
        };
        if self.short < self.wanted {
            return self.end();
        }
        self.short = 0;
        self.tick = Some(now + TICK);
        Then::Arm
    }

    /// What the I/O thread does about it at the tick.
    pub(super) fn look_after(&mut self, now: Instant) -> Then {
        if self.tick.is_none_or(|tick| tick > now) {
            return Then::Stay;
        }
        if std::mem::take(&mut self.used) {
            self.tick = Some(now + TICK);
        } else if self.attending {
            // Whoever attends sees to it when the wait is over. Until then it costs nothing.
            self.tick = None;
            self.since = None;
        } else {
            // The application does something else, and the peer is not to notice.
            let then = self.end();
            self.wanted = (self.wanted * 2).min(MOST_WAITS);
            self.short = 0;
            return then;
        }
        Then::Stay
    }

    /// It is over, whatever it was.
    pub(super) fn end(&mut self) -> Then {
        let held = std::mem::take(&mut self.held);
        self.attending = false;
        if self.tick.take().is_some() {
            // It was worth keeping, and the next short wait says so again: a call that finds nothing
            // now and then is not to cost more than to give the stream back and take it again.
            self.short = self.wanted - 1;
        }
        self.alone = 0;
        if held { Then::GiveBack } else { Then::Stay }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Attend(bool),
        Leave(Wait),
        LeaveLate,
        Pass(u64),
        Serve,
        End,
    }

    /// The lease with what is around it: the poller, and the I/O thread's timer.
    struct World {
        lease: Lease,
        polled: bool,
        timer: Option<Instant>,
        now: Instant,
        tickets: Vec<u64>,
    }

    impl World {
        fn new() -> World {
            World {
                lease: Lease::new(),
                polled: true,
                timer: None,
                now: Instant::now(),
                tickets: Vec::new(),
            }
        }

        fn obey(&mut self, then: Then) {
            match then {
                Then::Stay => {}
                Then::Arm => self.timer = self.lease.tick(),
                Then::GiveBack => {
                    assert!(!self.polled, "it had it already");
                    self.polled = true;
                }
            }
        }

        fn attend(&mut self, conversing: bool) -> bool {
            let now = self.now;
            match self.lease.attend(conversing, || now) {
                Attend::Again(ticket) => {
                    assert!(!self.polled);
                    self.tickets.push(ticket);
                }
                Attend::Begin(ticket) => {
                    self.polled = false;
                    self.tickets.push(ticket);
                }
                Attend::No(then) => {
                    self.obey(then);
                    return false;
                }
            }
            true
        }

        fn leave(&mut self, wait: Wait) {
            if let Some(&ticket) = self.tickets.last() {
                let then = self.lease.leave(ticket, wait, || self.now);
                self.obey(then);
            }
        }

        /// The I/O thread comes if it is due.
        fn serve(&mut self) {
            if self.timer.is_some_and(|timer| timer <= self.now) {
                let then = self.lease.look_after(self.now);
                self.obey(then);
                self.timer = self.lease.tick();
            }
        }

        fn pass(&mut self, milliseconds: u64) {
            self.now += Duration::from_millis(milliseconds);
        }

        /// Somebody waits for the stream, or is due to see to it.
        fn check(&self) {
            let attended = self
                .tickets
                .last()
                .is_some_and(|&ticket| self.lease.is_attended(ticket));
            assert_eq!(self.polled, !self.lease.is_held());
            assert!(self.polled || attended || self.timer.is_some());
        }

        /// So many short waits that the lease is kept.
        fn converse(&mut self) {
            for _ in 0..MOST_WAITS {
                assert!(self.attend(true));
                self.leave(Wait::Happened);
                if !self.polled {
                    return;
                }
            }
            panic!("it is never kept");
        }
    }

    proptest! {
        #[test]
        fn a_stream_is_never_forgotten(steps in prop::collection::vec(
            prop_oneof![
                4 => any::<bool>().prop_map(Step::Attend),
                4 => Just(Step::Leave(Wait::Happened)),
                1 => Just(Step::Leave(Wait::InVain)),
                1 => Just(Step::LeaveLate),
                2 => (0..10_u64).prop_map(Step::Pass),
                2 => Just(Step::Serve),
                1 => Just(Step::End),
            ],
            0..300,
        )) {
            let mut world = World::new();
            for step in steps {
                match step {
                    Step::Attend(conversing) => { world.attend(conversing); }
                    Step::Leave(wait) => world.leave(wait),
                    // One that was over long ago changes nothing.
                    Step::LeaveLate if world.tickets.len() > 1 => {
                        let then = world.lease.leave(world.tickets[0], Wait::Happened, || world.now);
                        prop_assert_eq!(then, Then::Stay);
                    }
                    Step::LeaveLate => {}
                    Step::Pass(milliseconds) => world.pass(milliseconds),
                    Step::Serve => world.serve(),
                    Step::End => { let then = world.lease.end(); world.obey(then); }
                }
                world.check();
            }
            // Whatever happened, without a thread that attends the poller has it soon.
            world.leave(Wait::Happened);
            for _ in 0..3 {
                world.pass(5);
                world.serve();
            }
            prop_assert!(world.polled);
        }
    }

    #[test]
    fn an_idle_wait_needs_no_timer() {
        let mut world = World::new();
        world.converse();
        assert!(world.attend(true));
        for _ in 0..3 {
            world.pass(5);
            world.serve();
        }
        assert_eq!((world.timer, world.polled), (None, false));
        world.leave(Wait::Happened);
        assert!(world.polled);
    }

    #[test]
    fn what_was_kept_is_kept_again_after_one_short_wait() {
        let mut world = World::new();
        world.converse();
        let then = world.lease.end();
        world.obey(then);
        assert!(world.polled);
        assert!(world.attend(true));
        world.leave(Wait::Happened);
        assert!(!world.polled);
        // Not after a long one.
        let then = world.lease.end();
        world.obey(then);
        assert!(world.attend(true));
        world.pass(2);
        world.leave(Wait::Happened);
        assert!(world.polled);
    }

    #[test]
    fn what_only_comes_in_is_the_io_threads() {
        let mut world = World::new();
        assert!(!world.attend(false));
        world.converse();
        let waits = (0..100).take_while(|_| {
            let attends = world.attend(false);
            world.leave(Wait::Happened);
            attends
        });
        assert_eq!(waits.count(), usize::from(ALONE) - 1);
        assert!(world.polled);
    }

    #[test]
    fn a_busy_application_is_believed_less_each_time() {
        let mut world = World::new();
        let mut wanted = world.lease.wanted;
        for _ in 0..3 {
            world.converse();
            for _ in 0..2 {
                world.pass(5);
                world.serve();
            }
            assert!(world.polled);
            assert_eq!(world.lease.wanted, wanted * 2);
            wanted = world.lease.wanted;
        }
    }
}
