//! One conversation with one peer: a stream, a protocol and one end of a pipe; and the listener
//! that begins them.
//!
//! ```text
//!             ┌────────────────── reconnect ───────────────────┐
//!             ▼                                                │
//!   Waiting ──► Resolving ──► Connecting ──► (Proxying) ──► Running ──► Ended
//!      ▲             │             │              │            ▲
//!      └── back-off ─┴─────────────┴──────────────┘            └ accepted sessions begin here
//! ```
//!
//! Invariant: a session belongs to no thread. Whoever holds its lock may drive it; the lock of a
//! socket may be held while a session's is taken, never the other way round: a session tells its
//! socket something by the pipe, or by a mark in the inbox.

mod connecter;
mod connection;
mod crowd;
mod datagrams;
mod errand;
mod lease;
mod listener;
mod obituary;
mod plan;
mod portions;
mod protocol;
#[cfg(all(test, not(loom)))]
mod tests;
mod zap;

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::errno::Errno;
use crate::msg::RecvBuffer;
use crate::queue::sync::{AtomicBool, AtomicI32, Ordering, Tried, TriedGuard};
use crate::runtime::{
    Driver, Ends, Handler, IoThread, Lender, Loan, Nest, Next, Pipe, Post, Ready, Share, Standing,
    Turn, Watch, mark,
};
use crate::sys;
use crate::transport::Stream;

pub use connecter::Connecter;
use connecter::{Proxy, Step};
use connection::{Connection, Outcome};
pub use crowd::Crowd;

pub use datagrams::Exchange;
pub use listener::Listening;
pub use plan::Plan;

/// "Nobody asked to close" in [`Session::asked`].
const NOT_ASKED: i32 = i32::MIN;

/// `ZMQ_RECONNECT_STOP_AFTER_DISCONNECT`.
const STOP_AFTER_DISCONNECT: i32 = 4;
/// `ZMQ_NOTIFY_DISCONNECT`.
const NOTIFY_DISCONNECT: i32 = 2;

/// See the module.
pub struct Session {
    /// Itself, for those that it gives handles to.
    me: Weak<Session>,
    post: Arc<Post>,
    plan: Arc<Plan>,
    /// The linger with which the socket asked the session to close, in milliseconds.
    asked: AtomicI32,
    /// It was asked by `zmq_disconnect`.
    disconnected: AtomicBool,
    /// The sending thread is to write portions, and that it would do so.
    portioned: AtomicBool,
    offered: AtomicBool,
    core: Tried<Core>,
}

enum Phase {
    /// Waits for its turn to connect.
    Waiting { until: Option<Instant> },
    /// Another thread asks a name service.
    Resolving,
    /// The kernel is connecting.
    Connecting {
        stream: Stream,
        deadline: Option<Instant>,
    },
    /// A proxy is to connect to the peer.
    Proxying { stream: Stream, proxy: Box<Proxy> },
    /// Talks to the peer.
    Running(Box<Connection>),
    /// Over.
    Ended,
}

struct Core {
    phase: Phase,
    /// `None` for sessions that the peer began.
    connecter: Option<Box<Connecter>>,
    /// This end of the pipe: before the handshake only if the session connects at once.
    pipe: Option<Pipe>,
    /// The pipe was attached once and is gone: there is nobody to talk for.
    orphaned: bool,
    closing: Option<Closing>,
    share: Option<Share>,
    /// When the I/O thread comes even if nothing happens.
    awaited: Option<Instant>,
}

/// The session is to end once all is sent, or at the deadline.
#[derive(Clone, Copy)]
struct Closing {
    deadline: Option<Instant>,
}

impl Session {
    /// A session that connects to an endpoint. `pipe` is given unless it is to be made when the
    /// connection stands (`ZMQ_IMMEDIATE`). Nothing happens before it is scheduled.
    pub fn connecting(
        plan: Arc<Plan>,
        io: &IoThread,
        connecter: Connecter,
        pipe: Option<Pipe>,
    ) -> Arc<Session> {
        let session = Session::new(
            plan,
            io,
            Phase::Waiting { until: None },
            Some(Box::new(connecter)),
        );
        if let Some(pipe) = pipe {
            pipe.set_owner(session.post.clone());
            pipe.set_token(0);
            session.core.lock().pipe = Some(pipe);
        }
        session
    }

