//! An I/O thread: waits for streams, timers and marks, and drives whatever they concern.
//!
//! Invariant: a handler is driven by one thread at a time because it locks itself; the I/O thread
//! owns none of them and is the fallback that never goes away while they live. Scheduling a
//! handler costs a system call only while the thread sleeps.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};

use super::inbox::{Mailbox, Wakes, mark};
use super::nest::Nest;
use super::timers::Timers;
use crate::errno::Errno;
use crate::msg::RecvBuffer;
use crate::queue::sync::thread::{self, JoinHandle};
use crate::queue::sync::{AtomicBool, AtomicU32, AtomicUsize, Mutex, Ordering};
use crate::sys::{self, EventFd, kernel};

/// How much is read at once at most.
const RECEIVE: usize = 128 * 1024;
/// Waits that are shorter than the poller can tell.
const BRIEF: Duration = Duration::from_millis(1);
/// How many threads of the application are woken between two handlers.
const WAKES: usize = 64;
/// The token of the waker.
const WAKE: Token = Token(usize::MAX);

/// What a descriptor is watched for. Watching for room to write is for those who lack it: a local
/// socket tells of it each time its peer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Something to read, and the end.
    Reading,
    /// Room to write as well.
    Both,
}

impl Watch {
    pub(super) fn interest(self) -> Interest {
        match self {
            Watch::Reading => Interest::READABLE,
            Watch::Both => Interest::READABLE | Interest::WRITABLE,
        }
    }
}

/// The number of a handler within its I/O thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(pub(super) usize);

/// Why a handler is driven.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ready {
    /// Its stream may be read (or was closed by the peer).
    pub readable: bool,
    /// The peer sends no more: read to the end, for no other edge will tell of it.
    pub closed: bool,
    /// Its stream may be written.
    pub writable: bool,
    /// Its deadline has come.
    pub timer: bool,
    /// It was scheduled; its marks say why.
    pub marked: bool,
}

impl Ready {
    /// What the poller says of a stream.
    pub(super) fn of(event: &Event) -> Ready {
        Ready {
            readable: event.is_readable() || event.is_read_closed() || event.is_error(),
            closed: event.is_read_closed() || event.is_error(),
            writable: event.is_writable() || event.is_write_closed() || event.is_error(),
            ..Ready::default()
        }
    }
}

/// What a handler wants next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Next {
    /// When to be driven even if nothing happens.
    pub deadline: Option<Instant>,
    /// It is over: forget it.
    pub ended: bool,
    /// It has more to do than is fair: drive it again after the others.
    pub again: bool,
}

/// What an I/O thread lends to the handler that it drives.
pub struct Turn<'a> {
    /// The time, taken once for all that is driven in one round.
    pub now: Instant,
    /// A large buffer to read into. It is empty between turns.
    pub buffer: &'a mut RecvBuffer,
    /// What the handler finds to be ready of others, which are driven next.
    pub found: &'a mut Vec<(Key, Ready)>,
}

