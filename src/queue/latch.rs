//! The lock of something that, as a rule, one thread uses at a time, and often for good.
//!
//! ```text
//!   a thread that took it often in succession    any other
//!   inside = true                                takes `held`
//!   (in this order, as the other makes sure)     owner = nobody
//!   is `owner` still this one?                   a barrier in all threads
//!                                                waits while `inside`
//! ```
//!
//! Invariants: it is held by one at most. Who takes it pays one locked instruction, or none if it is
//! the owner: of the two above at least one sees the other, for after the barrier either what the
//! owner wrote is seen, or the owner sees that it is none any more. Only the holder makes itself the
//! owner. To let go is a plain store, for nobody is looked for who waits. Those who do wait look again
//! and again, less and less often. That is right for what two threads use only by mistake, or one
//! after the other. A latch for a crowd is an ordinary lock.

use std::sync::atomic::{AtomicBool as Plain, AtomicU32, AtomicUsize as Number, compiler_fence};
use std::time::Duration;

use lock_api::RawMutex;

use super::sync::{AtomicBool, AtomicUsize, Ordering, fence, thread};
use crate::sys;

/// A value behind a [`Latch`].
pub type Latched<T> = lock_api::Mutex<Latch, T>;

/// How often a waiting thread looks before it lets others run, and before it sleeps.
const SPINS: u32 = if cfg!(loom) { 0 } else { 64 };
const YIELDS: u32 = if cfg!(loom) { u32::MAX } else { 16 };
/// The shortest and the longest of its sleeps, in microseconds.
const SLEEP: u64 = 20;
const LONGEST: u64 = 1000;

/// A thread that took it so many times in succession owns it, from then on,
const OWNED: u32 = 1000;
/// and each time that another one came takes it twice as many, at most so many.
const OWNED_AT_LAST: u32 = 1_000_000;

/// Nobody, among owners.
const NOBODY: usize = 0;

/// What threads meet at.
struct Words {
    held: AtomicBool,
    owner: AtomicUsize,
    /// The owner holds it, or is about to see that it is none.
    inside: AtomicBool,
}

impl Words {
    #[cfg(not(loom))]
    const fn new() -> Words {
        Words {
            held: AtomicBool::new(false),
            owner: AtomicUsize::new(NOBODY),
            inside: AtomicBool::new(false),
        }
    }

    #[cfg(loom)]
    fn new() -> Words {
        Words {
            held: AtomicBool::new(false),
            owner: AtomicUsize::new(NOBODY),
            inside: AtomicBool::new(false),
        }
    }
}

/// See the module.
pub struct Latch {
    #[cfg(not(loom))]
    words: Words,
    /// Loom's cannot be made before a model runs, and are made when they are first used.
    #[cfg(loom)]
    words: std::sync::OnceLock<Words>,
    // The holder's own from here on; they order nothing.
    /// It is held as an owner holds it.
    lightly: Plain,
    /// The thread that took it last, and how many times in succession.
    last: Number,
    streak: AtomicU32,
    /// How many it takes to own it.
    wanted: AtomicU32,
    /// In place of all that, for a crowd.
    crowd: Option<parking_lot::RawMutex>,
}

/// The number of the calling thread, which no other has that lives; [`NOBODY`] where there is none
/// that costs nothing.
#[inline(always)]
fn this_thread() -> usize {
    #[cfg(loom)]
    return format!("{:?}", thread::current().id())
        .bytes()
        .fold(1, |sum, octet| sum * 31 + usize::from(octet));
    #[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri), not(loom)))]
    {
        let number: usize;
        // SAFETY: the first word of what FS points to is its own address (ELF TLS, x86-64).
        unsafe {
            std::arch::asm!("mov {}, fs:0", out(reg) number,
                options(nostack, preserves_flags, readonly, pure));
        }
        number
    }
    #[cfg(not(any(loom, all(target_arch = "x86_64", target_os = "linux", not(miri)))))]
    return NOBODY;
}

/// The owner's part of the barrier: nothing but an order that the compiler keeps.
#[inline(always)]
fn light_barrier() {
    if cfg!(loom) {
        fence(Ordering::SeqCst);
    } else {
        compiler_fence(Ordering::SeqCst);
    }
}

