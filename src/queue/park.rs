//! How a thread of the application sleeps until something happens on a socket.
//!
//! Invariant: an `unpark` that comes before or during `park` ends it; a wake-up too many is
//! harmless. A descriptor is slept on, so that a signal handler ends the sleep with `EINTR` as
//! users of libzmq expect, and so that other descriptors can be waited for at the same time; when
//! the process has no descriptor left, or closed ours, a condition variable does, without those
//! two. Only edges of the descriptor count, so that it need not be read after each wake-up: one
//! system call to wake, one to sleep.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::sync::{Condvar, Mutex, per_thread};
use crate::errno::Errno;
use crate::sys::{self, Edges, EventFd};

/// One sleeper's bed.
pub struct Parker {
    event: Option<EventFd>,
    edges: Option<Edges>,
    woken: Mutex<bool>,
    condition: Condvar,
}

impl Parker {
    /// The calling thread's own parker.
    pub fn current() -> Arc<Parker> {
        per_thread! {
            static OWN: std::cell::RefCell<Option<(u32, Arc<Parker>)>> =
                const { std::cell::RefCell::new(None) };
        }
        let fresh = || {
            let event = EventFd::new().ok();
            let edges = event.as_ref().and_then(|event| Edges::new(event.fd()).ok());
            Arc::new(Parker::made_of(event, edges))
        };
        let generation = sys::fork_generation();
        // A thread that is just ending has no thread-local storage any more.
        OWN.try_with(|own| {
            let mut own = own.borrow_mut();
            match &*own {
                // A descriptor from before a fork is the parent's too.
                Some((made, parker)) if *made == generation && parker.event.is_some() => {
                    parker.clone()
                }
                _ => own.insert((generation, fresh())).1.clone(),
            }
        })
        .unwrap_or_else(|_| fresh())
    }

    fn made_of(event: Option<EventFd>, edges: Option<Edges>) -> Parker {
        Parker {
            event,
            edges,
            woken: Mutex::new(false),
            condition: Condvar::new(),
        }
    }

    /// A parker that nobody sleeps in: its [descriptor](Parker::fd) is waited for elsewhere.
    /// `EMFILE` and the like when there is none to have.
    pub fn beacon() -> Result<Arc<Parker>, Errno> {
        Ok(Arc::new(Parker::made_of(Some(EventFd::new()?), None)))
    }

    /// Forgets wake-ups that came before: called before telling anyone whom to wake.
    pub fn reset(&self) {
        if self.edges.is_none() {
            self.clear();
        }
        *self.woken.lock() = false;
    }

    /// Makes the [descriptor](Parker::fd) unreadable: called before `reset` by those who wait for
    /// it themselves. (The other way round a late `unpark` between the two would be forgotten here
    /// and remembered there, and those that follow would not signal.)
    pub fn clear(&self) {
        if let Some(event) = &self.event {
            event.clear();
        }
    }

    /// Ends the sleep, now or as soon as it begins.
    pub fn unpark(&self) {
        if std::mem::replace(&mut *self.woken.lock(), true) {
            return;
        }
        if let Some(event) = &self.event {
            event.signal();
        }
        // Costs nothing while nobody waits there.
        self.condition.notify_all();
    }

    /// The descriptor that becomes readable when woken, for those who wait for others too.
    pub fn fd(&self) -> Option<RawFd> {
        self.event.as_ref().map(EventFd::fd)
    }

    /// All descriptors of it.
    #[cfg(test)]
    pub fn descriptors(&self) -> Vec<RawFd> {
        let edges = self.edges.as_ref().map(Edges::fd);
        self.fd().into_iter().chain(edges).collect()
    }

    /// Whether [`park`](Parker::park) would end at once.
    pub fn is_woken(&self) -> bool {
        *self.woken.lock()
    }

    /// What would end [`park_among`](Parker::park_among) these items now: so many of the other
    /// descriptors, which then know what is ready, or, 0, a wake-up that it is to hear of.
    pub fn peek_among(&self, items: &mut [libc::pollfd]) -> Result<Option<usize>, Errno> {
        if self.is_woken() {
            return Ok(Some(0));
        }
        let others = items.get_mut(1..).unwrap_or_default();
        Ok(Some(sys::poll_now(others)?).filter(|ready| *ready > 0))
    }

    /// Like [`park`](Parker::park), but ends as well when one of other descriptors is ready, as
    /// `poll(2)` wants them; the first place is the parker's. Returns how many are ready, itself
    /// included. Any error but `EINTR` means that nobody can sleep for all of them here.
    pub fn park_among(
        &self,
        items: &mut [libc::pollfd],
        deadline: Option<Instant>,
    ) -> Result<usize, Errno> {
        let own = self.edges.as_ref().map(Edges::fd).or_else(|| self.fd());
        let place = items.first_mut().ok_or(Errno::EINVAL)?;
        place.fd = own.ok_or(Errno::EBADF)?;
        let ready = sys::poll(items, deadline)?;
        if items[0].revents & libc::POLLNVAL != 0 {
            return Err(Errno::EBADF);
        }
        if items[0].revents != 0
            && let Some(edges) = &self.edges
        {
            // This edge has had its effect. That there is none any more is as good.
            let _ = edges.take();
        }
        Ok(ready)
    }

    /// Sleeps until woken or until the deadline; `EINTR` when a signal handler ran, and no other
    /// error.
    pub fn park(&self, deadline: Option<Instant>) -> Result<(), Errno> {
        if let Some(event) = &self.event {
            let slept = match &self.edges {
                Some(edges) => edges.wait(deadline),
                None => sys::wait_readable(event.fd(), deadline),
            };
            // A program that closes all descriptors it does not know closes this one too. Whatever
            // the kernel has against it, the sleeper is woken below as well.
            if matches!(slept, Ok(()) | Err(Errno::EINTR)) {
                return slept;
            }
        }
        let mut woken = self.woken.lock();
        if !*woken {
            let far = || sys::now() + Duration::from_secs(3600);
            self.condition
                .wait_until(&mut woken, deadline.unwrap_or_else(far));
        }
        Ok(())
    }
}
