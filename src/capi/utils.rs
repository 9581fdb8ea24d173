//! Atomic counters, stopwatches, sleeping and threads: what programs borrow from libzmq so as to
//! run anywhere.
//!
//! Invariant: a handle from here is a box, given back exactly once by the function that says so.

use std::ffi::{c_int, c_uint, c_ulong, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Instant;

use super::answer;
use crate::errno::Errno;

/// void *zmq_atomic_counter_new (void);
///
/// A counter of 32 bits that all threads may use at once, at 0. Ended by
/// zmq_atomic_counter_destroy.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_atomic_counter_new() -> *mut c_void {
    Box::into_raw(Box::new(AtomicI32::new(0))).cast()
}

/// # Safety
/// NULL, or a counter that is not destroyed during the call.
unsafe fn counter<'a>(counter: *mut c_void) -> Option<&'a AtomicI32> {
    // SAFETY: the caller's promise.
    unsafe { counter.cast::<AtomicI32>().as_ref() }
}

/// void zmq_atomic_counter_set (void *counter, int value);
///
/// Sets a counter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_atomic_counter_set(counter: *mut c_void, value: c_int) {
    // SAFETY: the caller's promise.
    if let Some(counter) = unsafe { self::counter(counter) } {
        counter.store(value, Ordering::SeqCst);
    }
}

/// int zmq_atomic_counter_inc (void *counter);
///
/// Adds 1 to a counter, and returns what it was before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_atomic_counter_inc(counter: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    let counter = unsafe { self::counter(counter) };
    counter.map_or(0, |counter| counter.fetch_add(1, Ordering::SeqCst))
}

/// int zmq_atomic_counter_dec (void *counter);
///
/// Takes 1 from a counter. 1 if something is left, 0 if it is 0 now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_atomic_counter_dec(counter: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    let counter = unsafe { self::counter(counter) };
    counter.map_or(0, |counter| {
        c_int::from(counter.fetch_sub(1, Ordering::SeqCst) != 1)
    })
}

/// int zmq_atomic_counter_value (void *counter);
///
/// What a counter is at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_atomic_counter_value(counter: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    let counter = unsafe { self::counter(counter) };
    counter.map_or(0, |counter| counter.load(Ordering::SeqCst))
}

/// void zmq_atomic_counter_destroy (void **counter_p);
///
/// Ends a counter and sets the pointer to NULL. NULL is no counter, and nothing happens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_atomic_counter_destroy(counter_p: *mut *mut c_void) {
    if counter_p.is_null() {
        return;
    }
    // SAFETY: points to a counter by the caller's promise.
    let counter = unsafe { counter_p.replace(ptr::null_mut()) }.cast::<AtomicI32>();
    if !counter.is_null() {
        // SAFETY: a box of ours that nobody else uses, by the caller's promise.
        drop(unsafe { Box::from_raw(counter) });
    }
}

/// void *zmq_stopwatch_start (void);
///
/// Starts a stopwatch. Ended by zmq_stopwatch_stop.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_stopwatch_start() -> *mut c_void {
    Box::into_raw(Box::new(Instant::now())).cast()
}

/// unsigned long zmq_stopwatch_intermediate (void *watch);
///
/// Microseconds since a stopwatch was started; it goes on. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_stopwatch_intermediate(watch: *mut c_void) -> c_ulong {
    // SAFETY: a stopwatch by the caller's promise.
    let start = unsafe { watch.cast::<Instant>().as_ref() };
    start.map_or(0, |start| {
        c_ulong::try_from(start.elapsed().as_micros()).unwrap_or(c_ulong::MAX)
    })
}

/// unsigned long zmq_stopwatch_stop (void *watch);
///
/// Microseconds since a stopwatch was started, and ends it. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_stopwatch_stop(watch: *mut c_void) -> c_ulong {
    // SAFETY: the caller's promise.
    let elapsed = unsafe { zmq_stopwatch_intermediate(watch) };
    if !watch.is_null() {
        // SAFETY: a box of ours that nobody else uses, by the caller's promise.
        drop(unsafe { Box::from_raw(watch.cast::<Instant>()) });
    }
    elapsed
}

