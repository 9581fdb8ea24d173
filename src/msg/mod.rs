//! The message: one part of what a socket carries, exactly the 64 octets of `zmq_msg_t`.
//!
//! Invariant: a [`Msg`] owns its body. Short bodies live inside it; long ones in a counted
//! block, foreign ones with their free function, received ones as slices of the block
//! they were received into. Everything above this floor handles bodies as safe slices.

#[allow(unsafe_code)]
mod block;
#[allow(unsafe_code)]
mod content;
mod idle;
mod metadata;
#[allow(unsafe_code)]
mod region;
#[allow(unsafe_code)]
mod room;
mod send_buffer;
#[allow(unsafe_code)]
mod slab;
#[allow(unsafe_code)]
mod spent;

#[cfg(test)]
#[allow(unsafe_code)]
mod tests;

pub use block::{FreeFn, Piece};
pub use content::{Copies, Msg};
pub use metadata::Metadata;
pub use region::RecvBuffer;
pub use room::Room;
pub use send_buffer::SendBuffer;
pub use spent::Spent;

/// Frees what memory is kept for messages to come. They will have to ask for it again.
pub fn forget_idle() {
    idle::LARGE.clear();
    idle::SLABS.clear();
}

/// Marks on a message part. `MORE` is the only one an application can see.
pub mod flag {
    /// Further parts of the same message follow.
    pub const MORE: u8 = 0x01;
    /// A protocol command (`ZMTP 3.1, 2.3`), not a message part.
    pub const COMMAND: u8 = 0x02;
    /// The peer's routing id, in front of what it sends; not counted, never delivered.
    pub const ROUTING_ID: u8 = 0x04;
    /// A subscription: body is 0x01 and the topic. Encoded as SUBSCRIBE for ZMTP 3.1 peers.
    pub const SUBSCRIBE: u8 = 0x08;
    /// A cancellation: body is 0x00 and the topic. Encoded as CANCEL for ZMTP 3.1 peers.
    pub const CANCEL: u8 = 0x10;
    /// Carries the metadata of the connection that the following parts came from; not counted,
    /// taken out by the pipe.
    pub const METADATA: u8 = 0x20;
    /// A run of messages comes next, which the pipe holds; not counted, taken out by the pipe.
    pub const RUN: u8 = 0x40;
    /// The body is shared with a copy made by `zmq_msg_copy` (`ZMQ_SHARED`).
    pub const SHARED: u8 = 0x80;
}
