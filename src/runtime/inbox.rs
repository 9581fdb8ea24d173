//! The inbox of a socket: what happened to its pipes since it last looked.
//!
//! Invariant: `dirty` is set whenever something is inside, and stays set when the context ends, so
//! that a busy owner pays one relaxed load per call. Everything that ends a sleep goes through here:
//! whoever sleeps registered a parker under the same lock that guards what is inside, so no mark is
//! missed.

use std::os::fd::RawFd;
use std::sync::Arc;

use super::{Driver, Pipe};
use crate::errno::Errno;
use crate::queue::Parker;
use crate::queue::sync::{AtomicBool, AtomicU32, Mutex, Ordering};
use crate::sys::{self, EventFd};

/// What can be marked. Marks of one pipe are a set of these.
pub mod mark {
    /// Messages can be read again.
    pub const READABLE: u32 = 1;
    /// There is room to write again.
    pub const WRITABLE: u32 = 2;
    /// The other end is gone.
    pub const CLOSED: u32 = 4;
    /// The peer was lost and forgot what it was told: say it again (subscriptions).
    pub const HICCUP: u32 = 8;
    /// The owner is asked to look at what was asked of it (sessions: close, unbind).
    pub const ASKED: u32 = 16;
    /// The owner's deadline is nearer than it knows, and nothing else (sessions).
    pub const SOONER: u32 = 32;
}

/// The token of a pipe end that nobody has taken yet; marks for it are dropped, because whoever
/// takes it looks at everything once.
pub const NOBODY: u32 = u32::MAX;

/// Where an owner of pipe ends is told what happened to them.
pub trait Mailbox: Send + Sync {
    /// Leaves marks for the pipe end that the owner knows as `token`, and wakes the owner.
    fn deliver(&self, token: u32, marks: u32);

    /// Like [`deliver`](Mailbox::deliver), but threads that sleep for the owner are not woken: they
    /// come back, and the caller sees to it.
    fn leave(&self, token: u32, marks: u32) -> Wakes {
        self.deliver(token, marks);
        Wakes::default()
    }
}

/// So many marks or pipe ends may wait before it is worth looking which of them can go.
const PILE: usize = 64;

/// A pipe end handed to a socket.
pub struct Attachment {
    /// The end.
    pub pipe: Pipe,
    /// Whoever can move this pipe's messages on, if it is a session.
    pub driver: Option<Arc<dyn Driver>>,
    /// The peer speaks a protocol without subscriptions and wants everything.
    pub subscribe_to_all: bool,
    /// This socket connected (else the peer did).
    pub locally_initiated: bool,
    /// The id that the application gave the peer (`ZMQ_CONNECT_ROUTING_ID`), empty if none.
    pub routing_id: Vec<u8>,
}

/// Who takes pipe ends that peers made: a socket's inbox, a monitor.
pub trait Acceptor: Send + Sync {
    /// Hands over a pipe end. It comes back if the owner is gone.
    fn attach(&self, attachment: Attachment) -> Option<Attachment>;
}

#[derive(Default)]
struct State {
    marks: Vec<(u32, u32)>,
    attachments: Vec<Attachment>,
    sleepers: Vec<Arc<Parker>>,
    /// The descriptor of `ZMQ_FD` is readable.
    signalled: bool,
    /// The owner is gone: nothing is taken any more.
    closed: bool,
}

/// See the module.
#[derive(Default)]
pub struct Inbox {
    dirty: AtomicBool,
    /// The context ends: every call answers ETERM.
    terminated: AtomicBool,
    /// The [number](sys::processor) of the processor on which a mark was last left; 0 if never.
    told_on: AtomicU32,
    state: Mutex<State>,
    /// Outside the lock so that its number can be read without; made once.
    fd: std::sync::OnceLock<EventFd>,
}

impl Inbox {
    /// An empty inbox.
    pub fn new() -> Inbox {
        Inbox::default()
    }

    /// Whether something is inside.
    #[inline]
    pub fn is_dirty(&self) -> bool {
        self.dirty.load(Ordering::Relaxed)
    }

    /// Whether the context ends.
    #[inline]
    pub fn is_terminated(&self) -> bool {
        self.terminated.load(Ordering::Relaxed)
    }

    /// Whether the thread that last left a mark ran where the calling one does now.
    pub fn was_told_here(&self) -> bool {
        self.told_on.load(Ordering::Relaxed) == sys::processor()
    }

    /// Says that the context ends, and wakes everyone.
    pub fn terminate(&self) {
        let mut state = self.state.lock();
        // Under the lock, so that who may not sleep because of it finds news when it looks again.
        self.terminated.store(true, Ordering::Relaxed);
        let wakes = self.wake(&mut state);
        drop(state);
        wakes.call();
    }

    /// Takes what is inside, into the caller's (empty) lists, and makes `ZMQ_FD` unreadable.
    pub fn take(&self, marks: &mut Vec<(u32, u32)>, attachments: &mut Vec<Attachment>) {
        let mut state = self.state.lock();
        self.dirty.store(self.is_terminated(), Ordering::Relaxed);
        std::mem::swap(&mut state.marks, marks);
        std::mem::swap(&mut state.attachments, attachments);
        // A terminated socket stays readable, so that event loops notice.
        if state.signalled && !self.is_terminated() {
            state.signalled = false;
            if let Some(fd) = self.fd.get() {
                fd.clear();
            }
        }
    }