/// void zmq_sleep (int seconds);
///
/// Sleeps for so many seconds, or until a signal comes.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_sleep(seconds: c_int) {
    let seconds = c_uint::try_from(seconds).unwrap_or(0);
    // SAFETY: takes any number.
    unsafe { libc::sleep(seconds) };
}

/// What zmq_threadstart runs.
pub type zmq_thread_fn_ptr = Option<ThreadFn>;

type ThreadFn = unsafe extern "C" fn(arg: *mut c_void);

struct Start {
    function: ThreadFn,
    arg: *mut c_void,
}

struct Thread {
    thread: libc::pthread_t,
    /// The process that has this thread: after a fork the child has not.
    process: c_int,
}

/// The first function of a thread. Nothing in it needs cleaning up while the caller's function
/// runs, so that this may end by `pthread_exit` or `pthread_cancel`.
extern "C" fn run(start: *mut c_void) -> *mut c_void {
    // SAFETY: `zmq_threadstart` hands its box over to the one thread it makes.
    let Start { function, arg } = *unsafe { Box::from_raw(start.cast::<Start>()) };
    // SAFETY: the caller's own function and argument, as it handed them in together.
    unsafe { function(arg) };
    ptr::null_mut()
}

/// Runs `call` with the signals blocked that a thread started by it shall not see: all but those
/// that tell of a fault of the thread's own.
fn without_signals<T>(call: impl FnOnce() -> T) -> T {
    let mut all = MaybeUninit::uninit();
    let mut before = MaybeUninit::uninit();
    // SAFETY: both sets are filled in before they are read; the signals are real ones.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        for fault in [
            libc::SIGSEGV,
            libc::SIGBUS,
            libc::SIGFPE,
            libc::SIGILL,
            libc::SIGTRAP,
        ] {
            libc::sigdelset(all.as_mut_ptr(), fault);
        }
        if libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) != 0 {
            return call();
        }
    }
    let value = call();
    // SAFETY: the mask that was there before.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    value
}

/// void *zmq_threadstart (zmq_thread_fn *func, void *arg);
///
/// Runs func (arg) in a thread of its own, which sees no signals. To be waited for by
/// zmq_threadclose. NULL with EAGAIN (no more threads to be had) or EFAULT (no function).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_threadstart(func: zmq_thread_fn_ptr, arg: *mut c_void) -> *mut c_void {
    answer(|| {
        let function = func.ok_or(Errno::EFAULT)?;
        let start = Box::into_raw(Box::new(Start { function, arg }));
        let mut thread = MaybeUninit::uninit();
        let failed = without_signals(|| {
            // SAFETY: `run` takes the box over, if the thread comes to be.
            unsafe { libc::pthread_create(thread.as_mut_ptr(), ptr::null(), run, start.cast()) }
        });
        if failed != 0 {
            // SAFETY: no thread came to be, so the box is still ours.
            drop(unsafe { Box::from_raw(start) });
            return Err(Errno(failed));
        }
        // SAFETY: filled in, as the thread came to be; `getpid` only tells.
        let (thread, process) = unsafe { (thread.assume_init(), libc::getpid()) };
        Ok(Box::into_raw(Box::new(Thread { thread, process })).cast())
    })
}

/// void zmq_threadclose (void *thread);
///
/// Waits until a thread of zmq_threadstart is done, and forgets it. Nothing happens for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_threadclose(thread: *mut c_void) {
    if thread.is_null() {
        return;
    }
    // SAFETY: a box of ours that nobody else uses, by the caller's promise.
    let Thread { thread, process } = *unsafe { Box::from_raw(thread.cast::<Thread>()) };
    // SAFETY: a thread that was not waited for yet, of this very process.
    unsafe {
        if libc::getpid() == process {
            libc::pthread_join(thread, ptr::null_mut());
        }
    }
}