/// Something that an I/O thread drives: a session, a listener.
pub trait Handler: Send + Sync {
    /// Does what can be done without waiting.
    fn drive(&self, turn: &mut Turn<'_>, ready: Ready) -> Next;

    /// Its stream, which is in a [`Nest`], was found ready by a thread of the application: does what
    /// is to be done in such a thread, and leaves the rest to the I/O thread. `true`: nothing came of
    /// it that the socket would hear of. (Nothing else is ever in a nest.)
    fn drive_aside(&self, ready: Ready) -> bool {
        let _ = ready;
        true
    }
}

#[derive(Default)]
struct Schedule {
    runnable: Vec<usize>,
    /// Threads of the application to be woken.
    wakes: Vec<Wakes>,
    sleeping: bool,
    stop: bool,
}

struct Shared {
    schedule: Mutex<Schedule>,
    handlers: Mutex<HashMap<usize, Arc<dyn Handler>>>,
    next_key: AtomicUsize,
    load: AtomicUsize,
    /// There are wakes in the schedule. A hint that spares the lock between two handlers.
    has_wakes: AtomicBool,
    registry: Registry,
    waker: EventFd,
}

/// A handle to an I/O thread; clones are handles to the same.
#[derive(Clone)]
pub struct IoThread {
    shared: Arc<Shared>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl IoThread {
    /// Starts a thread. `begin` runs in it first (its priority, its processors).
    pub fn start(name: &str, begin: impl FnOnce() + Send + 'static) -> Result<IoThread, Errno> {
        let (io, inside) = IoThread::prepare()?;
        // The application may have chosen the name, and a zero octet in it would be a panic.
        let name = name.split('\0').next().unwrap_or_default();
        let thread = thread::Builder::new().name(name.to_owned());
        #[cfg(loom)]
        let thread = thread.stack_size(crate::queue::sync::STACK);
        let thread = thread.spawn(move || {
            sys::block_signals();
            sys::want_exact_timers();
            begin();
            inside.run();
        })?;
        *io.thread.lock() = Some(thread);
        Ok(io)
    }

    /// All of it but the thread.
    fn prepare() -> Result<(IoThread, Loop), Errno> {
        let poll = Poll::new()?;
        let waker = EventFd::new()?;
        // The poller tells edges only, so the waker is signalled and never cleared.
        poll.registry()
            .register(&mut SourceFd(&waker.fd()), WAKE, Interest::READABLE)?;
        let shared = Arc::new(Shared {
            schedule: Mutex::default(),
            handlers: Mutex::default(),
            next_key: AtomicUsize::new(0),
            load: AtomicUsize::new(0),
            has_wakes: AtomicBool::new(false),
            registry: poll.registry().try_clone()?,
            waker,
        });
        let inside = Loop::new(poll, shared.clone());
        let thread = Arc::default();
        Ok((IoThread { shared, thread }, inside))
    }

    /// One without a thread: a test says when it does what.
    #[cfg(test)]
    pub fn stepped() -> (IoThread, Steps) {
        let (io, inside) = IoThread::prepare().unwrap();
        let events = Events::with_capacity(256);
        (io, Steps { inside, events })
    }

    /// A number for a handler to come.
    pub fn reserve(&self) -> Key {
        Key(self.shared.next_key.fetch_add(1, Ordering::Relaxed))
    }

    /// Takes in a handler under a reserved number. It is not driven before it is scheduled or its
    /// stream is ready.
    pub fn add(&self, key: Key, handler: Arc<dyn Handler>) {
        self.shared.load.fetch_add(1, Ordering::Relaxed);
        self.shared.handlers.lock().insert(key.0, handler);
    }

    /// The handler with this number.
    pub fn handler(&self, key: Key) -> Option<Arc<dyn Handler>> {
        self.shared.handlers.lock().get(&key.0).cloned()
    }

    /// Whether it is the same thread.
    pub fn is(&self, other: &IoThread) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Has a handler driven soon.
    pub fn schedule(&self, key: Key) {
        self.shared.schedule(key.0);
    }

    /// Has threads of the application woken soon, after at most one handler's turn, and leaves the
    /// list empty.
    pub fn wake_later(&self, wakes: &mut Vec<Wakes>) {
        let wake = {
            let mut schedule = self.shared.schedule.lock();
            schedule.wakes.append(wakes);
            self.shared.has_wakes.store(true, Ordering::Relaxed);
            std::mem::take(&mut schedule.sleeping)
        };
        if wake {
            self.shared.waker.signal();
        }
    }

    /// How many handlers it has.
    pub fn load(&self) -> usize {
        self.shared.load.load(Ordering::Relaxed)
    }

    /// Has a handler driven when this descriptor can be read, and with [`Watch::Both`] also when it
    /// can be written (edges only).
    pub fn register(&self, key: Key, fd: RawFd, watch: Watch) -> Result<(), Errno> {
        let registry = &self.shared.registry;
        let interest = watch.interest();
        kernel::call(|| registry.register(&mut SourceFd(&fd), Token(key.0), interest))?;
        Ok(())
    }

    /// Changes what a registered descriptor is watched for. What it is ready for already is told
    /// once more.
    pub fn watch(&self, key: Key, fd: RawFd, watch: Watch) -> Result<(), Errno> {
        let registry = &self.shared.registry;
        let interest = watch.interest();
        kernel::call(|| registry.reregister(&mut SourceFd(&fd), Token(key.0), interest))?;
        Ok(())
    }

    /// Ends that. Before the descriptor is closed.
    pub fn deregister(&self, fd: RawFd) {
        // A descriptor that is not registered is as good.
        let registry = &self.shared.registry;
        let _ = kernel::call(|| registry.deregister(&mut SourceFd(&fd)));
    }

    /// Stops the thread and waits for its end. Handlers that are left are dropped.
    pub fn stop(&self) {
        self.shared.schedule.lock().stop = true;
        self.shared.waker.signal();
        if let Some(thread) = self.thread.lock().take()
            && thread.thread().id() != thread::current().id()
        {
            // A panic of the thread would have aborted the process.
            let _ = thread.join();
        }
        self.shared.handlers.lock().clear();
    }
}

impl Shared {
    fn schedule(&self, key: usize) {
        let wake = {
            let mut schedule = self.schedule.lock();
            schedule.runnable.push(key);
            std::mem::take(&mut schedule.sleeping)
        };
        if wake {
            self.waker.signal();
        }
    }
}

/// The mailbox of a handler: marks gather in it, the first one schedules the handler.
pub struct Post {
    marks: AtomicU32,
    io: IoThread,
    key: Key,
    /// Where its stream is watched, if not by the I/O thread's own poller.
    nest: Mutex<Option<Arc<Nest>>>,
}

impl Post {
    /// A mailbox for the handler with this number.
    pub fn new(io: IoThread, key: Key) -> Post {
        Post {
            marks: AtomicU32::new(0),
            io,
            key,
            nest: Mutex::new(None),
        }
    }

