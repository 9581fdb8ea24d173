//! The protocol floor: both ends in memory, with a clock of our own and every way to cut octets.
//!
//! Transcripts were recorded from the genuine library (4.3.4) by a raw socket.

mod curve;
mod groups;
mod heartbeats;
mod malformed;
pub(super) mod pair;
mod properties;
mod security;
mod subscriptions;
mod versions;
mod zap;
