//! Who still holds the context: each socket, each session that lingers.
//!
//! Invariant: `zmq_ctx_term` returns when the last share is dropped, and not before.

use std::sync::Arc;

use crate::errno::Errno;
use crate::queue::Parker;
use crate::queue::sync::Mutex;

#[derive(Default)]
struct State {
    count: usize,
    waiting: Vec<Arc<Parker>>,
}

/// The count of shares that are out.
#[derive(Default)]
pub struct Shares(Mutex<State>);

impl Shares {
    /// None out.
    pub fn new() -> Arc<Shares> {
        Arc::default()
    }

    /// One more share.
    pub fn share(self: &Arc<Shares>) -> Share {
        self.0.lock().count += 1;
        Share(self.clone())
    }

    /// Sleeps until no share is out; `EINTR` when a signal handler ran.
    pub fn wait(&self) -> Result<(), Errno> {
        let parker = Parker::current();
        loop {
            {
                let mut state = self.0.lock();
                if state.count == 0 {
                    return Ok(());
                }
                parker.reset();
                state.waiting.push(parker.clone());
            }
            let slept = parker.park(None);
            self.0
                .lock()
                .waiting
                .retain(|waiting| !Arc::ptr_eq(waiting, &parker));
            slept?;
        }
    }
}

/// Keeps the context from ending until it is dropped.
pub struct Share(Arc<Shares>);

impl Clone for Share {
    fn clone(&self) -> Share {
        self.0.share()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        state.count -= 1;
        if state.count == 0 {
            for waiting in &state.waiting {
                waiting.unpark();
            }
        }
    }
}
