//! The lock of something that, as a rule, one thread uses at a time.
//!
//! Invariant: it is held by one at most. A thread that is alone pays one locked instruction, to take
//! it; to let go is a plain store, for nobody is looked for who waits. Those who do wait look again
//! and again, less and less often. That is right for what two threads use only by mistake, or one
//! after the other. A latch for a crowd is an ordinary lock.

use std::time::Duration;

use lock_api::RawMutex;

use super::sync::{Ordering, thread};

/// A value behind a [`Latch`].
pub type Latched<T> = lock_api::Mutex<Latch, T>;

/// How often a waiting thread looks before it lets others run, and before it sleeps.
const SPINS: u32 = if cfg!(loom) { 0 } else { 64 };
const YIELDS: u32 = if cfg!(loom) { u32::MAX } else { 16 };
/// The shortest and the longest of its sleeps, in microseconds.
const SLEEP: u64 = 20;
const LONGEST: u64 = 1000;

#[cfg(not(loom))]
type AtomicBool = super::sync::AtomicBool;

/// Loom's, which cannot be made before a model runs, and is made when it is first used.
#[cfg(loom)]
struct AtomicBool(std::sync::OnceLock<super::sync::AtomicBool>);

#[cfg(loom)]
impl AtomicBool {
    const fn new(_: bool) -> AtomicBool {
        AtomicBool(std::sync::OnceLock::new())
    }
}

#[cfg(loom)]
impl std::ops::Deref for AtomicBool {
    type Target = super::sync::AtomicBool;

    fn deref(&self) -> &super::sync::AtomicBool {
        self.0.get_or_init(|| super::sync::AtomicBool::new(false))
    }
}

/// See the module.
pub struct Latch {
    held: AtomicBool,
    /// In place of `held`, for a crowd.
    crowd: Option<parking_lot::RawMutex>,
}

impl Latch {
    /// A latch that nobody holds. `crowd`: many threads use it at once.
    pub const fn new(crowd: bool) -> Latch {
        Latch {
            held: AtomicBool::new(false),
            crowd: if crowd {
                Some(<parking_lot::RawMutex as RawMutex>::INIT)
            } else {
                None
            },
        }
    }

    /// Takes it if it is free, by one locked instruction.
    #[inline]
    fn take(&self) -> bool {
        if cfg!(loom) {
            // The same, for one who finds it taken. But loom does not know that who lets go of it
            // comes after those who found it taken, if these write.
            let (order, failed) = (Ordering::Acquire, Ordering::Relaxed);
            self.held
                .compare_exchange(false, true, order, failed)
                .is_ok()
        } else {
            !self.held.swap(true, Ordering::Acquire)
        }
    }

    #[cold]
    fn wait(&self) {
        let (mut looks, mut sleep) = (0, SLEEP);
        while self.held.load(Ordering::Relaxed) || !self.take() {
            looks += 1;
            if looks < SPINS {
                std::hint::spin_loop();
            } else if looks < SPINS + YIELDS {
                thread::yield_now();
            } else {
                std::thread::sleep(Duration::from_micros(sleep));
                sleep = (sleep * 2).min(LONGEST);
            }
        }
    }
}

// SAFETY: `held` is set by the swap that found it clear, and cleared by the holder alone; the
// acquire of the one and the release of the other order what is done under it. The lock for a crowd
// is one itself, and which of the two is used never changes.
unsafe impl RawMutex for Latch {
    // A pattern to start from, not a shared value.
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Latch = Latch::new(false);

    type GuardMarker = lock_api::GuardNoSend;

    #[inline]
    fn lock(&self) {
        if let Some(crowd) = &self.crowd {
            crowd.lock();
        } else if !self.take() {
            self.wait();
        }
    }

    #[inline]
    fn try_lock(&self) -> bool {
        match &self.crowd {
            Some(crowd) => crowd.try_lock(),
            None => self.take(),
        }
    }

    #[inline]
    unsafe fn unlock(&self) {
        match &self.crowd {
            // SAFETY: the caller holds it.
            Some(crowd) => unsafe { crowd.unlock() },
            None => self.held.store(false, Ordering::Release),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        for crowd in [false, true] {
            let latched = Latched::from_raw(Latch::new(crowd), 0_u64);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..20_000 {
                            let mut count = latched.lock();
                            *count = std::hint::black_box(*count) + 1;
                        }
                    });
                }
            });
            assert_eq!(*latched.lock(), 80_000);
        }
    }

    #[test]
    fn who_waits_gets_it_when_it_is_let_go_of() {
        for crowd in [false, true] {
            let latched = Latched::from_raw(Latch::new(crowd), ());
            let held = latched.lock();
            assert!(latched.try_lock().is_none());
            std::thread::scope(|scope| {
                scope.spawn(|| drop(latched.lock()));
                // Long enough for it to sleep; if it does not, no harm is done.
                std::thread::sleep(Duration::from_millis(5));
                drop(held);
            });
            assert!(latched.try_lock().is_some());
        }
    }
}
