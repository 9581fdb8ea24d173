//! The few system calls that std, mio and socket2 lack, each as a safe function.
//!
//! Invariant: descriptors are owned by type; every result of the kernel is a value, none a panic.

#![allow(unsafe_code)]

mod barrier;
pub mod kernel;
pub mod memory;
mod names;
pub mod tipc;
#[cfg(feature = "draft")]
pub mod vm;

use std::io::{self, IoSlice};
use std::marker::PhantomData;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Once, OnceLock};
use std::time::{Duration, Instant};

use crate::errno::Errno;
pub use barrier::{barrier_in_all_threads, can_bar_all_threads};
pub use kernel::now;
pub use names::{Wanted, interface_addresses, interface_index, interface_name, look_up};

/// A descriptor that one thread makes readable for another.
#[derive(Debug)]
pub struct EventFd(OwnedFd);

impl EventFd {
    /// A new one, not readable, close-on-exec. `EMFILE` and the like when there is none to have.
    pub fn new() -> Result<EventFd, Errno> {
        // SAFETY: no pointers are passed.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(Errno::last());
        }
        // SAFETY: just opened, owned by nobody else.
        Ok(EventFd(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Makes it readable. No point of cancellation.
    pub fn signal(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: eight octets that live for the call. A full counter is readable already.
        kernel::call(|| unsafe {
            libc::syscall(libc::SYS_write, self.fd(), one.as_ptr(), one.len())
        });
    }

    /// Makes it not readable. No point of cancellation.
    pub fn clear(&self) {
        let mut count = [0_u8; 8];
        // SAFETY: eight octets that live for the call. Nothing to read is cleared already.
        kernel::call(|| unsafe {
            libc::syscall(libc::SYS_read, self.fd(), count.as_mut_ptr(), count.len())
        });
    }

    /// The descriptor, for polling.
    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Waits for edges of one descriptor: for what happens to it, not for what it is like.
#[derive(Debug)]
pub struct Edges(OwnedFd);

impl Edges {
    /// Watches a descriptor becoming readable, or readable once more. `EMFILE` and the like.
    pub fn new(fd: RawFd) -> Result<Edges, Errno> {
        // SAFETY: no pointers are passed.
        let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if epoll < 0 {
            return Err(Errno::last());
        }
        // SAFETY: just opened, owned by nobody else.
        let epoll = unsafe { OwnedFd::from_raw_fd(epoll) };
        let events = (libc::EPOLLIN | libc::EPOLLET) as u32;
        let mut event = libc::epoll_event { events, u64: 0 };
        // SAFETY: the event lives for the call.
        let added =
            unsafe { libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &mut event) };
        if added < 0 {
            return Err(Errno::last());
        }
        Ok(Edges(epoll))
    }

    /// The descriptor that watches.
    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Waits for an edge since the last one, or until the deadline; `EINTR` after a signal handler.
    pub fn wait(&self, deadline: Option<Instant>) -> Result<(), Errno> {
        loop {
            let waited = kernel::wait(deadline, |deadline| {
                let waited = self.wait_for(poll_timeout(deadline));
                (waited != Ok(0), waited.map(|_| ()))
            });
            match waited {
                // Unlike `poll(2)` this ends when the process was stopped and goes on, too.
                Err(Errno::EINTR) if !handles_signals() => {}
                result => return result,
            }
        }
    }

    /// Takes an edge that came already, if there is one.
    pub fn take(&self) -> Result<(), Errno> {
        self.wait_for(0).map(|_| ())
    }

    fn wait_for(&self, timeout: i32) -> Result<usize, Errno> {
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        // SAFETY: room for one event, which lives for the call.
        let ready = unsafe { libc::epoll_wait(self.0.as_raw_fd(), &mut event, 1, timeout) };
        usize::try_from(ready).map_err(|_| Errno::last())
    }
}

/// Whether the process has a handler for any signal but those that faults raise.
fn handles_signals() -> bool {
    let faults = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL];
    (1..=libc::SIGRTMAX()).any(|signal| {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: nothing is changed, and what is set is written here, as is valid when zero.
        let action = unsafe {
            libc::sigaction(signal, ptr::null(), action.as_mut_ptr());
            action.assume_init()
        };
        let handler = action.sa_sigaction;
        handler != libc::SIG_DFL && handler != libc::SIG_IGN && !faults.contains(&signal)
    })
}

/// Milliseconds until a deadline, rounded up, as `poll` wants them (-1: no deadline).
pub fn poll_timeout(deadline: Option<Instant>) -> i32 {
    let Some(deadline) = deadline else { return -1 };
    let left = deadline.saturating_duration_since(now());
    i32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
}

/// Waits until a descriptor is readable or the deadline has come; `EINTR` after a signal handler,
/// `EBADF` at once if the number names no open descriptor.
pub fn wait_readable(fd: RawFd, deadline: Option<Instant>) -> Result<(), Errno> {
    let mut item = [libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    }];
    poll(&mut item, deadline)?;
    if item[0].revents & libc::POLLNVAL != 0 {
        return Err(Errno::EBADF);
    }
    Ok(())
}

