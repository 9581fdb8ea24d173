//! A bound endpoint: accepts peers and begins a session with each.
//!
//! Invariant: running out of descriptors pauses accepting and tells the monitor; it never spins
//! and never ends anything.

use std::os::fd::AsRawFd;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::errno::Errno;
use crate::runtime::{Ends, Handler, IoThread, Next, Post, Ready, Share, Turn, Watch, number};
use crate::transport::{AcceptError, Listener, Stream};

use super::{Plan, Session};

/// How long to leave those alone who cannot be accepted.
const PAUSE: Duration = Duration::from_millis(100);
/// Peers accepted in one turn.
const TURN: usize = 64;

/// See the module.
pub struct Listening {
    post: Arc<Post>,
    plan: Arc<Plan>,
    core: Mutex<Core>,
}

struct Core {
    listener: Option<Listener>,
    sessions: Vec<Weak<Session>>,
    ended: bool,
    share: Option<Share>,
}

impl Listening {
    /// Begins to accept peers.
    pub fn start(
        plan: Arc<Plan>,
        io: &IoThread,
        listener: Listener,
    ) -> Result<Arc<Listening>, Errno> {
        let key = io.reserve();
        let fd = listener.as_raw_fd();
        let endpoint = Ends::bound(listener.endpoint());
        let listening = Arc::new(Listening {
            post: Arc::new(Post::new(io.clone(), key)),
            core: Mutex::new(Core {
                listener: Some(listener),
                sessions: Vec::new(),
                ended: false,
                share: Some(plan.shares.share()),
            }),
            plan,
        });
        io.add(key, listening.clone());
        if let Err(errno) = io.register(key, fd, Watch::Reading) {
            listening.close(0);
            return Err(errno);
        }
        listening
            .plan
            .events
            .raise(number::LISTENING, fd as u64, &endpoint);
        // Peers may wait already on an adopted descriptor.
        listening.post.ask();
        Ok(listening)
    }

    /// Stops accepting, at once and for good: the address is free when this returns. Sessions
    /// that were begun end after this linger.
    pub fn close(&self, linger: i32) {
        let sessions = {
            let mut core = self.core.lock();
            core.ended = true;
            self.shut(&mut core);
            std::mem::take(&mut core.sessions)
        };
        for session in sessions.iter().filter_map(Weak::upgrade) {
            session.close(linger);
        }
        self.post.ask();
    }

    fn shut(&self, core: &mut Core) {
        if let Some(listener) = core.listener.take() {
            let fd = listener.as_raw_fd();
            let endpoint = Ends::bound(listener.endpoint());
            self.post.io().deregister(fd);
            listener.stop();
            drop(listener);
            self.plan.events.raise(number::CLOSED, fd as u64, &endpoint);
        }
    }

    fn begin(&self, core: &mut Core, stream: Stream) {
        let Some(io) = self.plan.least_loaded() else {
            return;
        };
        let endpoint = Ends::accepted(stream.local_endpoint(), stream.peer_endpoint());
        self.plan
            .events
            .raise(number::ACCEPTED, stream.as_raw_fd() as u64, &endpoint);
        let session = Session::accepted(self.plan.clone(), io, stream, endpoint);
        session.start();
        if core.sessions.len() == core.sessions.capacity() {
            core.sessions
                .retain(|session| session.upgrade().is_some_and(|one| !one.is_over()));
        }
        core.sessions.push(Arc::downgrade(&session));
    }
}

impl Handler for Listening {
    fn drive(&self, turn: &mut Turn<'_>, _ready: Ready) -> Next {
        let mut core = self.core.lock();
        let core = &mut *core;
        self.post.take();
        if core.ended {
            core.share = None;
            return Next {
                ended: true,
                ..Next::default()
            };
        }
        for _ in 0..TURN {
            let Some(listener) = &core.listener else {
                return Next::default();
            };
            let error = match listener.accept(&self.plan.options) {
                Ok(stream) => {
                    self.begin(core, stream);
                    continue;
                }
                Err(error) => error,
            };
            if matches!(error, AcceptError::Empty) {
                return Next::default();
            }
            let endpoint = Ends::bound(listener.endpoint());
            let errno = error.errno().0 as u64;
            self.plan
                .events
                .raise(number::ACCEPT_FAILED, errno, &endpoint);
            match error {
                AcceptError::Later(_) => {
                    return Next {
                        deadline: Some(turn.now + PAUSE),
                        ..Next::default()
                    };
                }
                AcceptError::Broken(_) => {
                    self.shut(core);
                    return Next::default();
                }
                _ => {}
            }
        }
        Next {
            again: true,
            ..Next::default()
        }
    }
}