    /// Has the handler's stream watched in this nest from now on, or, without one, in the I/O
    /// thread's own poller. `watched`: where it is now, and for what. If that cannot be, all stays as
    /// it is. The caller does not use the mailbox's other calls for its stream meanwhile.
    pub fn settle(&self, nest: Option<&Arc<Nest>>, watched: Option<(RawFd, Watch)>) {
        if let Some((fd, watch)) = watched {
            // The new place first: between the two it is told twice, which does no harm.
            let registered = match nest {
                Some(nest) => nest.register(self.key, fd, watch),
                None => self.io.register(self.key, fd, watch),
            };
            if registered.is_err() {
                return;
            }
            self.deregister(fd);
        }
        // The old one may end with this, which takes other locks.
        let left = std::mem::replace(&mut *self.nest.lock(), nest.cloned());
        drop(left);
    }

    /// Whether its stream may [settle](Post::settle) in this I/O thread's nest.
    pub fn may_settle(&self, io: &IoThread) -> bool {
        self.io.is(io) && self.nest.lock().is_none()
    }

    /// Like [`IoThread::register`], for the handler's stream.
    pub fn register(&self, fd: RawFd, watch: Watch) -> Result<(), Errno> {
        match &*self.nest.lock() {
            Some(nest) => nest.register(self.key, fd, watch),
            None => self.io.register(self.key, fd, watch),
        }
    }

    /// Like [`IoThread::watch`].
    pub fn watch(&self, fd: RawFd, watch: Watch) -> Result<(), Errno> {
        match &*self.nest.lock() {
            Some(nest) => nest.watch(self.key, fd, watch),
            None => self.io.watch(self.key, fd, watch),
        }
    }

    /// Like [`IoThread::deregister`].
    pub fn deregister(&self, fd: RawFd) {
        match &*self.nest.lock() {
            Some(nest) => nest.deregister(fd),
            None => self.io.deregister(fd),
        }
    }

    /// Takes the marks.
    pub fn take(&self) -> u32 {
        self.marks.swap(0, Ordering::AcqRel)
    }

    /// Whether there is more to do than to look at the clock.
    pub fn is_marked(&self) -> bool {
        self.marks.load(Ordering::Relaxed) & !mark::SOONER != 0
    }

    /// Has the handler say anew when it is due.
    pub fn ask_sooner(&self) {
        self.deliver(0, mark::SOONER);
    }

    /// Asks the handler to look at what was asked of it.
    pub fn ask(&self) {
        self.deliver(0, mark::ASKED);
    }

    /// The thread that drives the handler.
    pub fn io(&self) -> &IoThread {
        &self.io
    }

    /// The handler's number.
    pub fn key(&self) -> Key {
        self.key
    }
}

impl Mailbox for Post {
    fn deliver(&self, _token: u32, marks: u32) {
        if self.marks.fetch_or(marks, Ordering::AcqRel) == 0 {
            self.io.schedule(self.key);
        }
    }
}

/// The inside of the thread.
struct Loop {
    poll: Poll,
    shared: Arc<Shared>,
    timers: Timers,
    buffer: RecvBuffer,
    runnable: Vec<usize>,
    wakes: VecDeque<Wakes>,
    /// What a handler found; empty between two.
    found: Vec<(Key, Ready)>,
}

impl Loop {
    fn new(poll: Poll, shared: Arc<Shared>) -> Loop {
        let buffer = RecvBuffer::new(RECEIVE);
        Loop {
            poll,
            shared,
            timers: Timers::default(),
            buffer,
            runnable: Vec::new(),
            wakes: VecDeque::new(),
            found: Vec::new(),
        }
    }

