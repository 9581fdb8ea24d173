//! `zmq_poller_*`: a set of sockets and descriptors to be waited for again and again.
//!
//! Invariant: a socket or descriptor is in the set at most once. Waiting holds no lock: it waits
//! for the set as it was when it began.

use std::os::fd::RawFd;
use std::sync::Arc;

use parking_lot::Mutex;

use super::poll::{ERR, IN, Item, OUT, PRI, poll};
use crate::errno::Errno;
use crate::queue::Parker;
use crate::runtime::Inbox;
use crate::socket::Socket;

/// What is waited for.
#[derive(Clone, Copy)]
pub enum Source {
    /// A socket.
    Socket(&'static Socket),
    /// A descriptor.
    Fd(RawFd),
}

impl Source {
    fn is(&self, other: &Source) -> bool {
        match (self, other) {
            (Source::Socket(one), Source::Socket(other)) => std::ptr::eq(*one, *other),
            (Source::Fd(one), Source::Fd(other)) => one == other,
            _ => false,
        }
    }
}

struct Entry<T> {
    source: Source,
    data: T,
    /// `ZMQ_POLLIN` and the like; 0 to wait for nothing.
    events: i16,
    /// The socket's inbox, to be unwatched when the socket may be closed already.
    inbox: Option<Arc<Inbox>>,
    thread_safe: bool,
}

/// Something that happened.
#[derive(Clone, Copy)]
pub struct Found<T> {
    /// To what.
    pub source: Source,
    /// What was handed in with it.
    pub data: T,
    /// `ZMQ_POLLIN` and the like.
    pub events: i16,
}

struct Set<T> {
    entries: Vec<Entry<T>>,
    /// Watches the inboxes of all sockets, once someone asked for the descriptor.
    beacon: Option<Arc<Parker>>,
}

/// See the module. `T` is what the application wants to have back with each event.
pub struct Poller<T>(Mutex<Set<T>>);

impl<T: Copy> Default for Poller<T> {
    fn default() -> Poller<T> {
        Poller::new()
    }
}

/// `EINVAL` for bits that mean nothing.
fn check(events: i16) -> Result<(), Errno> {
    if events & !(IN | OUT | ERR | PRI) == 0 {
        Ok(())
    } else {
        Err(Errno::EINVAL)
    }
}

impl<T: Copy> Poller<T> {
    /// An empty set.
    pub fn new() -> Poller<T> {
        Poller(Mutex::new(Set {
            entries: Vec::new(),
            beacon: None,
        }))
    }