    /// A session with a peer that a listener accepted.
    fn accepted(plan: Arc<Plan>, io: &IoThread, stream: Stream, ends: Ends) -> Arc<Session> {
        let connection = Connection::new(&plan, stream, false, ends, None, sys::now());
        Session::new(plan, io, Phase::Running(Box::new(connection)), None)
    }

    fn new(
        plan: Arc<Plan>,
        io: &IoThread,
        phase: Phase,
        connecter: Option<Box<Connecter>>,
    ) -> Arc<Session> {
        let key = io.reserve();
        let session = Arc::new_cyclic(|me| Session {
            me: me.clone(),
            post: Arc::new(Post::new(io.clone(), key)),
            asked: AtomicI32::new(NOT_ASKED),
            disconnected: AtomicBool::new(false),
            portioned: AtomicBool::new(false),
            offered: AtomicBool::new(false),
            core: Tried::new(Core {
                phase,
                connecter,
                pipe: None,
                orphaned: false,
                closing: None,
                share: Some(plan.shares.share()),
                awaited: None,
            }),
            plan,
        });
        io.add(key, session.clone());
        session
    }

    /// Has the I/O thread begin.
    pub fn start(&self) {
        self.post.ask();
    }

    /// Asks the session to end: at once with linger 0, when all is sent with -1, else by then.
    pub fn close(&self, linger: i32) {
        self.asked.store(linger, Ordering::Release);
        self.post.ask();
    }

    /// Like [`close`](Session::close), as the application disconnects from this very endpoint.
    pub fn disconnect(&self, linger: i32) {
        self.disconnected.store(true, Ordering::Release);
        self.close(linger);
    }

    /// Whether it connects no more (`ZMQ_RECONNECT_STOP_AFTER_DISCONNECT`).
    fn gave_up(&self) -> bool {
        self.plan.options.reconnect_stop & STOP_AFTER_DISCONNECT != 0
            && self.disconnected.load(Ordering::Acquire)
    }

    fn is_over(&self) -> bool {
        self.core
            .try_lock()
            .is_some_and(|core| matches!(core.phase, Phase::Ended))
    }