/// `poll(2)` with a deadline: how many items are ready.
pub fn poll(items: &mut [libc::pollfd], deadline: Option<Instant>) -> Result<usize, Errno> {
    kernel::wait(deadline, |deadline| {
        let (count, timeout) = (items.len() as libc::nfds_t, poll_timeout(deadline));
        // SAFETY: a slice of items that lives for the call.
        let ready = unsafe { libc::poll(items.as_mut_ptr(), count, timeout) };
        let ready = usize::try_from(ready).map_err(|_| Errno::last());
        (ready != Ok(0), ready)
    })
}

/// Looks which items are ready, without waiting: how many.
pub fn poll_now(items: &mut [libc::pollfd]) -> Result<usize, Errno> {
    // SAFETY: a slice of items that lives for the call.
    let ready = unsafe { libc::poll(items.as_mut_ptr(), items.len() as libc::nfds_t, 0) };
    usize::try_from(ready).map_err(|_| Errno::last())
}

/// How long the machine has been up at this moment: a clock that its processes share.
pub fn since_boot(moment: Instant) -> Duration {
    static KNOWN: OnceLock<(Instant, Duration)> = OnceLock::new();
    let ask = || {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let before = Instant::now();
        // SAFETY: a time that lives for the call.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
        let up = Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32);
        (before.elapsed(), before, up)
    };
    let (known, up) = KNOWN.get_or_init(|| {
        // A thread may lose its processor between two looks: hardly each time.
        let first = ask();
        let (_, known, up) =
            (0..4).map(|_| ask()).fold(
                first,
                |best, other| if other.0 < best.0 { other } else { best },
            );
        (known, up)
    });
    match moment.checked_duration_since(*known) {
        Some(since) => up.saturating_add(since),
        None => up.saturating_sub(known.saturating_duration_since(moment)),
    }
}

/// Waits until a descriptor can be read, or until a moment that is near. Either may be missed:
/// nothing depends on it.
pub fn wait_briefly(fd: RawFd, wait: Duration) {
    let mut item = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    let timeout = libc::timespec {
        tv_sec: 0,
        tv_nsec: if cfg!(loom) {
            0
        } else {
            wait.subsec_nanos().into()
        },
    };
    kernel::wait(Some(now() + wait), |_| {
        // SAFETY: item and time live for the call.
        (
            unsafe { libc::ppoll(&mut item, 1, &timeout, ptr::null()) } > 0,
            (),
        )
    });
}

/// Has the kernel end the calling thread's sleeps on time, not up to 50 microseconds late.
pub fn want_exact_timers() {
    // SAFETY: only a number of the calling thread's own is set.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1000_u64) };
}

/// Which signals are blocked.
#[derive(Clone, Copy)]
pub struct SignalMask(pub libc::sigset_t);

/// Like [`poll`], with other signals blocked for just as long (`ppoll(2)`); without a mask no
/// different from it.
pub fn poll_masked(
    items: &mut [libc::pollfd],
    deadline: Option<Instant>,
    mask: Option<&SignalMask>,
) -> Result<usize, Errno> {
    let Some(mask) = mask else {
        return poll(items, deadline);
    };
    let timeout = deadline.map(|deadline| {
        let left = deadline.saturating_duration_since(Instant::now());
        libc::timespec {
            tv_sec: libc::time_t::try_from(left.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: left.subsec_nanos() as _,
        }
    });
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    let count = items.len() as libc::nfds_t;
    // SAFETY: items, time and mask live for the call.
    let ready = unsafe { libc::ppoll(items.as_mut_ptr(), count, timeout, &mask.0) };
    usize::try_from(ready).map_err(|_| Errno::last())
}

/// The processor that the calling thread runs on, counted from 1; 0 if the system does not tell.
pub fn processor() -> u32 {
    // SAFETY: no pointers are passed.
    u32::try_from(unsafe { libc::sched_getcpu() } + 1).unwrap_or(0)
}

static GENERATION: AtomicU32 = AtomicU32::new(0);

/// Like [`fork_generation`], for those who have the number of one.
#[inline]
pub fn known_fork_generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Counts the forks that this process descends from since the library was first used.
///
/// What threads and descriptors a context has belong to the generation that made it.
pub fn fork_generation() -> u32 {
    static WATCH: Once = Once::new();
    extern "C" fn forked() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }
    WATCH.call_once(|| {
        // SAFETY: the handler only touches an atomic, which is safe in a forked child.
        unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    });
    known_fork_generation()
}