    fn run(mut self) {
        let mut events = Events::with_capacity(256);
        loop {
            let mut timeout = self
                .timers
                .next()
                .map(|at| at.saturating_duration_since(sys::now()));
            {
                let mut schedule = self.shared.schedule.lock();
                if schedule.stop {
                    return;
                }
                let nobody_waits = schedule.wakes.is_empty() && self.wakes.is_empty();
                schedule.sleeping = schedule.runnable.is_empty() && nobody_waits;
                if !schedule.sleeping {
                    timeout = Some(Duration::ZERO);
                }
            }
            if let Some(wait) = timeout.filter(|wait| *wait < BRIEF && !wait.is_zero()) {
                // The poller counts milliseconds.
                sys::wait_briefly(self.poll.as_raw_fd(), wait);
                timeout = Some(Duration::ZERO);
            }
            if let Err(error) = self.look(&mut events, timeout)
                && error.kind() != io::ErrorKind::Interrupted
            {
                // Not known to happen; without a pause it would cost a processor.
                std::thread::sleep(Duration::from_millis(10));
            }
            self.take_schedule();
            self.serve(&events, sys::now());
        }
    }

    /// Takes over what was scheduled while it waited.
    fn take_schedule(&mut self) {
        let mut schedule = self.shared.schedule.lock();
        schedule.sleeping = false;
        std::mem::swap(&mut schedule.runnable, &mut self.runnable);
    }

    /// Drives all that is ready, was scheduled or is due.
    fn serve(&mut self, events: &Events, now: Instant) {
        self.wake_some();
        for event in events.iter().filter(|event| event.token() != WAKE) {
            self.drive(event.token().0, now, Ready::of(event));
        }
        let mut runnable = std::mem::take(&mut self.runnable);
        for key in runnable.drain(..) {
            self.drive(
                key,
                now,
                Ready {
                    marked: true,
                    ..Ready::default()
                },
            );
        }
        self.runnable = runnable;
        while let Some(key) = self.timers.expire(now) {
            self.drive(
                key,
                now,
                Ready {
                    timer: true,
                    ..Ready::default()
                },
            );
        }
    }

    /// Waits for events.
    fn look(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        if cfg!(not(loom)) || timeout == Some(Duration::ZERO) {
            return self.poll.poll(events, timeout);
        }
        let deadline = timeout.map(|timeout| sys::now() + timeout);
        kernel::wait(deadline, |_| {
            let looked = self.poll.poll(events, Some(Duration::ZERO));
            (!events.is_empty(), looked)
        })
    }

    /// Wakes threads of the application, as many as is fair to the handlers.
    fn wake_some(&mut self) {
        if self.shared.has_wakes.load(Ordering::Relaxed) {
            let mut schedule = self.shared.schedule.lock();
            self.shared.has_wakes.store(false, Ordering::Relaxed);
            self.wakes.extend(schedule.wakes.drain(..));
        }
        let count = self.wakes.len().min(WAKES);
        for wakes in self.wakes.drain(..count) {
            wakes.call();
        }
    }

    fn drive(&mut self, key: usize, now: Instant, ready: Ready) {
        self.wake_some();
        let Some(handler) = self.shared.handlers.lock().get(&key).cloned() else {
            return;
        };
        let next = handler.drive(
            &mut Turn {
                now,
                buffer: &mut self.buffer,
                found: &mut self.found,
            },
            ready,
        );
        self.buffer.clear();
        if next.ended {
            self.timers.set(key, None);
            self.shared.load.fetch_sub(1, Ordering::Relaxed);
            self.shared.handlers.lock().remove(&key);
            return;
        }
        self.timers.set(key, next.deadline);
        if next.again {
            self.shared.schedule.lock().runnable.push(key);
        }
        if !self.found.is_empty() {
            let mut found = std::mem::take(&mut self.found);
            for (key, ready) in found.drain(..) {
                self.drive(key.0, now, ready);
            }
            self.found = found;
        }
    }
}

/// The inside of an I/O thread, in the hands of a test.
#[cfg(test)]
pub struct Steps {
    inside: Loop,
    events: Events,
}

#[cfg(test)]
impl Steps {
    /// Looks at descriptors and schedule, as at the end of a sleep.
    pub fn look(&mut self) {
        let looked = (self.inside).look(&mut self.events, Some(Duration::ZERO));
        looked.unwrap();
        self.inside.take_schedule();
    }

    /// Does what it found by then, and what is due.
    pub fn serve(&mut self, now: Instant) {
        self.inside.serve(&self.events, now);
        self.events.clear();
    }

    /// Whether there is something to find before the time comes.
    pub fn is_called(&self) -> bool {
        !self.inside.shared.schedule.lock().runnable.is_empty()
    }
}