    fn context(&self, connecting: bool) -> connection::Context<'_> {
        connection::Context {
            plan: &self.plan,
            session: &self.me,
            post: &self.post,
            connecting,
            offered: self.offered.swap(false, Ordering::Relaxed),
        }
    }

    /// One look at everything that may have changed, under the lock.
    fn step(&self, core: &mut Core, turn: &mut Turn<'_>, ready: Ready) -> Next {
        let marks = self.post.take();
        self.hear(core, marks, turn.now);
        // What the peer does to a session that is over is of interest to nobody.
        self.wind_up(core, turn.now);
        let mut again = false;
        match &mut core.phase {
            Phase::Running(connection) => {
                let cx = self.context(core.connecter.is_some());
                let over = core.closing.is_some() || core.orphaned;
                connection.look_after(&self.post, over, turn.now);
                let outcome = connection.drive(&cx, &mut core.pipe, turn, ready, marks);
                let portioned = connection.is_portioned();
                self.portioned.store(portioned, Ordering::Relaxed);
                match outcome {
                    Outcome::Fine { more } => again = more,
                    Outcome::Over(end) => self.lost(core, end, turn.now),
                }
            }
            Phase::Ended => {}
            _ => self.advance(core, turn.now),
        }
        self.wind_up(core, turn.now);
        if matches!(core.phase, Phase::Ended) {
            core.pipe = None;
            core.share = None;
            return Next {
                ended: true,
                ..Next::default()
            };
        }
        core.awaited = self.deadline(core);
        Next {
            deadline: core.awaited,
            ended: false,
            again,
        }
    }

    /// Takes in what was asked and what became of the socket's end of the pipe.
    fn hear(&self, core: &mut Core, marks: u32, now: Instant) {
        if marks & mark::ASKED != 0 && core.closing.is_none() {
            match self.asked.load(Ordering::Acquire) {
                NOT_ASKED => {}
                -1 => core.closing = Some(Closing { deadline: None }),
                linger => {
                    let linger = Duration::from_millis(linger.max(0) as u64);
                    core.closing = Some(Closing {
                        deadline: now.checked_add(linger),
                    });
                }
            }
            if core.closing.is_some()
                && let Some(pipe) = &mut core.pipe
            {
                pipe.retire();
            }
        }
        self.check_pipe(core);
    }

    /// Lets go of the pipe once the socket has, and everything it wrote was read.
    fn check_pipe(&self, core: &mut Core) {
        if let Some(pipe) = &mut core.pipe
            && pipe.is_finished()
        {
            core.pipe = None;
            core.orphaned = true;
        }
    }

    /// Ends the session if it is to end and nothing holds it any more.
    fn wind_up(&self, core: &mut Core, now: Instant) {
        self.check_pipe(core);
        let unsent = match &core.phase {
            Phase::Running(connection) => connection.has_unsent(),
            _ => false,
        };
        if core.orphaned && self.plan.ends_with_pipe && !unsent && core.closing.is_none() {
            // The application hung up on this peer.
            core.closing = Some(Closing { deadline: None });
        }
        let Some(closing) = core.closing else { return };
        let done = core.pipe.is_none() && !unsent;
        let late = closing.deadline.is_some_and(|deadline| deadline <= now);
        let hopeless = self.gave_up() && !matches!(core.phase, Phase::Running(_));
        if done || late || hopeless {
            self.end(core);
        }
    }

    fn end(&self, core: &mut Core) {
        match std::mem::replace(&mut core.phase, Phase::Ended) {
            Phase::Running(mut connection) => {
                connection.say_goodbye();
                self.post.deregister(connection.fd());
                connection.shut();
            }
            Phase::Connecting { stream, .. } | Phase::Proxying { stream, .. } => {
                self.post.deregister(connecter::fd_of(&stream));
            }
            _ => {}
        }
    }

    /// The connection is lost: connect again, or end.
    fn lost(&self, core: &mut Core, end: connection::End, now: Instant) {
        let mut greeted = false;
        if let Phase::Running(connection) =
            std::mem::replace(&mut core.phase, Phase::Waiting { until: None })
        {
            self.post.deregister(connection.fd());
            connection.shut();
            connection.report_lost(&self.plan, &end, core.pipe.as_mut());
            greeted = connection.is_ready();
        }
        let connects = core.connecter.is_some();
        if let Some(pipe) = &mut core.pipe {
            pipe.rollback();
            pipe.flush();
            if greeted {
                self.tell_loss(pipe, connects);
            }
            // The rest of a message whose beginning is lost.
            while pipe.is_mid_read() && pipe.read().is_some() {}
        }
        let Some(connecter) = &mut core.connecter else {
            core.pipe = None;
            core.phase = Phase::Ended;
            return;
        };
        let may_retry = connecter.may_retry(&self.plan, &end, greeted) && !self.gave_up();
        if core.orphaned || !may_retry {
            core.pipe = None;
            core.phase = Phase::Ended;
            return;
        }
        if self.plan.options.immediate {
            // Its messages go to peers that are there.
            core.pipe = None;
        } else if let Some(pipe) = &mut core.pipe
            && self.plan.subscribes
        {
            pipe.discard_incoming();
            pipe.hiccup();
        }
        let until = connecter.back_off(&self.plan, now);
        core.phase = Phase::Waiting { until };
    }

    /// Has the socket read what it wants to read when a peer is lost.
    fn tell_loss(&self, pipe: &mut Pipe, connects: bool) {
        let options = &self.plan.options;
        // RFC 28 has no word for it: an empty message, behind the routing id.
        if options.router_notify & NOTIFY_DISCONNECT != 0 {
            pipe.write_anyway(b"");
        }
        let words = if connects {
            &options.hiccup_msg
        } else {
            &options.disconnect_msg
        };
        if !words.is_empty() {
            pipe.write_anyway(words);
        }
    }

    /// Goes on connecting as far as it goes without waiting.
    fn advance(&self, core: &mut Core, now: Instant) {
        let Some(connecter) = &mut core.connecter else {
            return;
        };
        let phase = std::mem::replace(&mut core.phase, Phase::Waiting { until: None });
        core.phase = match connecter.advance(phase, &self.plan, &self.post, &self.me, now) {
            Step::Stay(phase) => phase,
            Step::Connected { stream, registered } => {
                let ends = connecter.ends().clone();
                let address = Some(connecter.address());
                let connection =
                    Connection::new(&self.plan, stream, registered, ends, address, now);
                // Drive it once: what the peer sent may be there, our greeting waits.
                self.post.ask();
                Phase::Running(Box::new(connection))
            }
            Step::GiveUp => {
                core.pipe = None;
                Phase::Ended
            }
        };
    }

    fn deadline(&self, core: &Core) -> Option<Instant> {
        let own = match &core.phase {
            Phase::Waiting { until } => *until,
            Phase::Connecting { deadline, .. } => *deadline,
            Phase::Proxying { proxy, .. } => proxy.deadline,
            Phase::Running(connection) => connection.deadline(),
            Phase::Resolving | Phase::Ended => None,
        };
        let closing = core.closing.and_then(|closing| closing.deadline);
        [own, closing].into_iter().flatten().min()
    }

    /// Hands in what a name service said, from another thread.
    fn resolved(&self, answer: Result<Vec<crate::transport::Target>, Errno>) {
        {
            let mut core = self.core.lock();
            if matches!(core.phase, Phase::Resolving)
                && let Some(connecter) = &mut core.connecter
            {
                connecter.take_answer(answer);
                core.phase = Phase::Waiting { until: None };
            }
        }
        self.post.ask();
    }
}

