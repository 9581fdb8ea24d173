//! `zmq_timers_*`.
//!
//! Invariant: a handle is a number that is never used twice, looked up in one list: handles that
//! are stale or from elsewhere are `EFAULT`, and no callback runs under a lock, so it may do with
//! its timers what it likes, ending them included.

use std::collections::BTreeMap;
use std::ffi::{c_int, c_long, c_void};
use std::ptr;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use parking_lot::Mutex;

use super::answer;
use crate::ctx::timers::Timers;
use crate::errno::Errno;

/// Called by zmq_timers_execute when a timer is due.
pub type zmq_timer_fn_ptr = Option<TimerFn>;

type TimerFn = unsafe extern "C" fn(timer_id: c_int, arg: *mut c_void);

#[derive(Clone, Copy)]
struct Callback {
    handler: TimerFn,
    arg: *mut c_void,
}

// SAFETY: `arg` is only handed back to the caller's own function, in the caller's own thread.
unsafe impl Send for Callback {}

type Shared = Arc<Mutex<Timers<Callback>>>;

#[derive(Default)]
struct All {
    sets: BTreeMap<usize, Shared>,
    last: usize,
}

static ALL: LazyLock<Mutex<All>> = LazyLock::new(Mutex::default);
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Milliseconds of a clock that does not go back.
fn now() -> u64 {
    START.elapsed().as_millis() as u64
}

fn look_up(timers: *mut c_void) -> Result<Shared, Errno> {
    let all = ALL.lock();
    all.sets.get(&timers.addr()).cloned().ok_or(Errno::EFAULT)
}

/// void *zmq_timers_new (void);
///
/// A set of timers, to be used by one thread at a time. Never NULL. Ended by zmq_timers_destroy.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_timers_new() -> *mut c_void {
    // Times are counted from before the first timer was added.
    LazyLock::force(&START);
    let mut all = ALL.lock();
    all.last += align_of::<u64>();
    let handle = all.last;
    all.sets.insert(handle, Shared::default());
    ptr::without_provenance_mut(handle)
}

/// int zmq_timers_destroy (void **timers_p);
///
/// Ends a set of timers and sets the pointer to NULL. 0, or -1 with EFAULT (no timers).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_timers_destroy(timers_p: *mut *mut c_void) -> c_int {
    answer(|| {
        if timers_p.is_null() {
            return Err(Errno::EFAULT);
        }
        // SAFETY: points to a handle by the caller's promise.
        let timers = unsafe { timers_p.read() };
        ALL.lock()
            .sets
            .remove(&timers.addr())
            .ok_or(Errno::EFAULT)?;
        // SAFETY: as above.
        unsafe { timers_p.write(ptr::null_mut()) };
        Ok(0)
    })
}

/// int zmq_timers_add (void *timers, size_t interval, zmq_timer_fn handler, void *arg);
///
/// Adds a timer: zmq_timers_execute will call handler (id, arg) every interval milliseconds.
/// Returns its id, 1 or more, or -1 with EFAULT (no timers, or no handler) or ENOMEM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_timers_add(
    timers: *mut c_void,
    interval: usize,
    handler: zmq_timer_fn_ptr,
    arg: *mut c_void,
) -> c_int {
    answer(|| {
        let timers = look_up(timers)?;
        let handler = handler.ok_or(Errno::EFAULT)?;
        let callback = Callback { handler, arg };
        timers.lock().add(now(), interval as u64, callback)
    })
}

/// int zmq_timers_cancel (void *timers, int timer_id);
///
/// Removes a timer. 0, or -1 with EFAULT (no timers) or EINVAL (no such timer).
#[unsafe(no_mangle)]
pub extern "C" fn zmq_timers_cancel(timers: *mut c_void, timer_id: c_int) -> c_int {
    answer(|| look_up(timers)?.lock().cancel(timer_id).map(|()| 0))
}

/// int zmq_timers_set_interval (void *timers, int timer_id, size_t interval);
///
/// Gives a timer another interval, in milliseconds, and starts it anew. 0, or -1 with EFAULT (no
/// timers) or EINVAL (no such timer).
#[unsafe(no_mangle)]
pub extern "C" fn zmq_timers_set_interval(
    timers: *mut c_void,
    timer_id: c_int,
    interval: usize,
) -> c_int {
    answer(|| {
        let timers = look_up(timers)?;
        timers
            .lock()
            .set_interval(now(), timer_id, interval as u64)
            .map(|()| 0)
    })
}

/// int zmq_timers_reset (void *timers, int timer_id);
///
/// Starts a timer anew. 0, or -1 with EFAULT (no timers) or EINVAL (no such timer).
#[unsafe(no_mangle)]
pub extern "C" fn zmq_timers_reset(timers: *mut c_void, timer_id: c_int) -> c_int {
    answer(|| look_up(timers)?.lock().reset(now(), timer_id).map(|()| 0))
}

/// long zmq_timers_timeout (void *timers);
///
/// Milliseconds until the next timer is due, or -1 with EFAULT (no timers) or EINVAL (there is
/// none to wait for).
#[unsafe(no_mangle)]
pub extern "C" fn zmq_timers_timeout(timers: *mut c_void) -> c_long {
    answer(|| {
        let left = look_up(timers)?
            .lock()
            .timeout(now())
            .ok_or(Errno::EINVAL)?;
        Ok(c_long::try_from(left).unwrap_or(c_long::MAX))
    })
}

/// int zmq_timers_execute (void *timers);
///
/// Calls the handlers of all timers that are due, each once, in the order they were due. Handlers
/// may add, change and cancel timers, and end the set. 0, or -1 with EFAULT (no timers).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_timers_execute(timers: *mut c_void) -> c_int {
    answer(|| {
        let set = look_up(timers)?;
        let now = now();
        let round = set.lock().begin_round();
        loop {
            let due = set.lock().next_due(now, round);
            let Some((id, Callback { handler, arg })) = due else {
                return Ok(0);
            };
            // SAFETY: the caller's own function and argument, as it handed them in together.
            unsafe { handler(id, arg) };
            if look_up(timers).is_err() {
                return Ok(0);
            }
        }
    })
}
