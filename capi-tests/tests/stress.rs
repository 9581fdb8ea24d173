//! Many threads, sockets and reconnects under load, through the C API: nothing is lost, and what is
//! cut is whole.
//!
//! Invariant: a program in which nothing happens any more ends by itself. Dice are told in what it
//! prints, and repeated with `ZMQ_STRESS_SEED`; `ZMQ_STRESS_SECONDS` makes each case last. The genuine
//! library, which `ZMQ_LIB_DIR` names, is asked for less with `ZMQ_STRESS_GENUINE`.

#[macro_use]
mod child;

cases! { stress: all handed stopped }

cases! { stress_peers: leaving returning ending cuts }
