//! The socket: a pattern, its pipes and options behind one lock, and the endpoints it was given.
//!
//! Invariants: a [`Socket`] is a cell that is never freed, so that a stale handle may be looked at;
//! what makes it a socket is inside its lock. Its use from two threads is slow at worst. A call
//! that waits holds no lock while it does.

mod among;
mod close;
mod crowd;
mod endpoint;
mod io;
mod options;
mod pass;
mod patience;
mod peers;
mod realm;
mod wait;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lock_api::{MappedMutexGuard, MutexGuard};

use crate::errno::Errno;
use crate::msg::Spent;
use crate::options::Options;
use crate::pattern::{Arrival, Kind, Pattern, Scope, Straight};
use crate::queue::{Latch, Latched};
use crate::runtime::{
    Attachment, Cells, Conflate, EventSource, Inbox, Lender, Limits, PipeId, Pipes, Share, mark,
};
use crate::session::Plan;
use crate::sys;

pub use among::{FEW, Woken, sleep_among};
use crowd::Gathering;
use endpoint::Endpoint;
pub use io::{POLLIN, POLLOUT};
pub use pass::{Passed, Stuck};
use patience::Patience;
pub use realm::Realm;

/// A socket's cell: what `void *` points to. The tag says whether it is in use.
#[repr(C)]
pub struct Socket {
    pub(crate) tag: AtomicU32,
    /// The fork generation that the socket belongs to.
    generation: AtomicU32,
    inner: Latched<Option<Box<Inner>>>,
}

/// Cells that no socket uses at present: for one thread, and for many.
static SPARE: [Cells<Socket>; 2] = [Cells::new(), Cells::new()];

/// What is inside while the socket is open.
struct Inner {
    /// Never used twice, unlike the cell.
    id: u64,
    kind: &'static Kind,
    realm: Arc<Realm>,
    pattern: Box<dyn Pattern>,
    /// What the pattern says of this since it was last called.
    straight: Straight,
    pipes: Pipes,
    options: Options,
    inbox: Arc<Inbox>,
    events: Arc<EventSource>,
    endpoints: Vec<Endpoint>,
    /// What the last session was told of this socket, as long as no option has changed since: one
    /// for many connections.
    plan: Option<Arc<Plan>>,
    /// The part received last has further parts.
    receive_more: bool,
    /// One direct write is allowed: the socket waited or received since the last one, so this is
    /// conversation and not a stream that batches should form in.
    may_write_now: bool,
    /// A message went out by a direct write and none was received since: an answer is to come.
    conversing: bool,
    /// A part was sent since one was last received.
    sent_last: bool,
    /// What it knows of the waits for answers.
    patience: Patience,
    /// Whose stream was lent to a thread that waits, or is soon to wait again.
    lent: Option<Arc<dyn Lender>>,
    /// What it has of the streams of many peers.
    gathering: Gathering,
    /// A thread slept beside that stream just now: to look once more, find nothing and not wait is
    /// how loops end, and no reason to give it back.
    excused: bool,
    /// What messages received before let go of, while one follows the other.
    spent: Spent,
    /// Lists that are used again and again.
    marks: Vec<(u32, u32)>,
    attachments: Vec<Attachment>,
    _share: Share,
}

type Guard<'a> = MappedMutexGuard<'a, Latch, Inner>;

impl Socket {
    /// What the tag of a live socket is.
    pub(crate) const TAG: u32 = 0x5A0C_4E71;
    /// What the tag of a cell without a socket is.
    const DEAD: u32 = 0xDEAD_5A0C;

    /// A new socket, which keeps this share of its context. `EINVAL` for an unknown type.
    pub fn open(realm: &Arc<Realm>, kind: i32, share: Share) -> Result<&'static Socket, Errno> {
        let kind = crate::pattern::kind(kind).ok_or(Errno::EINVAL)?;
        let mut options = Options::new(kind.number, &realm.defaults());
        let pattern = (kind.make)(&mut options);
        let inbox = Arc::new(Inbox::new());
        let id = realm.enlist(&inbox)?;
        let mut pipes = Pipes::new();
        let threads = realm.io_threads(0);
        pipes.set_waker(threads.get(id as usize % threads.len().max(1)).cloned());
        let inner = Box::new(Inner {
            id,
            kind,
            straight: pattern.straight(),
            pattern,
            pipes,
            options,
            inbox,
            events: EventSource::new(realm.names.clone()),
            endpoints: Vec::new(),
            plan: None,
            receive_more: false,
            may_write_now: true,
            conversing: false,
            sent_last: false,
            patience: Patience::new(),
            lent: None,
            gathering: Gathering::default(),
            excused: false,
            spent: Spent::default(),
            marks: Vec::new(),
            attachments: Vec::new(),
            _share: share,
            realm: realm.clone(),
        });
        let cell = SPARE[usize::from(kind.thread_safe)].take(|| Socket {
            tag: AtomicU32::new(Socket::DEAD),
            generation: AtomicU32::new(0),
            inner: Latched::from_raw(Latch::new(kind.thread_safe), None),
        });
        cell.generation
            .store(sys::fork_generation(), Ordering::Relaxed);
        *cell.inner.lock() = Some(inner);
        cell.tag.store(Socket::TAG, Ordering::Release);
        Ok(cell)
    }

    /// Whether another process made the socket. Then nothing of it may be locked: whoever held a
    /// lock when the process forked does not exist here.
    #[inline]
    fn is_foreign(&self) -> bool {
        self.generation.load(Ordering::Relaxed) != sys::known_fork_generation()
    }

    /// The inside, locked. `ENOTSOCK` if the socket was closed, `ETERM` if another process made
    /// it.
    #[inline]
    fn lock(&self) -> Result<Guard<'_>, Errno> {
        if self.is_foreign() {
            return Err(Errno::ETERM);
        }
        MutexGuard::try_map(self.inner.lock(), |inner| inner.as_deref_mut())
            .map_err(|_| Errno::ENOTSOCK)
    }

    /// The inside, locked, with all news taken in. `ETERM` if the context ends.
    #[inline(always)]
    fn enter(&self) -> Result<Guard<'_>, Errno> {
        let mut inner = self.lock()?;
        inner.hear_news()?;
        Ok(inner)
    }
}

