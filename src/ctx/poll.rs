//! `zmq_poll` and `zmq_ppoll`: waiting for several sockets and descriptors at once.
//!
//! Invariant: it looks, then sleeps with its parker in the inbox of every socket, then looks
//! again; an event between the two leaves a mark and so prevents the sleep. Streams that were
//! borrowed from the I/O thread to sleep beside them (`socket/among.rs`) are not kept by a call that
//! did not sleep.

use std::time::{Duration, Instant};

use crate::errno::Errno;
use crate::queue::Parker;
use crate::socket::{self, FEW, Socket, Woken};
use crate::sys::{self, SignalMask};

/// `ZMQ_POLLIN`, `ZMQ_POLLOUT`, `ZMQ_POLLERR`, `ZMQ_POLLPRI`.
pub(super) const IN: i16 = 1;
pub(super) const OUT: i16 = 2;
pub(super) const ERR: i16 = 4;
pub(super) const PRI: i16 = 8;

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
    poll_masked(items, timeout, None)
}

/// Like [`poll`], but while it looks and sleeps these signals are blocked, and no others.
pub fn poll_masked(
    items: &mut [Item],
    timeout: i64,
    mask: Option<&SignalMask>,
) -> Result<usize, Errno> {
    if timeout == 0 {
        // No clock is asked, and no system call made but for descriptors.
        let mut fds = Descriptors::new(items, mask)?;
        return Ok(fds.as_mut().map_or(Ok(0), |fds| fds.look(items))? + look(items)?);
    }
    let deadline = u64::try_from(timeout)
        .ok()
        .and_then(|timeout| sys::now().checked_add(Duration::from_millis(timeout)));
    if let ([item], None) = (&mut *items, mask)
        && let Some(socket) = item.socket
    {
        item.revents = socket.await_events(item.events.into(), deadline)? as i16;
        return Ok(usize::from(item.revents != 0));
    }
    let mut fds = Descriptors::new(items, mask)?;
    if fds.is_none() && (1..=FEW).contains(&items.len()) {
        return poll_few(items, deadline);
    }
    loop {
        // The descriptors first: one may be the ZMQ_FD of a socket, which looking at it clears.
        let ready = fds.as_mut().map_or(Ok(0), |fds| fds.look(items))?;
        // Descriptors that are ready do not excuse from looking at the sockets.
        let ready = ready + look(items)?;
        if ready > 0 || deadline.is_some_and(|deadline| deadline <= sys::now()) {
            return Ok(ready);
        }
        let parker = Parker::current();
        if fds.is_some() {
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
        let slept = match (quiet, &mut fds) {
            (Ok(false), _) => Ok(()),
            (Ok(true), None) => parker.park(deadline),
            (Ok(true), Some(fds)) => fds.sleep(&parker, deadline),
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

/// Waits for a few sockets. Who sleeps may have their streams for it.
fn poll_few(items: &mut [Item], deadline: Option<Instant>) -> Result<usize, Errno> {
    let mut woken = Woken::Unaware;
    loop {
        let mut ready = 0;
        let mut lent = 0_u32;
        for (place, item) in items.iter_mut().enumerate() {
            let Some(socket) = item.socket else { continue };
            if let Woken::Read(places) = woken
                && places >> place & 1 == 0
            {
                item.revents = 0;
                continue;
            }
            let (events, is_lent) = socket.glance(item.events.into())?;
            item.revents = events as i16;
            ready += usize::from(item.revents != 0);
            lent |= u32::from(is_lent && item.revents & IN == 0) << place;
        }
        if ready > 0 || deadline.is_some_and(|deadline| deadline <= sys::now()) {
            if woken == Woken::Unaware && lent != 0 {
                // Nobody has looked at these streams, and who knows when somebody does.
                let lent = |place| lent >> place & 1 != 0;
                let sockets = items.iter().enumerate().filter(|(place, _)| lent(*place));
                sockets
                    .filter_map(|(_, item)| item.socket)
                    .for_each(Socket::give_back);
            }
            return Ok(ready);
        }
        let sockets = items.iter().filter_map(|item| {
            let events = item.events.into();
            item.socket.map(|socket| (socket, events))
        });
        woken = socket::sleep_among(sockets, deadline)?;
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
struct Descriptors<'a> {
    /// Used if they are no more than that, so that nothing is allocated.
    few: [libc::pollfd; FEW + 1],
    many: Vec<libc::pollfd>,
    /// How many there are, with the parker's.
    count: usize,
    mask: Option<&'a SignalMask>,
}

/// What `ZMQ_POLLIN` and the like are to `poll(2)`.
const EVENTS: [(i16, i16); 3] = [
    (IN, libc::POLLIN),
    (OUT, libc::POLLOUT),
    (PRI, libc::POLLPRI),
];

impl<'a> Descriptors<'a> {
    /// `None` if there are none, and no mask that only `ppoll(2)` can set.
    fn new(items: &[Item], mask: Option<&'a SignalMask>) -> Result<Option<Descriptors<'a>>, Errno> {
        let own = || items.iter().filter(|item| item.socket.is_none());
        let count = own().count();
        if count == 0 && mask.is_none() {
            return Ok(None);
        }
        let nothing = libc::pollfd {
            fd: -1,
            events: libc::POLLIN,
            revents: 0,
        };
        let mut fds = Descriptors {
            few: [nothing; FEW + 1],
            many: Vec::new(),
            count: count + 1,
            mask,
        };
        if fds.count > fds.few.len() {
            let reserved = fds.many.try_reserve_exact(fds.count);
            reserved.map_err(|_| Errno::ENOMEM)?;
            fds.many.resize(fds.count, nothing);
        }
        for (item, fd) in own().zip(&mut fds.all()[1..]) {
            fd.fd = item.fd;
            fd.events = 0;
            for (ours, theirs) in EVENTS {
                if item.events & ours != 0 {
                    fd.events |= theirs;
                }
            }
        }
        Ok(Some(fds))
    }

    fn all(&mut self) -> &mut [libc::pollfd] {
        if self.many.is_empty() {
            &mut self.few[..self.count]
        } else {
            &mut self.many
        }
    }

    /// Looks at the descriptors without waiting, and tells the items: how many are ready.
    fn look(&mut self, items: &mut [Item]) -> Result<usize, Errno> {
        let mask = self.mask;
        let fds = self.all();
        fds[0].fd = -1;
        sys::poll_masked(fds, Some(sys::now()), mask)?;
        let mut ready = 0;
        let own = items.iter_mut().filter(|item| item.socket.is_none());
        for (item, fd) in own.zip(&fds[1..]) {
            let mut revents = 0;
            for (ours, theirs) in EVENTS {
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
        let mask = self.mask;
        let fds = self.all();
        fds[0].fd = fd;
        sys::poll_masked(fds, deadline, mask)?;
        if fds[0].revents & libc::POLLNVAL != 0 {
            // The program closed what was not its own.
            return Err(Errno::EBADF);
        }
        Ok(())
    }
}
