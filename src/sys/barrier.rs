//! A memory barrier in all threads of the process, for locks that only one thread uses as a rule
//! (`membarrier(2)`).
//!
//! Invariant: whether there is one is asked once, before anybody relies on it.

use std::sync::atomic::{AtomicU8, Ordering};

const REGISTER: libc::c_int = libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
const PASS: libc::c_int = libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED;

fn call(command: libc::c_int) -> bool {
    // SAFETY: integers only.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

/// Whether [`barrier_in_all_threads`] works here: not before Linux 4.14, nor where a filter forbids
/// it.
pub fn can_bar_all_threads() -> bool {
    const UNKNOWN: u8 = 0;
    const YES: u8 = 1;
    const NO: u8 = 2;
    static KNOWN: AtomicU8 = AtomicU8::new(UNKNOWN);
    match KNOWN.load(Ordering::Relaxed) {
        UNKNOWN => {
            let can = call(REGISTER) && call(PASS);
            KNOWN.store(if can { YES } else { NO }, Ordering::Relaxed);
            can
        }
        known => known == YES,
    }
}

/// Has every thread of the process that runs pass a full memory barrier, the calling one included.
/// `false`: it did not work.
pub fn barrier_in_all_threads() -> bool {
    // A forked child may have to register anew.
    call(PASS) || call(REGISTER) && call(PASS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_works_it_always_does() {
        let can = can_bar_all_threads();
        assert_eq!(can, can_bar_all_threads());
        if can {
            (0..10).for_each(|_| assert!(barrier_in_all_threads()));
        }
    }
}