impl Inner {
    /// `ETERM` if nothing may be done any more.
    #[inline]
    fn check(&self) -> Result<(), Errno> {
        if self.inbox.is_terminated() {
            return Err(Errno::ETERM);
        }
        Ok(())
    }

    /// Takes in what happened, if anything did. `ETERM` if the context ends, which is news.
    #[inline]
    fn hear_news(&mut self) -> Result<(), Errno> {
        if self.inbox.is_dirty() {
            self.check()?;
            self.take_news();
        }
        Ok(())
    }

    /// Calls the pattern, then sees to what the call left behind.
    #[inline]
    fn with_pattern<R>(&mut self, call: impl FnOnce(&mut dyn Pattern, &mut Scope<'_>) -> R) -> R {
        let result = self.call_pattern(call);
        self.settle();
        result
    }

    /// Like [`with_pattern`](Inner::with_pattern), but peers that wait for what was sent are not
    /// told: [`settle`](Inner::settle) must follow.
    #[inline]
    fn call_pattern<R>(&mut self, call: impl FnOnce(&mut dyn Pattern, &mut Scope<'_>) -> R) -> R {
        let mut scope = Scope {
            pipes: &mut self.pipes,
            options: &mut self.options,
        };
        let result = call(&mut *self.pattern, &mut scope);
        while let Some(id) = self.pipes.take_finished() {
            let mut scope = Scope {
                pipes: &mut self.pipes,
                options: &mut self.options,
            };
            self.pattern.gone(&mut scope, id);
            self.forget_pipe(id);
        }
        self.straight = self.pattern.straight();
        result
    }

    /// Tells the peers that wait for what was sent.
    #[inline]
    fn settle(&mut self) {
        if self.pipes.settle(self.may_write_now) {
            self.may_write_now = false;
            self.conversing = true;
        }
    }

    fn forget_pipe(&mut self, id: PipeId) {
        self.give_back();
        self.pipes.remove(id);
        self.disperse();
        self.endpoints
            .retain(|endpoint| !endpoint.is_inproc_over(id));
    }

    /// Takes in what happened since the last call.
    #[cold]
    fn take_news(&mut self) {
        let mut marks = std::mem::take(&mut self.marks);
        let mut attachments = std::mem::take(&mut self.attachments);
        self.inbox.take(&mut marks, &mut attachments);
        for attachment in attachments.drain(..) {
            self.attach(attachment);
        }
        for (token, marks) in marks.drain(..) {
            let id = PipeId(token);
            if !self.pipes.contains(id) {
                continue;
            }
            self.with_pattern(|pattern, scope| {
                if marks & mark::HICCUP != 0 {
                    pattern.hiccuped(scope, id);
                }
                if marks & (mark::READABLE | mark::CLOSED) != 0 {
                    pattern.readable(scope, id);
                }
                // A pipe may be full again by the time that one hears of its room.
                if marks & mark::WRITABLE != 0 && scope.pipes.writable(id) {
                    pattern.writable(scope, id);
                }
                if marks & mark::CLOSED != 0 {
                    scope.pipes.check_finished(id);
                }
            });
        }
        self.marks = marks;
        self.attachments = attachments;
    }

    /// Takes in a pipe end.
    fn attach(&mut self, attachment: Attachment) -> PipeId {
        let Attachment {
            mut pipe,
            driver,
            subscribe_to_all,
            locally_initiated,
            routing_id,
        } = attachment;
        if self.kind.wants_routing_ids {
            pipe.want_routing_ids();
        }
        // There are several peers now.
        self.give_back();
        pipe.set_owner(self.inbox.clone());
        let id = self.pipes.insert(pipe, driver);
        self.gather(id.0 as usize);
        if let Some(pipe) = self.pipes.get(id) {
            pipe.set_token(id.0);
        }
        self.with_pattern(|pattern, scope| {
            let arrival = Arrival {
                subscribe_to_all,
                locally_initiated,
                routing_id: &routing_id,
            };
            pattern.attached(scope, id, arrival);
            // Its other end may have come and gone while nobody had a name for it.
            if scope.pipes.contains(id) {
                scope.pipes.check_finished(id);
            }
        });
        id
    }

    fn limits(&self) -> Limits {
        Limits {
            send: Some(self.options.sndhwm),
            receive: Some(self.options.rcvhwm),
        }
    }

    /// Whether only the newest message is kept. Subscriptions are kept all.
    fn conflates(&self) -> Conflate {
        let conflates = self.options.conflate && self.kind.conflatable;
        Conflate {
            outgoing: conflates && !self.kind.subscribes,
            incoming: conflates && !self.kind.publishes,
        }
    }
}
