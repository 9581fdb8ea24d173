//! `zmq_poll`: waiting for several sockets and descriptors at once.
//!
//! Invariant: it looks, then sleeps with its parker in the inbox of every socket, then looks
//! again; an event between the two leaves a mark and so prevents the sleep.

use std::time::{Duration, Instant};

use crate::errno::Errno;
use crate::queue::Parker;
use crate::socket::Socket;
use crate::sys;

/// `ZMQ_POLLIN`, `ZMQ_POLLOUT`, `ZMQ_POLLERR`, `ZMQ_POLLPRI`.
const IN: i16 = 1;
const OUT: i16 = 2;
const ERR: i16 = 4;
const PRI: i16 = 8;

/// Something to wait for: a socket or, where that is `None`, a descriptor.
#[derive(Clone, Copy)]
pub struct Item {
    /// The socket.
    pub socket: Option<&'static Socket>,
    /// The descriptor.
    pub fd: i32,
    /// What to wait for (`ZMQ_POLLIN` and the like).
    pub events: i16,
    /// What is there.
    pub revents: i16,
}

/// Waits until one of the items is ready, for at most `timeout` milliseconds (-1: for ever).
/// Returns how many are. `ETERM`, `EINTR`, `ENOTSOCK`.
pub fn poll(items: &mut [Item], timeout: i64) -> Result<usize, Errno> {
    let deadline = u64::try_from(timeout)
        .ok()
        .and_then(|timeout| Instant::now().checked_add(Duration::from_millis(timeout)));
    let mut fds = Descriptors::new(items)?;
    loop {
        // The descriptors first: one may be the ZMQ_FD of a socket, which looking at it clears.
        let ready = fds.look(items, None)?;
        // Descriptors that are ready do not excuse from looking at the sockets.
        let ready = ready + look(items)?;
        if ready > 0 || deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Ok(ready);
        }
        let parker = Parker::current();
        if !fds.is_empty() {
            parker.clear();
        }
        parker.reset();
        let mut watched = 0;
        let mut quiet = Ok(true);
        for socket in items.iter().filter_map(|item| item.socket) {
            quiet = socket.inbox().map(|inbox| inbox.watch(&parker));
            if quiet != Ok(true) {
                break;
            }
            watched += 1;
        }
        let slept = match (quiet, fds.is_empty()) {
            (Ok(false), _) => Ok(()),
            (Ok(true), true) => parker.park(deadline),
            (Ok(true), false) => fds.sleep(&parker, deadline),
            // One was closed meanwhile: the others are told first.
            (Err(errno), _) => Err(errno),
        };
        for socket in items.iter().filter_map(|item| item.socket).take(watched) {
            if let Ok(inbox) = socket.inbox() {
                inbox.unwatch(&parker);
            }
        }
        slept?;
    }
}

/// Looks at the sockets: how many are ready.
fn look(items: &mut [Item]) -> Result<usize, Errno> {
    let mut ready = 0;
    for item in items {
        let Some(socket) = item.socket else { continue };
        item.revents = socket.events()? as i16 & item.events;
        ready += usize::from(item.revents != 0);
    }
    Ok(ready)
}

/// The descriptors among the items, as `poll(2)` wants them; the first place is the parker's.
struct Descriptors(Vec<libc::pollfd>);

impl Descriptors {
    fn new(items: &[Item]) -> Result<Descriptors, Errno> {
        let mut fds = Vec::new();
        for item in items.iter().filter(|item| item.socket.is_none()) {
            if fds.is_empty() {
                fds.try_reserve(items.len() + 1)
                    .map_err(|_| Errno::ENOMEM)?;
                fds.push(libc::pollfd {
                    fd: -1,
                    events: libc::POLLIN,
                    revents: 0,
                });
            }
            let mut events = 0;
            for (ours, theirs) in [
                (IN, libc::POLLIN),
                (OUT, libc::POLLOUT),
                (PRI, libc::POLLPRI),
            ] {
                if item.events & ours != 0 {
                    events |= theirs;
                }
            }
            fds.push(libc::pollfd {
                fd: item.fd,
                events,
                revents: 0,
            });
        }
        Ok(Descriptors(fds))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Looks at the descriptors without waiting, and tells the items: how many are ready.
    fn look(&mut self, items: &mut [Item], parker: Option<i32>) -> Result<usize, Errno> {
        if self.is_empty() {
            return Ok(0);
        }
        self.0[0].fd = parker.unwrap_or(-1);
        sys::poll(&mut self.0, Some(Instant::now()))?;
        let mut ready = 0;
        let own = items.iter_mut().filter(|item| item.socket.is_none());
        for (item, fd) in own.zip(&self.0[1..]) {
            let mut revents = 0;
            for (ours, theirs) in [
                (IN, libc::POLLIN),
                (OUT, libc::POLLOUT),
                (PRI, libc::POLLPRI),
            ] {
                if fd.revents & theirs != 0 {
                    revents |= ours;
                }
            }
            let known = libc::POLLIN | libc::POLLOUT | libc::POLLPRI;
            if fd.revents & !known != 0 {
                revents |= ERR;
            }
            item.revents = revents & (item.events | ERR);
            ready += usize::from(item.revents != 0);
        }
        Ok(ready)
    }

    /// Sleeps until the parker is woken or a descriptor is ready.
    fn sleep(&mut self, parker: &Parker, deadline: Option<Instant>) -> Result<(), Errno> {
        // Without a descriptor of its own the parker cannot be waited for beside others.
        let fd = parker.fd().ok_or(Errno::EMFILE)?;
        self.0[0].fd = fd;
        sys::poll(&mut self.0, deadline)?;
        if self.0[0].revents & libc::POLLNVAL != 0 {
            // The program closed what was not its own.
            return Err(Errno::EBADF);
        }
        Ok(())
    }
}
