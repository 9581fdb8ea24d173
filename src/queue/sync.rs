//! What threads share memory with: the standard tools, or loom's under `--cfg loom`.
//!
//! Invariant: nothing else in `queue`, and in what the models of `runtime` and `socket` go through,
//! that two threads can reach is made of anything but these, so that what loom checks is what runs.
//! (Reference counts outside of `queue` are std's: what they order is ordered otherwise too.)

#[cfg(loom)]
pub(crate) use loom::{
    alloc::{alloc, dealloc},
    cell::UnsafeCell,
    sync::atomic::{
        AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    },
    sync::{Arc, MutexGuard},
    thread,
};
#[cfg(not(loom))]
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
#[cfg(not(loom))]
pub(crate) use std::{
    alloc::{alloc, dealloc},
    sync::Arc,
    sync::atomic::{
        AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    },
    thread, thread_local as per_thread,
};

/// `std::cell::UnsafeCell` with loom's way of access, which it checks: no write meets another
/// access without a happens-before between them.
#[cfg(not(loom))]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    #[inline(always)]
    pub(crate) const fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    #[inline(always)]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}

/// A lock that some only try to take.
#[cfg(not(loom))]
pub(crate) type Tried<T> = Mutex<T>;
/// What holds it.
#[cfg(not(loom))]
pub(crate) type TriedGuard<'a, T> = MutexGuard<'a, T>;

/// Loom's lock, used like the real one.
#[cfg(loom)]
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

#[cfg(loom)]
impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Mutex<T> {
        Mutex(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect("nobody panics with it")
    }
}

/// Loom does not look for orders in which somebody finds a lock taken, for to let go of one is
/// nothing to it. Here it is something, and whoever tries the lock may come before it.
#[cfg(loom)]
pub(crate) struct Tried<T> {
    lock: Mutex<T>,
    tries: AtomicUsize,
}

/// What holds it.
#[cfg(loom)]
pub(crate) struct TriedGuard<'a, T> {
    held: MutexGuard<'a, T>,
    tries: &'a AtomicUsize,
}

#[cfg(loom)]
impl<T> Tried<T> {
    pub(crate) fn new(value: T) -> Tried<T> {
        Tried {
            lock: Mutex::new(value),
            tries: AtomicUsize::new(0),
        }
    }

    pub(crate) fn lock(&self) -> TriedGuard<'_, T> {
        TriedGuard {
            held: self.lock.lock(),
            tries: &self.tries,
        }
    }

    pub(crate) fn try_lock(&self) -> Option<TriedGuard<'_, T>> {
        self.tries.fetch_add(1, Ordering::Relaxed);
        Some(TriedGuard {
            held: self.lock.0.try_lock().ok()?,
            tries: &self.tries,
        })
    }
}

#[cfg(loom)]
impl<T> Drop for TriedGuard<'_, T> {
    fn drop(&mut self) {
        self.tries.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(loom)]
impl<T> std::ops::Deref for TriedGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.held
    }
}

#[cfg(loom)]
impl<T> std::ops::DerefMut for TriedGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.held
    }
}

/// For those who cannot sleep on a descriptor, which in models everybody can.
#[cfg(loom)]
pub(crate) struct Condvar;

#[cfg(loom)]
impl Condvar {
    pub(crate) fn new() -> Condvar {
        Condvar
    }

    pub(crate) fn notify_all(&self) {}

    pub(crate) fn wait_until<T>(&self, _: &mut MutexGuard<'_, T>, _: std::time::Instant) {
        panic!("a model waits for its descriptors");
    }
}

/// The stack of a thread in a model, in words.
#[cfg(loom)]
pub(crate) const STACK: usize = 128 * 1024;

/// Loom's, which knows nothing of constants.
#[cfg(loom)]
macro_rules! per_thread {
    ($($(#[$attr:meta])* static $name:ident: $type:ty = const $init:block;)+) => {
        loom::thread_local! {
            $(
                $(#[$attr])*
                static $name: $type = $init;
            )+
        }
    };
}
#[cfg(loom)]
pub(crate) use per_thread;