/// Lets go of the lock, then tells the socket what it waits to hear: were it told before, its
/// thread might take this one's processor, find the lock taken, and have its answer sent by another.
fn tell_unlocked(mut core: TriedGuard<'_, Core>) {
    let owed = core.pipe.as_mut().and_then(Pipe::take_owed);
    drop(core);
    if let Some(owed) = owed {
        owed.tell();
    }
}

/// The I/O thread's handle on a session.
impl Handler for Session {
    fn drive(&self, turn: &mut Turn<'_>, ready: Ready) -> Next {
        let only_timer = ready.timer && !(ready.readable || ready.writable || ready.marked);
        let core = if only_timer && self.portioned.load(Ordering::Relaxed) {
            // Whoever has the lock may be the one for whom the I/O thread looks.
            self.core.try_lock()
        } else {
            Some(self.core.lock())
        };
        let Some(mut core) = core else {
            return Next {
                deadline: Some(turn.now + portions::LONGEST),
                ..Next::default()
            };
        };
        let next = self.step(&mut core, turn, ready);
        tell_unlocked(core);
        next
    }

    fn drive_aside(&self, ready: Ready) -> bool {
        let mut guard = self.core.lock();
        let core = &mut *guard;
        let over = core.closing.is_some() || core.orphaned;
        let Phase::Running(connection) = &mut core.phase else {
            self.post.ask();
            return true;
        };
        if over {
            // It is about to end, which only the I/O thread sees to.
            connection.leave_ready(&self.post, ready);
            return true;
        }
        let cx = self.context(core.connecter.is_some());
        let read = |buffer: &mut RecvBuffer| {
            connection.read_aside(&cx, &mut core.pipe, buffer, ready, sys::now())
        };
        let quiet = lease::with_buffer(read).unwrap_or_else(|| {
            connection.leave_ready(&self.post, ready);
            true
        });
        if let Some(deadline) = connection.deadline()
            && core.awaited.is_none_or(|awaited| deadline < awaited)
        {
            self.post.ask_sooner();
        }
        tell_unlocked(guard);
        quiet
    }
}

/// The application's handle on a session.
impl Driver for Session {
    fn drive_out(&self) -> bool {
        let Some(mut core) = self.core.try_lock() else {
            return false;
        };
        let core = &mut *core;
        match (&mut core.phase, &mut core.pipe) {
            (Phase::Running(connection), Some(pipe)) => {
                let driven = connection.write_now(pipe);
                if connection.is_broken() {
                    // The I/O thread sees to the rest.
                    self.post.ask();
                }
                driven
            }
            _ => false,
        }
    }