/// Reads from a socket, like `recv(2)`, but no point of cancellation: callers hold locks.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: what is initialised may be seen as what need not be; the kernel writes octets only.
    let memory = unsafe { &mut *(ptr::from_mut(buffer) as *mut [MaybeUninit<u8>]) };
    receive_into(socket, memory).map(|received| received.len())
}

/// As [`receive`], into memory that may hold anything: what was received of it.
pub fn receive_into<'a>(
    socket: BorrowedFd<'_>,
    memory: &'a mut [MaybeUninit<u8>],
) -> io::Result<&'a mut [u8]> {
    let nothing = ptr::null::<u8>();
    // SAFETY: the memory lives for the call; nobody asks for the sender's address.
    let count = kernel::call(|| unsafe {
        libc::syscall(
            libc::SYS_recvfrom,
            socket.as_raw_fd(),
            memory.as_mut_ptr(),
            memory.len(),
            0,
            nothing,
            nothing,
        )
    });
    let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
    let received = &mut memory[..count];
    // SAFETY: the kernel wrote these.
    Ok(unsafe { &mut *(ptr::from_mut(received) as *mut [u8]) })
}

/// Writes buffers to a socket, like `sendmsg(2)` without SIGPIPE, but no point of cancellation:
/// callers hold locks. A single one is less work for the kernel.
pub fn send(socket: BorrowedFd<'_>, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    if let [buffer] = buffers {
        let nobody = ptr::null::<u8>();
        // SAFETY: the buffer lives for the call; no address is given.
        let count = kernel::call(|| unsafe {
            libc::syscall(
                libc::SYS_sendto,
                socket.as_raw_fd(),
                buffer.as_ptr(),
                buffer.len(),
                libc::MSG_NOSIGNAL,
                nobody,
                0,
            )
        });
        return usize::try_from(count).map_err(|_| io::Error::last_os_error());
    }
    // SAFETY: msghdr is integers and pointers, for which zero is a value.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    // An IoSlice is an iovec, and none of them is written to.
    message.msg_iov = buffers.as_ptr().cast_mut().cast();
    message.msg_iovlen = buffers.len() as _;
    // SAFETY: the message and the buffers live for the call.
    let count = kernel::call(|| unsafe {
        libc::syscall(
            libc::SYS_sendmsg,
            socket.as_raw_fd(),
            ptr::from_ref(&message),
            libc::MSG_NOSIGNAL,
        )
    });
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Puts off the cancellation of the calling thread (`pthread_cancel`) until it is dropped: for
/// what holds locks, or must not stop half way, while it makes calls that are points of
/// cancellation (`close`, `connect`, `pthread_join`, …).
pub struct Uncancelled {
    before: libc::c_int,
    /// It belongs to its thread.
    _thread: PhantomData<*const ()>,
}

unsafe extern "C" {
    fn pthread_setcancelstate(state: libc::c_int, before: *mut libc::c_int) -> libc::c_int;
}

impl Uncancelled {
    /// From now on.
    pub fn begin() -> Uncancelled {
        /// `PTHREAD_CANCEL_DISABLE`, which the libc crate lacks.
        const DISABLE: libc::c_int = 1;
        let mut before = 0;
        // SAFETY: the old state is written to an int that lives for the call.
        unsafe { pthread_setcancelstate(DISABLE, &mut before) };
        Uncancelled {
            before,
            _thread: PhantomData,
        }
    }
}

impl Drop for Uncancelled {
    fn drop(&mut self) {
        let mut ignored = 0;
        // SAFETY: the state is one that the same thread had before.
        unsafe { pthread_setcancelstate(self.before, &mut ignored) };
    }
}

/// Blocks every signal in the calling thread: signals are the application's.
pub fn block_signals() {
    // SAFETY: both sets live for the calls.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, std::ptr::null_mut());
    }
}

/// A descriptor that the program gave away by number (`ZMQ_USE_FD`). Dropping it closes it.
///
/// All that the program hands over is a number, which by the time of closing may be closed or
/// mean something else. So whoever uses the descriptor gets a duplicate, and the number is closed
/// only while it still means what it meant.
#[derive(Debug)]
pub struct Given {
    fd: RawFd,
    /// Device and inode.
    identity: (u64, u64),
}

impl Given {
    /// Takes charge of the number. `EBADF` when it names no open descriptor.
    pub fn take(fd: RawFd) -> io::Result<Given> {
        Ok(Given {
            fd,
            identity: identity(fd)?,
        })
    }

