//! A poller within the I/O thread's poller: streams of one socket that somebody else may look at in
//! its place, all at once.
//!
//! Invariant: it tells edges only, each of them once, so whoever [looks](Nest::look) sees to all that
//! it finds, or has the I/O thread see to it. Its lock is held for a call of the kernel and nothing
//! else. It lives as long as something is in it, and its handler hears of its end.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};

use super::io_thread::{Key, Post, Ready, Watch};
use crate::errno::Errno;
use crate::queue::sync::Mutex;
use crate::sys::kernel;

/// How many streams are found at once at most.
const AT_ONCE: usize = 64;

/// A registry's call that says how a descriptor is watched.
type Set<'fd> = fn(&Registry, &mut SourceFd<'fd>, Token, Interest) -> io::Result<()>;

/// See the module.
pub struct Nest {
    /// Of the handler that has the I/O thread look.
    post: Arc<Post>,
    fd: RawFd,
    inside: Mutex<(Poll, Events)>,
}

impl Nest {
    /// An empty one; its handler is told through `post`.
    pub fn new(post: Arc<Post>) -> Result<Nest, Errno> {
        let poll = Poll::new()?;
        Ok(Nest {
            post,
            fd: poll.as_raw_fd(),
            inside: Mutex::new((poll, Events::with_capacity(AT_ONCE))),
        })
    }

    /// Readable while something is ready.
    pub fn fd(&self) -> RawFd {
        self.fd
    }

    /// Its handler's mailbox.
    pub fn post(&self) -> &Arc<Post> {
        &self.post
    }

    /// Tells what became ready since somebody last looked, of so many streams that it is no long
    /// work. `true`: perhaps there is more.
    pub fn look(&self, mut tell: impl FnMut(Key, Ready)) -> bool {
        let mut found = [(Key(0), Ready::default()); AT_ONCE];
        let mut count = 0;
        {
            let mut inside = self.inside.lock();
            let (poll, events) = &mut *inside;
            // What is not found out now is so by the next look.
            if poll.poll(events, Some(Duration::ZERO)).is_err() {
                return true;
            }
            for (found, event) in found.iter_mut().zip(events.iter()) {
                *found = (Key(event.token().0), Ready::of(event));
                count += 1;
            }
        }
        for &(key, ready) in &found[..count] {
            tell(key, ready);
        }
        count == AT_ONCE
    }

    pub(super) fn register(&self, key: Key, fd: RawFd, watch: Watch) -> Result<(), Errno> {
        self.set(Registry::register, key, &fd, watch)
    }

    pub(super) fn watch(&self, key: Key, fd: RawFd, watch: Watch) -> Result<(), Errno> {
        self.set(Registry::reregister, key, &fd, watch)
    }

    fn set<'fd>(&self, set: Set<'fd>, key: Key, fd: &'fd RawFd, watch: Watch) -> Result<(), Errno> {
        let inside = self.inside.lock();
        let (registry, interest) = (inside.0.registry(), watch.interest());
        let set = || set(registry, &mut SourceFd(fd), Token(key.0), interest);
        Ok(kernel::call(set)?)
    }

    pub(super) fn deregister(&self, fd: RawFd) {
        let inside = self.inside.lock();
        let _ = kernel::call(|| inside.0.registry().deregister(&mut SourceFd(&fd)));
    }
}

impl Drop for Nest {
    fn drop(&mut self) {
        self.post.io().deregister(self.fd);
        self.post.ask();
    }
}