    fn drive_refill(&self) -> bool {
        let Some(mut guard) = self.core.try_lock() else {
            return false;
        };
        let core = &mut *guard;
        let Phase::Running(connection) = &mut core.phase else {
            return false;
        };
        let cx = self.context(core.connecter.is_some());
        let read = |buffer: &mut RecvBuffer| connection.refill(&cx, &mut core.pipe, buffer);
        let refilled = lease::with_buffer(read).unwrap_or(false);
        tell_unlocked(guard);
        refilled
    }

    fn drive_portion(&self, last: bool) {
        if !self.portioned.load(Ordering::Relaxed) {
            if !last {
                self.offered.store(true, Ordering::Relaxed);
            }
            return;
        }
        // Whoever has it now may be about to miss what was written last; a tick is due.
        let Some(mut core) = self.core.try_lock() else {
            return;
        };
        let core = &mut *core;
        if let (Phase::Running(connection), Some(pipe)) = (&mut core.phase, &mut core.pipe)
            && connection.write_portion(pipe, last)
        {
            self.post.ask();
        }
    }

    fn may_settle(&self, io: &IoThread) -> bool {
        self.post.may_settle(io)
            && match &self.core.lock().phase {
                // What is much work to decode is better done while the application does something
                // else.
                Phase::Running(connection) => connection.is_plain(),
                _ => false,
            }
    }

    fn settle(&self, nest: Option<&Arc<Nest>>) {
        let core = self.core.lock();
        let watched = match &core.phase {
            Phase::Running(connection) => connection.watched(),
            Phase::Connecting { stream, .. } | Phase::Proxying { stream, .. } => {
                Some((connecter::fd_of(stream), Watch::Both))
            }
            _ => None,
        };
        self.post.settle(nest, watched);
    }

    /// For statistics, so it waits for whoever drives the session; that takes no longer than a turn.
    fn standing(&self) -> Standing {
        let core = self.core.lock();
        let ends = match (&core.phase, &core.connecter) {
            (Phase::Running(connection), _) => connection.ends().clone(),
            (_, Some(connecter)) => connecter.ends().clone(),
            _ => Ends::default(),
        };
        Standing {
            ends,
            incoming: core.pipe.as_ref().map_or(0, Pipe::unread),
        }
    }
}

/// Its stream, for those who wait for it.
impl Lender for Session {
    fn lend(&self, conversing: bool) -> Option<Loan> {
        let mut core = self.core.lock();
        let core = &mut *core;
        match (&mut core.phase, &core.pipe) {
            (Phase::Running(connection), Some(_)) if core.closing.is_none() => {
                connection.lend(&self.post, conversing)
            }
            _ => None,
        }
    }

    fn drive_in(&self, loan: Loan) -> bool {
        let mut guard = self.core.lock();
        let core = &mut *guard;
        let Phase::Running(connection) = &mut core.phase else {
            return false;
        };
        let cx = self.context(core.connecter.is_some());
        let read = |buffer: &mut RecvBuffer| {
            connection.read_now(&cx, &mut core.pipe, loan.ticket, buffer, sys::now())
        };
        let quiet = lease::with_buffer(read).unwrap_or(false);
        // What the peer said may have set a time limit that is nearer (the TTL of a PING).
        if let Some(deadline) = connection.deadline()
            && core.awaited.is_none_or(|awaited| deadline < awaited)
        {
            self.post.ask_sooner();
        }
        tell_unlocked(guard);
        quiet
    }

    fn leave(&self, loan: Loan, in_vain: bool) -> bool {
        let mut core = self.core.lock();
        let core = &mut *core;
        let Phase::Running(connection) = &mut core.phase else {
            return false;
        };
        let wait = if in_vain {
            lease::Wait::InVain
        } else {
            lease::Wait::Happened
        };
        connection.leave(&self.post, loan.ticket, wait)
    }

    fn give_back(&self) {
        if let Phase::Running(connection) = &mut self.core.lock().phase {
            connection.give_back(&self.post);
        }
    }
}
