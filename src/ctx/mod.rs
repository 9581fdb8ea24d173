//! The context: what sockets are made in, and what waits for their end.
//!
//! Invariant: a [`Context`] is a cell that is never freed, so that a stale handle may be looked at;
//! what makes it a context is its realm. Termination is a count and a wait: it marks, wakes
//! everyone with ETERM, and waits until no share is out.

pub mod poll;
pub mod poller;
pub mod proxy;
pub mod timers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

use crate::errno::Errno;
use crate::msg;
use crate::runtime::Cells;
use crate::socket::{Realm, Socket};
use crate::sys::{self, Uncancelled};

/// A context's cell: what `void *` points to. The tag says whether it is in use.
#[repr(C)]
pub struct Context {
    pub(crate) tag: AtomicU32,
    /// The fork generation that the context belongs to.
    generation: AtomicU32,
    realm: Mutex<Option<Arc<Realm>>>,
}

/// Cells that no context uses at present.
static SPARE: Cells<Context> = Cells::new();

impl Context {
    /// What the tag of a live context is.
    pub(crate) const TAG: u32 = 0x5A0C_47E5;
    /// What the tag of a cell without a context is.
    const DEAD: u32 = 0xDEAD_47E5;

    /// A new context (`zmq_ctx_new`). Threads are started with the first socket.
    pub fn create() -> Result<&'static Context, Errno> {
        let cell = SPARE.take(|| Context {
            tag: AtomicU32::new(Context::DEAD),
            generation: AtomicU32::new(0),
            realm: Mutex::new(None),
        });
        cell.generation
            .store(sys::fork_generation(), Ordering::Relaxed);
        *cell.realm.lock() = Some(Realm::new());
        cell.tag.store(Context::TAG, Ordering::Release);
        Ok(cell)
    }

    /// Whether another process made the context: nothing of it may be locked.
    fn is_foreign(&self) -> bool {
        self.generation.load(Ordering::Relaxed) != sys::fork_generation()
    }

    /// What is inside. `EFAULT` if the context ended, `ETERM` if another process made it.
    fn realm(&self) -> Result<Arc<Realm>, Errno> {
        if self.is_foreign() {
            return Err(Errno::ETERM);
        }
        self.realm.lock().clone().ok_or(Errno::EFAULT)
    }

    /// Sets an option (`zmq_ctx_set`).
    pub fn set(&self, option: i32, value: i32) -> Result<(), Errno> {
        self.realm()?.options().set(option, value)
    }

    /// An option's value (`zmq_ctx_get`).
    pub fn get(&self, option: i32) -> Result<i32, Errno> {
        self.realm()?.options().get(option)
    }

    /// Sets an option from octets (`zmq_ctx_set_ext`); `None` is a null pointer.
    pub fn set_ext(&self, option: i32, value: Option<&[u8]>) -> Result<(), Errno> {
        self.realm()?.options().set_ext(option, value)
    }

    /// Writes an option's value into the buffer and returns its length (`zmq_ctx_get_ext`).
    pub fn get_ext(&self, option: i32, buffer: &mut [u8]) -> Result<usize, Errno> {
        self.realm()?.options().get_ext(option, buffer)
    }

    /// A new socket (`zmq_socket`). `EINVAL` for an unknown type, `EMFILE` for one too many or
    /// when there is no descriptor for the I/O threads, `ETERM` if the context ends.
    pub fn socket(&'static self, kind: i32) -> Result<&'static Socket, Errno> {
        let _uncancelled = Uncancelled::begin();
        let realm = self.realm()?;
        // The context does not end, and its threads are not stopped, while this goes on.
        let share = realm.shares.share();
        realm.start_io_threads()?;
        Socket::open(&realm, kind, share)
    }

    /// Has every call on its sockets answer ETERM from now on (`zmq_ctx_shutdown`).
    pub fn shutdown(&self) -> Result<(), Errno> {
        if !self.is_foreign() {
            self.realm()?.end();
        }
        Ok(())
    }

    /// Ends the context (`zmq_ctx_term`): waits until its sockets are closed and what they had to
    /// send is sent. `EINTR` when a signal handler ran; it may be called again.
    pub fn terminate(&'static self) -> Result<(), Errno> {
        if self.is_foreign() {
            // A forked child: the threads are the parent's, and so is what they hold.
            self.tag.store(Context::DEAD, Ordering::Release);
            return Ok(());
        }
        let realm = self.realm()?;
        realm.end();
        realm.shares.wait()?;
        let _uncancelled = Uncancelled::begin();
        if self.retire() {
            realm.stop_io_threads();
            msg::forget_idle();
        }
        Ok(())
    }

    /// Makes the handle stale; `false` if it was already.
    fn retire(&'static self) -> bool {
        let realm = {
            let mut realm = self.realm.lock();
            self.tag.store(Context::DEAD, Ordering::Release);
            realm.take()
        };
        if realm.is_some() {
            SPARE.give_back(self);
        }
        realm.is_some()
    }
}

#[cfg(all(test, loom))]
mod models;
#[cfg(test)]
mod tests;
