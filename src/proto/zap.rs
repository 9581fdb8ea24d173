//! ZAP (RFC 27): what a handler is asked about a peer, and what it may answer.
//!
//! Invariant: an answer is taken in whole or not at all; whatever is wrong with it keeps the peer
//! out.

use super::property::{self, Property};
use super::{Failure, ProtocolError};
use crate::errno::Errno;
use crate::msg::{Msg, flag};

/// Where handlers are bound, among the inproc names.
pub const NAME: &[u8] = b"zeromq.zap.01";
/// The version spoken.
const VERSION: &[u8] = b"1.0";
/// The number of a request: there is one for each connection.
const REQUEST: &[u8] = b"1";
/// The parts of an answer, with the empty one in front.
pub const ANSWER_PARTS: usize = 7;

/// What a peer shows to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The mechanism: `"NULL"`, `"PLAIN"`, `"CURVE"`.
    pub mechanism: &'static str,
    /// As the mechanism has them: nothing; name and password; the public key.
    pub values: Vec<Vec<u8>>,
}

/// Who asks, and about whom.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// `ZMQ_ZAP_DOMAIN`.
    pub domain: &'a [u8],
    /// Where the peer is.
    pub address: &'a [u8],
    /// The routing id of the socket that asks.
    // COMPAT: RFC 27 wants the identity of the connection; libzmq sends the socket's own.
    pub routing_id: &'a [u8],
    /// What the peer shows.
    pub credentials: &'a Credentials,
}

impl Question<'_> {
    /// The parts of the request, as from a DEALER: an empty part comes first, `MORE` is set on all
    /// but the last. `ENOMEM` without memory.
    pub fn parts(&self) -> Result<Vec<Msg>, Errno> {
        let head = [
            b"",
            VERSION,
            REQUEST,
            self.domain,
            self.address,
            self.routing_id,
            self.credentials.mechanism.as_bytes(),
        ];
        let values = self.credentials.values.iter().map(Vec::as_slice);
        let mut parts = Vec::new();
        for octets in head.into_iter().chain(values) {
            let mut part = Msg::from_slice(octets)?;
            part.set(flag::MORE);
            parts.push(part);
        }
        if let Some(last) = parts.last_mut() {
            last.clear(flag::MORE);
        }
        Ok(parts)
    }
}

/// What a handler says of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// It is let in.
    Success = 200,
    /// Not now: it may try again. It is not told.
    Temporary = 300,
    /// It is refused.
    Authentication = 400,
    /// The handler failed.
    Internal = 500,
}

impl Status {
    /// The number, as text on the wire.
    pub fn text(self) -> &'static [u8] {
        match self {
            Status::Success => b"200",
            Status::Temporary => b"300",
            Status::Authentication => b"400",
            Status::Internal => b"500",
        }
    }

    /// The status that is written so.
    pub fn parse(text: &[u8]) -> Option<Status> {
        use Status::{Authentication, Internal, Success, Temporary};
        [Success, Temporary, Authentication, Internal]
            .into_iter()
            .find(|status| status.text() == text)
    }
}

/// The answer of a handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it decided.
    pub status: Status,
    /// What it calls the peer (`User-Id`).
    pub user_id: Vec<u8>,
    /// What else is to be known of messages of the peer's.
    pub properties: Vec<Property>,
}

impl Answer {
    /// Reads an answer from its parts. The parts of one message, or its first
    /// [`ANSWER_PARTS`] + 1, are enough.
    pub fn parse(parts: &[Msg]) -> Result<Answer, Failure> {
        let [empty, version, request, status, _text, user_id, metadata] = parts else {
            return Err(ProtocolError::ZapMalformedReply.into());
        };
        let checks = [
            (empty, &b""[..], ProtocolError::ZapUnspecified),
            (version, VERSION, ProtocolError::ZapBadVersion),
            (request, REQUEST, ProtocolError::ZapBadRequestId),
        ];
        for (part, expected, error) in checks {
            if part.data() != expected {
                return Err(error.into());
            }
        }
        let properties = property::parse(metadata.data()).map_err(|failure| match failure {
            Failure::Protocol(_) => ProtocolError::ZapInvalidMetadata.into(),
            other => other,
        });
        Ok(Answer {
            status: Status::parse(status.data()).ok_or(ProtocolError::ZapInvalidStatusCode)?,
            user_id: user_id.data().to_vec(),
            properties: properties?,
        })
    }
}
