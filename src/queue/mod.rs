//! Queues between two threads, and how one wakes the other. What is queued has no meaning here.
//!
//! Invariant: one producer and one consumer by ownership, not by comment: the two ends are values
//! that cannot be cloned.

#![allow(unsafe_code)]

mod chunk;
mod latch;
mod notice;
mod park;
mod run;
mod spsc;
pub(crate) mod sync;

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;

pub use latch::{Latch, Latched};
pub use notice::Notice;
pub use park::Parker;
pub use run::{RunCloser, RunReader, RunWriter};
pub use spsc::{Consumer, Producer, channel};