/// The others' part, which has all threads pass a barrier.
fn heavy_barrier() {
    if cfg!(loom) {
        fence(Ordering::SeqCst);
    } else if !sys::barrier_in_all_threads() {
        // It worked before. What the owner wrote gets out of its processor by itself in far less.
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Looks again and again.
struct Patience {
    looks: u32,
    sleep: u64,
}

impl Patience {
    const fn new() -> Patience {
        Patience {
            looks: 0,
            sleep: SLEEP,
        }
    }

    fn wait(&mut self) {
        self.looks = self.looks.saturating_add(1);
        if self.looks < SPINS {
            std::hint::spin_loop();
        } else if self.looks < SPINS.saturating_add(YIELDS) {
            thread::yield_now();
        } else {
            std::thread::sleep(Duration::from_micros(self.sleep));
            self.sleep = (self.sleep * 2).min(LONGEST);
        }
    }
}

impl Latch {
    /// A latch that nobody holds. `crowd`: many threads use it at once.
    pub const fn new(crowd: bool) -> Latch {
        Latch {
            #[cfg(not(loom))]
            words: Words::new(),
            #[cfg(loom)]
            words: std::sync::OnceLock::new(),
            lightly: Plain::new(false),
            last: Number::new(NOBODY),
            streak: AtomicU32::new(0),
            // (Loom's models of the whole have enough to do.)
            wanted: AtomicU32::new(if cfg!(loom) { u32::MAX } else { OWNED }),
            crowd: if crowd {
                Some(<parking_lot::RawMutex as RawMutex>::INIT)
            } else {
                None
            },
        }
    }

    /// A latch that whoever took it so many times in succession owns.
    #[cfg(test)]
    pub(super) const fn owned_after(wanted: u32) -> Latch {
        let mut latch = Latch::new(false);
        latch.wanted = AtomicU32::new(wanted);
        latch
    }

    #[inline(always)]
    fn words(&self) -> &Words {
        #[cfg(loom)]
        return self.words.get_or_init(Words::new);
        #[cfg(not(loom))]
        &self.words
    }

    /// Takes it if the calling thread owns it and does not hold it.
    #[inline(always)]
    fn take_lightly(&self) -> bool {
        let (words, me) = (self.words(), this_thread());
        if words.owner.load(Ordering::Relaxed) != me
            || me == NOBODY
            || words.inside.load(Ordering::Relaxed)
        {
            return false;
        }
        words.inside.store(true, Ordering::Relaxed);
        light_barrier();
        if words.owner.load(Ordering::Relaxed) == me {
            self.lightly.store(true, Ordering::Relaxed);
            return true;
        }
        words.inside.store(false, Ordering::Release);
        false
    }

    /// Takes `held` if it is free, by one locked instruction.
    #[inline]
    fn take(&self) -> bool {
        let held = &self.words().held;
        if cfg!(loom) {
            // The same, for one who finds it taken. But loom does not know that who lets go of it
            // comes after those who found it taken, if these write.
            let (order, failed) = (Ordering::Acquire, Ordering::Relaxed);
            held.compare_exchange(false, true, order, failed).is_ok()
        } else {
            !held.swap(true, Ordering::Acquire)
        }
    }

    /// `held` was taken: from now on there is no owner. `false`: there was one, which holds it.
    #[inline]
    fn disown(&self) -> bool {
        let words = self.words();
        let me = this_thread();
        if self.last.load(Ordering::Relaxed) == me {
            let streak = self.streak.load(Ordering::Relaxed);
            self.streak
                .store(streak.saturating_add(1), Ordering::Relaxed);
        } else {
            self.last.store(me, Ordering::Relaxed);
            self.streak.store(0, Ordering::Relaxed);
        }
        words.owner.load(Ordering::Relaxed) == NOBODY || self.disown_slowly()
    }

    #[cold]
    fn disown_slowly(&self) -> bool {
        let words = self.words();
        let wanted = self.wanted.load(Ordering::Relaxed);
        self.wanted.store(
            wanted.saturating_mul(2).min(OWNED_AT_LAST),
            Ordering::Relaxed,
        );
        self.streak.store(0, Ordering::Relaxed);
        words.owner.store(NOBODY, Ordering::Relaxed);
        heavy_barrier();
        !words.inside.load(Ordering::Acquire)
    }

    #[cold]
    fn lock_slowly(&self) {
        let words = self.words();
        let mut patience = Patience::new();
        while words.held.load(Ordering::Relaxed) || !self.take() {
            patience.wait();
        }
        if !self.disown() {
            while words.inside.load(Ordering::Acquire) {
                patience.wait();
            }
        }
        self.lightly.store(false, Ordering::Relaxed);
    }

    #[cold]
    fn try_slowly(&self) -> bool {
        if !self.take() {
            return false;
        }
        if !self.disown() {
            self.words().held.store(false, Ordering::Release);
            return false;
        }
        self.lightly.store(false, Ordering::Relaxed);
        true
    }

    /// Lets go of `held`; the calling thread may own the latch then.
    #[inline(always)]
    fn let_go(&self) {
        let words = self.words();
        if self.streak.load(Ordering::Relaxed) >= self.wanted.load(Ordering::Relaxed) {
            self.become_owner();
        }
        words.held.store(false, Ordering::Release);
    }

    #[cold]
    fn become_owner(&self) {
        self.streak.store(0, Ordering::Relaxed);
        if cfg!(loom) || sys::can_bar_all_threads() {
            // Whoever takes `held` next sees it.
            self.words().owner.store(this_thread(), Ordering::Relaxed);
        } else {
            self.wanted.store(u32::MAX, Ordering::Relaxed);
        }
    }
}

// SAFETY: `held` is set by the swap that found it clear, and cleared by who set it; who set it has
// the owner be none, and waits for one that is inside. An owner is inside only if it finds itself the
// owner afterwards: see the module for why one of both sees the other. The acquire of `held` or
// `inside` and the release of either order what is done under it, and an owner that nobody disowned
// meanwhile is the thread that held it last. The lock for a crowd is one itself, and which of the two
// is used never changes.
unsafe impl RawMutex for Latch {
    // A pattern to start from, not a shared value.
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Latch = Latch::new(false);

    type GuardMarker = lock_api::GuardNoSend;

    #[inline(always)]
    fn lock(&self) {
        if let Some(crowd) = &self.crowd {
            crowd.lock();
        } else if !self.take_lightly() {
            self.lock_slowly();
        }
    }

    #[inline]
    fn try_lock(&self) -> bool {
        match &self.crowd {
            Some(crowd) => crowd.try_lock(),
            None => self.take_lightly() || self.try_slowly(),
        }
    }

    #[inline(always)]
    unsafe fn unlock(&self) {
        match &self.crowd {
            // SAFETY: the caller holds it.
            Some(crowd) => unsafe { crowd.unlock() },
            None if self.lightly.load(Ordering::Relaxed) => {
                self.words().inside.store(false, Ordering::Release);
            }
            None => self.let_go(),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn latches() -> [Latch; 3] {
        [Latch::new(false), Latch::new(true), Latch::owned_after(3)]
    }

    #[test]
    fn one_at_a_time() {
        for latch in latches() {
            let latched = Latched::from_raw(latch, 0_u64);
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
        for latch in latches() {
            let latched = Latched::from_raw(latch, ());
            (0..10).for_each(|_| drop(latched.lock()));
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

    #[test]
    fn who_owns_it_holds_it_once() {
        let latched = Latched::from_raw(Latch::owned_after(3), 0_u64);
        (0..10).for_each(|_| *latched.lock() += 1);
        // SAFETY: not to unlock it, only to look at it.
        let latch = unsafe { latched.raw() };
        let owned = || latch.words.owner.load(Ordering::Relaxed) == this_thread();
        assert_eq!(
            owned(),
            sys::can_bar_all_threads() && this_thread() != NOBODY
        );
        let held = latched.lock();
        assert!(latched.try_lock().is_none());
        drop(held);
        // Another one takes it, and it is nobody's.
        std::thread::scope(|scope| {
            scope.spawn(|| *latched.lock() += 1);
        });
        assert!(!owned() && *latched.lock() == 11);
    }
}
