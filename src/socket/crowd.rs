//! Whose streams a thread that waits borrows: the only peer's, or those of all.
//!
//! Invariant: the streams of all are gathered when the socket was found to converse with several
//! peers, a bounded number at each wait; those that are not gathered, or cannot be, are the I/O
//! thread's. When one peer is left, its stream goes back there.

use std::sync::Arc;
#[cfg(test)]
use std::sync::Weak;

use super::Inner;
use crate::runtime::Lender;
#[cfg(test)]
use crate::runtime::Nest;
use crate::session::Crowd;

/// So many waits for answers of several peers, and their streams are gathered.
const WAITS: u8 = if cfg!(loom) { 1 } else { 16 };
/// So many of them at each wait.
const GATHERED: usize = 128;

/// What a socket has of its crowd.
#[derive(Default)]
pub(super) struct Gathering {
    crowd: Option<Arc<Crowd>>,
    /// Waits in conversation with several peers.
    waits: u8,
    /// So far, in the list of pipes, streams were gathered.
    gathered: usize,
}

impl Inner {
    /// Who is to be asked for a loan.
    pub(super) fn lender(&mut self) -> Option<Arc<dyn Lender>> {
        if let Some(driver) = self.pipes.sole_driver() {
            return Some(driver.clone());
        }
        if !self.pipes.are_many_driven() {
            return None;
        }
        let gathering = &mut self.gathering;
        if gathering.crowd.is_none() {
            gathering.waits = gathering.waits.saturating_add(u8::from(self.conversing));
            if gathering.waits < WAITS {
                return None;
            }
            gathering.waits = 0;
            // With several I/O threads streams are read at the same time.
            let threads = self.realm.io_threads(self.options.affinity);
            let [io] = &threads[..] else { return None };
            let (mut drivers, end) = self.pipes.drivers(gathering.gathered, GATHERED);
            if !drivers.any(|driver| driver.may_settle(io)) {
                gathering.gathered = end;
                return None;
            }
            gathering.crowd = Crowd::new(io).ok().map(Arc::new);
        }
        let crowd = gathering.crowd.clone()?;
        let (drivers, end) = self.pipes.drivers(gathering.gathered, GATHERED);
        drivers.for_each(|driver| crowd.admit(&**driver));
        gathering.gathered = end;
        // To sleep beside none of the streams would only cost.
        (!crowd.is_empty()).then_some(crowd as Arc<dyn Lender>)
    }

    /// A pipe was taken in, in this place.
    pub(super) fn gather(&mut self, place: usize) {
        let gathering = &mut self.gathering;
        if place < gathering.gathered {
            gathering.gathered = place;
        }
    }

    /// A pipe was let go of. The streams are not lent.
    pub(super) fn disperse(&mut self) {
        if self.gathering.crowd.is_none() || self.pipes.are_many_driven() {
            return;
        }
        let (drivers, _) = self.pipes.drivers(0, usize::MAX);
        drivers.for_each(|driver| driver.settle(None));
        self.gathering = Gathering::default();
    }
}

#[cfg(test)]
impl super::Socket {
    /// Whether a stream is lent to its threads, or many.
    pub fn is_lent(&self) -> bool {
        self.lock().is_ok_and(|inner| inner.lent.is_some())
    }

    /// Where the streams of its peers are watched, if they were gathered.
    pub fn nest(&self) -> Option<Weak<Nest>> {
        let inner = self.lock().ok()?;
        Some(inner.gathering.crowd.as_ref()?.nest())
    }
}
