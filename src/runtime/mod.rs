//! What runs: pipes between two owners, the mailboxes that owners look into, I/O threads with
//! their timers, the names of inproc endpoints, monitor events, the cells that handles point to.
//!
//! Invariant: nothing here knows what a pattern or a protocol does; whoever is told something is
//! told by a mark in a [`Mailbox`], never by a call.

mod cells;
mod event;
mod inbox;
mod inproc;
mod io_thread;
mod lane;
mod monitor;
mod nest;
mod pipe;
mod pipes;
mod share;
mod timers;

#[cfg(all(test, loom))]
mod models;
#[cfg(test)]
mod tests;

pub use cells::Cells;
pub use event::{
    Audience, Ends, Event, EventPort, EventSink, EventSource, Manner, Version, number,
};
pub use inbox::{Acceptor, Attachment, Inbox, Mailbox, NOBODY, Wakes, mark};
pub use inproc::{Names, Party};
#[cfg(test)]
pub use io_thread::Steps;
pub use io_thread::{Handler, IoThread, Key, Next, Post, Ready, Turn, Watch};
pub use nest::Nest;
pub use pipe::{Conflate, Limits, Pipe, Rejected, pair, runs};
pub use pipes::{Driver, Lender, Loan, PipeId, Pipes, Standing};
pub use share::{Share, Shares};
