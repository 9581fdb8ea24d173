//! Where the kernel comes in as one that threads wait for: the clock, calls that may end somebody's
//! wait, and the waits themselves. Under `--cfg loom` threads are loom's.
//!
//! Invariant: in a model the descriptors are real ones, but nobody waits in the kernel, where the
//! other threads would wait with him: whoever finds nothing waits for the next call that may have
//! changed that. A wait with a deadline ends at once, and it is that late then: so timers are never
//! what a model waits for, and a deadlock is a wait that nothing but time would have ended, if that.

#[cfg(not(loom))]
mod real {
    use std::time::Instant;

    /// The time.
    #[inline(always)]
    pub fn now() -> Instant {
        Instant::now()
    }

    /// A call that may end another thread's wait.
    #[inline(always)]
    pub fn call<R>(call: impl FnOnce() -> R) -> R {
        call()
    }

    /// A call that waits until the deadline at most, and says whether it found something.
    #[inline(always)]
    pub fn wait<R>(
        deadline: Option<Instant>,
        call: impl FnOnce(Option<Instant>) -> (bool, R),
    ) -> R {
        call(deadline).1
    }
}

#[cfg(loom)]
mod model {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, Instant};

    use loom::sync::{Condvar, Mutex};

    loom::lazy_static! {
        static ref KERNEL: Kernel = Kernel {
            // Not loom's: the clock orders nothing.
            passed: AtomicU64::new(0),
            lock: Mutex::new(()),
            changed: Condvar::new(),
        };
    }

    struct Kernel {
        /// Nanoseconds since the model began.
        passed: AtomicU64,
        lock: Mutex<()>,
        changed: Condvar,
    }

    /// The time.
    pub fn now() -> Instant {
        static BEGAN: OnceLock<Instant> = OnceLock::new();
        let passed = KERNEL.passed.load(Ordering::Relaxed);
        *BEGAN.get_or_init(Instant::now) + Duration::from_nanos(passed)
    }

    /// Has time pass.
    #[cfg(test)]
    pub fn pass(time: Duration) {
        let time = time.as_nanos() as u64;
        KERNEL.passed.fetch_add(time, Ordering::Relaxed);
    }

    /// A call that may end another thread's wait.
    pub fn call<R>(call: impl FnOnce() -> R) -> R {
        let held = KERNEL.lock.lock().expect("nobody panics with it");
        let result = call();
        KERNEL.changed.notify_all();
        drop(held);
        result
    }

    /// A call that waits until the deadline at most, and says whether it found something.
    pub fn wait<R>(
        deadline: Option<Instant>,
        mut call: impl FnMut(Option<Instant>) -> (bool, R),
    ) -> R {
        let mut held = KERNEL.lock.lock().expect("nobody panics with it");
        loop {
            let (found, result) = call(Some(now()));
            if found {
                return result;
            }
            if let Some(deadline) = deadline {
                drop(held);
                let left = deadline.saturating_duration_since(now()).as_nanos() as u64;
                KERNEL.passed.fetch_add(left, Ordering::Relaxed);
                // Others have their turn before he looks again.
                loom::thread::yield_now();
                return result;
            }
            held = KERNEL.changed.wait(held).expect("nobody panics with it");
        }
    }
}

#[cfg(loom)]
pub use model::*;
#[cfg(not(loom))]
pub use real::*;
