//! How one who waits for another's doing asks to be told, without costing a busy teller more than
//! a fence and a load. (For the next item of a queue, the queue's own way is cheaper: see `spsc`.)
//!
//! ```text
//!   asker: arm, fence, look again           teller: publish, fence, look at the flag
//! ```
//!
//! Invariant: of the two, at least one sees the other: either the asker's second look finds what
//! was published, or the teller finds the flag set and takes it (and owes one wake-up). Both fences
//! are needed, and sequentially consistent: the models show what goes wrong without.

use super::sync::{AtomicBool, Ordering, fence};

/// One request to be told, between one asker and one teller.
#[derive(Debug)]
#[repr(align(64))]
pub struct Notice(AtomicBool);

impl Notice {
    /// Nobody asks yet.
    pub fn new() -> Notice {
        Notice(AtomicBool::new(false))
    }

    /// Asks to be told. The asker must look once more afterwards.
    #[inline]
    pub fn arm(&self) {
        self.0.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Takes the request back (what was awaited turned up by itself).
    #[inline]
    pub fn disarm(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether the asker must be told now; true once per request. Called after publishing.
    #[inline]
    pub fn fire(&self) -> bool {
        fence(Ordering::SeqCst);
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::AcqRel)
    }
}

impl Default for Notice {
    fn default() -> Notice {
        Notice::new()
    }
}
