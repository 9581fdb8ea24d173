//! Forks, cancelled threads, and handles used by several threads, too late or twice: an errno
//! each, never a crash or a hang.

#[macro_use]
mod child;

cases! { fork: plain living_child among_threads }

cases! {
    fork_misuse: all_at_once close_below term_below open_at_the_end stale cancel_waiting
        cancel_working
}
