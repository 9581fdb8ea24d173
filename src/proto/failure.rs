//! Why a conversation ended.
//!
//! Invariant: a failure is final. The connection is closed; nothing that was received before it
//! is taken back.

use crate::errno::Errno;

/// What a peer did wrong, with the number that a monitor reports in
/// `ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ProtocolError {
    /// Octets that are not ZMTP.
    Unspecified = 0x1000_0000,
    /// A command that has no place here.
    UnexpectedCommand = 0x1000_0001,
    /// A nonce that was used before or is out of order.
    InvalidSequence = 0x1000_0002,
    /// Keys that do not fit.
    KeyExchange = 0x1000_0003,
    /// A command that cannot be parsed.
    MalformedCommandUnspecified = 0x1000_0011,
    /// A malformed MESSAGE.
    MalformedCommandMessage = 0x1000_0012,
    /// A malformed HELLO.
    MalformedCommandHello = 0x1000_0013,
    /// A malformed INITIATE.
    MalformedCommandInitiate = 0x1000_0014,
    /// A malformed ERROR.
    MalformedCommandError = 0x1000_0015,
    /// A malformed READY.
    MalformedCommandReady = 0x1000_0016,
    /// A malformed WELCOME.
    MalformedCommandWelcome = 0x1000_0017,
    /// Properties that cannot be parsed, or that say the peer does not fit us.
    InvalidMetadata = 0x1000_0018,
    /// A box that does not open.
    Cryptographic = 0x1100_0001,
    /// The peer uses another mechanism, or is too old for any.
    MechanismMismatch = 0x1100_0002,
    /// A ZAP handler's answer is wrong in a way that has no number of its own.
    ZapUnspecified = 0x2000_0000,
    /// A ZAP answer without the right parts.
    ZapMalformedReply = 0x2000_0001,
    /// A ZAP answer to another request.
    ZapBadRequestId = 0x2000_0002,
    /// A ZAP answer of another version.
    ZapBadVersion = 0x2000_0003,
    /// A ZAP answer whose status is none of 200, 300, 400, 500.
    ZapInvalidStatusCode = 0x2000_0004,
    /// A ZAP answer with malformed metadata.
    ZapInvalidMetadata = 0x2000_0005,
    /// A WebSocket peer that breaks its protocol.
    WsUnspecified = 0x3000_0000,
}

impl ProtocolError {
    /// The number of `zmq.h`.
    pub const fn number(self) -> u32 {
        self as u32
    }
}

/// Which patience ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// Greeting and handshake took too long.
    Handshake,
    /// The peer was silent for too long: after our PING, or by the TTL that it gave itself.
    Heartbeat,
}

/// Why a conversation ended. Whether it was still in its handshake is asked of the protocol
/// (`Zmtp::during_handshake`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The peer broke the protocol.
    Protocol(ProtocolError),
    /// The peer refused us with a status of ZAP: 300, 400 or 500.
    Auth(u32),
    /// The peer refused us with these words, which are no status of ZAP. Monitors are told only
    /// that the connection ended.
    Refused(Vec<u8>),
    /// We refused the peer, as its ZAP handler told. Monitors were told when the answer came.
    Denied,
    /// There is no ZAP handler to ask about the peer.
    NoHandler,
    /// We have nothing to show the peer: no credentials, or nobody to get a ticket from. It may be
    /// there another time.
    NoCredentials,
    /// The peer said that it ends the connection (RFC 6455, 5.5.1). It may take the next one.
    Closed,
    /// A server did not agree to go over to WebSocket. It may another time.
    NotUpgraded,
    /// TLS failed: the peer speaks none, or is not who it should be, or was tampered with, or thinks
    /// so of us. It may be another time. (The peer was told what is wrong.)
    Tls,
    /// Somebody took too long.
    Timeout(Timeout),
    /// A frame is larger than `max_msg_size`, or than this machine can address.
    TooLarge,
    /// A MESSAGE that is none, or does not open. Monitors are told so at any time.
    Sealed(ProtocolError),
    /// There is no memory for what the peer sent, or no random numbers for keys.
    NoMemory,
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Failure {
        Failure::Protocol(error)
    }
}

impl From<Errno> for Failure {
    /// The floors below know two errors: `ENOMEM`, and `EAGAIN` without random numbers.
    fn from(_: Errno) -> Failure {
        Failure::NoMemory
    }
}