    /// How many sockets and descriptors are in the set.
    pub fn len(&self) -> usize {
        self.0.lock().entries.len()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a socket or descriptor. `EINVAL` if it is there, or for events that there are not;
    /// `ENOMEM`.
    pub fn add(&self, source: Source, data: T, events: i16) -> Result<(), Errno> {
        check(events)?;
        let mut set = self.0.lock();
        if set.entries.iter().any(|entry| entry.source.is(&source)) {
            return Err(Errno::EINVAL);
        }
        set.entries.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        let (inbox, thread_safe) = match source {
            Source::Socket(socket) => (Some(socket.inbox()?), socket.is_thread_safe()?),
            Source::Fd(_) => (None, false),
        };
        if let (Some(inbox), Some(beacon)) = (&inbox, &set.beacon) {
            inbox.light(beacon);
        }
        set.entries.push(Entry {
            source,
            data,
            events,
            inbox,
            thread_safe,
        });
        Ok(())
    }

    /// Changes what is waited for. `EINVAL` if it is not in the set, or for events that there are
    /// not.
    pub fn modify(&self, source: Source, events: i16) -> Result<(), Errno> {
        check(events)?;
        let mut set = self.0.lock();
        let mut entries = set.entries.iter_mut();
        let entry = entries.find(|entry| entry.source.is(&source));
        entry.ok_or(Errno::EINVAL)?.events = events;
        Ok(())
    }

    /// Takes a socket or descriptor out of the set. `EINVAL` if it is not there.
    pub fn remove(&self, source: Source) -> Result<(), Errno> {
        let mut set = self.0.lock();
        let place = set
            .entries
            .iter()
            .position(|entry| entry.source.is(&source));
        let entry = set.entries.remove(place.ok_or(Errno::EINVAL)?);
        set.dim(&entry);
        Ok(())
    }

    /// A descriptor that is readable while there may be events of sockets. `EINVAL` unless a
    /// thread-safe socket is in the set; `EMFILE` and the like.
    // COMPAT: it covers the sockets of the set, not its descriptors.
    pub fn fd(&self) -> Result<RawFd, Errno> {
        let mut set = self.0.lock();
        if !set.entries.iter().any(|entry| entry.thread_safe) {
            return Err(Errno::EINVAL);
        }
        if let Some(beacon) = &set.beacon {
            return beacon.fd().ok_or(Errno::EMFILE);
        }
        let beacon = Parker::beacon()?;
        for inbox in set.entries.iter().filter_map(|entry| entry.inbox.as_ref()) {
            inbox.light(&beacon);
        }
        let fd = beacon.fd().ok_or(Errno::EMFILE);
        set.beacon = Some(beacon);
        fd
    }

    /// Waits until something happened, for at most `timeout` milliseconds (-1: for ever), and hands
    /// each event to `found` until it has had enough (`false`). `EAGAIN` if nothing did, `EFAULT`
    /// if nothing ever could, `ETERM`, `EINTR`, `ENOTSOCK`.
    pub fn wait(&self, timeout: i64, mut found: impl FnMut(Found<T>) -> bool) -> Result<(), Errno> {
        let (mut items, data, beacon) = self.0.lock().snapshot()?;
        if items.is_empty() && timeout < 0 {
            return Err(Errno::EFAULT);
        }
        if let Some(beacon) = &beacon {
            beacon.clear();
            beacon.reset();
        }
        if poll(&mut items, timeout)? == 0 {
            return Err(Errno::EAGAIN);
        }
        if let Some(beacon) = &beacon {
            // What is there now may be there still when the descriptor is waited for again.
            beacon.unpark();
        }
        for (item, data) in items.iter().zip(data) {
            if item.revents == 0 {
                continue;
            }
            let source = match item.socket {
                Some(socket) => Source::Socket(socket),
                None => Source::Fd(item.fd),
            };
            let event = Found {
                source,
                data,
                events: item.revents,
            };
            if !found(event) {
                break;
            }
        }
        Ok(())
    }
}

/// What is to be waited for, with its data, and the beacon.
type Snapshot<T> = (Vec<Item>, Vec<T>, Option<Arc<Parker>>);

impl<T: Copy> Set<T> {
    fn snapshot(&self) -> Result<Snapshot<T>, Errno> {
        let (mut items, mut data) = (Vec::new(), Vec::new());
        let count = self.entries.len();
        items
            .try_reserve_exact(count)
            .and_then(|()| data.try_reserve_exact(count))
            .map_err(|_| Errno::ENOMEM)?;
        for entry in self.entries.iter().filter(|entry| entry.events != 0) {
            let (socket, fd) = match entry.source {
                Source::Socket(socket) => (Some(socket), -1),
                Source::Fd(fd) => (None, fd),
            };
            items.push(Item {
                socket,
                fd,
                events: entry.events,
                revents: 0,
            });
            data.push(entry.data);
        }
        Ok((items, data, self.beacon.clone()))
    }
}

impl<T> Set<T> {
    fn dim(&self, entry: &Entry<T>) {
        if let (Some(inbox), Some(beacon)) = (&entry.inbox, &self.beacon) {
            inbox.unwatch(beacon);
        }
    }
}

impl<T> Drop for Set<T> {
    fn drop(&mut self) {
        for entry in &self.entries {
            self.dim(entry);
        }
    }
}
