//! What the queues share memory with: the standard tools, or loom's under `--cfg loom`.
//!
//! Invariant: nothing else in `queue` that two threads can reach is made of anything but these, so
//! that what loom checks is what runs.

#[cfg(loom)]
pub(super) use loom::{
    alloc::{alloc, dealloc},
    cell::UnsafeCell,
    sync::Arc,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence},
};
#[cfg(not(loom))]
pub(super) use std::{
    alloc::{alloc, dealloc},
    sync::Arc,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence},
};

/// `std::cell::UnsafeCell` with loom's way of access, which it checks: no write meets another
/// access without a happens-before between them.
#[cfg(not(loom))]
#[repr(transparent)]
pub(super) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    #[inline(always)]
    pub(super) const fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    #[inline(always)]
    pub(super) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    #[inline(always)]
    pub(super) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}
