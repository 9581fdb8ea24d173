//! The streams of a socket with many peers, borrowed all at once.
//!
//! They are in a [`Nest`], and the nest is in the I/O thread's poller, or out of it while it is lent:
//! then a thread of the application that waits sleeps beside the nest and reads what is ready itself.
//! When it is lent, kept and given back is for the [`Lease`] to say, as it is for a single stream.
//!
//! Invariant: of the nest, too, the lease's invariant holds: it is in the poller, or a thread attends,
//! or a tick is due. What cannot be put back into the poller is looked at every [`RETRY`].

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::lease::{Attend, Lease, Then, Wait};
use crate::errno::Errno;
use crate::queue::sync::Mutex;
use crate::runtime::{
    Driver, Handler, IoThread, Lender, Loan, Nest, Next, Post, Ready, Turn, Watch,
};
use crate::sys;

/// How long to wait before trying again what the kernel has no memory for.
const RETRY: Duration = Duration::from_millis(10);

/// The socket's handle. When it is dropped the I/O thread has the streams.
pub struct Crowd {
    nest: Arc<Nest>,
    state: Arc<Mutex<State>>,
}

struct State {
    lease: Lease,
    /// The nest is in the I/O thread's poller.
    watched: bool,
}

/// The I/O thread's handle. The nest lives no longer for it.
struct Warden {
    nest: Weak<Nest>,
    post: Arc<Post>,
    state: Arc<Mutex<State>>,
}

impl Crowd {
    /// Nobody yet.
    pub fn new(io: &IoThread) -> Result<Crowd, Errno> {
        let key = io.reserve();
        let post = Arc::new(Post::new(io.clone(), key));
        let nest = Arc::new(Nest::new(post.clone())?);
        io.register(key, nest.fd(), Watch::Reading)?;
        let state = Arc::new(Mutex::new(State {
            lease: Lease::new(),
            watched: true,
        }));
        let warden = Warden {
            nest: Arc::downgrade(&nest),
            post,
            state: state.clone(),
        };
        io.add(key, Arc::new(warden));
        Ok(Crowd { nest, state })
    }

    /// Takes in the stream of a peer, if that is possible and worth while.
    pub fn admit(&self, driver: &dyn Driver) {
        if driver.may_settle(self.nest.post().io()) {
            driver.settle(Some(&self.nest));
        }
    }

    /// Whether no stream settled here. Each that did has the nest.
    pub fn is_empty(&self) -> bool {
        Arc::strong_count(&self.nest) == 1
    }

    /// Where its streams are watched.
    #[cfg(test)]
    pub fn nest(&self) -> Weak<Nest> {
        Arc::downgrade(&self.nest)
    }
}

impl State {
    fn obey(&mut self, then: Then, post: &Post, nest: &Nest) {
        match then {
            Then::Stay => {}
            Then::Arm => post.ask_sooner(),
            Then::GiveBack => {
                if !self.watch(post, nest) {
                    post.ask();
                }
            }
        }
    }

    /// Puts the nest into the I/O thread's poller, which is told at once of what is ready in it.
    fn watch(&mut self, post: &Post, nest: &Nest) -> bool {
        if !self.watched {
            let watched = post.io().register(post.key(), nest.fd(), Watch::Reading);
            self.watched = watched.is_ok();
        }
        self.watched
    }

    /// When the I/O thread is to come.
    fn due(&self, now: Instant) -> Option<Instant> {
        if self.watched || self.lease.is_held() {
            self.lease.tick()
        } else {
            Some(now + RETRY)
        }
    }
}

impl Lender for Crowd {
    fn lend(&self, conversing: bool) -> Option<Loan> {
        let (post, nest) = (self.nest.post(), &*self.nest);
        let mut state = self.state.lock();
        let ticket = match state.lease.attend(conversing, sys::now) {
            Attend::Again(ticket) => ticket,
            Attend::Begin(ticket) => {
                if std::mem::take(&mut state.watched) {
                    post.io().deregister(nest.fd());
                }
                ticket
            }
            Attend::No(then) => {
                state.obey(then, post, nest);
                return None;
            }
        };
        Some(Loan {
            fd: nest.fd(),
            ticket,
        })
    }

    fn drive_in(&self, loan: Loan) -> bool {
        if !self.state.lock().lease.is_attended(loan.ticket) {
            return false;
        }
        let io = self.nest.post().io();
        let mut quiet = true;
        self.nest.look(|key, ready| {
            if let Some(handler) = io.handler(key) {
                quiet &= handler.drive_aside(ready);
            }
        });
        quiet
    }

    fn leave(&self, loan: Loan, in_vain: bool) -> bool {
        let wait = if in_vain {
            Wait::InVain
        } else {
            Wait::Happened
        };
        let mut state = self.state.lock();
        let then = state.lease.leave(loan.ticket, wait, sys::now);
        state.obey(then, self.nest.post(), &self.nest);
        state.lease.is_held()
    }

    fn give_back(&self) {
        let mut state = self.state.lock();
        let then = state.lease.end();
        state.obey(then, self.nest.post(), &self.nest);
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl Handler for Warden {
    fn drive(&self, turn: &mut Turn<'_>, _: Ready) -> Next {
        self.post.take();
        let Some(nest) = self.nest.upgrade() else {
            return Next {
                ended: true,
                ..Next::default()
            };
        };
        let mut state = self.state.lock();
        let then = state.lease.look_after(turn.now);
        state.obey(then, &self.post, &nest);
        let held = state.lease.is_held();
        if !held {
            state.watch(&self.post, &nest);
        }
        let deadline = state.due(turn.now);
        // What the application's thread looks at from here on it sees to.
        drop(state);
        let again = !held && nest.look(|key, ready| turn.found.push((key, ready)));
        Next {
            deadline,
            again,
            ended: false,
        }
    }
}