    /// A duplicate of a descriptor that is the program's, close-on-exec. `EBADF` when the number
    /// names no open descriptor.
    pub fn duplicate(fd: RawFd) -> io::Result<OwnedFd> {
        // SAFETY: fcntl with F_DUPFD_CLOEXEC takes an int and touches no memory of ours.
        let duplicate = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
        if duplicate == -1 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: fcntl just made it, and nobody else knows of it.
        Ok(unsafe { OwnedFd::from_raw_fd(duplicate) })
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        if identity(self.fd).is_ok_and(|found| found == self.identity) {
            // SAFETY: the number still means the descriptor that the program gave away for good,
            // so that nothing of ours or of the program's relies on it.
            unsafe { libc::close(self.fd) };
        }
    }
}

/// What tells the open file behind a descriptor from others: device and inode.
fn identity(fd: RawFd) -> io::Result<(u64, u64)> {
    // SAFETY: stat is integers, for which zero is a value.
    let mut found: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: `found` lives through the call.
    if unsafe { libc::fstat(fd, &mut found) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok((found.st_dev, found.st_ino))
}

/// Who sits at the other end of a local socket, as the kernel noted when it was connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Process id.
    pub pid: i32,
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
}

/// The credentials of a local socket's peer (`SO_PEERCRED`).
pub fn peer_credentials(socket: BorrowedFd<'_>) -> io::Result<Credentials> {
    let mut found = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = mem::size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: `found` and `length` live through the call, and `length` is the size of `found`.
    let status = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            ptr::from_mut(&mut found).cast(),
            &mut length,
        )
    };
    if status == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(Credentials {
        pid: found.pid,
        uid: found.uid,
        gid: found.gid,
    })
}

/// `SO_PEERGROUPS`, which the libc crate lacks; the same on every Linux but PA-RISC and SPARC.
const SO_PEERGROUPS: libc::c_int = 59;

/// The supplementary groups of a local socket's peer (`SO_PEERGROUPS`, since Linux 4.13).
pub fn peer_groups(socket: BorrowedFd<'_>) -> io::Result<Vec<u32>> {
    let mut groups = vec![0u32; 32];
    loop {
        let mut length = (groups.len() * mem::size_of::<u32>()) as libc::socklen_t;
        // SAFETY: `groups` and `length` live through the call, and `length` is the size of
        // `groups` in bytes.
        let status = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                SO_PEERGROUPS,
                groups.as_mut_ptr().cast(),
                &mut length,
            )
        };
        let count = length as usize / mem::size_of::<u32>();
        if status == 0 {
            groups.truncate(count);
            return Ok(groups);
        }
        let error = io::Error::last_os_error();
        // ERANGE tells how much room is needed.
        if error.raw_os_error() != Some(libc::ERANGE) || count <= groups.len() {
            return Err(error);
        }
        groups.resize(count, 0);
    }
}

/// How the system is to treat a thread (`ZMQ_THREAD_SCHED_POLICY` and the like).
#[derive(Clone, Debug)]
pub struct Scheduling {
    /// A policy's number; -1 leaves it.
    pub policy: i32,
    /// A priority: of the policy, or a nice value where the policy has none; -1 leaves it.
    pub priority: i32,
    /// The processors that it may run on; empty leaves them.
    pub cpus: Vec<i32>,
}

impl Scheduling {
    /// Applies it to the calling thread. What the system refuses is left as it is.
    pub fn apply(&self) {
        if self.policy != -1 || self.priority != -1 {
            self.apply_policy();
        }
        if !self.cpus.is_empty() {
            // SAFETY: the set lives for the calls; processors beyond its size are left out.
            unsafe {
                let mut set: libc::cpu_set_t = mem::zeroed();
                for &cpu in &self.cpus {
                    if let Ok(cpu) = usize::try_from(cpu)
                        && cpu < libc::CPU_SETSIZE as usize
                    {
                        libc::CPU_SET(cpu, &mut set);
                    }
                }
                libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set);
            }
        }
    }

    fn apply_policy(&self) {
        // SAFETY: the parameters live for the calls, and the thread is the calling one.
        unsafe {
            let mut policy = 0;
            let mut parameters: libc::sched_param = mem::zeroed();
            let own = libc::pthread_self();
            if libc::pthread_getschedparam(own, &mut policy, &mut parameters) != 0 {
                return;
            }
            if self.policy != -1 {
                policy = self.policy;
            }
            let by_priority = policy == libc::SCHED_FIFO || policy == libc::SCHED_RR;
            if by_priority && self.priority != -1 {
                parameters.sched_priority = self.priority;
            }
            libc::pthread_setschedparam(own, policy, &parameters);
            if !by_priority && self.priority > 0 {
                libc::nice(-20);
            }
        }
    }
}
