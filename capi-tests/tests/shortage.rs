//! Shortage: without descriptors, threads, memory or names every call says so; nothing dies,
//! hangs, spins or leaks, and all is well once there are some again.

#[macro_use]
mod child;

cases! { shortage: sweep sweep_late accepting connecting no_memory no_threads }

cases! { shortage_names: unknown hanging late }
