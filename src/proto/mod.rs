//! The protocol floor: ZMTP and its relatives as state machines. Octets in, events out.
//!
//! Invariant: nothing here reads a clock, touches a stream, starts a thread or knows who calls.
//! Time is an argument, output goes into a [`SendBuffer`](crate::msg::SendBuffer) that the caller
//! writes, and a protocol is pulled: whoever cannot take another message does not call `decode`.
//!
//! ```text
//!             octets            Event::Ready once, then Event::Message
//!  stream ──► RecvBuffer ──► decode ──────────────────────────────► pipe
//!  stream ◄── SendBuffer ◄── encode ◄────────────────────────────── pipe
//! ```
//!
//! [`Zmtp`] speaks ZMTP 3.1, 3.0, 2.0 and 1.0, whichever the peer understands; [`Ws`] puts that into
//! WebSocket messages, `Tls` puts those into TLS; [`Raw`] speaks no protocol at all.

pub mod command;
pub mod datagram;
mod failure;
pub mod frame;
pub mod frame_v1;
mod greeting;
pub mod groups;
mod heartbeat;
mod mechanism;
mod opening;
pub mod property;
mod raw;
pub mod socks;
#[cfg(feature = "wss")]
pub mod tls;
pub mod ws;
pub mod zap;
mod zmtp;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::msg::Msg;

pub use failure::{Failure, ProtocolError, Timeout};
#[cfg(feature = "gssapi")]
pub use mechanism::gssapi;
pub use mechanism::{Done, Login, Mechanism, Work, curve};
pub use raw::Raw;
#[cfg(feature = "wss")]
pub use tls::Tls;
pub use ws::Ws;
pub use zmtp::Zmtp;

use zap::Credentials;

/// What one side of a conversation is and wants. Made for each connection by the session.
#[derive(Clone, Debug)]
pub struct Config {
    /// Our socket type as ZMTP 3 names it (`"REQ"`).
    pub socket_type: &'static str,
    /// Our socket type as ZMTP 2.0 numbers it: the number of the socket type.
    pub socket_code: u8,
    /// The socket types we may talk to (`ZMTP 3.1, 2.5.2`).
    pub peers: &'static [&'static str],
    /// Our routing id, at most 255 octets; empty for none.
    pub routing_id: Vec<u8>,
    /// How the peers prove who they are. Both must use the same.
    pub mechanism: Mechanism,
    /// Whether a ZAP handler is asked about the peer. PLAIN servers always ask.
    pub asks: bool,
    /// Whether peers of ZMTP 1.0 and 2.0, which know no mechanisms, are let in. They must not be
    /// where a mechanism other than NULL or a ZAP domain is in force (CVE-2014-9721).
    pub legacy_allowed: bool,
    /// The largest frame to take, in octets (`ZMQ_MAXMSGSIZE`); `None` for no limit. Handshake
    /// commands have a limit of their own.
    pub max_msg_size: Option<u64>,
    /// Whether we publish (PUB, XPUB): only then do subscriptions mean anything to us.
    pub publishes: bool,
    /// Whether and how peers are asked if they are still there.
    pub heartbeat: Heartbeat,
    /// How long greeting and handshake may take together; `None` for ever.
    pub handshake_timeout: Option<Duration>,
    /// Further properties to announce (`ZMQ_METADATA`), with the `X-` of their names.
    pub metadata: Vec<(String, Vec<u8>)>,
}

/// Heartbeats (`ZMTP 3.1, 2.6`). They are sent to all peers of ZMTP 3.0 and later.
// COMPAT: libzmq 4.2 says 3.0 in its greeting and answers PING, so 3.0 peers are asked too.
#[derive(Clone, Debug, Default)]
pub struct Heartbeat {
    /// The time between two PINGs of ours; `None` sends none.
    pub interval: Option<Duration>,
    /// What we tell the peer to do without us: after this many tenths of a second of silence it
    /// should give up the connection; 0 for never.
    pub ttl_deciseconds: u16,
    /// How long after a PING the peer may stay silent; zero for ever.
    pub timeout: Duration,
}

/// Who we talk to, known once the handshake is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// The version the conversation is held in: (3, 1), (3, 0), (2, 0), (1, 0), or (0, 0) when
    /// raw.
    pub version: (u8, u8),
    /// The peer's socket type; empty if it did not say (ZMTP 1.0, or raw).
    pub socket_type: String,
    /// The peer's routing id, at most 255 octets; empty if it has none.
    pub routing_id: Vec<u8>,
    /// All properties in the order the peer announced them, `Socket-Type` and `Identity` too.
    /// Empty for peers older than ZMTP 3.0.
    pub properties: Vec<(String, Vec<u8>)>,
}

/// What came out of the octets of a peer.
#[derive(Debug)]
pub enum Event {
    /// The peer showed its credentials: a ZAP handler is to be asked. Nothing is taken from the
    /// peer, and no event comes, until [`Zmtp::answered`].
    Authenticate(Credentials),
    /// This is to be [run](Work::run), and may take a while. Nothing is taken from the peer, and no
    /// event comes, until [`Zmtp::worked`].
    Work(Work),
    /// Greeting and handshake are over: comes exactly once, before all messages.
    Ready(Peer),
    /// One part of a message, with `flag::MORE` as on the wire.
    ///
    /// A SUBSCRIBE or CANCEL command, which only a publishing socket gets, has the body 0x01 or
    /// 0x00 and the topic, and carries `flag::SUBSCRIBE` or `flag::CANCEL`. Data frames that begin
    /// with 0x01 or 0x00 come out as they are and without these marks, from peers of any version:
    /// inproc peers send subscriptions in the same way, so the pattern has to look at the first
    /// octet of unmarked parts in any case (and knows which parts count, `ZMQ_ONLY_FIRST_SUBSCRIBE`).
    ///
    /// On a RADIO socket JOIN and LEAVE commands come out whole (name and group), with
    /// `flag::COMMAND`; they are sent in the same form.
    Message(Msg),
}
