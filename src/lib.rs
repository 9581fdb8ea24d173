//! ferrozmq: libzmq, replaced.
//!
//! **Calls go down, facts come back.** Each module below is a floor. A floor calls only the floors
//! above it in this list; what happened there comes back as a return value or as a mark in a
//! mailbox, never as a call into the caller. The test `floors` enforces the order.

#![warn(missing_docs)]

pub mod errno;
pub mod sys;
pub mod z85;

pub mod options;

pub mod msg;

pub mod queue;

pub mod proto;

pub mod transport;

pub mod runtime;

pub mod session;

pub mod pattern;

pub mod socket;

pub mod ctx;

#[allow(unsafe_code)]
pub mod capi;
