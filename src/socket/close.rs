//! The end of a socket.
//!
//! Invariant: closing returns at once; what is still to be sent is left to sessions, which hold
//! the context until they are done or their linger is over.

use std::sync::atomic::Ordering;

use crate::sys::Uncancelled;

use super::{Inner, SPARE, Socket};

impl Socket {
    /// Closes the socket; the handle is stale afterwards. Closing it twice does nothing.
    pub fn close(&'static self) {
        if self.is_foreign() {
            // What is inside is shared with the parent and may be locked for ever: it is left
            // where it is, and so is the cell.
            self.tag.store(Socket::DEAD, Ordering::Release);
            return;
        }
        let _uncancelled = Uncancelled::begin();
        let inner = {
            let mut cell = self.inner.lock();
            self.tag.store(Socket::DEAD, Ordering::Release);
            cell.take()
        };
        let Some(inner) = inner else { return };
        let spare = &SPARE[usize::from(inner.kind.thread_safe)];
        inner.end();
        spare.give_back(self);
    }
}

impl Inner {
    fn end(mut self: Box<Self>) {
        self.realm.delist(self.id);
        self.realm.names.forget(self.id);
        let linger = self.options.linger;
        // Peers that knocked and were never let in.
        drop(self.inbox.close());
        for id in self.pipes.ids() {
            self.pipes.rollback(id);
            self.pipes.flush(id);
        }
        self.pipes.settle(false);
        for endpoint in &self.endpoints {
            endpoint.close(linger);
        }
        // The pipes close as they are dropped, after the sessions know how long to linger.
    }
}