    /// The owner is gone: what comes from now on is refused.
    pub fn close(&self) -> Vec<Attachment> {
        let mut state = self.state.lock();
        state.closed = true;
        state.marks.clear();
        let wakes = self.wake(&mut state);
        let attachments = std::mem::take(&mut state.attachments);
        drop(state);
        wakes.call();
        attachments
    }

    /// Registers a sleeper unless something is inside already; `false` means: look again.
    pub fn watch(&self, parker: &Arc<Parker>) -> bool {
        self.watch_beside(parker).is_some()
    }

    /// Like [`watch`](Inbox::watch): how many other sleepers there are, or `None`.
    pub fn watch_beside(&self, parker: &Arc<Parker>) -> Option<usize> {
        let mut state = self.state.lock();
        if self.is_dirty() || self.is_terminated() || state.closed {
            return None;
        }
        state.sleepers.push(parker.clone());
        Some(state.sleepers.len() - 1)
    }

    /// Registers a parker whether or not something is inside; if so it is woken at once. It stays
    /// until it is [unwatched](Inbox::unwatch).
    pub fn light(&self, beacon: &Arc<Parker>) {
        let mut state = self.state.lock();
        state.sleepers.push(beacon.clone());
        let lit = self.is_dirty() || self.is_terminated() || state.closed;
        drop(state);
        if lit {
            beacon.unpark();
        }
    }

    /// Takes a sleeper off the list.
    pub fn unwatch(&self, parker: &Arc<Parker>) {
        self.state
            .lock()
            .sleepers
            .retain(|sleeper| !Arc::ptr_eq(sleeper, parker));
    }

    /// The descriptor of `ZMQ_FD`, made at the first call; readable while something is inside.
    pub fn fd(&self) -> Result<RawFd, Errno> {
        let mut state = self.state.lock();
        if self.fd.get().is_none() {
            let fd = EventFd::new()?;
            if self.is_dirty() || self.is_terminated() {
                state.signalled = true;
                fd.signal();
            }
            // The lock makes this the only one to set it.
            let _ = self.fd.set(fd);
        }
        self.fd.get().map(EventFd::fd).ok_or(Errno::EMFILE)
    }

    /// Whether someone asked for `ZMQ_FD`.
    pub fn has_fd(&self) -> bool {
        self.fd.get().is_some()
    }

    /// Makes the owner look although nothing is inside, and `ZMQ_FD` readable until it does.
    pub fn nudge(&self) {
        let wakes = self.wake(&mut self.state.lock());
        wakes.call();
    }

    /// Says that something is inside. Who sleeps is called once the lock is let go of: a sleeper
    /// who wakes wants it first thing.
    fn wake(&self, state: &mut State) -> Wakes {
        self.dirty.store(true, Ordering::Relaxed);
        let mut sleepers = state.sleepers.iter().cloned();
        let wakes = Wakes(sleepers.next(), sleepers.collect());
        if let Some(fd) = self.fd.get()
            && !std::mem::replace(&mut state.signalled, true)
        {
            fd.signal();
        }
        wakes
    }
}

/// Sleepers to be woken. There is hardly ever more than one.
#[derive(Default)]
#[must_use]
pub struct Wakes(Option<Arc<Parker>>, Vec<Arc<Parker>>);

impl Wakes {
    /// Whether nobody sleeps.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Wakes them.
    pub fn call(&self) {
        self.0
            .iter()
            .chain(&self.1)
            .for_each(|sleeper| sleeper.unpark());
    }
}

impl State {
    /// While the owner does not look, peers come and go, and come back: takes out those who went
    /// without having said anything, so that they do not pile up.
    fn leave_out_the_gone(&mut self) -> Vec<Attachment> {
        if self.attachments.len() < self.attachments.capacity().max(PILE) {
            return Vec::new();
        }
        let is_gone = |one: &mut Attachment| one.pipe.was_silent();
        self.attachments.extract_if(.., is_gone).collect()
    }

    /// Joins the marks of each pipe if there are many.
    fn join_marks(&mut self) {
        if self.marks.len() < self.marks.capacity().max(PILE) {
            return;
        }
        self.marks.sort_unstable_by_key(|(token, _)| *token);
        self.marks.dedup_by(|(token, marks), (kept, all)| {
            let same = token == kept;
            if same {
                *all |= *marks;
            }
            same
        });
    }
}

impl Acceptor for Inbox {
    fn attach(&self, attachment: Attachment) -> Option<Attachment> {
        let mut state = self.state.lock();
        if state.closed {
            return Some(attachment);
        }
        let gone = state.leave_out_the_gone();
        state.attachments.push(attachment);
        let wakes = self.wake(&mut state);
        drop(state);
        wakes.call();
        // Dropping a pipe tells its other end, and that is nothing to do under a lock.
        drop(gone);
        None
    }
}

impl Mailbox for Inbox {
    fn deliver(&self, token: u32, marks: u32) {
        self.leave(token, marks).call();
    }

    fn leave(&self, token: u32, marks: u32) -> Wakes {
        let mut state = self.state.lock();
        if state.closed {
            return Wakes::default();
        }
        self.told_on.store(sys::processor(), Ordering::Relaxed);
        if token != NOBODY {
            match state
                .marks
                .iter_mut()
                .rev()
                .take(4)
                .find(|(known, _)| *known == token)
            {
                Some((_, known)) => *known |= marks,
                None => {
                    state.join_marks();
                    state.marks.push((token, marks));
                }
            }
        }
        self.wake(&mut state)
    }
}
